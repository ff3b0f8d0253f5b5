use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{LedgerError, OutboxMessage};
use crate::alerts::{AlertBounds, AlertKind, Wrong};

/// Knows what is wrong, and what of it somebody was told.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Alerts: Send + Sync {
    /// What is wrong by `bounds` and nobody was told of, by kind and then by when it began; ten thousand of a kind at most. A
    /// summary is late also where no day was ever sealed, as [`AlertBounds::not_sealed`] says.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn untold(&self, bounds: &AlertBounds) -> Result<Vec<Wrong>, LedgerError>;

    /// Keeps that all of these are told of by `message`, which is owed then, in one transaction. `false`, and nothing is kept,
    /// when one of them was told of meanwhile: of several calls for one subject exactly one owes anything.
    ///
    /// # Errors
    /// [`LedgerError`]; then nothing was kept.
    async fn tell(
        &self,
        kind: AlertKind,
        subjects: &[String],
        message: &OutboxMessage,
        now: DateTime<Utc>,
    ) -> Result<bool, LedgerError>;
}
