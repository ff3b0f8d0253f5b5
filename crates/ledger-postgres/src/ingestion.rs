//! Whether disputes arrive, and how deliveries were answered.

use async_trait::async_trait;
use chargebook_domain::ports::{
    CustomerStanding, Ingestion, LedgerError, Overview, QueueFailure, QueueState, RecentDispute,
};
use chargebook_domain::{AccountId, Currency, CustomerId, DeliveryCount, DisputeId, Money};
use chrono::{DateTime, TimeDelta, Utc};

use crate::error::{corrupt, ledger_error, read_error};
use crate::reading::Decision;
use crate::{PostgresLedger, column, count};

/// How far back deliveries are looked at.
const COUNTS_OVER: TimeDelta = TimeDelta::days(90);

/// A delivery is booked a moment before it is counted, and is no event that never came for that.
const COUNTED_WITHIN: TimeDelta = TimeDelta::minutes(1);

#[async_trait]
impl Overview for PostgresLedger {
    async fn standing(&self, customer: &CustomerId) -> Result<CustomerStanding, LedgerError> {
        let Decision { known, blocked, since, reason, score } = self.decision(customer).await?;
        Ok(CustomerStanding { is_known: known, is_blocked: blocked, since, reason, score })
    }

    async fn ingestion(&self, now: DateTime<Utc>) -> Result<Ingestion, LedgerError> {
        Ok(Ingestion {
            recent: self.recent_disputes().await?,
            counts: self.delivery_counts(now).await?,
            fetched: self.fetched_since_the_last_delivery(now).await?,
            in_quarantine: self.received_in_quarantine().await?,
            queues: vec![self.follow_up_queue().await?, self.outbox_queue().await?, self.read_queue(now).await?],
        })
    }

    async fn count_deliveries(&self, counts: &[DeliveryCount]) -> Result<(), LedgerError> {
        sqlx::query!(
            r#"INSERT INTO chargebook.delivery_counts AS c (source, day, answer, deliveries, last_at)
               SELECT * FROM UNNEST($1::text[], $2::date[], $3::text[], $4::bigint[], $5::timestamptz[]) u ORDER BY 1, 2, 3
               ON CONFLICT (source, day, answer) DO UPDATE SET
                   deliveries = c.deliveries + EXCLUDED.deliveries, last_at = greatest(c.last_at, EXCLUDED.last_at)"#,
            &column(counts, |count| count.source.as_str()) as _,
            &column(counts, |count| count.day),
            &column(counts, |count| count.answer.as_str()) as _,
            &column(counts, |count| i64::try_from(count.deliveries).unwrap_or(i64::MAX)),
            &column(counts, |count| count.last_at)
        )
        .execute(&self.pool)
        .await
        .map_err(ledger_error)?;
        Ok(())
    }
}

impl PostgresLedger {
    async fn recent_disputes(&self) -> Result<Vec<RecentDispute>, LedgerError> {
        let rows = sqlx::query!(
            r#"SELECT account, dispute_id, card_brand, amount_minor, currency, status, opened_at, order_match
               FROM chargebook.disputes WHERE same_as_dispute_id IS NULL AND opened_at IS NOT NULL
               ORDER BY opened_at DESC, account, dispute_id LIMIT 10"#
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)?;
        rows.into_iter()
            .map(|row| {
                let bad = |column| corrupt("disputes", column, format_args!("{}/{}", row.account, row.dispute_id));
                let currency = Currency::parse(&row.currency).map_err(|_| bad("currency"))?;
                Ok(RecentDispute {
                    account: AccountId::parse(&row.account).map_err(|_| bad("account"))?,
                    dispute: DisputeId::parse(&row.dispute_id).map_err(|_| bad("dispute_id"))?,
                    disputed: Money::new(row.amount_minor, currency),
                    card_brand: row.card_brand,
                    status: row.status,
                    opened_at: row.opened_at,
                    order_match: row.order_match,
                })
            })
            .collect()
    }

    async fn delivery_counts(&self, now: DateTime<Utc>) -> Result<Vec<DeliveryCount>, LedgerError> {
        let rows = sqlx::query!(
            r#"SELECT source, day, answer, deliveries, last_at FROM chargebook.delivery_counts
               WHERE day >= $1 ORDER BY source, day, answer"#,
            now.checked_sub_signed(COUNTS_OVER).unwrap_or(now).date_naive()
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)?;
        let counts = rows.into_iter().map(|row| DeliveryCount {
            source: row.source,
            day: row.day,
            answer: row.answer,
            deliveries: count(row.deliveries),
            last_at: row.last_at,
        });
        Ok(counts.collect())
    }

