//! Percentiles, and how figures are printed.

use std::time::Duration;

/// Latencies in microseconds, in ascending order; at least one.
pub(crate) struct Latencies(Vec<u64>);

impl Latencies {
    pub(crate) fn of(mut micros: Vec<u64>) -> Self {
        assert!(!micros.is_empty(), "nothing was measured");
        micros.sort_unstable();
        Self(micros)
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// In microseconds.
    pub(crate) fn percentile(&self, percent: usize) -> u64 {
        self.0[(self.0.len() * percent / 100).min(self.0.len() - 1)]
    }
}

pub(crate) fn per_second(count: usize, took: Duration) -> u64 {
    u64::try_from(u128::try_from(count).unwrap() * 1_000_000 / took.as_micros().max(1)).unwrap()
}

/// A duration in milliseconds with two decimals, and the unit.
pub(crate) fn milliseconds(duration: Duration) -> String {
    format!("{} ms", hundredths(u64::try_from(duration.as_micros()).unwrap() / 10))
}

/// Microseconds as milliseconds with two decimals.
pub(crate) fn millis(micros: u64) -> String {
    hundredths(micros / 10)
}

/// `part` over `whole` with two decimals.
pub(crate) fn ratio(part: u64, whole: u64) -> String {
    hundredths(per_hundred(part, whole))
}

/// `part` over `whole` in hundredths.
pub(crate) fn per_hundred(part: u64, whole: u64) -> u64 {
    part * 100 / whole.max(1)
}

fn hundredths(hundredths: u64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
