use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use super::{ATTEMPTS_MAX, always_changed, closed_on};
use crate::ports::{Answer, Content, Entry, KeptMovement, Ledger, LedgerError, Lookup, Movements, Periods};
use crate::{
    AccountId, Attributed, Attribution, BookRules, DecideError, DisputeId, DisputeKey, Meaning, MovementId,
    Reclassification, attribute,
};

/// Books what people say of money that its source does not explain.
#[derive(Clone)]
pub struct Attribute {
    ledger: Arc<dyn Ledger>,
    movements: Arc<dyn Movements>,
    periods: Arc<dyn Periods>,
    rules: BookRules,
}

/// Who says something, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Said {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// What became of something that was said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Attributing {
    /// It is in the books of this dispute.
    Kept(DisputeId),
    /// It was in them before.
    KnownBefore(DisputeId),
}

/// Why something that was said is not in the books.
#[derive(Debug, thiserror::Error)]
pub enum AttributeError {
    /// The movement is not in the book.
    #[error("no movement {id} is in book {account}")]
    NoSuchMovement {
        /// The movement.
        id: MovementId,
        /// The book.
        account: AccountId,
    },
    /// The dispute is not in the book.
    #[error("no dispute {0} is in the books")]
    NoSuchDispute(DisputeKey),
    /// The source says whose the movement is.
    #[error("movement {id} is of dispute {dispute}: its source says so")]
    OfDispute {
        /// The movement.
        id: MovementId,
        /// Its dispute.
        dispute: DisputeId,
    },
    /// Somebody tied it to another dispute before.
    #[error("movement {id} was tied to dispute {dispute} before, and a tie can't be taken back")]
    TiedElsewhere {
        /// The movement.
        id: MovementId,
        /// The other dispute.
        dispute: DisputeId,
    },
    /// Only money of a dispute can be taken out of suspense.
    #[error("movement {0} is the account's own: tie it to its dispute first")]
    Untied(MovementId),
    /// Nothing is booked into a closed period.
    #[error("the books are closed through {0}")]
    Closed(NaiveDate),
    /// It is dated in the future.
    #[error("a reclassification can't be dated in the future")]
    InTheFuture,
    /// The books can't take it.
    #[error(transparent)]
    Objection(#[from] DecideError),
    /// The ledger did not do as asked.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Attribute {
    /// Books into `ledger`, by `rules`, what is said of `movements`, on days that `periods` has not closed.
    #[must_use]
    pub fn new(
        ledger: Arc<dyn Ledger>,
        movements: Arc<dyn Movements>,
        periods: Arc<dyn Periods>,
        rules: BookRules,
    ) -> Self {
        Self { ledger, movements, periods, rules }
    }

    /// Ties a movement of the account to a dispute of the same book: the dispute's fee has it from the movement's time on,
    /// and the movement's entry stays as it is.
    ///
    /// # Errors
    /// [`AttributeError`]; then nothing was booked, but for [`LedgerError::Unavailable`], where saying it again settles it.
    pub async fn tie(&self, id: &MovementId, to: &DisputeKey, said: Said) -> Result<Attributing, AttributeError> {
        let kept = self.kept(&to.account, id).await?;
        if let Some(dispute) = kept.dispute {
            return Err(AttributeError::OfDispute { id: id.clone(), dispute });
        }
        if let Some(dispute) = kept.tied_to {
            let known = dispute == to.dispute;
            let elsewhere = || AttributeError::TiedElsewhere { id: id.clone(), dispute: dispute.clone() };
            return if known { Ok(Attributing::KnownBefore(dispute)) } else { Err(elsewhere()) };
        }
        self.book(to, Attributed::Tie(Box::new(kept.movement)), said).await
    }

    /// Takes what a movement left in suspense out of it, because it is something else: now, or on a business date.
    ///
    /// # Errors
    /// [`AttributeError`], as for [`Attribute::tie`].
    pub async fn reclassify(
        &self,
        (account, id): (&AccountId, &MovementId),
        meaning: Meaning,
        on: Option<NaiveDate>,
        said: Said,
    ) -> Result<Attributing, AttributeError> {
        let KeptMovement { movement, dispute, tied_to } = self.kept(account, id).await?;
        let dispute = dispute.or(tied_to).ok_or_else(|| AttributeError::Untied(id.clone()))?;
        let key = DisputeKey { account: account.clone(), dispute };
        if let Some(through) = closed_on(&*self.periods, on).await? {
            return Err(AttributeError::Closed(through));
        }
        let occurred_at = on.map_or(said.at, |date| self.rules.moment_of(date, said.at));
        if occurred_at > said.at {
            return Err(AttributeError::InTheFuture);
        }
        // Whoever names the day of the movement does not mean a time before it.
        let same_day = on == Some(self.rules.business_date(movement.occurred_at));
        let occurred_at = if same_day { occurred_at.max(movement.occurred_at) } else { occurred_at };
        let moved = Reclassification { movement: id.clone(), meaning, occurred_at };
        self.book(&key, Attributed::Reclassification(moved), said).await
    }

    async fn kept(&self, account: &AccountId, id: &MovementId) -> Result<KeptMovement, AttributeError> {
        let kept = self.movements.movement(account, id).await?;
        kept.ok_or_else(|| AttributeError::NoSuchMovement { id: id.clone(), account: account.clone() })
    }

    async fn book(&self, key: &DisputeKey, what: Attributed, said: Said) -> Result<Attributing, AttributeError> {
        let Said { by, reason, at } = said;
        let attribution = Attribution { what, by, reason, said_at: at };
        for _ in 0..ATTEMPTS_MAX {
            let stored = self.ledger.load(&[Lookup::recorded(key.clone())]).await?.pop().unwrap_or_default();
            if stored.version == 0 {
                return Err(AttributeError::NoSuchDispute(key.clone()));
            }
            // Said before, or by a commit whose answer was lost.
            if stored.facts.says(&attribution.what) {
                return Ok(Attributing::KnownBefore(key.dispute.clone()));
            }
            let change = attribute(key, &stored, &attribution, self.rules)?;
            let entry = Entry { causes: Vec::new(), content: Content::Change(Box::new(change)) };
            if let Some(Answer::Recorded { .. }) = self.ledger.record(&[entry], at).await?.first() {
                return Ok(Attributing::Kept(key.dispute.clone()));
            }
        }
        Err(always_changed().into())
    }
}
