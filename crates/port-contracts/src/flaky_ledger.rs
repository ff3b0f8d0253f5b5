use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use chargebook_domain::Stored;
use chargebook_domain::ports::{Answer, Entry, Ledger, LedgerError, Lookup};
use chrono::{DateTime, Utc};

/// What goes wrong with one call to [`Ledger::record`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RecordFault {
    /// Nothing.
    None,
    /// The ledger can't be reached: nothing is written.
    Unavailable,
    /// Everything is written, and the answer to the commit is lost.
    AnswerLost,
    /// Nothing is written, and every entry is said to be stale.
    Stale,
}

/// A ledger in front of another, that fails as scripted; once the script has run out it only passes on.
pub struct FlakyLedger {
    inner: Arc<dyn Ledger>,
    script: Mutex<VecDeque<RecordFault>>,
}

impl FlakyLedger {
    /// Stands before `inner`, and fails by `script`: a fault a call to [`Ledger::record`].
    #[must_use]
    pub fn new(inner: Arc<dyn Ledger>, script: impl IntoIterator<Item = RecordFault>) -> Self {
        Self { inner, script: Mutex::new(script.into_iter().collect()) }
    }

    fn next_fault(&self) -> RecordFault {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).pop_front().unwrap_or(RecordFault::None)
    }
}

#[async_trait]
impl Ledger for FlakyLedger {
    async fn load(&self, lookups: &[Lookup]) -> Result<Vec<Stored>, LedgerError> {
        self.inner.load(lookups).await
    }

    async fn record(&self, batch: &[Entry], recorded_at: DateTime<Utc>) -> Result<Vec<Answer>, LedgerError> {
        match self.next_fault() {
            RecordFault::None => self.inner.record(batch, recorded_at).await,
            RecordFault::Unavailable => Err(LedgerError::Unavailable("scripted outage".into())),
            RecordFault::Stale => Ok(vec![Answer::Stale; batch.len()]),
            RecordFault::AnswerLost => {
                self.inner.record(batch, recorded_at).await?;
                Err(LedgerError::Unavailable("scripted loss of the answer".into()))
            }
        }
    }
}
