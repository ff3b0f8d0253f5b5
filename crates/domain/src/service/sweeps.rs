//! What is looked for at intervals, because no webhook tells of it.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Ask, AskError, Found};
use crate::AccountId;
use crate::ports::{Completeness, Detail, Listing, Period, Read, Sweep, SweepKind, SweepRequest, Sweeps};

/// How long Stripe keeps events (docs.stripe.com/api/events).
const EVENTS_KEPT: TimeDelta = TimeDelta::days(30);

/// How much of what was swept before is swept again: for clocks that differ, and events that show late.
pub(super) const OVERLAP: TimeDelta = TimeDelta::hours(1);

/// A dispute that changed within this is not read again.
const QUIET_FOR: TimeDelta = TimeDelta::days(1);

/// How long one process has for a sweep: longer than any should take, since one that was taken over is not finished. One
/// that failed is made again after it.
pub(super) const LEASE: Duration = Duration::from_hours(1);

/// A sweep is due at the start of a process, unless one ended a moment ago.
const AT_START: Duration = Duration::from_mins(1);

/// How often each sweep is made.
#[must_use]
pub fn every(kind: SweepKind) -> Duration {
    match kind {
        SweepKind::Gaps => Duration::from_hours(1),
        SweepKind::Money => Duration::from_hours(6),
        SweepKind::Open => Duration::from_hours(24),
    }
}

/// When a sweep is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Occasion {
    /// The process has just started, or a person wants it.
    Start,
    /// It is looked whether it is time.
    Regular,
}

impl Occasion {
    pub(super) fn every(self, kind: SweepKind) -> Duration {
        match self {
            Self::Start => AT_START,
            Self::Regular => every(kind),
        }
    }
}

/// Sweeps the accounts whose books are kept.
#[derive(Clone)]
pub struct Sweeper {
    pub(super) ask: Ask,
    pub(super) sweeps: Arc<dyn Sweeps>,
    pub(super) completeness: Arc<dyn Completeness>,
}

impl Sweeper {
    /// Asks by `ask` what `completeness` does not hold; who sweeps is settled in `sweeps`.
    #[must_use]
    pub fn new(ask: Ask, sweeps: Arc<dyn Sweeps>, completeness: Arc<dyn Completeness>) -> Self {
        Self { ask, sweeps, completeness }
    }

    /// Sweeps `account` if that is due and nobody else does; `None` if not.
    ///
    /// # Errors
    /// [`AskError`]; what was found before stays booked, and the sweep is made again.
    pub async fn sweep(
        &self,
        account: &AccountId,
        kind: SweepKind,
        occasion: Occasion,
    ) -> Result<Option<Found>, AskError> {
        let now = self.ask.clock.now();
        let request = SweepRequest { account: account.clone(), kind, now, every: occasion.every(kind), lease: LEASE };
        let Some(sweep) = self.sweeps.begin_sweep(&request).await? else { return Ok(None) };
        let found = match kind {
            SweepKind::Gaps => self.gaps(&sweep, now).await?,
            SweepKind::Money => self.money(account, now).await?,
            SweepKind::Open => self.open(account, now).await?,
        };
        self.sweeps.finish_sweep(&sweep, now).await?;
        Ok(Some(found))
    }

    /// Books the events that were never received, from where the last sweep began.
    async fn gaps(&self, sweep: &Sweep, now: DateTime<Utc>) -> Result<Found, AskError> {
        let oldest = earlier(now, EVENTS_KEPT);
        let from = sweep.last.map_or(oldest, |last| earlier(last, OVERLAP).max(oldest).min(now));
        let mut ahead = Some(Listing::of(sweep.account.clone(), Period { from, until: later(now, OVERLAP) }));
        let mut found = Found::default();
        while let Some(listing) = ahead {
            let page = self.ask.reader.events(&listing).await?;
            let missing = self.missing(&sweep.account, page.items).await?;
            found.count_all(&self.ask.book(missing).await?);
            ahead = listing.then(page.next);
        }
        self.sweeps.note_whole(&sweep.account, Period { from, until: now }).await?;
        Ok(found)
    }

    async fn missing(&self, account: &AccountId, events: Vec<Read>) -> Result<Vec<Read>, AskError> {
        let ids: Vec<_> = events.iter().map(|read| read.event.id.clone()).collect();
        let unknown = self.completeness.unknown_events(account, &ids).await?;
        Ok(events.into_iter().filter(|read| unknown.contains(&read.event.id)).collect())
    }

    /// Reads the open disputes again by paging them, a hundred a read.
    async fn open(&self, account: &AccountId, now: DateTime<Utc>) -> Result<Found, AskError> {
        let mut found = Found::default();
        let Some(oldest) = self.completeness.oldest_open(account, earlier(now, QUIET_FOR)).await? else {
            return Ok(found);
        };
        let mut ahead = Some(Listing::of(account.clone(), Period { from: oldest, until: later(now, OVERLAP) }));
        while let Some(listing) = ahead {
            let page = self.ask.reader.disputes(&listing, Detail::Dispute).await?;
            found.count_all(&self.ask.book_quiet(page.items, QUIET_FOR).await?);
            ahead = listing.then(page.next);
        }
        Ok(found)
    }
}

pub(super) fn earlier(at: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    at.checked_sub_signed(by).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

pub(super) fn later(at: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    at.checked_add_signed(by).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
