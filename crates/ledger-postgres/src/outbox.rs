//! The mails and webhooks that are owed, and who sends them.

use std::time::Duration;

use async_trait::async_trait;
use chargebook_domain::ports::{LedgerError, MessageClaim, Outbox, OutboxMessage, Sent, Way};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::error::{corrupt, ledger_error};
use crate::{PostgresLedger, column, lease_end};

/// Adds messages. One that is known by its id is not added again.
pub(crate) async fn owe(
    connection: &mut PgConnection,
    messages: &[&OutboxMessage],
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    if messages.is_empty() {
        return Ok(());
    }
    let kind = |way: &Way| match way {
        Way::Mail => "mail",
        Way::Webhook(_) => "webhook",
    };
    let endpoint = |message: &&'_ OutboxMessage| match &message.way {
        Way::Mail => None,
        Way::Webhook(endpoint) => Some(endpoint.clone()),
    };
    let mut rows = messages.to_vec();
    rows.sort_by_key(|message| &message.id);
    sqlx::query!(
        r#"INSERT INTO chargebook.outbox
               (message_id, kind, endpoint, subject, body, state, attempt, queued_at, due_at)
           SELECT message_id, kind, endpoint, subject, body, 'queued', 0, $6, $6
           FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
                AS m(message_id, kind, endpoint, subject, body)
           ON CONFLICT (message_id) DO NOTHING"#,
        &column(&rows, |message| message.id.as_str()) as _,
        &column(&rows, |message| kind(&message.way)) as _,
        &column(&rows, endpoint) as _,
        &column(&rows, |message| message.subject.as_str()) as _,
        &column(&rows, |message| message.body.as_str()) as _,
        now
    )
    .execute(connection)
    .await
    .map_err(ledger_error)?;
    Ok(())
}

#[async_trait]
impl Outbox for PostgresLedger {
    async fn claim_messages(
        &self,
        now: DateTime<Utc>,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<MessageClaim>, LedgerError> {
        let rows = sqlx::query!(
            r#"WITH due AS (
                   SELECT message_id FROM chargebook.outbox
                   WHERE state IN ('queued', 'running') AND due_at <= $1
                     AND (claimed_until IS NULL OR claimed_until <= $1)
                   ORDER BY due_at, message_id LIMIT $3 FOR UPDATE SKIP LOCKED
               ), claimed AS (
                   UPDATE chargebook.outbox o SET state = 'running', attempt = o.attempt + 1, claimed_until = $2
                   FROM due d WHERE o.message_id = d.message_id
                   RETURNING o.message_id, o.kind, o.endpoint, o.subject, o.body, o.attempt, o.due_at
               )
               SELECT message_id AS "message_id!", kind AS "kind!", endpoint, subject AS "subject!", body AS "body!",
                      attempt AS "attempt!"
               FROM claimed ORDER BY due_at, message_id"#,
            now,
            lease_end(now, lease),
            i64::from(limit)
        )
        .fetch_all(&self.pool)
        .await
        .map_err(ledger_error)?;
        rows.into_iter()
            .map(|row| {
                let way = match (row.kind.as_str(), row.endpoint) {
                    ("mail", None) => Way::Mail,
                    ("webhook", Some(endpoint)) => Way::Webhook(endpoint),
                    _ => return Err(corrupt("outbox", "kind", &row.message_id)),
                };
                let message = OutboxMessage { id: row.message_id, way, subject: row.subject, body: row.body };
                Ok(MessageClaim { message, attempt: row.attempt })
            })
            .collect()
    }

    async fn settle_message(&self, claim: &MessageClaim, sent: &Sent, now: DateTime<Utc>) -> Result<(), LedgerError> {
        let (state, due_at, ended_at, reason) = match sent {
            Sent::Done => ("done", None, Some(now), None),
            Sent::Again { at, reason } => ("queued", Some(*at), None, Some(reason.as_str())),
            Sent::Dead { reason } => ("dead", None, Some(now), Some(reason.as_str())),
        };
        sqlx::query!(
            r#"UPDATE chargebook.outbox SET state = $3, due_at = coalesce($4, due_at), ended_at = $5, reason = $6,
                   claimed_until = NULL
               WHERE message_id = $1 AND attempt = $2 AND state = 'running'"#,
            claim.message.id,
            claim.attempt,
            state,
            due_at,
            ended_at,
            reason
        )
        .execute(&self.pool)
        .await
        .map_err(ledger_error)?;
        Ok(())
    }

    async fn resend(&self, message: &str, now: DateTime<Utc>) -> Result<bool, LedgerError> {
        let resent = sqlx::query!(
            r#"UPDATE chargebook.outbox SET state = 'queued', due_at = $2, ended_at = NULL
               WHERE message_id = $1 AND state = 'dead'"#,
            message,
            now
        )
        .execute(&self.pool)
        .await
        .map_err(ledger_error)?;
        Ok(resent.rows_affected() > 0)
    }
}
