//! Reads orders from CSV. A file is good as a whole or not at all.

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::RangeInclusive;

use chargebook_domain::{ChargeId, Currency, Money, OrderPayment, OrderRef, PaymentIntentId};
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use csv::StringRecord;

/// How many bad lines are reported.
const REPORTED_MAX: usize = 20;

/// The columns that a file must have, in any order.
const REQUIRED: [&str; 7] =
    ["order_ref", "charge_id", "payment_intent_id", "amount", "currency", "customer_email", "placed_at"];

/// In which an order can have been placed: a year of two digits is a slip, and one of five can't be shown everywhere.
const YEARS: RangeInclusive<i32> = 1970..=9999;

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct BadLine {
    /// The line in the file, from 1.
    pub line: u64,
    /// What is wrong, with the column's name and never its content.
    pub problem: String,
}

/// The payments of a file.
///
/// # Errors
/// The bad lines, up to a number that people can read.
pub fn read(file: impl Read) -> Result<Vec<OrderPayment>, Vec<BadLine>> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
    let header = reader.headers().map_err(|error| vec![unreadable(&error)])?.clone();
    let columns: BTreeMap<_, _> = header.iter().map(|name| name.trim_start_matches('\u{feff}')).zip(0..).collect();
    let missing: Vec<_> = REQUIRED.into_iter().filter(|name| !columns.contains_key(name)).collect();
    if !missing.is_empty() {
        let problem = format!("the header lacks {}; it must name {}", missing.join(", "), REQUIRED.join(", "));
        return Err(vec![BadLine { line: 1, problem }]);
    }
    let (mut payments, mut bad) = (Vec::new(), Vec::new());
    let mut seen: BTreeMap<(OrderRef, String), (u64, usize)> = BTreeMap::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                bad.push(unreadable(&error));
                break;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        match payment(&record, &columns) {
            Err(problem) => bad.push(BadLine { line, problem }),
            Ok(payment) => {
                let key = (payment.order_ref.clone(), payment.payment_key().to_owned());
                let (first, index) = *seen.entry(key).or_insert((line, payments.len()));
                match payments.get(index) {
                    None => payments.push(payment),
                    Some(known) if *known == payment => {}
                    Some(_) => {
                        let problem = format!("the same order and payment as line {first}, with other content");
                        bad.push(BadLine { line, problem });
                    }
                }
            }
        }
        if bad.len() >= REPORTED_MAX {
            break;
        }
    }
    if bad.is_empty() { Ok(payments) } else { Err(bad) }
}

fn unreadable(error: &csv::Error) -> BadLine {
    let line = error.position().map_or(1, csv::Position::line);
    let problem = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("it has {len} fields, and the header has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "it is not UTF-8 text".to_owned(),
        _ => "it can't be read as CSV".to_owned(),
    };
    BadLine { line, problem }
}

fn payment(record: &StringRecord, columns: &BTreeMap<&str, usize>) -> Result<OrderPayment, String> {
    let field = |name: &str| columns.get(name).and_then(|index| record.get(*index)).filter(|text| !text.is_empty());
    let given = |name: &str| field(name).ok_or_else(|| format!("{name} is empty"));
    let wrong = |name: &'static str| move |error: &dyn std::fmt::Display| format!("{name}: {error}");
    let order_ref = OrderRef::parse(given("order_ref")?).map_err(|error| wrong("order_ref")(&error))?;
    let charge = field("charge_id").map(ChargeId::parse).transpose().map_err(|error| wrong("charge_id")(&error))?;
    let payment_intent = field("payment_intent_id")
        .map(PaymentIntentId::parse)
        .transpose()
        .map_err(|error| wrong("payment_intent_id")(&error))?;
    let currency = Currency::parse(given("currency")?).map_err(|error| wrong("currency")(&error))?;
    let money = |name: &'static str, text: &str| {
        Money::from_major(text, currency)
            .map_err(|error| wrong(name)(&error))
            .and_then(|money| if money.minor() < 0 { Err(format!("{name} is negative")) } else { Ok(money) })
    };
    let word = |name: &str| match field(name) {
        Some(text) if text.chars().any(char::is_control) => Err(format!("{name} has a control character")),
        text => Ok(text.map(str::to_owned)),
    };
    Ok(OrderPayment {
        order_ref,
        charge,
        payment_intent,
        amount: money("amount", given("amount")?)?,
        refunded_minor: field("refunded").map(|text| money("refunded", text).map(|money| money.minor())).transpose()?,
        customer_email: word("customer_email")?,
        placed_at: field("placed_at").map(time).transpose()?,
        card_brand: word("card_brand")?,
        updated_at: None,
    })
}

