//! What people say that money is for, where its source does not say it.

use chrono::{DateTime, Utc};

use crate::{MoneyError, Movement, MovementId};

/// A person's word on some money of a dispute. It is appended to what is known, and is never taken back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attribution {
    /// What is said.
    pub what: Attributed,
    /// Who says it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When it was said.
    pub said_at: DateTime<Utc>,
}

/// What money is said to be for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Attributed {
    /// A movement of the account is for the dispute, such as the fee for countering it. Its entry stays the account's.
    Tie(Box<Movement>),
    /// What a movement left in suspense is something that the books have an account for.
    Reclassification(Reclassification),
}

/// That what a movement left in suspense is something else.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reclassification {
    /// The movement, which is the dispute's or tied to it. All that it left in suspense is moved.
    pub movement: MovementId,
    /// What it is.
    pub meaning: Meaning,
    /// When it takes effect, which is not before the movement.
    pub occurred_at: DateTime<Utc>,
}

/// What money in suspense turns out to be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Meaning {
    /// A fee, or one that was returned.
    Fee,
    /// Disputed money: a withdrawal where money is missing, a reinstatement where there is too much. What becomes of it is
    /// what becomes of the dispute's other principal.
    Principal,
}

impl Meaning {
    /// Every meaning.
    pub const ALL: [Self; 2] = [Self::Fee, Self::Principal];

    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fee => "fee",
            Self::Principal => "principal",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|meaning| meaning.as_str() == word)
    }
}

/// Why something can't be said of a dispute's money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttributionError {
    /// It is the dispute's already.
    #[error("movement {0} is the dispute's already")]
    OfTheDispute(MovementId),
    /// It is not one of the dispute's.
    #[error("movement {0} is none of the dispute's: tie it first if it is the account's")]
    NotOfTheDispute(MovementId),
    /// Nothing of it waits in suspense, or not any more.
    #[error("nothing of movement {0} is in suspense")]
    NothingInSuspense(MovementId),
    /// It would take effect before the money moved.
    #[error("a reclassification of movement {0} can't be dated before the movement itself")]
    BeforeTheMovement(MovementId),
    /// Sums exceed 64 bits.
    #[error(transparent)]
    Money(#[from] MoneyError),
}
