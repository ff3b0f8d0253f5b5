//! What the record holds, to be compared with the source's.

use std::collections::BTreeSet;

use async_trait::async_trait;
use chargebook_domain::ports::{Completeness, LedgerError, Period};
use chargebook_domain::{AccountId, CauseId, ChargeId, DisputeId, Movement, MovementId};
use chrono::{DateTime, Utc};

use crate::error::{corrupt, read_error};
use crate::load::MovementRow;
use crate::{PostgresLedger, column};

// What is asked by keys is planned anew each time, which costs nothing beside the answer of a source: a plan that was
// made while a table was empty would go through all of the account's rows.
#[async_trait]
impl Completeness for PostgresLedger {
    async fn unknown_events(&self, account: &AccountId, events: &[CauseId]) -> Result<Vec<CauseId>, LedgerError> {
        let known = sqlx::query_scalar!(
            "SELECT event_id FROM chargebook.source_events WHERE account = $1 AND event_id = ANY($2)",
            account.as_str(),
            &column(events, CauseId::as_str) as _
        )
        .persistent(false)
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)?;
        let known: BTreeSet<_> = known.into_iter().collect();
        Ok(events.iter().filter(|event| !known.contains(event.as_str())).cloned().collect())
    }

    async fn unknown_movements(
        &self,
        account: &AccountId,
        movements: &[MovementId],
    ) -> Result<Vec<MovementId>, LedgerError> {
        let known = sqlx::query_scalar!(
            "SELECT movement_id FROM chargebook.movements WHERE account = $1 AND movement_id = ANY($2)",
            account.as_str(),
            &column(movements, MovementId::as_str) as _
        )
        .persistent(false)
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)?;
        let known: BTreeSet<_> = known.into_iter().collect();
        Ok(movements.iter().filter(|movement| !known.contains(movement.as_str())).cloned().collect())
    }

    async fn disputes_of_charge(&self, account: &AccountId, charge: &ChargeId) -> Result<Vec<DisputeId>, LedgerError> {
        let disputes = sqlx::query_scalar!(
            "SELECT dispute_id FROM chargebook.disputes WHERE account = $1 AND charge_id = $2 ORDER BY dispute_id",
            account.as_str(),
            charge.as_str()
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)?;
        disputes
            .iter()
            .map(|dispute| DisputeId::parse(dispute).map_err(|_| corrupt("disputes", "dispute_id", dispute)))
            .collect()
    }

    async fn oldest_open(
        &self,
        account: &AccountId,
        unchanged_since: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, LedgerError> {
        sqlx::query_scalar!(
            r#"SELECT min(opened_at) FROM chargebook.disputes
               WHERE account = $1 AND closed_at IS NULL AND status_as_of < $2"#,
            account.as_str(),
            unchanged_since
        )
        .fetch_one(&self.pool)
        .await
        .map_err(read_error)
    }

    async fn principal(&self, account: &AccountId, period: Period) -> Result<Vec<Movement>, LedgerError> {
        let rows = sqlx::query_as!(
            MovementRow,
            r#"SELECT account, movement_id, category, amount_minor, fee_minor, net_minor, currency,
                      occurred_at, available_on, reporting_category, stripe_type, description, source
               FROM chargebook.movements
               WHERE account = $1 AND occurred_at >= $2 AND occurred_at < $3
                 AND category IN ('withdrawal', 'reinstatement')
               ORDER BY occurred_at, movement_id"#,
            account.as_str(),
            period.from,
            period.until
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)?;
        rows.into_iter().map(MovementRow::movement).collect()
    }
}
