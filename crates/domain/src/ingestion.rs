//! Whether deliveries come as they should: a light for each source of deliveries, and why it is on.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::ports::Period;

/// A silence that is no longer than this is always usual.
const USUAL_MIN: TimeDelta = TimeDelta::hours(24);

/// Silence is usual up to so many times the longest of the last days.
const USUAL_TIMES: i32 = 2;

/// Over how long the longest silence is looked for.
const USUAL_OVER: TimeDelta = TimeDelta::days(30);

/// Over how long answers are summed up.
const ANSWERS_OVER: TimeDelta = TimeDelta::days(7);

/// A failure that is older than this, with nothing after it, is silence.
const FAILURE_MAX: TimeDelta = TimeDelta::days(1);

/// The hourly look for lost events vouches for the time up to this long ago, or fails.
const WHOLE_WITHIN: TimeDelta = TimeDelta::hours(3);

/// The answers to what was authentic.
const RECEIVED: [&str; 4] = ["recorded", "duplicate", "ignored", QUARANTINED];

const QUARANTINED: &str = "quarantined";

/// How many deliveries of one source got one answer on one day.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeliveryCount {
    /// Where they came in: `stripe`, or `woocommerce/<shop>`.
    pub source: String,
    /// The day, in UTC.
    pub day: NaiveDate,
    /// The receipt, or the code of the error.
    pub answer: String,
    /// How many.
    pub deliveries: u64,
    /// When the last of them was answered.
    pub last_at: DateTime<Utc>,
}

/// How a source of deliveries is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Light {
    /// Events come, or it is known that there were none.
    Green,
    /// Nothing came for longer than usual, and nobody knows why.
    Yellow,
    /// What comes is not booked.
    Red,
}

impl Light {
    /// The word in documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Red => "red",
        }
    }
}

/// What is known of a source of deliveries.
#[derive(Clone, Copy, Debug)]
pub struct SourceFacts<'a> {
    /// Its counts of the last 30 days at least; those of other sources are left out.
    pub counts: &'a [DeliveryCount],
    /// The stretch for which it was compared with the source that no event is missing.
    pub whole: Option<Period>,
    /// Events that had to be fetched since the last delivery, because they were never delivered.
    pub fetched: u64,
    /// Events that are in quarantine at present.
    pub in_quarantine: u64,
}

/// How a source of deliveries is, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceHealth {
    /// Its name.
    pub source: String,
    /// When the last authentic delivery was answered.
    pub last_event: Option<DateTime<Utc>>,
    /// How many deliveries of the last 7 days, today's included, got which answer.
    pub answers: BTreeMap<String, u64>,
    /// The light.
    pub light: Light,
    /// Why it is on: a sentence without its full stop.
    pub why: String,
    /// What to do; `None` where there is nothing to do.
    pub remedy: Option<String>,
}

/// How a source of deliveries is, at `now`.
///
/// Red: within the last day deliveries were refused or could not be booked, and nothing was received since; or what came
/// last was quarantined and something is still there. Yellow: events had to be fetched, or there is silence for more than
/// 24 hours and more than twice the longest silence of the last 30 days, and no record that is known to be whole explains
/// it. Green: else. Silences are measured between the last answers of a kind of each day, so that one may count as up to a
/// day longer than it was.
#[must_use]
pub fn source_health(source: &str, facts: &SourceFacts<'_>, now: DateTime<Utc>) -> SourceHealth {
    let counts: Vec<_> = facts.counts.iter().filter(|count| count.source == source).collect();
    let last_event = last(&counts, |answer| RECEIVED.contains(&answer));
    let (light, why, remedy) = match failing(&counts, facts, last_event, now) {
        Some((why, remedy)) => (Light::Red, why, Some(remedy.to_owned())),
        None => silence(&counts, facts, last_event, now),
    };
    let since = now.checked_sub_signed(ANSWERS_OVER).unwrap_or(now).date_naive();
    let mut answers = BTreeMap::new();
    for count in counts.iter().filter(|count| count.day > since) {
        let sum: &mut u64 = answers.entry(count.answer.clone()).or_default();
        *sum = sum.saturating_add(count.deliveries);
    }
    SourceHealth { source: source.to_owned(), last_event, answers, light, why, remedy }
}

/// The last answer of a kind.
fn last(counts: &[&DeliveryCount], of: impl Fn(&str) -> bool) -> Option<DateTime<Utc>> {
    counts.iter().filter(|count| of(&count.answer)).map(|count| count.last_at).max()
}

