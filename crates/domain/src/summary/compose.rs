use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use super::balances::{Proof, RollForward, proof, roll_forward};
use super::{Attention, DayBooks, DayRow, OpenBalance, ReasonCount, Received, TrendDay, Unresolved, Window};
use crate::money::add;
use crate::monitor::NetworkRatio;
use crate::{AccountId, Currency, Deltas, DisputeKey, MoneyError, Outcome, ResolutionKind};

/// A share with its numerator and denominator, which are always shown beside it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Ratio {
    /// The part.
    pub part: u64,
    /// The whole; with zero there is no ratio.
    pub whole: u64,
}

impl Ratio {
    /// The share in tenths of a percent, rounded half up, or `None` when there is nothing to divide.
    #[must_use]
    pub fn permille(&self) -> Option<u64> {
        let whole = u128::from(self.whole);
        let twice = u128::from(self.part).checked_mul(2000)?.checked_add(whole)?;
        u64::try_from(twice.checked_div(whole.checked_mul(2)?)?).ok()
    }
}

/// Figures per settlement currency.
pub type Totals = BTreeMap<Currency, Deltas>;

/// A dispute that was decided on the day.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClosedLine {
    /// The dispute and what is known of it.
    pub row: DayRow,
    /// How it was decided: by the counts of its rows, so that a later change does not rewrite it.
    pub outcome: Outcome,
    /// Its figures.
    pub deltas: Deltas,
}

/// A change to an earlier decision.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangeLine {
    /// The dispute, the true date and why.
    pub row: DayRow,
    /// The figures before.
    pub old: Deltas,
    /// The figures after.
    pub new: Deltas,
}

/// A part of the summary with its figures.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Section<Line> {
    /// The lines.
    pub lines: Vec<Line>,
    /// Their sums.
    pub totals: Totals,
}

/// The entries of a day's journal, as a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DayJournal {
    /// What is in the file.
    File(Vec<u8>),
    /// No mail has room for it.
    TooLarge,
}

/// The summary of one business day.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Summary {
    /// The first of the business dates, where these are several that go as one; else the same as `date`.
    pub from: NaiveDate,
    /// The business date.
    pub date: NaiveDate,
    /// The zone whose day it is.
    pub zone: Tz,
    /// Whether the day is sealed; if not, this is a preview.
    pub sealed: bool,
    /// The moment of which it is told, instead of now; see [`DayBooks::as_of`].
    pub as_of: Option<DateTime<Utc>>,
    /// The SHA-256 of what was kept of it, as 64 hexadecimal digits.
    pub sha256: Option<String>,
    /// The one book that it is of; `None` for all together.
    pub book: Option<AccountId>,
    /// What the day did to each known book; the sum is `totals`.
    pub books: BTreeMap<AccountId, Totals>,
    /// The disputes decided on the day; lines of one dispute follow each other.
    pub decided: Section<ClosedLine>,
    /// Changes to earlier decisions.
    pub changes: Section<ChangeLine>,
    /// Both together: what the day did to the books.
    pub totals: Totals,
    /// Won of those decided as won or lost.
    pub win_rate: Ratio,
    /// The same by value: recovered of recovered and lost, by currency.
    pub win_rate_by_value: BTreeMap<Currency, Ratio>,
    /// How many of the decided are closed inquiries, prevented or refunded.
    pub apart: u64,
    /// The account that holds disputed money.
    pub roll_forward: BTreeMap<Currency, RollForward>,
    /// Fees of undecided disputes and of the account, and the money that is out for undecided disputes.
    pub unresolved: BTreeMap<Currency, Unresolved>,
    /// The journal compared with the figures.
    pub proof: Vec<Proof>,
    /// The month up to the day.
    pub month_to_date: Window,
    /// The 90 days up to the day.
    pub ninety_days: Window,
    /// The last 30 dates, the day's the last; see [`DayBooks::trend`].
    pub trend: Vec<TrendDay>,
    /// What the disputes of the 90 days were for; see [`DayBooks::reasons`].
    pub reasons: Vec<ReasonCount>,
    /// Open disputes.
    pub open: OpenBalance,
    /// What needs a person.
    pub attention: Attention,
    /// What arrived on the day; see [`DayBooks::received`].
    pub received: Option<Received>,
    /// What each programme of the networks says of the month; see [`DayBooks::networks`].
    pub networks: Option<Vec<NetworkRatio>>,
    /// The file of the day's entries, where it is to go with the mail and there are any.
    pub journal: Option<DayJournal>,
}

