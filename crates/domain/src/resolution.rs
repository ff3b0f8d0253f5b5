//! Resolution rows: what the decided figures of a dispute changed by, and when.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::figures::Step;
use crate::money::{add, sub};
use crate::{Currency, MoneyError, Outcome, Stored};

/// Changes of a dispute's decided figures. Amounts in minor units of the settlement currency.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Deltas {
    /// Principal recovered.
    pub recovered: i64,
    /// Principal lost.
    pub loss: i64,
    /// Fees; positive when charged.
    pub fee: i64,
    /// What the exchange rate took.
    pub fx: i64,
    /// Principal still to come; negative when too much came.
    pub pending: i64,
    /// What nobody can explain yet.
    pub suspense: i64,
    /// What Stripe's balance changed by: `-(loss + fee + fx + pending + suspense)`.
    pub net: i64,
    /// Disputes closed.
    pub closed: i64,
    /// Disputes won.
    pub won: i64,
    /// Disputes lost.
    pub lost: i64,
}

impl Deltas {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    /// The sum, column by column.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn plus(&self, other: &Self) -> Result<Self, MoneyError> {
        self.each(other, add)
    }

    /// The difference, column by column.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn minus(&self, other: &Self) -> Result<Self, MoneyError> {
        self.each(other, sub)
    }

    fn each(&self, other: &Self, of: fn(i64, i64) -> Result<i64, MoneyError>) -> Result<Self, MoneyError> {
        Ok(Self {
            recovered: of(self.recovered, other.recovered)?,
            loss: of(self.loss, other.loss)?,
            fee: of(self.fee, other.fee)?,
            fx: of(self.fx, other.fx)?,
            pending: of(self.pending, other.pending)?,
            suspense: of(self.suspense, other.suspense)?,
            net: of(self.net, other.net)?,
            closed: of(self.closed, other.closed)?,
            won: of(self.won, other.won)?,
            lost: of(self.lost, other.lost)?,
        })
    }
}

/// Why a resolution row was written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ResolutionKind {
    /// The first verdict.
    Decided,
    /// A later verdict.
    Redecided,
    /// A closed dispute is open again.
    Reopened,
    /// Money moved after the verdict.
    Money,
    /// A difference to an earlier row, because facts of the past arrived late.
    Corrected,
}

impl ResolutionKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Decided, Self::Redecided, Self::Reopened, Self::Money, Self::Corrected];

    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Decided => "decided",
            Self::Redecided => "redecided",
            Self::Reopened => "reopened",
            Self::Money => "money",
            Self::Corrected => "corrected",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A resolution row. Rows of one revision belong together; none is ever changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resolution {
    /// Counts the points of one dispute as they are written, from 0.
    pub revision: u32,
    /// The settlement currency; the dispute's own where no money moved.
    pub currency: Currency,
    /// Why it was written.
    pub kind: ResolutionKind,
    /// The outcome from that point on, as it is known now.
    pub outcome: Outcome,
    /// What changed.
    pub deltas: Deltas,
    /// The point of the timeline.
    pub occurred_at: DateTime<Utc>,
}

/// Sums of the resolution rows that are written already, by point and currency.
pub type BookedDeltas = BTreeMap<(DateTime<Utc>, Currency), Deltas>;

/// What the rows should sum to at each point, by currency.
///
/// Counts stand on the `counted` currency.
///
/// # Errors
/// [`MoneyError::Overflow`].
pub(crate) fn targets(steps: &[Step], counted: Currency) -> Result<BookedDeltas, MoneyError> {
    let settlement = steps.last().into_iter().flat_map(|step| step.figures.keys().copied());
    let currencies: BTreeSet<_> = settlement.chain([counted]).collect();
    let mut before: BTreeMap<Currency, Deltas> = BTreeMap::new();
    let mut targets = BTreeMap::new();
    for step in steps {
        for currency in &currencies {
            let now = decided(step, *currency, *currency == counted)?;
            let deltas = now.minus(&before.insert(*currency, now).unwrap_or_default())?;
            if !deltas.is_zero() {
                targets.insert((step.at, *currency), deltas);
            }
        }
    }
    Ok(targets)
}

