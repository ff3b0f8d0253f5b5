use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Booked, Ingest, Receipt, Received};
use crate::ports::{Clock, DisputeReader, LedgerError, Lookup, Read, ReadError, Reading};

/// Asks a source, and books what it answers. What the use cases that ask have in common.
#[derive(Clone)]
pub struct Ask {
    /// The source.
    pub reader: Arc<dyn DisputeReader>,
    /// Books what it says.
    pub ingest: Ingest,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// Why asking and booking ended. What was booked before stays.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The source did not answer.
    #[error(transparent)]
    Source(#[from] ReadError),
    /// The ledger did not book.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// What was booked of what was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Found {
    /// Events, disputes or movements that were new.
    pub new: u64,
    /// Those that are kept whole, and in nobody's books.
    pub quarantined: u64,
}

impl Found {
    pub(super) fn count(&mut self, receipt: Receipt) {
        match receipt {
            Receipt::Recorded => self.new = self.new.saturating_add(1),
            Receipt::Quarantined => self.quarantined = self.quarantined.saturating_add(1),
            Receipt::Duplicate | Receipt::Ignored => {}
        }
    }

    pub(super) fn count_all(&mut self, booked: &[Booked]) {
        for booked in booked {
            self.count(booked.receipt);
        }
    }
}

impl Ask {
    /// Books what was read, and says what became of each.
    pub(super) async fn book(&self, reads: Vec<Read>) -> Result<Vec<Booked>, LedgerError> {
        Self::book_into(&self.ingest, reads, self.clock.now()).await
    }

    /// The same for who asks another source.
    pub(super) async fn book_into(
        ingest: &Ingest,
        reads: Vec<Read>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Booked>, LedgerError> {
        let received: Vec<_> = reads.into_iter().map(|read| received(read, now)).collect();
        ingest.book_all(&received, now).await
    }

    /// The same without the disputes that changed within `quiet_for` before they were read: their news is on its way.
    pub(super) async fn book_quiet(&self, reads: Vec<Read>, quiet_for: TimeDelta) -> Result<Vec<Booked>, LedgerError> {
        let key = |read: &Read| match &read.event.reading {
            Reading::Dispute(observation) => Some(observation.key.clone()),
            Reading::FraudWarning(_)
            | Reading::Order(_)
            | Reading::NotADispute
            | Reading::NotUnderstood { .. }
            | Reading::OrderNotUnderstood { .. } => None,
        };
        let keys: BTreeSet<_> = reads.iter().filter_map(key).collect();
        let lookups: Vec<_> = keys.iter().cloned().map(Lookup::recorded).collect();
        let stored: BTreeMap<_, _> = keys.into_iter().zip(self.ingest.ledger.load(&lookups).await?).collect();
        let is_quiet = |read: &Read| {
            let Reading::Dispute(observation) = &read.event.reading else { return true };
            let present = stored.get(&observation.key).and_then(|stored| stored.facts.present());
            present.is_none_or(|line| observation.as_of.signed_duration_since(line.as_of) >= quiet_for)
        };
        self.book(reads.into_iter().filter(is_quiet).collect()).await
    }
}

fn received(Read { event, body }: Read, received_at: DateTime<Utc>) -> Received {
    Received { event, body, received_at }
}
