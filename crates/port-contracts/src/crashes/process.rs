use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use chargebook_domain::ports::LedgerError;
use chargebook_domain::service::Receipt;

use super::gate::{Gate, Step};

/// What a process does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Job {
    /// Books these deliveries in one batch.
    Deliver(Vec<usize>),
    /// Matches the disputes that are due.
    Match,
    /// Seals the days that have ended, and sends their mails.
    Summarise,
}

/// Ends in the receipts of what was delivered.
pub(super) type Doing = Pin<Box<dyn Future<Output = Result<Vec<Receipt>, LedgerError>> + Send>>;

/// A process: what it does dies with it, and it begins anew with nothing.
#[derive(Default)]
pub(super) struct Process {
    pub(super) gate: Arc<Gate>,
    doing: Option<(Job, Doing)>,
}

impl Process {
    pub(super) fn is_idle(&self) -> bool {
        self.doing.is_none()
    }

    pub(super) fn begin(&mut self, job: Job, doing: Doing) {
        self.doing = Some((job, doing));
    }

    /// The step at which it stands.
    pub(super) fn standing(&self) -> Option<Step> {
        self.gate.standing()
    }

    /// Ends it where it stands; answers what it did not finish.
    pub(super) fn crash(&mut self) -> Option<Job> {
        self.gate.open();
        self.doing.take().map(|(job, _)| job)
    }

    /// Goes on to the next step, or to the end of what it does.
    pub(super) async fn go_on(&mut self) -> Option<(Job, Result<Vec<Receipt>, LedgerError>)> {
        let (job, doing) = self.doing.as_mut()?;
        let gate = &self.gate;
        let ended = poll_fn(|context| match doing.as_mut().poll(context) {
            Poll::Ready(ended) => Poll::Ready(Some(ended)),
            Poll::Pending if gate.standing().is_some() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        });
        let ended = (job.clone(), ended.await?);
        self.doing = None;
        Some(ended)
    }
}