impl Summary {
    /// How many were decided as `outcome`.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> usize {
        disputes(self.decided.lines.iter().filter(|line| line.outcome == outcome))
    }

    /// How many were decided.
    #[must_use]
    pub fn closed(&self) -> usize {
        disputes(&self.decided.lines)
    }

    /// Whether the journal and the figures agree everywhere.
    #[must_use]
    pub fn proven(&self) -> bool {
        self.proof.iter().all(Proof::agrees)
    }
}

/// How many disputes the lines are of: those of one follow each other.
fn disputes<'a>(lines: impl IntoIterator<Item = &'a ClosedLine>) -> usize {
    let (mut count, mut last) = (0_usize, None);
    for key in lines.into_iter().map(|line| &line.row.key) {
        if last != Some(key) {
            (count, last) = (count.saturating_add(1), Some(key));
        }
    }
    count
}

/// Composes the summary of a day.
///
/// # Errors
/// [`MoneyError::Overflow`].
pub fn compose(books: &DayBooks) -> Result<Summary, MoneyError> {
    let (decided, changes) = decisions_and_changes(books)?;
    let mut totals = decided.totals.clone();
    for (currency, deltas) in &changes.totals {
        accumulate(&mut totals, *currency, deltas)?;
    }
    let mut summary = Summary {
        from: books.from,
        date: books.date,
        zone: books.zone,
        sealed: books.sealed,
        as_of: books.as_of,
        sha256: books.sha256.clone(),
        book: books.book.clone(),
        books: by_book(books, &decided, &changes)?,
        win_rate: Ratio::default(),
        win_rate_by_value: by_value(&decided)?,
        apart: 0,
        decided,
        changes,
        totals,
        roll_forward: roll_forward(books)?,
        unresolved: books.unresolved.clone(),
        proof: proof(books)?,
        month_to_date: books.month_to_date.clone(),
        ninety_days: books.ninety_days.clone(),
        trend: books.trend.clone(),
        reasons: books.reasons.clone(),
        open: books.open.clone(),
        attention: books.attention,
        received: books.received,
        networks: books.networks.clone(),
        journal: None,
    };
    let count = |outcome| u64::try_from(summary.count(outcome)).unwrap_or(u64::MAX);
    let (won, lost) = (count(Outcome::Won), count(Outcome::Lost));
    let apart = [Outcome::InquiryClosed, Outcome::Prevented, Outcome::Refunded];
    let apart = apart.into_iter().map(count).fold(0, u64::saturating_add);
    summary.win_rate = Ratio { part: won, whole: won.saturating_add(lost) };
    summary.apart = apart;
    Ok(summary)
}

/// Tells the day's decisions from changes to earlier ones.
///
/// Events of one second arrive apart, and verdicts of one day in any order; which came first must not show. So the rows
/// of one dispute, moment and currency are one line, and the first moment of the day at which a dispute was decided for
/// the first time is its decision. All else is a change.
fn decisions_and_changes(books: &DayBooks) -> Result<(Section<ClosedLine>, Section<ChangeLine>), MoneyError> {
    let rows = merged(&books.rows)?;
    let decided_at = decisions(books, &rows)?;
    let mut decided: BTreeMap<&DisputeKey, Vec<&DayRow>> = BTreeMap::new();
    let mut changes = Section { lines: Vec::new(), totals: Totals::new() };
    let mut running: BTreeMap<(&DisputeKey, Currency), Deltas> = BTreeMap::new();
    for row in rows.iter().filter(|row| !row.deltas.is_zero()) {
        let old = running.entry((&row.key, row.currency)).or_insert(row.before);
        let new = old.plus(&row.deltas)?;
        let decision = decided_at.get(&row.key);
        if decision == Some(&row.occurred_at) {
            decided.entry(&row.key).or_default().push(row);
        } else {
            accumulate(&mut changes.totals, row.currency, &row.deltas)?;
            let mut row = row.clone();
            if row.kind == ResolutionKind::Decided && decision.is_some_and(|decision| *decision < row.occurred_at) {
                row.kind = ResolutionKind::Redecided;
            }
            changes.lines.push(ChangeLine { row, old: *old, new });
        }
        *old = new;
    }
    Ok((decided_section(decided.into_values())?, changes))
}

