//! The moment of which a mail is told.

use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime, TimeZone as _, Utc};
use chrono_tz::Tz;

use crate::commands::{Failure, Refused};

/// A moment as a person writes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum AsOf {
    /// It says how far from UTC it is.
    Moment(DateTime<Utc>),
    /// As it stands on the wall in the summary's zone.
    OnTheWall(NaiveDateTime),
}

impl FromStr for AsOf {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let moment = DateTime::parse_from_rfc3339(text).map(|moment| Self::Moment(moment.to_utc()));
        moment
            .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").map(Self::OnTheWall))
            .map_err(|_| "write it as 2026-11-21T02:30:00Z, or as \"2026-11-21 02:30\" in the summary's zone")
    }
}

impl AsOf {
    /// The moment that is meant.
    ///
    /// # Errors
    /// Wrong usage, where it is still to come, or a change of the clock skips or repeats it.
    pub(super) fn moment(self, zone: Tz, now: DateTime<Utc>) -> Result<DateTime<Utc>, Failure> {
        let moment = match self {
            Self::Moment(moment) => moment,
            Self::OnTheWall(wall) => {
                zone.from_local_datetime(&wall).single().map(|moment| moment.to_utc()).ok_or_else(|| {
                    let why = format!("{wall} is skipped or repeated in {zone}: write it as 2026-11-21T02:30:00Z");
                    Refused::wrong_usage(Refused::new(why))
                })?
            }
        };
        if moment > now {
            return Err(Refused::wrong_usage(Refused::new("--as-of is still to come")));
        }
        Ok(moment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_with_its_offset_or_as_on_the_wall() {
        let now = "2026-12-01T00:00:00Z".parse().unwrap();
        for (text, zone, moment) in [
            ("2026-11-21T02:30:00Z", Tz::America__New_York, Some("2026-11-21T02:30:00Z")),
            ("2026-11-21T02:30:00.5+01:00", Tz::UTC, Some("2026-11-21T01:30:00.5Z")),
            ("2026-11-21 02:30", Tz::UTC, Some("2026-11-21T02:30:00Z")),
            ("2026-11-21 02:30", Tz::America__New_York, Some("2026-11-21T07:30:00Z")),
            // Skipped, and repeated.
            ("2026-03-08 02:30", Tz::America__New_York, None),
            ("2026-11-01 01:30", Tz::America__New_York, None),
            // Still to come.
            ("2026-12-01T00:00:01Z", Tz::UTC, None),
        ] {
            let told = text.parse::<AsOf>().unwrap().moment(zone, now).ok();
            assert_eq!(told, moment.map(|moment| moment.parse().unwrap()), "{text} in {zone}");
        }
        for text in ["", "now", "2026-11-21", "2026-11-21T02:30", "2026-11-21 2:30 pm", "2026-13-01 00:00"] {
            assert!(text.parse::<AsOf>().is_err(), "{text}");
        }
    }
}
