//! The heart: from what is stored and what was observed to what must be written. Pure.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::figures::{Step, bucket, steps};
use crate::journal::{BookedCloseOuts, Heading, JournalError, missing_close_outs, movement_postings};
use crate::orders::match_order;
use crate::ports::Version;
use crate::reread::owed_read;
use crate::resolution::{BookedDeltas, BookedOutcomes, missing, targets};
use crate::{
    Bucket, Category, Convention, Currency, Discrepancy, DiscrepancyKind, DisputeId, DisputeKey, EntryId, EntryKind,
    Facts, Figures, JournalEntry, Line, MoneyError, Movement, MovementContradicted, Observation, OrderMatch,
    OrderPayment, OrderRef, OrderResolution, Outcome, OwedRead, Resolution, Status,
};

/// How the books are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BookRules {
    /// The zone whose days are business days.
    pub time_zone: Tz,
    /// How disputes whose first movement is still to come are booked.
    pub convention: Convention,
    /// Up to how many percent of what was withdrawn a difference on a won, converted dispute is the exchange rate's.
    pub fx_tolerance_percent: u8,
}

impl Default for BookRules {
    fn default() -> Self {
        Self { time_zone: Tz::UTC, convention: Convention::Holding, fx_tolerance_percent: 10 }
    }
}

impl BookRules {
    /// The business date of a moment.
    #[must_use]
    pub fn business_date(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.time_zone).date_naive()
    }
}

/// All that is recorded of a dispute and needed to decide.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Stored {
    /// Which state this is.
    pub version: Version,
    /// What is known.
    pub facts: Facts,
    /// The convention it is booked by; `None` before its first movement.
    pub convention: Option<Convention>,
    /// The close-outs that are in the journal.
    pub close_outs: BookedCloseOuts,
    /// How many close-out entries there are, which numbers the next.
    pub close_out_count: u32,
    /// The resolution rows that are written.
    pub resolutions: BookedDeltas,
    /// What these rows say of each point.
    pub outcomes: BookedOutcomes,
    /// The revision of the next resolution row.
    pub next_revision: u32,
    /// Which state of all orders the payments are from.
    pub orders_version: Version,
    /// Payments of orders that could be its own.
    pub payments: Vec<OrderPayment>,
    /// The order that a person linked it to.
    pub linked: Option<OrderRef>,
}

/// A dispute as it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dispute {
    /// The status: the last that is recognised, else the last.
    pub status: Status,
    /// The moment that status speaks of.
    pub status_as_of: DateTime<Utc>,
    /// What it means.
    pub outcome: Outcome,
    /// Where finance puts it.
    pub bucket: Bucket,
    /// When it was closed; `None` while it is open.
    pub closed_at: Option<DateTime<Utc>>,
    /// Which order it is about.
    pub order_match: OrderMatch,
    /// The convention it is booked by; `None` before its first movement.
    pub convention: Option<Convention>,
}

/// What must be written for one dispute, all of it or nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// The dispute.
    pub key: DisputeKey,
    /// The state it was decided from. Recording it on top of another state is refused as stale.
    pub expected: Version,
    /// The state of all orders it was decided from. On top of another it is stale as well: its order may be another.
    pub orders_version: Version,
    /// All that is known now.
    pub facts: Facts,
    /// How the dispute stands.
    pub dispute: Dispute,
    /// The statements that are new.
    pub lines: Vec<Line>,
    /// The movements that are new.
    pub movements: Vec<Movement>,
    /// The journal entries that are missing.
    pub entries: Vec<JournalEntry>,
    /// The resolution rows that are missing.
    pub resolutions: Vec<Resolution>,
    /// All that is odd now.
    pub discrepancies: Vec<Discrepancy>,
    /// What it means for its order now, or for each order that it may be of.
    pub order_resolutions: Vec<OrderResolution>,
    /// Whether the source must be asked about it.
    pub owed_read: Option<OwedRead>,
}

impl Change {
    /// Whether there is anything that was not known before.
    #[must_use]
    pub fn has_news(&self) -> bool {
        !(self.lines.is_empty() && self.movements.is_empty() && self.entries.is_empty() && self.resolutions.is_empty())
    }
}

/// Why an observation can't be booked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecideError {
    /// A movement changed.
    #[error(transparent)]
    Movement(#[from] MovementContradicted),
    /// Sums exceed 64 bits.
    #[error("the sums of this dispute exceed 64 bits of minor units")]
    Overflow,
    /// Nothing was ever said of the dispute.
    #[error("nothing is known of this dispute")]
    NothingKnown,
    /// An entry does not balance: a mistake in the rules, never in the input.
    #[error(transparent)]
    Journal(JournalError),
}

