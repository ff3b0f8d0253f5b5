//! The rows of money: movements, journal entries and postings.

use chargebook_domain::ports::{Cause, Content, Entry, LedgerError};
use chargebook_domain::{AccountId, Change, DisputeId, JournalEntry, Movement};
use chrono::{DateTime, NaiveDate, Utc};

use super::writes::Writes;

/// What an entry that was not recorded before books on the account itself.
type OfAccount<'a> = (&'a AccountId, Option<&'a Movement>, Option<&'a JournalEntry>);

fn of_account<'a>(
    entries: &[&'a Entry],
    is_new: impl Fn(&Cause) -> bool + Copy,
) -> impl Iterator<Item = OfAccount<'a>> {
    let new = entries.iter().copied().filter(move |entry| entry.causes.iter().any(is_new)).collect::<Vec<_>>();
    new.into_iter().filter_map(|entry| match (&entry.content, entry.causes.first()) {
        (Content::AccountMovement(movement, journal), Some(cause)) => {
            Some((&cause.account, Some(&**movement), journal.as_ref()))
        }
        (Content::Adjustment(adjustment), Some(cause)) => Some((&cause.account, None, Some(&**adjustment))),
        _ => None,
    })
}

/// Appends the movements that are new.
pub(super) fn movements(
    writes: &mut Writes,
    changes: &[&Change],
    entries: &[&Entry],
    is_new: impl Fn(&Cause) -> bool + Copy,
) -> Result<(), LedgerError> {
    let of_disputes = changes.iter().flat_map(|change| {
        change.movements.iter().map(move |movement| (&change.key.account, Some(&change.key.dispute), movement))
    });
    let of_account = of_account(entries, is_new).filter_map(|(account, movement, _)| Some((account, None, movement?)));
    let mut rows: Vec<_> = of_disputes.chain(of_account).collect();
    rows.sort_by_key(|(account, _, movement)| (*account, &movement.id));
    writes
        .insert("movements", &rows)
        .column("account", |(account, ..)| account.as_str())?
        .column("movement_id", |(.., movement)| movement.id.as_str())?
        .column("dispute_id", |(_, dispute, _)| dispute.map(DisputeId::as_str))?
        .column("category", |(.., movement)| movement.category.as_str())?
        .column("amount_minor", |(.., movement)| movement.amount_minor)?
        .column("fee_minor", |(.., movement)| movement.fee_minor)?
        .column("net_minor", |(.., movement)| movement.net_minor)?
        .column("currency", |(.., movement)| movement.currency.code().to_owned())?
        .column("occurred_at", |(.., movement)| movement.occurred_at)?
        .column("available_on", |(.., movement)| movement.available_on)?
        .column("reporting_category", |(.., movement)| movement.reporting_category.as_deref())?
        .column("stripe_type", |(.., movement)| movement.stripe_type.as_str())?
        .column("description", |(.., movement)| movement.description.as_deref())?
        .column("source", |(.., movement)| movement.source.as_deref())?
        .end("");
    Ok(())
}

/// Appends the journal entries that are missing, and their postings, on days that are open.
pub(super) fn entries(
    writes: &mut Writes,
    (changes, entries): (&[&Change], &[&Entry]),
    is_new: impl Fn(&Cause) -> bool + Copy,
    closed_through: Option<NaiveDate>,
    recorded_at: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let of_disputes =
        changes.iter().flat_map(|change| change.entries.iter().map(move |entry| (&change.key.account, entry)));
    let of_account = of_account(entries, is_new).filter_map(|(account, _, entry)| Some((account, entry?)));
    let all = of_disputes.chain(of_account);
    let mut rows: Vec<_> = all.map(|(account, entry)| (account, entry.posted_after(closed_through))).collect();
    rows.sort_by(|(a, one), (b, other)| (a, one.id()).cmp(&(b, other.id())));
    let postings: Vec<_> = rows
        .iter()
        .flat_map(|(account, entry)| {
            (1_i16..).zip(entry.postings()).map(move |(line, posting)| (*account, entry.id(), line, posting))
        })
        .collect();
    writes
        .insert("journal_entries", &rows)
        .column("account", |(account, _)| account.as_str())?
        .column("entry_id", |(_, entry)| entry.id().as_str())?
        .column("dispute_id", |(_, entry)| entry.dispute().map(DisputeId::as_str))?
        .column("kind", |(_, entry)| entry.kind().as_str())?
        .column("occurred_at", |(_, entry)| entry.occurred_at())?
        .column("posted_on", |(_, entry)| entry.posted_on())?
        .column("narration", |(_, entry)| entry.narration())?
        .column("recorded_at", |_| recorded_at)?
        .end("");
    writes
        .insert("postings", &postings)
        .column("account", |(account, ..)| account.as_str())?
        .column("entry_id", |(_, entry, ..)| entry.as_str())?
        .column("line", |(_, _, line, _)| *line)?
        .column("ledger_account", |(.., posting)| posting.account.as_str())?
        .column("amount_minor", |(.., posting)| posting.amount_minor)?
        .column("currency", |(.., posting)| posting.currency.code().to_owned())?
        .end("");
    Ok(())
}
