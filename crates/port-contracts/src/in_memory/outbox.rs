use std::time::Duration;

use async_trait::async_trait;
use chargebook_domain::ports::{LedgerError, MessageClaim, Outbox, OutboxMessage, Sent};
use chrono::{DateTime, Utc};

use super::{InMemoryLedger, writes};

/// A message that is owed, or was.
#[derive(Clone, Debug)]
pub(super) struct QueuedMessage {
    message: OutboxMessage,
    /// Counts the claims, so that a claim knows whether it is the present one.
    attempt: i32,
    stage: Stage,
}

#[derive(Clone, Debug)]
enum Stage {
    Queued { due_at: DateTime<Utc> },
    Running { due_at: DateTime<Utc>, until: DateTime<Utc> },
    Done { at: DateTime<Utc> },
    Dead,
}

impl QueuedMessage {
    pub(super) fn new(message: &OutboxMessage, due_at: DateTime<Utc>) -> Self {
        Self { message: message.clone(), attempt: 0, stage: Stage::Queued { due_at } }
    }

    pub(super) fn was_done_before(&self, time: DateTime<Utc>) -> bool {
        matches!(self.stage, Stage::Done { at } if at < time)
    }

    /// Since when it could be claimed.
    fn due_since(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self.stage {
            Stage::Queued { due_at } => Some(due_at).filter(|due_at| *due_at <= now),
            Stage::Running { due_at, until } => Some(due_at).filter(|_| until <= now),
            Stage::Done { .. } | Stage::Dead => None,
        }
    }
}

#[async_trait]
impl Outbox for InMemoryLedger {
    async fn claim_messages(
        &self,
        now: DateTime<Utc>,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<MessageClaim>, LedgerError> {
        let mut state = self.state();
        let due = state.outbox.values_mut().filter_map(|queued| Some((queued.due_since(now)?, queued)));
        let mut due: Vec<_> = due.collect();
        // They come by id, and a sort leaves what is equal in its order.
        due.sort_by_key(|(due_at, _)| *due_at);
        let claims = due.into_iter().take(usize::try_from(limit).unwrap()).map(|(due_at, queued)| {
            queued.attempt += 1;
            queued.stage = Stage::Running { due_at, until: now + lease };
            MessageClaim { message: queued.message.clone(), attempt: queued.attempt }
        });
        Ok(claims.collect())
    }

    async fn settle_message(&self, claim: &MessageClaim, sent: &Sent, now: DateTime<Utc>) -> Result<(), LedgerError> {
        let mut state = self.state();
        let is_present = |queued: &&mut QueuedMessage| {
            queued.attempt == claim.attempt && matches!(queued.stage, Stage::Running { .. })
        };
        let Some(queued) = state.outbox.get_mut(&claim.message.id).filter(is_present) else { return Ok(()) };
        queued.stage = match sent {
            Sent::Done => Stage::Done { at: now },
            Sent::Again { at, reason } => {
                writes::refuse_nul([reason.as_str()])?;
                Stage::Queued { due_at: *at }
            }
            Sent::Dead { reason } => {
                writes::refuse_nul([reason.as_str()])?;
                Stage::Dead
            }
        };
        Ok(())
    }

    async fn resend(&self, message: &str, now: DateTime<Utc>) -> Result<bool, LedgerError> {
        let mut state = self.state();
        let is_dead = |queued: &&mut QueuedMessage| matches!(queued.stage, Stage::Dead);
        let Some(queued) = state.outbox.get_mut(message).filter(is_dead) else { return Ok(false) };
        queued.stage = Stage::Queued { due_at: now };
        Ok(true)
    }
}
