use std::collections::BTreeSet;

use async_trait::async_trait;
use chargebook_domain::AccountId;
use chargebook_domain::ports::{
    Claim, ClaimRequest, DayMail, DeliveryState, LedgerError, Mails, Seal, Sealed, SendOutcome, Summaries,
};
use chargebook_domain::summary::DayBooks;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use super::{InMemoryLedger, State};

/// Where a mail stands on one channel.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    pub(super) state: DeliveryState,
    attempt: i32,
    /// What it was before a person had it sent, which it is again if that is refused.
    before: Option<DeliveryState>,
    /// When it can be sent at the earliest, while pending.
    not_before: Option<DateTime<Utc>>,
    /// Until when the present attempt may take, while sending.
    leased_until: DateTime<Utc>,
}

impl Delivery {
    /// Where it stands at `now`: an attempt whose lease ran out has died, and nobody knows how far it came.
    pub(super) fn state_at(&self, now: DateTime<Utc>) -> DeliveryState {
        let died = self.state == DeliveryState::Sending && self.leased_until <= now;
        if died { DeliveryState::Unknown } else { self.state }
    }

    fn may_have_gone(&self, now: DateTime<Utc>) -> bool {
        matches!(self.state_at(now), DeliveryState::Accepted | DeliveryState::Sending | DeliveryState::Unknown)
    }

    fn can_be_sent(&self, now: DateTime<Utc>, by_person: bool) -> bool {
        match self.state_at(now) {
            DeliveryState::Pending => by_person || self.not_before.is_none_or(|not_before| not_before <= now),
            DeliveryState::Failed | DeliveryState::Unknown | DeliveryState::Accepted => by_person,
            DeliveryState::Sending => false,
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

    async fn books(&self, seal: &Seal, book: Option<AccountId>) -> Result<DayBooks, LedgerError> {
        Ok(self.state().day_books(seal, book))
    }

    async fn undelivered(&self, channel: &str, mails: Mails, now: DateTime<Utc>) -> Result<Vec<DayMail>, LedgerError> {
        let mut state = self.state();
        let of_days: BTreeSet<_> = match mails {
            Mails::Together => state.sealed_days.iter().copied().map(DayMail::together).collect(),
            Mails::Apart => {
                state.tell_apart(channel, now, None);
                let mails = state.deliveries.keys().map(|(mail, _)| mail.clone());
                mails.filter(|mail| mail.book.is_some()).collect()
            }
        };
        let can_be_sent = |mail: &DayMail| {
            let delivery = state.deliveries.get(&(mail.clone(), channel.to_owned()));
            delivery.is_none_or(|delivery| delivery.can_be_sent(now, false))
                && !state.went_elsewhere(mail, channel, now)
        };
        Ok(of_days.into_iter().filter(can_be_sent).collect())
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Option<Claim>, LedgerError> {
        let ClaimRequest { mail, channel, now, lease, by_person } = request;
        let mut state = self.state();
        if !state.sealed_days.contains(&mail.date) {
            return Ok(None);
        }
        if mail.book.is_some() {
            state.tell_apart(channel, *now, Some(mail.date));
        }
        let slot = (mail.clone(), channel.clone());
        let known = state.deliveries.get(&slot);
        let elsewhere = !by_person && state.went_elsewhere(mail, channel, *now);
        if elsewhere || known.is_some_and(|delivery| !delivery.can_be_sent(*now, *by_person)) {
            return Ok(None);
        }
        let attempt = known.map_or(0, |delivery| delivery.attempt) + 1;
        let before = known.map(|delivery| delivery.state_at(*now)).filter(|before| *before != DeliveryState::Pending);
        let (state_now, leased_until) = (DeliveryState::Sending, *now + *lease);
        state.deliveries.insert(slot, Delivery { state: state_now, attempt, before, not_before: None, leased_until });
        Ok(Some(Claim { mail: mail.clone(), attempt, begun_at: *now }))
    }

    async fn settle(
        &self,
        claim: &Claim,
        channel: &str,
        outcome: &SendOutcome,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let mut state = self.state();
        let Some(delivery) = state.deliveries.get_mut(&(claim.mail.clone(), channel.to_owned())) else { return Ok(()) };
        if delivery.attempt == claim.attempt && delivery.state == DeliveryState::Sending {
            (delivery.state, delivery.not_before) = match outcome {
                SendOutcome::Refused { .. } if delivery.before.is_some() => {
                    (delivery.before.take().unwrap_or(DeliveryState::Failed), None)
                }
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
    /// Whether what is in a mail went, or may have gone, on another channel or in another mail.
    fn went_elsewhere(&self, mail: &DayMail, channel: &str, now: DateTime<Utc>) -> bool {
        self.deliveries.iter().any(|((other, on), delivery)| {
            mail.overlaps(other) && (other, on.as_str()) != (mail, channel) && delivery.may_have_gone(now)
        })
    }

    /// Fixes the books whose mails there are of each day, or of one, unless that is done or the day went together.
    fn tell_apart(&mut self, channel: &str, now: DateTime<Utc>, date: Option<NaiveDate>) {
        let books = self.known_books();
        for day in self.sealed_days.iter().filter(|day| date.is_none_or(|date| date == **day)) {
            let done = self
                .deliveries
                .iter()
                .any(|((mail, _), delivery)| mail.date == *day && (mail.book.is_some() || delivery.may_have_gone(now)));
            for book in books.iter().filter(|_| !done) {
                let pending = Delivery {
                    state: DeliveryState::Pending,
                    attempt: 0,
                    before: None,
                    not_before: None,
                    leased_until: now,
                };
                self.deliveries.insert((DayMail::of(*day, book.clone()), channel.to_owned()), pending);
            }
        }
    }

    fn seal(&mut self, seal: &Seal) {
        let opens = self.sealed_days.is_empty();
        for row in &mut self.resolutions {
            row.sealed_in = row.sealed_in.or_else(|| place(row.resolution.occurred_at, seal, opens));
        }
        for kept in &mut self.entries {
            kept.sealed_in = kept.sealed_in.or_else(|| place(kept.entry.occurred_at(), seal, opens));
        }
        for tie in self.ties.values_mut() {
            tie.sealed_in = tie.sealed_in.or_else(|| place(tie.occurred_at, seal, opens));
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
