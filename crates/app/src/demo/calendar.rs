//! The demo's dates. They follow from its seed, so that nothing it shows depends on today.

use chargebook_stories::DAYS;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// The zone whose days are the demo's business days.
pub(super) const ZONE: Tz = Tz::Europe__Berlin;

/// 2026-05-14, a Thursday, in Unix seconds: the two business days are then a Tuesday and a Wednesday.
const EARLIEST_START: i64 = 1_778_716_800;

/// The days of a demo.
#[derive(Clone, Copy, Debug)]
pub(super) struct Calendar {
    /// When the stories begin, in UTC.
    pub(super) start: DateTime<Utc>,
    /// The two business days that are summed up.
    pub(super) days: [NaiveDate; 2],
}

impl Calendar {
    /// Begins in one of 52 weeks.
    pub(super) fn of(seed: u64) -> Self {
        let weeks = i64::try_from(seed % 52).unwrap_or_default();
        let start = DateTime::from_timestamp(EARLIEST_START, 0).unwrap_or_default() + TimeDelta::weeks(weeks);
        let day = |number| (start + TimeDelta::days(number)).date_naive();
        Self { start, days: [day(DAYS - 2), day(DAYS - 1)] }
    }

    /// When a day begins.
    pub(super) fn midnight(date: NaiveDate) -> DateTime<Utc> {
        local(date, 0, 0)
    }

    /// Late on a day, when its events have happened and it is not due yet.
    pub(super) fn evening(date: NaiveDate) -> DateTime<Utc> {
        local(date, 23, 0)
    }

    /// The next morning, when its mail is due.
    pub(super) fn morning_after(date: NaiveDate) -> DateTime<Utc> {
        local(date + TimeDelta::days(1), 7, 5)
    }
}

/// A local time that no change of the clocks in Europe skips or repeats.
fn local(date: NaiveDate, hour: u32, minute: u32) -> DateTime<Utc> {
    let time = date.and_time(NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default());
    ZONE.from_local_datetime(&time).earliest().map_or_else(|| time.and_utc(), |at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_days_follow_from_the_seed_and_are_in_the_week() {
        let calendar = Calendar::of(0);
        assert_eq!(calendar.start.to_rfc3339(), "2026-05-14T00:00:00+00:00");
        assert_eq!(calendar.days.map(|day| day.format("%a %F").to_string()), ["Tue 2026-11-10", "Wed 2026-11-11"]);
        assert_eq!(Calendar::of(53).start, Calendar::of(1).start);
        assert_eq!(Calendar::evening(calendar.days[1]).to_rfc3339(), "2026-11-11T22:00:00+00:00");
        assert_eq!(Calendar::morning_after(calendar.days[1]).to_rfc3339(), "2026-11-12T06:05:00+00:00");
    }
}
