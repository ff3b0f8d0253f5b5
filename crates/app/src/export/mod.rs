//! The journal, as other systems take it.

mod accounting;
mod day;
mod files;
mod lines;
mod plain_text;

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use chargebook_domain::ports::LedgerError;
use chargebook_domain::{Currency, LedgerAccount, Money};
use chargebook_ledger_postgres::reading::JournalLine;
use chrono::{DateTime, NaiveDate, Utc};

pub(crate) use self::accounting::{NetSuite, QuickBooks, Xero};
pub(crate) use self::day::{DayFiles, day_entries};
pub(crate) use self::files::Files;
pub(crate) use self::lines::Lines;
pub(crate) use self::plain_text::{Beancount, Hledger};
use crate::mail::AccountNames;

/// How many entries that can't be written are named.
const NAMED_MAX: usize = 5;

/// An entry of the journal with its postings.
#[derive(Debug)]
pub(crate) struct Entry {
    pub book: String,
    pub id: String,
    pub posted_on: NaiveDate,
    pub occurred_at: DateTime<Utc>,
    pub dispute: Option<String>,
    pub order: Option<String>,
    pub kind: String,
    pub narration: String,
    /// At least one.
    pub postings: Vec<Posting>,
}

/// One line of an entry; debit positive, credit negative.
#[derive(Debug)]
pub(crate) struct Posting {
    pub account: LedgerAccount,
    pub amount: Money,
}

/// A layout that a system takes.
pub(crate) trait Layout: Send {
    /// What begins each file.
    fn head(&self) -> String;

    /// Whether it takes every entry, so that none needs to be looked at before.
    fn takes_all(&self) -> bool {
        false
    }

    /// Why the entry can't be written exactly, if it can't.
    fn objection(&self, entry: &Entry) -> Option<&'static str>;

    /// Whether all that is written must be in one currency, since the layout has no place for it.
    fn is_of_one_currency(&self) -> bool;

    /// The entry.
    ///
    /// # Errors
    /// Where it can't be written to.
    fn write(&self, entry: &Entry, files: &mut Files) -> Result<(), ExportError>;
}

/// Why an export ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportError {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("the export can't be written")]
    Io(#[from] io::Error),
    #[error("it is too large")]
    TooLarge,
    #[error("the sums exceed 64 bits")]
    Overflow,
    #[error("entry {0} has a currency or an account that this version does not know; use the version that wrote it")]
    Unknown(String),
    #[error("{0}")]
    Unusable(String),
}

/// Puts postings together to entries; they come entry by entry.
#[derive(Default)]
pub(crate) struct Entries {
    /// The only currency that is looked at; `None` for all.
    only: Option<Currency>,
    last: Option<Entry>,
}

impl Entries {
    pub(crate) fn of(only: Option<Currency>) -> Self {
        Self { only, last: None }
    }

    /// Takes the next posting; answers the entry before, when it is complete.
    ///
    /// # Errors
    /// [`ExportError::Unknown`].
    pub(crate) fn add(&mut self, line: JournalLine) -> Result<Option<Entry>, ExportError> {
        let parsed = Currency::parse(&line.currency).ok().zip(LedgerAccount::parse(&line.ledger_account));
        let (currency, account) = parsed.ok_or_else(|| ExportError::Unknown(line.entry_id.clone()))?;
        if self.only.is_some_and(|only| only != currency) {
            return Ok(None);
        }
        let posting = Posting { account, amount: Money::new(line.amount_minor, currency) };
        match &mut self.last {
            Some(last) if last.book == line.account && last.id == line.entry_id => {
                last.postings.push(posting);
                Ok(None)
            }
            last => Ok(last.replace(Entry {
                book: line.account,
                id: line.entry_id,
                posted_on: line.posted_on,
                occurred_at: line.occurred_at,
                dispute: line.dispute_id,
                order: line.order_ref,
                kind: line.kind,
                narration: line.narration,
                postings: vec![posting],
            })),
        }
    }

    /// The last entry.
    pub(crate) fn end(self) -> Option<Entry> {
        self.last
    }
}

impl Entry {
    /// The entry in each of its currencies; in each of them it is balanced.
    fn by_currency(&self) -> BTreeMap<Currency, Vec<&Posting>> {
        let mut parts = BTreeMap::<_, Vec<_>>::new();
        for posting in &self.postings {
            parts.entry(posting.amount.currency()).or_default().push(posting);
        }
        parts
    }
}

/// What was looked at, before or while it is written.
#[derive(Default)]
pub(crate) struct Survey {
    currencies: BTreeSet<Currency>,
    objections: u64,
    named: Vec<String>,
}

impl Survey {
    /// Looks at an entry.
    pub(crate) fn look(&mut self, entry: &Entry, layout: &dyn Layout) {
        self.currencies.extend(entry.postings.iter().map(|posting| posting.amount.currency()));
        if let Some(objection) = layout.objection(entry) {
            self.objections += 1;
            if self.named.len() < NAMED_MAX {
                self.named.push(format!("\n  {} of {}: {objection}", entry.id, entry.posted_on));
            }
        }
    }

    /// # Errors
    /// [`ExportError::Unusable`] when the layout can't take all of it exactly.
    pub(crate) fn judge(&self, layout: &dyn Layout) -> Result<(), ExportError> {
        if self.objections > 0 {
            let more = self.objections.saturating_sub(u64::try_from(self.named.len()).unwrap_or_default());
            let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
            let what = format!("{} entries can't be written exactly, and nothing was:", self.objections);
            return Err(ExportError::Unusable(format!("{what}{}{more}", self.named.concat())));
        }
        if layout.is_of_one_currency() && self.currencies.len() > 1 {
            let codes: Vec<_> = self.currencies.iter().map(Currency::code).collect();
            return Err(ExportError::Unusable(format!(
                "this format has no place for the currency, and the entries are in {}: export each by --currency",
                codes.join(" and ")
            )));
        }
        Ok(())
    }
}

/// What was written, to be compared with the trial balance.
#[derive(Default)]
pub(crate) struct Written {
    pub entries: u64,
    pub postings: u64,
    /// By currency and account.
    pub sums: BTreeMap<(Currency, LedgerAccount), i64>,
}

impl Written {
    /// # Errors
    /// [`ExportError::Overflow`].
    pub(crate) fn add(&mut self, entry: &Entry) -> Result<(), ExportError> {
        self.entries += 1;
        for posting in &entry.postings {
            self.postings += 1;
            let sum = self.sums.entry((posting.amount.currency(), posting.account)).or_default();
            *sum = sum.checked_add(posting.amount.minor()).ok_or(ExportError::Overflow)?;
        }
        Ok(())
    }
}

/// A layout's line of comma-separated values.
fn comma_separated<'a>(fields: impl IntoIterator<Item = &'a str>) -> Result<Vec<u8>, ExportError> {
    let mut csv = csv::WriterBuilder::new().from_writer(Vec::new());
    csv.write_record(fields).map_err(io::Error::from)?;
    csv.into_inner().map_err(|error| error.into_error().into())
}

/// A text that others chose, with an apostrophe before it where a spreadsheet would take it for a formula and run it.
pub(crate) fn no_formula(text: &str) -> String {
    let is_formula = text.trim_start().starts_with(['=', '+', '-', '@']) || text.starts_with(['\t', '\r', '\n']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests;
