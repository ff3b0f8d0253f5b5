//! The itemised report `balance_change_from_activity.itemized` as Stripe gives it for download: the same movements as
//! the API lists, from another of Stripe's systems.

use std::collections::HashSet;
use std::io::Read;

use chargebook_domain::{Category, Currency, Money, Movement, MovementId};
use chrono::{DateTime, NaiveDateTime, Utc};
use csv::{Reader, ReaderBuilder, StringRecord};

/// The reporting categories of disputed money. Rows of others are passed over.
const OF_DISPUTES: [&str; 2] = ["dispute", "dispute_reversal"];

/// The type that such rows have in the API, which the report does not give.
const ADJUSTMENT: &str = "adjustment";

/// Reads the movements of disputed money in a report, in its order.
///
/// Needs the columns `balance_transaction_id`, `created_utc`, `currency`, `gross`, `fee`, `net` and
/// `reporting_category`; takes `source_id` and `description` where they are. Amounts are exact: nothing is rounded.
///
/// # Errors
/// [`ReportError`], which names the line and the column, and never what stands there.
pub fn read_report(report: impl Read) -> Result<Vec<Movement>, ReportError> {
    let mut reader = ReaderBuilder::new().from_reader(report);
    let columns = Columns::of(&mut reader)?;
    let mut seen = HashSet::new();
    let mut movements = Vec::new();
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).map_err(|error| broken(&error))? {
        let row = Row { line: record.position().map_or(0, csv::Position::line), record: &record };
        let category = row.text(columns.reporting_category);
        if !OF_DISPUTES.contains(&category) {
            continue;
        }
        let movement = columns.movement(&row)?;
        if !seen.insert(movement.id.clone()) {
            return Err(row.fault(columns.id, "is on another line as well"));
        }
        movements.push(movement);
    }
    Ok(movements)
}

/// Why a report can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// A column is missing.
    #[error(
        "the report has no column {column}: choose it among the columns when you run the report in Stripe's dashboard"
    )]
    ColumnMissing {
        /// Its name.
        column: &'static str,
    },
    /// Only the column `created` says when.
    #[error(
        "the report has the column created, which is in the account's own time zone, and not created_utc: run it with created_utc"
    )]
    ZoneUnknown,
    /// A value is not what its column must have.
    #[error("line {line}, column {column}: {problem}")]
    Value {
        /// The line in the file, from 1.
        line: u64,
        /// The column's name.
        column: &'static str,
        /// What is wrong, without the value.
        problem: String,
    },
    /// Not a CSV file, or a part of one.
    #[error("line {line}: not a row of a CSV file in UTF-8 with as many values as the first line")]
    NotCsv {
        /// The line in the file, from 1; 0 where it is not known.
        line: u64,
    },
    /// The file can't be read.
    #[error("the report can't be read to its end")]
    Unreadable,
}

fn broken(error: &csv::Error) -> ReportError {
    if error.is_io_error() {
        return ReportError::Unreadable;
    }
    ReportError::NotCsv { line: error.position().map_or(0, csv::Position::line) }
}

/// A column, and where it stands.
#[derive(Clone, Copy)]
struct Column {
    name: &'static str,
    index: usize,
}

struct Columns {
    id: Column,
    created_utc: Column,
    currency: Column,
    gross: Column,
    fee: Column,
    net: Column,
    reporting_category: Column,
    source_id: Option<Column>,
    description: Option<Column>,
}

impl Columns {
    fn of(reader: &mut Reader<impl Read>) -> Result<Self, ReportError> {
        let header = reader.headers().map_err(|error| broken(&error))?;
        let optional = |name: &'static str| {
            let index = header.iter().position(|column| column.trim() == name)?;
            Some(Column { name, index })
        };
        let required = |column| optional(column).ok_or(ReportError::ColumnMissing { column });
        let created_utc = match (optional("created_utc"), optional("created")) {
            (None, Some(_)) => return Err(ReportError::ZoneUnknown),
            (column, _) => column.ok_or(ReportError::ColumnMissing { column: "created_utc" })?,
        };
        Ok(Self {
            id: required("balance_transaction_id")?,
            created_utc,
            currency: required("currency")?,
            gross: required("gross")?,
            fee: required("fee")?,
            net: required("net")?,
            reporting_category: required("reporting_category")?,
            source_id: optional("source_id"),
            description: optional("description"),
        })
    }

    fn movement(&self, row: &Row<'_>) -> Result<Movement, ReportError> {
        let id = MovementId::parse(row.text(self.id))
            .map_err(|_| row.fault(self.id, "must be the id of a balance transaction"))?;
        let currency = Currency::parse(row.text(self.currency))
            .map_err(|_| row.fault(self.currency, "must be a currency of three letters"))?;
        let amount = |column| {
            let amount = Money::from_major(row.text(column), currency);
            amount.map(|amount| amount.minor()).map_err(|error| row.fault(column, &error.to_string()))
        };
        let amount_minor = amount(self.gross)?;
        let reporting_category = row.text(self.reporting_category);
        let optional = |column: Option<Column>| {
            column.map(|column| row.text(column)).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        Ok(Movement {
            id,
            category: Category::of(Some(reporting_category), ADJUSTMENT, amount_minor),
            amount_minor,
            fee_minor: amount(self.fee)?,
            net_minor: amount(self.net)?,
            currency,
            occurred_at: row.time(self.created_utc)?,
            available_on: None,
            reporting_category: Some(reporting_category.to_owned()),
            stripe_type: ADJUSTMENT.to_owned(),
            description: optional(self.description),
            source: optional(self.source_id),
        })
    }
}

struct Row<'a> {
    line: u64,
    record: &'a StringRecord,
}

impl<'a> Row<'a> {
    fn text(&self, column: Column) -> &'a str {
        self.record.get(column.index).unwrap_or_default().trim()
    }

    fn time(&self, column: Column) -> Result<DateTime<Utc>, ReportError> {
        let time = NaiveDateTime::parse_from_str(self.text(column), "%Y-%m-%d %H:%M:%S");
        Ok(time.map_err(|_| self.fault(column, "must be a time like 2026-09-01 13:45:00"))?.and_utc())
    }

    fn fault(&self, column: Column, problem: &str) -> ReportError {
        ReportError::Value { line: self.line, column: column.name, problem: problem.to_owned() }
    }
}
