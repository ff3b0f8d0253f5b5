//! Hashes customers again under another key.

mod moved;
mod page;

use async_trait::async_trait;
use chargebook_domain::CustomerKey;
use chargebook_domain::ports::{Customers, LedgerError, Rehashed};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::error::{is_conflict, ledger_error};
use crate::order_book::{IMPORT_LOCK, ORDERS_LOCK};
use crate::record::ATTEMPTS_MAX;
use crate::{PostgresLedger, lock};

/// How many payments of orders, or disputes, one step looks at.
const STEP: i64 = 2_000;

#[async_trait]
impl Customers for PostgresLedger {
    #[tracing::instrument(name = "customers.rehash", skip_all)]
    async fn rehash(&self, key: CustomerKey, now: DateTime<Utc>) -> Result<Rehashed, LedgerError> {
        let is_done = sqlx::query_scalar!("SELECT is_done FROM chargebook.customer_keys WHERE key_id = $1", key.id())
            .fetch_optional(&self.pool)
            .await
            .map_err(ledger_error)?;
        if is_done == Some(true) {
            return Ok(Rehashed { is_done: true, ..Rehashed::default() });
        }
        let mut attempts = 1;
        loop {
            match self.rehash_once(&key, now).await {
                Err(error) if attempts < ATTEMPTS_MAX && is_conflict(&error) => attempts += 1,
                answered => return answered,
            }
        }
    }
}

/// How far everybody is known under a key.
#[derive(Default)]
struct Progress {
    first: String,
    then: String,
    is_done: bool,
}

impl PostgresLedger {
    /// No payment is imported meanwhile. Recording goes on until the new hashes are known, and waits while they are
    /// written.
    async fn rehash_once(&self, key: &CustomerKey, now: DateTime<Utc>) -> Result<Rehashed, LedgerError> {
        let mut transaction = self.begin().await.map_err(ledger_error)?;
        lock(&mut transaction, IMPORT_LOCK).await?;
        let known = progress(&mut transaction, key).await?;
        let was_begun = known.is_some();
        let after = known.unwrap_or_default();
        if after.is_done {
            return Ok(Rehashed { is_done: true, ..Rehashed::default() });
        }
        let page = self.page(&mut transaction, key, &after).await?;
        lock(&mut transaction, ORDERS_LOCK).await?;
        let customers = moved::move_all(&mut transaction, &page.moved, key, now).await?;
        moved::mark(&mut transaction, &page).await?;
        let is_kept = keep(&mut transaction, key, was_begun, &page.end).await?;
        transaction.commit().await.map_err(ledger_error)?;
        Ok(Rehashed { orders: page.orders, customers, is_done: page.end.is_done && is_kept })
    }
}

async fn progress(connection: &mut PgConnection, key: &CustomerKey) -> Result<Option<Progress>, LedgerError> {
    sqlx::query_as!(
        Progress,
        r#"SELECT done_first AS first, done_then AS "then", is_done FROM chargebook.customer_keys WHERE key_id = $1"#,
        key.id()
    )
    .fetch_optional(connection)
    .await
    .map_err(ledger_error)
}

/// Keeps how far it came; answers whether it did. Whoever wrote under another key meanwhile has made all of it due again.
async fn keep(
    connection: &mut PgConnection,
    key: &CustomerKey,
    was_begun: bool,
    end: &Progress,
) -> Result<bool, LedgerError> {
    let Progress { first, then, is_done } = end;
    if was_begun {
        let kept = sqlx::query!(
            "UPDATE chargebook.customer_keys SET done_first = $2, done_then = $3, is_done = $4 WHERE key_id = $1",
            key.id(),
            first,
            then,
            is_done
        );
        return Ok(kept.execute(connection).await.map_err(ledger_error)?.rows_affected() > 0);
    }
    forget_others(connection, Some(key)).await?;
    sqlx::query!(
        "INSERT INTO chargebook.customer_keys (key_id, done_first, done_then, is_done) VALUES ($1, $2, $3, $4)",
        key.id(),
        first,
        then,
        is_done
    )
    .execute(connection)
    .await
    .map_err(ledger_error)?;
    Ok(true)
}

/// Once orders are written with `key`, not everybody is known by another any more.
pub(crate) async fn forget_others(connection: &mut PgConnection, key: Option<&CustomerKey>) -> Result<(), LedgerError> {
    sqlx::query!(
        "DELETE FROM chargebook.customer_keys WHERE key_id IS DISTINCT FROM $1",
        key.map(CustomerKey::id) as _
    )
    .execute(connection)
    .await
    .map_err(ledger_error)?;
    Ok(())
}
