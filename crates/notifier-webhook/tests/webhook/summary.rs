//! The day's mail, as JSON and to a chat.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chargebook_domain::ports::{Attachment, Found, Mail, Notifier, RequestId, SendOutcome};
use chargebook_notifier_webhook::{SummaryFormat, WebhookNotifier, WebhookSettings};
use chargebook_port_contracts::FixedClock;
use chargebook_port_contracts::contract::notifier::{Arrived, OtherSide, Remote};
use chargebook_port_contracts::fake_receiver::{FakeReceiver, Fault, Received};
use chargebook_port_contracts::remote_notifier_contract;
use chrono::DateTime;
use serde_json::{Value, json};

use crate::support::{SECRET, assert_nothing_is_shown, closed_address};

const MINUTE: Option<Duration> = Some(Duration::from_mins(1));

fn notifier(url: &str, format: SummaryFormat) -> WebhookNotifier {
    let secret = (format == SummaryFormat::Json).then(|| SECRET.into());
    let url = format!("{url}?token=t0ken").into();
    let clock = FixedClock::at("2026-11-21T07:00:00Z".parse().unwrap());
    WebhookNotifier::new(&WebhookSettings { url, secret, format }, Arc::new(clock)).unwrap()
}

fn mail() -> Mail {
    let file = Attachment { name: "day.csv".to_owned(), media_type: "text/csv", content: b"fraudulent\n".to_vec() };
    Mail {
        reference: "summary/2026-11-21".to_owned(),
        subject: "3 won — €1,204.00".to_owned(),
        html: "<p>fraudulent</p>".to_owned(),
        text: "fraudulent & won".to_owned(),
        attachments: vec![file],
        sent_again_at: None,
    }
}

fn attempt() -> RequestId {
    RequestId::of("webhook", "summary/2026-11-21", 1, DateTime::UNIX_EPOCH)
}

async fn send(notifier: &WebhookNotifier) -> SendOutcome {
    notifier.send(&mail(), &attempt()).await
}

async fn find(notifier: &WebhookNotifier) -> Found {
    notifier.find(&mail().reference, &attempt()).await
}

/// Sends one mail that meets this fault, and says how that ended: whether it is known, and what is waited for.
async fn send_into(fault: Fault, format: SummaryFormat) -> (FakeReceiver, SendOutcome) {
    let fake = FakeReceiver::start().await.unwrap();
    let timeout = Duration::from_secs(if fault == Fault::Hang { 1 } else { 20 });
    fake.script([fault]);
    let outcome = send(&notifier(&fake.url(), format).with_timeout(timeout)).await;
    assert_eq!(fake.received().len(), 1);
    (fake, outcome)
}

fn reason(outcome: &SendOutcome) -> &str {
    let (SendOutcome::Refused { reason, .. } | SendOutcome::Unknown { reason }) = outcome else {
        panic!("{outcome:?}")
    };
    assert_nothing_is_shown(reason);
    assert!(reason.contains("webhook.url") && reason.ends_with('.'), "{reason}");
    reason
}

async fn refused(fault: Fault, format: SummaryFormat, retry_after: Option<Duration>, word: &str) {
    let (_, outcome) = send_into(fault.clone(), format).await;
    assert!(reason(&outcome).contains(word), "no {word} in: {outcome:?}");
    let SendOutcome::Refused { retry_after: found, .. } = outcome else { panic!("{fault:?} is {outcome:?}") };
    assert_eq!(found, retry_after, "{fault:?}");
}

