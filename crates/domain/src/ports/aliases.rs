use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::LedgerError;
use crate::DisputeKey;

/// That a dispute is the same as another: it was entered twice, came through two doors, or moved with a gateway. It can't
/// be taken back, for its entries are reversed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alias {
    /// The double. It counts as nothing from then on.
    pub key: DisputeKey,
    /// The dispute that counts.
    pub same_as: DisputeKey,
    /// Who says so.
    pub joined_by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub joined_at: DateTime<Utc>,
}

/// Whether two disputes could be joined.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Joined {
    /// It is kept, and the double is due to be decided again.
    Kept,
    /// It was kept before, exactly so.
    KnownBefore,
    /// There is no such dispute.
    NoSuchDispute(DisputeKey),
    /// This one is a double of that one already.
    IsADouble {
        /// The double.
        key: DisputeKey,
        /// What it is the same as.
        of: DisputeKey,
    },
    /// Others are doubles of the one that was to become a double.
    HasDoubles(DisputeKey),
    /// Movements of the account are tied to the one that was to become a double, and would count for nobody.
    HasTies(DisputeKey),
}

/// Keeps which disputes are the same.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Aliases: Send + Sync {
    /// Keeps that two disputes are the same, and makes the double due to be decided again.
    ///
    /// # Errors
    /// [`LedgerError`]; then nothing was kept.
    async fn join(&self, alias: &Alias) -> Result<Joined, LedgerError>;

    /// Disputes in books that are not Stripe's with the id of one in a book of Stripe's, and not joined, with that one; up
    /// to `limit`, by key.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn twins(&self, limit: u32) -> Result<Vec<(DisputeKey, DisputeKey)>, LedgerError>;
}
