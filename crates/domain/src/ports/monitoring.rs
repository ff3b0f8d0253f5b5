use std::collections::BTreeSet;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{LedgerError, LoggedRule, OutboxMessage};
use crate::monitor::{AlertKey, Month, Network, Tally, TypedCount};

/// Counts what networks count, and keeps which levels somebody was told of.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Monitoring: Send + Sync {
    /// What was counted from each of these moments up to the next one: one tally fewer than there are moments, which
    /// ascend and are quarters of an hour, as the midnights of every zone are. A dispute counts when it [was filed](crate::Facts::filed_at) and by when its order was paid, a double
    /// never; a fraud warning that names no brand has that of a dispute of its payment, else of an order's payment.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn tally(&self, bounds: &[DateTime<Utc>]) -> Result<Vec<Tally>, LedgerError>;

    /// Of the same only the orders and their payments, for one stretch.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn payments(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Tally, LedgerError>;

    /// The payments of months as they were typed in last, by network and month.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn typed_in(&self) -> Result<Vec<(Network, Month, u64)>, LedgerError>;

    /// Keeps payments of a month. What was typed in before stays as history.
    ///
    /// # Errors
    /// [`LedgerError`]; then nothing was kept.
    async fn type_in(&self, count: &TypedCount) -> Result<(), LedgerError>;

    /// The levels of a month that somebody was told of.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn alerted(&self, month: Month) -> Result<BTreeSet<AlertKey>, LedgerError>;

    /// Keeps an alert with the messages it owes and the rules that were looked at for it, in one transaction. `false`,
    /// and nothing is kept, when the alert was kept before: of several calls for one alert exactly one owes anything.
    ///
    /// # Errors
    /// [`LedgerError`]; then nothing was kept.
    async fn keep_alert(
        &self,
        alert: &AlertKey,
        rules: &[LoggedRule],
        messages: &[OutboxMessage],
        now: DateTime<Utc>,
    ) -> Result<bool, LedgerError>;
}
