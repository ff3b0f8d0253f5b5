//! How far backfills have come.

use async_trait::async_trait;
use chargebook_domain::AccountId;
use chargebook_domain::ports::{Backfills, Cursor, LedgerError, Period, Slice, Tally};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::error::{corrupt, ledger_error};
use crate::{PostgresLedger, column, lock};

/// The lock under which backfills are opened, so that two processes that open the same one get the same slices. Any
/// number that nothing else uses.
const BACKFILL_LOCK: i64 = 0x6368_6172_626b;

#[async_trait]
impl Backfills for PostgresLedger {
    async fn open_backfill(
        &self,
        account: &AccountId,
        since: DateTime<Utc>,
        until: Option<DateTime<Utc>>,
        slices: &[Slice],
    ) -> Result<Vec<Slice>, LedgerError> {
        let mut transaction = self.begin().await.map_err(ledger_error)?;
        lock(&mut transaction, BACKFILL_LOCK).await?;
        let opened = under_way(&mut transaction, account, since, until).await?;
        if !opened.is_empty() {
            return Ok(opened);
        }
        sqlx::query!(
            r#"DELETE FROM chargebook.backfill_slices s
               WHERE account = $1 AND backfill_from_at = $2 AND NOT EXISTS (
                   SELECT FROM chargebook.backfill_slices o
                   WHERE o.account = s.account AND o.backfill_from_at = s.backfill_from_at
                     AND o.backfill_until_at = s.backfill_until_at AND NOT o.is_done)"#,
            account.as_str(),
            since
        )
        .execute(&mut *transaction)
        .await
        .map_err(ledger_error)?;
        insert(&mut transaction, slices).await?;
        let opened = under_way(&mut transaction, account, since, until).await?;
        transaction.commit().await.map_err(ledger_error)?;
        Ok(opened)
    }

    async fn advance(&self, slice: &Slice) -> Result<(), LedgerError> {
        let Tally { new, known, changed, orphaned, quarantined } = slice.tally;
        sqlx::query!(
            r#"UPDATE chargebook.backfill_slices
               SET next_cursor = $5, is_done = $6, new_count = $7, known_count = $8, changed_count = $9,
                   orphaned_count = $10, quarantined_count = $11
               WHERE account = $1 AND backfill_from_at = $2 AND backfill_until_at = $3 AND from_at = $4"#,
            slice.account.as_str(),
            slice.backfill.from,
            slice.backfill.until,
            slice.period.from,
            slice.after.as_ref().map(Cursor::as_str),
            slice.is_done,
            stored(new),
            stored(known),
            stored(changed),
            stored(orphaned),
            stored(quarantined)
        )
        .execute(&self.pool)
        .await
        .map_err(ledger_error)?;
        Ok(())
    }
}

/// The slices of the backfill that is not done, of several that which ends last; none when all are done.
async fn under_way(
    connection: &mut PgConnection,
    account: &AccountId,
    since: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
) -> Result<Vec<Slice>, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT backfill_from_at, backfill_until_at, from_at, until_at, next_cursor, is_done, new_count, known_count,
                  changed_count, orphaned_count, quarantined_count
           FROM chargebook.backfill_slices
           WHERE account = $1 AND backfill_from_at = $2 AND backfill_until_at = (
               SELECT max(backfill_until_at) FROM chargebook.backfill_slices
               WHERE account = $1 AND backfill_from_at = $2 AND NOT is_done
                 AND ($3::timestamptz IS NULL OR backfill_until_at = $3))
           ORDER BY from_at"#,
        account.as_str(),
        since,
        until
    )
    .fetch_all(connection)
    .await
    .map_err(ledger_error)?;
    rows.into_iter()
        .map(|row| {
            let count = |column, count| {
                u64::try_from(count).map_err(|_| corrupt("backfill_slices", column, format_args!("{account}/{since}")))
            };
            Ok(Slice {
                account: account.clone(),
                backfill: Period { from: row.backfill_from_at, until: row.backfill_until_at },
                period: Period { from: row.from_at, until: row.until_at },
                after: row.next_cursor.map(Cursor::new),
                is_done: row.is_done,
                tally: Tally {
                    new: count("new_count", row.new_count)?,
                    known: count("known_count", row.known_count)?,
                    changed: count("changed_count", row.changed_count)?,
                    orphaned: count("orphaned_count", row.orphaned_count)?,
                    quarantined: count("quarantined_count", row.quarantined_count)?,
                },
            })
        })
        .collect()
}

async fn insert(connection: &mut PgConnection, slices: &[Slice]) -> Result<(), LedgerError> {
    sqlx::query!(
        r#"INSERT INTO chargebook.backfill_slices
               (account, backfill_from_at, backfill_until_at, from_at, until_at, next_cursor, is_done, new_count,
                known_count, changed_count, orphaned_count, quarantined_count)
           SELECT * FROM UNNEST($1::text[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[],
                $6::text[], $7::boolean[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[])"#,
        &column(slices, |slice| slice.account.as_str()) as _,
        &column(slices, |slice| slice.backfill.from),
        &column(slices, |slice| slice.backfill.until),
        &column(slices, |slice| slice.period.from),
        &column(slices, |slice| slice.period.until),
        &column(slices, |slice| slice.after.as_ref().map(Cursor::as_str)) as _,
        &column(slices, |slice| slice.is_done),
        &column(slices, |slice| stored(slice.tally.new)),
        &column(slices, |slice| stored(slice.tally.known)),
        &column(slices, |slice| stored(slice.tally.changed)),
        &column(slices, |slice| stored(slice.tally.orphaned)),
        &column(slices, |slice| stored(slice.tally.quarantined))
    )
    .execute(connection)
    .await
    .map_err(ledger_error)?;
    Ok(())
}

fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
