//! The heart: from what is stored and what was observed to what must be written. Pure.

mod entries;
mod odd;

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

pub use self::entries::account_entry;
use self::entries::{close_out_entries, movement_entries, reclassification_entry, reversals};
use self::odd::money_discrepancies;
use crate::figures::{bucket, steps};
use crate::follow_up::triggers;
use crate::journal::{BookedCloseOuts, JournalError};
use crate::orders::{customer, match_order, paid_at};
use crate::ports::Version;
use crate::reread::{Sight, owed_read};
use crate::resolution::{BookedDeltas, BookedOutcomes, missing, targets};
use crate::{
    Attribution, AttributionError, Bucket, Convention, Currency, CustomerId, CustomerKey, Discrepancy, DisputeKey,
    Facts, Figures, JournalEntry, Line, MoneyError, Movement, MovementContradicted, Observation, OrderMatch,
    OrderPayment, OrderRef, OrderResolution, Outcome, OwedRead, Resolution, Status, Trigger,
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
    /// By what customers are known; without it none is.
    pub customer_key: Option<CustomerKey>,
}

impl Default for BookRules {
    fn default() -> Self {
        Self { time_zone: Tz::UTC, convention: Convention::Holding, fx_tolerance_percent: 10, customer_key: None }
    }
}

impl BookRules {
    /// The business date of a moment.
    #[must_use]
    pub fn business_date(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.time_zone).date_naive()
    }

    /// A moment of a business date: of the present day the present, of any other noon, which every day has once.
    #[must_use]
    pub fn moment_of(&self, date: NaiveDate, now: DateTime<Utc>) -> DateTime<Utc> {
        if date == self.business_date(now) {
            return now;
        }
        let noon = date.and_hms_opt(12, 0, 0).and_then(|noon| noon.and_local_timezone(self.time_zone).earliest());
        noon.map_or(now, |noon| noon.to_utc())
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
    /// Whether it had exactly one order when it was last decided.
    pub was_matched: bool,
    /// Whose it was then.
    pub customer: Option<CustomerId>,
    /// The dispute that it is a double of, once that is known. A double keeps its facts, and counts as nothing.
    pub same_as: Option<DisputeKey>,
    /// Whether it was decided as a double before: then its entries are reversed.
    pub is_reversed: bool,
    /// A dispute with the same id in a book of Stripe's, where this one's book is not Stripe's.
    pub twin: Option<DisputeKey>,
}

impl Stored {
    /// Where what is said of this dispute is booked instead: at the dispute of the same id that it is a double of.
    #[must_use]
    pub fn home(&self, key: &DisputeKey) -> Option<&DisputeKey> {
        self.same_as.as_ref().filter(|same| same.dispute == key.dispute).or(self.twin.as_ref())
    }
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
    /// When it became a formal dispute; `None` for what is none: an inquiry, or what was prevented.
    pub filed_at: Option<DateTime<Utc>>,
    /// When its order was paid, where that says.
    pub paid_at: Option<DateTime<Utc>>,
    /// When it was closed; `None` while it is open.
    pub closed_at: Option<DateTime<Utc>>,
    /// Which order it is about.
    pub order_match: OrderMatch,
    /// Whose order that is, where it says.
    pub customer: Option<CustomerId>,
    /// The dispute that it is a double of.
    pub same_as: Option<DisputeKey>,
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
    /// What a person said of its money, if that is new.
    pub attribution: Option<Attribution>,
    /// The convention that is fixed for it here, with its first movement.
    pub begins_by: Option<Convention>,
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
    /// What happened, for those who act on it.
    pub triggers: BTreeSet<Trigger>,
}

