use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{LedgerError, Period};
use crate::{AccountId, CauseId, ChargeId, DisputeId, Movement, MovementId};

/// Says what the record holds, so that it can be compared with the source's.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Completeness: Send + Sync {
    /// Which of these events were never received, in the order asked.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn unknown_events(&self, account: &AccountId, events: &[CauseId]) -> Result<Vec<CauseId>, LedgerError>;

    /// Which of these movements are not in the books, in the order asked.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn unknown_movements(
        &self,
        account: &AccountId,
        movements: &[MovementId],
    ) -> Result<Vec<MovementId>, LedgerError>;

    /// The disputes of a charge that are in the books, by id.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn disputes_of_charge(&self, account: &AccountId, charge: &ChargeId) -> Result<Vec<DisputeId>, LedgerError>;

    /// When the oldest of the open disputes was filed, of those whose status is from before `unchanged_since`; `None` when
    /// there is none.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn oldest_open(
        &self,
        account: &AccountId,
        unchanged_since: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, LedgerError>;

    /// The withdrawals and reinstatements of a period, by time and id, those of disputes and those of the account.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn principal(&self, account: &AccountId, period: Period) -> Result<Vec<Movement>, LedgerError>;
}
