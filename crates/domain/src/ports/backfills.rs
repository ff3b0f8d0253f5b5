use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Cursor, LedgerError, Period};
use crate::AccountId;

/// What pages of a backfill came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Disputes that were not in the books.
    pub new: u64,
    /// Disputes of which everything was known.
    pub known: u64,
    /// Disputes that were in the books, of which something was new.
    pub changed: u64,
    /// Of the new and the changed: those without an order.
    pub orphaned: u64,
    /// Disputes that are kept whole and in nobody's books.
    pub quarantined: u64,
}

/// A part of a backfill, which is paged by itself, and how far it has come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Slice {
    /// Whose disputes.
    pub account: AccountId,
    /// The backfill that it is a part of.
    pub backfill: Period,
    /// The part.
    pub period: Period,
    /// Where its next page begins; `None` before the first, and when it is done.
    pub after: Option<Cursor>,
    /// Whether nothing is left.
    pub is_done: bool,
    /// What its pages came to so far.
    pub tally: Tally,
}

impl Slice {
    /// A part of which nothing was read yet.
    #[must_use]
    pub fn of(account: AccountId, backfill: Period, period: Period) -> Self {
        Self { account, backfill, period, after: None, is_done: false, tally: Tally::default() }
    }
}

/// Keeps how far backfills have come, so that one that was killed goes on.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Backfills: Send + Sync {
    /// The slices of the backfill of `account` since `since`: those of the one that is not done yet, with `until` if that
    /// is given, or else the one that ends last; if there is none, those of a new one, which are `slices`. They come by time.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn open_backfill(
        &self,
        account: &AccountId,
        since: DateTime<Utc>,
        until: Option<DateTime<Utc>>,
        slices: &[Slice],
    ) -> Result<Vec<Slice>, LedgerError>;

    /// Keeps how far a slice has come.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn advance(&self, slice: &Slice) -> Result<(), LedgerError>;
}
