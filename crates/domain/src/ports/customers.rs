use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::LedgerError;
use crate::CustomerKey;

/// What a step of hashing again did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Rehashed {
    /// Orders whose hash is another now.
    pub orders: u64,
    /// Customers that are known by another hash now, and keep all that is known of them.
    pub customers: u64,
    /// Whether nothing is left to do.
    pub is_done: bool,
}

/// Keeps by which hash customers are known.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Customers: Send + Sync {
    /// Does a bounded part of what is left to do before every order and every customer is known by its hash under `key`:
    /// after a key was first set, or was changed. The old hash of a customer stays linked to the new one.
    ///
    /// # Errors
    /// [`LedgerError`]; then nothing of this step was done.
    async fn rehash(&self, key: CustomerKey, now: DateTime<Utc>) -> Result<Rehashed, LedgerError>;
}
