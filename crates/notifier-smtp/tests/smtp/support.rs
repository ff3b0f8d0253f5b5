use std::sync::Arc;

use chargebook_domain::ports::{Mail, RequestId, SendOutcome};
use chargebook_notifier_smtp::{Security, SmtpNotifier, SmtpSettings};
use chargebook_port_contracts::FixedClock;
use chargebook_port_contracts::fake_smtp::{Certificates, FakeSmtp, REPLY_TEXT};
use chrono::DateTime;

pub(crate) const USER: &str = "planted.user";
pub(crate) const SECRET: &str = "Zq8~+/=&%secret";
pub(crate) const FROM: &str = "o'brien+books@contoso.com";
pub(crate) const RECIPIENTS: [&str; 2] = ["finance@contoso.com", "controller@contoso.com"];

/// Of a server on this machine that lets everybody send.
pub(crate) fn settings(port: u16) -> SmtpSettings {
    SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port: Some(port),
        security: Security::Plain,
        user: None,
        password: None,
        oauth_token_file: None,
        ca_file: None,
        from: FROM.to_owned(),
        recipients: RECIPIENTS.map(ToOwned::to_owned).to_vec(),
    }
}

/// Of one that asks for a password, by STARTTLS.
pub(crate) fn secure_settings(port: u16, certificates: &Certificates) -> SmtpSettings {
    SmtpSettings {
        security: Security::StartTls,
        user: Some(USER.to_owned()),
        password: Some(SECRET.into()),
        ca_file: Some(certificates.authority()),
        ..settings(port)
    }
}

pub(crate) fn notifier_of(settings: &SmtpSettings) -> SmtpNotifier {
    let clock = FixedClock::at(DateTime::from_timestamp(1_795_244_400, 0).unwrap());
    SmtpNotifier::new(settings, Arc::new(clock)).unwrap()
}

pub(crate) fn notifier(fake: &FakeSmtp) -> SmtpNotifier {
    notifier_of(&settings(fake.port()))
}

pub(crate) fn attempt() -> RequestId {
    RequestId::of("smtp", "summary/2026-11-21", 1, DateTime::UNIX_EPOCH)
}

pub(crate) fn mail() -> Mail {
    Mail {
        reference: "summary/2026-11-21".to_owned(),
        subject: "Disputes on 21 November 2026: 3 won, 1 lost — €1,204.00".to_owned(),
        html: "<p>Recovered &lt;€1,204.00&gt; \"net\"</p>\n.\n".to_owned(),
        text: ".\nRecovered €1,204.00\n".to_owned(),
        attachments: Vec::new(),
        sent_again_at: None,
    }
}

/// The reason, after checking that a person may read it.
pub(crate) fn readable(outcome: &SendOutcome) -> &str {
    let (SendOutcome::Refused { reason, .. } | SendOutcome::Unknown { reason }) = outcome else {
        panic!("{outcome:?} has no reason");
    };
    assert_readable(reason);
    reason
}

pub(crate) fn assert_readable(reason: &str) {
    for text in [SECRET, "Zq8", USER, REPLY_TEXT, "nobody@", "contoso", "127.0.0.1"] {
        assert!(!reason.contains(text), "{text} stands in: {reason}");
    }
    assert!(reason.len() > 40 && reason.ends_with('.'), "{reason}");
}
