//! Orders: importing, linking, and which disputes should be matched again.

use async_trait::async_trait;
use chargebook_domain::ports::{Imported, LedgerError, Link, Linked, OrderBook};
use chargebook_domain::{AccountId, DisputeId, DisputeKey, OrderPayment};
use sqlx::{AssertSqlSafe, PgConnection, Row};

use crate::error::{corrupt, is_conflict, ledger_error, read_error};
use crate::record::ATTEMPTS_MAX;
use crate::{PostgresLedger, column, customers, lock};

/// How many payments one statement writes.
const CHUNK: usize = 5_000;

/// The lock under which payments are imported, one import at a time, so that each sees what a payment was before it.
/// Any number that nothing else uses.
pub(crate) const IMPORT_LOCK: i64 = 0x6368_6172_6f72;

/// The lock that recording shares, and that an import takes alone when it tells which disputes it concerns. Any number
/// that nothing else uses.
pub(crate) const ORDERS_LOCK: i64 = 0x6368_6172_6b72;

#[async_trait]
impl OrderBook for PostgresLedger {
    #[tracing::instrument(name = "orders.import", skip_all, fields(payments = payments.len()))]
    async fn import(&self, payments: &[OrderPayment]) -> Result<Imported, LedgerError> {
        let rows = distinct(payments)?;
        let repeated = u64::try_from(payments.len().abs_diff(rows.len())).unwrap_or_default();
        let mut attempts = 1;
        let imported = loop {
            match self.import_once(&rows).await {
                Err(error) if attempts < ATTEMPTS_MAX && is_conflict(&error) => attempts += 1,
                answered => break answered?,
            }
        };
        Ok(Imported { same: imported.same.saturating_add(repeated), ..imported })
    }

    async fn link(&self, link: &Link) -> Result<Linked, LedgerError> {
        let mut transaction = self.begin().await.map_err(ledger_error)?;
        let (orders, order_ref) = (self.orders.relation(), self.orders.text("order_ref"));
        let sql = format!("SELECT EXISTS (SELECT FROM {orders} o WHERE {order_ref} = $1)");
        let order_known: bool = sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(link.order.as_str())
            .fetch_one(&mut *transaction)
            .await
            .map_err(|error| self.orders.error(error))?;
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
             WHERE (d.account, d.dispute_id) > ($1, $2) AND (d.match_due OR NOT d.is_counted OR (d.order_match = 'orphan' AND (
                 EXISTS (SELECT FROM {orders} o WHERE {charge} = d.charge_id)
                 OR EXISTS (SELECT FROM {orders} o WHERE {intent} = d.payment_intent_id)
                 OR EXISTS (SELECT FROM {orders} o WHERE {order} = d.order_hint))))
             ORDER BY d.account, d.dispute_id LIMIT $3",
            orders = self.orders.relation(),
            charge = self.orders.text("charge_id"),
            intent = self.orders.text("payment_intent_id"),
            order = self.orders.text("order_ref")
        );
        let (account, dispute) = after.as_ref().map_or(("", ""), |key| (key.account.as_str(), key.dispute.as_str()));
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(account)
            .bind(dispute)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await
            .map_err(|error| self.orders.error(error))?;
        rows.iter()
            .map(|row| {
                let account: String = row.try_get(0).map_err(read_error)?;
                let dispute: String = row.try_get(1).map_err(read_error)?;
                match (AccountId::parse(&account), DisputeId::parse(&dispute)) {
                    (Ok(account), Ok(dispute)) => Ok(DisputeKey { account, dispute }),
                    _ => Err(corrupt("disputes", "dispute_id", &dispute)),
                }
            })
            .collect()
    }
}

impl PostgresLedger {
    async fn import_once(&self, rows: &[&OrderPayment]) -> Result<Imported, LedgerError> {
        let mut transaction = self.begin().await.map_err(ledger_error)?;
        lock(&mut transaction, IMPORT_LOCK).await?;
        let mut written = Vec::new();
        for chunk in rows.chunks(CHUNK) {
            written.extend(self.write(&mut transaction, chunk).await?);
        }
        let count = |new: bool| {
            let rows = written.iter().filter(|row| row.new == Some(new)).count();
            u64::try_from(rows).unwrap_or_default()
        };
        let (new, changed) = (count(true), count(false));
        let given = u64::try_from(rows.len()).unwrap_or_default();
        let imported = Imported { new, changed, same: given.saturating_sub(new + changed) };
        if !written.is_empty() {
            mark(&mut transaction, &written).await?;
            customers::forget_others(&mut transaction, self.customer_key.as_ref()).await?;
        }
        transaction.commit().await.map_err(ledger_error)?;
        Ok(imported)
    }

