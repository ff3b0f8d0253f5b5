//! What changes owe to those who act on them, and who has it.

mod conclude;
mod subjects;

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use chargebook_domain::ports::{Conclusion, FollowUp, FollowUps, FollowedUp, LedgerError};
use chargebook_domain::{AccountId, DisputeId, DisputeKey, Trigger};
use chrono::{DateTime, TimeDelta, Utc};

use crate::error::{corrupt, is_conflict, ledger_error};
use crate::record::ATTEMPTS_MAX;
use crate::{PostgresLedger, lease_end};

/// The lock under which a batch is claimed, so that of several who ask at once one gets it. Any number that nothing else
/// uses.
const CLAIM_LOCK: i64 = 0x6368_6172_6675;

/// How long a dispute that came through two doors waits to be joined, before it is acted on all the same: its customer's
/// figures count it twice until then.
const JOINED_WITHIN: TimeDelta = TimeDelta::minutes(5);

#[async_trait]
impl FollowUps for PostgresLedger {
    async fn claim_follow_ups(
        &self,
        now: DateTime<Utc>,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<FollowUp>, LedgerError> {
        let mut transaction = self.begin().await.map_err(ledger_error)?;
        // Alone, and before it is seen whether another has a claim: a statement does not see what is committed while it
        // runs.
        let is_alone = sqlx::query_scalar!(r#"SELECT pg_try_advisory_xact_lock($1) AS "is_alone!""#, CLAIM_LOCK)
            .fetch_one(&mut *transaction)
            .await
            .map_err(ledger_error)?;
        if !is_alone {
            return Ok(Vec::new());
        }
        let rows = sqlx::query!(
            r#"WITH due AS (
                   SELECT account, dispute_id, version FROM chargebook.follow_ups f
                   WHERE state IN ('queued', 'running') AND due_at <= $1
                     AND NOT EXISTS (SELECT FROM chargebook.follow_ups WHERE state = 'running' AND claimed_until > $1)
                     AND NOT (f.queued_at > $4 AND EXISTS (
                         SELECT FROM chargebook.disputes o
                         JOIN chargebook.disputes t ON t.dispute_id = o.dispute_id AND t.account <> o.account
                         WHERE o.account = f.account AND o.dispute_id = f.dispute_id
                           AND o.same_as_dispute_id IS NULL AND t.same_as_dispute_id IS NULL
                           AND (o.account = 'default' OR o.account LIKE 'acct\_%')
                               <> (t.account = 'default' OR t.account LIKE 'acct\_%')))
                   ORDER BY due_at, account, dispute_id, version LIMIT $3 FOR UPDATE SKIP LOCKED
               ), claimed AS (
                   UPDATE chargebook.follow_ups f SET state = 'running', attempt = f.attempt + 1, claimed_until = $2
                   FROM due d
                   WHERE f.account = d.account AND f.dispute_id = d.dispute_id AND f.version = d.version
                   RETURNING f.account, f.dispute_id, f.version, f.triggers, f.attempt, f.due_at
               )
               SELECT account AS "account!", dispute_id AS "dispute_id!", version AS "version!",
                      triggers AS "triggers!", attempt AS "attempt!"
               FROM claimed ORDER BY due_at, account, dispute_id, version"#,
            now,
            lease_end(now, lease),
            i64::from(limit),
            now.checked_sub_signed(JOINED_WITHIN).unwrap_or(now)
        )
        .fetch_all(&mut *transaction)
        .await
        .map_err(ledger_error)?;
        transaction.commit().await.map_err(ledger_error)?;
        rows.into_iter()
            .map(|row| {
                let bad = |column| corrupt("follow_ups", column, format_args!("{}/{}", row.account, row.dispute_id));
                let key = DisputeKey {
                    account: AccountId::parse(&row.account).map_err(|_| bad("account"))?,
                    dispute: DisputeId::parse(&row.dispute_id).map_err(|_| bad("dispute_id"))?,
                };
                let triggers = row.triggers.iter().map(|word| Trigger::parse(word).ok_or_else(|| bad("triggers")));
                let triggers = triggers.collect::<Result<_, _>>()?;
                Ok(FollowUp { key, version: row.version, triggers, attempt: row.attempt })
            })
            .collect()
    }

    async fn followed_up(&self, follow_ups: &[FollowUp]) -> Result<Vec<Option<FollowedUp>>, LedgerError> {
        let happened: Vec<_> = follow_ups.iter().map(|follow_up| (&follow_up.key, &follow_up.triggers)).collect();
        self.subjects(&happened).await
    }

    async fn subject_of(
        &self,
        key: &DisputeKey,
        triggers: &BTreeSet<Trigger>,
    ) -> Result<Option<FollowedUp>, LedgerError> {
        Ok(self.subjects(&[(key, triggers)]).await?.pop().flatten())
    }

    #[tracing::instrument(name = "follow_ups.conclude", skip_all, fields(batch.size = conclusions.len()))]
    async fn conclude(&self, conclusions: &[Conclusion], now: DateTime<Utc>) -> Result<(), LedgerError> {
        let mut attempts = 1;
        loop {
            match self.conclude_once(conclusions, now).await {
                Err(error) if attempts < ATTEMPTS_MAX && is_conflict(&error) => attempts += 1,
                concluded => return concluded,
            }
        }
    }

    async fn put_off(
        &self,
        follow_up: &FollowUp,
        reason: &str,
        next: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        sqlx::query!(
            r#"UPDATE chargebook.follow_ups SET claimed_until = NULL, reason = $5,
                   state = CASE WHEN $6::timestamptz IS NULL THEN 'failed' ELSE 'queued' END,
                   due_at = coalesce($6, due_at), ended_at = CASE WHEN $6 IS NULL THEN $7::timestamptz END
               WHERE account = $1 AND dispute_id = $2 AND version = $3 AND attempt = $4 AND state = 'running'"#,
            follow_up.key.account.as_str(),
            follow_up.key.dispute.as_str(),
            follow_up.version,
            follow_up.attempt,
            reason,
            next,
            now
        )
        .execute(&self.pool)
        .await
        .map_err(ledger_error)?;
        Ok(())
    }
}
