//! The envelope: from an authentic body to the event it carries.

use chargebook_domain::ports::{Reading, SourceEvent};
use chargebook_domain::{AccountId, Basis, CauseId, DisputeKey, Observation};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::dispute;
use crate::json::{Fault, Object};
use crate::kinds::{A_DISPUTE, ACCOUNT, DISPUTE_ID, EVENT_ID, FLAG, TIME, WORD};

/// `object` of an event whose payload is thin.
const THIN: &str = "v2.core.event";

/// Reads a body that is known to be authentic. It always yields an event: what can't be read is
/// part of its reading.
pub(crate) fn read(body: &str) -> SourceEvent {
    // Null is no object, so that text which is no JSON ends like JSON which is no event.
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    let Some(event) = Object::body(&value) else {
        return SourceEvent {
            account: AccountId::own(),
            id: digest(body),
            event_type: String::new(),
            livemode: None,
            reading: not_understood(&no_object()),
        };
    };
    // Each field stands on its own, so that a fault in one does not hide the others.
    SourceEvent {
        account: account(&event).unwrap_or_else(|_| AccountId::own()),
        id: event.required("id", &EVENT_ID).unwrap_or_else(|_| digest(body)),
        event_type: event.required("type", &WORD).unwrap_or_default(),
        livemode: event.optional("livemode", &FLAG).unwrap_or_default(),
        reading: reading(&event).unwrap_or_else(|fault| not_understood(&fault)),
    }
}

fn reading(event: &Object<'_>) -> Result<Reading, Fault> {
    if event.get("object").is_some_and(|object| object == THIN) {
        return Err(event.fault(
            "object",
            "a snapshot of the object, and this is a thin payload: create the webhook endpoint with snapshot payloads",
        ));
    }
    let cause = event.required("id", &EVENT_ID)?;
    let event_type = event.required("type", &WORD)?;
    let account = account(event)?;
    if !is_about_a_dispute(event, &event_type) {
        return Ok(Reading::NotADispute);
    }
    event.required("livemode", &FLAG)?;
    let as_of = event.required("created", &TIME)?;
    let dispute = event.required_object("data")?.required_object("object")?;
    dispute.required("object", &A_DISPUTE)?;
    Ok(Reading::Dispute(Box::new(Observation {
        key: DisputeKey { account, dispute: dispute.required("id", &DISPUTE_ID)? },
        cause,
        basis: Basis::Event,
        as_of,
        status: dispute::status(&dispute)?,
        claims: dispute::claims(&dispute)?,
        movements: dispute::movements(&dispute)?,
    })))
}

/// By its type, or by what it carries: a type that Stripe adds one day is read too.
fn is_about_a_dispute(event: &Object<'_>, event_type: &str) -> bool {
    let carried = event.get("data").and_then(|data| data.pointer("/object/object"));
    event_type.starts_with("charge.dispute.") || carried.is_some_and(|object| object == "dispute")
}

fn account(event: &Object<'_>) -> Result<AccountId, Fault> {
    Ok(event.optional("account", &ACCOUNT)?.unwrap_or_else(AccountId::own))
}

/// Says of a body that there is nothing in it to look at.
pub(crate) fn no_object() -> Fault {
    Fault::new("the body", "one JSON object, nested at most 127 deep")
}

pub(crate) fn not_understood(fault: &Fault) -> Reading {
    Reading::NotUnderstood { reason: fault.to_string() }
}

/// The name of what has none that can be read, or has several: the same body has the same.
pub(crate) fn digest(body: &str) -> CauseId {
    CauseId::of_body(&Sha256::digest(body).into())
}
