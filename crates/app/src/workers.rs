//! What is done again and again beside the webhooks. Every process does it: who does which piece is settled in the
//! database.

mod acting;
mod alarm;
mod asking;
mod customers;
mod monitor;
mod shop;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use chargebook_domain::AccountId;
use chargebook_domain::ports::{Clock, Found, LedgerError, Overview, SendOutcome};
use chargebook_domain::service::{Daily, DayDone, MatchOrders};
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tracing::{Level, error, info, warn};

use crate::deliveries::{Deliveries, KEEP_EVERY};
use crate::telemetry::chain;

const MATCH_EVERY: Duration = Duration::from_secs(30);
const SUM_UP_EVERY: Duration = Duration::from_mins(1);

/// What an attempt that did not fail has shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Attempt {
    /// The work can be done.
    Worked,
    /// Nothing: it was not time, or another process did the work.
    NothingToDo,
}

/// An attempt, or why it failed.
type Attempted = Result<Attempt, Box<dyn Error + Send + Sync>>;

type Work = dyn Fn(watch::Receiver<bool>) -> BoxFuture<'static, Attempted> + Send + Sync;

/// A piece of work that is done at the start and then at intervals, until the server stops.
pub struct Worker {
    name: String,
    every: Duration,
    work: Box<Work>,
}

impl Worker {
    /// Does `work` every so often; `name` is for the log.
    pub fn new<F, E>(name: &str, every: Duration, work: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Error + Send + Sync + 'static,
    {
        let work = move |_| -> BoxFuture<'static, Attempted> {
            let attempt = work();
            Box::pin(async move { Ok(attempt.await.map(|()| Attempt::Worked)?) })
        };
        Self { name: name.to_owned(), every, work: Box::new(work) }
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
                Ok::<_, LedgerError>(())
            }
        })
    }

    /// Keeps how deliveries were answered.
    #[must_use]
    pub fn delivery_counts(deliveries: Deliveries, overview: Arc<dyn Overview>) -> Self {
        Self::new("delivery counts", KEEP_EVERY, move || {
            let (deliveries, overview) = (deliveries.clone(), Arc::clone(&overview));
            async move { deliveries.keep(overview.as_ref()).await }
        })
    }

    /// Seals the days that ended, and mails each once. When the server stops, no further mail is begun.
    #[must_use]
    pub fn daily_summary(daily: Daily) -> Self {
        let work = move |stop: watch::Receiver<bool>| -> BoxFuture<'static, Attempted> {
            let daily = daily.clone();
            Box::pin(async move {
                daily.run(|| !*stop.borrow(), |day| log_day(&day)).await?;
                Ok(Attempt::Worked)
            })
        };
        Self { name: "daily summary".to_owned(), every: SUM_UP_EVERY, work: Box::new(work) }
    }

    /// Works until `stop` says so; what was begun is finished.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut failing = None;
        loop {
            // In a task of its own, so that a panic ends one attempt and not the worker.
            let failure = match tokio::spawn((self.work)(stop.clone())).await {
                Ok(Ok(Attempt::Worked)) => None,
                Ok(Ok(Attempt::NothingToDo)) => failing.clone(),
                Ok(Err(error)) => Some(chain(error.as_ref())),
                Err(panic) => Some(panic.to_string()),
            };
            match &failure {
                Some(error) if failure != failing => {
                    warn!(worker.name = self.name, error, "failed; goes on trying");
                }
                None if failing.is_some() => info!(worker.name = self.name, "works again"),
                Some(_) | None => {}
            }
            failing = failure;
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(self.every) => {}
            }
        }
    }
}

