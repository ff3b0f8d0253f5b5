//! Books deliveries in batches: while one batch commits, those that arrive form the next. No timer: a lone delivery is
//! booked at once.
//!
//! A few queues are booked side by side. All deliveries of a dispute take the same, so that they do not meet in the database.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chargebook_domain::ports::{Clock, LedgerError};
use chargebook_domain::service::{Ingest, Receipt, Received};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{error, info, warn};

use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::telemetry::chain;

/// Where deliveries wait for their batch.
#[derive(Clone)]
pub(crate) struct Writer {
    queues: Vec<mpsc::Sender<Job>>,
}

/// Why a delivery was not booked, or may not have been.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NotBooked {
    /// Too many are waiting.
    QueueFull,
    /// It could not be committed.
    NotCommitted,
}

struct Job {
    received: Received,
    /// What counts the body as held, as long as it is.
    held: Box<dyn Send>,
    reply: oneshot::Sender<Result<Receipt, NotBooked>>,
}

impl Writer {
    /// Starts the tasks that book. They end when every `Writer` is gone and what they took is answered.
    pub(crate) fn start(
        ingest: &Ingest,
        clock: &Arc<dyn Clock>,
        metrics: &Arc<Metrics>,
        limits: &Limits,
    ) -> (Self, JoinSet<()>) {
        let is_down = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        let mut start = || {
            let (queue, jobs) = mpsc::channel(limits.queue);
            let booking = Booking {
                ingest: ingest.clone(),
                clock: Arc::clone(clock),
                metrics: Arc::clone(metrics),
                within: limits.answer_within,
                is_down: Arc::clone(&is_down),
            };
            tasks.spawn(booking.run(jobs, limits.batch));
            queue
        };
        let queues = (0..limits.writers).map(|_| start()).collect();
        (Self { queues }, tasks)
    }

    /// Books a delivery; it is durable when this answers with a receipt. `held` is dropped when the body is.
    pub(crate) async fn book(&self, received: Received, held: impl Send + 'static) -> Result<Receipt, NotBooked> {
        let queue = self.queue_of(&received).ok_or(NotBooked::QueueFull)?;
        let (reply, answer) = oneshot::channel();
        let job = Job { received, held: Box::new(held), reply };
        queue.try_send(job).map_err(|_| NotBooked::QueueFull)?;
        answer.await.unwrap_or(Err(NotBooked::NotCommitted))
    }

    fn queue_of(&self, received: &Received) -> Option<&mpsc::Sender<Job>> {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(received.about());
        let place = usize::try_from(hash).unwrap_or_default().checked_rem(self.queues.len())?;
        self.queues.get(place)
    }
}

struct Booking {
    ingest: Ingest,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    within: Duration,
    /// Whether it was told that the ledger is away.
    is_down: Arc<AtomicBool>,
}

/// Why a batch was not booked.
enum Failed {
    /// None of it can be booked now.
    Away(LedgerError),
    /// Something of it can't be.
    Within(String),
}

impl Booking {
    async fn run(self, mut jobs: mpsc::Receiver<Job>, batch_max: usize) {
        let mut batch = Vec::with_capacity(batch_max);
        while jobs.recv_many(&mut batch, batch_max).await > 0 {
            // Whoever gave up was told to deliver again.
            batch.retain(|job| !job.reply.is_closed());
            if !batch.is_empty() {
                self.book(std::mem::take(&mut batch)).await;
            }
        }
    }

    async fn book(&self, batch: Vec<Job>) {
        let mut received = Vec::with_capacity(batch.len());
        let mut waiting = Vec::with_capacity(batch.len());
        for Job { received: one, held, reply } in batch {
            received.push(one);
            waiting.push((held, reply));
        }
        let received = Arc::new(received);
        let answers = match self.attempt(Arc::clone(&received)).await {
            Ok(receipts) => receipts.into_iter().map(Ok).collect(),
            Err(Failed::Within(_)) if received.len() > 1 => self.book_each(&received).await,
            Err(failed) => vec![Err(self.note(failed)); received.len()],
        };
        for ((held, reply), answer) in waiting.into_iter().zip(answers) {
            drop(held);
            // Fails only where whoever asked has gone.
            let _ = reply.send(answer);
        }
    }

    /// One delivery that can't be booked does not keep back those that came with it.
    async fn book_each(&self, batch: &[Received]) -> Vec<Result<Receipt, NotBooked>> {
        let mut answers = Vec::with_capacity(batch.len());
        for one in batch {
            let answer = self.attempt(Arc::new(vec![one.clone()])).await;
            let receipt = answer.map(|receipts| receipts.first().copied());
            answers
                .push(receipt.map_err(|failed| self.note(failed)).and_then(|one| one.ok_or(NotBooked::NotCommitted)));
        }
        answers
    }

    /// In a task of its own, so that a panic ends the batch and not the server.
    async fn attempt(&self, batch: Arc<Vec<Received>>) -> Result<Vec<Receipt>, Failed> {
        let (ingest, now, within) = (self.ingest.clone(), self.clock.now(), self.within);
        let size = batch.len();
        let task = tokio::spawn(async move { timeout(within, ingest.ingest(&batch, now)).await });
        let receipts = match task.await {
            Ok(Ok(Ok(receipts))) => receipts,
            Ok(Ok(Err(error @ LedgerError::Unavailable(_)))) => return Err(Failed::Away(error)),
            Ok(Ok(Err(error))) => return Err(Failed::Within(chain(&error))),
            Ok(Err(elapsed)) => return Err(Failed::Away(LedgerError::Unavailable(elapsed.into()))),
            Err(panic) => return Err(Failed::Within(panic.to_string())),
        };
        if self.is_down.swap(false, Ordering::Relaxed) {
            info!("the ledger is available again");
        }
        self.metrics.batch(size);
        self.metrics.booked(now);
        Ok(receipts)
    }

    fn note(&self, failed: Failed) -> NotBooked {
        match failed {
            Failed::Away(_) if self.is_down.swap(true, Ordering::Relaxed) => {}
            Failed::Away(error) => {
                warn!(error = chain(&error), "the ledger is not available: webhooks are answered 503");
            }
            Failed::Within(reason) => error!(error = reason, "a webhook can't be booked"),
        }
        NotBooked::NotCommitted
    }
}
