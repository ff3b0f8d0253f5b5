//! Names for what has no id of its own: the same content has the same.

use chargebook_domain::{CauseId, Observation};
use sha2::{Digest, Sha256};

/// The name of a body.
pub(crate) fn of_body(body: &str) -> CauseId {
    CauseId::of_body(&Sha256::digest(body).into())
}

/// The name of what is said of a dispute: the kind of event, the dispute, its status, the time of the event where it has
/// one, and what else changes in a dispute's life. WooCommerce's own id of a delivery is of no use: those of one second
/// share it.
pub(crate) fn of_statement(event_type: &str, observation: &Observation, created: Option<i64>) -> CauseId {
    let claims = &observation.claims;
    let mut movements: Vec<_> = observation.movements.iter().map(|movement| movement.id.as_str()).collect();
    movements.sort_unstable();
    // No id and no word has a line break in it, so that no two contents are written alike.
    let number = |number: Option<i64>| number.map_or_else(String::new, |number| number.to_string());
    let content = [
        event_type.to_owned(),
        observation.key.dispute.to_string(),
        observation.status.as_str().to_owned(),
        number(created),
        number(claims.evidence_due_by.map(|time| time.timestamp())),
        number(claims.evidence_submitted.map(i64::from)),
        movements.join("\n"),
    ];
    of_body(&content.join("\n"))
}
