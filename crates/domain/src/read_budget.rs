//! What asking the source costs in a day, so that it stays within what the source grants.

use std::time::Duration;

use crate::ports::SweepKind;
use crate::service::every;

/// The least that Stripe grants an account in a month (docs.stripe.com/rate-limits); payments add to it.
pub const READS_A_MONTH: u64 = 10_000;

/// A page of a listing.
const PAGE: u64 = 100;

/// What there is to ask for, as the last 30 days were.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ReadVolume {
    /// Events about disputes in 30 days.
    pub events: u64,
    /// Withdrawals and reinstatements in 30 days.
    pub movements: u64,
    /// Disputes in 30 days that are read once: for their order, or for their card.
    pub read_once: u64,
    /// Disputes that were filed since the oldest one that is open.
    pub since_oldest_open: u64,
    /// Closed disputes whose money is still to come.
    pub waiting_for_money: u64,
}

/// What one kind of asking costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BudgetLine {
    /// What is asked for.
    pub what: &'static str,
    /// Requests a day.
    pub per_day: u64,
}

/// What a day of normal running costs in requests, for one account.
///
/// A sweep reads at least one page. Adjustments and fees that are not about disputes add a page a hundred, which nobody
/// can know beforehand.
#[must_use]
pub fn read_budget(volume: &ReadVolume) -> Vec<BudgetLine> {
    let times = |kind| per_day(every(kind));
    let gaps = times(SweepKind::Gaps);
    // Each looks at what happened since the last one, and at the hour before that.
    let events_each = volume.events.saturating_mul(2).div_ceil(gaps.saturating_mul(30).max(1));
    // Thirty-five days of adjustments, and as many of fees.
    let money_pages = pages(volume.movements.saturating_mul(35).div_ceil(30)).saturating_add(1);
    // Missing money is looked for seven times in 32 days; an order's name or a card once.
    let queue = volume.waiting_for_money.saturating_mul(7).div_ceil(32).saturating_add(volume.read_once.div_ceil(30));
    vec![
        BudgetLine { what: "events that never arrived", per_day: gaps.saturating_mul(pages(events_each)) },
        BudgetLine {
            what: "money that no dispute has shown",
            per_day: times(SweepKind::Money).saturating_mul(money_pages),
        },
        BudgetLine {
            what: "open disputes, a hundred a request",
            per_day: times(SweepKind::Open).saturating_mul(pages(volume.since_oldest_open)),
        },
        BudgetLine { what: "single disputes, for money or an order's name", per_day: queue },
    ]
}

fn pages(rows: u64) -> u64 {
    rows.div_ceil(PAGE).max(1)
}

fn per_day(every: Duration) -> u64 {
    Duration::from_hours(24).as_secs().div_ceil(every.as_secs().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_month(volume: ReadVolume) -> u64 {
        read_budget(&volume).iter().map(|line| line.per_day * 30).sum()
    }

    #[test]
    fn a_quiet_shop_stays_far_below_the_least_that_is_granted() {
        assert_eq!(a_month(ReadVolume::default()), (24 + 8 + 1) * 30);
    }

    #[test]
    fn a_busy_shop_is_told_what_it_costs() {
        let volume = ReadVolume {
            events: 30_000,
            movements: 12_000,
            read_once: 300,
            since_oldest_open: 15_000,
            waiting_for_money: 320,
        };
        let lines: Vec<_> = read_budget(&volume).iter().map(|line| line.per_day).collect();
        // 84 events a sweep fit a page; 14,000 adjustments are 140 pages, four times a day.
        assert_eq!(lines, [24, 4 * 141, 150, 70 + 10]);
    }
}
