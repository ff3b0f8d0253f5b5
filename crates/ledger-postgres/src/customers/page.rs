//! What is hashed in one step.

use std::collections::{BTreeMap, BTreeSet};

use chargebook_domain::ports::LedgerError;
use chargebook_domain::{ChargeId, CustomerId, CustomerKey, OrderPayment, OrderRef};
use sqlx::PgConnection;

use super::{Progress, STEP};
use crate::error::ledger_error;
use crate::{OrderSource, PostgresLedger, column};

/// What a step found.
pub(super) struct Page {
    /// How far it looked.
    pub(super) end: Progress,
    /// How many payments of orders have another hash now.
    pub(super) orders: u64,
    /// The new hash of each that was found under another key.
    pub(super) moved: BTreeMap<String, String>,
    /// Orders of Chargebook's own table whose hashes are right now.
    pub(super) hashed: Vec<String>,
    /// Disputes that must be decided again, to know their customers: account and id.
    pub(super) marked: Vec<(String, String)>,
}

/// A dispute with its one order.
struct OfOrder {
    account: String,
    dispute_id: String,
    order_ref: String,
    charge_id: Option<String>,
    customer: Option<String>,
    key_id: Option<String>,
}

impl PostgresLedger {
    /// Looks at what comes after `after`.
    pub(super) async fn page(
        &self,
        connection: &mut PgConnection,
        key: &CustomerKey,
        after: &Progress,
    ) -> Result<Page, LedgerError> {
        match self.orders {
            OrderSource::Table => of_orders(connection, key, after).await,
            OrderSource::View { .. } => self.of_disputes(connection, key, after).await,
        }
    }

    /// A view's rows have no hash beside them. A dispute has one, and its order has the e-mail.
    async fn of_disputes(
        &self,
        connection: &mut PgConnection,
        key: &CustomerKey,
        after: &Progress,
    ) -> Result<Page, LedgerError> {
        let disputes = sqlx::query_as!(
            OfOrder,
            r#"SELECT d.account, d.dispute_id, r.order_ref AS "order_ref!", d.charge_id, d.customer,
                      c.key_id AS "key_id?"
               FROM chargebook.disputes d
               CROSS JOIN LATERAL (SELECT min(r.order_ref) AS order_ref FROM chargebook.order_resolutions r
                   WHERE r.account = d.account AND r.dispute_id = d.dispute_id AND NOT r.ambiguous) r
               LEFT JOIN chargebook.customers c ON c.customer = d.customer
               WHERE (d.account, d.dispute_id) > ($1, $2) AND r.order_ref IS NOT NULL
               ORDER BY d.account, d.dispute_id LIMIT $3"#,
            after.first,
            after.then,
            STEP
        )
        .fetch_all(&mut *connection)
        .await
        .map_err(ledger_error)?;
        let order = |dispute: &OfOrder| OrderRef::parse(&dispute.order_ref).ok();
        let orders: BTreeSet<_> = disputes.iter().filter_map(order).collect();
        let payments = self.orders.payments(connection, &BTreeSet::new(), &BTreeSet::new(), &orders).await?;
        let mut of_order: BTreeMap<&str, Vec<&OrderPayment>> = BTreeMap::new();
        for payment in &payments {
            of_order.entry(payment.order_ref.as_str()).or_default().push(payment);
        }
        let last = disputes.last().map(|last| (last.account.clone(), last.dispute_id.clone()));
        let end = end(disputes.len(), last, after);
        let (mut moved, mut marked) = (BTreeMap::new(), Vec::new());
        for dispute in disputes {
            let own = of_order.get(dispute.order_ref.as_str()).map(Vec::as_slice).unwrap_or_default();
            // Where the order is gone from the view, the customer keeps the hash.
            let Some(new) = customer(own, dispute.charge_id.as_deref(), key) else { continue };
            match (dispute.customer, dispute.key_id) {
                (Some(old), _) if old == new.as_str() => {}
                (Some(old), Some(under)) if under != key.id() => {
                    moved.insert(old, new.to_string());
                }
                (Some(_) | None, _) => marked.push((dispute.account, dispute.dispute_id)),
            }
        }
        Ok(Page { end, orders: 0, moved, hashed: Vec::new(), marked })
    }
}

/// Whose payment it is that is disputed, else of the first that says; as it is decided for a dispute.
fn customer(payments: &[&OrderPayment], charge: Option<&str>, key: &CustomerKey) -> Option<CustomerId> {
    let mut own = payments.to_vec();
    let is_other = |payment: &OrderPayment| charge.is_none() || payment.charge.as_ref().map(ChargeId::as_str) != charge;
    own.sort_by_key(|payment| (is_other(payment), payment.payment_key()));
    own.into_iter().find_map(|payment| key.customer(payment.customer_email.as_deref()?))
}

/// The old hash stands beside the e-mail that it was made of.
async fn of_orders(connection: &mut PgConnection, key: &CustomerKey, after: &Progress) -> Result<Page, LedgerError> {
    let payments = sqlx::query!(
        r#"SELECT order_ref, payment_key, customer_email, customer FROM chargebook.orders
           WHERE (order_ref, payment_key) > ($1, $2) ORDER BY order_ref, payment_key LIMIT $3"#,
        after.first,
        after.then,
        STEP
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(ledger_error)?;
    let last = payments.last().map(|last| (last.order_ref.clone(), last.payment_key.clone()));
    let end = end(payments.len(), last, after);
    let mut orders: Vec<_> = payments.iter().map(|payment| payment.order_ref.clone()).collect();
    orders.dedup();
    let hashed = payments.into_iter().map(|payment| {
        let new = payment.customer_email.as_deref().and_then(|email| key.customer(email));
        (payment.order_ref, payment.payment_key, payment.customer, new.map(|new| new.to_string()))
    });
    let changed: Vec<_> = hashed.filter(|(_, _, old, new)| old != new).collect();
    sqlx::query!(
        r#"UPDATE chargebook.orders o SET customer = n.customer
           FROM UNNEST($1::text[], $2::text[], $3::text[]) AS n(order_ref, payment_key, customer)
           WHERE o.order_ref = n.order_ref AND o.payment_key = n.payment_key"#,
        &column(&changed, |(order, ..)| order.as_str()) as _,
        &column(&changed, |(_, payment, ..)| payment.as_str()) as _,
        &column(&changed, |(.., new)| new.as_deref()) as _
    )
    .execute(&mut *connection)
    .await
    .map_err(ledger_error)?;
    let moved = changed.iter().filter_map(|(.., old, new)| Some((old.clone()?, new.clone()?)));
    let count = u64::try_from(changed.len()).unwrap_or(u64::MAX);
    Ok(Page { end, orders: count, moved: moved.collect(), hashed: orders, marked: Vec::new() })
}

/// Where a page of so many rows ended: everywhere, when it was not full.
fn end(rows: usize, last: Option<(String, String)>, after: &Progress) -> Progress {
    let is_done = i64::try_from(rows).is_ok_and(|rows| rows < STEP);
    let (first, then) = last.unwrap_or_else(|| (after.first.clone(), after.then.clone()));
    Progress { first, then, is_done }
}
