//! What is handed over.

use chargebook_domain::ports::{Found, Notifier, SendOutcome};
use chargebook_port_contracts::fake_smtp::FakeSmtp;

use crate::support::{FROM, RECIPIENTS, attempt, mail, notifier};

#[tokio::test]
async fn a_mail_is_handed_over_to_all_recipients_at_once() {
    let fake = FakeSmtp::start().await.unwrap();
    assert_eq!(notifier(&fake).send(&mail(), &attempt()).await, SendOutcome::Accepted { receipt: None });
    assert_eq!(fake.commands(), ["EHLO", "MAIL", "RCPT", "RCPT", "DATA", "QUIT"]);
    let [taken] = &fake.taken()[..] else { panic!("{:?}", fake.taken()) };
    assert_eq!((taken.from.as_str(), taken.hello.as_str()), (FROM, "contoso.com"));
    assert_eq!(taken.to, RECIPIENTS);
    let text = String::from_utf8(taken.content.clone()).unwrap();
    for line in [
        "From: \"Chargebook\" <o'brien+books@contoso.com>",
        "To: <finance@contoso.com>, <controller@contoso.com>",
        "Date: Sat, 21 Nov 2026 07:00:00 +0000",
        &format!("Message-ID: <{}@contoso.com>", attempt()),
        "X-Chargebook-Reference: summary/2026-11-21",
        "Auto-Submitted: auto-generated",
    ] {
        assert!(text.split("\r\n").any(|found| found == line), "{line} is not in: {text}");
    }
    assert!(text.is_ascii() && !text.replace("\r\n", "").contains(['\r', '\n']), "{text:?}");
}

#[tokio::test]
async fn a_mail_cannot_be_looked_for() {
    let fake = FakeSmtp::start().await.unwrap();
    let found = notifier(&fake).find("summary/2026-11-21", &attempt()).await;
    assert!(matches!(&found, Found::CannotTell { reason } if reason.ends_with('.')), "{found:?}");
    assert_eq!(fake.connections(), 0);
}
