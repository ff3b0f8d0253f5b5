use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use super::{Attention, DayBooks, DayRow, LedgerMove, OpenBalance, Unresolved, Window};
use crate::money::{add, sub};
use crate::{Currency, Deltas, DisputeKey, EntryKind, LedgerAccount, MoneyError, Outcome, ResolutionKind};

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

/// How disputed money moved through the account that holds it: opening + withdrawn + reinstated + written off + fx +
/// late = closing. Each part carries its sign.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RollForward {
    /// The balance before the day.
    pub opening: i64,
    /// Taken back by movements of the day.
    pub withdrawn: i64,
    /// Returned by movements of the day; negative.
    pub reinstated: i64,
    /// Close-outs of the day.
    pub written_off: i64,
    /// Of these, what the exchange rate took.
    pub fx: i64,
    /// Entries whose true date is before the day.
    pub late: i64,
    /// The balance after the day.
    pub closing: i64,
}

/// One comparison of the journal with the figures.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proof {
    /// The account.
    pub account: LedgerAccount,
    /// The currency.
    pub currency: Currency,
    /// The balance of the account.
    pub journal_minor: i64,
    /// What the figures say it is.
    pub figures_minor: i64,
}

impl Proof {
    /// Whether both agree.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.journal_minor == self.figures_minor
    }
}

/// The summary of one business day.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Summary {
    /// The business date.
    pub date: NaiveDate,
    /// The zone whose day it is.
    pub zone: Tz,
    /// Whether the day is sealed; if not, this is a preview.
    pub sealed: bool,
    /// The disputes decided on the day.
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
    /// Open disputes.
    pub open: OpenBalance,
    /// What needs a person.
    pub attention: Attention,
}

impl Summary {
    /// How many were decided as `outcome`.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> usize {
        let mut keys = BTreeSet::new();
        keys.extend(self.decided.lines.iter().filter(|line| line.outcome == outcome).map(|line| &line.row.key));
        keys.len()
    }

    /// How many were decided.
    #[must_use]
    pub fn closed(&self) -> usize {
        self.decided.lines.iter().map(|line| &line.row.key).collect::<BTreeSet<_>>().len()
    }

    /// Whether the journal and the figures agree everywhere.
    #[must_use]
    pub fn proven(&self) -> bool {
        self.proof.iter().all(Proof::agrees)
    }
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
        date: books.date,
        zone: books.zone,
        sealed: books.sealed,
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
        open: books.open.clone(),
        attention: books.attention,
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
    let first_verdicts = rows.iter().filter(|row| row.kind == ResolutionKind::Decided);
    let moments: BTreeSet<_> = first_verdicts.map(|row| (&row.key, row.occurred_at)).collect();
    let mut decisions = BTreeMap::new();
    for (key, at) in moments {
        let of_moment = || rows.iter().filter(|row| row.key == *key && row.occurred_at == at);
        let closed = of_moment().map(|row| row.deltas.closed).try_fold(0, add)?;
        let closed_before = of_moment().map(|row| row.before.closed).try_fold(0, add)?;
        if closed > 0 && closed_before == 0 {
            decisions.entry(key.clone()).or_insert(at);
        }
    }
    decisions.retain(|_, at| at.with_timezone(&books.zone).date_naive() == books.date);
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

fn roll_forward(books: &DayBooks) -> Result<BTreeMap<Currency, RollForward>, MoneyError> {
    let mut rolls: BTreeMap<Currency, RollForward> = BTreeMap::new();
    for ((account, currency), opening) in &books.opening {
        if *account == LedgerAccount::DisputesReceivable && *opening != 0 {
            rolls.entry(*currency).or_default().opening = *opening;
        }
    }
    for moved in &books.moves {
        let sum = add(moved.debit_minor, moved.credit_minor)?;
        if moved.account == LedgerAccount::FxDifference && !moved.late {
            let roll = rolls.entry(moved.currency).or_default();
            roll.fx = sub(roll.fx, sum)?;
            roll.written_off = add(roll.written_off, sum)?;
        }
        if moved.account != LedgerAccount::DisputesReceivable {
            continue;
        }
        let roll = rolls.entry(moved.currency).or_default();
        match moved.kind {
            _ if moved.late => roll.late = add(roll.late, sum)?,
            EntryKind::Movement => {
                roll.withdrawn = add(roll.withdrawn, moved.debit_minor)?;
                roll.reinstated = add(roll.reinstated, moved.credit_minor)?;
            }
            EntryKind::CloseOut | EntryKind::Adjustment | EntryKind::Reclassification => {
                roll.written_off = add(roll.written_off, sum)?;
            }
        }
    }
    for roll in rolls.values_mut() {
        let parts = [roll.withdrawn, roll.reinstated, roll.written_off, roll.fx, roll.late];
        roll.closing = parts.into_iter().try_fold(roll.opening, add)?;
    }
    rolls.retain(|_, roll| *roll != RollForward::default());
    Ok(rolls)
}

/// Compares the balances of the journal with what the resolution rows and the fees say they are.
fn proof(books: &DayBooks) -> Result<Vec<Proof>, MoneyError> {
    let mut balances = books.opening.clone();
    for moved in &books.moves {
        let LedgerMove { account, currency, debit_minor, credit_minor, .. } = *moved;
        let balance = balances.entry((account, currency)).or_default();
        *balance = add(*balance, add(debit_minor, credit_minor)?)?;
    }
    let currencies: BTreeSet<_> =
        balances.keys().map(|(_, currency)| *currency).chain(books.resolved.keys().copied()).collect();
    let mut proof = Vec::new();
    for currency in currencies {
        let balance = |account| balances.get(&(account, currency)).copied().unwrap_or_default();
        let resolved = books.resolved.get(&currency).copied().unwrap_or_default();
        let unresolved = books.unresolved.get(&currency).copied().unwrap_or_default();
        let fees = add(add(resolved.fee, unresolved.undecided_fee_minor)?, unresolved.account_fee_minor)?;
        let suspense =
            add(add(resolved.suspense, unresolved.undecided_suspense_minor)?, unresolved.account_suspense_minor)?;
        let mut compare = |account, journal_minor, figures_minor| {
            proof.push(Proof { account, currency, journal_minor, figures_minor });
        };
        let (receivable, losses) = (LedgerAccount::DisputesReceivable, LedgerAccount::ChargebackLosses);
        let principal = add(resolved.pending, unresolved.undecided_principal_minor)?;
        if balances.contains_key(&(LedgerAccount::DisputesContra, currency)) {
            // Against revenue a loss has no account of its own; so all that is out or lost is compared at once.
            let held = [LedgerAccount::DisputesContra, receivable, losses].map(balance);
            compare(LedgerAccount::DisputesContra, held.into_iter().try_fold(0, add)?, add(principal, resolved.loss)?);
        } else {
            compare(receivable, balance(receivable), principal);
            compare(losses, balance(losses), resolved.loss);
        }
        let others = [
            (LedgerAccount::DisputesSuspense, suspense),
            (LedgerAccount::DisputeFees, fees),
            (LedgerAccount::FxDifference, resolved.fx),
        ];
        for (account, figures_minor) in others {
            compare(account, balance(account), figures_minor);
        }
    }
    Ok(proof)
}
