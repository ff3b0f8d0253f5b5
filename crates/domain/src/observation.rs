//! What a source says of one dispute as of a moment.

use chrono::{DateTime, Utc};

use crate::{CardHash, CauseId, ChargeId, DisputeKey, Money, Movement, OrderRef, PaymentIntentId, Status};

/// How an observation was made. It decides which date its status gets (see [`crate::Facts::runs`]).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Basis {
    /// The source told of a change when it happened: its time is the change's.
    Event,
    /// The source was asked: the change happened at some time before.
    Read,
}

impl Basis {
    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Read => "read",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Event, Self::Read].into_iter().find(|basis| basis.as_str() == word)
    }
}

/// What a source claims of a dispute beside its status and its money. What it does not say is `None`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Claims {
    /// What the cardholder disputes, in the currency of the charge. Never summed with settled money.
    pub disputed: Money,
    /// The charge.
    pub charge: Option<ChargeId>,
    /// The payment intent; old charges have none.
    pub payment_intent: Option<PaymentIntentId>,
    /// The order, where the payment's metadata names it.
    pub order_hint: Option<OrderRef>,
    /// The source's word for the cardholder's reason.
    pub reason: Option<String>,
    /// The source's word for the kind of case, such as `chargeback` or `inquiry`.
    pub case_type: Option<String>,
    /// The card's brand.
    pub card_brand: Option<String>,
    /// The card's last four digits.
    pub card_last4: Option<String>,
    /// The card, by a keyed hash of the source's fingerprint of it.
    pub card_hash: Option<CardHash>,
    /// When the dispute was filed.
    pub opened_at: Option<DateTime<Utc>>,
    /// Until when evidence can be submitted.
    pub evidence_due_by: Option<DateTime<Utc>>,
    /// Whether evidence was submitted.
    pub evidence_submitted: Option<bool>,
}

impl Claims {
    /// Claims nothing but the disputed amount.
    #[must_use]
    pub fn of(disputed: Money) -> Self {
        Self {
            disputed,
            charge: None,
            payment_intent: None,
            order_hint: None,
            reason: None,
            case_type: None,
            card_brand: None,
            card_last4: None,
            card_hash: None,
            opened_at: None,
            evidence_due_by: None,
            evidence_submitted: None,
        }
    }
}

/// A statement of a source about one dispute: the input of [`crate::decide`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Observation {
    /// The dispute.
    pub key: DisputeKey,
    /// What made it known. The same cause always says the same.
    pub cause: CauseId,
    /// Whether the source told or was asked.
    pub basis: Basis,
    /// The moment it speaks of, in the source's time.
    pub as_of: DateTime<Utc>,
    /// The status then.
    pub status: Status,
    /// What else it claims.
    pub claims: Claims,
    /// The movements it shows.
    pub movements: Vec<Movement>,
}
