//! A line a posting, with everything that is known of it.

use std::io::Write;

use chrono::SecondsFormat;

use super::{AccountNames, Entry, ExportError, Files, Layout, comma_separated, no_formula};

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

/// Chargebook's own CSV.
pub(crate) struct Lines(pub AccountNames);

impl Layout for Lines {
    fn head(&self) -> String {
        format!("{}\n", COLUMNS.join(","))
    }

    /// Minor units say every amount exactly.
    fn takes_all(&self) -> bool {
        true
    }

    fn objection(&self, _: &Entry) -> Option<&'static str> {
        None
    }

    fn is_of_one_currency(&self) -> bool {
        false
    }

    fn write(&self, entry: &Entry, files: &mut Files) -> Result<(), ExportError> {
        Ok(files.write_all(&self.lines(entry)?)?)
    }
}

impl Lines {
    /// The entry.
    ///
    /// # Errors
    /// Never, as it is written to memory.
    pub(super) fn lines(&self, entry: &Entry) -> Result<Vec<u8>, ExportError> {
        let mut lines = Vec::new();
        for posting in &entry.postings {
            let major = posting.amount.to_major();
            lines.extend(comma_separated([
                no_formula(&entry.id).as_str(),
                &entry.posted_on.to_string(),
                &entry.occurred_at.to_rfc3339_opts(SecondsFormat::Secs, true),
                &entry.book,
                &no_formula(entry.dispute.as_deref().unwrap_or_default()),
                &no_formula(entry.order.as_deref().unwrap_or_default()),
                &entry.kind,
                &no_formula(&entry.narration),
                &no_formula(self.0.name(posting.account)),
                &major.map(|major| major.to_string()).unwrap_or_default(),
                posting.amount.currency().code(),
                &posting.amount.minor().to_string(),
            ])?);
        }
        Ok(lines)
    }
}