impl From<MoneyError> for DecideError {
    fn from(_: MoneyError) -> Self {
        Self::Overflow
    }
}

impl From<JournalError> for DecideError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Money(_) => Self::Overflow,
            unbalanced @ JournalError::Unbalanced(_) => Self::Journal(unbalanced),
        }
    }
}

/// Adds observations of one dispute to what is stored, and says what must be written.
///
/// Without observations it decides again from what is known: so an order that appeared later is found.
///
/// # Errors
/// [`DecideError`]; then nothing must be written.
pub fn decide(
    key: &DisputeKey,
    stored: &Stored,
    observations: &[Observation],
    rules: BookRules,
) -> Result<Change, DecideError> {
    let mut facts = stored.facts.clone();
    let (mut lines, mut movements) = (Vec::new(), Vec::new());
    for observation in observations {
        let added = facts.add(observation)?;
        lines.extend(added.line);
        movements.extend(added.movements);
    }
    let (Some(disputed), Some(present)) = (facts.disputed(), facts.present()) else {
        return Err(DecideError::NothingKnown);
    };
    let steps = steps(&facts, rules.fx_tolerance_percent)?;
    let moved = !facts.movements().is_empty();
    let convention = stored.convention.unwrap_or(rules.convention);

    let mut entries = movement_entries(&key.dispute, &movements, convention, rules)?;
    entries.extend(close_out_entries(&key.dispute, stored, &steps, convention, rules)?);
    let targets = targets(&steps, disputed.currency())?;
    let resolutions = missing(&steps, &targets, stored)?;

    let last = steps.last().map(|step| step.figures.clone()).unwrap_or_default();
    let present_run = facts.runs().pop();
    let outcome = present_run.as_ref().map_or(Outcome::Open, |run| run.outcome);
    let (order_match, order_discrepancies) = match_order(&facts, stored.linked.as_ref(), &stored.payments)?;
    let mut discrepancies = facts.discrepancies();
    discrepancies.extend(order_discrepancies);
    discrepancies.extend(money_discrepancies(&facts, outcome, last.values())?);
    discrepancies.sort();
    discrepancies.dedup();
    let dispute = Dispute {
        status: present.status.clone(),
        status_as_of: present.as_of,
        outcome,
        bucket: bucket(outcome, &last)?,
        closed_at: present_run.filter(|run| run.outcome.is_decided()).map(|run| run.started_at),
        order_match,
        convention: moved.then_some(convention),
    };
    let order_resolutions = order_resolutions(&dispute, &facts, &last)?;
    let owed_read = owed_read(&facts, &lines, stored.version == 0, &dispute, &discrepancies);
    Ok(Change {
        key: key.clone(),
        expected: stored.version,
        orders_version: stored.orders_version,
        facts,
        dispute,
        lines,
        movements,
        entries,
        resolutions,
        discrepancies,
        order_resolutions,
        owed_read,
    })
}

fn movement_entries(
    dispute: &DisputeId,
    movements: &[Movement],
    convention: Convention,
    rules: BookRules,
) -> Result<Vec<JournalEntry>, DecideError> {
    let entry = |movement| movement_entry(Some(dispute), movement, convention, rules).transpose();
    movements.iter().filter_map(entry).collect()
}

/// The entry of a movement that no dispute claims; none when it moves nothing.
///
/// # Errors
/// [`DecideError`].
pub fn account_entry(movement: &Movement, rules: BookRules) -> Result<Option<JournalEntry>, DecideError> {
    movement_entry(None, movement, rules.convention, rules)
}

fn movement_entry(
    dispute: Option<&DisputeId>,
    movement: &Movement,
    convention: Convention,
    rules: BookRules,
) -> Result<Option<JournalEntry>, DecideError> {
    let what = match movement.category {
        Category::Withdrawal => "Withdrawal for",
        Category::Reinstatement => "Reinstatement for",
        Category::Fee => "Fee for",
        Category::Other => "Unexplained movement for",
    };
    let whom = dispute.map_or("the account", DisputeId::as_str);
    let heading = Heading {
        id: EntryId::of_movement(&movement.id),
        dispute: dispute.cloned(),
        kind: EntryKind::Movement,
        occurred_at: movement.occurred_at,
        posted_on: rules.business_date(movement.occurred_at),
        narration: format!("{what} {whom}, {}", movement.id),
    };
    Ok(JournalEntry::try_new(heading, movement_postings(movement, convention)?)?)
}

