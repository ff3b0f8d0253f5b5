use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::LedgerError;
use crate::{DisputeKey, OrderPayment, OrderRef};

/// What an import did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Imported {
    /// Payments that were not known.
    pub new: u64,
    /// Payments whose content changed.
    pub changed: u64,
    /// Payments that were known as they are.
    pub same: u64,
}

/// A person's choice of the order that a dispute is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// The dispute.
    pub key: DisputeKey,
    /// The order.
    pub order: OrderRef,
    /// Who chose.
    pub linked_by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub linked_at: DateTime<Utc>,
}

/// Whether a link could be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Linked {
    /// It is kept, and the dispute is due to be matched.
    Kept,
    /// There is no such dispute.
    NoSuchDispute,
    /// There is no such order.
    NoSuchOrder,
}

/// Keeps the orders that disputes are matched with.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait OrderBook: Send + Sync {
    /// Adds payments, or brings those that are known up to date; all of them or none. The disputes that they could
    /// concern become due.
    ///
    /// # Errors
    /// [`LedgerError`]; then nothing was imported.
    async fn import(&self, payments: &[OrderPayment]) -> Result<Imported, LedgerError>;

    /// Keeps a person's choice, beside all earlier ones.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn link(&self, link: &Link) -> Result<Linked, LedgerError>;

    /// Disputes that should be matched again, up to `limit` of them, by key after `after`: their orders were imported
    /// or linked since, or they have none and now there is one.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn due(&self, after: Option<DisputeKey>, limit: u32) -> Result<Vec<DisputeKey>, LedgerError>;
}
