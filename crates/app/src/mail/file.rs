//! The day's disputes as a file, for whoever reckons with them: also those for which the mail has no room.

use chargebook_domain::ports::Attachment;
use chargebook_domain::summary::{DayJournal, DayRow, Summary};
use chargebook_domain::{Money, OrderRef, Outcome};
use chrono::SecondsFormat;

use super::amounts::Column;
use super::shown;
use crate::export::no_formula;
use crate::folder::file_name;

const COLUMNS: [&str; 24] = [
    "business_date",
    "section",
    "kind",
    "book",
    "dispute_id",
    "order_ref",
    "occurred_at",
    "outcome",
    "reason",
    "card_brand",
    "evidence_submitted",
    "disputed",
    "disputed_currency",
    "closed",
    "won",
    "lost",
    "recovered",
    "loss",
    "fee",
    "fx",
    "pending",
    "suspense",
    "net",
    "currency",
];

/// What stands between the fields of a file, and before the decimals of its amounts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum CsvSeparator {
    /// A comma, and a point before decimals: as programs read it, and spreadsheets of English.
    #[default]
    Comma,
    /// A semicolon, and a comma before decimals: as spreadsheets read it where that is how decimals are written.
    Semicolon,
}

impl CsvSeparator {
    fn delimiter(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
        }
    }

    /// An amount in major units, without anything between thousands.
    fn plain(self, amount: Money) -> String {
        let major = amount.to_major().map(|major| major.to_string()).unwrap_or_default();
        match self {
            Self::Comma => major,
            Self::Semicolon => major.replace('.', ","),
        }
    }
}

/// A line for each dispute and settlement currency that was decided on the day, and for each change to an earlier decision:
/// what it did to the books on this day, so that the figures add up to the day's in each settlement currency. Amounts are in
/// major units, and left out where nobody knows a currency's decimals; times are in UTC.
///
/// # Errors
/// Never, as it is written to memory.
pub(crate) fn day_file(summary: &Summary, separator: CsvSeparator) -> Result<Vec<u8>, csv::Error> {
    let mut csv = csv::WriterBuilder::new().delimiter(separator.delimiter()).from_writer(Vec::new());
    csv.write_record(COLUMNS)?;
    let decided = summary.decided.lines.iter().map(|line| ("decided", line.outcome, &line.row));
    let changed = summary.changes.lines.iter().map(|line| ("changed", line.row.outcome, &line.row));
    for (section, outcome, row) in decided.chain(changed) {
        csv.write_record(record(summary, section, outcome, row, separator))?;
    }
    csv.into_inner().map_err(|error| error.into_error().into())
}

fn record(summary: &Summary, section: &str, outcome: Outcome, row: &DayRow, separator: CsvSeparator) -> Vec<String> {
    let text = |text: &str| no_formula(&shown::whole(text));
    let maybe = |of: Option<&str>| of.map(text).unwrap_or_default();
    let mut fields = vec![
        dates(summary, "/"),
        section.to_owned(),
        row.kind.as_str().to_owned(),
        text(row.key.account.as_str()),
        text(row.key.dispute.as_str()),
        maybe(row.order.as_ref().map(OrderRef::as_str)),
        row.occurred_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        outcome.as_str().to_owned(),
        maybe(row.reason.as_deref()),
        maybe(row.card_brand.as_deref()),
        row.evidence_submitted.map(|was| was.to_string()).unwrap_or_default(),
        separator.plain(row.disputed),
        row.disputed.currency().code().to_owned(),
    ];
    fields.extend(Column::COUNTS.map(|column| column.of(&row.deltas).to_string()));
    fields.extend(Column::AMOUNTS.map(|column| separator.plain(column.money(&row.deltas, row.currency))));
    fields.push(row.currency.code().to_owned());
    fields
}

/// The date, or the first and the last of several.
fn dates(summary: &Summary, between: &str) -> String {
    let Summary { from, date, .. } = summary;
    if from == date { date.to_string() } else { format!("{from}{between}{date}") }
}

/// The file that goes with a day's mail, if anything happened to a dispute.
pub(super) fn of_day(summary: &Summary, separator: CsvSeparator) -> Option<Attachment> {
    let is_quiet = summary.decided.lines.is_empty() && summary.changes.lines.is_empty();
    let content = day_file(summary, separator).ok().filter(|_| !is_quiet)?;
    Some(attachment("disputes", summary, content))
}

/// The file of the day's journal entries, where it is to go with the mail and some mail has room for it.
pub(super) fn of_journal(summary: &Summary) -> Option<Attachment> {
    match summary.journal.as_ref()? {
        DayJournal::File(content) => Some(attachment("journal", summary, content.clone())),
        DayJournal::TooLarge => None,
    }
}

fn attachment(what: &str, summary: &Summary, content: Vec<u8>) -> Attachment {
    let of_book = summary.book.as_ref().map(|book| format!("-{}", file_name(book.as_str()))).unwrap_or_default();
    Attachment { name: format!("{what}-{}{of_book}.csv", dates(summary, "-")), media_type: "text/csv", content }
}
