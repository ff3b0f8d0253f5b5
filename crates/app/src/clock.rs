//! The clocks: this machine's, and one that is set.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use chargebook_domain::ports::Clock;
use chrono::{DateTime, TimeDelta, Utc};

/// This machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everyone else asks")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// A clock that starts at a given moment and runs on; it can be put forward.
#[derive(Debug)]
pub struct ShiftedClock {
    /// What it showed, and when that was.
    set: Mutex<(DateTime<Utc>, Instant)>,
}

impl ShiftedClock {
    /// Shows `start` now.
    #[must_use]
    pub fn starting_at(start: DateTime<Utc>) -> Self {
        Self { set: Mutex::new((start, Instant::now())) }
    }

    /// Shows `at` now, unless it shows a later time already: it is never put back.
    pub fn advance_to(&self, at: DateTime<Utc>) {
        let now = self.now();
        let mut set = self.set.lock().unwrap_or_else(PoisonError::into_inner);
        *set = (now.max(at), Instant::now());
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> DateTime<Utc> {
        let (shown, set_at) = *self.set.lock().unwrap_or_else(PoisonError::into_inner);
        let since = TimeDelta::from_std(set_at.elapsed()).unwrap_or(TimeDelta::MAX);
        shown.checked_add_signed(since).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shifted_clock_starts_where_it_is_told_and_is_never_put_back() {
        let start = DateTime::from_timestamp(1_000_000, 0).unwrap();
        let clock = ShiftedClock::starting_at(start);
        assert!(clock.now() >= start && clock.now() < start + TimeDelta::minutes(1));
        clock.advance_to(start + TimeDelta::days(2));
        assert!(clock.now() >= start + TimeDelta::days(2));
        clock.advance_to(start);
        assert!(clock.now() >= start + TimeDelta::days(2));
    }
}
