//! What people read on a screen: tables, amounts, words and numbers.

use chargebook_domain::{Currency, Money};
use comfy_table::{Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table, presets};

/// The columns of a table that has a line for each row.
pub(crate) struct Columns<'a, Row> {
    rows: &'a [Row],
    columns: Vec<Column>,
}

struct Column {
    name: &'static str,
    is_right: bool,
    cells: Vec<Cell>,
}

impl<'a, Row> Columns<'a, Row> {
    /// None yet.
    pub(crate) fn of(rows: &'a [Row]) -> Self {
        Self { rows, columns: Vec::new() }
    }

    /// And one of texts.
    pub(crate) fn left<Shown: Into<Cell>>(mut self, name: &'static str, of: impl Fn(&Row) -> Shown) -> Self {
        let cells = self.rows.iter().map(|row| of(row).into()).collect();
        self.columns.push(Column { name, is_right: false, cells });
        self
    }

    /// And one of amounts or numbers.
    pub(crate) fn right(mut self, name: &'static str, of: impl Fn(&Row) -> String) -> Self {
        let cells = self.rows.iter().map(|row| of(row).into()).collect();
        self.columns.push(Column { name, is_right: true, cells });
        self
    }

    /// The table. On a terminal it is as wide as that, and wraps texts but no amounts; anywhere else it is as wide as it
    /// has to be.
    pub(crate) fn table(self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::UTF8_BORDERS_ONLY);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header(self.columns.iter().map(|column| column.name));
        let is_right: Vec<_> = self.columns.iter().map(|column| column.is_right).collect();
        let mut columns: Vec<_> = self.columns.into_iter().map(|column| column.cells.into_iter()).collect();
        for _ in self.rows {
            table.add_row(columns.iter_mut().filter_map(Iterator::next));
        }
        for (set, _) in table.column_iter_mut().zip(is_right).filter(|(_, is_right)| *is_right) {
            set.set_cell_alignment(CellAlignment::Right);
            set.set_constraint(ColumnConstraint::ContentWidth);
        }
        table
    }
}

/// An amount as people read it, without its currency.
pub(crate) fn amount(minor: i64, currency: &str) -> String {
    Currency::parse(currency).map_or_else(|_| minor.to_string(), |currency| Money::new(minor, currency).grouped())
}

/// A currency as people read it.
pub(crate) fn currency(code: &str) -> String {
    code.to_ascii_uppercase()
}

/// A stored word as people read it; what went well is green and what needs a person is not, on a terminal.
pub(crate) fn word(stored: &str) -> Cell {
    let cell = Cell::new(stored.replace('_', " "));
    match stored {
        "won" | "recovered" | "accepted" | "recorded" => cell.fg(Color::Green),
        "lost" | "confirmed_loss" | "failed" | "differs" => cell.fg(Color::Red),
        "orphan" | "ambiguous" | "unknown" | "quarantined" | "recovery_pending" => cell.fg(Color::Yellow),
        _ => cell,
    }
}

/// A text that may not be known.
pub(crate) fn maybe(text: Option<&str>) -> &str {
    text.unwrap_or("-")
}

/// A number as people read it.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// The length of a list, as a number to be shown.
pub(crate) fn len<T>(list: &[T]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!((counted(1, "mail", "mails"), counted(2, "mail", "mails")), ("1 mail".into(), "2 mails".into()));
    }

    #[test]
    fn a_table_has_a_line_a_row_and_amounts_on_the_right() {
        let rows = [("a", 5), ("b", 12_345)];
        let columns = Columns::of(&rows).left("Name", |row| row.0).right("Amount", |row| amount(row.1, "eur"));
        let shown = columns.table().to_string();
        let lines: Vec<_> = shown.lines().filter(|line| line.contains(['a', 'b'])).collect();
        assert_eq!(lines, ["│ Name   Amount │", "│ a        0.05 │", "│ b      123.45 │"]);
    }
}
