use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::monitor::NetworkRatio;
use crate::ports::Period;
use crate::{
    AccountId, Currency, Deltas, DisputeKey, EntryKind, LedgerAccount, Money, OrderRef, Outcome, ResolutionKind,
};

/// All that a summary of one day is made from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DayBooks {
    /// The first of the business dates, where these are several that go as one; else the same as `date`.
    pub from: NaiveDate,
    /// The business date.
    pub date: NaiveDate,
    /// The zone whose day it is.
    pub zone: Tz,
    /// Whether the day is sealed; if not, this is what would be sealed now.
    pub sealed: bool,
    /// The moment of which a day that was not sealed then is told: by what was recorded by then, with what was sealed by then.
    /// Not all is kept of the past: `attention`, `received` and `networks` are empty then, and no row has an order. `None` is now.
    pub as_of: Option<DateTime<Utc>>,
    /// What this was kept as when the day was sealed: its SHA-256, as 64 hexadecimal digits. The same is shown for ever.
    pub sha256: Option<String>,
    /// The one book that every part is narrowed to; `None` for all together.
    pub book: Option<AccountId>,
    /// The books that are known now: the own one, and each that ever had a dispute or an entry. Of one book: that one, if
    /// it is known.
    pub books: BTreeSet<AccountId>,
    /// The resolution rows of the day.
    pub rows: Vec<DayRow>,
    /// What the entries of the day moved.
    pub moves: Vec<LedgerMove>,
    /// The balances of all entries that were sealed before; of accounts whose entries cancel out as well.
    pub opening: BTreeMap<(LedgerAccount, Currency), i64>,
    /// The sums of all resolution rows that are sealed, this day's included.
    pub resolved: BTreeMap<Currency, Deltas>,
    /// Movements that no resolution row carries, of all that are sealed, this day's included.
    pub unresolved: BTreeMap<Currency, Unresolved>,
    /// What adjustments sum to, of all that are sealed, this day's included.
    pub adjusted: BTreeMap<(LedgerAccount, Currency), i64>,
    /// Closed disputes of the month up to this day, and of the 90 days up to it.
    pub month_to_date: Window,
    /// The same for 90 days.
    pub ninety_days: Window,
    /// Each of the [`TREND_DAYS`] dates up to this day, the oldest first.
    pub trend: Vec<TrendDay>,
    /// The [`REASONS_MAX`] reasons that the most won and lost disputes of the 90 days have: by their number, then by name,
    /// and behind those of the same number that without a name. What the 90 days have beyond these is of other reasons.
    pub reasons: Vec<ReasonCount>,
    /// The disputes that are open now.
    pub open: OpenBalance,
    /// What needs a person now.
    pub attention: Attention,
    /// What arrived on the day; `None` of the past, and of days that were kept before this was.
    pub received: Option<Received>,
    /// What each programme of the networks says of the month up to now, all books together; empty where none is watched, and
    /// `None` where it could not be counted. Whoever knows the programmes adds it.
    pub networks: Option<Vec<NetworkRatio>>,
}

impl DayBooks {
    /// A day on which nothing happened, not sealed, of all books together.
    #[must_use]
    pub fn empty(date: NaiveDate, zone: Tz) -> Self {
        Self {
            from: date,
            date,
            zone,
            sealed: false,
            as_of: None,
            sha256: None,
            book: None,
            books: BTreeSet::new(),
            rows: Vec::new(),
            moves: Vec::new(),
            opening: BTreeMap::new(),
            resolved: BTreeMap::new(),
            unresolved: BTreeMap::new(),
            adjusted: BTreeMap::new(),
            month_to_date: Window::default(),
            ninety_days: Window::default(),
            trend: Vec::new(),
            reasons: Vec::new(),
            open: OpenBalance::default(),
            attention: Attention::default(),
            received: None,
            networks: Some(Vec::new()),
        }
    }
}

/// A resolution row with what a reader needs to know of its dispute.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DayRow {
    /// The dispute.
    pub key: DisputeKey,
    /// Its order, if there is exactly one.
    pub order: Option<OrderRef>,
    /// The source's word for the reason.
    pub reason: Option<String>,
    /// The card's brand.
    pub card_brand: Option<String>,
    /// What the cardholder disputes.
    pub disputed: Money,
    /// Whether evidence was submitted, where that is known.
    pub evidence_submitted: Option<bool>,
    /// The outcome from the row's point on, as it was known when the row was written.
    pub outcome: Outcome,
    /// Counts the points of one dispute.
    pub revision: u32,
    /// The settlement currency.
    pub currency: Currency,
    /// Why the row was written.
    pub kind: ResolutionKind,
    /// What changed.
    pub deltas: Deltas,
    /// The sum of the dispute's rows in this currency that were sealed before this day.
    pub before: Deltas,
    /// The point of the timeline.
    pub occurred_at: DateTime<Utc>,
}

