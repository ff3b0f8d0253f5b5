use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::sweeps::{LEASE, OVERLAP, earlier};
use super::{Ask, AskError, Ingest, Occasion, Receipt};
use crate::AccountId;
use crate::ports::{Clock, Cursor, ShopReader, SweepKind, SweepRequest, Sweeps};

/// A dispute may be decided long after it was filed, and is read again for this long. Its order is older than it is.
const LOOKS_BACK: TimeDelta = TimeDelta::days(120);

/// What a shop lists.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ShopList {
    /// Its orders, first: a dispute that is read after its order finds it.
    Orders,
    /// Its disputes.
    Disputes,
}

impl ShopList {
    /// Both, in the order in which they are read.
    pub const ALL: [Self; 2] = [Self::Orders, Self::Disputes];
}

/// From when on a shop is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ShopSince {
    /// The orders that changed then or later.
    pub orders: DateTime<Utc>,
    /// The disputes that were filed then or later.
    pub disputes: DateTime<Utc>,
}

impl ShopSince {
    /// What must be read at `now`, where the last time that all was read began at `last`; for the first time, what may still
    /// change.
    #[must_use]
    pub fn after(last: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        let disputes = earlier(now, LOOKS_BACK);
        Self { orders: last.map_or(disputes, |last| earlier(last, OVERLAP).min(now)), disputes }
    }
}

/// What became of what was read of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ShopCount {
    /// What was not known, or not as it is.
    pub new: u64,
    /// What was known as it is.
    pub known: u64,
    /// What is none of these books': orders that were not paid, or not through Stripe, or in the other mode.
    pub ignored: u64,
    /// What could not be booked. Of orders, only why is kept.
    pub quarantined: u64,
}

impl ShopCount {
    /// All that was read.
    #[must_use]
    pub fn all(self) -> u64 {
        self.new.saturating_add(self.known).saturating_add(self.ignored).saturating_add(self.quarantined)
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            new: self.new.saturating_add(other.new),
            known: self.known.saturating_add(other.known),
            ignored: self.ignored.saturating_add(other.ignored),
            quarantined: self.quarantined.saturating_add(other.quarantined),
        }
    }

    fn count(&mut self, receipt: Receipt) {
        let count = match receipt {
            Receipt::Recorded => &mut self.new,
            Receipt::Duplicate => &mut self.known,
            Receipt::Ignored => &mut self.ignored,
            Receipt::Quarantined => &mut self.quarantined,
        };
        *count = count.saturating_add(1);
    }
}

/// Reads a shop, and books what its webhooks lost.
#[derive(Clone)]
pub struct ReadShop {
    /// The shop.
    pub shop: Arc<dyn ShopReader>,
    /// Books what it says, and lands its orders.
    pub ingest: Ingest,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl ReadShop {
    /// Reads and books one page of a list; answers what became of it, and where the next page begins.
    ///
    /// # Errors
    /// [`AskError`]; what was booked before stays.
    pub async fn page(
        &self,
        list: ShopList,
        since: ShopSince,
        after: Option<Cursor>,
    ) -> Result<(ShopCount, Option<Cursor>), AskError> {
        let page = match list {
            ShopList::Orders => self.shop.orders(since.orders, after).await?,
            ShopList::Disputes => self.shop.disputes(since.disputes, after).await?,
        };
        let mut count = ShopCount::default();
        for booked in Ask::book_into(&self.ingest, page.items, self.clock.now()).await? {
            count.count(booked.receipt);
        }
        Ok((count, page.next))
    }

    /// Reads all that may have been lost since the last time, if that is due and nobody else does; `None` if not. `shop`
    /// is the name under which `sweeps` knows the shop: its own book's, whichever book it writes into.
    ///
    /// # Errors
    /// [`AskError`]; what was booked before stays, and all is read again.
    pub async fn sweep(
        &self,
        sweeps: &dyn Sweeps,
        shop: &AccountId,
        occasion: Occasion,
    ) -> Result<Option<ShopCount>, AskError> {
        let now = self.clock.now();
        let kind = SweepKind::Gaps;
        let request = SweepRequest { account: shop.clone(), kind, now, every: occasion.every(kind), lease: LEASE };
        let Some(sweep) = sweeps.begin_sweep(&request).await? else { return Ok(None) };
        let since = ShopSince::after(sweep.last, now);
        let mut sum = ShopCount::default();
        for list in ShopList::ALL {
            let mut after = None;
            loop {
                let (count, next) = self.page(list, since, after).await?;
                sum = sum.plus(count);
                if next.is_none() {
                    break;
                }
                after = next;
            }
        }
        sweeps.finish_sweep(&sweep, now).await?;
        Ok(Some(sum))
    }
}
