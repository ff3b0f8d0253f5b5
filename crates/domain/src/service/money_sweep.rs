use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::ingest::Row;
use super::sweeps::{Sweeper, earlier, later};
use super::{AskError, Found, Receipt};
use crate::ports::{LedgerError, Listing, MovementKind, MovementReading, Origin, Period, ReadError, ReadMovement};
use crate::{AccountId, DisputeId, DisputeKey, Movement, MovementId};

/// How far back the money of an account is looked at again and again. Fees are said to show weeks after their date.
const TRAILING: TimeDelta = TimeDelta::days(35);

/// A day more than any clock is ahead.
const AHEAD: TimeDelta = TimeDelta::days(1);

/// A row about disputes that may not be in the books.
struct Missing<'a> {
    read: &'a ReadMovement,
    movement: &'a Movement,
    origin: &'a Origin,
}

impl Sweeper {
    /// Books the movements of a trailing window that no dispute has shown: late wins of any age, and the account's fees.
    pub(super) async fn money(&self, account: &AccountId, now: DateTime<Utc>) -> Result<Found, AskError> {
        self.money_of(account, Period { from: earlier(now, TRAILING), until: later(now, AHEAD) }).await
    }

    /// Books the movements of a period that are not in the books.
    ///
    /// # Errors
    /// [`AskError`]; what was found before stays booked.
    pub async fn money_of(&self, account: &AccountId, period: Period) -> Result<Found, AskError> {
        let mut found = Found::default();
        for kind in [MovementKind::Adjustment, MovementKind::Fee] {
            let mut ahead = Some(Listing::of(account.clone(), period));
            while let Some(listing) = ahead {
                let page = self.ask.reader.movements(&listing, kind).await?;
                self.book_missing(account, &page.items, &mut found).await?;
                ahead = listing.then(page.next);
            }
        }
        Ok(found)
    }

    async fn book_missing(
        &self,
        account: &AccountId,
        rows: &[ReadMovement],
        found: &mut Found,
    ) -> Result<(), AskError> {
        let now = self.ask.clock.now();
        for read in rows {
            if let MovementReading::NotUnderstood { reason } = &read.reading {
                found.count(self.ask.ingest.book_row(read, Row::Quarantined(reason), now).await?);
            }
        }
        let missing = self.not_in_the_books(account, rows).await?;
        if missing.is_empty() {
            return Ok(());
        }
        // A dispute that is read shows its status as well as its money.
        for dispute in self.disputes_behind(account, &missing).await? {
            match self.ask.reader.dispute(&DisputeKey { account: account.clone(), dispute }).await {
                Ok(read) => {
                    self.ask.book(vec![read]).await?;
                }
                Err(ReadError::NotFound) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let still = self.unknown(account, &missing).await?;
        for row in missing {
            if still.contains(&row.movement.id) {
                found.count(self.book_row(&row, now).await?);
            } else {
                found.count(Receipt::Recorded);
            }
        }
        Ok(())
    }

    async fn not_in_the_books<'a>(
        &self,
        account: &AccountId,
        rows: &'a [ReadMovement],
    ) -> Result<Vec<Missing<'a>>, AskError> {
        let about_disputes = |read: &'a ReadMovement| match &read.reading {
            MovementReading::Movement(movement, origin) if movement.is_about_disputes(origin) => {
                Some(Missing { read, movement, origin })
            }
            MovementReading::Movement(..) | MovementReading::NotUnderstood { .. } => None,
        };
        let rows: Vec<_> = rows.iter().filter_map(about_disputes).collect();
        let unknown = self.unknown(account, &rows).await?;
        Ok(rows.into_iter().filter(|row| unknown.contains(&row.movement.id)).collect())
    }

    async fn unknown(&self, account: &AccountId, rows: &[Missing<'_>]) -> Result<Vec<MovementId>, LedgerError> {
        let ids: Vec<_> = rows.iter().map(|row| row.movement.id.clone()).collect();
        self.completeness.unknown_movements(account, &ids).await
    }

    async fn disputes_behind(
        &self,
        account: &AccountId,
        missing: &[Missing<'_>],
    ) -> Result<BTreeSet<DisputeId>, AskError> {
        let mut disputes = BTreeSet::new();
        for row in missing {
            match row.origin {
                Origin::Dispute(dispute) => {
                    disputes.insert(dispute.clone());
                }
                Origin::Charge(charge) => {
                    disputes.extend(self.completeness.disputes_of_charge(account, charge).await?);
                }
                Origin::Other => {}
            }
        }
        Ok(disputes)
    }

    /// Books a row that no dispute has shown.
    ///
    /// Disputed money is booked under the dispute that the row itself names, and nowhere else: once it is booked in a
    /// wrong place, its own dispute can't be booked with it any more.
    async fn book_row(&self, row: &Missing<'_>, now: DateTime<Utc>) -> Result<Receipt, AskError> {
        let booked = match row.origin {
            Origin::Dispute(dispute) => Row::OfDispute(row.movement, dispute),
            Origin::Charge(_) => {
                Row::Quarantined("no dispute of its charge shows it: `chargebook backfill` may find one")
            }
            Origin::Other if row.movement.category.is_principal() => {
                Row::Quarantined("it is disputed money, and names neither its dispute nor its charge")
            }
            Origin::Other => Row::OfAccount(row.movement),
        };
        Ok(self.ask.ingest.book_row(row.read, booked, now).await?)
    }
}
