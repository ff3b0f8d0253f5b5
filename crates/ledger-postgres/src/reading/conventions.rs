use chargebook_domain::ports::LedgerError;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::PostgresLedger;
use crate::error::read_error;

/// Since when disputes are begun by a convention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConventionLine {
    /// `holding` or `contra`.
    pub convention: String,
    /// When the first dispute was begun by it, after those that were begun by the other.
    pub since: DateTime<Utc>,
    /// How many disputes are booked by it, whenever they were begun, without doubles.
    pub disputes: i64,
    /// How many of them are open: what they have out stands on an account of that convention.
    pub open: i64,
}

impl PostgresLedger {
    /// Every change of the convention, the last one first.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn conventions(&self) -> Result<Vec<ConventionLine>, LedgerError> {
        // Two servers that begin at the same time both note it.
        sqlx::query_as!(
            ConventionLine,
            r#"WITH changes AS (
                   SELECT convention, changed_at, lag(convention) OVER (ORDER BY changed_at, convention DESC) AS before
                   FROM chargebook.convention_changes),
               booked AS (
                   SELECT convention, count(*) AS disputes, count(*) FILTER (WHERE closed_at IS NULL) AS open
                   FROM chargebook.disputes WHERE convention IS NOT NULL AND same_as_dispute_id IS NULL GROUP BY convention)
               SELECT c.convention, c.changed_at AS since, coalesce(b.disputes, 0) AS "disputes!",
                      coalesce(b.open, 0) AS "open!"
               FROM changes c LEFT JOIN booked b USING (convention)
               WHERE c.before IS DISTINCT FROM c.convention
               ORDER BY c.changed_at DESC, c.convention"#
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)
    }
}
