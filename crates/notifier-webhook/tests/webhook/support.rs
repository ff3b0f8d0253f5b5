use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::Duration;

use chargebook_domain::ports::{OutgoingCall, SendOutcome};
use chargebook_domain::rules::EndpointName;
use chargebook_notifier_webhook::{WebhookEndpoint, WebhookSender};
use chargebook_port_contracts::fake_receiver::{ERROR_TEXT, FakeReceiver};
use url::Url;

pub(crate) const SECRET: &str = "Zq8~ +/=&%secret, of shop";
pub(crate) const BODY: &str = r#"{"reason":"fraudulent — “not mine”","amount_minor":10000}"#;

/// Part of each endpoint's address, and never to be shown.
const QUERY: &str = "token=t0ken";

pub(crate) fn name(text: &str) -> EndpointName {
    EndpointName::parse(text).unwrap()
}

pub(crate) fn endpoint(url: &str) -> WebhookEndpoint {
    let mut url = Url::parse(url).unwrap();
    url.set_query(Some(QUERY));
    WebhookEndpoint { url, secret: SECRET.into() }
}

/// A sender whose requests end after a time that no healthy answer of the fake needs.
pub(crate) fn sender(url: &str) -> WebhookSender {
    let sender = WebhookSender::new(BTreeMap::from([(name("shop"), endpoint(url))])).unwrap();
    sender.with_timeout(Duration::from_secs(2))
}

pub(crate) fn sender_to(fake: &FakeReceiver) -> WebhookSender {
    sender(&fake.url())
}

pub(crate) fn call() -> OutgoingCall {
    OutgoingCall {
        message_id: "follow-up/default/du_1/7/tell-the-shop".to_owned(),
        endpoint: name("shop"),
        body: BODY.to_owned(),
        sent_at: "2026-11-21T07:00:00.5Z".parse().unwrap(),
    }
}

/// An address at which nobody listens.
pub(crate) fn closed_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/hooks", listener.local_addr().unwrap())
}

/// The reason, after checking that a person may read it.
pub(crate) fn readable(outcome: &SendOutcome) -> &str {
    let (SendOutcome::Refused { reason, .. } | SendOutcome::Unknown { reason }) = outcome else {
        panic!("{outcome:?} has no reason");
    };
    assert_nothing_is_shown(reason);
    assert!(reason.len() > 40 && reason.ends_with('.'), "{reason}");
    assert!(reason.contains("shop"), "{reason}");
    reason
}

pub(crate) fn assert_nothing_is_shown(text: &str) {
    for hidden in [SECRET, "Zq8", QUERY, "t0ken", "/hooks", "127.0.0.1", ERROR_TEXT, "fraudulent", "v1="] {
        assert!(!text.contains(hidden), "{hidden} stands in: {text}");
    }
}
