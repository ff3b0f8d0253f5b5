//! How long a receiver asks to wait.

use std::time::Duration;

use chrono::DateTime;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// No answer can silence a message for longer.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// `Retry-After`, in seconds or as a date, up to an hour; zero where it is not said.
pub(crate) fn asked_wait(headers: &HeaderMap) -> Duration {
    in_seconds(headers).or_else(|| until_date(headers)).unwrap_or_default().min(LONGEST_WAIT)
}

fn in_seconds(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse();
    Some(Duration::from_secs(seconds.ok()?))
}

/// Measured from the answer's own `Date`, so that our clock does not matter.
fn until_date(headers: &HeaderMap) -> Option<Duration> {
    let moment = |name| DateTime::parse_from_rfc2822(headers.get(name)?.to_str().ok()?).ok();
    moment(RETRY_AFTER)?.signed_duration_since(moment(DATE)?).to_std().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(retry_after: Option<&'static str>, date: Option<&'static str>, seconds: u64) {
        let mut headers = HeaderMap::new();
        for (name, value) in [(RETRY_AFTER, retry_after), (DATE, date)] {
            if let Some(value) = value {
                headers.insert(name, value.parse().unwrap());
            }
        }
        let wait = asked_wait(&headers);
        assert_eq!(wait, Duration::from_secs(seconds), "{retry_after:?} {date:?}");
    }

    #[test]
    fn seconds_and_dates_are_read_and_bounded() {
        let now = Some("Sat, 21 Nov 2026 07:00:00 GMT");
        check(None, now, 0);
        check(Some("12"), now, 12);
        check(Some("86400"), now, 3600);
        check(Some("99999999999999999999999"), now, 0);
        check(Some("-5"), now, 0);
        check(Some("soon"), now, 0);
        check(Some("Sat, 21 Nov 2026 07:01:30 GMT"), now, 90);
        check(Some("Sun, 22 Nov 2026 07:00:00 GMT"), now, 3600);
        check(Some("Sat, 21 Nov 2026 06:00:00 GMT"), now, 0);
        check(Some("Sat, 21 Nov 2026 07:01:30 GMT"), None, 0);
    }
}
