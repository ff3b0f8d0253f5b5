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

pub(super) fn attach_journal(reader: &mut Reader) -> bool {
    reader.parse("summary.attach_journal", "write true or false", |text| text.parse().ok()).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io;

    use super::*;
    use crate::settings::{FileText, Settings};

    #[test]
    fn mails_are_written_as_is_set() {
        let written = |text| {
            let file = Some(FileText { path: "test.toml", text });
            let settings = Settings::read(file, &BTreeMap::new(), &|_| Err(io::ErrorKind::NotFound.into())).unwrap();
            (settings.numbers, settings.csv_separator, settings.attach_journal)
        };
        let swiss = NumberFormat::of_locale("de-CH").unwrap();
        let set = "[summary]\nlocale = \"de-CH\"\ncsv_separator = \"semicolon\"\nattach_journal = true";
        assert_eq!(written(set), (swiss, CsvSeparator::Semicolon, true));
        assert_eq!(written(""), (NumberFormat::default(), CsvSeparator::Comma, false));
    }
}
