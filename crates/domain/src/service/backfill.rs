use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Ask, AskError, Booked, News, Receipt, Seen};
use crate::AccountId;
use crate::ports::{Backfills, Detail, LedgerError, Listing, Period, Slice, Sweeps, Tally};

/// Into how many slices a backfill is cut: as many pages can be under way at a time.
const SLICES: i64 = 32;

/// No slice is shorter.
const SLICE_MIN: TimeDelta = TimeDelta::days(1);

/// Reads all disputes that were filed in a period.
#[derive(Clone)]
pub struct Backfill {
    ask: Ask,
    backfills: Arc<dyn Backfills>,
    sweeps: Arc<dyn Sweeps>,
}

impl Backfill {
    /// Asks by `ask`; keeps in `backfills` how far it has come, and in `sweeps` what it made whole.
    #[must_use]
    pub fn new(ask: Ask, backfills: Arc<dyn Backfills>, sweeps: Arc<dyn Sweeps>) -> Self {
        Self { ask, backfills, sweeps }
    }

    /// The slices of the backfill of `account` from `since` on, before `until` or else now: those of one that did not come
    /// to its end, else those of a new one. One that was begun some time ago ends where it was begun; what was filed since
    /// is another, and its slices follow.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn open(
        &self,
        account: &AccountId,
        since: DateTime<Utc>,
        until: Option<DateTime<Utc>>,
    ) -> Result<Vec<Slice>, LedgerError> {
        let now = self.ask.clock.now();
        let (mut since, mut slices) = (since, Vec::new());
        loop {
            let backfill = Period { from: since, until: until.unwrap_or(now) };
            let parts = cut(backfill).into_iter();
            let wanted: Vec<_> = parts.map(|part| Slice::of(account.clone(), backfill, part)).collect();
            let opened = self.backfills.open_backfill(account, since, until, &wanted).await?;
            let Some(end) = opened.last().map(|slice| slice.backfill.until) else { return Ok(slices) };
            slices.extend(opened);
            if until.is_some() || end >= now || end <= since {
                return Ok(slices);
            }
            since = end;
        }
    }

    /// Reads and books the next page of a slice, and answers how far it has come then.
    ///
    /// # Errors
    /// [`AskError`]; then the page is read again when the slice goes on.
    pub async fn page(&self, slice: &Slice) -> Result<Slice, AskError> {
        let listing = Listing { account: slice.account.clone(), period: slice.period, after: slice.after.clone() };
        let page = self.ask.reader.disputes(&listing, Detail::WithPayment).await?;
        let outcomes = self.ask.book(page.items).await?;
        let mut tally = slice.tally;
        for booked in outcomes {
            tally.count(booked);
        }
        let advanced = Slice { is_done: page.next.is_none(), after: page.next, tally, ..slice.clone() };
        self.backfills.advance(&advanced).await?;
        Ok(advanced)
    }

    /// Keeps that the record is whole for the periods of those backfills whose slices are all done.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn finish(&self, slices: &[Slice]) -> Result<(), LedgerError> {
        let now = self.ask.clock.now();
        let backfills: BTreeSet<_> = slices.iter().map(|slice| (&slice.account, slice.backfill)).collect();
        for (account, backfill) in backfills {
            let mut own = slices.iter().filter(|slice| slice.account == *account && slice.backfill == backfill);
            if own.all(|slice| slice.is_done) {
                self.sweeps.note_whole(account, Period { until: backfill.until.min(now), ..backfill }).await?;
            }
        }
        Ok(())
    }
}

impl Tally {
    /// Adds what became of one dispute.
    pub(super) fn count(&mut self, booked: Booked) {
        let add = |count: &mut u64| *count = count.saturating_add(1);
        match (booked.receipt, booked.seen) {
            (Receipt::Quarantined, _) => add(&mut self.quarantined),
            (_, Some(Seen { news: News::First, .. })) => add(&mut self.new),
            (_, Some(Seen { news: News::More, .. })) => add(&mut self.changed),
            (_, Some(Seen { news: News::None, .. }) | None) => add(&mut self.known),
        }
        if booked.seen.is_some_and(|seen| seen.news != News::None && seen.is_orphan) {
            add(&mut self.orphaned);
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            new: self.new.saturating_add(other.new),
            known: self.known.saturating_add(other.known),
            changed: self.changed.saturating_add(other.changed),
            orphaned: self.orphaned.saturating_add(other.orphaned),
            quarantined: self.quarantined.saturating_add(other.quarantined),
        }
    }

    /// How many disputes were read.
    #[must_use]
    pub fn all(self) -> u64 {
        [self.known, self.changed, self.quarantined].into_iter().fold(self.new, u64::saturating_add)
    }
}

/// Equal parts in whole seconds, in order, which cover the period without gap or overlap.
fn cut(period: Period) -> Vec<Period> {
    let seconds = period.until.signed_duration_since(period.from).num_seconds();
    let share = TimeDelta::seconds(seconds.div_euclid(SLICES)).max(SLICE_MIN);
    let mut parts = Vec::new();
    let mut from = period.from;
    while from < period.until {
        let until = from.checked_add_signed(share).map_or(period.until, |until| until.min(period.until));
        parts.push(Period { from, until });
        from = until;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_cover_the_period_without_gap_or_overlap() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        for seconds in [0, 1, 86_400, 86_401, 31 * 86_400 + 7, 32 * 86_400, 4_000 * 86_400 + 12_345] {
            let period = Period { from: at(1_000), until: at(1_000 + seconds) };
            let parts = cut(period);
            assert!(parts.len() <= 33, "{} parts", parts.len());
            assert_eq!(parts.first().map_or(period.from, |part| part.from), period.from);
            assert_eq!(parts.last().map_or(period.until, |part| part.until), period.until);
            assert!(parts.windows(2).all(|pair| pair[0].until == pair[1].from));
            assert!(parts.iter().all(|part| part.from < part.until));
        }
    }
}