impl Change {
    /// Whether there is anything that was not known before.
    #[must_use]
    pub fn has_news(&self) -> bool {
        let told = !(self.lines.is_empty() && self.movements.is_empty() && self.attribution.is_none());
        told || !(self.entries.is_empty() && self.resolutions.is_empty())
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
    /// What a person says of its money can't be said.
    #[error(transparent)]
    Attribution(#[from] AttributionError),
    /// It counts as nothing, and so does what is said of its money.
    #[error("it is the same dispute as {0}, which counts: say it of that one")]
    Double(DisputeKey),
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

/// What is new of a dispute, and is in its facts already.
#[derive(Default)]
struct Told {
    lines: Vec<Line>,
    movements: Vec<Movement>,
    attribution: Option<Attribution>,
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
    let (mut facts, mut told) = (stored.facts.clone(), Told::default());
    for observation in observations {
        let added = facts.add(observation)?;
        told.lines.extend(added.line);
        told.movements.extend(added.movements);
    }
    conclude(key, stored, facts, told, rules)
}

/// Adds what a person says of a dispute's money to what is stored, and says what must be written.
///
/// # Errors
/// [`DecideError`]; then nothing must be written.
pub fn attribute(
    key: &DisputeKey,
    stored: &Stored,
    attribution: &Attribution,
    rules: BookRules,
) -> Result<Change, DecideError> {
    if let Some(same) = &stored.same_as {
        return Err(DecideError::Double(same.clone()));
    }
    let mut facts = stored.facts.clone();
    facts.attribute(&attribution.what)?;
    let told = Told { attribution: Some(attribution.clone()), ..Told::default() };
    conclude(key, stored, facts, told, rules)
}

fn conclude(
    key: &DisputeKey,
    stored: &Stored,
    facts: Facts,
    told: Told,
    rules: BookRules,
) -> Result<Change, DecideError> {
    let Told { lines, movements, attribution } = told;
    let (Some(disputed), Some(present)) = (facts.disputed(), facts.present()) else {
        return Err(DecideError::NothingKnown);
    };
    let is_double = stored.same_as.is_some();
    let steps = if is_double { Vec::new() } else { steps(&facts, rules.fx_tolerance_percent)? };
    let moved = !facts.money().is_empty();
    let convention = stored.convention.unwrap_or(rules.convention);

    let mut entries = match &stored.same_as {
        None => movement_entries(&key.dispute, &movements, convention, rules)?,
        Some(same) if !stored.is_reversed => reversals(key, same, &stored.facts, convention, rules)?,
        Some(_) => Vec::new(),
    };
    if let Some(said) = &attribution {
        entries.extend(reclassification_entry(key, &facts, said, convention, rules)?);
    }
    entries.extend(close_out_entries(&key.dispute, stored, &steps, convention, rules)?);
    // Counts stand on the alphabetically first currency of its own money, or on its own where none moved.
    let counted = facts.movements().iter().map(|movement| movement.currency).min().unwrap_or(disputed.currency());
    let targets = targets(&steps, counted)?;
    let resolutions = missing(&steps, &targets, stored)?;

    let last = steps.last().map(|step| step.figures.clone()).unwrap_or_default();
    let present_run = facts.runs().pop();
    let outcome = present_run.as_ref().map_or(Outcome::Open, |run| run.outcome);
    let (order_match, order_discrepancies) = match_order(&facts, stored.linked.as_ref(), &stored.payments)?;
    let mut discrepancies = facts.discrepancies();
    discrepancies.extend(order_discrepancies);
    if !is_double {
        discrepancies.extend(money_discrepancies(&facts, outcome, last.values())?);
    }
    discrepancies.sort();
    discrepancies.dedup();
    let dispute = Dispute {
        status: present.status.clone(),
        status_as_of: present.as_of,
        outcome,
        bucket: bucket(outcome, &last)?,
        filed_at: facts.filed_at(),
        paid_at: paid_at(&order_match, &facts, &stored.payments),
        closed_at: present_run.filter(|run| run.outcome.is_decided()).map(|run| run.started_at),
        customer: match rules.customer_key {
            Some(key) => customer(&order_match, &facts, &stored.payments, key),
            // Who runs without the key takes nothing away.
            None => stored.customer.clone(),
        },
        order_match,
        same_as: stored.same_as.clone(),
        convention: moved.then_some(convention),
    };
    let order_resolutions = if is_double { Vec::new() } else { order_resolutions(&dispute, &facts, &last)? };
    let sight = Sight { is_first: stored.version == 0, knows_customers: rules.customer_key.is_some() };
    let owed_read = owed_read(&facts, &lines, sight, &dispute, &discrepancies);
    let owed_read = owed_read.filter(|_| key.account.is_at_stripe() && !is_double);
    let has_news = !(lines.is_empty() && movements.is_empty());
    let triggers = if is_double { BTreeSet::new() } else { what_happened(stored, &dispute, has_news) };
    Ok(Change {
        key: key.clone(),
        expected: stored.version,
        orders_version: stored.orders_version,
        facts,
        begins_by: dispute.convention.filter(|_| stored.convention.is_none()),
        dispute,
        lines,
        movements,
        attribution,
        entries,
        resolutions,
        discrepancies,
        order_resolutions,
        owed_read,
        triggers,
    })
}

/// What those who act on disputes hear of: a dispute that is decided again only when its order or its customer changed.
fn what_happened(stored: &Stored, dispute: &Dispute, has_news: bool) -> BTreeSet<Trigger> {
    let is_matched = matches!(dispute.order_match, OrderMatch::Matched { .. });
    if !has_news && is_matched == stored.was_matched && dispute.customer == stored.customer {
        return BTreeSet::new();
    }
    let before = stored.facts.runs().pop().map(|run| run.outcome);
    triggers(if stored.version == 0 { None } else { Some(before.unwrap_or(Outcome::Open)) }, dispute.outcome)
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
