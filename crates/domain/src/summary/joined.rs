//! Several days as one.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::{DayBooks, DayRow, LedgerMove, Received};
use crate::hex::hex;
use crate::money::add;
use crate::{Currency, Deltas, DisputeKey, MoneyError};

impl DayBooks {
    /// These days and `next`, of the same book, which follows them: what moved on all of them, between the opening of the first
    /// and how the books stand by the last. A row that is dated on one of them and was sealed on a later one is no late one
    /// any more; an entry of the journal still is, on its own line.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn and_then(self, next: Self) -> Result<Self, MoneyError> {
        let mut before = BTreeMap::<(DisputeKey, Currency), Deltas>::new();
        for row in &self.rows {
            before.entry((row.key.clone(), row.currency)).or_insert(row.before);
        }
        // What was sealed before all of them.
        let as_of_first = |row: DayRow| {
            let known = before.get(&(row.key.clone(), row.currency));
            DayRow { before: known.copied().unwrap_or(row.before), ..row }
        };
        let mut open = next.open;
        open.filed = open.filed.saturating_add(self.open.filed);
        for (currency, minor) in self.open.filed_amounts {
            let sum = open.filed_amounts.entry(currency).or_default();
            *sum = add(*sum, minor)?;
        }
        let received = self.received.zip(next.received).map(|(first, last)| Received {
            recorded: first.recorded.saturating_add(last.recorded),
            ignored: first.ignored.saturating_add(last.ignored),
            quarantined: first.quarantined.saturating_add(last.quarantined),
            ..last
        });
        let (first, last) = (self.sha256, next.sha256);
        Ok(Self {
            from: self.from,
            sealed: self.sealed && next.sealed,
            sha256: first.zip(last).map(|(first, last)| hex(&Sha256::digest(format!("{first}\n{last}")))),
            books: self.books.into_iter().chain(next.books).collect(),
            rows: self.rows.into_iter().chain(next.rows.into_iter().map(as_of_first)).collect(),
            moves: summed(self.moves.into_iter().chain(next.moves))?,
            opening: self.opening,
            open,
            received,
            ..next
        })
    }
}

/// One move for each account, currency, kind and whether it is late.
fn summed(moves: impl Iterator<Item = LedgerMove>) -> Result<Vec<LedgerMove>, MoneyError> {
    let mut sums: Vec<LedgerMove> = Vec::new();
    for moved in moves {
        let place = |of: &LedgerMove| (of.account, of.currency, of.kind, of.late);
        match sums.iter_mut().find(|sum| place(sum) == place(&moved)) {
            Some(sum) => {
                sum.debit_minor = add(sum.debit_minor, moved.debit_minor)?;
                sum.credit_minor = add(sum.credit_minor, moved.credit_minor)?;
            }
            None => sums.push(moved),
        }
    }
    Ok(sums)
}
