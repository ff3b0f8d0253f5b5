use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::LedgerError;
use crate::{AccountId, CustomerId, DeliveryCount, DisputeId, Money};

/// How a customer stands, for a checkout.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CustomerStanding {
    /// Whether there is such a customer.
    pub is_known: bool,
    /// Whether the latest decision is to block.
    pub is_blocked: bool,
    /// Since when that is so; `None` without a decision.
    pub since: Option<DateTime<Utc>>,
    /// Why it is so.
    pub reason: Option<String>,
    /// From 0 to 100; `None` where none was computed.
    pub score: Option<i16>,
}

/// A dispute, as far as it shows that disputes arrive.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecentDispute {
    /// Its book.
    pub account: AccountId,
    /// Its id.
    pub dispute: DisputeId,
    /// The card's brand.
    pub card_brand: Option<String>,
    /// What the cardholder disputes.
    pub disputed: Money,
    /// The source's word.
    pub status: String,
    /// When it was filed.
    pub opened_at: Option<DateTime<Utc>>,
    /// `matched`, `ambiguous` or `orphan`.
    pub order_match: String,
}

/// How a queue is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QueueState {
    /// Which one: `follow_ups`, `outbox` or `dispute_reads`.
    pub name: String,
    /// What waits, and what waits for its next attempt.
    pub queued: u64,
    /// What is being worked on.
    pub running: u64,
    /// What was given up: a person must look.
    pub failed: u64,
    /// When what waits longest was due.
    pub oldest_due: Option<DateTime<Utc>>,
    /// The last that were given up, 10 at most.
    pub failures: Vec<QueueFailure>,
}

/// Something that was given up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QueueFailure {
    /// What it is called in its queue.
    pub id: String,
    /// When.
    pub ended_at: DateTime<Utc>,
    /// Why.
    pub reason: Option<String>,
}

/// Whether disputes arrive, in figures.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ingestion {
    /// The disputes that were filed last, 10 at most, the latest first; without doubles.
    pub recent: Vec<RecentDispute>,
    /// How deliveries of the last 90 days were answered.
    pub counts: Vec<DeliveryCount>,
    /// Events of disputes that were booked since the last delivery of any source, and so were never delivered.
    pub fetched: u64,
    /// Received events that are in quarantine.
    pub in_quarantine: u64,
    /// The queues.
    pub queues: Vec<QueueState>,
}

/// What a server tells of the books to those who ask it, and what it counts for that.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Overview: Send + Sync {
    /// How a customer stands, who is asked for by the present hash or a former one.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn standing(&self, customer: &CustomerId) -> Result<CustomerStanding, LedgerError>;

    /// Whether disputes arrive.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn ingestion(&self, now: DateTime<Utc>) -> Result<Ingestion, LedgerError>;

    /// Adds to what was counted before.
    ///
    /// # Errors
    /// [`LedgerError`]; then none of it was added, or nobody knows.
    async fn count_deliveries(&self, counts: &[DeliveryCount]) -> Result<(), LedgerError>;
}
