//! What was counted between two moments.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Counts, Month, MonthCounts, Network, Ratio, trustlens_ratio};

/// What was counted from one moment up to another.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Per network. Payments that were typed in are not among it.
    pub networks: BTreeMap<Network, MonthCounts>,
    /// What names no brand, and so could be of any network.
    pub unbranded: MonthCounts,
    /// Of the disputes that were filed, those whose payment's date is not known: they are in no dispute rate.
    pub undated: u64,
    /// All disputes that were opened, inquiries and prevented ones among them.
    pub opened: u64,
    /// Orders that were placed.
    pub orders: u64,
}

impl Tally {
    /// What is counted of a brand; `None` where none is named.
    pub fn of_brand(&mut self, brand: Option<&str>) -> &mut MonthCounts {
        match brand.filter(|brand| !brand.trim().is_empty()) {
            Some(brand) => self.networks.entry(Network::of_brand(brand)).or_default(),
            None => &mut self.unbranded,
        }
    }

    /// The store-wide ratio as `TrustLens` defines it.
    #[must_use]
    pub fn trustlens(&self) -> Ratio {
        trustlens_ratio(self.opened, self.orders)
    }
}

/// The payments of a month, as a person knows them from the processor's report.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TypedCount {
    /// The network.
    pub network: Network,
    /// The month.
    pub month: Month,
    /// How many payments.
    pub payments: u64,
    /// Who says so.
    pub by: String,
    /// Where it is from.
    pub reason: String,
    /// When it was typed in. The latest counts.
    pub at: DateTime<Utc>,
}

/// From one month through another, the later one where they are the wrong way round.
#[must_use]
pub fn months(first: Month, last: Month) -> Vec<Month> {
    let mut months: Vec<_> = std::iter::successors(Some(last), |month| Some(month.before()).filter(|b| b < month))
        .take_while(|month| *month == last || *month >= first)
        .collect();
    months.reverse();
    months
}

impl Counts {
    /// What was counted in months, with what was typed in.
    #[must_use]
    pub fn of_tallies(tallies: &BTreeMap<Month, Tally>, typed_in: &[(Network, Month, u64)]) -> Self {
        let counted = tallies.iter().flat_map(|(month, tally)| {
            tally.networks.iter().map(move |(network, counts)| (*network, *month, counts.clone()))
        });
        let typed_in = typed_in.iter().map(|(network, month, payments)| {
            (*network, *month, MonthCounts { payments_typed_in: Some(*payments), ..MonthCounts::default() })
        });
        counted.chain(typed_in).collect()
    }
}

/// What was counted up to the end of each part, of parts that follow each other.
pub fn running(parts: impl IntoIterator<Item = Tally>) -> impl Iterator<Item = Tally> {
    parts.into_iter().scan(Tally::default(), |sum, part| {
        for (network, counts) in &part.networks {
            sum.networks.entry(*network).or_default().add(counts);
        }
        sum.unbranded.add(&part.unbranded);
        sum.undated = sum.undated.saturating_add(part.undated);
        sum.opened = sum.opened.saturating_add(part.opened);
        sum.orders = sum.orders.saturating_add(part.orders);
        Some(sum.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(text: &str) -> Month {
        Month::parse(text).unwrap()
    }

    #[test]
    fn months_follow_each_other() {
        let shown = |first, last| -> Vec<String> {
            months(month(first), month(last)).iter().map(ToString::to_string).collect()
        };
        assert_eq!(shown("2025-11", "2026-02"), ["2025-11", "2025-12", "2026-01", "2026-02"]);
        assert_eq!(shown("2026-02", "2026-02"), ["2026-02"]);
        assert_eq!(shown("2026-03", "2026-02"), ["2026-02"]);
    }

    #[test]
    fn what_runs_is_the_sum_so_far() {
        let day = |disputes_filed, opened| {
            let counts = MonthCounts { disputes_filed, ..MonthCounts::default() };
            Tally { networks: [(Network::Visa, counts)].into(), opened, ..Tally::default() }
        };
        let sums = running([day(1, 2), day(0, 0), day(4, 5)]);
        let shown: Vec<_> = sums.map(|sum| (sum.networks[&Network::Visa].disputes_filed, sum.opened)).collect();
        assert_eq!(shown, [(1, 2), (1, 2), (5, 7)]);
    }
}
