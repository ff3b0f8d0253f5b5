//! What closed in the last 30 days, and why disputes of the last 90 were filed.

use chargebook_domain::summary::{ReasonCount, Summary, TrendDay};
use chrono::NaiveDate;

use super::NumberFormat;
use super::amounts::{Share, rate};
use super::bars::Bar;
use super::shown;

/// How high the highest bar of the trend is.
const TREND_PX: u64 = 72;

/// How long the longest bar of the reasons is.
const REASON_PX: u64 = 160;

/// As many reasons are shown one by one.
const REASONS_SHOWN_MAX: usize = 8;

/// The verdicts of each of the last 30 dates.
pub(super) struct Trend {
    pub(super) won: u64,
    pub(super) lost: u64,
    /// The most verdicts of one date.
    pub(super) most: u64,
    /// The latest date that has so many.
    pub(super) most_on: String,
    /// How many other dates have as many.
    pub(super) as_many: usize,
    pub(super) bars: Vec<Bar>,
    /// The first date, one in the middle, and the last.
    pub(super) dates: [String; 3],
    pub(super) weeks: Vec<Week>,
}

/// Seven dates of the trend; the first one can have fewer.
pub(super) struct Week {
    pub(super) dates: String,
    pub(super) won: u64,
    pub(super) lost: u64,
}

/// A date of this year and the one before, as it is read.
fn short(date: NaiveDate) -> String {
    date.format("%-d %b").to_string()
}

fn verdicts(day: &TrendDay) -> u64 {
    day.won.saturating_add(day.lost)
}

fn sum(days: &[TrendDay], of: impl Fn(&TrendDay) -> u64) -> u64 {
    days.iter().map(of).fold(0, u64::saturating_add)
}

impl Trend {
    /// `None` where no date is told.
    pub(super) fn of(summary: &Summary) -> Option<Self> {
        let days = summary.trend.as_slice();
        let (first, last) = (days.first()?, days.last()?);
        let middle = days.get(days.len().saturating_sub(1) / 2)?;
        let highest = days.iter().max_by_key(|day| verdicts(day))?;
        let most = verdicts(highest);
        Some(Self {
            won: sum(days, |day| day.won),
            lost: sum(days, |day| day.lost),
            most,
            most_on: short(highest.date),
            as_many: days.iter().filter(|day| verdicts(day) == most).count().saturating_sub(1),
            bars: days.iter().map(|day| Bar::new([day.won, day.lost], most, TREND_PX)).collect(),
            dates: [first, middle, last].map(|day| short(day.date)),
            weeks: weeks(days),
        })
    }

    pub(super) fn height_px() -> u64 {
        TREND_PX
    }
}

/// Counted back from the last date.
fn weeks(days: &[TrendDay]) -> Vec<Week> {
    let mut weeks: Vec<_> = days.rchunks(7).filter_map(Week::of).collect();
    weeks.reverse();
    weeks
}

impl Week {
    fn of(days: &[TrendDay]) -> Option<Self> {
        let [first, last] = [days.first()?, days.last()?].map(|day| short(day.date));
        Some(Self {
            dates: format!("{first} to {last}"),
            won: sum(days, |day| day.won),
            lost: sum(days, |day| day.lost),
        })
    }
}

/// What the disputes were filed for.
#[derive(Default)]
pub(super) struct Reasons {
    pub(super) shown: Vec<ReasonLine>,
}

pub(super) struct ReasonLine {
    pub(super) named: ReasonNamed,
    pub(super) won: u64,
    pub(super) lost: u64,
    pub(super) win_rate: Share,
    pub(super) bar: Bar,
}

pub(super) enum ReasonNamed {
    Word(String),
    /// The source gave none.
    Unknown,
    /// All that are not shown one by one.
    Others,
}

impl Reasons {
    pub(super) fn of(summary: &Summary, numbers: NumberFormat) -> Self {
        let shown = summary.reasons.iter().take(REASONS_SHOWN_MAX);
        let mut counts: Vec<_> = shown.map(|of| (named(of), [of.won, of.lost])).collect();
        let told = |part: usize| counts.iter().filter_map(|(_, of)| of.get(part)).copied().fold(0, u64::saturating_add);
        let others =
            [summary.ninety_days.won.saturating_sub(told(0)), summary.ninety_days.lost.saturating_sub(told(1))];
        if !counts.is_empty() && others != [0, 0] {
            counts.push((ReasonNamed::Others, others));
        }
        let most = counts.iter().map(|(_, [won, lost])| won.saturating_add(*lost)).max().unwrap_or(0);
        let line = |(named, [won, lost]): (_, [u64; 2])| ReasonLine {
            named,
            won,
            lost,
            win_rate: rate(won, lost, numbers),
            bar: Bar::new([won, lost], most, REASON_PX),
        };
        Self { shown: counts.into_iter().map(line).collect() }
    }
}

fn named(of: &ReasonCount) -> ReasonNamed {
    of.reason.as_deref().map_or(ReasonNamed::Unknown, |reason| ReasonNamed::Word(shown::word(reason)))
}
