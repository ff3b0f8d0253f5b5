use std::time::Duration;

use async_trait::async_trait;
use chargebook_domain::ports::{LedgerError, ReadClaim, ReadQueue};
use chargebook_domain::{DisputeKey, OwedRead, ReadReason};
use chrono::{DateTime, Utc};

use super::{InMemoryLedger, State};

/// A read that must be made.
#[derive(Clone, Debug)]
pub(super) struct QueuedRead {
    reason: ReadReason,
    due_at: DateTime<Utc>,
    /// Counts the claims, and what came to be owed meanwhile: so that a claim knows whether it is the present one.
    attempt: i32,
    /// Until when the present claim may take; `None` when nobody has it.
    leased_until: Option<DateTime<Utc>>,
}

impl QueuedRead {
    fn can_be_claimed(&self, now: DateTime<Utc>) -> bool {
        self.due_at <= now && self.leased_until.is_none_or(|until| until <= now)
    }
}

#[async_trait]
impl ReadQueue for InMemoryLedger {
    async fn claim_reads(
        &self,
        now: DateTime<Utc>,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<ReadClaim>, LedgerError> {
        let mut state = self.state();
        let mut due: Vec<_> = state.reads.iter_mut().filter(|(_, read)| read.can_be_claimed(now)).collect();
        // They come by key, and a sort leaves what is equal in its order.
        due.sort_by_key(|(_, read)| read.due_at);
        let claims = due.into_iter().take(usize::try_from(limit).unwrap()).map(|(key, read)| {
            read.attempt += 1;
            read.leased_until = Some(now + lease);
            ReadClaim { key: key.clone(), reason: read.reason, attempt: read.attempt }
        });
        Ok(claims.collect())
    }

    async fn settle_read(&self, claim: &ReadClaim, next: Option<DateTime<Utc>>) -> Result<(), LedgerError> {
        let mut state = self.state();
        let is_present = |read: &&mut QueuedRead| read.attempt == claim.attempt && read.leased_until.is_some();
        let Some(read) = state.reads.get_mut(&claim.key).filter(is_present) else { return Ok(()) };
        match next {
            Some(next) => (read.due_at, read.leased_until) = (next, None),
            None => drop(state.reads.remove(&claim.key)),
        }
        Ok(())
    }
}

impl State {
    /// Adds a read to the queue. A claim that is under way settles it no more.
    pub(super) fn owe(&mut self, key: &DisputeKey, owed: OwedRead, recorded_at: DateTime<Utc>) {
        let OwedRead { reason, after } = owed;
        let due_at = recorded_at + after;
        let (due_at, attempt) = match self.reads.get(key) {
            // What is due already may be being read at this moment, and would not settle what has just happened.
            Some(known) if known.due_at <= recorded_at => (due_at, known.attempt + 1),
            Some(known) => (due_at.min(known.due_at), known.attempt + 1),
            None => (due_at, 0),
        };
        self.reads.insert(key.clone(), QueuedRead { reason, due_at, attempt, leased_until: None });
    }
}
