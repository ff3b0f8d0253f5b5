//! How numbers are written where the readers are.

use chargebook_domain::Outcome;
use chargebook_domain::summary::{DayBooks, Summary};

use super::fixture::{estimates, lost, no_books, rich_day, row, summary, won};
use super::{CsvSeparator, Mail, MailStyle, NumberFormat, read_by, write};

fn mail_in(locale: &str, summary: &Summary) -> Mail {
    let numbers = NumberFormat::of_locale(locale).unwrap();
    write(summary, &MailStyle { numbers, ..MailStyle::default() }, None)
}

#[test]
fn the_subject_has_its_amounts_as_the_locale_writes_them_and_its_date_as_ever() {
    let rows = vec![
        row(1, Outcome::Won, "usd", won(62_000, 0)),
        row(2, Outcome::Won, "usd", won(62_000, 0)),
        row(3, Outcome::Won, "eur", won(8_000, 0)),
        row(4, Outcome::Lost, "usd", lost(100, 0)),
    ];
    let day = summary(DayBooks { rows, ..no_books() });
    for (locale, eur, usd) in [
        ("en-US", "80.00", "1,240.00"),
        ("en-GB", "80.00", "1,240.00"),
        ("de-DE", "80,00", "1.240,00"),
        ("es-ES", "80,00", "1.240,00"),
        ("nl-NL", "80,00", "1.240,00"),
        ("fr-FR", "80,00", "1\u{a0}240,00"),
        ("sv-SE", "80,00", "1\u{a0}240,00"),
        ("de-CH", "80.00", "1'240.00"),
    ] {
        let expected = format!("Disputes 21 Nov: 3 won, 1 lost, {usd} USD and {eur} EUR recovered");
        assert_eq!(mail_in(locale, &day).subject, expected, "{locale}");
    }
}

#[test]
fn every_number_of_both_bodies_is_written_alike() {
    let day = Summary { networks: Some(estimates([1_600, 185])), ..rich_day() };
    let (english, german) = (mail_in("en-GB", &day), mail_in("de-DE", &day));
    for (written, rewritten) in [
        ("3,517.31", "3.517,31"),
        ("1,250,000", "1.250.000"),
        ("75.500", "75,500"),
        ("55.6", "55,6"),
        ("1.60 % (1,600 of 100,000)", "1,60 % (1.600 of 100.000)"),
        ("of 1.50 %", "of 1,50 %"),
        ("65.1 % (91,044.15 of 139,844.77)", "65,1 % (91.044,15 of 139.844,77)"),
    ] {
        for (english, german) in [(&english.text, &german.text), (&english.html, &german.html)] {
            assert!(english.contains(written) && !english.contains(rewritten), "{written}");
            assert!(german.contains(rewritten) && !german.contains(written), "{rewritten}");
        }
    }
    // A point or a comma between digits that is neither of the format nor of words would be a number that was forgotten.
    let digits = |text: &str, separator: char| {
        let chars: Vec<_> = text.chars().collect();
        chars.windows(3).filter(|at| at[1] == separator && at[0].is_ascii_digit() && at[2].is_ascii_digit()).count()
    };
    assert_eq!(digits(&english.text, ','), digits(&german.text, '.'));
    assert_eq!(digits(&english.text, '.'), digits(&german.text, ','));
    let swiss = mail_in("de-CH", &day);
    assert!(swiss.html.contains("3&#39;517.31") && swiss.text.contains("3'517.31"));
    let french = mail_in("fr-FR", &day).text;
    let of_columns =
        |text: &str| text.lines().filter(|line| line.contains("Recovered  ")).map(width).collect::<Vec<_>>();
    assert_eq!(of_columns(&french), of_columns(&english.text), "columns align all the same");
    assert!(french.contains("as of 18 Nov 2026 23:45"), "dates have the month's name everywhere");
}

fn width(line: &str) -> usize {
    line.chars().count()
}

#[test]
fn the_file_takes_its_separator_and_not_the_locale() {
    let german = MailStyle { numbers: NumberFormat::of_locale("de-DE").unwrap(), ..MailStyle::default() };
    let default = write(&rich_day(), &MailStyle::default(), None).attachments;
    assert_eq!(write(&rich_day(), &german, None).attachments, default);

    let semicolon = MailStyle { csv: CsvSeparator::Semicolon, ..MailStyle::default() };
    let written = write(&rich_day(), &semicolon, None).attachments;
    let (commas, semicolons) = (read_by(b',', &default[0].content), read_by(b';', &written[0].content));
    assert_eq!(commas.len(), semicolons.len());
    let amounts = ["disputed", "recovered", "loss", "fee", "fx", "pending", "suspense", "net"];
    for (comma, semicolon) in commas.iter().zip(&semicolons) {
        for (column, field) in comma {
            let expected = if amounts.contains(&column.as_str()) { field.replace('.', ",") } else { field.clone() };
            assert_eq!(semicolon[column], expected, "{column}");
        }
    }
    assert!(semicolons.iter().any(|line| line["recovered"] == "2487,31"), "{semicolons:?}");
}
