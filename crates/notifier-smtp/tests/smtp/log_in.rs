//! Passwords and tokens.

use std::fs;

use chargebook_domain::ports::{Notifier, SendOutcome};
use chargebook_notifier_smtp::{Security, SmtpSettings};
use chargebook_port_contracts::CapturedLog;
use chargebook_port_contracts::fake_smtp::{Certificates, Encryption, FakeSmtp, REPLY_TEXT, Step, Trouble};

use crate::support::{SECRET, USER, assert_readable, attempt, mail, notifier, notifier_of, readable, secure_settings};

async fn asking(certificates: &Certificates) -> FakeSmtp {
    let fake = FakeSmtp::start_with(Encryption::OnRequest, certificates).await.unwrap();
    fake.ask_for(USER, SECRET);
    fake
}

async fn taken_from(fake: &FakeSmtp, settings: &SmtpSettings) -> Option<String> {
    let outcome = notifier_of(settings).send(&mail(), &attempt()).await;
    assert_eq!(outcome, SendOutcome::Accepted { receipt: None });
    fake.taken().pop().unwrap().user
}

async fn refused(settings: &SmtpSettings, is_for_now: bool, words: &[&str]) {
    let outcome = notifier_of(settings).send(&mail(), &attempt()).await;
    let reason = readable(&outcome);
    for word in words {
        assert!(reason.contains(word), "no {word} in: {reason}");
    }
    let SendOutcome::Refused { retry_after, .. } = &outcome else { panic!("{outcome:?}") };
    assert_eq!(retry_after.is_some(), is_for_now, "{reason}");
    let failure = notifier_of(settings).check().await.unwrap_err();
    assert_readable(&failure.reason);
}

#[tokio::test]
async fn a_password_is_given_by_whichever_way_is_offered() {
    let certificates = Certificates::make("IP:127.0.0.1");
    for mechanisms in ["PLAIN LOGIN XOAUTH2", "LOGIN", "XOAUTH2 PLAIN"] {
        let fake = asking(&certificates).await;
        fake.offer(mechanisms);
        let settings = secure_settings(fake.port(), &certificates);
        assert_eq!(taken_from(&fake, &settings).await.as_deref(), Some(USER), "{mechanisms}");
        let checked = notifier_of(&settings).check().await.unwrap();
        assert!(checked.is_encrypted && checked.is_logged_in);
        assert_eq!(fake.taken().len(), 1);
    }
}

#[tokio::test]
async fn a_password_that_is_not_taken_is_for_a_person() {
    let certificates = Certificates::make("IP:127.0.0.1");
    let fake = asking(&certificates).await;
    let settings = secure_settings(fake.port(), &certificates);
    let wrong = SmtpSettings { password: Some("Zq8 of another".into()), ..settings.clone() };
    refused(&wrong, false, &["535 5.7.8", "smtp.password"]).await;
    fake.script([(Step::LogIn, Trouble::Says(454, "4.7.0")); 2]);
    refused(&settings, true, &["454 4.7.0"]).await;
    let nobody = SmtpSettings { user: None, password: None, ..settings.clone() };
    let outcome = notifier_of(&nobody).send(&mail(), &attempt()).await;
    assert!(readable(&outcome).contains("530 5.7.0"), "{outcome:?}");
    fake.offer("XOAUTH2 NTLM");
    refused(&settings, false, &["does not offer", "smtp.oauth_token_file"]).await;
    assert!(fake.taken().is_empty());
}

#[tokio::test]
async fn a_token_is_read_for_each_mail() {
    let certificates = Certificates::make("IP:127.0.0.1");
    let fake = asking(&certificates).await;
    let file = certificates.dir().join("token");
    let settings = SmtpSettings {
        password: None,
        oauth_token_file: Some(file.clone()),
        ..secure_settings(fake.port(), &certificates)
    };
    refused(&settings, true, &["no access token", "smtp.oauth_token_file"]).await;
    fs::write(&file, "\n").unwrap();
    refused(&settings, true, &["no access token"]).await;
    fs::write(&file, "Zq8-expired").unwrap();
    refused(&settings, true, &["did not take the log-in", "renews"]).await;
    fs::write(&file, format!("{SECRET}\n")).unwrap();
    assert_eq!(taken_from(&fake, &settings).await.as_deref(), Some(USER));
    fake.offer("PLAIN LOGIN");
    refused(&settings, false, &["XOAUTH2"]).await;
    assert_eq!(fake.taken().len(), 1);
}

#[tokio::test]
async fn no_secret_is_in_the_debug_output() {
    let certificates = Certificates::make("IP:127.0.0.1");
    let settings = secure_settings(1, &certificates);
    let text = format!("{settings:?} {:?}", notifier_of(&settings));
    assert!(!text.contains("Zq8"), "{text}");
    let fake = FakeSmtp::start().await.unwrap();
    assert!(!format!("{:?}", notifier(&fake)).contains("contoso"));
    assert_eq!(settings.security, Security::StartTls);
}

#[tokio::test]
async fn neither_a_secret_nor_an_address_nor_what_the_server_said_is_logged() {
    let log = CapturedLog::start();
    let certificates = Certificates::make("IP:127.0.0.1");
    let fake = asking(&certificates).await;
    let settings = secure_settings(fake.port(), &certificates);
    fake.script([(Step::LogIn, Trouble::Says(535, "5.7.8")), (Step::Recipient(1), Trouble::Says(550, "5.1.1"))]);
    for _ in 0..2 {
        readable(&notifier_of(&settings).send(&mail(), &attempt()).await);
    }
    assert!(taken_from(&fake, &settings).await.is_some());
    let logged = log.text();
    for told in ["notifier.send", "mail.reference=", "mail.client_request_id="] {
        assert!(logged.contains(told), "{told}: {logged}");
    }
    for hidden in ["Zq8", USER, REPLY_TEXT, "nobody@", "contoso", "Recovered", "MAIL FROM", "AUTH"] {
        assert!(!logged.contains(hidden), "{hidden}: {logged}");
    }
}
