//! The dispute object and the balance transaction, as every source that carries them reads them.

use chargebook_domain::{Basis, CauseId, CustomerKey, DisputeKey, Observation};
use chargebook_stripe_wire::kinds::DISPUTE_ID;
use chargebook_stripe_wire::{Fault, Object, dispute};
use serde_json::Value;

use super::{check_books, check_bounds, check_nobody_is_named, check_observation, now, own};
use crate::corpus;

pub(crate) const WORDS: &[&str] = super::stripe_body::WORDS;

/// What can't be read is named by its place alone; what can be read can be stored, and balances.
pub(crate) fn run(input: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(input) else { return };
    match Object::body(&value).and_then(|object| read(&object)) {
        Ok(observation) => {
            check_observation(&observation);
            if observation.movements.iter().all(is_bookable) && is_small(observation.claims.disputed.minor()) {
                check_bounds(&observation);
                check_books(&observation);
            }
        }
        Err(fault) => check_nobody_is_named(&fault.to_string()),
    }
    if let Err(fault) = Object::body(&value).and_then(|row| dispute::movement(&row)) {
        check_nobody_is_named(&fault.to_string());
    }
}

fn read(object: &Object<'_>) -> Result<Observation, Fault> {
    let mut claims = dispute::claims(object)?;
    claims.card_hash = dispute::card_hash(object, &CustomerKey::new(b"a key of the tests").unwrap())?;
    Ok(Observation {
        key: DisputeKey { account: own(), dispute: object.required("id", &DISPUTE_ID)? },
        cause: CauseId::of_body(&[0; 32]),
        basis: Basis::Read,
        as_of: now(),
        status: dispute::status(object)?,
        claims,
        movements: dispute::movements(object)?,
    })
}

fn is_bookable(movement: &chargebook_domain::Movement) -> bool {
    [movement.amount_minor, movement.fee_minor, movement.net_minor].into_iter().all(is_small)
}

fn is_small(minor: i64) -> bool {
    minor.unsigned_abs() <= chargebook_domain::AMOUNT_MAX
}

pub(crate) fn corpus() -> Vec<Vec<u8>> {
    let events = corpus::values("crates/source-stripe/fixtures").into_iter();
    let disputes: Vec<_> = events.filter_map(|mut event| Some(event.pointer_mut("/data/object")?.take())).collect();
    let rows = disputes.iter().filter_map(|dispute| dispute.get("balance_transactions")?.as_array()).flatten();
    rows.chain(&disputes).map(|value| value.to_string().into_bytes()).collect()
}
