//! The journal: double entry, signed amounts, debit positive and credit negative.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};

use crate::figures::Step;
use crate::money::{add, sub};
use crate::{Currency, DisputeId, EntryId, MoneyError, Movement};

/// An account of the journal. What is stored never changes; how accounts are called for people is a setting.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LedgerAccount {
    /// `assets:stripe-balance`: every movement's net.
    StripeBalance,
    /// `assets:disputes-receivable`: disputed money that is out and not decided.
    DisputesReceivable,
    /// `assets:disputes-suspense`: what nobody can explain yet.
    DisputesSuspense,
    /// `expenses:dispute-fees`.
    DisputeFees,
    /// `expenses:chargeback-losses`.
    ChargebackLosses,
    /// `expenses:fx-difference`: what the exchange rate took.
    FxDifference,
    /// `income:disputes-contra`: takes the place of the receivable under [`Convention::Contra`].
    DisputesContra,
}

impl LedgerAccount {
    /// Every account, in the order of a balance sheet and an income statement.
    pub const ALL: [Self; 7] = [
        Self::StripeBalance,
        Self::DisputesReceivable,
        Self::DisputesSuspense,
        Self::DisputeFees,
        Self::ChargebackLosses,
        Self::FxDifference,
        Self::DisputesContra,
    ];

    /// The stored name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StripeBalance => "assets:stripe-balance",
            Self::DisputesReceivable => "assets:disputes-receivable",
            Self::DisputesSuspense => "assets:disputes-suspense",
            Self::DisputeFees => "expenses:dispute-fees",
            Self::ChargebackLosses => "expenses:chargeback-losses",
            Self::FxDifference => "expenses:fx-difference",
            Self::DisputesContra => "income:disputes-contra",
        }
    }

    /// Reads the stored name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|account| account.as_str() == name)
    }
}

/// How disputed money is booked while nobody has decided. Fixed for a dispute at its first movement.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Convention {
    /// In a holding account, the receivable, until the verdict.
    #[default]
    Holding,
    /// Against revenue at once.
    Contra,
}

impl Convention {
    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Holding => "holding",
            Self::Contra => "contra",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Holding, Self::Contra].into_iter().find(|convention| convention.as_str() == word)
    }

    /// The account that takes the principal.
    #[must_use]
    pub fn principal_account(self) -> LedgerAccount {
        match self {
            Self::Holding => LedgerAccount::DisputesReceivable,
            Self::Contra => LedgerAccount::DisputesContra,
        }
    }
}

/// What an entry is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum EntryKind {
    /// A movement of money.
    Movement,
    /// What a verdict does to the principal.
    CloseOut,
    /// A person's adjustment.
    Adjustment,
    /// A person's transfer out of suspense.
    Reclassification,
}

impl EntryKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Movement, Self::CloseOut, Self::Adjustment, Self::Reclassification];

    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Movement => "movement",
            Self::CloseOut => "close_out",
            Self::Adjustment => "adjustment",
            Self::Reclassification => "reclassification",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One line of an entry.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Posting {
    /// The account.
    pub account: LedgerAccount,
    /// Minor units; debit positive, credit negative; never zero.
    pub amount_minor: i64,
    /// The settlement currency.
    pub currency: Currency,
}

/// An entry that sums to zero in each of its currencies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JournalEntry {
    id: EntryId,
    dispute: Option<DisputeId>,
    kind: EntryKind,
    occurred_at: DateTime<Utc>,
    posted_on: NaiveDate,
    narration: String,
    postings: Vec<Posting>,
}

/// An entry does not sum to zero.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("entry {entry} is off by {off_minor} minor units of {currency}")]
pub struct Unbalanced {
    entry: EntryId,
    off_minor: i64,
    currency: Currency,
}

