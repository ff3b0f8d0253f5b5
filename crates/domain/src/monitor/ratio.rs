//! Ratios of counts, compared without rounding.

/// A basis point is a ten-thousandth.
const BASIS_POINTS: u128 = 10_000;

/// Events per payments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ratio {
    /// How many events.
    pub events: u64,
    /// How many payments; `None` when that is not known.
    pub payments: Option<u64>,
}

impl Ratio {
    /// Basis points, rounded down: a ratio that is shown as 150 has reached 150. `None` without payments.
    #[must_use]
    pub fn bps(self) -> Option<u64> {
        self.per(1, BASIS_POINTS)
    }

    /// How much of a threshold it is, in percent, rounded down as well. `None` without payments or threshold.
    #[must_use]
    pub fn percent_of(self, threshold_bps: u64) -> Option<u64> {
        self.per(threshold_bps, BASIS_POINTS.saturating_mul(100))
    }

    /// Whether it is at least so many basis points: exact, and never without payments.
    #[must_use]
    pub fn reaches(self, bps: u64) -> bool {
        self.is_at_least(bps, BASIS_POINTS)
    }

    /// Whether it is at least `percent` percent of a threshold: exact, and never without payments.
    #[must_use]
    pub fn reaches_percent_of(self, percent: u64, threshold_bps: u64) -> bool {
        self.is_at_least(percent.saturating_mul(threshold_bps), BASIS_POINTS.saturating_mul(100))
    }

    /// `events * scale / (payments * unit)`.
    fn per(self, unit: u64, scale: u128) -> Option<u64> {
        let whole = u128::from(self.payments?).saturating_mul(u128::from(unit));
        let quotient = u128::from(self.events).saturating_mul(scale).checked_div(whole)?;
        Some(u64::try_from(quotient).unwrap_or(u64::MAX))
    }

    /// `events / payments >= bound / scale`, multiplied crosswise.
    fn is_at_least(self, bound: u64, scale: u128) -> bool {
        self.payments.is_some_and(|payments| {
            let bounded = u128::from(payments).saturating_mul(u128::from(bound));
            payments > 0 && u128::from(self.events).saturating_mul(scale) >= bounded
        })
    }
}

/// The store-wide ratio as the plugin `TrustLens` defines it: all disputes that were filed in the calendar month, inquiries
/// included and whatever became of them, per orders placed in the month, whatever became of those.
///
/// It is shown for those who come from there; no network computes it.
#[must_use]
pub fn trustlens_ratio(disputes: u64, orders: u64) -> Ratio {
    Ratio { events: disputes, payments: Some(orders) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_shown_rounded_down_and_compared_exactly() {
        // 185 / 7,500 = 246.66... basis points.
        let ratio = Ratio { events: 185, payments: Some(7_500) };
        assert_eq!((ratio.bps(), ratio.percent_of(300)), (Some(246), Some(82)));
        assert!(ratio.reaches(246) && !ratio.reaches(247));
        assert!(ratio.reaches_percent_of(82, 300) && !ratio.reaches_percent_of(83, 300));
    }

    #[test]
    fn there_is_no_ratio_without_payments() {
        for payments in [None, Some(0)] {
            let ratio = Ratio { events: 3, payments };
            assert_eq!((ratio.bps(), ratio.percent_of(150)), (None, None));
            assert!(!ratio.reaches(0) && !ratio.reaches_percent_of(0, 150));
        }
    }

    #[test]
    fn the_largest_counts_overflow_nothing() {
        let ratio = Ratio { events: u64::MAX, payments: Some(1) };
        assert_eq!((ratio.bps(), ratio.percent_of(1)), (Some(u64::MAX), Some(u64::MAX)));
        assert!(ratio.reaches(u64::MAX));
        assert_eq!(Ratio { events: 1, payments: Some(u64::MAX) }.bps(), Some(0));
    }

    #[test]
    fn the_store_wide_ratio_is_over_all_orders() {
        assert_eq!(trustlens_ratio(7, 400).bps(), Some(175));
        assert_eq!(trustlens_ratio(7, 0).bps(), None);
    }
}
