//! What is read of the queues, and of the rules that were looked at.

use chargebook_domain::DisputeKey;
use chargebook_domain::ports::LedgerError;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::PostgresLedger;
use crate::error::read_error;

/// A row of `follow_ups`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the columns of the table, by their names")]
pub struct FollowUpLine {
    pub account: String,
    pub dispute_id: String,
    pub version: i64,
    pub triggers: Vec<String>,
    pub state: String,
    pub attempt: i32,
    pub queued_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    pub claimed_until: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    pub reason: Option<String>,
}

/// A row of `outbox`, without its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the columns of the table, by their names")]
pub struct MessageLine {
    pub message_id: String,
    pub kind: String,
    pub endpoint: Option<String>,
    pub subject: String,
    pub state: String,
    pub attempt: i32,
    pub queued_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    pub claimed_until: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    pub reason: Option<String>,
}

/// How many rows of a queue are in a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueueLine {
    /// `follow_ups` or `outbox`.
    pub queue: String,
    /// Such as `queued`.
    pub state: String,
    /// How many.
    pub rows: i64,
    /// Since when the oldest of them is in the queue.
    pub oldest_at: DateTime<Utc>,
}

/// A row of `rule_log`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the columns of the table, by their names")]
pub struct RuleLine {
    pub follow_up: String,
    pub rule: String,
    pub account: Option<String>,
    pub dispute_id: Option<String>,
    pub customer: Option<String>,
    pub evaluated_at: DateTime<Utc>,
    pub fired: bool,
    pub why: String,
}

/// Which rules that were looked at are listed. What is `None` does not narrow.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuleFilter {
    /// By the rule's name.
    pub rule: Option<String>,
    /// By dispute.
    pub dispute: Option<DisputeKey>,
    /// By customer.
    pub customer: Option<String>,
    /// Only those that fired, or that did not.
    pub fired: Option<bool>,
}

impl PostgresLedger {
    /// Follow-ups, the latest queued first; of one state, such as `failed`, or of all.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn follow_ups(&self, state: Option<&str>, limit: i64) -> Result<Vec<FollowUpLine>, LedgerError> {
        sqlx::query_as!(
            FollowUpLine,
            r#"SELECT account, dispute_id, version, triggers, state, attempt, queued_at, due_at, claimed_until, ended_at,
                      reason
               FROM chargebook.follow_ups WHERE $1::text IS NULL OR state = $1
               ORDER BY queued_at DESC, account, dispute_id, version LIMIT $2"#,
            state,
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)
    }

    /// Messages that are or were owed, the latest queued first; of one state, such as `dead`, or of all.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn messages(&self, state: Option<&str>, limit: i64) -> Result<Vec<MessageLine>, LedgerError> {
        sqlx::query_as!(
            MessageLine,
            r#"SELECT message_id, kind, endpoint, subject, state, attempt, queued_at, due_at, claimed_until, ended_at,
                      reason
               FROM chargebook.outbox WHERE $1::text IS NULL OR state = $1
               ORDER BY queued_at DESC, message_id LIMIT $2"#,
            state,
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)
    }

    /// How many rows both queues have in each state.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn queues(&self) -> Result<Vec<QueueLine>, LedgerError> {
        sqlx::query_as!(
            QueueLine,
            r#"SELECT queue AS "queue!", state AS "state!", count(*) AS "rows!", min(queued_at) AS "oldest_at!"
               FROM (SELECT 'follow_ups' AS queue, state, queued_at FROM chargebook.follow_ups
                     UNION ALL SELECT 'outbox', state, queued_at FROM chargebook.outbox) q
               GROUP BY queue, state ORDER BY queue, state"#
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)
    }

    /// Rules that were looked at, the latest first.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn rule_log(&self, filter: &RuleFilter, limit: i64) -> Result<Vec<RuleLine>, LedgerError> {
        sqlx::query_as!(
            RuleLine,
            r#"SELECT follow_up, rule, account, dispute_id, customer, evaluated_at, fired, why FROM chargebook.rule_log
               WHERE ($1::text IS NULL OR rule = $1) AND ($2::text IS NULL OR (account = $2 AND dispute_id = $3))
                 AND ($4::text IS NULL OR customer = $4) AND ($5::boolean IS NULL OR fired = $5)
               ORDER BY evaluated_at DESC, follow_up, rule LIMIT $6"#,
            filter.rule,
            filter.dispute.as_ref().map(|key| key.account.as_str()),
            filter.dispute.as_ref().map(|key| key.dispute.as_str()),
            filter.customer,
            filter.fired,
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)
    }
}
