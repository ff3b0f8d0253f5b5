//! What acts on disputes, once the database may be used.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use chargebook_domain::ports::{
    Alias, Aliases, Conclusion, FollowUp, FollowUps, FollowedUp, Joined, LedgerError, MessageClaim, Outbox, Sent,
};
use chargebook_domain::{DisputeKey, Trigger};
use chrono::{DateTime, Utc};

use super::Gate;

#[async_trait]
impl Aliases for Gate {
    async fn join(&self, alias: &Alias) -> Result<Joined, LedgerError> {
        self.ledger().await?.join(alias).await
    }

    async fn twins(&self, limit: u32) -> Result<Vec<(DisputeKey, DisputeKey)>, LedgerError> {
        self.ledger().await?.twins(limit).await
    }
}

#[async_trait]
impl FollowUps for Gate {
    async fn claim_follow_ups(
        &self,
        now: DateTime<Utc>,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<FollowUp>, LedgerError> {
        self.ledger().await?.claim_follow_ups(now, lease, limit).await
    }

    async fn followed_up(&self, follow_ups: &[FollowUp]) -> Result<Vec<Option<FollowedUp>>, LedgerError> {
        self.ledger().await?.followed_up(follow_ups).await
    }

    async fn subject_of(
        &self,
        key: &DisputeKey,
        triggers: &BTreeSet<Trigger>,
    ) -> Result<Option<FollowedUp>, LedgerError> {
        self.ledger().await?.subject_of(key, triggers).await
    }

    async fn conclude(&self, conclusions: &[Conclusion], now: DateTime<Utc>) -> Result<(), LedgerError> {
        self.ledger().await?.conclude(conclusions, now).await
    }

    async fn put_off(
        &self,
        follow_up: &FollowUp,
        reason: &str,
        next: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        self.ledger().await?.put_off(follow_up, reason, next, now).await
    }
}

#[async_trait]
impl Outbox for Gate {
    async fn claim_messages(
        &self,
        now: DateTime<Utc>,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<MessageClaim>, LedgerError> {
        self.ledger().await?.claim_messages(now, lease, limit).await
    }

    async fn settle_message(&self, claim: &MessageClaim, sent: &Sent, now: DateTime<Utc>) -> Result<(), LedgerError> {
        self.ledger().await?.settle_message(claim, sent, now).await
    }

    async fn resend(&self, message: &str, now: DateTime<Utc>) -> Result<bool, LedgerError> {
        self.ledger().await?.resend(message, now).await
    }
}
