//! Which certificates are trusted, and that nothing is said without TLS where it is asked for.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use chargebook_domain::ports::{Notifier, SendOutcome};
use chargebook_notifier_smtp::{Security, SmtpNotifier, SmtpSettings};
use chargebook_port_contracts::FixedClock;
use chargebook_port_contracts::fake_smtp::{Certificates, Encryption, FakeSmtp, Step, Trouble};
use chrono::DateTime;

use crate::support::{attempt, mail, notifier_of, readable, settings};

fn trusting(fake: &FakeSmtp, security: Security, certificates: &Certificates) -> SmtpSettings {
    SmtpSettings { security, ca_file: Some(certificates.authority()), ..settings(fake.port()) }
}

async fn refused(fake: &FakeSmtp, settings: &SmtpSettings, retry_after: Option<Duration>, word: &str) {
    refused_by(fake, &notifier_of(settings), retry_after, word).await;
}

async fn refused_by(fake: &FakeSmtp, notifier: &SmtpNotifier, retry_after: Option<Duration>, word: &str) {
    let outcome = notifier.send(&mail(), &attempt()).await;
    assert!(readable(&outcome).contains(word), "no {word} in: {outcome:?}");
    assert!(matches!(outcome, SendOutcome::Refused { retry_after: found, .. } if found == retry_after), "{outcome:?}");
    assert!(!fake.commands().contains(&"MAIL".to_owned()), "{:?}", fake.commands());
}

#[tokio::test]
async fn a_mail_goes_encrypted_in_either_manner() {
    let certificates = Certificates::make("DNS:localhost,IP:127.0.0.1");
    for (encryption, security) in [(Encryption::OnRequest, Security::StartTls), (Encryption::AtOnce, Security::Tls)] {
        let fake = FakeSmtp::start_with(encryption, &certificates).await.unwrap();
        for host in ["127.0.0.1", "localhost"] {
            let settings = SmtpSettings { host: host.to_owned(), ..trusting(&fake, security, &certificates) };
            let outcome = notifier_of(&settings).send(&mail(), &attempt()).await;
            assert_eq!(outcome, SendOutcome::Accepted { receipt: None }, "{host}");
        }
        assert_eq!(fake.taken().len(), 2);
        assert!(fake.taken().iter().all(|mail| mail.is_encrypted));
    }
}

#[tokio::test]
async fn a_certificate_of_another_name_or_authority_is_not_trusted() {
    let (ours, others) = (Certificates::make("DNS:mail.example.com"), Certificates::make("IP:127.0.0.1"));
    for (encryption, security) in [(Encryption::OnRequest, Security::StartTls), (Encryption::AtOnce, Security::Tls)] {
        let fake = FakeSmtp::start_with(encryption, &ours).await.unwrap();
        let word = "certificate is not trusted";
        refused(&fake, &trusting(&fake, security, &ours), None, word).await;
        let fake = FakeSmtp::start_with(encryption, &others).await.unwrap();
        refused(&fake, &trusting(&fake, security, &ours), None, word).await;
        let public = SmtpSettings { ca_file: None, ..trusting(&fake, security, &ours) };
        refused(&fake, &public, None, word).await;
    }
}

#[tokio::test]
async fn nothing_is_said_without_tls_where_it_is_asked_for() {
    let certificates = Certificates::make("IP:127.0.0.1");
    let plain = FakeSmtp::start().await.unwrap();
    refused(&plain, &trusting(&plain, Security::StartTls, &certificates), None, "does not offer STARTTLS").await;
    refused(&plain, &trusting(&plain, Security::Tls, &certificates), None, "TLS could not be agreed on").await;
    let minutes = Some(Duration::from_mins(5));
    let wrapped = FakeSmtp::start_with(Encryption::AtOnce, &certificates).await.unwrap();
    // It waits for TLS, and we for a greeting.
    let waiting = notifier_of(&trusting(&wrapped, Security::StartTls, &certificates));
    refused_by(&wrapped, &waiting.with_timeout(Duration::from_millis(500)), minutes, "smtp.security").await;
    let fake = FakeSmtp::start_with(Encryption::OnRequest, &certificates).await.unwrap();
    fake.script([(Step::StartTls, Trouble::Says(454, "4.7.0")), (Step::StartTls, Trouble::Drop)]);
    for word in ["454 4.7.0", "cannot be reached"] {
        refused(&fake, &trusting(&fake, Security::StartTls, &certificates), minutes, word).await;
    }
}

#[tokio::test]
async fn a_file_of_certificates_that_cannot_be_used_is_a_problem() {
    let certificates = Certificates::make("IP:127.0.0.1");
    let file = certificates.dir().join("ca.pem");
    let of_file = || SmtpSettings { security: Security::Tls, ca_file: Some(file.clone()), ..settings(465) };
    let problem = || {
        let clock = FixedClock::at(DateTime::UNIX_EPOCH);
        SmtpNotifier::new(&of_file(), Arc::new(clock)).err().unwrap_or_default()
    };
    let told = problem();
    assert!(
        matches!(&*told, [problem] if problem.key == "smtp.ca_file" && problem.problem.contains("can't be read (entity not found)"))
    );
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for text in ["", "no PEM", "-----BEGIN CERTIFICATE-----\n", broken] {
        fs::write(&file, text).unwrap();
        assert!(matches!(&*problem(), [problem] if problem.key == "smtp.ca_file"), "{text}: {:?}", problem());
    }
    fs::copy(certificates.authority(), &file).unwrap();
    assert_eq!(problem(), []);
}
