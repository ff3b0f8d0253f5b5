//! How the daily mail is written.

use super::reader::Reader;
use crate::mail::{CsvSeparator, NumberFormat};

pub(super) fn numbers(reader: &mut Reader) -> NumberFormat {
    let remedy = format!("write one of {}", NumberFormat::LOCALES.join(", "));
    reader.parse("summary.locale", &remedy, NumberFormat::of_locale).unwrap_or_default()
}

pub(super) fn csv_separator(reader: &mut Reader) -> CsvSeparator {
    let separator = reader.parse("summary.csv_separator", "write comma or semicolon", |text| match text {
        "comma" => Some(CsvSeparator::Comma),
        "semicolon" => Some(CsvSeparator::Semicolon),
        _ => None,
    });
    separator.unwrap_or_default()
}
