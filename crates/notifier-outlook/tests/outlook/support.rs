use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use chargebook_domain::ports::{Mail, RequestId, SendOutcome};
use chargebook_notifier_outlook::{Credential, MailFormat, OutlookNotifier, OutlookSettings};
use chargebook_port_contracts::FixedClock;
use chargebook_port_contracts::fake_graph::{ERROR_TEXT, FakeGraph};
use chrono::{DateTime, Utc};
use url::Url;

pub(crate) const SECRET: &str = "Zq8~ +/=&%secret";
pub(crate) const CLIENT: &str = "6731de76-14a6-49ae-97bc-6eba6914391e";
pub(crate) const SENDER: &str = "o'brien+books@contoso.com";
pub(crate) const RECIPIENTS: [&str; 2] = ["finance@contoso.com", "controller@contoso.com"];

pub(crate) fn settings(authority: &str, graph_base: &str) -> OutlookSettings {
    OutlookSettings {
        tenant_id: "contoso.onmicrosoft.com".to_owned(),
        client_id: CLIENT.to_owned(),
        credential: Credential::ClientSecret(SECRET.into()),
        sender: SENDER.to_owned(),
        recipients: RECIPIENTS.map(ToOwned::to_owned).to_vec(),
        format: MailFormat::Html,
        authority: Url::parse(authority).unwrap(),
        graph_base: Url::parse(graph_base).unwrap(),
    }
}

/// A notifier whose requests end after a time that no healthy answer of the fake needs.
pub(crate) fn notifier(authority: &str, graph_base: &str) -> OutlookNotifier {
    notifier_with(settings(authority, graph_base), DateTime::UNIX_EPOCH)
}

/// The same of other settings, at this time.
pub(crate) fn notifier_with(settings: OutlookSettings, now: DateTime<Utc>) -> OutlookNotifier {
    let notifier = OutlookNotifier::new(settings, Arc::new(FixedClock::at(now))).unwrap();
    notifier.with_timeout(Duration::from_secs(2))
}

pub(crate) fn notifier_of(fake: &FakeGraph) -> OutlookNotifier {
    notifier(&fake.authority(), &fake.base())
}

/// What the attempt to send it is called.
pub(crate) fn attempt() -> RequestId {
    RequestId::of("outlook", "summary/2026-11-21", 1, DateTime::UNIX_EPOCH)
}

pub(crate) fn mail() -> Mail {
    Mail {
        reference: "summary/2026-11-21".to_owned(),
        subject: "Disputes on 21 November 2026: 3 won, 1 lost — €1,204.00".to_owned(),
        html: "<p>Recovered &lt;€1,204.00&gt; \"net\"</p>".to_owned(),
        text: "Recovered €1,204.00".to_owned(),
        attachments: Vec::new(),
        sent_again_at: None,
    }
}

/// An address at which nobody listens.
pub(crate) fn closed_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// The reason, after checking that a person may read it.
pub(crate) fn readable<'a>(outcome: &'a SendOutcome, fake: &FakeGraph) -> &'a str {
    let (SendOutcome::Refused { reason, .. } | SendOutcome::Unknown { reason }) = outcome else {
        panic!("{outcome:?} has no reason");
    };
    assert_readable(reason, fake);
    reason
}

pub(crate) fn assert_readable(reason: &str, fake: &FakeGraph) {
    let tokens = fake.issued_tokens();
    let hidden = [SECRET, SENDER, ERROR_TEXT, "contoso", "127.0.0.1", "Zq8"]
        .into_iter()
        .chain(RECIPIENTS)
        .chain(tokens.iter().map(String::as_str));
    for text in hidden {
        assert!(!reason.contains(text), "{text} stands in: {reason}");
    }
    assert!(reason.len() > 40, "{reason}");
    assert!(reason.ends_with('.'), "{reason}");
}
