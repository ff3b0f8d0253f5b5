//! Which accounting periods are closed.

use async_trait::async_trait;
use chargebook_domain::ports::{Closed, Closing, LedgerError, Periods};

use crate::error::{ledger_error, read_error};
use crate::order_book::ORDERS_LOCK;
use crate::{PostgresLedger, lock};

#[async_trait]
impl Periods for PostgresLedger {
    async fn close_period(&self, closing: &Closing) -> Result<Closed, LedgerError> {
        let mut transaction = self.begin().await.map_err(ledger_error)?;
        // Those who book hold it as well, so that all that they post is there or comes after.
        lock(&mut transaction, ORDERS_LOCK).await?;
        let last = sqlx::query_scalar!("SELECT max(closed_through) FROM chargebook.closed_periods")
            .fetch_one(&mut *transaction)
            .await
            .map_err(ledger_error)?;
        if let Some(through) = last.filter(|through| *through >= closing.through) {
            return Ok(Closed::Before(through));
        }
        sqlx::query!(
            r#"INSERT INTO chargebook.closed_periods (closed_through, closed_by, closed_at, reason)
               VALUES ($1, $2, $3, $4)"#,
            closing.through,
            closing.closed_by,
            closing.closed_at,
            closing.reason
        )
        .execute(&mut *transaction)
        .await
        .map_err(ledger_error)?;
        transaction.commit().await.map_err(ledger_error)?;
        Ok(Closed::Kept)
    }

    async fn closings(&self) -> Result<Vec<Closing>, LedgerError> {
        sqlx::query_as!(
            Closing,
            r#"SELECT closed_through AS through, closed_by, reason, closed_at
               FROM chargebook.closed_periods ORDER BY closed_through DESC"#
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)
    }
}
