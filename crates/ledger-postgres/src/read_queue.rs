//! Which disputes must be read again, and who reads them.

use std::time::Duration;

use async_trait::async_trait;
use chargebook_domain::ports::{LedgerError, ReadClaim, ReadQueue};
use chargebook_domain::{AccountId, Change, DisputeId, DisputeKey, ReadReason};
use chrono::{DateTime, Utc};

use crate::error::{corrupt, ledger_error};
use crate::record::Writes;
use crate::{PostgresLedger, lease_end};

/// Adds the reads that changes owe. A dispute that is queued already owes the new read instead: no later than the old one,
/// unless that is due already. It may be being read at this moment, and would not settle what has just happened; whoever
/// has claimed it has no part in the new one.
pub(crate) fn owe(writes: &mut Writes, changes: &[&Change], recorded_at: DateTime<Utc>) -> Result<(), LedgerError> {
    let mut rows: Vec<_> = changes
        .iter()
        .filter_map(|change| {
            let owed = change.owed_read?;
            let due_at = recorded_at.checked_add_signed(owed.after).unwrap_or(recorded_at);
            Some((&change.key, owed.reason, due_at))
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    rows.sort_by_key(|(key, ..)| *key);
    let now = writes.bind(recorded_at)?;
    writes
        .insert("dispute_reads", &rows)
        .column("account", |(key, ..)| key.account.as_str())?
        .column("dispute_id", |(key, ..)| key.dispute.as_str())?
        .column("reason", |(_, reason, _)| reason.as_str())?
        .column("due_at", |(.., due_at)| *due_at)?
        .column("attempt", |_| 0_i32)?
        .end(&format!(
            "ON CONFLICT (account, dispute_id) DO UPDATE SET
                 reason = EXCLUDED.reason, attempt = t.attempt + 1, claimed_until = NULL,
                 due_at = CASE WHEN t.due_at <= {now} THEN EXCLUDED.due_at ELSE least(t.due_at, EXCLUDED.due_at) END"
        ));
    Ok(())
}

#[async_trait]
impl ReadQueue for PostgresLedger {
    async fn claim_reads(
        &self,
        now: DateTime<Utc>,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<ReadClaim>, LedgerError> {
        let rows = sqlx::query!(
            r#"WITH due AS (
                   SELECT account, dispute_id FROM chargebook.dispute_reads
                   WHERE due_at <= $1 AND (claimed_until IS NULL OR claimed_until <= $1)
                   ORDER BY due_at, account, dispute_id LIMIT $3 FOR UPDATE SKIP LOCKED
               ), claimed AS (
                   UPDATE chargebook.dispute_reads r SET attempt = r.attempt + 1, claimed_until = $2
                   FROM due d WHERE r.account = d.account AND r.dispute_id = d.dispute_id
                   RETURNING r.account, r.dispute_id, r.reason, r.attempt, r.due_at
               )
               SELECT account AS "account!", dispute_id AS "dispute_id!", reason AS "reason!", attempt AS "attempt!"
               FROM claimed ORDER BY due_at, account, dispute_id"#,
            now,
            lease_end(now, lease),
            i64::from(limit)
        )
        .fetch_all(&self.pool)
        .await
        .map_err(ledger_error)?;
        rows.into_iter()
            .map(|row| {
                let bad = |column| corrupt("dispute_reads", column, format_args!("{}/{}", row.account, row.dispute_id));
                let key = DisputeKey {
                    account: AccountId::parse(&row.account).map_err(|_| bad("account"))?,
                    dispute: DisputeId::parse(&row.dispute_id).map_err(|_| bad("dispute_id"))?,
                };
                let reason = ReadReason::parse(&row.reason).ok_or_else(|| bad("reason"))?;
                Ok(ReadClaim { key, reason, attempt: row.attempt })
            })
            .collect()
    }

    async fn settle_read(&self, claim: &ReadClaim, next: Option<DateTime<Utc>>) -> Result<(), LedgerError> {
        let (account, dispute) = (claim.key.account.as_str(), claim.key.dispute.as_str());
        let settled = match next {
            None => sqlx::query!(
                r#"DELETE FROM chargebook.dispute_reads
                   WHERE account = $1 AND dispute_id = $2 AND attempt = $3 AND claimed_until IS NOT NULL"#,
                account,
                dispute,
                claim.attempt
            ),
            Some(next) => sqlx::query!(
                r#"UPDATE chargebook.dispute_reads SET due_at = $4, claimed_until = NULL
                   WHERE account = $1 AND dispute_id = $2 AND attempt = $3 AND claimed_until IS NOT NULL"#,
                account,
                dispute,
                claim.attempt,
                next
            ),
        };
        settled.execute(&self.pool).await.map_err(ledger_error)?;
        Ok(())
    }
}
