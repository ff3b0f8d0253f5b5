use chrono::{DateTime, Utc};

use crate::{AccountId, CauseId, FraudWarning, Observation, OrderPayment};

/// A delivery as it came over the wire.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// The signature header, if there is one.
    pub signature: Option<&'a str>,
    /// The exact bytes of the body.
    pub body: &'a [u8],
    /// When it arrived.
    pub received_at: DateTime<Utc>,
}

/// An authentic delivery: the event it carries, and what the source makes of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceEvent {
    /// The book it belongs to.
    pub account: AccountId,
    /// The event's id; `sha256:<hex of the body>` where the body has none that can be read.
    pub id: CauseId,
    /// The source's word for the kind of event; empty where it can't be read.
    pub event_type: String,
    /// Whether it is of live payments, where it says so.
    pub livemode: Option<bool>,
    /// What it says.
    pub reading: Reading,
}

/// What an authentic delivery says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reading {
    /// A statement about a dispute.
    Dispute(Box<Observation>),
    /// A network's early warning that a payment may be fraud.
    FraudWarning(Box<FraudWarning>),
    /// The payments of an order as the shop has them. The body is about a person, and is never kept.
    Order(Vec<OrderPayment>),
    /// An order that is not understood: where in the body, and why. It is quarantined without its body.
    OrderNotUnderstood {
        /// A sentence for the person who looks into it.
        reason: String,
    },
    /// Something that is not about disputes.
    NotADispute,
    /// Meant for us, but not understood: where in the body, and why. Holds no value from the body.
    NotUnderstood {
        /// A sentence for the person who looks into it.
        reason: String,
    },
}

/// Where observations come from.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait DisputeSource: Send + Sync {
    /// Checks that the delivery is authentic, and reads it.
    ///
    /// Nothing of the body is looked at before its signature was accepted. An authentic delivery is never refused:
    /// what can't be understood is a [`Reading::NotUnderstood`].
    ///
    /// # Errors
    /// [`DeliveryRefused`] when it is not authentic.
    #[expect(clippy::elidable_lifetime_names, reason = "mockall needs the name")]
    fn receive<'a>(&self, delivery: &Delivery<'a>) -> Result<SourceEvent, DeliveryRefused>;
}

/// Why a delivery is not authentic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryRefused {
    /// It carries nothing: the sender tries out, unsigned, whether somebody answers. It wants a good answer.
    #[error("nothing was delivered: the sender has tried it out")]
    TriedOut,
    /// There is no signature.
    #[error("the request has no signature header")]
    SignatureMissing,
    /// The signature is not of this body with any known secret.
    #[error("the signature does not match the body")]
    SignatureInvalid,
    /// The signature is right, and too old or too new.
    #[error("the signature's timestamp is more than 300 seconds away from now")]
    TimestampOutOfTolerance,
    /// The body is not UTF-8 text.
    #[error("the body is not UTF-8")]
    BodyNotUtf8,
}

impl DeliveryRefused {
    /// The code in the answer.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::TriedOut => "tried_out",
            Self::SignatureMissing => "signature_missing",
            Self::SignatureInvalid => "signature_invalid",
            Self::TimestampOutOfTolerance => "timestamp_out_of_tolerance",
            Self::BodyNotUtf8 => "body_not_utf8",
        }
    }
}
