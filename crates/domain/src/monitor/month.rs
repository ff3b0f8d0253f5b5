//! Calendar months.

use std::fmt;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// A calendar month. In which zone its days begin is for whoever counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    first_day: NaiveDate,
}

impl Month {
    /// The month of a day.
    #[must_use]
    pub fn of(day: NaiveDate) -> Self {
        // Every month has a first day, so that the fallback is never taken.
        Self { first_day: day.with_day(1).unwrap_or(day) }
    }

    /// Reads `2026-04`: four digits, a hyphen, two digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let digits = |part: &str, count| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return None;
        }
        let first_day = NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, 1)?;
        Some(Self { first_day })
    }

    /// Its first day.
    #[must_use]
    pub fn first_day(self) -> NaiveDate {
        self.first_day
    }

    /// Its last day.
    #[must_use]
    pub fn last_day(self) -> NaiveDate {
        let day_before = |first: NaiveDate| first.checked_sub_days(Days::new(1));
        self.first_day.checked_add_months(Months::new(1)).and_then(day_before).unwrap_or(NaiveDate::MAX)
    }

    /// The moment at which its first day begins in a zone.
    #[must_use]
    pub fn starts_at(self, zone: Tz) -> DateTime<Utc> {
        day_starts_at(self.first_day, zone)
    }

    /// The moment at which its last day ends in a zone.
    #[must_use]
    pub fn ends_at(self, zone: Tz) -> DateTime<Utc> {
        self.last_day().succ_opt().map_or(DateTime::<Utc>::MAX_UTC, |day| day_starts_at(day, zone))
    }

    /// The moments at which each of its days begins in a zone, and the last one ends.
    #[must_use]
    pub fn day_bounds(self, zone: Tz) -> Vec<DateTime<Utc>> {
        let days = self.first_day.iter_days().take_while(|day| Self::of(*day) == self);
        days.map(|day| day_starts_at(day, zone)).chain([self.ends_at(zone)]).collect()
    }

    /// The month before. The calendar's very first month is its own.
    #[must_use]
    pub fn before(self) -> Self {
        Self { first_day: self.first_day.checked_sub_months(Months::new(1)).unwrap_or(self.first_day) }
    }
}

impl fmt::Display for Month {
    /// `2026-04`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.first_day.year(), self.first_day.month())
    }
}

impl fmt::Debug for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where clocks go forward at midnight, the day begins when they have.
fn day_starts_at(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN);
    let begins = |hours| zone.from_local_datetime(&midnight.checked_add_signed(TimeDelta::hours(hours))?).earliest();
    (0..24).find_map(begins).map_or_else(|| midnight.and_utc(), |at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(text: &str) -> Month {
        Month::parse(text).unwrap()
    }

    #[test]
    fn a_month_reads_back_and_nothing_else_reads() {
        assert_eq!(month("2026-04").to_string(), "2026-04");
        for bad in ["", "2026", "2026-4", "26-04", "2026-13", "2026-00", "2026-04-01", "+026-04", " 2026-04", "2026/04"]
        {
            assert_eq!(Month::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_month_has_its_days_and_the_month_before() {
        assert_eq!(month("2028-02").last_day().to_string(), "2028-02-29");
        assert_eq!(month("2026-12").last_day().to_string(), "2026-12-31");
        assert_eq!(month("2026-12").first_day().to_string(), "2026-12-01");
        assert_eq!(month("2026-01").before(), month("2025-12"));
        assert_eq!(Month::of(month("2026-04").last_day()), month("2026-04"));
        assert_eq!(Month::of(NaiveDate::MAX).last_day(), NaiveDate::MAX);
        assert_eq!(Month::of(NaiveDate::MIN).before(), Month::of(NaiveDate::MIN));
    }

    #[test]
    fn days_begin_at_the_first_moment_of_their_zone() {
        let berlin = month("2026-03").day_bounds(Tz::Europe__Berlin);
        assert_eq!(berlin.len(), 32);
        assert_eq!(berlin[29] - berlin[28], TimeDelta::hours(23), "the 29th is an hour short");
        assert_eq!(berlin[0], month("2026-03").starts_at(Tz::Europe__Berlin));
        // Clocks went from 00:00 to 01:00 on the 6th of September 2026 in Santiago.
        let day = NaiveDate::from_ymd_opt(2026, 9, 6).unwrap();
        assert_eq!(day_starts_at(day, Tz::America__Santiago).to_string(), "2026-09-06 04:00:00 UTC");
    }
}
