//! The itemised report, row by row.

use chargebook_domain::{Category, Currency, Movement, MovementId};
use chargebook_source_stripe::{ReportError, read_report};

use crate::support::at;

const HEADER: &str = "balance_transaction_id,created_utc,created,currency,gross,fee,net,reporting_category,source_id,charge_id,description";

fn read(rows: &[&str]) -> Result<Vec<Movement>, ReportError> {
    read_report(format!("{HEADER}\n{}\n", rows.join("\n")).as_bytes())
}

fn value(line: u64, column: &'static str, problem: &str) -> ReportError {
    ReportError::Value { line, column, problem: problem.to_owned() }
}

#[test]
fn the_rows_about_disputes_are_read_exactly() {
    let rows = [
        "txn_1,2026-09-01 09:00:00,2026-09-01 02:00:00,usd,-124.00,15.00,-139.00,dispute,du_1,ch_1,Chargeback withdrawal",
        "txn_2,whenever,,usd,not read,,,charge,ch_1,ch_1,",
        "txn_3,2026-09-30 23:59:59,,jpy,1500,0,1500,dispute_reversal,,,\"a, \"\"b\"\"\"",
        "txn_4,2026-09-30 00:00:00,,kwd,-1.230,-0.5,-0.73,dispute,du_4,,",
    ];
    let movements = read(&rows).unwrap();
    let figures: Vec<_> = movements
        .iter()
        .map(|it| (it.id.as_str(), it.category, it.amount_minor, it.fee_minor, it.net_minor, it.currency.code()))
        .collect();
    assert_eq!(
        figures,
        [
            ("txn_1", Category::Withdrawal, -12_400, 1500, -13_900, "usd"),
            ("txn_3", Category::Reinstatement, 1500, 0, 1500, "jpy"),
            ("txn_4", Category::Withdrawal, -1230, -500, -730, "kwd"),
        ]
    );
    let first = Movement {
        id: MovementId::parse("txn_1").unwrap(),
        category: Category::Withdrawal,
        amount_minor: -12_400,
        fee_minor: 1500,
        net_minor: -13_900,
        currency: Currency::parse("usd").unwrap(),
        occurred_at: at(1_788_253_200),
        available_on: None,
        reporting_category: Some("dispute".into()),
        stripe_type: "adjustment".into(),
        description: Some("Chargeback withdrawal".into()),
        source: Some("du_1".into()),
    };
    assert_eq!(movements[0], first);
    assert_eq!((movements[1].source.as_deref(), movements[1].description.as_deref()), (None, Some("a, \"b\"")));
}

#[test]
fn the_columns_are_found_by_their_names() {
    let report = "\u{feff}net,reporting_category,fee,more,gross,currency,created_utc,balance_transaction_id\r\n\
                  -1.50,dispute,0.50,x,-1.00,eur,2026-09-01 09:00:00,txn_1\r\n";
    let movements = read_report(report.as_bytes()).unwrap();
    assert_eq!((movements[0].amount_minor, movements[0].fee_minor, movements[0].net_minor), (-100, 50, -150));
    assert_eq!((movements[0].source.as_deref(), movements[0].description.as_deref()), (None, None));
}

#[test]
fn a_missing_column_is_named() {
    for column in ["balance_transaction_id", "created_utc", "currency", "gross", "fee", "net", "reporting_category"] {
        let header = HEADER.replace(",created,", ",");
        let columns: Vec<_> = header.split(',').filter(|name| *name != column).collect();
        assert_eq!(read_report(columns.join(",").as_bytes()), Err(ReportError::ColumnMissing { column }));
    }
    let in_some_zone = HEADER.replace("created_utc,", "");
    assert_eq!(read_report(in_some_zone.as_bytes()), Err(ReportError::ZoneUnknown));
    assert!(ReportError::ZoneUnknown.to_string().contains("created_utc"));
    assert!(matches!(read_report(&b""[..]), Err(ReportError::ColumnMissing { .. })));
}

#[test]
fn a_value_that_can_not_be_read_is_named_by_its_place_alone() {
    let good = "txn_1,2026-09-01 09:00:00,,usd,-1.00,0.50,-1.50,dispute,du_1,,";
    let not_an_amount = "not an amount: write it like 12.34, without a currency sign or thousands separators";
    for (from, to, column, problem) in [
        ("txn_1", "", "balance_transaction_id", "must be the id of a balance transaction"),
        ("2026-09-01 09:00:00", "2026-09-01", "created_utc", "must be a time like 2026-09-01 13:45:00"),
        ("2026-09-01", "09/01/2026", "created_utc", "must be a time like 2026-09-01 13:45:00"),
        ("usd", "usdx", "currency", "must be a currency of three letters"),
        ("usd", "zzz", "gross", "how many decimals this currency has is not known"),
        ("usd", "jpy", "fee", "more than 0 decimals"),
        ("-1.00", "-1.005", "gross", "more than 2 decimals"),
        ("-1.00", "\"-1,000.00\"", "gross", not_an_amount),
        ("0.50", "", "fee", not_an_amount),
        ("-1.50", "92233720368547758.08", "net", "the amount is too large"),
    ] {
        let bad = good.replacen(from, to, 1);
        // A line before it, and a row of two lines.
        let rows = ["txn_0,,,,,,,charge,,,", "txn_9,,,,,,,charge,,,\"two\nlines\"", &bad];
        assert_eq!(read(&rows), Err(value(5, column, problem)), "{bad}");
    }
}

#[test]
fn a_row_that_is_there_twice_is_refused() {
    let row = "txn_1,2026-09-01 09:00:00,,usd,-1.00,0.50,-1.50,dispute,du_1,,";
    assert_eq!(read(&[row, row]), Err(value(3, "balance_transaction_id", "is on another line as well")));
}

#[test]
fn what_is_no_csv_file_is_refused_with_its_line() {
    assert_eq!(read(&["txn_1,too short"]), Err(ReportError::NotCsv { line: 2 }));
    let not_text = [HEADER.as_bytes(), b"\ntxn_1,,,,,,,dispute,,,\xff\n"].concat();
    assert_eq!(read_report(&not_text[..]), Err(ReportError::NotCsv { line: 2 }));
}
