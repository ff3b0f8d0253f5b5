//! What is sent.

use std::collections::BTreeMap;
use std::time::Duration;

use chargebook_domain::ports::{Outgoing, OutgoingCall, SendOutcome};
use chargebook_notifier_webhook::{WebhookEndpoint, WebhookSender};
use chargebook_port_contracts::CapturedLog;
use chargebook_port_contracts::fake_receiver::{FakeReceiver, Fault};
use chrono::TimeDelta;

use crate::support::{
    BODY, SECRET, assert_nothing_is_shown, call, closed_address, endpoint, name, readable, sender, sender_to,
};

const ACCEPTED: SendOutcome = SendOutcome::Accepted { receipt: None };

#[tokio::test]
async fn a_message_is_signed_and_bears_its_id() {
    let fake = FakeReceiver::start().await.unwrap();
    assert_eq!(sender_to(&fake).post(&call()).await, ACCEPTED);
    let [received] = &fake.received()[..] else { panic!("{:?}", fake.received()) };
    assert_eq!((received.method(), received.target()), ("POST", "/hooks?token=t0ken"));
    assert_eq!(received.body(), BODY);
    assert_eq!(received.header("content-type"), Some("application/json"));
    assert_eq!(received.header("idempotency-key"), Some("follow-up/default/du_1/7/tell-the-shop"));
    assert_eq!(received.header("user-agent"), Some("chargebook/0.1.0"));
    assert_eq!(received.signed_at(SECRET), "2026-11-21T07:00:00Z".parse().ok());
    assert_eq!(received.signed_at("Zq8~ +/=&%secret, of another"), None);
}

#[tokio::test]
async fn a_message_sent_again_has_its_id_and_its_body_and_a_new_signature() {
    let fake = FakeReceiver::start().await.unwrap();
    let sender = sender_to(&fake);
    let late = OutgoingCall { sent_at: call().sent_at + TimeDelta::hours(6), ..call() };
    assert_eq!(sender.post(&call()).await, ACCEPTED);
    assert_eq!(sender.post(&late).await, ACCEPTED);
    let [first, second] = &fake.received()[..] else { panic!("{:?}", fake.received()) };
    assert_eq!((first.message_id(), first.body()), (second.message_id(), second.body()));
    assert_eq!(second.signed_at(SECRET), "2026-11-21T13:00:00Z".parse().ok());
}

#[tokio::test]
async fn each_endpoint_gets_its_own_messages_signed_with_its_own_secret() {
    let fakes = [FakeReceiver::start().await.unwrap(), FakeReceiver::start().await.unwrap()];
    let secrets = ["the first secret!", "the second secret"];
    let endpoint = |at: usize| WebhookEndpoint { secret: secrets[at].into(), ..endpoint(&fakes[at].url()) };
    let endpoints = BTreeMap::from([(name("one"), endpoint(0)), (name("two"), endpoint(1))]);
    let sender = WebhookSender::new(endpoints).unwrap();
    for endpoint in ["one", "two"] {
        let call = OutgoingCall { endpoint: name(endpoint), ..call() };
        assert_eq!(sender.post(&call).await, ACCEPTED);
    }
    for (fake, secret) in fakes.iter().zip(secrets) {
        let [received] = &fake.received()[..] else { panic!("{:?}", fake.received()) };
        assert!(received.signed_at(secret).is_some());
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_for_a_person() {
    let fake = FakeReceiver::start().await.unwrap();
    let unnamed = OutgoingCall { message_id: "two\nlines".to_owned(), ..call() };
    let elsewhere = OutgoingCall { endpoint: name("old-shop"), ..call() };
    for (call, word) in [(unnamed, "to shop "), (elsewhere, "to old-shop ")] {
        let outcome = sender_to(&fake).post(&call).await;
        let SendOutcome::Refused { reason, retry_after: None } = &outcome else { panic!("{outcome:?}") };
        assert_nothing_is_shown(reason);
        assert!(reason.contains(word) && reason.ends_with('.'), "{reason}");
    }
    assert!(fake.received().is_empty());
}

#[test]
fn all_wrong_endpoints_are_named_at_once() {
    let wrong = |url: &str, secret: &str| WebhookEndpoint { secret: secret.into(), ..endpoint(url) };
    let endpoints = BTreeMap::from([
        (name("a"), wrong("http://shop.example/hooks", "short")),
        (name("b"), endpoint("https://shop.example/hooks")),
        (name("c"), wrong("https://shop.example/hooks", "")),
    ]);
    let problems = WebhookSender::new(endpoints).unwrap_err();
    let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert!(
        matches!(&*told, [url, secret, other]
        if url.starts_with("the webhook endpoint a must have a url")
            && secret.starts_with("the webhook endpoint a must have a secret")
            && other.starts_with("the webhook endpoint c must have a secret")),
        "{told:?}"
    );
    assert_nothing_is_shown(&told.concat());
}

#[tokio::test]
async fn neither_the_body_nor_the_secret_nor_the_address_is_logged_or_printed() {
    let log = CapturedLog::start();
    let fake = FakeReceiver::start().await.unwrap();
    let sender_to_nowhere = sender(&closed_address());
    let sender = sender_to(&fake).with_timeout(Duration::from_millis(300));
    fake.script([Fault::Status(500), Fault::Drop, Fault::Hang]);
    for _ in 0..3 {
        readable(&sender.post(&call()).await);
    }
    assert_eq!(sender.post(&call()).await, ACCEPTED);
    readable(&sender_to_nowhere.post(&call()).await);
    let logged = log.text();
    for told in ["webhook.post", "webhook.message_id=", "webhook.endpoint=shop", "http.status=500"] {
        assert!(logged.contains(told), "{told}: {logged}");
    }
    // The library says at the lowest level which host it connects to.
    for text in logged.lines().filter(|line| !line.contains("hyper_util")) {
        assert_nothing_is_shown(text);
    }
    let printed = format!("{:?} {:?}", call(), sender);
    for hidden in [SECRET, "t0ken", "/hooks", "fraudulent"] {
        assert!(!logged.contains(hidden) && !printed.contains(hidden), "{hidden}: {printed} {logged}");
    }
}
