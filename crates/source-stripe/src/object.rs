//! The objects that Stripe's API gives: disputes, events and balance transactions, read as leniently as webhooks and by
//! the same code.

use chargebook_domain::ports::{MovementReading, Origin, Read, ReadMovement, Reading, SourceEvent};
use chargebook_domain::{
    AccountId, Basis, CauseId, ChargeId, CustomerKey, DisputeId, DisputeKey, MovementId, Observation,
};
use chargebook_stripe_wire::kinds::{A_DISPUTE, DISPUTE_ID, FLAG, MOVEMENT_ID};
use chargebook_stripe_wire::{Fault, Object, dispute};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use crate::event::{self, digest};

/// The event type of a dispute that was read.
const READ: &str = "read.dispute";

/// What an object is of, whatever else is wrong with it.
#[derive(Deserialize)]
struct Kinded {
    object: String,
}

/// Whether it says that it is a dispute.
pub(crate) fn is_dispute(body: &str) -> bool {
    serde_json::from_str::<Kinded>(body).is_ok_and(|kinded| kinded.object == "dispute")
}

/// A dispute of `account` as it was at `as_of`; with its card, where cards are known by `key`.
pub(crate) fn dispute(account: &AccountId, body: &str, as_of: DateTime<Utc>, key: Option<&CustomerKey>) -> Read {
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    let cause = digest(body);
    let object = Object::body(&value);
    let livemode = object.as_ref().ok().and_then(|dispute| dispute.optional("livemode", &FLAG).ok()?);
    let reading = object.and_then(|dispute| {
        let mut read = observation(&dispute, account, &cause, as_of)?;
        if let Some(key) = key {
            read.claims.card_hash = dispute::card_hash(&dispute, key)?;
        }
        Ok(read)
    });
    let event = SourceEvent {
        account: account.clone(),
        id: cause,
        event_type: READ.to_owned(),
        livemode,
        reading: reading.map_or_else(|fault| fault.not_understood(), |read| Reading::Dispute(Box::new(read))),
    };
    Read { event, body: body.as_bytes().to_vec() }
}

fn observation(
    dispute: &Object<'_>,
    account: &AccountId,
    cause: &CauseId,
    as_of: DateTime<Utc>,
) -> Result<Observation, Fault> {
    dispute.required("object", &A_DISPUTE)?;
    dispute.required("livemode", &FLAG)?;
    Ok(Observation {
        key: DisputeKey { account: account.clone(), dispute: dispute.required("id", &DISPUTE_ID)? },
        cause: cause.clone(),
        basis: Basis::Read,
        as_of,
        status: dispute::status(dispute)?,
        claims: dispute::claims(dispute)?,
        movements: dispute::movements(dispute)?,
    })
}

/// An event of `account`, which a listed event need not name.
pub(crate) fn event(account: &AccountId, body: &str) -> Read {
    let mut event = event::read(body);
    event.account = account.clone();
    if let Reading::Dispute(observation) = &mut event.reading {
        observation.key.account = account.clone();
    }
    Read { event, body: body.as_bytes().to_vec() }
}

/// Reads the body of an event that was kept in the book of `account`. An event that was listed for a connected account
/// names none itself; what one names counts.
#[must_use]
pub fn read_kept(account: &AccountId, body: &str) -> SourceEvent {
    let read = event::read(body);
    if read.account == AccountId::own() { event(account, body).event } else { read }
}

/// A balance transaction of `account`.
pub(crate) fn movement(account: &AccountId, body: &str) -> ReadMovement {
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    let object = Object::body(&value);
    let id = object.as_ref().ok().and_then(|row| row.required("id", &MOVEMENT_ID).ok());
    let reading = match object.and_then(|row| dispute::movement(&row)) {
        Ok(movement) => {
            let origin = origin(movement.source.as_deref().unwrap_or_default());
            MovementReading::Movement(Box::new(movement), origin)
        }
        Err(fault) => MovementReading::NotUnderstood { reason: fault.to_string() },
    };
    let cause = id.and_then(|id| cause_of(&id)).unwrap_or_else(|| digest(body));
    ReadMovement { account: account.clone(), cause, body: body.as_bytes().to_vec(), reading }
}

/// `None` for an id that is too long to be a part of another.
fn cause_of(id: &MovementId) -> Option<CauseId> {
    CauseId::parse(&format!("balance_transaction:{id}")).ok()
}

/// By its prefix, as Stripe does not say it otherwise.
fn origin(source: &str) -> Origin {
    let begins = |prefixes: [&str; 2]| prefixes.iter().any(|prefix| source.starts_with(prefix));
    let dispute = DisputeId::parse(source).ok().filter(|_| begins(["du_", "dp_"])).map(Origin::Dispute);
    let charge = ChargeId::parse(source).ok().filter(|_| begins(["ch_", "py_"])).map(Origin::Charge);
    dispute.or(charge).unwrap_or(Origin::Other)
}