/// Why what comes is not booked, and what to do.
fn failing(
    counts: &[&DeliveryCount],
    facts: &SourceFacts<'_>,
    last_event: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<(String, &'static str)> {
    let failed = counts.iter().filter_map(|count| Some((count, failure(&count.answer)?)));
    let newest = failed.max_by_key(|(count, _)| count.last_at).filter(|(count, _)| {
        let is_recent = now.signed_duration_since(count.last_at) <= FAILURE_MAX;
        is_recent && last_event.is_none_or(|event| event < count.last_at)
    });
    if let Some((count, (what, remedy))) = newest {
        let ago = lasting(now.signed_duration_since(count.last_at));
        return Some((format!("{what}, the last {ago} ago, and nothing was received since"), remedy));
    }
    let quarantined = last(counts, |answer| answer == QUARANTINED).filter(|_| facts.in_quarantine > 0)?;
    let booked = last(counts, |answer| answer == "recorded");
    booked.is_none_or(|booked| booked < quarantined).then(|| {
        let ago = lasting(now.signed_duration_since(quarantined));
        let why = format!("what came {ago} ago was quarantined, and nothing was booked since");
        (why, "`chargebook events list --quarantined` says why; then `chargebook events replay`")
    })
}

/// What an answer says went wrong, and what to do; `None` for one that says nothing of the kind.
fn failure(answer: &str) -> Option<(&'static str, &'static str)> {
    let database = "see the server's log: the database is away or too slow";
    Some(match answer {
        "signature_missing" => (
            "deliveries without a signature were refused",
            "let nothing between sender and server take away headers; or somebody else knocks",
        ),
        "signature_invalid" => (
            "deliveries were refused for their signature",
            "put the endpoint's present signing secret into the settings; or somebody else knocks",
        ),
        "timestamp_out_of_tolerance" => ("deliveries were refused for their time", "set this machine's clock by NTP"),
        "body_not_utf8" => {
            ("bodies that are not text were refused", "let nothing between sender and server change them")
        }
        "body_too_large" => ("bodies were refused as too large", "look at what the sender puts into them"),
        "overloaded" => ("there was more than could be booked", database),
        "not_committed" | "timed_out" => ("deliveries could not be booked", database),
        _ => return None,
    })
}

/// What silence means.
fn silence(
    counts: &[&DeliveryCount],
    facts: &SourceFacts<'_>,
    last_event: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> (Light, String, Option<String>) {
    let endpoint = "see whether the endpoint is there, enabled, of these books' mode, and sends this server its events";
    let Some(last_event) = last_event else {
        return (Light::Yellow, "no event was ever received".to_owned(), Some(endpoint.to_owned()));
    };
    let silent = now.signed_duration_since(last_event);
    let since = format!("the last event came {} ago", lasting(silent));
    if facts.fetched > 0 {
        let why = format!("{since}, and {} later ones had to be fetched: they were never delivered", facts.fetched);
        return (Light::Yellow, why, Some(endpoint.to_owned()));
    }
    let usual = usual_silence(counts, now);
    if silent <= usual {
        return (Light::Green, since, None);
    }
    if facts.whole.is_some_and(|whole| proves(whole, last_event, now)) {
        return (Light::Green, format!("{since}, and it was looked up that there was none since"), None);
    }
    (Light::Yellow, format!("{since}; up to {} is usual", lasting(usual)), Some(endpoint.to_owned()))
}

/// Whether a whole record shows that nothing happened since the last event.
fn proves(whole: Period, last_event: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    whole.from <= last_event && now.signed_duration_since(whole.until) <= WHOLE_WITHIN
}

/// How long silence may be before it is unusual.
fn usual_silence(counts: &[&DeliveryCount], now: DateTime<Utc>) -> TimeDelta {
    let since = now.checked_sub_signed(USUAL_OVER).unwrap_or(now);
    let of_then = counts.iter().filter(|count| RECEIVED.contains(&count.answer.as_str()) && count.last_at >= since);
    let mut moments: Vec<_> = of_then.map(|count| count.last_at).collect();
    moments.sort_unstable();
    let gaps = moments.iter().zip(moments.iter().skip(1)).map(|(from, to)| to.signed_duration_since(from));
    let longest = gaps.max().unwrap_or_default();
    longest.checked_mul(USUAL_TIMES).unwrap_or(TimeDelta::MAX).max(USUAL_MIN)
}

/// A length of time in words, rounded down.
fn lasting(length: TimeDelta) -> String {
    match (length.num_days(), length.num_hours(), length.num_minutes()) {
        (days @ 3.., ..) => format!("{days} days"),
        (_, hours @ 2.., _) => format!("{hours} hours"),
        (_, _, minutes) => format!("{} min", minutes.max(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn now() -> DateTime<Utc> {
        at("2026-11-21T12:00:00Z")
    }

    fn count(answer: &str, hours_ago: i64, deliveries: u64) -> DeliveryCount {
        let last_at = now() - TimeDelta::hours(hours_ago);
        let (source, answer) = ("stripe".to_owned(), answer.to_owned());
        DeliveryCount { source, day: last_at.date_naive(), answer, deliveries, last_at }
    }

    fn facts(counts: &[DeliveryCount]) -> SourceFacts<'_> {
        SourceFacts { counts, whole: None, fetched: 0, in_quarantine: 0 }
    }

    fn light(counts: &[DeliveryCount]) -> Light {
        source_health("stripe", &facts(counts), now()).light
    }

    #[test]
    fn silence_is_unusual_beyond_a_day_and_twice_the_longest_of_a_month() {
        for (ago, expected) in [(&[24][..], Light::Green), (&[25], Light::Yellow), (&[96, 48], Light::Green)] {
            let counts: Vec<_> = ago.iter().map(|ago| count("recorded", *ago, 1)).collect();
            assert_eq!(light(&counts), expected, "{ago:?}");
        }
        let [long, month] = [80, 24 * 31];
        assert_eq!(light(&[count("ignored", 120, 1), count("duplicate", long, 1)]), Light::Green, "40 hours twice");
        assert_eq!(light(&[count("ignored", 119, 1), count("duplicate", long, 1)]), Light::Yellow, "39 hours twice");
        assert_eq!(
            light(&[count("recorded", month, 1), count("recorded", long, 1)]),
            Light::Yellow,
            "older than 30 days"
        );
        assert_eq!(light(&[]), Light::Yellow);
    }

    #[test]
    fn a_silence_that_is_proven_is_green() {
        let counts = [count("recorded", 100, 1)];
        let health = |from: i64, until: i64, fetched| {
            let whole = Some(Period { from: now() - TimeDelta::hours(from), until: now() - TimeDelta::hours(until) });
            source_health("stripe", &SourceFacts { whole, fetched, ..facts(&counts) }, now()).light
        };
        assert_eq!(health(100, 3, 0), Light::Green);
        assert_eq!(health(99, 3, 0), Light::Yellow, "not whole since the last event");
        assert_eq!(health(100, 4, 0), Light::Yellow, "not whole until now");
        assert_eq!(health(100, 3, 1), Light::Yellow, "an event was lost on its way");
        let fresh = [count("recorded", 1, 1)];
        let lost = SourceFacts { fetched: 2, ..facts(&fresh) };
        let health = source_health("stripe", &lost, now());
        assert!(health.why.contains("2 later ones had to be fetched"), "{health:?}");
    }

    #[test]
    fn failures_within_a_day_are_red_until_something_is_received() {
        for answer in
            ["signature_missing", "signature_invalid", "timestamp_out_of_tolerance", "not_committed", "overloaded"]
        {
            let received = |ago| count("duplicate", ago, 1);
            assert_eq!(light(&[count(answer, 24, 3)]), Light::Red, "{answer}");
            assert_eq!(light(&[count(answer, 25, 3)]), Light::Yellow, "{answer}");
            assert_eq!(light(&[count(answer, 2, 3), received(3)]), Light::Red, "{answer}");
            assert_eq!(light(&[count(answer, 3, 3), received(2)]), Light::Green, "{answer}");
        }
        assert_eq!(light(&[count("body_incomplete", 1, 1), count("recorded", 2, 1)]), Light::Green);
    }

    #[test]
    fn what_is_quarantined_is_red_until_something_is_booked_or_it_is_gone() {
        let red = |counts: &[DeliveryCount], in_quarantine| {
            source_health("stripe", &SourceFacts { in_quarantine, ..facts(counts) }, now()).light == Light::Red
        };
        let quarantined = || count("quarantined", 5, 1);
        assert!(red(&[quarantined()], 1));
        assert!(red(&[quarantined(), count("recorded", 6, 1), count("ignored", 1, 1)], 1));
        assert!(!red(&[quarantined(), count("recorded", 4, 1)], 1));
        assert!(!red(&[quarantined()], 0), "it was replayed");
    }

    #[test]
    fn each_source_has_its_own_light_and_the_answers_of_seven_days() {
        let mut counts = vec![count("recorded", 1, 4), count("recorded", 24 * 6, 5), count("recorded", 24 * 7, 6)];
        counts.push(DeliveryCount { source: "woocommerce/shop".to_owned(), ..count("signature_invalid", 1, 9) });
        let stripe = source_health("stripe", &facts(&counts), now());
        assert_eq!((stripe.light, stripe.answers), (Light::Green, [("recorded".to_owned(), 9)].into()));
        assert_eq!(stripe.last_event, Some(now() - TimeDelta::hours(1)));
        let shop = source_health("woocommerce/shop", &facts(&counts), now());
        assert_eq!((shop.light, shop.last_event), (Light::Red, None));
        assert!(shop.remedy.unwrap().contains("signing secret"));
    }
}
