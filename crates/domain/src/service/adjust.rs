use std::fmt::Write;
use std::sync::Arc;

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

use super::{Said, closed_on};
use crate::ports::{Answer, Cause, Content, Entry, Ledger, LedgerError, Lookup, Periods};
use crate::{
    AccountId, BookRules, CauseId, DisputeId, DisputeKey, EntryId, EntryKind, Heading, JournalEntry, JournalError,
    Posting,
};

/// The kind of event that an adjustment is.
const EVENT_TYPE: &str = "manual.adjustment";

/// Books what accountants correct by hand. Nothing that is booked is changed; what is wrong is corrected by another adjustment.
#[derive(Clone)]
pub struct Adjust {
    ledger: Arc<dyn Ledger>,
    periods: Arc<dyn Periods>,
    rules: BookRules,
}

/// An entry that a person makes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Adjustment {
    /// The book.
    pub account: AccountId,
    /// Tells it from other adjustments of the book: made again under the same key, it is booked once.
    pub key: CauseId,
    /// The dispute that it is about. No figure of the dispute changes.
    pub dispute: Option<DisputeId>,
    /// What is posted; it sums to zero in each currency.
    pub postings: Vec<Posting>,
    /// The accounting date; the present day where there is none.
    pub on: Option<NaiveDate>,
}

/// What became of an adjustment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Adjusted {
    /// It is in the journal.
    Kept(EntryId),
    /// It was before, exactly so.
    KnownBefore(EntryId),
}

/// Why an adjustment is not in the journal.
#[derive(Debug, thiserror::Error)]
pub enum AdjustError {
    /// Nothing is posted.
    #[error("it posts nothing: name at least two accounts and an amount")]
    Empty,
    /// It does not balance, or exceeds 64 bits.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The key was used for something else.
    #[error("an adjustment with the key {0} is in the journal already, and is another one")]
    KeyUsed(CauseId),
    /// The dispute is not in the book.
    #[error("no dispute {0} is in the books")]
    NoSuchDispute(DisputeKey),
    /// Nothing is booked into a closed period.
    #[error("the books are closed through {0}")]
    Closed(NaiveDate),
    /// It is dated in the future.
    #[error("an adjustment can't be dated in the future")]
    InTheFuture,
    /// The ledger did not do as asked.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Adjust {
    /// Books into `ledger`, where `periods` has not closed the date.
    #[must_use]
    pub fn new(ledger: Arc<dyn Ledger>, periods: Arc<dyn Periods>, rules: BookRules) -> Self {
        Self { ledger, periods, rules }
    }

    /// Books an adjustment.
    ///
    /// # Errors
    /// [`AdjustError`]; then nothing was booked, but for [`LedgerError::Unavailable`], where booking it again settles it while
    /// its date is not closed.
    pub async fn adjust(&self, adjustment: &Adjustment, said: &Said) -> Result<Adjusted, AdjustError> {
        let entry = self.entry(adjustment, said)?;
        let (account, id) = (&adjustment.account, entry.id().clone());
        if let Some(dispute) = &adjustment.dispute {
            let key = DisputeKey { account: account.clone(), dispute: dispute.clone() };
            let stored = self.ledger.load(&[Lookup::recorded(key.clone())]).await?.pop().unwrap_or_default();
            if stored.version == 0 {
                return Err(AdjustError::NoSuchDispute(key));
            }
        }
        if let Some(through) = closed_on(&*self.periods, adjustment.on).await? {
            return Err(AdjustError::Closed(through));
        }
        let cause = cause(adjustment, said);
        let batch = [Entry { causes: vec![cause], content: Content::Adjustment(Box::new(entry)) }];
        match self.ledger.record(&batch, said.at).await {
            Ok(answers) => match answers.first() {
                Some(Answer::Recorded { known_before }) if known_before == &[true] => Ok(Adjusted::KnownBefore(id)),
                _ => Ok(Adjusted::Kept(id)),
            },
            // Its texts and sums were looked at; what is left to refuse is that the key is there.
            Err(LedgerError::Refused { .. }) => Err(AdjustError::KeyUsed(adjustment.key.clone())),
            Err(error) => Err(error.into()),
        }
    }

    fn entry(&self, adjustment: &Adjustment, said: &Said) -> Result<JournalEntry, AdjustError> {
        let today = self.rules.business_date(said.at);
        let posted_on = adjustment.on.unwrap_or(today);
        if posted_on > today {
            return Err(AdjustError::InTheFuture);
        }
        let heading = Heading {
            id: EntryId::of_adjustment(&adjustment.key),
            dispute: adjustment.dispute.clone(),
            kind: EntryKind::Adjustment,
            occurred_at: self.rules.moment_of(posted_on, said.at),
            posted_on,
            narration: format!("Adjustment by {}: {}", said.by, said.reason),
        };
        JournalEntry::try_new(heading, adjustment.postings.iter().copied())?.ok_or(AdjustError::Empty)
    }
}

/// Of the same content under the same key, so that anything else under that key is found out.
fn cause(adjustment: &Adjustment, said: &Said) -> Cause {
    let Adjustment { account, key, dispute, postings, on } = adjustment;
    let dispute = dispute.as_ref().map_or("no dispute", DisputeId::as_str);
    let on = on.map_or_else(|| "the day it is made".to_owned(), |date| date.to_string());
    let mut body = format!("{account}, {key}, {dispute}, {on}, {}: {}", said.by, said.reason);
    for Posting { account, amount_minor, currency } in postings {
        // Writing into a String can't fail.
        let _ = write!(body, "\n{} {amount_minor} {currency}", account.as_str());
    }
    let digest: [u8; 32] = Sha256::digest(&body).into();
    Cause {
        account: account.clone(),
        id: CauseId::of_body(&digest),
        event_type: EVENT_TYPE.to_owned(),
        received_at: said.at,
        body: Some(body.into_bytes()),
    }
}
