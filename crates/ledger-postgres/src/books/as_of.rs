//! A day as its summary would have been at an earlier moment.

use std::collections::HashMap;

use chargebook_domain::ports::{LedgerError, Seal};
use chargebook_domain::summary::{DayBooks, DayRow};
use chargebook_domain::{AccountId, Money};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::currency;
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

/// Says of the rows' disputes what the statements recorded by then say, as [`chargebook_domain::Facts`] do. Which order a
/// dispute was found to be of by then is not kept, so that none is named.
pub(super) async fn state(
    snapshot: &mut PgConnection,
    rows: &mut [DayRow],
    moment: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let (accounts, disputes): (Vec<_>, Vec<_>) =
        rows.iter().map(|row| (row.key.account.as_str().to_owned(), row.key.dispute.as_str().to_owned())).unzip();
    let stated = sqlx::query!(
        r#"SELECT h.account, h.dispute_id,
                  (array_agg(h.amount_minor ORDER BY h.as_of, h.cause COLLATE "C"))[1] AS "amount_minor!",
                  (array_agg(h.currency ORDER BY h.as_of, h.cause COLLATE "C"))[1] AS "currency!",
                  (array_agg(h.reason ORDER BY h.as_of, h.cause COLLATE "C") FILTER (WHERE h.reason IS NOT NULL))[1]
                    AS reason,
                  (array_agg(h.card_brand ORDER BY h.as_of, h.cause COLLATE "C")
                    FILTER (WHERE h.card_brand IS NOT NULL))[1] AS card_brand,
                  (array_agg(h.evidence_submitted ORDER BY h.as_of DESC, h.cause COLLATE "C" DESC)
                    FILTER (WHERE h.evidence_submitted IS NOT NULL))[1] AS evidence_submitted
           FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::text[]) AS k(account, dispute_id)) k
           JOIN chargebook.dispute_history h USING (account, dispute_id)
           WHERE h.recorded_at <= $3
           GROUP BY h.account, h.dispute_id"#,
        &accounts,
        &disputes,
        moment
    )
    .fetch_all(snapshot)
    .await
    .map_err(read_error)?;
    let stated: HashMap<_, _> =
        stated.into_iter().map(|dispute| ((dispute.account.clone(), dispute.dispute_id.clone()), dispute)).collect();
    for row in rows {
        row.order = None;
        let key = (row.key.account.as_str().to_owned(), row.key.dispute.as_str().to_owned());
        if let Some(dispute) = stated.get(&key) {
            row.disputed = Money::new(dispute.amount_minor, currency(&dispute.currency, "dispute_history")?);
            row.reason.clone_from(&dispute.reason);
            row.card_brand.clone_from(&dispute.card_brand);
            row.evidence_submitted = dispute.evidence_submitted;
        }
    }
    Ok(())
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
