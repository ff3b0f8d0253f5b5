//! The rows of money: movements, journal entries and postings.

use chargebook_domain::ports::{Cause, Content, Entry, LedgerError};
use chargebook_domain::{AccountId, Change, JournalEntry, Movement};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::column;
use crate::error::ledger_error;

/// Movements of the account that no dispute claims, of entries that were not recorded before.
fn of_account<'a>(
    entries: &[&'a Entry],
    is_new: impl Fn(&Cause) -> bool + Copy,
) -> impl Iterator<Item = (&'a AccountId, &'a Movement, Option<&'a JournalEntry>)> {
    let new = entries.iter().copied().filter(move |entry| entry.causes.iter().any(is_new)).collect::<Vec<_>>();
    new.into_iter().filter_map(|entry| match (&entry.content, entry.causes.first()) {
        (Content::AccountMovement(movement, journal), Some(cause)) => {
            Some((&cause.account, &**movement, journal.as_ref()))
        }
        _ => None,
    })
}

/// Appends the movements that are new.
pub(super) async fn movements(
    connection: &mut PgConnection,
    changes: &[&Change],
    entries: &[&Entry],
    is_new: impl Fn(&Cause) -> bool + Copy,
) -> Result<(), LedgerError> {
    let of_disputes = changes.iter().flat_map(|change| {
        change.movements.iter().map(move |movement| (&change.key.account, Some(&change.key.dispute), movement))
    });
    let of_account = of_account(entries, is_new).map(|(account, movement, _)| (account, None, movement));
    let mut rows: Vec<_> = of_disputes.chain(of_account).collect();
    if rows.is_empty() {
        return Ok(());
    }
    rows.sort_by_key(|(account, _, movement)| (*account, &movement.id));
    sqlx::query!(
        r#"INSERT INTO chargebook.movements
               (account, movement_id, dispute_id, category, amount_minor, fee_minor, net_minor, currency, occurred_at,
                available_on, reporting_category, stripe_type, description, source)
           SELECT * FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
                $8::text[], $9::timestamptz[], $10::date[], $11::text[], $12::text[], $13::text[], $14::text[])"#,
        &column(&rows, |(account, ..)| account.as_str()) as _,
        &column(&rows, |(.., movement)| movement.id.as_str()) as _,
        &column(&rows, |(_, dispute, _)| dispute.map(chargebook_domain::DisputeId::as_str)) as _,
        &column(&rows, |(.., movement)| movement.category.as_str()) as _,
        &column(&rows, |(.., movement)| movement.amount_minor),
        &column(&rows, |(.., movement)| movement.fee_minor),
        &column(&rows, |(.., movement)| movement.net_minor),
        &column(&rows, |(.., movement)| movement.currency.code().to_owned()),
        &column(&rows, |(.., movement)| movement.occurred_at),
        &column(&rows, |(.., movement)| movement.available_on) as _,
        &column(&rows, |(.., movement)| movement.reporting_category.as_deref()) as _,
        &column(&rows, |(.., movement)| movement.stripe_type.as_str()) as _,
        &column(&rows, |(.., movement)| movement.description.as_deref()) as _,
        &column(&rows, |(.., movement)| movement.source.as_deref()) as _
    )
    .execute(connection)
    .await
    .map_err(ledger_error)?;
    Ok(())
}

/// Appends the journal entries that are missing, and their postings.
pub(super) async fn entries(
    connection: &mut PgConnection,
    changes: &[&Change],
    entries: &[&Entry],
    is_new: impl Fn(&Cause) -> bool + Copy,
    recorded_at: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let of_disputes =
        changes.iter().flat_map(|change| change.entries.iter().map(move |entry| (&change.key.account, entry)));
    let of_account = of_account(entries, is_new).filter_map(|(account, _, entry)| Some((account, entry?)));
    let mut rows: Vec<_> = of_disputes.chain(of_account).collect();
    if rows.is_empty() {
        return Ok(());
    }
    rows.sort_by_key(|(account, entry)| (*account, entry.id()));
    sqlx::query!(
        r#"INSERT INTO chargebook.journal_entries
               (account, entry_id, dispute_id, kind, occurred_at, posted_on, narration, recorded_at)
           SELECT *, $8 FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::date[],
                $7::text[])"#,
        &column(&rows, |(account, _)| account.as_str()) as _,
        &column(&rows, |(_, entry)| entry.id().as_str()) as _,
        &column(&rows, |(_, entry)| entry.dispute().map(chargebook_domain::DisputeId::as_str)) as _,
        &column(&rows, |(_, entry)| entry.kind().as_str()) as _,
        &column(&rows, |(_, entry)| entry.occurred_at()),
        &column(&rows, |(_, entry)| entry.posted_on()),
        &column(&rows, |(_, entry)| entry.narration()) as _,
        recorded_at
    )
    .execute(&mut *connection)
    .await
    .map_err(ledger_error)?;
    let postings: Vec<_> = rows
        .iter()
        .flat_map(|(account, entry)| {
            (1_i16..).zip(entry.postings()).map(move |(line, posting)| (*account, entry.id(), line, posting))
        })
        .collect();
    sqlx::query!(
        r#"INSERT INTO chargebook.postings (account, entry_id, line, ledger_account, amount_minor, currency)
           SELECT * FROM UNNEST($1::text[], $2::text[], $3::smallint[], $4::text[], $5::bigint[], $6::text[])"#,
        &column(&postings, |(account, ..)| account.as_str()) as _,
        &column(&postings, |(_, entry, ..)| entry.as_str()) as _,
        &column(&postings, |(_, _, line, _)| *line),
        &column(&postings, |(.., posting)| posting.account.as_str()) as _,
        &column(&postings, |(.., posting)| posting.amount_minor),
        &column(&postings, |(.., posting)| posting.currency.code().to_owned())
    )
    .execute(connection)
    .await
    .map_err(ledger_error)?;
    Ok(())
}
