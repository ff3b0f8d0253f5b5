use std::sync::Arc;

use super::AskError;
use crate::ports::{Completeness, DisputeReader, LedgerError, Listing, MovementKind, MovementReading, Period};
use crate::tie_out::{Tied, tie};
use crate::{AccountId, MoneyError, Movement};

/// Compares the books with what a source says of the same days.
#[derive(Clone)]
pub struct TieOut {
    completeness: Arc<dyn Completeness>,
}

impl TieOut {
    /// Compares what is in `completeness`.
    #[must_use]
    pub fn new(completeness: Arc<dyn Completeness>) -> Self {
        Self { completeness }
    }

    /// The disputed money that a source has moved in a period: its withdrawals and reinstatements. `on_page` is told how
    /// many rows were looked at so far.
    ///
    /// # Errors
    /// [`AskError::Source`].
    pub async fn theirs(
        &self,
        reader: &dyn DisputeReader,
        account: &AccountId,
        period: Period,
        mut on_page: impl FnMut(u64) + Send,
    ) -> Result<Vec<Movement>, AskError> {
        let mut ahead = Some(Listing::of(account.clone(), period));
        let (mut theirs, mut rows) = (Vec::new(), 0_u64);
        while let Some(listing) = ahead {
            let page = reader.movements(&listing, MovementKind::Adjustment).await?;
            for read in page.items {
                rows = rows.saturating_add(1);
                if let MovementReading::Movement(movement, origin) = read.reading
                    && movement.category.is_principal()
                    && movement.is_about_disputes(&origin)
                {
                    theirs.push(*movement);
                }
            }
            on_page(rows);
            ahead = listing.then(page.next);
        }
        Ok(theirs)
    }

    /// Compares `theirs` with the books of the same account and period.
    ///
    /// # Errors
    /// [`LedgerError`]; [`LedgerError::Corrupt`] when a day's sums exceed 64 bits.
    pub async fn compare(
        &self,
        account: &AccountId,
        period: Period,
        theirs: Vec<Movement>,
    ) -> Result<Tied, LedgerError> {
        let ours = self.completeness.principal(account, period).await?;
        tie(ours, theirs).map_err(|error: MoneyError| LedgerError::Corrupt { what: error.to_string() })
    }
}