/// Why an entry can't be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Its postings don't sum to zero.
    #[error(transparent)]
    Unbalanced(#[from] Unbalanced),
    /// Its amounts exceed 64 bits.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// What an entry is about; its postings come beside it.
#[derive(Clone, Debug)]
pub struct Heading {
    /// Made from what caused the entry.
    pub id: EntryId,
    /// The dispute, unless it is the account's own.
    pub dispute: Option<DisputeId>,
    /// What it is for.
    pub kind: EntryKind,
    /// The source's time.
    pub occurred_at: DateTime<Utc>,
    /// The accounting date.
    pub posted_on: NaiveDate,
    /// One line for an accountant.
    pub narration: String,
}

impl JournalEntry {
    /// An entry of the postings that are not zero, or `None` when all are.
    ///
    /// # Errors
    /// [`JournalError::Unbalanced`] when they don't sum to zero in each currency.
    pub fn try_new(
        heading: Heading,
        postings: impl IntoIterator<Item = Posting>,
    ) -> Result<Option<Self>, JournalError> {
        let postings: Vec<_> = postings.into_iter().filter(|posting| posting.amount_minor != 0).collect();
        let mut sums: BTreeMap<Currency, i64> = BTreeMap::new();
        for posting in &postings {
            let sum = sums.entry(posting.currency).or_default();
            *sum = add(*sum, posting.amount_minor)?;
        }
        if let Some((currency, off_minor)) = sums.into_iter().find(|(_, sum)| *sum != 0) {
            return Err(Unbalanced { entry: heading.id, off_minor, currency }.into());
        }
        let Heading { id, dispute, kind, occurred_at, posted_on, narration } = heading;
        let entry = Self { id, dispute, kind, occurred_at, posted_on, narration, postings };
        Ok((!entry.postings.is_empty()).then_some(entry))
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &EntryId {
        &self.id
    }

    /// The dispute, unless it is the account's own.
    #[must_use]
    pub fn dispute(&self) -> Option<&DisputeId> {
        self.dispute.as_ref()
    }

    /// What it is for.
    #[must_use]
    pub fn kind(&self) -> EntryKind {
        self.kind
    }

    /// The source's time.
    #[must_use]
    pub fn occurred_at(&self) -> DateTime<Utc> {
        self.occurred_at
    }

    /// The accounting date.
    #[must_use]
    pub fn posted_on(&self) -> NaiveDate {
        self.posted_on
    }

    /// One line for an accountant.
    #[must_use]
    pub fn narration(&self) -> &str {
        &self.narration
    }

    /// The entry as it is posted where everything through `closed_through` is closed: on the first day after that, with its
    /// own date in the narration, where it would have been posted earlier.
    #[must_use]
    pub fn posted_after(&self, closed_through: Option<NaiveDate>) -> Cow<'_, Self> {
        let open = closed_through.filter(|through| self.posted_on <= *through).and_then(|through| through.succ_opt());
        let Some(posted_on) = open else { return Cow::Borrowed(self) };
        let narration = format!("{} (of {}, which is closed)", self.narration, self.posted_on);
        Cow::Owned(Self { posted_on, narration, ..self.clone() })
    }

    /// Its postings, none of them zero.
    #[must_use]
    pub fn postings(&self) -> &[Posting] {
        &self.postings
    }
}

/// The postings of a movement. They always balance.
///
/// # Errors
/// [`MoneyError::Overflow`].
pub fn movement_postings(movement: &Movement, convention: Convention) -> Result<[Posting; 4], MoneyError> {
    let posting = |account, amount_minor| Posting { account, amount_minor, currency: movement.currency };
    Ok([
        posting(LedgerAccount::StripeBalance, movement.net_minor),
        posting(convention.principal_account(), movement.principal()?),
        posting(LedgerAccount::DisputeFees, movement.fee()?),
        posting(LedgerAccount::DisputesSuspense, movement.suspense()?),
    ])
}

/// What a verdict took off the principal, in one currency: a close-out, or a sum of close-outs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CloseOut {
    /// Written off as lost.
    pub loss: i64,
    /// Taken by the exchange rate.
    pub fx: i64,
}