fn log_day(day: &DayDone) {
    let (DayDone::Sent { due, .. } | DayDone::Looked { due, .. }) = day;
    let (date, book) = (due.mail.date, due.mail.book.as_ref().map(AccountId::as_str));
    let channel = &due.channel;
    let (level, reason, what) = match day {
        DayDone::Sent { outcome: None, .. } => return,
        DayDone::Sent { outcome: Some(SendOutcome::Accepted { receipt }), .. } => {
            info!(summary.date = %date, summary.book = book, summary.channel = channel, mail.receipt = receipt, "the summary was sent");
            return;
        }
        DayDone::Sent { outcome: Some(SendOutcome::Refused { reason, retry_after: Some(_) }), .. } => {
            (Level::WARN, Some(reason), "the summary was not taken; it is sent again")
        }
        DayDone::Sent { outcome: Some(SendOutcome::Refused { reason, retry_after: None }), .. } => {
            (Level::ERROR, Some(reason), "the summary was not taken; a person must act, then `summary resend`")
        }
        DayDone::Sent { outcome: Some(SendOutcome::Unknown { reason }), .. } => (
            Level::ERROR,
            Some(reason),
            "nobody knows whether the summary was taken; it is looked for where that can be done",
        ),
        DayDone::Looked { found: Found::There, .. } => (Level::INFO, None, "the summary was found: it had been taken"),
        DayDone::Looked { found: Found::NotThere, .. } => {
            (Level::WARN, None, "the summary is not where it went, or would be known again there; it is sent again")
        }
        DayDone::Looked { found: Found::CannotTell { reason }, .. } => {
            (Level::ERROR, Some(reason), "nobody can tell whether the summary was taken; a person must look")
        }
    };
    match level {
        Level::ERROR => error!(summary.date = %date, summary.book = book, summary.channel = channel, reason, "{what}"),
        Level::WARN => warn!(summary.date = %date, summary.book = book, summary.channel = channel, reason, "{what}"),
        _ => info!(summary.date = %date, summary.book = book, summary.channel = channel, reason, "{what}"),
    }
}

#[cfg(test)]
mod tests {
    use chargebook_domain::ports::{
        Claim, ClaimRequest, DayMail, Due, Mail, Mails, MockClock, MockNotifier, MockSummaries, Sealed,
    };
    use chargebook_domain::service::{Missed, Schedule};
    use chargebook_domain::summary::{DayBooks, Summary};
    use chrono::{NaiveDate, NaiveTime};
    use chrono_tz::Tz;

    use super::*;

    fn quiet(date: NaiveDate) -> DayBooks {
        DayBooks { sealed: true, ..DayBooks::empty(date, Tz::UTC) }
    }

    #[tokio::test]
    async fn a_mail_that_was_begun_is_finished_and_no_other_is_begun_after_the_word_to_stop() {
        let days = ["2026-03-08", "2026-03-09"].map(|day| day.parse::<NaiveDate>().unwrap());
        let mut summaries = MockSummaries::new();
        let sealed = Sealed { last: Some(days[1]), first_recorded: Some(days[0]) };
        summaries.expect_sealed().returning(move |_| Ok(sealed));
        let due = days.map(|day| Due { mail: DayMail::together(day), channel: "mock".to_owned(), sent_as: None });
        summaries.expect_undelivered().returning(move |_, _, _| Ok(due.to_vec()));
        summaries.expect_in_doubt().returning(|_, _, _| Ok(Vec::new()));
        summaries.expect_books().returning(|seal, _| Ok(quiet(seal.date)));
        summaries.expect_keep().returning(|_, books| Ok(books));
        summaries.expect_claim().times(1).returning(|request| {
            let ClaimRequest { mails, channel, reference, now, .. } = request.clone();
            let attempts = mails.into_iter().map(|mail| (mail, 1)).collect();
            Ok(Some(Claim { attempts, channel, reference, begun_at: now }))
        });
        summaries.expect_settle().times(1).returning(|_, _, _| Ok(()));
        let (stop, stopped) = watch::channel(false);
        let mut notifier = MockNotifier::new();
        notifier.expect_channel().return_const("mock");
        notifier.expect_place().returning(|| None);
        notifier.expect_send().times(1).returning(move |_, _| {
            stop.send_replace(true);
            SendOutcome::Accepted { receipt: None }
        });
        let mut clock = MockClock::new();
        clock.expect_now().returning(|| "2026-03-10T12:00:00Z".parse().unwrap());
        let write = |_: &Summary, _| Mail {
            reference: String::new(),
            subject: String::new(),
            html: String::new(),
            text: String::new(),
            attachments: Vec::new(),
            sent_again_at: None,
        };
        let schedule = Schedule {
            zone: Tz::UTC,
            send_at: NaiveTime::MIN,
            books_start: None,
            mails: Mails::Together,
            missed: Missed::Each,
        };
        let daily =
            Daily::new(Arc::new(summaries), vec![Arc::new(notifier)], Arc::new(write), schedule, Arc::new(clock));
        Worker::daily_summary(daily).run(stopped).await;
    }
}
