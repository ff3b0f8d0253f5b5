//! What is done again and again beside the webhooks. Every process does it: who does which piece is settled in the
//! database.

use std::sync::Arc;
use std::time::Duration;

use chargebook_domain::ports::{Clock, LedgerError, SendOutcome};
use chargebook_domain::service::{Daily, DayDone, MatchOrders};
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tracing::{error, info, warn};

use crate::telemetry::chain;

const MATCH_EVERY: Duration = Duration::from_secs(30);
const SUM_UP_EVERY: Duration = Duration::from_mins(1);

type Work = dyn Fn() -> BoxFuture<'static, Result<(), LedgerError>> + Send + Sync;

/// A piece of work that is done at the start and then at intervals, until the server stops.
pub struct Worker {
    name: &'static str,
    every: Duration,
    work: Box<Work>,
}

impl Worker {
    /// Does `work` every so often; `name` is for the log.
    pub fn new<F>(name: &'static str, every: Duration, work: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), LedgerError>> + Send + 'static,
    {
        Self { name, every, work: Box::new(move || Box::pin(work())) }
    }

    /// Links disputes to orders that appeared since.
    #[must_use]
    pub fn order_sweep(matching: MatchOrders, clock: Arc<dyn Clock>) -> Self {
        Self::new("order sweep", MATCH_EVERY, move || {
            let (matching, now) = (matching.clone(), clock.now());
            async move {
                let swept = matching.sweep(now).await?;
                if swept.disputes > 0 {
                    info!(disputes = swept.disputes, "matched disputes with orders again");
                }
                Ok(())
            }
        })
    }

    /// Seals the days that ended, and mails each once.
    #[must_use]
    pub fn daily_summary(daily: Daily, clock: Arc<dyn Clock>) -> Self {
        Self::new("daily summary", SUM_UP_EVERY, move || {
            let (daily, now) = (daily.clone(), clock.now());
            async move {
                daily.run(now).await?.iter().for_each(log_day);
                Ok(())
            }
        })
    }

    /// Works until `stop` says so; what was begun is finished.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut is_failing = false;
        loop {
            // In a task of its own, so that a panic ends one attempt and not the worker.
            let failure = match tokio::spawn((self.work)()).await {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(chain(&error)),
                Err(panic) => Some(panic.to_string()),
            };
            match &failure {
                Some(error) if !is_failing => warn!(worker.name = self.name, error, "failed; goes on trying"),
                None if is_failing => info!(worker.name = self.name, "works again"),
                Some(_) | None => {}
            }
            is_failing = failure.is_some();
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(self.every) => {}
            }
        }
    }
}

fn log_day(day: &DayDone) {
    let date = day.date;
    match &day.outcome {
        None => {}
        Some(SendOutcome::Accepted { receipt }) => {
            info!(summary.date = %date, mail.receipt = receipt, "the summary was sent");
        }
        Some(SendOutcome::Refused { reason, retry_after: Some(_) }) => {
            warn!(summary.date = %date, reason, "the summary was not taken; it is sent again");
        }
        Some(SendOutcome::Refused { reason, retry_after: None }) => {
            error!(summary.date = %date, reason, "the summary was not taken; a person must act, then `summary send`");
        }
        Some(SendOutcome::Unknown { reason }) => {
            error!(summary.date = %date, reason, "nobody knows whether the summary was taken; a person must look");
        }
    }
}
