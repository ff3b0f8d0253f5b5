//! A day as its summary would have been at an earlier moment.

use chargebook_domain::AccountId;
use chargebook_domain::ports::{LedgerError, Seal};
use chargebook_domain::summary::DayBooks;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::PostgresLedger;
use crate::error::read_error;

impl PostgresLedger {
    /// What a summary of the day would have been composed from at a moment: of what was recorded by then, with what was sealed
    /// by then. Where the day itself was, it is the day as it was sealed, and [`DayBooks::as_of`] is `None`.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn books_as_of(
        &self,
        seal: &Seal,
        book: Option<AccountId>,
        moment: DateTime<Utc>,
    ) -> Result<DayBooks, LedgerError> {
        let was_sealed = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM chargebook.summaries
                                WHERE business_date = $1 AND state = 'sealed' AND sealed_at <= $2) AS "was_sealed!""#,
            seal.date,
            moment
        )
        .fetch_one(&self.pool)
        .await
        .map_err(read_error)?;
        if was_sealed {
            self.day_books(seal, book).await
        } else {
            self.books_of_snapshot(seal, book, Some(moment)).await
        }
    }
}

/// The books of these that were known by then; the own one always was.
pub(super) async fn known_books(
    snapshot: &mut PgConnection,
    known: &[String],
    moment: DateTime<Utc>,
) -> Result<Vec<String>, LedgerError> {
    let own = AccountId::own();
    sqlx::query_scalar!(
        r#"SELECT book AS "book!" FROM unnest($1::text[]) AS b(book)
           WHERE book = $3
              OR EXISTS (SELECT FROM chargebook.dispute_history h WHERE h.account = book AND h.recorded_at <= $2)
              OR EXISTS (SELECT FROM chargebook.journal_entries e WHERE e.account = book AND e.recorded_at <= $2)"#,
        known,
        moment,
        own.as_str()
    )
    .fetch_all(snapshot)
    .await
    .map_err(read_error)
}
