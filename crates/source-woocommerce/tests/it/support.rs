//! The fixtures, and a source that knows one secret.

use std::path::Path;

use chargebook_domain::ports::{Delivery, DeliveryRefused, DisputeSource, Reading, SourceEvent};
use chargebook_domain::{AccountId, Observation, OrderPayment};
use chargebook_source_woocommerce::{WooSource, sign};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

pub(crate) const SECRET: &str = "a secret of the shop";

pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

/// When every delivery of these tests arrives.
pub(crate) fn now() -> DateTime<Utc> {
    at(1_790_000_000)
}

pub(crate) fn shop() -> AccountId {
    AccountId::woo("shop").unwrap()
}

pub(crate) fn source(secrets: &[&str]) -> WooSource {
    WooSource::new(shop(), secrets.iter().map(|secret| (*secret).into()).collect()).unwrap()
}

/// What the source with [`SECRET`] makes of a body under a header.
pub(crate) fn receive_with(body: &[u8], signature: Option<&str>) -> Result<SourceEvent, DeliveryRefused> {
    source(&[SECRET]).receive(&Delivery { signature, body, received_at: now() })
}

/// What the source makes of a body that is signed as it should be.
pub(crate) fn receive(body: &Value) -> SourceEvent {
    receive_text(&body.to_string())
}

pub(crate) fn receive_text(body: &str) -> SourceEvent {
    receive_with(body.as_bytes(), Some(&sign(body.as_bytes(), SECRET))).unwrap()
}

pub(crate) fn fixture(name: &str) -> Value {
    json_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(format!("{name}.json")))
}

pub(crate) fn json_in(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// As WooCommerce wraps the argument of a hook.
pub(crate) fn wrapped(arg: &Value) -> Value {
    json!({ "action": "woocommerce_woopayments_dispute_closed", "arg": arg })
}

/// The value with another at a JSON pointer; what is null there is as good as absent.
pub(crate) fn with(value: &Value, pointer: &str, changed: Value) -> Value {
    let mut value = value.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    value.pointer_mut(parent).unwrap()[key] = changed;
    value
}

pub(crate) fn observation(event: &SourceEvent) -> &Observation {
    match &event.reading {
        Reading::Dispute(observation) => observation,
        other => panic!("{}: {other:?}", event.id),
    }
}

pub(crate) fn payment(event: &SourceEvent) -> &OrderPayment {
    match &event.reading {
        Reading::Order(payments) => match payments.as_slice() {
            [payment] => payment,
            other => panic!("{} payments", other.len()),
        },
        other => panic!("{}: {other:?}", event.id),
    }
}

pub(crate) fn reason(event: &SourceEvent) -> &str {
    match &event.reading {
        Reading::NotUnderstood { reason } | Reading::OrderNotUnderstood { reason } => reason,
        other => panic!("{}: {other:?}", event.id),
    }
}