    /// Writes some payments; answers what those name that are new or changed. While the e-mail stays, so does its hash,
    /// also one under a former key: with the new one it says whose history is whose, once all are hashed again.
    async fn write(&self, connection: &mut PgConnection, rows: &[&OrderPayment]) -> Result<Vec<Named>, LedgerError> {
        sqlx::query_as!(
            Named,
            r#"WITH given AS (
                   SELECT * FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[],
                                        $7::bigint[], $8::text[], $9::timestamptz[], $10::text[], $11::timestamptz[],
                                        $12::text[])
                     AS g(order_ref, payment_key, charge_id, payment_intent_id, amount_minor, currency,
                          refunded_minor, customer_email, placed_at, card_brand, updated_at, customer)
               ), written AS (
                   INSERT INTO chargebook.orders AS o
                       (order_ref, payment_key, charge_id, payment_intent_id, amount_minor, currency, refunded_minor,
                        customer_email, placed_at, card_brand, updated_at, customer)
                   SELECT * FROM given
                   ON CONFLICT (order_ref, payment_key) DO UPDATE SET
                       charge_id = EXCLUDED.charge_id, payment_intent_id = EXCLUDED.payment_intent_id,
                       amount_minor = EXCLUDED.amount_minor, currency = EXCLUDED.currency,
                       refunded_minor = EXCLUDED.refunded_minor, customer_email = EXCLUDED.customer_email,
                       placed_at = EXCLUDED.placed_at, card_brand = EXCLUDED.card_brand,
                       updated_at = EXCLUDED.updated_at,
                       customer = CASE WHEN lower(btrim(o.customer_email)) = lower(btrim(EXCLUDED.customer_email))
                                       THEN o.customer ELSE EXCLUDED.customer END
                   WHERE (o.charge_id, o.payment_intent_id, o.amount_minor, o.currency, o.refunded_minor,
                          o.customer_email, o.placed_at, o.card_brand, o.updated_at)
                         IS DISTINCT FROM
                         (EXCLUDED.charge_id, EXCLUDED.payment_intent_id, EXCLUDED.amount_minor, EXCLUDED.currency,
                          EXCLUDED.refunded_minor, EXCLUDED.customer_email, EXCLUDED.placed_at, EXCLUDED.card_brand,
                          EXCLUDED.updated_at)
                     AND (EXCLUDED.updated_at >= o.updated_at OR EXCLUDED.updated_at IS NULL OR o.updated_at IS NULL)
                   RETURNING o.order_ref, o.payment_key, o.charge_id, o.payment_intent_id, o.xmax = 0 AS new
               )
               SELECT order_ref AS "order_ref!", charge_id, payment_intent_id, new FROM written
               UNION ALL
               SELECT o.order_ref, o.charge_id, o.payment_intent_id, NULL
               FROM chargebook.orders o JOIN written w USING (order_ref, payment_key)"#,
            &column(rows, |p| p.order_ref.as_str()) as _,
            &column(rows, |p| p.payment_key()) as _,
            &column(rows, |p| p.charge.as_ref().map(ToString::to_string)) as _,
            &column(rows, |p| p.payment_intent.as_ref().map(ToString::to_string)) as _,
            &column(rows, |p| p.amount.minor()),
            &column(rows, |p| p.amount.currency().code().to_owned()),
            &column(rows, |p| p.refunded_minor) as _,
            &column(rows, |p| p.customer_email.as_deref()) as _,
            &column(rows, |p| p.placed_at) as _,
            &column(rows, |p| p.card_brand.as_deref()) as _,
            &column(rows, |p| p.updated_at) as _,
            &column(rows, |p| self.customer_key?.customer(p.customer_email.as_deref()?).map(|c| c.to_string())) as _
        )
        .fetch_all(connection)
        .await
        .map_err(ledger_error)
    }
}

/// Each payment once, in the order of keys. The same row twice is one row; two that differ are a person's mistake.
fn distinct(payments: &[OrderPayment]) -> Result<Vec<&OrderPayment>, LedgerError> {
    let mut rows: Vec<_> = payments.iter().collect();
    rows.sort_by_key(|payment| (&payment.order_ref, payment.payment_key()));
    rows.dedup();
    let same_key = |pair: &&[&OrderPayment]| {
        let [one, other] = pair else { return false };
        (&one.order_ref, one.payment_key()) == (&other.order_ref, other.payment_key())
    };
    match rows.windows(2).find(same_key) {
        Some([one, ..]) => {
            let order = &one.order_ref;
            Err(LedgerError::Refused { reason: format!("order {order} has the same payment twice, and they differ") })
        }
        _ => Ok(rows),
    }
}

/// What a payment that was written names, or named before.
struct Named {
    order_ref: String,
    charge_id: Option<String>,
    payment_intent_id: Option<String>,
    /// Whether the payment is new; `None` for what it named before.
    new: Option<bool>,
}

/// Marks the disputes that an import could concern, by what a payment says or said before, and makes stale what was
/// decided from the orders as they were: by the version of the dispute and, for one that is recorded right now, by that
/// of the orders. The lock waits for whoever is recording, so that the statement after it sees what they wrote.
async fn mark(connection: &mut PgConnection, named: &[Named]) -> Result<(), LedgerError> {
    lock(&mut *connection, ORDERS_LOCK).await?;
    sqlx::query!(
        r#"INSERT INTO chargebook.order_book AS b (version) VALUES (1)
           ON CONFLICT (only_row) DO UPDATE SET version = b.version + 1"#
    )
    .execute(&mut *connection)
    .await
    .map_err(ledger_error)?;
    sqlx::query!(
        r#"WITH named AS (
               SELECT * FROM UNNEST($1::text[], $2::text[], $3::text[]) AS n(order_ref, charge_id, payment_intent_id)
           ), concerned AS (
               SELECT d.account, d.dispute_id FROM chargebook.disputes d JOIN named USING (charge_id)
               UNION
               SELECT d.account, d.dispute_id FROM chargebook.disputes d JOIN named USING (payment_intent_id)
               UNION
               SELECT d.account, d.dispute_id FROM chargebook.disputes d JOIN named n ON n.order_ref = d.order_hint
               UNION
               SELECT l.account, l.dispute_id FROM chargebook.order_links l JOIN named USING (order_ref)
           )
           UPDATE chargebook.disputes d SET match_due = true, version = d.version + 1
           FROM concerned c WHERE d.account = c.account AND d.dispute_id = c.dispute_id"#,
        &column(named, |row| row.order_ref.as_str()) as _,
        &column(named, |row| row.charge_id.as_deref()) as _,
        &column(named, |row| row.payment_intent_id.as_deref()) as _
    )
    .execute(connection)
    .await
    .map_err(ledger_error)?;
    Ok(())
}
