use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::LedgerError;
use crate::{DisputeKey, ReadReason};

/// The right to read a dispute again, once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReadClaim {
    /// The dispute.
    pub key: DisputeKey,
    /// Why.
    pub reason: ReadReason,
    /// Counts the attempts; settling must name the one it ends.
    pub attempt: i32,
}

/// Keeps which disputes must be read again. [`Ledger::record`](super::Ledger::record) adds to it what a change
/// [owes](crate::Change::owed_read), in the same transaction. A dispute is in it at most once: what it owes twice is read
/// once, at the earlier time; what it comes to owe when a read is due already, or being made, has its own time.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ReadQueue: Send + Sync {
    /// Takes up to `limit` reads that are due, those that are due longest first and then by key, for as long as `lease`. A claim whose
    /// lease ran out is handed out again.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn claim_reads(&self, now: DateTime<Utc>, lease: Duration, limit: u32)
    -> Result<Vec<ReadClaim>, LedgerError>;

    /// Ends a claim: the dispute is read again at `next`, or not again. A claim that is not the present one, or whose
    /// dispute came to owe another read meanwhile, changes nothing.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn settle_read(&self, claim: &ReadClaim, next: Option<DateTime<Utc>>) -> Result<(), LedgerError>;
}