impl CloseOut {
    fn minus(self, other: Self) -> Result<Self, MoneyError> {
        Ok(Self { loss: sub(self.loss, other.loss)?, fx: sub(self.fx, other.fx)? })
    }

    /// The postings. Against revenue the principal is an expense already, so that only fx is moved.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn postings(self, currency: Currency, convention: Convention) -> Result<[Posting; 3], MoneyError> {
        let loss = match convention {
            Convention::Holding => self.loss,
            Convention::Contra => 0,
        };
        let posting = |account, amount_minor| Posting { account, amount_minor, currency };
        Ok([
            posting(LedgerAccount::ChargebackLosses, loss),
            posting(LedgerAccount::FxDifference, self.fx),
            posting(convention.principal_account(), sub(0, add(loss, self.fx)?)?),
        ])
    }
}

/// Sums of the close-outs that are booked already, by point and currency.
pub type BookedCloseOuts = BTreeMap<(DateTime<Utc>, Currency), CloseOut>;

/// Close-outs of one point, by currency.
pub(crate) type CloseOutsByPoint = BTreeMap<DateTime<Utc>, Vec<(Currency, CloseOut)>>;

/// The close-outs that are missing at each point: what the steps say less what is booked.
///
/// Under [`Convention::Contra`] the loss never reaches the journal, so that only fx is compared.
///
/// # Errors
/// [`MoneyError::Overflow`].
pub(crate) fn missing_close_outs(
    steps: &[Step],
    booked: &BookedCloseOuts,
    convention: Convention,
) -> Result<CloseOutsByPoint, MoneyError> {
    let mut targets = BookedCloseOuts::new();
    let mut before: BTreeMap<Currency, CloseOut> = BTreeMap::new();
    for step in steps {
        for (currency, figures) in &step.figures {
            let loss = match convention {
                Convention::Holding => figures.loss,
                Convention::Contra => 0,
            };
            let now = CloseOut { loss, fx: figures.fx };
            let change = now.minus(before.insert(*currency, now).unwrap_or_default())?;
            targets.insert((step.at, *currency), change);
        }
    }
    let mut missing: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let keys: BTreeSet<_> = targets.keys().chain(booked.keys()).copied().collect();
    for key in keys {
        let target = targets.get(&key).copied().unwrap_or_default();
        let difference = target.minus(booked.get(&key).copied().unwrap_or_default())?;
        if difference != CloseOut::default() {
            let (at, currency) = key;
            missing.entry(at).or_default().push((currency, difference));
        }
    }
    Ok(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_for_a_closed_day_is_posted_on_the_first_open_one_with_its_date() {
        let day = |day| NaiveDate::from_ymd_opt(2026, 10, day).unwrap();
        let usd = Currency::parse("usd").unwrap();
        let posting = |account, amount_minor| Posting { account, amount_minor, currency: usd };
        let heading = Heading {
            id: EntryId::of_movement(&crate::MovementId::parse("txn_1").unwrap()),
            dispute: None,
            kind: EntryKind::Movement,
            occurred_at: DateTime::<Utc>::UNIX_EPOCH,
            posted_on: day(15),
            narration: "Fee for the account, txn_1".to_owned(),
        };
        let postings = [posting(LedgerAccount::StripeBalance, -1), posting(LedgerAccount::DisputeFees, 1)];
        let entry = JournalEntry::try_new(heading, postings).unwrap().unwrap();
        for open in [None, Some(day(14))] {
            assert_eq!(*entry.posted_after(open), entry);
        }
        let moved = entry.posted_after(Some(day(15)));
        assert_eq!((moved.posted_on(), moved.occurred_at()), (day(16), entry.occurred_at()));
        assert_eq!(moved.narration(), "Fee for the account, txn_1 (of 2026-10-15, which is closed)");
        assert_eq!(moved.postings(), entry.postings());
    }
}