/// The decided figures that hold from a step on: all zero while the dispute is open.
fn decided(step: &Step, currency: Currency, counts: bool) -> Result<Deltas, MoneyError> {
    if !step.outcome.is_decided() {
        return Ok(Deltas::default());
    }
    let figures = step.figures.get(&currency).copied().unwrap_or_default();
    let count = |of: bool| i64::from(counts && of);
    Ok(Deltas {
        recovered: figures.recovered()?,
        loss: figures.loss,
        fee: figures.fee,
        fx: figures.fx,
        pending: figures.receivable()?,
        suspense: figures.suspense,
        net: figures.net,
        closed: count(true),
        won: count(step.outcome == Outcome::Won),
        lost: count(step.outcome == Outcome::Lost),
    })
}

/// What the rows that are written already say of each point; where several do, the last.
pub type BookedOutcomes = BTreeMap<DateTime<Utc>, Outcome>;

/// The rows that are missing: what the targets say less what is booked, dated at the points they belong to. Where only
/// the outcome of a point is another now, a row says so without moving any figure.
///
/// # Errors
/// [`MoneyError::Overflow`].
pub(crate) fn missing(steps: &[Step], targets: &BookedDeltas, stored: &Stored) -> Result<Vec<Resolution>, MoneyError> {
    let booked = &stored.resolutions;
    let mut rows: Vec<Resolution> = Vec::new();
    let mut revision = stored.next_revision;
    let mut revised_at = None;
    let keys: BTreeSet<_> = targets.keys().chain(booked.keys()).collect();
    for key in keys {
        let target = targets.get(key).copied().unwrap_or_default();
        let deltas = target.minus(&booked.get(key).copied().unwrap_or_default())?;
        let (occurred_at, currency) = *key;
        let outcome = outcome_at(steps, occurred_at);
        let said = stored.outcomes.get(&occurred_at).filter(|_| booked.contains_key(key));
        if deltas.is_zero() && said.is_none_or(|said| *said == outcome) {
            continue;
        }
        if revised_at.is_some_and(|at| at != occurred_at) {
            revision = revision.checked_add(1).ok_or(MoneyError::Overflow)?;
        }
        revised_at = Some(occurred_at);
        let corrects = booked.keys().any(|(at, _)| *at == occurred_at);
        let kind = if corrects { ResolutionKind::Corrected } else { kind_at(steps, occurred_at) };
        rows.push(Resolution { revision, currency, kind, outcome, deltas, occurred_at });
    }
    Ok(rows)
}

/// The outcome that holds at a moment.
fn outcome_at(steps: &[Step], at: DateTime<Utc>) -> Outcome {
    steps.iter().rev().find(|step| step.at <= at).map_or(Outcome::Open, |step| step.outcome)
}

/// What happened at a point of the timeline that has no rows yet.
fn kind_at(steps: &[Step], at: DateTime<Utc>) -> ResolutionKind {
    let before: Vec<_> = steps.iter().take_while(|step| step.at < at).map(|step| step.outcome).collect();
    let was = before.last().copied().unwrap_or(Outcome::Open);
    let is = steps.iter().find(|step| step.at == at).map_or(was, |step| step.outcome);
    let decided_before = before.iter().any(|outcome| outcome.is_decided());
    match (was.is_decided(), is.is_decided()) {
        (false, true) if !decided_before => ResolutionKind::Decided,
        (false, true) => ResolutionKind::Redecided,
        (true, false) => ResolutionKind::Reopened,
        (true, true) if was != is => ResolutionKind::Redecided,
        (true, true) | (false, false) => ResolutionKind::Money,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_of_one_point_have_one_revision_and_those_of_the_next_the_next() {
        let [eur, usd] = ["eur", "usd"].map(|code| Currency::parse(code).unwrap());
        let at = |second| DateTime::from_timestamp(second, 0).unwrap();
        let fee = Deltas { fee: 1, net: -1, ..Deltas::default() };
        let targets = [(at(1), eur), (at(1), usd), (at(2), usd), (at(3), usd)].map(|key| (key, fee)).into();
        let stored = Stored { next_revision: 7, resolutions: [((at(2), usd), fee)].into(), ..Stored::default() };
        let rows = missing(&[], &targets, &stored).unwrap();
        let told: Vec<_> = rows.iter().map(|row| (row.revision, row.occurred_at, row.currency)).collect();
        assert_eq!(told, [(7, at(1), eur), (7, at(1), usd), (8, at(3), usd)]);
    }
}
