//! What commands show: tables for people, JSON for programs.

use std::io::{self, Write};

use chargebook_domain::{Currency, Money};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use comfy_table::{Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table, presets};
use serde::Serialize;

use super::Failure;

/// How output is shown.
#[derive(Clone, Copy)]
pub(super) struct Screen {
    pub(super) json: bool,
    pub(super) zone: Tz,
}

/// How a column is set.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Set {
    Left,
    Right,
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

/// A table with these columns. On a terminal it is as wide as that, and wraps texts but no amounts; anywhere else it is
/// as wide as it has to be.
pub(super) fn table<const N: usize>(columns: [(&str, Set); N]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(columns.map(|(name, _)| name));
    for (index, (_, set)) in columns.into_iter().enumerate() {
        if let (Set::Right, Some(column)) = (set, table.column_mut(index)) {
            column.set_cell_alignment(CellAlignment::Right);
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    table
}

/// An amount as people read it, without its currency.
pub(super) fn amount(minor: i64, currency: &str) -> String {
    Currency::parse(currency).map_or_else(|_| minor.to_string(), |currency| Money::new(minor, currency).grouped())
}

/// A currency as people read it.
pub(super) fn currency(code: &str) -> String {
    code.to_ascii_uppercase()
}

/// A stored word as people read it; what went well is green and what needs a person is not, on a terminal.
pub(super) fn word(stored: &str) -> Cell {
    let cell = Cell::new(stored.replace('_', " "));
    match stored {
        "won" | "recovered" | "accepted" | "recorded" => cell.fg(Color::Green),
        "lost" | "confirmed_loss" | "failed" => cell.fg(Color::Red),
        "orphan" | "ambiguous" | "unknown" | "quarantined" | "recovery_pending" => cell.fg(Color::Yellow),
        _ => cell,
    }
}

/// A text that may not be known.
pub(super) fn maybe(text: Option<&str>) -> &str {
    text.unwrap_or("-")
}