/// The rows by dispute, time and currency; those that agree in all three are one, with the kind of the first written and the outcome of
/// the last.
fn merged(rows: &[DayRow]) -> Result<Vec<DayRow>, MoneyError> {
    let mut rows: Vec<_> = rows.iter().collect();
    rows.sort_by_key(|row| (&row.key, row.occurred_at, row.currency, row.revision));
    let mut merged: Vec<DayRow> = Vec::new();
    for row in rows {
        let place = (&row.key, row.occurred_at, row.currency);
        match merged.last_mut() {
            Some(last) if (&last.key, last.occurred_at, last.currency) == place => {
                last.deltas = last.deltas.plus(&row.deltas)?;
                last.outcome = row.outcome;
            }
            _ => merged.push(row.clone()),
        }
    }
    Ok(merged)
}

/// When each dispute was decided for the first time, of those for which that was on the day.
///
/// A verdict that arrived before an earlier one was thought to be the first as well: it is one no more.
fn decisions(books: &DayBooks, rows: &[DayRow]) -> Result<BTreeMap<DisputeKey, DateTime<Utc>>, MoneyError> {
    let mut decisions = BTreeMap::new();
    // They are sorted by dispute and time.
    for moment in rows.chunk_by(|row, next| (&row.key, row.occurred_at) == (&next.key, next.occurred_at)) {
        let Some(verdict) = moment.iter().find(|row| row.kind == ResolutionKind::Decided) else { continue };
        let closed = moment.iter().map(|row| row.deltas.closed).try_fold(0, add)?;
        let closed_before = moment.iter().map(|row| row.before.closed).try_fold(0, add)?;
        if closed > 0 && closed_before == 0 {
            decisions.entry(verdict.key.clone()).or_insert(verdict.occurred_at);
        }
    }
    decisions.retain(|_, at| (books.from..=books.date).contains(&at.with_timezone(&books.zone).date_naive()));
    Ok(decisions)
}

fn decided_section<'a>(decisions: impl Iterator<Item = Vec<&'a DayRow>>) -> Result<Section<ClosedLine>, MoneyError> {
    let mut section = Section { lines: Vec::new(), totals: Totals::new() };
    for rows in decisions {
        let sum = rows.iter().try_fold(Deltas::default(), |sum, row| sum.plus(&row.deltas))?;
        for row in rows {
            accumulate(&mut section.totals, row.currency, &row.deltas)?;
            let outcome = decided_as(&sum, row.outcome);
            section.lines.push(ClosedLine { row: row.clone(), outcome, deltas: row.deltas });
        }
    }
    Ok(section)
}

/// How a dispute was decided: by the counts of its rows, which tell won and lost; else by what the row says.
fn decided_as(sum: &Deltas, said: Outcome) -> Outcome {
    match (sum.won, sum.lost) {
        (1.., _) => Outcome::Won,
        (_, 1..) => Outcome::Lost,
        _ => said,
    }
}

fn accumulate(totals: &mut Totals, currency: Currency, deltas: &Deltas) -> Result<(), MoneyError> {
    let sum = totals.entry(currency).or_default();
    *sum = sum.plus(deltas)?;
    Ok(())
}

/// The same totals, told apart by book.
fn by_book(
    books: &DayBooks,
    decided: &Section<ClosedLine>,
    changes: &Section<ChangeLine>,
) -> Result<BTreeMap<AccountId, Totals>, MoneyError> {
    let mut by_book: BTreeMap<_, _> = books.books.iter().map(|book| (book.clone(), Totals::new())).collect();
    let decided = decided.lines.iter().map(|line| &line.row);
    for row in decided.chain(changes.lines.iter().map(|line| &line.row)) {
        accumulate(by_book.entry(row.key.account.clone()).or_default(), row.currency, &row.deltas)?;
    }
    Ok(by_book)
}

fn by_value(decided: &Section<ClosedLine>) -> Result<BTreeMap<Currency, Ratio>, MoneyError> {
    let mut totals = Totals::new();
    for line in &decided.lines {
        if matches!(line.outcome, Outcome::Won | Outcome::Lost) {
            accumulate(&mut totals, line.row.currency, &line.deltas)?;
        }
    }
    let positive = |minor: i64| u64::try_from(minor).unwrap_or(0);
    let ratios = totals.into_iter().map(|(currency, sum)| {
        let (recovered, loss) = (positive(sum.recovered), positive(sum.loss));
        (currency, Ratio { part: recovered, whole: recovered.saturating_add(loss) })
    });
    Ok(ratios.collect())
}
