//! `export journal`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use chargebook_domain::ports::LedgerError;
use chargebook_domain::{AccountId, Currency, LedgerAccount, Money};
use chargebook_ledger_postgres::PostgresLedger;
use chargebook_ledger_postgres::reading::JournalLine;
use chrono::NaiveDate;
use clap::{Args, Subcommand};

use super::disputes::account;
use super::{Done, Failure, Refused};
use crate::mail::AccountNames;
use crate::settings::Settings;
use crate::tables::{amount, currency};

#[derive(Subcommand)]
pub(super) enum Command {
    /// The journal as CSV, also with --json, a line a posting; amounts in major units, debit positive and credit negative.
    /// A text that a spreadsheet would take for a formula has an apostrophe before it
    Journal(Journal),
}

#[derive(Args)]
pub(super) struct Journal {
    /// The first accounting date
    #[arg(long)]
    from: NaiveDate,
    /// The last accounting date
    #[arg(long)]
    to: NaiveDate,
    /// Only this book, such as default or acct_...
    #[arg(long, value_parser = account)]
    account: Option<AccountId>,
    /// Writes to this file [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

const COLUMNS: [&str; 12] = [
    "entry_id",
    "posted_on",
    "occurred_at",
    "book",
    "dispute_id",
    "order_ref",
    "kind",
    "narration",
    "account",
    "amount",
    "currency",
    "amount_minor",
];

/// Why an export ended.
#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("the export can't be written")]
    Csv(#[from] csv::Error),
    #[error("the export can't be written")]
    Io(#[from] io::Error),
    #[error("the sums exceed 64 bits")]
    Overflow,
}

impl ExportError {
    /// What happened to the file, if that is why.
    fn into_io(self) -> Result<io::Error, Self> {
        match self {
            Self::Io(error) => Ok(error),
            Self::Csv(error) if error.is_io_error() => Ok(error.into()),
            other => Err(other),
        }
    }
}

pub(super) async fn run(command: Command, ledger: &PostgresLedger, settings: &Settings) -> Result<Done, Failure> {
    let Command::Journal(journal) = command;
    if journal.to < journal.from {
        return Err(Refused::wrong_usage(Refused::new("--to is before --from")));
    }
    let out: Box<dyn Write + Send> = match &journal.out {
        Some(path) => Box::new(File::create(path).map_err(|error| Refused::unwritable(path, error))?),
        None => Box::new(io::stdout()),
    };
    let written = write(&journal, ledger, settings, BufWriter::new(out)).await;
    let written = written.map_err(|error| match (error.into_io(), journal.out.as_deref()) {
        (Ok(error), Some(path)) => Refused::unwritable(path, error).into(),
        (Ok(error), None) => Failure::output(error),
        (Err(error), _) => Failure::failed(error),
    })?;
    written.report().map_err(Failure::failed)?;
    Ok(Done::Well)
}

/// What was written, to be compared with the trial balance.
#[derive(Default)]
struct Written {
    entries: u64,
    postings: u64,
    last: Option<(String, String)>,
    sums: BTreeMap<(String, String), i64>,
}

impl Written {
    fn add(&mut self, line: &JournalLine, name: &str) -> Result<(), ExportError> {
        let entry = Some((line.account.clone(), line.entry_id.clone()));
        self.entries += u64::from(self.last != entry);
        self.last = entry;
        self.postings += 1;
        let sum = self.sums.entry((line.currency.clone(), name.to_owned())).or_default();
        *sum = sum.checked_add(line.amount_minor).ok_or(ExportError::Overflow)?;
        Ok(())
    }

    /// Says it where it does not mix with the export.
    fn report(&self) -> io::Result<()> {
        let mut to = io::stderr().lock();
        writeln!(to, "{} entries with {} postings:", self.entries, self.postings)?;
        for ((code, account), sum) in &self.sums {
            writeln!(to, "  {account:<30} {:>18} {}", amount(*sum, code), currency(code))?;
        }
        Ok(())
    }
}

async fn write(
    journal: &Journal,
    ledger: &PostgresLedger,
    settings: &Settings,
    out: impl Write,
) -> Result<Written, ExportError> {
    let names = AccountNames::new(settings.account_names.clone());
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(COLUMNS)?;
    let mut written = Written::default();
    let days = journal.from..=journal.to;
    ledger
        .journal::<ExportError>(&days, settings.schedule.books_start, journal.account.as_ref(), |line| {
            let account = LedgerAccount::parse(&line.ledger_account);
            let name = account.map_or(line.ledger_account.as_str(), |account| names.name(account));
            written.add(&line, name)?;
            let currency = Currency::parse(&line.currency).ok();
            let major = currency.and_then(|currency| Money::new(line.amount_minor, currency).to_major());
            csv.write_record([
                no_formula(&line.entry_id).as_ref(),
                &line.posted_on.to_string(),
                &line.occurred_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
                &line.account,
                &no_formula(line.dispute_id.as_deref().unwrap_or_default()),
                &no_formula(line.order_ref.as_deref().unwrap_or_default()),
                &line.kind,
                &no_formula(&line.narration),
                &no_formula(name),
                &major.map(|major| major.to_string()).unwrap_or_default(),
                &line.currency,
                &line.amount_minor.to_string(),
            ])?;
            Ok(())
        })
        .await?;
    csv.flush()?;
    Ok(written)
}

/// A text that others chose, with an apostrophe before it where a spreadsheet would take it for a formula and run it.
fn no_formula(text: &str) -> Cow<'_, str> {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    if is_formula { format!("'{text}").into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_a_formula() {
        for (text, written) in [
            ("1001", "1001"),
            ("", ""),
            ("a=b", "a=b"),
            ("=HYPERLINK(\"http://127.0.0.1\")", "'=HYPERLINK(\"http://127.0.0.1\")"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(1)", "'@SUM(1)"),
            ("\t=1", "'\t=1"),
        ] {
            assert_eq!(no_formula(text), written);
        }
    }
}
