//! Days as Stripe has them: in UTC.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

/// The first moment of a day.
pub(super) fn begin(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

/// The first moment after it.
pub(super) fn end(day: NaiveDate) -> DateTime<Utc> {
    day.succ_opt().map_or(DateTime::<Utc>::MAX_UTC, begin)
}