fn time(text: &str) -> Result<DateTime<Utc>, String> {
    let with_zone = DateTime::parse_from_rfc3339(text).map(|at| at.to_utc());
    let without_zone = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"]
        .into_iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    let date = || text.parse::<NaiveDate>().ok().map(|date| date.and_time(NaiveTime::MIN));
    let at = with_zone.ok().or_else(|| without_zone.or_else(date).map(|at| at.and_utc()));
    at.filter(|at| YEARS.contains(&at.year()))
        .ok_or_else(|| "placed_at: not a time; write it like 2026-03-01T12:30:00Z, or 2026-03-01 for UTC".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "order_ref,charge_id,payment_intent_id,amount,currency,customer_email,placed_at,refunded\n";

    fn problems(lines: &str) -> Vec<String> {
        let bad = read(format!("{HEADER}{lines}").as_bytes()).unwrap_err();
        bad.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_good_file_is_read_exactly() {
        let file = "\u{feff}order_ref,charge_id,payment_intent_id,amount,currency,customer_email,placed_at,refunded\n\
            1001,ch_1,pi_1,12.34,USD,a@example.com,2026-03-01T12:30:00+01:00,2.00\n\
            1001,ch_1,pi_1,12.34,USD,a@example.com,2026-03-01T12:30:00+01:00,2.00\n\
            1002,,,5000,jpy,,2026-03-01,\n";
        let payments = read(file.as_bytes()).unwrap();
        assert_eq!(payments.len(), 2, "the same line twice is one payment");
        assert_eq!((payments[0].amount.minor(), payments[0].refunded_minor), (1234, Some(200)));
        assert_eq!(payments[0].placed_at.unwrap().to_rfc3339(), "2026-03-01T11:30:00+00:00");
        assert_eq!((payments[1].amount.minor(), payments[1].charge.is_none()), (5000, true));
    }

    #[test]
    fn each_bad_line_is_named_with_its_number_and_column() {
        assert_eq!(
            problems(
                "1,ch_1,,1.234,USD,,,\n2,,,x,USD,,,\n3,,,1,US,,,\n4,,,1,USD,,yesterday,\n,,,1,USD,,,\n6,,,-1,USD,,,\n"
            ),
            [
                "line 2: amount: more than 2 decimals",
                "line 3: amount: not an amount: write it like 12.34, without a currency sign or thousands separators",
                "line 4: currency: a currency is three letters, such as usd",
                "line 5: placed_at: not a time; write it like 2026-03-01T12:30:00Z, or 2026-03-01 for UTC",
                "line 6: order_ref is empty",
                "line 7: amount is negative",
            ]
        );
    }

    #[test]
    fn what_cannot_be_kept_or_shown_is_refused() {
        let header = format!("{},card_brand\n", HEADER.trim_end());
        let lines = "1,,,1,USD,,26-03-01,,\n2,,,1,USD,,+12026-03-01,,\n3,,,1,USD,,,,vi\0sa\n4,,,1,USD,a\0,,,\n";
        let bad = read(format!("{header}{lines}").as_bytes()).unwrap_err();
        let not_a_time = "placed_at: not a time; write it like 2026-03-01T12:30:00Z, or 2026-03-01 for UTC";
        let control = "has a control character";
        let problems: Vec<_> = bad.iter().map(|line| line.problem.as_str()).collect();
        let expected = [format!("card_brand {control}"), format!("customer_email {control}")];
        assert_eq!(problems, [not_a_time, not_a_time, &expected[0], &expected[1]]);
    }

    #[test]
    fn contradicting_lines_and_torn_files_are_refused() {
        assert_eq!(
            problems("1,ch_1,,1,USD,,,\n1,ch_1,,2,USD,,,\n"),
            ["line 3: the same order and payment as line 2, with other content"]
        );
        assert_eq!(problems("1,ch_1\n"), ["line 2: it has 2 fields, and the header has 8"]);
        let bad = read(&b"order_ref,amount\n"[..]).unwrap_err();
        assert!(bad[0].problem.starts_with("the header lacks charge_id"), "{}", bad[0]);
        assert_eq!(read(HEADER.as_bytes()), Ok(vec![]));
        let not_text = [HEADER.as_bytes(), b"1,\xff,,1,USD,,,\n"].concat();
        assert_eq!(read(&not_text[..]).unwrap_err()[0].to_string(), "line 2: it is not UTF-8 text");
    }
}
