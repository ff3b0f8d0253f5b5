//! The fixtures, and a source that knows one secret.

use std::path::Path;

use chargebook_domain::Observation;
use chargebook_domain::ports::{Delivery, DeliveryRefused, DisputeSource, Reading, SourceEvent};
use chargebook_source_stripe::{StripeDisputeSource, sign};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

pub(crate) const SECRET: &str = "whsec_one";

pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

/// When every delivery of these tests arrives.
pub(crate) fn now() -> DateTime<Utc> {
    at(1_790_000_000)
}

pub(crate) fn seconds_ago(seconds: i64) -> DateTime<Utc> {
    now() - TimeDelta::seconds(seconds)
}

pub(crate) fn source(secrets: &[&str]) -> StripeDisputeSource {
    StripeDisputeSource::new(secrets.iter().map(|secret| (*secret).into()).collect()).unwrap()
}

/// What the source with [`SECRET`] makes of a body under a header.
pub(crate) fn receive_with(body: &[u8], signature: Option<&str>) -> Result<SourceEvent, DeliveryRefused> {
    source(&[SECRET]).receive(&Delivery { signature, body, received_at: now() })
}

/// What the source makes of a body that is signed as it should be.
pub(crate) fn receive(body: &str) -> SourceEvent {
    receive_with(body.as_bytes(), Some(&sign(body, SECRET, now()))).unwrap()
}

pub(crate) fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(format!("{name}.json"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of all fixtures.
pub(crate) fn fixtures() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

/// The fixture `funds_withdrawn` with one value changed; `pointer` is a JSON pointer to it.
pub(crate) fn changed(pointer: &str, value: Value) -> String {
    let mut event: Value = serde_json::from_str(&fixture("funds_withdrawn")).unwrap();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    event.pointer_mut(parent).unwrap()[key] = value;
    event.to_string()
}

/// The fixture `funds_withdrawn` without one field.
pub(crate) fn without(pointer: &str) -> String {
    let mut event: Value = serde_json::from_str(&fixture("funds_withdrawn")).unwrap();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    event.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key).unwrap();
    event.to_string()
}

pub(crate) fn observation(event: &SourceEvent) -> &Observation {
    match &event.reading {
        Reading::Dispute(observation) => observation,
        other => panic!("{}: {other:?}", event.id),
    }
}

pub(crate) fn reason(event: &SourceEvent) -> &str {
    match &event.reading {
        Reading::NotUnderstood { reason } => reason,
        other => panic!("{}: {other:?}", event.id),
    }
}
