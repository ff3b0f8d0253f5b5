use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};

use super::LedgerError;

/// That an accounting period is closed. It can't be taken back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Closing {
    /// The last day of the period; it begins after the last that is closed.
    pub through: NaiveDate,
    /// Who closes it.
    pub closed_by: String,
    /// Why, such as which report it is for.
    pub reason: String,
    /// When.
    pub closed_at: DateTime<Utc>,
}

/// Whether a period could be closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Closed {
    /// It is closed: no entry is posted on its days from now on.
    Kept,
    /// The books were closed through this day before, which is as late or later.
    Before(NaiveDate),
}

/// Keeps which accounting periods are closed, in all books alike.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Periods: Send + Sync {
    /// Closes a period. What is being recorded meanwhile is posted before it closes or after its last day.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn close_period(&self, closing: &Closing) -> Result<Closed, LedgerError>;

    /// The periods that are closed, the latest first.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn closings(&self) -> Result<Vec<Closing>, LedgerError>;
}
