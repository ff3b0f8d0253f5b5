//! The work that acts on disputes, and that joins those that came through two doors.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use chargebook_domain::ports::{Clock, Sent};
use chargebook_domain::service::{Act, Acted, Deliver, Delivered, Join};
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tracing::{info, warn};

use super::{Attempt, Attempted, Worker};

const ACT_EVERY: Duration = Duration::from_secs(1);
const DELIVER_EVERY: Duration = Duration::from_secs(1);
const JOIN_EVERY: Duration = Duration::from_secs(30);

impl Worker {
    /// Scores customers and looks at the rules, until nothing is left to follow up.
    pub(crate) fn acting(act: Act, clock: Arc<dyn Clock>) -> Self {
        Self::stoppable("follow-ups", ACT_EVERY, move |stop| {
            let (act, clock) = (act.clone(), Arc::clone(&clock));
            async move {
                let mut worked = Attempt::NothingToDo;
                while !*stop.borrow() {
                    let acted = act.run(clock.now()).await?;
                    if acted.is_idle() {
                        break;
                    }
                    worked = Attempt::Worked;
                    let Acted { put_off, failed, .. } = acted;
                    if put_off > 0 || failed > 0 {
                        warn!(
                            follow_ups.put_off = put_off,
                            follow_ups.failed = failed,
                            "some could not be followed up"
                        );
                    }
                }
                Ok(worked)
            }
        })
    }

    /// Sends what rules and alerts owe. When the server stops, no further message is begun.
    pub(crate) fn delivering(deliver: Deliver) -> Self {
        Self::stoppable("outbox", DELIVER_EVERY, move |stop| {
            let deliver = deliver.clone();
            async move {
                deliver.run(|| !*stop.borrow(), |delivered| log_message(&delivered)).await?;
                Ok(Attempt::Worked)
            }
        })
    }

    /// Joins disputes that came through another door before they came from Stripe.
    pub(crate) fn joining(join: Join, clock: Arc<dyn Clock>) -> Self {
        Self::stoppable("doubles", JOIN_EVERY, move |_| {
            let (join, now) = (join.clone(), clock.now());
            async move {
                let joined = join.sweep(now).await?;
                if joined > 0 {
                    info!(disputes = joined, "joined disputes that came through two doors");
                }
                Ok(Attempt::Worked)
            }
        })
    }

    fn stoppable<F>(
        name: &str,
        every: Duration,
        work: impl Fn(watch::Receiver<bool>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Attempt, Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        let work = move |stop| -> BoxFuture<'static, Attempted> { Box::pin(work(stop)) };
        Self { name: name.to_owned(), every, work: Box::new(work) }
    }
}

fn log_message(delivered: &Delivered) {
    let id = delivered.message.as_str();
    match &delivered.sent {
        Sent::Done => info!(message.id = id, "a message was taken"),
        Sent::Again { at, reason } => {
            warn!(message.id = id, message.again_at = %at, reason, "a message was not taken; it is sent again");
        }
        Sent::Dead { reason } => {
            warn!(message.id = id, reason, "a message is dead: `chargebook queue resend` sends it again");
        }
    }
}
