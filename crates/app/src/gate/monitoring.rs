//! What networks count, once the database may be used.

use std::collections::BTreeSet;

use async_trait::async_trait;
use chargebook_domain::monitor::{AlertKey, Month, Network, Tally, TypedCount};
use chargebook_domain::ports::{LedgerError, LoggedRule, Monitoring, OutboxMessage};
use chrono::{DateTime, Utc};

use super::Gate;

#[async_trait]
impl Monitoring for Gate {
    async fn tally(&self, bounds: &[DateTime<Utc>]) -> Result<Vec<Tally>, LedgerError> {
        self.ledger().await?.tally(bounds).await
    }

    async fn payments(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Tally, LedgerError> {
        self.ledger().await?.payments(from, until).await
    }

    async fn typed_in(&self) -> Result<Vec<(Network, Month, u64)>, LedgerError> {
        self.ledger().await?.typed_in().await
    }

    async fn type_in(&self, count: &TypedCount) -> Result<(), LedgerError> {
        self.ledger().await?.type_in(count).await
    }

    async fn alerted(&self, month: Month) -> Result<BTreeSet<AlertKey>, LedgerError> {
        self.ledger().await?.alerted(month).await
    }

    async fn keep_alert(
        &self,
        alert: &AlertKey,
        rules: &[LoggedRule],
        messages: &[OutboxMessage],
        now: DateTime<Utc>,
    ) -> Result<bool, LedgerError> {
        self.ledger().await?.keep_alert(alert, rules, messages, now).await
    }
}
