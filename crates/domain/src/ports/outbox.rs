use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{LedgerError, OutboxMessage};

/// The right to send a message, once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MessageClaim {
    /// The message.
    pub message: OutboxMessage,
    /// Counts the attempts from 1; settling must name the one it ends.
    pub attempt: i32,
}

/// How an attempt to send ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sent {
    /// It was taken.
    Done,
    /// It was not, or nobody knows: it is sent again.
    Again {
        /// When.
        at: DateTime<Utc>,
        /// Why, in a sentence.
        reason: String,
    },
    /// It was not, and is not sent again until a person says so.
    Dead {
        /// Why, in a sentence.
        reason: String,
    },
}

/// Keeps the mails and webhooks that rules and alerts owe, until they are taken.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Takes up to `limit` messages that are due, those that are due longest first and then by id, for as long as
    /// `lease`. A claim whose lease ran out is handed out again: a message may be sent twice, and is never not sent.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn claim_messages(
        &self,
        now: DateTime<Utc>,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<MessageClaim>, LedgerError>;

    /// Keeps how an attempt ended. A claim that is not the present one changes nothing.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn settle_message(&self, claim: &MessageClaim, sent: &Sent, now: DateTime<Utc>) -> Result<(), LedgerError>;

    /// Makes a dead message due once more; `false` when there is no such dead message.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn resend(&self, message: &str, now: DateTime<Utc>) -> Result<bool, LedgerError>;
}
