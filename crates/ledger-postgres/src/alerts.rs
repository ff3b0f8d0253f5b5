//! What is wrong, and what of it somebody was told.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use async_trait::async_trait;
use chargebook_domain::alerts::{AlertBounds, AlertKind, DisputeAlert, Wrong};
use chargebook_domain::ports::{Alerts, DeliveryState, LedgerError, OutboxMessage, Summaries as _};
use chargebook_domain::{AccountId, DisputeId, DisputeKey, Money, OrderRef};
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

use crate::books::currency;
use crate::error::{corrupt, ledger_error, read_error};
use crate::summaries::of_slot;
use crate::{PostgresLedger, outbox};

/// How many of a kind are told of at once.
const AT_ONCE: i64 = 10_000;

#[async_trait]
impl Alerts for PostgresLedger {
    async fn untold(&self, bounds: &AlertBounds) -> Result<Vec<Wrong>, LedgerError> {
        let mut wrong = Vec::new();
        if bounds.summaries_through.is_some() {
            wrong.extend(bounds.not_sealed(&self.sealed(bounds.zone).await?));
        }
        let mut connection = self.pool.acquire().await.map_err(read_error)?;
        if let Some(days) = bounds.summaries() {
            wrong.extend(late_summaries(&mut connection, days, &bounds.channels).await?);
        }
        if let Some(since) = bounds.silent_since {
            wrong.extend(silence(&mut connection, since).await?);
        }
        if bounds.quarantined {
            wrong.extend(quarantined(&mut connection).await?);
        }
        wrong.extend(disputes(&mut connection, bounds).await?);
        let (kinds, subjects): (Vec<_>, Vec<_>) =
            wrong.iter().map(|wrong| (wrong.kind().as_str(), wrong.subject())).unzip();
        let told = sqlx::query!(
            r#"SELECT kind, subject FROM chargebook.alerts
               WHERE (kind, subject) IN (SELECT * FROM UNNEST($1::text[], $2::text[]))"#,
            &kinds as _,
            &subjects
        )
        .fetch_all(&mut *connection)
        .await
        .map_err(read_error)?;
        let told: BTreeSet<_> = told.into_iter().map(|row| (row.kind, row.subject)).collect();
        wrong.retain(|wrong| !told.contains(&(wrong.kind().as_str().to_owned(), wrong.subject())));
        Ok(wrong)
    }

    async fn tell(
        &self,
        kind: AlertKind,
        subjects: &[String],
        message: &OutboxMessage,
        now: DateTime<Utc>,
    ) -> Result<bool, LedgerError> {
        let mut transaction = self.begin().await.map_err(ledger_error)?;
        // In one order, so that two processes don't wait for each other.
        let kept = sqlx::query!(
            r#"INSERT INTO chargebook.alerts (kind, subject, message_id, told_at)
               SELECT $1, subject, $3, $4 FROM UNNEST($2::text[]) AS s(subject) ORDER BY subject
               ON CONFLICT DO NOTHING"#,
            kind.as_str(),
            subjects,
            message.id,
            now
        )
        .execute(&mut *transaction)
        .await
        .map_err(ledger_error)?;
        if usize::try_from(kept.rows_affected()).ok() != Some(subjects.len()) {
            return Ok(false);
        }
        outbox::owe(&mut transaction, &[message], now).await?;
        transaction.commit().await.map_err(ledger_error)?;
        Ok(true)
    }
}

async fn late_summaries(
    connection: &mut PgConnection,
    days: RangeInclusive<NaiveDate>,
    channels: &[String],
) -> Result<Vec<Wrong>, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT s.business_date, d.channel AS "channel?", d.state AS "state?"
           FROM chargebook.summaries s
           LEFT JOIN chargebook.summary_deliveries d
             ON d.business_date = s.business_date AND split_part(d.channel, '/', 1) = ANY($3)
           WHERE s.state = 'sealed' AND s.business_date BETWEEN $2 AND $1 AND d.state IS DISTINCT FROM 'accepted'
             AND (d.beside IS TRUE OR NOT EXISTS (
                    SELECT FROM chargebook.summary_deliveries o
                    WHERE o.business_date = s.business_date AND o.state = 'accepted'
                      AND (substring(d.channel FROM '/(.*)$') <> substring(o.channel FROM '/(.*)$')) IS NOT TRUE))
           ORDER BY s.business_date, d.channel"#,
        days.end(),
        days.start(),
        channels
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(read_error)?;
    let mut wrong = Vec::new();
    for row in rows {
        let (Some(slot), Some(state)) = (&row.channel, &row.state) else {
            wrong.push(Wrong::not_on_its_way(row.business_date));
            continue;
        };
        let state = DeliveryState::parse(state).ok_or_else(|| corrupt("summary_deliveries", "state", slot))?;
        wrong.push(Wrong::late(of_slot(row.business_date, slot)?, state));
    }
    Ok(wrong)
}