#[tokio::test]
async fn as_json_it_is_signed_and_bears_its_reference() {
    let fake = FakeReceiver::start().await.unwrap();
    let notifier = notifier(&fake.url(), SummaryFormat::Json);
    assert_eq!(send(&notifier).await, SendOutcome::Accepted { receipt: None });
    let [received] = &fake.received()[..] else { panic!("{:?}", fake.received()) };
    assert_eq!((received.method(), received.target()), ("POST", "/hooks?token=t0ken"));
    assert_eq!(received.message_id(), Some("summary/2026-11-21"));
    assert_eq!(received.signed_at(SECRET), "2026-11-21T07:00:00Z".parse().ok());
    let body: Value = serde_json::from_str(&received.body()).unwrap();
    assert_eq!((&body["type"], &body["subject"]), (&json!("summary"), &json!(mail().subject)));
    assert_eq!(find(&notifier).await, Found::NotThere, "it is known again");
    assert!(!format!("{notifier:?}").contains("t0ken") && !format!("{notifier:?}").contains("Zq8"));
}

#[tokio::test]
async fn a_chat_gets_a_text_and_nothing_else() {
    let fake = FakeReceiver::start().await.unwrap();
    let notifier = notifier(&fake.url(), SummaryFormat::Chat);
    assert_eq!(send(&notifier).await, SendOutcome::Accepted { receipt: None });
    let [received] = &fake.received()[..] else { panic!("{:?}", fake.received()) };
    let body: Value = serde_json::from_str(&received.body()).unwrap();
    assert_eq!(body, json!({"text": "3 won — €1,204.00\nfraudulent &amp; won"}));
    assert_eq!(received.header("chargebook-signature"), None);
    let found = find(&notifier).await;
    assert!(matches!(&found, Found::CannotTell { reason } if reason.contains("chat")), "{found:?}");
    assert_eq!(notifier.place(), None);
}

#[test]
fn another_receiver_is_another_place_and_nothing_secret_is_in_one() {
    let place = |url: &str| notifier(url, SummaryFormat::Json).place().unwrap();
    let of_this = place("https://books.example/hooks");
    assert!(of_this.starts_with("json https://books.example "), "{of_this}");
    assert_nothing_is_shown(&of_this);
    assert_eq!(of_this, place("https://books.example/hooks"));
    for other in ["https://books.example/test", "https://books.example:8443/hooks", "https://other.example/hooks"] {
        assert_ne!(of_this, place(other));
    }
}

#[tokio::test]
async fn as_json_what_may_have_been_taken_is_sent_again_because_it_is_known_by_its_key() {
    for status in [408, 425, 429, 500, 502, 503, 504] {
        refused(Fault::Status(status), SummaryFormat::Json, MINUTE, "sent again").await;
    }
    for fault in [Fault::Drop, Fault::Hang] {
        refused(fault, SummaryFormat::Json, MINUTE, "Idempotency-Key").await;
    }
    let busy = |seconds: &str| Fault::Busy { retry_after: seconds.to_owned() };
    refused(busy("7"), SummaryFormat::Json, MINUTE, "HTTP 503").await;
    refused(busy("600"), SummaryFormat::Json, Some(Duration::from_mins(10)), "HTTP 503").await;
}

#[tokio::test]
async fn what_a_person_has_sent_again_has_a_key_of_its_own_and_says_so() {
    let fake = FakeReceiver::start().await.unwrap();
    let notifier = notifier(&fake.url(), SummaryFormat::Json);
    let again = Mail { sent_again_at: "2026-11-22T08:30:00.5Z".parse().ok(), ..mail() };
    for sent in [&mail(), &again] {
        assert_eq!(notifier.send(sent, &attempt()).await, SendOutcome::Accepted { receipt: None });
    }
    let received = fake.received();
    let keys: Vec<_> = received.iter().map(Received::message_id).collect();
    let own = format!("summary/2026-11-21/again/{}", attempt());
    assert_eq!(keys, [Some("summary/2026-11-21"), Some(own.as_str())]);
    let said = received.iter().map(|received| serde_json::from_str::<Value>(&received.body()).unwrap());
    let said: Vec<_> = said.map(|body| (body["reference"].clone(), body["sent_again_at"].clone())).collect();
    let reference = json!("summary/2026-11-21");
    assert_eq!(said, [(reference.clone(), Value::Null), (reference, json!("2026-11-22T08:30:00Z"))]);

    for fault in [Fault::Drop, Fault::Status(502)] {
        fake.script([fault]);
        let outcome = notifier.send(&again, &attempt()).await;
        assert!(matches!(outcome, SendOutcome::Unknown { .. }) && reason(&outcome).contains(&own), "{outcome:?}");
    }
    fake.script([Fault::Status(429)]);
    let outcome = notifier.send(&again, &attempt()).await;
    assert!(matches!(outcome, SendOutcome::Refused { retry_after: MINUTE, .. }), "{outcome:?}");
}

