use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Cursor, Page, Read, ReadError};

/// Asks a shop what its webhooks may not have told, as they are delivered once. Lists begin with no `after`, and go on
/// with [`Page::next`]; what can't be understood is among the items, and hides no other.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ShopReader: Send + Sync {
    /// A page of the orders that changed at `modified_from` or later.
    ///
    /// # Errors
    /// [`ReadError`].
    async fn orders(&self, modified_from: DateTime<Utc>, after: Option<Cursor>) -> Result<Page<Read>, ReadError>;

    /// A page of the disputes that were filed at `filed_from` or later, each as it is now.
    ///
    /// # Errors
    /// [`ReadError`].
    async fn disputes(&self, filed_from: DateTime<Utc>, after: Option<Cursor>) -> Result<Page<Read>, ReadError>;
}