async fn silence(connection: &mut PgConnection, since: DateTime<Utc>) -> Result<Option<Wrong>, LedgerError> {
    let last = sqlx::query_scalar!(
        "SELECT max(last_at) FROM chargebook.delivery_counts
         WHERE source = 'stripe' AND answer IN ('recorded', 'duplicate', 'ignored', 'quarantined')"
    )
    .fetch_one(connection)
    .await
    .map_err(read_error)?;
    Ok(last.filter(|last| *last < since).map(|since| Wrong::WebhooksSilent { since }))
}

async fn quarantined(connection: &mut PgConnection) -> Result<Vec<Wrong>, LedgerError> {
    let events = sqlx::query_scalar!(
        r#"SELECT account || '/' || event_id AS "event!" FROM chargebook.source_events
           WHERE disposition = 'quarantined' AND NOT EXISTS (SELECT FROM chargebook.alerts
                 WHERE kind = 'quarantined' AND subject = account || '/' || event_id)
           ORDER BY received_at, account, event_id LIMIT $1"#,
        AT_ONCE
    )
    .fetch_all(connection)
    .await
    .map_err(read_error)?;
    Ok(events.into_iter().map(|event| Wrong::Quarantined { event }).collect())
}

async fn disputes(connection: &mut PgConnection, bounds: &AlertBounds) -> Result<Vec<Wrong>, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT w.kind AS "kind!", w.account AS "account!", w.dispute_id AS "dispute_id!",
                  w.amount_minor AS "amount_minor!", w.currency AS "currency!", w.at AS "at!", o.order_ref AS "order_ref?"
           FROM (
               (SELECT 'not_reinstated' AS kind, account, dispute_id, amount_minor, currency, closed_at AS at
                FROM chargebook.disputes d WHERE bucket = 'recovery_pending' AND closed_at < $1
                  AND NOT EXISTS (SELECT FROM chargebook.alerts WHERE kind = 'not_reinstated' AND subject =
                        account || '/' || dispute_id || ' ' || floor(extract(epoch FROM closed_at)))
                ORDER BY closed_at LIMIT $5)
               UNION ALL
               (SELECT 'evidence_due', account, dispute_id, amount_minor, currency, evidence_due_by
                FROM chargebook.disputes d
                WHERE closed_at IS NULL AND same_as_dispute_id IS NULL AND evidence_submitted IS NOT TRUE
                  AND evidence_due_by > $2 AND evidence_due_by <= $3
                  AND NOT EXISTS (SELECT FROM chargebook.alerts WHERE kind = 'evidence_due' AND subject =
                        account || '/' || dispute_id || ' ' || floor(extract(epoch FROM evidence_due_by)))
                ORDER BY evidence_due_by LIMIT $5)
               UNION ALL
               (SELECT 'orphaned', account, dispute_id, amount_minor, currency, coalesce(opened_at, status_as_of)
                FROM chargebook.disputes d
                WHERE order_match = 'orphan' AND same_as_dispute_id IS NULL AND coalesce(opened_at, status_as_of) < $4
                  AND NOT EXISTS (SELECT FROM chargebook.alerts
                                  WHERE kind = 'orphaned' AND subject = account || '/' || dispute_id)
                ORDER BY 6 LIMIT $5)
           ) w
           LEFT JOIN LATERAL (SELECT min(o.order_ref) AS order_ref FROM chargebook.order_resolutions o
                WHERE o.account = w.account AND o.dispute_id = w.dispute_id AND NOT o.ambiguous) o ON true
           ORDER BY w.kind, w.at, w.account, w.dispute_id"#,
        bounds.won_before,
        bounds.now,
        bounds.evidence_until,
        bounds.filed_before,
        AT_ONCE
    )
    .fetch_all(connection)
    .await
    .map_err(read_error)?;
    let mut wrong = Vec::new();
    for row in rows {
        let bad = |column| corrupt("disputes", column, &row.dispute_id);
        let alert = DisputeAlert {
            key: DisputeKey {
                account: AccountId::parse(&row.account).map_err(|_| bad("account"))?,
                dispute: DisputeId::parse(&row.dispute_id).map_err(|_| bad("dispute_id"))?,
            },
            order: row.order_ref.as_deref().map(OrderRef::parse).transpose().map_err(|_| bad("order_ref"))?,
            disputed: Money::new(row.amount_minor, currency(&row.currency, "disputes")?),
            at: row.at,
        };
        wrong.push(match row.kind.as_str() {
            "not_reinstated" => Wrong::NotReinstated(alert),
            "evidence_due" => Wrong::EvidenceDue(alert),
            _ => Wrong::Orphaned(alert),
        });
    }
    Ok(wrong)
}
