//! The journal entries of a day.

use chargebook_domain::AccountId;
use chargebook_domain::ports::{LedgerError, Seal};
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt as _;

use super::Day;
use crate::PostgresLedger;
use crate::error::read_error;
use crate::reading::JournalLine;

impl PostgresLedger {
    /// Hands each posting that is sealed in the day to `each`, in the order of dates and entries, without holding them all; of a
    /// day that is not sealed, those that would be, or would have been at the moment `as_of`. What became known later of the
    /// time before `books_start` is dated on it, as in [`PostgresLedger::journal`]. Which orders were known at an earlier
    /// moment is not kept, so that none is named.
    ///
    /// # Errors
    /// [`LedgerError`], or what `each` answers; the postings before it were handed over.
    pub async fn day_journal<E: From<LedgerError>>(
        &self,
        seal: &Seal,
        book: Option<&AccountId>,
        as_of: Option<DateTime<Utc>>,
        mut each: impl FnMut(JournalLine) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut transaction = self.begin().await.map_err(read_error)?;
        // It takes as long as whoever takes the lines does.
        sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *transaction).await.map_err(read_error)?;
        let day = Day::of(&mut transaction, seal, book, as_of).await?;
        let mut lines = sqlx::query_as!(
            JournalLine,
            r#"SELECT e.account, e.entry_id, e.dispute_id,
                      CASE WHEN $7::timestamptz IS NULL THEN
                        (SELECT min(o.order_ref) FROM chargebook.order_resolutions o WHERE o.account = e.account
                         AND o.dispute_id = e.dispute_id AND NOT o.ambiguous) END AS order_ref,
                      e.kind, e.occurred_at, GREATEST(e.posted_on, $8::date) AS "posted_on!", e.narration, p.line,
                      p.ledger_account, p.amount_minor, p.currency, e.sealed_in
               FROM chargebook.journal_entries e JOIN chargebook.postings p USING (account, entry_id)
               WHERE (($3 AND e.sealed_in = $1) OR (NOT $3
                      AND (e.sealed_in IS NULL OR e.sealed_in > $6 AND e.sealed_in <= 'infinity'::date)
                      AND (e.occurred_at AT TIME ZONE $2)::date BETWEEN $4 AND $1
                      AND e.recorded_at <= coalesce($7, 'infinity'::timestamptz)))
                 AND ($5::text IS NULL OR e.account = $5)
               ORDER BY GREATEST(e.posted_on, $8::date), e.account, e.entry_id, p.line"#,
            day.date,
            day.zone,
            day.sealed,
            day.start,
            day.book,
            day.last,
            day.as_of,
            seal.books_start
        )
        .fetch(&mut *transaction);
        while let Some(line) = lines.try_next().await.map_err(read_error)? {
            each(line)?;
        }
        Ok(())
    }
}