    /// Events of disputes that are in a book of Stripe's, and came after the last delivery of any source.
    async fn fetched_since_the_last_delivery(&self, now: DateTime<Utc>) -> Result<u64, LedgerError> {
        let fetched = sqlx::query_scalar!(
            r#"SELECT count(*) AS "fetched!" FROM chargebook.source_events
               WHERE received_at > (SELECT max(last_at) FROM chargebook.delivery_counts
                                    WHERE answer IN ('recorded', 'duplicate', 'ignored', 'quarantined'))
                 AND received_at < $1 AND disposition = 'recorded' AND event_type LIKE 'charge.dispute.%'
                 AND (account = 'default' OR account LIKE 'acct\_%')"#,
            now.checked_sub_signed(COUNTED_WITHIN).unwrap_or(now)
        );
        fetched.fetch_one(&self.pool).await.map(count).map_err(read_error)
    }

    async fn received_in_quarantine(&self) -> Result<u64, LedgerError> {
        let kept = sqlx::query_scalar!(
            r#"SELECT count(*) AS "kept!" FROM chargebook.source_events
               WHERE disposition = 'quarantined' AND event_type NOT LIKE 'read.%'"#
        );
        kept.fetch_one(&self.pool).await.map(count).map_err(read_error)
    }

    async fn follow_up_queue(&self) -> Result<QueueState, LedgerError> {
        let row = sqlx::query!(
            r#"SELECT count(*) FILTER (WHERE state = 'queued') AS "queued!",
                      count(*) FILTER (WHERE state = 'running') AS "running!", min(due_at) AS oldest_due,
                      (SELECT count(*) FROM chargebook.follow_ups WHERE state = 'failed') AS "failed!"
               FROM chargebook.follow_ups WHERE state IN ('queued', 'running')"#
        )
        .fetch_one(&self.pool)
        .await
        .map_err(read_error)?;
        let failures = sqlx::query_as!(
            QueueFailure,
            r#"SELECT account || '/' || dispute_id || '/' || version AS "id!", ended_at AS "ended_at!", reason
               FROM chargebook.follow_ups WHERE state = 'failed' AND ended_at IS NOT NULL ORDER BY ended_at DESC LIMIT 10"#
        );
        Ok(QueueState {
            name: "follow_ups".to_owned(),
            queued: count(row.queued),
            running: count(row.running),
            failed: count(row.failed),
            oldest_due: row.oldest_due,
            failures: failures.fetch_all(&self.pool).await.map_err(read_error)?,
        })
    }

    async fn outbox_queue(&self) -> Result<QueueState, LedgerError> {
        let row = sqlx::query!(
            r#"SELECT count(*) FILTER (WHERE state = 'queued') AS "queued!",
                      count(*) FILTER (WHERE state = 'running') AS "running!", min(due_at) AS oldest_due,
                      (SELECT count(*) FROM chargebook.outbox WHERE state = 'dead') AS "dead!"
               FROM chargebook.outbox WHERE state IN ('queued', 'running')"#
        )
        .fetch_one(&self.pool)
        .await
        .map_err(read_error)?;
        let failures = sqlx::query_as!(
            QueueFailure,
            r#"SELECT message_id AS id, ended_at AS "ended_at!", reason FROM chargebook.outbox
               WHERE state = 'dead' AND ended_at IS NOT NULL ORDER BY ended_at DESC LIMIT 10"#
        );
        Ok(QueueState {
            name: "outbox".to_owned(),
            queued: count(row.queued),
            running: count(row.running),
            failed: count(row.dead),
            oldest_due: row.oldest_due,
            failures: failures.fetch_all(&self.pool).await.map_err(read_error)?,
        })
    }

    /// Reads are never given up: what fails is due again.
    async fn read_queue(&self, now: DateTime<Utc>) -> Result<QueueState, LedgerError> {
        let row = sqlx::query!(
            r#"SELECT count(*) FILTER (WHERE claimed_until IS NULL OR claimed_until <= $1) AS "queued!",
                      count(*) FILTER (WHERE claimed_until > $1) AS "running!", min(due_at) AS oldest_due
               FROM chargebook.dispute_reads"#,
            now
        )
        .fetch_one(&self.pool)
        .await
        .map_err(read_error)?;
        Ok(QueueState {
            name: "dispute_reads".to_owned(),
            queued: count(row.queued),
            running: count(row.running),
            failed: 0,
            oldest_due: row.oldest_due,
            failures: Vec::new(),
        })
    }
}