fn close_out_entries(
    dispute: &DisputeId,
    stored: &Stored,
    steps: &[Step],
    convention: Convention,
    rules: BookRules,
) -> Result<Vec<JournalEntry>, DecideError> {
    let mut entries = Vec::new();
    let mut nth = stored.close_out_count;
    for (at, differences) in missing_close_outs(steps, &stored.close_outs, convention)? {
        let corrects = stored.close_outs.keys().any(|(booked_at, _)| *booked_at == at);
        let outcome = steps.iter().rev().find(|step| step.at <= at).map_or(Outcome::Open, |step| step.outcome);
        let what = if corrects { "Correction of the close-out" } else { "Close-out" };
        let heading = Heading {
            id: EntryId::of_close_out(dispute, at.timestamp(), nth),
            dispute: Some(dispute.clone()),
            kind: EntryKind::CloseOut,
            occurred_at: at,
            posted_on: rules.business_date(at),
            narration: format!("{what} of {dispute}, {}", outcome.as_str().replace('_', " ")),
        };
        let mut postings = Vec::new();
        for (currency, difference) in differences {
            postings.extend(difference.postings(currency, convention)?);
        }
        if let Some(entry) = JournalEntry::try_new(heading, postings)? {
            entries.push(entry);
            nth = nth.checked_add(1).ok_or(DecideError::Overflow)?;
        }
    }
    Ok(entries)
}

fn money_discrepancies<'a>(
    facts: &Facts,
    outcome: Outcome,
    figures: impl Iterator<Item = &'a Figures>,
) -> Result<Vec<Discrepancy>, MoneyError> {
    let mut found = Vec::new();
    for movement in facts.movements() {
        if movement.unexplained_net()? != 0 {
            found.push(Discrepancy::new(DiscrepancyKind::NetIsNotAmountLessFee, movement.id.as_str()));
        }
        if movement.category == Category::Other && movement.amount_minor != 0 {
            found.push(Discrepancy::new(DiscrepancyKind::MoneyInSuspense, movement.id.as_str()));
        }
    }
    let mut note = |kind| found.push(Discrepancy::new(kind, ""));
    let (mut withdrawn, mut outstanding) = (false, false);
    for figure in figures {
        withdrawn |= figure.peak > 0;
        outstanding |= figure.outstanding()? != 0;
        if outcome.is_decided() && figure.receivable()? < 0 {
            note(DiscrepancyKind::OverReinstated);
        }
    }
    match outcome {
        Outcome::Won | Outcome::Lost if !withdrawn => note(DiscrepancyKind::NoWithdrawalSeen),
        Outcome::InquiryClosed | Outcome::Refunded | Outcome::Prevented if outstanding => {
            note(DiscrepancyKind::MoneyWithoutVerdict);
        }
        Outcome::Open
        | Outcome::InquiryOpen
        | Outcome::Won
        | Outcome::Lost
        | Outcome::InquiryClosed
        | Outcome::Refunded
        | Outcome::Prevented => {}
    }
    let first_run = facts.runs().into_iter().next();
    if first_run.is_some_and(|run| !run.date_known && run.outcome.is_decided()) {
        note(DiscrepancyKind::DecisionDateUnknown);
    }
    Ok(found)
}

fn order_resolutions(
    dispute: &Dispute,
    facts: &Facts,
    figures: &std::collections::BTreeMap<Currency, Figures>,
) -> Result<Vec<OrderResolution>, MoneyError> {
    let Some(disputed) = facts.disputed() else { return Ok(Vec::new()) };
    let (orders, ambiguous) = match &dispute.order_match {
        OrderMatch::Matched { order, .. } => (std::slice::from_ref(order), false),
        OrderMatch::Ambiguous(orders) => (orders.as_slice(), true),
        OrderMatch::Orphan => return Ok(Vec::new()),
    };
    let own = [(disputed.currency(), Figures::default())];
    let figures: Vec<_> =
        if figures.is_empty() { own.to_vec() } else { figures.iter().map(|(c, f)| (*c, *f)).collect() };
    let shown = dispute.outcome.is_decided() && !ambiguous;
    let mut resolutions = Vec::new();
    for order in orders {
        for (settlement_currency, figure) in &figures {
            let if_shown = |minor: i64| if shown { minor } else { 0 };
            resolutions.push(OrderResolution {
                order: order.clone(),
                settlement_currency: *settlement_currency,
                outcome: dispute.outcome,
                bucket: dispute.bucket,
                disputed,
                recovered_minor: if_shown(figure.recovered()?),
                loss_minor: if_shown(figure.loss),
                fee_minor: if_shown(figure.fee),
                net_minor: if_shown(figure.net),
                closed_at: dispute.closed_at,
                ambiguous,
            });
        }
    }
    Ok(resolutions)
}
