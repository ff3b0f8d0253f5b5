use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::{
    AccountId, CauseId, Change, ChargeId, DisputeKey, FraudWarning, JournalEntry, Movement, Observation, OrderRef,
    PaymentIntentId, Stored,
};

/// Which state of a dispute something was decided from; zero before it was first recorded.
pub type Version = i64;

/// What to load for a dispute.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Lookup {
    /// The dispute.
    pub key: DisputeKey,
    /// Order payments are looked for by this charge, beside those that the recorded facts name.
    pub charge: Option<ChargeId>,
    /// The same by payment intent.
    pub payment_intent: Option<PaymentIntentId>,
    /// The same by order.
    pub order: Option<OrderRef>,
}

impl Lookup {
    /// Looks for what is recorded, and for nothing else.
    #[must_use]
    pub fn recorded(key: DisputeKey) -> Self {
        Self { key, charge: None, payment_intent: None, order: None }
    }

    /// Looks for what an observation needs to be decided.
    #[must_use]
    pub fn of(observation: &Observation) -> Self {
        let claims = &observation.claims;
        Self {
            key: observation.key.clone(),
            charge: claims.charge.clone(),
            payment_intent: claims.payment_intent.clone(),
            order: claims.order_hint.clone(),
        }
    }
}

/// What became of a source event.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Disposition {
    /// It is in the books.
    Recorded,
    /// It is not about disputes.
    Ignored,
    /// It is kept whole, and in nobody's books.
    Quarantined,
}

impl Disposition {
    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Ignored => "ignored",
            Self::Quarantined => "quarantined",
        }
    }
}

/// A source event as it was received.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cause {
    /// The book.
    pub account: AccountId,
    /// The event.
    pub id: CauseId,
    /// The source's word for its kind.
    pub event_type: String,
    /// When it arrived.
    pub received_at: DateTime<Utc>,
    /// The exact bytes, where they are kept.
    pub body: Option<Vec<u8>>,
}

/// What is recorded for one or several causes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Content {
    /// A dispute changes.
    Change(Box<Change>),
    /// Money moved on the account that no dispute claims: the movement and its entry, if it has one.
    AccountMovement(Box<Movement>, Option<JournalEntry>),
    /// A person adjusts the journal. The entry is the account's, also where it names a dispute: no figure changes.
    Adjustment(Box<JournalEntry>),
    /// An early fraud warning. One that is known is not kept again.
    FraudWarning(Box<FraudWarning>),
    /// Nothing: the event is not about disputes.
    Ignored,
    /// Nothing: the event could not be booked.
    Quarantined {
        /// A sentence for the person who looks into it.
        reason: String,
    },
}

impl Content {
    /// What becomes of the source events behind it, and why, where they are quarantined.
    #[must_use]
    pub fn disposition(&self) -> (Disposition, Option<&str>) {
        match self {
            Self::Change(_) | Self::AccountMovement(..) | Self::Adjustment(_) | Self::FraudWarning(_) => {
                (Disposition::Recorded, None)
            }
            Self::Ignored => (Disposition::Ignored, None),
            Self::Quarantined { reason } => (Disposition::Quarantined, Some(reason)),
        }
    }
}

/// One part of a batch; recorded whole or not at all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The source events behind it; none when no event caused it.
    pub causes: Vec<Cause>,
    /// What is recorded.
    pub content: Content,
}

/// What became of an entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It is durable. For each cause, in order: whether it was known before.
    Recorded {
        /// One for each cause.
        known_before: Vec<bool>,
    },
    /// The dispute was changed meanwhile, and nothing of the entry was written: load and decide again.
    Stale,
}

/// Keeps disputes, their movements, their journal and what they mean for orders.
///
/// Everything of one [`Entry`] becomes visible together or not at all, and a cause that was recorded before changes
/// nothing. A cause that was quarantined is recorded when it comes again and can be booked.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Ledger: Send + Sync {
    /// All that is recorded of each dispute and needed to decide, in the order asked for. A dispute that was never seen
    /// has version 0 and no facts.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`] or [`LedgerError::Corrupt`].
    async fn load(&self, lookups: &[Lookup]) -> Result<Vec<Stored>, LedgerError>;

    /// Records a batch in one transaction; answers for each entry, in order.
    ///
    /// A batch names a dispute, and a cause, at most once.
    ///
    /// # Errors
    /// On any error nothing of the batch was written, but for [`LedgerError::Unavailable`] when the answer to the commit
    /// was lost: recording the same batch again settles it.
    async fn record(&self, batch: &[Entry], recorded_at: DateTime<Utc>) -> Result<Vec<Answer>, LedgerError>;
}

/// Why the ledger did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The content of some entry can't be kept. Recording the same again ends the same.
    #[error("the ledger refused the content: {reason}")]
    Refused {
        /// A sentence for a person, without the content.
        reason: String,
    },
    /// The ledger can't be reached, or is too busy. Try again later.
    #[error("the ledger is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Something stored can't be read back: a person must look.
    #[error("the ledger holds something that can't be read: {what}")]
    Corrupt {
        /// Which table, row and column.
        what: String,
    },
}
