//! `export journal`.

use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use chargebook_domain::{AccountId, Currency, Money};
use chargebook_ledger_postgres::PostgresLedger;
use chrono::NaiveDate;
use chrono_tz::Tz;
use clap::{Args, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::disputes::account;
use super::{Done, Failure, Refused};
use crate::export::{
    Beancount, Entries, Entry, ExportError, Files, Hledger, Layout, Lines, NetSuite, QuickBooks, Survey, Written, Xero,
};
use crate::mail::AccountNames;
use crate::settings::Settings;

#[derive(Subcommand)]
pub(super) enum Command {
    /// The journal for spreadsheets and accounting systems, also with --json; amounts in major units. A text that a
    /// spreadsheet would take for a formula has an apostrophe before it
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
    /// Who takes it
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,
    /// Only this book, such as default or acct_...
    #[arg(long, value_parser = account)]
    account: Option<AccountId>,
    /// Only postings in this currency, such as usd
    #[arg(long, value_parser = currency)]
    currency: Option<Currency>,
    /// Writes to this file, or to several of its name and a number [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// A line a posting, with everything that is known of it; debit positive, credit negative
    Csv,
    /// QuickBooks Online's journal entries
    Qbo,
    /// Xero's manual journals, 300 lines a file
    Xero,
    /// NetSuite's journal entries
    Netsuite,
    /// An hledger journal
    Hledger,
    /// A beancount ledger
    Beancount,
}

fn currency(text: &str) -> Result<Currency, String> {
    Currency::parse(text).map_err(|error| error.to_string())
}

impl Format {
    fn layout(self, settings: &Settings) -> Box<dyn Layout> {
        let names = AccountNames::new(settings.account_names.clone());
        match self {
            Self::Csv => Box::new(Lines(names)),
            Self::Qbo => Box::new(QuickBooks(names)),
            Self::Xero => Box::new(Xero { codes: settings.account_codes.clone(), tax_rate: settings.tax_rate.clone() }),
            Self::Netsuite => Box::new(NetSuite(names)),
            Self::Hledger => Box::new(Hledger(names)),
            Self::Beancount => Box::new(Beancount(names)),
        }
    }
}

pub(super) async fn run(command: Command, ledger: &PostgresLedger, settings: &Settings) -> Result<Done, Failure> {
    let Command::Journal(journal) = command;
    if journal.to < journal.from {
        return Err(Refused::wrong_usage(Refused::new("--to is before --from")));
    }
    let layout = journal.format.layout(settings);
    let source = Source { journal: &journal, ledger, start: (settings.schedule.books_start, settings.schedule.zone) };
    // What went to standard output can't be taken back; a file gets its name in the end, or never.
    if journal.out.is_none() && !layout.takes_all() {
        source.survey(&*layout).await.map_err(failed)?;
    }
    let unwritable = |error: io::Error| match (&journal.out, error.kind()) {
        (_, io::ErrorKind::InvalidInput) => Refused::wrong_usage(error),
        (Some(path), _) => Refused::unwritable(path, error).into(),
        (None, _) => Failure::output(error),
    };
    let mut files = Files::create(journal.out.as_deref(), layout.head()).map_err(unwritable)?;
    let written = source.write(&*layout, &mut files).await;
    let written = written.map_err(|error| match error {
        ExportError::Io(error) => unwritable(error),
        other => failed(other),
    })?;
    let names = files.finish().map_err(unwritable)?;
    report(&written, &names, &AccountNames::new(settings.account_names.clone())).map_err(Failure::failed)?;
    Ok(Done::Well)
}

fn failed(error: ExportError) -> Failure {
    match error {
        ExportError::Unusable(_) => Refused::wrong_usage(error),
        error => Failure::failed(error),
    }
}

/// What is exported.
struct Source<'a> {
    journal: &'a Journal,
    ledger: &'a PostgresLedger,
    start: (Option<NaiveDate>, Tz),
}

impl Source<'_> {
    /// Looks at all entries, so that what the layout can't take exactly is refused whole.
    async fn survey(&self, layout: &dyn Layout) -> Result<(), ExportError> {
        let mut survey = Survey::default();
        self.each("looked at", |entry| {
            survey.look(entry, layout);
            Ok(())
        })
        .await?;
        survey.judge(layout)
    }

    async fn write(&self, layout: &dyn Layout, files: &mut Files) -> Result<Written, ExportError> {
        let (mut survey, mut written, mut is_refused) = (Survey::default(), Written::default(), false);
        self.each("written", |entry| {
            survey.look(entry, layout);
            // All that can't be written is named, so the rest is still looked at.
            is_refused = is_refused || survey.judge(layout).is_err();
            if is_refused {
                return Ok(());
            }
            written.add(entry)?;
            layout.write(entry, files)
        })
        .await?;
        survey.judge(layout)?;
        Ok(written)
    }

    async fn each(
        &self,
        done: &str,
        mut each: impl FnMut(&Entry) -> Result<(), ExportError>,
    ) -> Result<(), ExportError> {
        let days: RangeInclusive<_> = self.journal.from..=self.journal.to;
        let account = self.journal.account.as_ref();
        let bar = bar(self.ledger.journal_postings(&days, self.start, account).await?, done);
        bar.enable_steady_tick(Duration::from_millis(100));
        let mut entries = Entries::of(self.journal.currency);
        self.ledger
            .journal::<ExportError>(&days, self.start, account, |line| {
                bar.inc(1);
                entries.add(line)?.map_or(Ok(()), |entry| each(&entry))
            })
            .await?;
        entries.end().map_or(Ok(()), |entry| each(&entry))?;
        bar.finish_and_clear();
        Ok(())
    }
}

fn bar(postings: u64, done: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(&format!("{{bar:40}} {{pos}} of {{len}} postings {done}"));
    let bar = ProgressBar::with_draw_target(Some(postings), ProgressDrawTarget::stderr());
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Says what was written, where it does not mix with the export.
fn report(written: &Written, files: &[PathBuf], names: &AccountNames) -> io::Result<()> {
    let mut to = io::stderr().lock();
    writeln!(to, "{} entries with {} postings:", written.entries, written.postings)?;
    for ((currency, account), sum) in &written.sums {
        let code = currency.code().to_uppercase();
        writeln!(to, "  {:<30} {:>18} {code}", names.name(*account), Money::new(*sum, *currency).grouped())?;
    }
    for file in files {
        writeln!(to, "written to {}", file.display())?;
    }
    Ok(())
}
