//! The entries of one day, as they go with its mail.

use async_trait::async_trait;
use chargebook_domain::AccountId;
use chargebook_domain::ports::{DayJournals, LedgerError, Seal};
use chargebook_domain::summary::DayJournal;
use chargebook_ledger_postgres::PostgresLedger;
use chrono::{DateTime, Utc};

use super::{AccountNames, Entries, Entry, ExportError, Layout as _, Lines};
use crate::mail::BYTES_MAX;

/// Hands each entry that is sealed in a day to `each`; of a day that is not sealed, those that would be, or would have been at
/// a moment.
///
/// # Errors
/// [`ExportError`], or what `each` answers.
pub(crate) async fn day_entries(
    ledger: &PostgresLedger,
    seal: &Seal,
    book: Option<&AccountId>,
    as_of: Option<DateTime<Utc>>,
    mut each: impl FnMut(&Entry) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let mut entries = Entries::default();
    let add = |line| entries.add(line)?.map_or(Ok(()), |entry| each(&entry));
    ledger.day_journal::<ExportError>(seal, book, as_of, add).await?;
    entries.end().map_or(Ok(()), |entry| each(&entry))
}

/// Writes the files of days' entries that go with mails.
pub(crate) struct DayFiles {
    ledger: PostgresLedger,
    lines: Lines,
}

impl DayFiles {
    pub(crate) fn new(ledger: PostgresLedger, names: AccountNames) -> Self {
        Self { ledger, lines: Lines(names) }
    }
}

#[async_trait]
impl DayJournals for DayFiles {
    async fn of_day(&self, seal: &Seal, book: Option<AccountId>) -> Result<Option<DayJournal>, LedgerError> {
        let mut file = Vec::new();
        let add = |entry: &Entry| {
            file.extend(self.lines.lines(entry)?);
            if file.len() > BYTES_MAX { Err(ExportError::TooLarge) } else { Ok(()) }
        };
        match day_entries(&self.ledger, seal, book.as_ref(), None, add).await {
            Ok(()) if file.is_empty() => Ok(None),
            Ok(()) => Ok(Some(DayJournal::File([self.lines.head().into_bytes(), file].concat()))),
            Err(ExportError::TooLarge) => Ok(Some(DayJournal::TooLarge)),
            Err(ExportError::Ledger(error)) => Err(error),
            Err(error) => Err(LedgerError::Corrupt { what: error.to_string() }),
        }
    }
}
