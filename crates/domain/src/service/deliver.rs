use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::next_attempt;
use crate::ports::{
    Clock, LedgerError, Mail, MessageClaim, Notifier, Outbox, OutboxMessage, Outgoing, OutgoingCall, RequestId,
    SendOutcome, Sent, Way,
};
use crate::rules::EndpointName;

/// How long sending one message may take. Longer than any attempt takes.
const LEASE: Duration = Duration::from_mins(5);

/// Writes the mail of a message.
pub type WriteOwedMail = dyn Fn(&OutboxMessage) -> Mail + Send + Sync;

/// Sends the mails and webhooks that are owed, each at least once.
#[derive(Clone)]
pub struct Deliver {
    outbox: Arc<dyn Outbox>,
    notifiers: Vec<Arc<dyn Notifier>>,
    outgoing: Arc<dyn Outgoing>,
    write: Arc<WriteOwedMail>,
    clock: Arc<dyn Clock>,
}

/// How sending a message ended this time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delivered {
    /// The id of the message.
    pub message: String,
    /// How it goes.
    pub way: Way,
    /// How it ended.
    pub sent: Sent,
}

impl Deliver {
    /// Sends what is in `outbox`: mails, as `write` makes them, through the first of `notifiers`
    /// that takes them, and webhooks through `outgoing`.
    #[must_use]
    pub fn new(
        outbox: Arc<dyn Outbox>,
        notifiers: Vec<Arc<dyn Notifier>>,
        outgoing: Arc<dyn Outgoing>,
        write: Arc<WriteOwedMail>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { outbox, notifiers, outgoing, write, clock }
    }

    /// Sends all that is due, one after another, for as long as `may_go_on`. `tell` hears of each when it is done.
    ///
    /// Each is claimed by itself, so that several can send at once, and one that is slow costs the others nothing of their
    /// own time. Where nobody knows whether a message was taken, it is sent again: its id tells whoever takes it twice.
    ///
    /// # Errors
    /// The first [`LedgerError`]. Where it comes after a message was handed over, that is sent again.
    pub async fn run(
        &self,
        mut may_go_on: impl FnMut() -> bool + Send,
        mut tell: impl FnMut(Delivered) + Send,
    ) -> Result<(), LedgerError> {
        while may_go_on() {
            let Some(claim) = self.outbox.claim_messages(self.clock.now(), LEASE, 1).await?.pop() else { break };
            let outcome = self.send(&claim).await;
            let now = self.clock.now();
            let sent = ended(claim.attempt, outcome, now);
            self.outbox.settle_message(&claim, &sent, now).await?;
            tell(Delivered { message: claim.message.id, way: claim.message.way, sent });
        }
        Ok(())
    }

    async fn send(&self, MessageClaim { message, attempt }: &MessageClaim) -> SendOutcome {
        match &message.way {
            Way::Mail => self.send_mail(message, *attempt).await,
            Way::Webhook(endpoint) => {
                let Ok(endpoint) = EndpointName::parse(endpoint) else {
                    let reason = "no endpoint can have its name".to_owned();
                    return SendOutcome::Refused { reason, retry_after: None };
                };
                let (message_id, body) = (message.id.clone(), message.body.clone());
                self.outgoing.post(&OutgoingCall { message_id, endpoint, body, sent_at: self.clock.now() }).await
            }
        }
    }

    /// On the first channel that takes it. Where none does, it is sent again if one of them may take it then, or may have.
    async fn send_mail(&self, message: &OutboxMessage, attempt: i32) -> SendOutcome {
        let mut kept: Option<SendOutcome> = None;
        for notifier in &self.notifiers {
            let request = RequestId::of(notifier.channel(), &message.id, attempt, self.clock.now());
            let outcome = notifier.send(&(self.write)(message), &request).await;
            match (&outcome, &kept) {
                (SendOutcome::Accepted { .. }, _) => return outcome,
                (_, Some(SendOutcome::Unknown { .. })) | (SendOutcome::Refused { retry_after: None, .. }, Some(_)) => {}
                (SendOutcome::Refused { .. } | SendOutcome::Unknown { .. }, _) => kept = Some(outcome),
            }
        }
        let reason = "There is no channel for mails: see summary.channels.".to_owned();
        kept.unwrap_or(SendOutcome::Refused { reason, retry_after: None })
    }
}

fn ended(attempt: i32, outcome: SendOutcome, now: DateTime<Utc>) -> Sent {
    let (reason, retry_after) = match outcome {
        SendOutcome::Accepted { .. } => return Sent::Done,
        SendOutcome::Refused { reason, retry_after: None } => return Sent::Dead { reason },
        SendOutcome::Refused { reason, retry_after: Some(wait) } => (reason, Some(wait)),
        SendOutcome::Unknown { reason } => (reason, None),
    };
    match next_attempt(u32::try_from(attempt).unwrap_or(u32::MAX), retry_after, now) {
        Some(at) => Sent::Again { at, reason },
        None => Sent::Dead { reason },
    }
}
