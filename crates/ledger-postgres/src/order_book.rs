//! Orders: importing, linking, and which disputes should be matched again.

use async_trait::async_trait;
use chargebook_domain::ports::{Imported, LedgerError, Link, Linked, OrderBook};
use chargebook_domain::{AccountId, DisputeId, DisputeKey, OrderPayment};
use sqlx::{AssertSqlSafe, Row};

use crate::error::{corrupt, ledger_error};
use crate::{PostgresLedger, column};

/// How many payments one statement writes.
const CHUNK: usize = 5_000;

#[async_trait]
impl OrderBook for PostgresLedger {
    /// The disputes that an import could concern are marked in the same transaction, with a new version: who decided
    /// from the orders as they were is stale then.
    #[tracing::instrument(name = "orders.import", skip_all, fields(payments = payments.len()))]
    async fn import(&self, payments: &[OrderPayment]) -> Result<Imported, LedgerError> {
        let mut transaction = self.pool.begin().await.map_err(ledger_error)?;
        let mut imported = Imported::default();
        let mut rows: Vec<_> = payments.iter().collect();
        rows.sort_by_key(|payment| (&payment.order_ref, payment.payment_key()));
        for chunk in rows.chunks(CHUNK) {
            let written = sqlx::query!(
                r#"WITH given AS (
                       SELECT * FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[],
                                            $7::bigint[], $8::text[], $9::timestamptz[])
                         AS g(order_ref, payment_key, charge_id, payment_intent_id, amount_minor, currency,
                              refunded_minor, customer_email, placed_at)
                   ), written AS (
                       INSERT INTO chargebook.orders AS o SELECT * FROM given
                       ON CONFLICT (order_ref, payment_key) DO UPDATE SET
                           charge_id = EXCLUDED.charge_id, payment_intent_id = EXCLUDED.payment_intent_id,
                           amount_minor = EXCLUDED.amount_minor, currency = EXCLUDED.currency,
                           refunded_minor = EXCLUDED.refunded_minor, customer_email = EXCLUDED.customer_email,
                           placed_at = EXCLUDED.placed_at
                       WHERE o IS DISTINCT FROM EXCLUDED
                       RETURNING o.order_ref, o.charge_id, o.payment_intent_id, o.xmax = 0 AS new
                   ), touched AS (
                       UPDATE chargebook.disputes d SET match_due = true, version = d.version + 1
                       WHERE EXISTS (SELECT FROM written w WHERE w.charge_id = d.charge_id
                                        OR w.payment_intent_id = d.payment_intent_id OR w.order_ref = d.order_hint)
                          OR (d.account, d.dispute_id) IN (SELECT l.account, l.dispute_id FROM chargebook.order_links l
                                                           JOIN written w USING (order_ref))
                   )
                   SELECT count(*) FILTER (WHERE new) AS "new!", count(*) FILTER (WHERE NOT new) AS "changed!"
                   FROM written"#,
                &column(chunk, |p| p.order_ref.as_str()) as _,
                &column(chunk, |p| p.payment_key()) as _,
                &column(chunk, |p| p.charge.as_ref().map(ToString::to_string)) as _,
                &column(chunk, |p| p.payment_intent.as_ref().map(ToString::to_string)) as _,
                &column(chunk, |p| p.amount.minor()),
                &column(chunk, |p| p.amount.currency().code().to_owned()),
                &column(chunk, |p| p.refunded_minor) as _,
                &column(chunk, |p| p.customer_email.as_deref()) as _,
                &column(chunk, |p| p.placed_at) as _
            )
            .fetch_one(&mut *transaction)
            .await
            .map_err(ledger_error)?;
            let count = |count: i64| u64::try_from(count).unwrap_or_default();
            let given = u64::try_from(chunk.len()).unwrap_or_default();
            imported.new += count(written.new);
            imported.changed += count(written.changed);
            imported.same += given.saturating_sub(count(written.new + written.changed));
        }
        transaction.commit().await.map_err(ledger_error)?;
        Ok(imported)
    }

    async fn link(&self, link: &Link) -> Result<Linked, LedgerError> {
        let mut transaction = self.pool.begin().await.map_err(ledger_error)?;
        let sql = format!("SELECT EXISTS (SELECT FROM {} o WHERE o.order_ref = $1)", self.orders.relation());
        let order_known: bool = sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(link.order.as_str())
            .fetch_one(&mut *transaction)
            .await
            .map_err(ledger_error)?;
        if !order_known {
            return Ok(Linked::NoSuchOrder);
        }
        let marked = sqlx::query!(
            r#"UPDATE chargebook.disputes SET match_due = true, version = version + 1
               WHERE account = $1 AND dispute_id = $2"#,
            link.key.account.as_str(),
            link.key.dispute.as_str()
        )
        .execute(&mut *transaction)
        .await
        .map_err(ledger_error)?;
        if marked.rows_affected() == 0 {
            return Ok(Linked::NoSuchDispute);
        }
        sqlx::query!(
            r#"INSERT INTO chargebook.order_links (account, dispute_id, linked_at, order_ref, linked_by, reason)
               VALUES ($1, $2, $3, $4, $5, $6)"#,
            link.key.account.as_str(),
            link.key.dispute.as_str(),
            link.linked_at,
            link.order.as_str(),
            link.linked_by,
            link.reason
        )
        .execute(&mut *transaction)
        .await
        .map_err(ledger_error)?;
        transaction.commit().await.map_err(ledger_error)?;
        Ok(Linked::Kept)
    }

    async fn due(&self, after: Option<DisputeKey>, limit: u32) -> Result<Vec<DisputeKey>, LedgerError> {
        let sql = format!(
            "SELECT d.account, d.dispute_id FROM chargebook.disputes d
             WHERE (d.account, d.dispute_id) > ($1, $2) AND (d.match_due OR (d.order_match = 'orphan' AND (
                 EXISTS (SELECT FROM {orders} o WHERE o.charge_id = d.charge_id)
                 OR EXISTS (SELECT FROM {orders} o WHERE o.payment_intent_id = d.payment_intent_id)
                 OR EXISTS (SELECT FROM {orders} o WHERE o.order_ref = d.order_hint))))
             ORDER BY d.account, d.dispute_id LIMIT $3",
            orders = self.orders.relation()
        );
        let (account, dispute) = after.as_ref().map_or(("", ""), |key| (key.account.as_str(), key.dispute.as_str()));
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(account)
            .bind(dispute)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await
            .map_err(ledger_error)?;
        rows.iter()
            .map(|row| {
                let account: String = row.try_get(0).map_err(ledger_error)?;
                let dispute: String = row.try_get(1).map_err(ledger_error)?;
                match (AccountId::parse(&account), DisputeId::parse(&dispute)) {
                    (Ok(account), Ok(dispute)) => Ok(DisputeKey { account, dispute }),
                    _ => Err(corrupt("disputes", "dispute_id", &dispute)),
                }
            })
            .collect()
    }
}
