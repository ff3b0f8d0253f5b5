use async_trait::async_trait;

use super::{LedgerError, Seal};
use crate::AccountId;
use crate::summary::DayJournal;

/// Writes a day's journal entries as a file that goes with its mail.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait DayJournals: Send + Sync {
    /// The entries that are sealed in the day, of all books or of one; of a day that is not sealed, those that would be.
    /// `None` where there are none.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn of_day(&self, seal: &Seal, book: Option<AccountId>) -> Result<Option<DayJournal>, LedgerError>;
}
