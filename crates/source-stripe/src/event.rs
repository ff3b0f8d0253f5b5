//! The envelope: from an authentic body to the event it carries.

use chargebook_domain::ports::{Reading, SourceEvent};
use chargebook_domain::{AccountId, Basis, CauseId, DisputeKey, FraudWarning, Observation};
use chargebook_stripe_wire::kinds::{
    A_DISPUTE, ACCOUNT, CHARGE, DISPUTE_ID, EVENT_ID, FLAG, PAYMENT_INTENT, TIME, WARNING_ID, WORD,
};
use chargebook_stripe_wire::{Fault, Object, dispute};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// `object` of an event whose payload is thin.
const THIN: &str = "v2.core.event";

/// Reads a body that is known to be authentic. It always yields an event: what can't be read is
/// part of its reading.
pub(crate) fn read(body: &str) -> SourceEvent {
    // Null is no object, so that text which is no JSON ends like JSON which is no event.
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    let event = match Object::body(&value) {
        Ok(event) => event,
        Err(fault) => {
            return SourceEvent {
                account: AccountId::own(),
                id: digest(body),
                event_type: String::new(),
                livemode: None,
                reading: fault.not_understood(),
            };
        }
    };
    // Each field stands on its own, so that a fault in one does not hide the others.
    SourceEvent {
        account: account(&event).unwrap_or_else(|_| AccountId::own()),
        id: event.required("id", &EVENT_ID).unwrap_or_else(|_| digest(body)),
        event_type: event.required("type", &WORD).unwrap_or_default(),
        livemode: event.optional("livemode", &FLAG).unwrap_or_default(),
        reading: reading(&event).unwrap_or_else(|fault| fault.not_understood()),
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
    if event_type.starts_with("radar.early_fraud_warning.") {
        event.required("livemode", &FLAG)?;
        return Ok(Reading::FraudWarning(Box::new(warning(event)?)));
    }
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

/// An early fraud warning (<https://docs.stripe.com/api/radar/early_fraud_warnings>). Its payment's card is shown only where
/// the charge is whole.
fn warning(event: &Object<'_>) -> Result<FraudWarning, Fault> {
    let warning = event.required_object("data")?.required_object("object")?;
    Ok(FraudWarning {
        id: warning.required("id", &WARNING_ID)?,
        charge: warning.optional("charge", &CHARGE)?,
        payment_intent: warning.optional("payment_intent", &PAYMENT_INTENT)?,
        fraud_type: warning.optional("fraud_type", &WORD)?,
        card_brand: warning.expanded("charge").map(|charge| dispute::card_brand(&charge)).transpose()?.flatten(),
        occurred_at: warning.required("created", &TIME)?,
        actionable: warning.optional("actionable", &FLAG)?,
    })
}

/// By its type, or by what it carries: a type that Stripe adds one day is read too.
fn is_about_a_dispute(event: &Object<'_>, event_type: &str) -> bool {
    let carried = event.get("data").and_then(|data| data.pointer("/object/object"));
    event_type.starts_with("charge.dispute.") || carried.is_some_and(|object| object == "dispute")
}

fn account(event: &Object<'_>) -> Result<AccountId, Fault> {
    Ok(event.optional("account", &ACCOUNT)?.unwrap_or_else(AccountId::own))
}

/// The name of what has none that can be read, or has several: the same body has the same.
pub(crate) fn digest(body: &str) -> CauseId {
    CauseId::of_body(&Sha256::digest(body).into())
}
