//! The journal entries of a decision.

use super::{BookRules, DecideError, Stored};
use crate::figures::Step;
use crate::journal::{Heading, missing_close_outs, movement_postings};
use crate::money::sub;
use crate::{
    Attributed, Attribution, Category, Convention, DisputeId, DisputeKey, EntryId, EntryKind, Facts, JournalEntry,
    Movement, Outcome,
};

pub(super) fn movement_entries(
    dispute: &DisputeId,
    movements: &[Movement],
    convention: Convention,
    rules: BookRules,
) -> Result<Vec<JournalEntry>, DecideError> {
    let entry = |movement| movement_entry(Some(dispute), movement, convention, rules).transpose();
    movements.iter().filter_map(entry).collect()
}

/// Takes back the entries of all movements, each at the movement's time: so a dispute that was booked twice counts once, on
/// every day.
pub(super) fn reversals(
    key: &DisputeKey,
    same: &DisputeKey,
    booked: &Facts,
    convention: Convention,
    rules: BookRules,
) -> Result<Vec<JournalEntry>, DecideError> {
    let reversal = |movement: &&Movement| -> Result<Option<JournalEntry>, DecideError> {
        let heading = Heading {
            id: EntryId::of_reversal(&movement.id),
            dispute: Some(key.dispute.clone()),
            kind: EntryKind::Movement,
            occurred_at: movement.occurred_at,
            posted_on: rules.business_date(movement.occurred_at),
            narration: format!("Reversal of {}: {key} is the same dispute as {same}", movement.id),
        };
        let mut postings = movement_postings(movement, convention)?;
        for posting in &mut postings {
            posting.amount_minor = sub(0, posting.amount_minor)?;
        }
        Ok(JournalEntry::try_new(heading, postings)?)
    };
    booked.booked().iter().filter_map(|movement| reversal(movement).transpose()).collect()
}

/// What takes money out of suspense, where that is what a person says.
pub(super) fn reclassification_entry(
    key: &DisputeKey,
    facts: &Facts,
    said: &Attribution,
    convention: Convention,
    rules: BookRules,
) -> Result<Option<JournalEntry>, DecideError> {
    let Attributed::Reclassification(moved) = &said.what else { return Ok(None) };
    let Some(taken) = facts.taken_out_of(&moved.movement) else { return Ok(None) };
    let heading = Heading {
        id: EntryId::of_reclassification(&taken.id),
        dispute: Some(key.dispute.clone()),
        kind: EntryKind::Reclassification,
        occurred_at: taken.occurred_at,
        posted_on: rules.business_date(taken.occurred_at),
        narration: format!("Out of suspense for {}, {}, by {}: {}", key.dispute, moved.movement, said.by, said.reason),
    };
    Ok(JournalEntry::try_new(heading, movement_postings(taken, convention)?)?)
}

/// The entry of a movement that no dispute claims; none when it moves nothing.
///
/// # Errors
/// [`DecideError`].
pub fn account_entry(movement: &Movement, rules: BookRules) -> Result<Option<JournalEntry>, DecideError> {
    movement_entry(None, movement, rules.convention, rules)
}

fn movement_entry(
    dispute: Option<&DisputeId>,
    movement: &Movement,
    convention: Convention,
    rules: BookRules,
) -> Result<Option<JournalEntry>, DecideError> {
    let what = match movement.category {
        Category::Withdrawal => "Withdrawal for",
        Category::Reinstatement => "Reinstatement for",
        Category::Fee => "Fee for",
        Category::Other => "Unexplained movement for",
    };
    let whom = dispute.map_or("the account", DisputeId::as_str);
    let heading = Heading {
        id: EntryId::of_movement(&movement.id),
        dispute: dispute.cloned(),
        kind: EntryKind::Movement,
        occurred_at: movement.occurred_at,
        posted_on: rules.business_date(movement.occurred_at),
        narration: format!("{what} {whom}, {}", movement.id),
    };
    Ok(JournalEntry::try_new(heading, movement_postings(movement, convention)?)?)
}

pub(super) fn close_out_entries(
    dispute: &DisputeId,
    stored: &Stored,
    steps: &[Step],
    convention: Convention,
    rules: BookRules,
) -> Result<Vec<JournalEntry>, DecideError> {
    let mut entries = Vec::new();
    let mut nth = stored.close_out_count;
    for (at, differences) in missing_close_outs(steps, &stored.close_outs, convention)? {
        let corrects = stored.close_outs.keys().any(|(booked_at, _)| *booked_at == at);
        let outcome = steps.iter().rev().find(|step| step.at <= at).map_or(Outcome::Open, |step| step.outcome);
        let what = if corrects { "Correction of the close-out" } else { "Close-out" };
        let heading = Heading {
            id: EntryId::of_close_out(dispute, at.timestamp(), nth),
            dispute: Some(dispute.clone()),
            kind: EntryKind::CloseOut,
            occurred_at: at,
            posted_on: rules.business_date(at),
            narration: format!("{what} of {dispute}, {}", outcome.as_str().replace('_', " ")),
        };
        let mut postings = Vec::new();
        for (currency, difference) in differences {
            postings.extend(difference.postings(currency, convention)?);
        }
        if let Some(entry) = JournalEntry::try_new(heading, postings)? {
            entries.push(entry);
            nth = nth.checked_add(1).ok_or(DecideError::Overflow)?;
        }
    }
    Ok(entries)
}
