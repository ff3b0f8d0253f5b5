use async_trait::async_trait;
use chargebook_domain::ports::{Claim, ClaimRequest, DeliveryState, LedgerError, Seal, Sealed, SendOutcome, Summaries};
use chargebook_domain::summary::DayBooks;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use super::{InMemoryLedger, State};

/// Where a mail stands on one channel.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    pub(super) state: DeliveryState,
    attempt: i32,
    /// When it can be sent at the earliest, while pending.
    not_before: Option<DateTime<Utc>>,
    /// Until when the present attempt may take, while sending.
    leased_until: DateTime<Utc>,
}

impl Delivery {
    /// Where it stands at `now`: an attempt whose lease ran out has died, and nobody knows how far it came.
    pub(super) fn state_at(&self, now: DateTime<Utc>) -> DeliveryState {
        let died = self.state == DeliveryState::Sending && self.leased_until <= now;
        if died { DeliveryState::Unknown } else { self.state.clone() }
    }

    fn can_be_sent(&self, now: DateTime<Utc>, again: bool) -> bool {
        match self.state_at(now) {
            DeliveryState::Pending => self.not_before.is_none_or(|not_before| not_before <= now),
            DeliveryState::Failed | DeliveryState::Unknown => again,
            DeliveryState::Sending | DeliveryState::Accepted => false,
        }
    }
}

#[async_trait]
impl Summaries for InMemoryLedger {
    async fn sealed(&self, zone: Tz) -> Result<Sealed, LedgerError> {
        let state = self.state();
        let times = state.entries.iter().map(|kept| kept.recorded_at);
        let first = times.chain(state.resolutions.iter().map(|row| row.recorded_at)).min();
        let last = state.sealed_days.last().copied();
        let first = first.filter(|_| last.is_none());
        Ok(Sealed { last, first_recorded: first.map(|at| at.with_timezone(&zone).date_naive()) })
    }

    async fn seal(&self, seal: &Seal) -> Result<bool, LedgerError> {
        let mut state = self.state();
        let is_next = state.sealed_days.last().is_none_or(|last| last.succ_opt() == Some(seal.date));
        if is_next {
            state.seal(seal);
        }
        Ok(is_next)
    }

    async fn books(&self, seal: &Seal) -> Result<DayBooks, LedgerError> {
        Ok(self.state().day_books(seal))
    }

    async fn undelivered(&self, channel: &str, now: DateTime<Utc>) -> Result<Vec<NaiveDate>, LedgerError> {
        let state = self.state();
        let can_be_sent = |day: &&NaiveDate| {
            let delivery = state.deliveries.get(&(**day, channel.to_owned()));
            delivery.is_none_or(|delivery| delivery.can_be_sent(now, false))
                && !state.went_elsewhere(**day, channel, now)
        };
        Ok(state.sealed_days.iter().filter(can_be_sent).copied().collect())
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Option<Claim>, LedgerError> {
        let ClaimRequest { date, channel, now, lease, again } = request;
        let mut state = self.state();
        if !state.sealed_days.contains(date) {
            return Ok(None);
        }
        let slot = (*date, channel.clone());
        let known = state.deliveries.get(&slot);
        let elsewhere = !again && state.went_elsewhere(*date, channel, *now);
        if elsewhere || known.is_some_and(|delivery| !delivery.can_be_sent(*now, *again)) {
            return Ok(None);
        }
        let attempt = known.map_or(0, |delivery| delivery.attempt) + 1;
        let (state_now, leased_until) = (DeliveryState::Sending, *now + *lease);
        state.deliveries.insert(slot, Delivery { state: state_now, attempt, not_before: None, leased_until });
        Ok(Some(Claim { date: *date, attempt }))
    }

    async fn settle(
        &self,
        claim: Claim,
        channel: &str,
        outcome: &SendOutcome,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let mut state = self.state();
        let Some(delivery) = state.deliveries.get_mut(&(claim.date, channel.to_owned())) else { return Ok(()) };
        if delivery.attempt == claim.attempt && delivery.state == DeliveryState::Sending {
            (delivery.state, delivery.not_before) = match outcome {
                SendOutcome::Accepted { .. } => (DeliveryState::Accepted, None),
                SendOutcome::Unknown { .. } => (DeliveryState::Unknown, None),
                SendOutcome::Refused { retry_after: None, .. } => (DeliveryState::Failed, None),
                SendOutcome::Refused { retry_after: Some(after), .. } => (DeliveryState::Pending, Some(now + *after)),
            };
        }
        Ok(())
    }
}

impl State {
    /// Whether the mail of a day went, or may have gone, on another channel.
    fn went_elsewhere(&self, day: NaiveDate, channel: &str, now: DateTime<Utc>) -> bool {
        self.deliveries.iter().any(|((of, on), delivery)| {
            let state = delivery.state_at(now);
            *of == day
                && on != channel
                && matches!(state, DeliveryState::Accepted | DeliveryState::Sending | DeliveryState::Unknown)
        })
    }

    fn seal(&mut self, seal: &Seal) {
        let opens = self.sealed_days.is_empty();
        for row in &mut self.resolutions {
            row.sealed_in = row.sealed_in.or_else(|| place(row.resolution.occurred_at, seal, opens));
        }
        for kept in &mut self.entries {
            kept.sealed_in = kept.sealed_in.or_else(|| place(kept.entry.occurred_at(), seal, opens));
        }
        self.sealed_days.insert(seal.date);
    }
}

/// The day in which sealing puts what occurred at a time: the day that is sealed, the opening for what is from before
/// the books if the seal `opens` them, and none for what is later.
pub(super) fn place(occurred_at: DateTime<Utc>, seal: &Seal, opens: bool) -> Option<NaiveDate> {
    let date = occurred_at.with_timezone(&seal.zone).date_naive();
    match seal.books_start.filter(|_| opens) {
        Some(start) if date < start => start.pred_opt(),
        _ if date <= seal.date => Some(seal.date),
        _ => None,
    }
}
