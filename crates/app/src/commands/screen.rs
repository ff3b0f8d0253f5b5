//! How commands show things: for people, or as JSON for programs.

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use super::Failure;

/// How output is shown.
#[derive(Clone, Copy)]
pub(super) struct Screen {
    pub(super) json: bool,
    pub(super) zone: Tz,
}

impl Screen {
    /// Shows `value` as JSON, or what `people` makes of it.
    pub(super) fn show<T: Serialize>(self, value: &T, people: impl FnOnce(&T) -> String) -> Result<(), Failure> {
        show(self.json, value, people)
    }

    /// A moment in the business zone.
    pub(super) fn time(self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).format("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// A moment that may not be known.
    pub(super) fn maybe_time(self, at: Option<DateTime<Utc>>) -> String {
        at.map_or_else(|| "-".to_owned(), |at| self.time(at))
    }
}

/// Shows `value` as JSON, or what `people` makes of it.
pub(super) fn show<T: Serialize>(json: bool, value: &T, people: impl FnOnce(&T) -> String) -> Result<(), Failure> {
    let text = if json { serde_json::to_string_pretty(value).map_err(Failure::failed)? } else { people(value) };
    writeln!(io::stdout(), "{}", text.trim_end()).map_err(Failure::output)
}

/// What stands below a list that may go on: nothing where all `rows` are shown.
pub(super) fn more(rows: usize, limit: i64, what: &str) -> String {
    let is_full = i64::try_from(rows).is_ok_and(|rows| rows == limit);
    if is_full { format!("\nThe first {limit} {what}; --limit shows more.") } else { String::new() }
}