#[tokio::test]
async fn to_a_chat_nothing_that_may_be_there_is_posted_again() {
    for fault in [500, 502, 503, 504, 408].map(Fault::Status).into_iter().chain([Fault::Drop, Fault::Hang]) {
        let (_, outcome) = send_into(fault.clone(), SummaryFormat::Chat).await;
        assert!(reason(&outcome).contains("Nobody can know") && reason(&outcome).contains("chat"), "{outcome:?}");
        assert!(matches!(outcome, SendOutcome::Unknown { .. }), "{fault:?} is {outcome:?}");
    }
    refused(Fault::Status(429), SummaryFormat::Chat, MINUTE, "HTTP 429").await;
    let busy = Fault::Busy { retry_after: "120".to_owned() };
    refused(busy, SummaryFormat::Chat, Some(Duration::from_mins(2)), "HTTP 503").await;
}

#[tokio::test]
async fn what_a_person_must_change_is_said() {
    for format in [SummaryFormat::Json, SummaryFormat::Chat] {
        for (status, word) in [(400, "log"), (401, "secret"), (404, "url"), (410, "url")] {
            refused(Fault::Status(status), format, None, word).await;
        }
        let elsewhere = FakeReceiver::start().await.unwrap();
        refused(Fault::Redirect { location: elsewhere.url() }, format, None, "redirect").await;
        assert!(elsewhere.received().is_empty());
        let outcome = send(&notifier(&closed_address(), format)).await;
        assert!(reason(&outcome).contains("cannot be reached"), "{outcome:?}");
        assert!(matches!(outcome, SendOutcome::Refused { retry_after: MINUTE, .. }), "{outcome:?}");
    }
}

struct Receiver {
    fake: FakeReceiver,
    notifier: WebhookNotifier,
}

impl Receiver {
    async fn start() -> Self {
        let fake = FakeReceiver::start().await.unwrap();
        Self { notifier: notifier(&fake.url(), SummaryFormat::Json), fake }
    }
}

fn arrived(received: &Received) -> Arrived {
    let body: Value = serde_json::from_str(&received.body()).unwrap();
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    let file = |file: &Value| {
        let content = STANDARD.decode(file["content_base64"].as_str().unwrap()).unwrap();
        (file["name"].as_str().unwrap().to_owned(), content)
    };
    Arrived {
        subject: text("subject"),
        bodies: vec![text("text"), text("html")],
        files: body["attachments"].as_array().unwrap().iter().map(file).collect(),
        marks: vec![
            ("idempotency-key".to_owned(), received.message_id().unwrap().to_owned()),
            ("reference".to_owned(), text("reference")),
        ],
    }
}

#[async_trait]
impl OtherSide for Receiver {
    fn notifier(&self) -> &dyn Notifier {
        &self.notifier
    }

    async fn arrived(&self) -> Vec<Arrived> {
        let mut taken: Vec<Arrived> = Vec::new();
        for mail in self.fake.received().iter().filter(|received| received.is_taken).map(arrived) {
            if !taken.iter().any(|known| known.marks == mail.marks) {
                taken.push(mail);
            }
        }
        taken
    }

    async fn refuse(&self) {
        self.fake.script([Fault::Status(400), Fault::Status(503)]);
    }

    /// Its troubles are over by themselves.
    async fn relent(&self) {}
}

impl Remote for Receiver {
    fn lose_next_answer(&self) {
        self.fake.script([Fault::Drop]);
    }
}

mod contract {
    use super::*;

    remote_notifier_contract!(#[tokio::test] () => Receiver::start().await);
}