/// What the entries of a day moved, summed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LedgerMove {
    /// The account.
    pub account: LedgerAccount,
    /// The settlement currency.
    pub currency: Currency,
    /// What the entries were for.
    pub kind: EntryKind,
    /// Whether their true date is before the day.
    pub late: bool,
    /// The sum of the debits.
    pub debit_minor: i64,
    /// The sum of the credits; negative.
    pub credit_minor: i64,
}

/// Movements that no resolution row carries, summed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Unresolved {
    /// Fees of disputes without a sealed verdict.
    pub undecided_fee_minor: i64,
    /// Principal that is out for them.
    pub undecided_principal_minor: i64,
    /// Their unexplained money.
    pub undecided_suspense_minor: i64,
    /// Fees of the account, tied to no dispute.
    pub account_fee_minor: i64,
    /// Unexplained money of the account.
    pub account_suspense_minor: i64,
}

/// Disputes whose close falls into a window, by their present outcome.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Window {
    /// Won.
    pub won: u64,
    /// Lost.
    pub lost: u64,
    /// Won with evidence submitted.
    pub won_challenged: u64,
    /// Lost with evidence submitted.
    pub lost_challenged: u64,
    /// Closed inquiries.
    pub inquiries: u64,
    /// Prevented.
    pub prevented: u64,
    /// Refunded.
    pub refunded: u64,
    /// Recovered and lost principal of the won and lost ones, by settlement currency.
    pub principal: BTreeMap<Currency, (i64, i64)>,
}

/// As many dates are in a trend.
pub const TREND_DAYS: u64 = 30;

/// As many reasons are told apart.
pub const REASONS_MAX: usize = 50;

/// Disputes that closed on one date, by their present outcome.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TrendDay {
    /// The business date.
    pub date: NaiveDate,
    /// Won.
    pub won: u64,
    /// Lost.
    pub lost: u64,
}

impl TrendDay {
    /// The [`TREND_DAYS`] dates up to `end`, each with what is counted won and lost of it, or with zeros.
    #[must_use]
    pub fn up_to(end: NaiveDate, counts: &BTreeMap<NaiveDate, (u64, u64)>) -> Vec<Self> {
        let dates = (0..TREND_DAYS).rev().filter_map(|back| end.checked_sub_days(Days::new(back)));
        dates
            .map(|date| {
                let (won, lost) = counts.get(&date).copied().unwrap_or_default();
                Self { date, won, lost }
            })
            .collect()
    }
}

/// Closed disputes of one reason, by their present outcome.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReasonCount {
    /// The source's word for the reason, or `None` where it gave none.
    pub reason: Option<String>,
    /// Won.
    pub won: u64,
    /// Lost.
    pub lost: u64,
}

/// The open disputes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OpenBalance {
    /// Disputes that are open.
    pub disputes: u64,
    /// Inquiries that are open.
    pub inquiries: u64,
    /// What the cardholders dispute, by the disputes' own currency; inquiries left out.
    pub at_risk: BTreeMap<Currency, i64>,
    /// How many disputes and inquiries were filed on the day, whatever became of them.
    pub filed: u64,
    /// What the cardholders dispute in these, by their own currency.
    pub filed_amounts: BTreeMap<Currency, i64>,
    /// When the oldest was filed.
    pub oldest_opened_at: Option<DateTime<Utc>>,
    /// How many need evidence within seven days of the day's end.
    pub evidence_due_soon: u64,
}

/// Events of a source that arrived on a day or were fetched on it, each once however often it was delivered, and how far the
/// record is compared with the source. What was read beside events, and what people adjusted, is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Received {
    /// Those that are booked.
    pub recorded: u64,
    /// Those that say nothing that is booked.
    pub ignored: u64,
    /// Those that are quarantined; of accounts without a book they count for the own one.
    pub quarantined: u64,
    /// For which time every event is known to be here, of each book that is compared with its source; `None` where that is not
    /// known of one of them, or of no time for all.
    pub whole: Option<Period>,
    /// When the comparison of the source's money with the books was begun that was finished last; of several books the
    /// earliest. `None` where one of them never was compared.
    pub money_compared_at: Option<DateTime<Utc>>,
}

impl Received {
    /// How many arrived.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.recorded.saturating_add(self.ignored).saturating_add(self.quarantined)
    }
}

/// What needs a person.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Attention {
    /// Disputes without an order.
    pub orphans: u64,
    /// Disputes that could be of several orders.
    pub ambiguous: u64,
    /// Won disputes whose money is not back.
    pub recovery_pending: u64,
    /// Disputes with money in suspense or more money back than taken.
    pub money_questions: u64,
    /// Events that are quarantined; those of accounts without a book count for the own one.
    pub quarantined: u64,
    /// Mails of earlier days that failed, or whose end is unknown; of one book, those together too.
    pub undelivered: u64,
}
