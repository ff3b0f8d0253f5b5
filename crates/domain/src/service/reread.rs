use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Ask, AskError, Found};
use crate::ports::{LedgerError, ReadClaim, ReadError, ReadQueue};
use crate::reread::money_again;

/// How long one process has for the reads that it claims: longer than the source's own patience.
const LEASE: Duration = Duration::from_mins(5);

/// How many reads are claimed at a time.
const AT_A_TIME: u32 = 10;

/// When a read that failed is tried again.
const AFTER_FAILURE: TimeDelta = TimeDelta::minutes(15);

/// Reads disputes again that must be: after ambiguous events, for an order's name, for money that is still to come.
#[derive(Clone)]
pub struct Reread {
    ask: Ask,
    queue: Arc<dyn ReadQueue>,
}

/// What one round came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RereadDone {
    /// Disputes that were read.
    pub read: u64,
    /// What that found.
    pub found: Found,
    /// Why the first of those that could not be read was not; they are due again later. A person must change something.
    pub refused: Option<ReadError>,
}

impl Reread {
    /// Reads by `ask` what is in `queue`.
    #[must_use]
    pub fn new(ask: Ask, queue: Arc<dyn ReadQueue>) -> Self {
        Self { ask, queue }
    }

    /// Reads what is due, a few disputes at a time. That one can't be read is no error, but told.
    ///
    /// # Errors
    /// [`AskError`]; what was claimed and not read is due again later.
    pub async fn run(&self) -> Result<RereadDone, AskError> {
        let mut done = RereadDone::default();
        let claims = self.queue.claim_reads(self.ask.clock.now(), LEASE, AT_A_TIME).await?;
        let mut failed = None;
        for claim in claims {
            if failed.is_some() {
                self.put_off(&claim).await?;
                continue;
            }
            match self.read(&claim, &mut done.found).await {
                Ok(()) => done.read = done.read.saturating_add(1),
                Err(AskError::Ledger(error)) => return Err(error.into()),
                // Whatever is wrong with this dispute alone keeps no other from being read.
                Err(AskError::Source(refusal @ (ReadError::Refused { .. } | ReadError::NotFound))) => {
                    self.put_off(&claim).await?;
                    done.refused.get_or_insert(refusal);
                }
                Err(AskError::Source(away @ ReadError::Unavailable { .. })) => {
                    self.put_off(&claim).await?;
                    failed = Some(away);
                }
            }
        }
        failed.map_or(Ok(done), |error| Err(error.into()))
    }

    async fn read(&self, claim: &ReadClaim, found: &mut Found) -> Result<(), AskError> {
        let read = match self.ask.reader.dispute(&claim.key).await {
            Ok(read) => read,
            // Nothing is to be had by asking again.
            Err(ReadError::NotFound) => return Ok(self.queue.settle_read(claim, None).await?),
            Err(error) => return Err(error.into()),
        };
        let outcomes = self.ask.book(vec![read]).await?;
        let mut next: Option<DateTime<Utc>> = None;
        for booked in outcomes {
            found.count(booked.receipt);
            if booked.seen.is_some_and(|seen| seen.misses_money) {
                next = money_again(claim.attempt, self.ask.clock.now());
            }
        }
        // Where the read itself came to owe another, this claim is not the present one, and changes nothing.
        Ok(self.queue.settle_read(claim, next).await?)
    }

    async fn put_off(&self, claim: &ReadClaim) -> Result<(), LedgerError> {
        let next = self.ask.clock.now().checked_add_signed(AFTER_FAILURE);
        self.queue.settle_read(claim, next).await
    }
}
