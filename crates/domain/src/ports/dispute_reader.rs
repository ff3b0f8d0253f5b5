use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::SourceEvent;
use crate::{AccountId, CauseId, ChargeId, DisputeId, DisputeKey, Movement};

/// A stretch of the source's time: from `from` on, and before `until`. Sources count in whole seconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Period {
    /// Its first moment.
    pub from: DateTime<Utc>,
    /// The first moment after it.
    pub until: DateTime<Utc>,
}

/// Where the next page of a listing begins. Only the source that made it knows what it means.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Cursor(String);

impl Cursor {
    /// A cursor as its source wrote it.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// What its source wrote.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What to list: a page of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listing {
    /// Whose.
    pub account: AccountId,
    /// From when.
    pub period: Period,
    /// Where the page begins; `None` for the first.
    pub after: Option<Cursor>,
}

impl Listing {
    /// The first page.
    #[must_use]
    pub fn of(account: AccountId, period: Period) -> Self {
        Self { account, period, after: None }
    }

    /// The page that begins at `next`, if there is one.
    #[must_use]
    pub fn then(self, next: Option<Cursor>) -> Option<Self> {
        next.map(|next| Self { after: Some(next), ..self })
    }
}

/// A page of a listing, the latest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page<T> {
    /// At most 100. What can't be understood is among them, and hides no other.
    pub items: Vec<T>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<Cursor>,
}

/// How much is asked of a dispute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detail {
    /// The dispute and its movements.
    Dispute,
    /// Its payment as well, which may name the order. Where the key may not read payments, it is left out.
    WithPayment,
}

/// An object that was read, and its exact bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Read {
    /// What it says. A dispute that was read is an observation by [`Basis::Read`](crate::Basis::Read), as of the source's
    /// own clock less a second; its cause names the content. A listed event is the event.
    pub event: SourceEvent,
    /// The bytes.
    pub body: Vec<u8>,
}

/// Which movements of an account to list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MovementKind {
    /// Adjustments: disputed money is among them.
    Adjustment,
    /// The source's own fees.
    Fee,
}

/// What a movement came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// A dispute.
    Dispute(DisputeId),
    /// A charge, as on rows of 2015.
    Charge(ChargeId),
    /// Something else, or it is not said.
    Other,
}

/// A row of an account's movements.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReadMovement {
    /// Whose.
    pub account: AccountId,
    /// Names the row: the same row has the same, whenever it is read.
    pub cause: CauseId,
    /// The exact bytes.
    pub body: Vec<u8>,
    /// What it says.
    pub reading: MovementReading,
}

/// What a row says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MovementReading {
    /// Money moved.
    Movement(Box<Movement>, Origin),
    /// Not understood: where in the row, and why. Holds no value from it.
    NotUnderstood {
        /// A sentence for the person who looks into it.
        reason: String,
    },
}

/// Asks a source what it knows. What it answers is as true as a webhook; what it lists is complete for the period.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait DisputeReader: Send + Sync {
    /// One dispute as it is now, with its payment.
    ///
    /// # Errors
    /// [`ReadError`]; [`ReadError::NotFound`] when there is no such dispute.
    async fn dispute(&self, key: &DisputeKey) -> Result<Read, ReadError>;

    /// The disputes that were filed in the period, as they are now.
    ///
    /// # Errors
    /// [`ReadError`].
    async fn disputes(&self, listing: &Listing, detail: Detail) -> Result<Page<Read>, ReadError>;

    /// The events about disputes that happened in the period. Stripe keeps them for 30 days.
    ///
    /// # Errors
    /// [`ReadError`].
    async fn events(&self, listing: &Listing) -> Result<Page<Read>, ReadError>;

    /// The movements of the account in the period, whatever they are for.
    ///
    /// # Errors
    /// [`ReadError`].
    async fn movements(&self, listing: &Listing, kind: MovementKind) -> Result<Page<ReadMovement>, ReadError>;
}

/// Why a source did not answer. Never holds a secret, nor anything of the answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// There is no such thing.
    #[error("Stripe does not know it")]
    NotFound,
    /// Asking again ends the same: a person must change something first.
    #[error("{reason}")]
    Refused {
        /// What was wrong and what to do.
        reason: String,
    },
    /// It can't be reached, fails or limits us, and did so longer than it was tried. Try again later.
    #[error("{reason}")]
    Unavailable {
        /// What was wrong.
        reason: String,
    },
}
