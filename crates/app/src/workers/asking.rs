//! The work that asks the source. It only reads there, so that it may be broken off at any moment: what was begun is
//! begun again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chargebook_domain::AccountId;
use chargebook_domain::ports::SweepKind;
use chargebook_domain::service::{Ask, AskError, Found, Occasion, Reread, Sweeper};
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tracing::info;

use super::{Attempt, Attempted, Worker};
use crate::asking::Asking;
use crate::metrics::Findings;

const REREAD_EVERY: Duration = Duration::from_secs(5);

/// How often it is looked whether a sweep is due.
pub(super) const LOOK_EVERY: Duration = Duration::from_mins(1);

impl Worker {
    /// Everything that asks the source: re-reads, and each sweep of each book, so that none waits for another.
    pub(crate) fn all_that_ask(ask: &Ask, asking: &Asking, findings: &Findings) -> Vec<Self> {
        let Asking { reads, sweeps, completeness, books, .. } = asking;
        let mut workers = vec![Self::rereads(Reread::new(ask.clone(), Arc::clone(reads)))];
        let sweeper = Sweeper::new(ask.clone(), Arc::clone(sweeps), Arc::clone(completeness));
        for book in books {
            let sweep = |kind| Self::sweep(sweeper.clone(), book.clone(), kind, findings.clone());
            workers.extend(SweepKind::ALL.map(sweep));
        }
        workers
    }

    fn rereads(reread: Reread) -> Self {
        Self::asking("re-reads".to_owned(), REREAD_EVERY, move || {
            let reread = reread.clone();
            async move {
                let done = reread.run().await?;
                if done.found != Found::default() {
                    let Found { new, quarantined } = done.found;
                    info!(
                        disputes = done.read,
                        found.new = new,
                        found.quarantined = quarantined,
                        "read disputes again"
                    );
                }
                match done.refused {
                    Some(refused) => Err(refused.into()),
                    None if done.read > 0 => Ok(Attempt::Worked),
                    None => Ok(Attempt::NothingToDo),
                }
            }
        })
    }

    fn sweep(sweeper: Sweeper, book: AccountId, kind: SweepKind, findings: Findings) -> Self {
        let name = format!("sweep: {} of {book}", kind.as_str());
        let has_started = Arc::new(AtomicBool::new(false));
        Self::asking(name, LOOK_EVERY, move || {
            let (sweeper, book, findings) = (sweeper.clone(), book.clone(), findings.clone());
            let has_started = Arc::clone(&has_started);
            async move {
                let occasion = if has_started.load(Ordering::Relaxed) { Occasion::Regular } else { Occasion::Start };
                let found = sweeper.sweep(&book, kind, occasion).await?;
                has_started.store(true, Ordering::Relaxed);
                let Some(found) = found else { return Ok(Attempt::NothingToDo) };
                note(&book, kind, found, &findings);
                Ok(Attempt::Worked)
            }
        })
    }

    /// Work that is broken off when the server stops.
    pub(super) fn asking<F>(name: String, every: Duration, work: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Attempt, AskError>> + Send + 'static,
    {
        let work = move |mut stop: watch::Receiver<bool>| -> BoxFuture<'static, Attempted> {
            let attempt = work();
            Box::pin(async move {
                tokio::select! {
                    _ = stop.wait_for(|stop| *stop) => Ok(Attempt::NothingToDo),
                    attempted = attempt => Ok(attempted?),
                }
            })
        };
        Self { name, every, work: Box::new(work) }
    }
}

/// Counts and logs what a sweep found; where that is nothing, nothing.
fn note(book: &AccountId, kind: SweepKind, found: Found, findings: &Findings) {
    let Found { new, quarantined } = found;
    let all = new.saturating_add(quarantined);
    if all == 0 {
        return;
    }
    let what = match kind {
        SweepKind::Gaps => {
            findings.gap_events.inc_by(all);
            "found events that had never arrived"
        }
        SweepKind::Money => {
            findings.swept_movements.inc_by(all);
            "found money that no dispute had shown"
        }
        SweepKind::Open => "found that open disputes have changed",
    };
    info!(sweep.kind = kind.as_str(), account = %book, found.new = new, found.quarantined = quarantined, "{what}");
}

#[cfg(test)]
mod tests;
