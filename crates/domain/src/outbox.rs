//! When a message that was not taken is sent again.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// The wait after the first attempt, the second and so on. The last attempt is 45 hours after the first.
const WAITS: [TimeDelta; 8] = [
    TimeDelta::seconds(10),
    TimeDelta::minutes(1),
    TimeDelta::minutes(5),
    TimeDelta::minutes(30),
    TimeDelta::hours(2),
    TimeDelta::hours(6),
    TimeDelta::hours(12),
    TimeDelta::hours(24),
];

/// When a message is sent again after the attempt with this number, counted from 1, has failed; `None` when it was the
/// last, and the message is dead until a person sends it again.
///
/// It is never earlier than the receiver asks for, whose wait is bounded by who reads it. That a person must change
/// something first is for the caller to see: see [`SendOutcome::Refused`](crate::ports::SendOutcome::Refused).
#[must_use]
pub fn next_attempt(attempt: u32, retry_after: Option<Duration>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let nth = usize::try_from(attempt.saturating_sub(1)).ok()?;
    let usual = *WAITS.get(nth)?;
    let asked = TimeDelta::from_std(retry_after.unwrap_or_default()).unwrap_or(usual);
    now.checked_add_signed(usual.max(asked))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds_until_next(attempt: u32, retry_after: Option<Duration>) -> Option<i64> {
        let now = "2026-11-21T07:00:00Z".parse().unwrap();
        next_attempt(attempt, retry_after, now).map(|next| (next - now).num_seconds())
    }

    #[test]
    fn each_wait_is_longer_and_after_the_ninth_attempt_a_message_is_dead() {
        let waits: Vec<_> = (1..=9).map(|attempt| seconds_until_next(attempt, None)).collect();
        let expected = [10, 60, 300, 1800, 7200, 21_600, 43_200, 86_400].map(Some);
        assert_eq!(waits, [expected.as_slice(), &[None]].concat());
        assert_eq!(seconds_until_next(u32::MAX, None), None);
    }

    #[test]
    fn a_message_is_never_sent_earlier_than_its_receiver_asks_for() {
        assert_eq!(seconds_until_next(1, Some(Duration::from_secs(90))), Some(90));
        assert_eq!(seconds_until_next(2, Some(Duration::ZERO)), Some(60));
        assert_eq!(seconds_until_next(4, Some(Duration::from_secs(90))), Some(1800));
        assert_eq!(seconds_until_next(9, Some(Duration::from_secs(90))), None);
    }

    #[test]
    fn no_number_and_no_wait_is_too_large_to_be_answered() {
        assert_eq!(seconds_until_next(0, None), Some(10));
        assert_eq!(seconds_until_next(1, Some(Duration::MAX)), Some(10));
        assert_eq!(next_attempt(1, None, DateTime::<Utc>::MAX_UTC), None);
    }
}
