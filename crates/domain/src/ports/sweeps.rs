use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{LedgerError, Period};
use crate::AccountId;

/// A piece of work that is done at intervals, by one process at a time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SweepKind {
    /// Looks for events that never arrived.
    Gaps,
    /// Looks for money that no dispute has shown.
    Money,
    /// Reads open disputes again.
    Open,
}

impl SweepKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Gaps, Self::Money, Self::Open];

    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gaps => "gaps",
            Self::Money => "money",
            Self::Open => "open",
        }
    }
}

/// A wish to sweep.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SweepRequest {
    /// Whose.
    pub account: AccountId,
    /// What.
    pub kind: SweepKind,
    /// When.
    pub now: DateTime<Utc>,
    /// How long after the last one.
    pub every: Duration,
    /// How long it may take.
    pub lease: Duration,
}

/// The right to sweep.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sweep {
    /// Whose.
    pub account: AccountId,
    /// What.
    pub kind: SweepKind,
    /// Counts the attempts; finishing must name the one it ends.
    pub attempt: i32,
    /// When the last one that was finished was begun; `None` if there was none.
    pub last: Option<DateTime<Utc>>,
}

/// Keeps which sweeps are due, and how far the record is known to be whole.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Sweeps: Send + Sync {
    /// Takes the right to sweep, for as long as the lease; `None` when it is another's, or when the last one that was
    /// finished was begun less than `every` ago.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn begin_sweep(&self, request: &SweepRequest) -> Result<Option<Sweep>, LedgerError>;

    /// Ends a sweep that was begun at `begun`. One that is not the present one changes nothing.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn finish_sweep(&self, sweep: &Sweep, begun: DateTime<Utc>) -> Result<(), LedgerError>;

    /// The stretch for which the record of events is known to be whole; `None` when that is not known of any.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn whole(&self, account: &AccountId) -> Result<Option<Period>, LedgerError>;

    /// Keeps that the record is whole for `period`. Where that meets or overlaps what was known, the two are one; where
    /// it does not, the one that ends later counts.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn note_whole(&self, account: &AccountId, period: Period) -> Result<(), LedgerError>;
}
