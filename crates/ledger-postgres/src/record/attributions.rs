//! The rows of what people say that money is for.

use chargebook_domain::ports::LedgerError;
use chargebook_domain::{Attributed, Attribution, Change, DisputeKey, Movement, Reclassification};

use super::writes::Writes;

/// Appends what was said.
pub(super) fn write(writes: &mut Writes, changes: &[&Change]) -> Result<(), LedgerError> {
    let said = || changes.iter().filter_map(|change| Some((change, change.attribution.as_ref()?)));
    let ties: Vec<(&DisputeKey, &Movement, &Attribution)> = said()
        .filter_map(|(change, said)| match &said.what {
            Attributed::Tie(movement) => Some((&change.key, &**movement, said)),
            Attributed::Reclassification(_) => None,
        })
        .collect();
    writes
        .insert("movement_ties", &ties)
        .column("account", |(key, ..)| key.account.as_str())?
        .column("movement_id", |(_, movement, _)| movement.id.as_str())?
        .column("dispute_id", |(key, ..)| key.dispute.as_str())?
        .column("tied_by", |(.., said)| said.by.as_str())?
        .column("tied_at", |(.., said)| said.said_at)?
        .column("reason", |(.., said)| said.reason.as_str())?
        .end("");
    let moved: Vec<(&DisputeKey, &Reclassification, &Movement, &Attribution)> = said()
        .filter_map(|(change, said)| match &said.what {
            Attributed::Tie(_) => None,
            Attributed::Reclassification(moved) => {
                Some((&change.key, moved, change.facts.taken_out_of(&moved.movement)?, said))
            }
        })
        .collect();
    writes
        .insert("reclassifications", &moved)
        .column("account", |(key, ..)| key.account.as_str())?
        .column("movement_id", |(_, moved, ..)| moved.movement.as_str())?
        .column("dispute_id", |(key, ..)| key.dispute.as_str())?
        .column("meaning", |(_, moved, ..)| moved.meaning.as_str())?
        .column("amount_minor", |(_, _, taken, _)| taken.fee_minor - taken.amount_minor)?
        .column("currency", |(_, _, taken, _)| taken.currency.code().to_owned())?
        .column("occurred_at", |(_, moved, ..)| moved.occurred_at)?
        .column("reclassified_by", |(.., said)| said.by.as_str())?
        .column("reclassified_at", |(.., said)| said.said_at)?
        .column("reason", |(.., said)| said.reason.as_str())?
        .end("");
    Ok(())
}
