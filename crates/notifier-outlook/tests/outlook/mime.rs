//! Mail as MIME.

use chargebook_domain::ports::{Attachment, Found, Mail, Notifier, SendOutcome};
use chargebook_notifier_outlook::{MailFormat, OutlookNotifier, OutlookSettings};
use chargebook_port_contracts::fake_graph::{FakeGraph, Fault, MimeMail};

use crate::support::{RECIPIENTS, SENDER, assert_readable, attempt, mail, notifier_with, settings};

fn of_mime(fake: &FakeGraph) -> OutlookNotifier {
    let settings = OutlookSettings { format: MailFormat::Mime, ..settings(&fake.authority(), &fake.base()) };
    notifier_with(settings, fake.now())
}

async fn sent(mail: &Mail) -> MimeMail {
    let fake = FakeGraph::start().await.unwrap();
    let outcome = of_mime(&fake).send(mail, &attempt()).await;
    assert!(matches!(outcome, SendOutcome::Accepted { .. }), "{outcome:?}");
    let accepted = fake.accepted();
    let [accepted] = accepted.as_slice() else { panic!("{} mails", accepted.len()) };
    assert_eq!(accepted.client_request_id, Some(attempt().to_string()));
    accepted.mime.clone().unwrap()
}

#[tokio::test]
async fn a_mail_goes_with_its_plain_text_and_names_itself() {
    let sent = sent(&mail()).await;
    let id = format!("<{}@contoso.com>", attempt());
    for (name, value) in [
        ("From", format!("\"Chargebook\" <{SENDER}>")),
        ("Date", "Sat, 21 Nov 2026 07:00:00 +0000".to_owned()),
        ("Message-ID", id),
        ("X-Chargebook-Reference", "summary/2026-11-21".to_owned()),
        ("MIME-Version", "1.0".to_owned()),
    ] {
        assert_eq!(sent.header(name).map(str::trim), Some(value.as_str()), "{name}");
    }
    for address in RECIPIENTS {
        assert!(sent.header("To").unwrap().contains(&format!("<{address}>")), "{:?}", sent.headers);
    }
    assert!(sent.header("Content-Type").unwrap().starts_with("multipart/alternative"), "{:?}", sent.headers);
    assert!(sent.header("Subject").unwrap().is_ascii());
    let text = sent.body.find("Content-Type: text/plain").unwrap();
    assert!(text < sent.body.find("Content-Type: text/html").unwrap(), "the last alternative is the one that is shown");
    assert!(sent.headers.iter().all(|(name, _)| name != "Bcc"));
}

#[tokio::test]
async fn a_file_goes_with_it() {
    let file = Attachment { name: "day.csv".to_owned(), media_type: "text/csv", content: b"a,\xc3\xbc\n".to_vec() };
    let sent = sent(&Mail { attachments: vec![file], ..mail() }).await;
    assert!(sent.header("Content-Type").unwrap().starts_with("multipart/mixed"), "{:?}", sent.headers);
    for part in ["multipart/alternative", "filename=\"day.csv\"", "YSzDvAo="] {
        assert!(sent.body.contains(part), "no {part} in: {}", sent.body);
    }
}

#[tokio::test]
async fn no_text_of_a_mail_makes_a_header_of_its_own() {
    let reference = "summary/2026-11-21/woo:K\u{e4}se\r\nBcc: somebody@example.com".to_owned();
    let subject = "one\r\nBcc: somebody@example.com".to_owned();
    let sent = sent(&Mail { reference, subject, ..mail() }).await;
    assert_eq!(sent.header("Bcc"), None);
    assert_eq!(sent.headers.len(), 8, "{:?}", sent.headers);
}

#[tokio::test]
async fn what_can_go_wrong_with_it_means_the_same() {
    let fake = FakeGraph::start().await.unwrap();
    fake.script([Fault::Unauthorized, Fault::DropAfterAccept, Fault::TooLarge]);
    let notifier = of_mime(&fake);
    assert!(matches!(notifier.send(&mail(), &attempt()).await, SendOutcome::Unknown { .. }));
    assert_eq!((fake.accepted().len(), fake.send_requests()), (1, 2));
    let refused = notifier.send(&mail(), &attempt()).await;
    assert!(matches!(refused, SendOutcome::Refused { retry_after: None, .. }), "{refused:?}");
}

#[tokio::test]
async fn it_cannot_be_looked_for_so_nobody_is_asked() {
    let fake = FakeGraph::start().await.unwrap();
    let notifier = of_mime(&fake);
    notifier.send(&mail(), &attempt()).await;
    let Found::CannotTell { reason } = notifier.find(&mail().reference, &attempt()).await else {
        panic!("it can be told")
    };
    assert_readable(&reason, &fake);
    assert!(reason.contains("outlook.format") && reason.contains("Sent Items"), "{reason}");
    assert_eq!(fake.look_requests(), 0);
}
