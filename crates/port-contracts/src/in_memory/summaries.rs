use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use chargebook_domain::AccountId;
use chargebook_domain::ports::{
    Claim, ClaimRequest, DayMail, DeliveryState, Due, Found, LedgerError, LookTimes, Mails, Seal, Sealed, SendOutcome,
    Summaries,
};
use chargebook_domain::summary::DayBooks;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use sha2::{Digest as _, Sha256};

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
    /// Whether it was to go on other channels as well from the start.
    beside: bool,
    /// What the last attempt was sent as, and when it was handed out.
    sent_as: Option<(String, DateTime<Utc>)>,
    /// Where that can be looked for.
    place: Option<String>,
    /// When its end became unknown, and when it was last looked for.
    ended_at: DateTime<Utc>,
    looked_at: Option<DateTime<Utc>>,
}

impl Delivery {
    fn pending(beside: bool) -> Self {
        let long_ago = DateTime::UNIX_EPOCH;
        Self {
            state: DeliveryState::Pending,
            attempt: 0,
            before: None,
            not_before: None,
            leased_until: long_ago,
            beside,
            sent_as: None,
            place: None,
            ended_at: long_ago,
            looked_at: None,
        }
    }

    fn may_have_gone(&self) -> bool {
        matches!(self.state, DeliveryState::Accepted | DeliveryState::Sending | DeliveryState::Unknown)
    }

    fn can_be_sent(&self, now: DateTime<Utc>, by_person: bool) -> bool {
        match self.state {
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
        let last = state.sealed_days.keys().next_back().copied();
        let first = first.filter(|_| last.is_none());
        Ok(Sealed { last, first_recorded: first.map(|at| at.with_timezone(&zone).date_naive()) })
    }

    async fn seal(&self, seal: &Seal) -> Result<bool, LedgerError> {
        let mut state = self.state();
        let is_next = state.sealed_days.keys().next_back().is_none_or(|last| last.succ_opt() == Some(seal.date));
        if is_next {
            state.seal(seal);
        }
        Ok(is_next)
    }

    async fn books(&self, seal: &Seal, book: Option<AccountId>) -> Result<DayBooks, LedgerError> {
        let state = self.state();
        let kept = state.contents.get(&(seal.date, book.clone()));
        Ok(kept.map_or_else(|| state.day_books(seal, book), |kept| DayBooks::clone(kept)))
    }

    async fn keep(&self, seal: &Seal, books: DayBooks) -> Result<DayBooks, LedgerError> {
        let mut state = self.state();
        let is_in_time = |sealed_at: &DateTime<Utc>| seal.now - *sealed_at < TimeDelta::days(1);
        if !books.sealed || books.books.is_empty() || !state.sealed_days.get(&seal.date).is_some_and(is_in_time) {
            return Ok(books);
        }
        let digest = Sha256::digest(format!("{books:?}"));
        let sha256 = digest.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        let place = (seal.date, books.book.clone());
        let kept = Arc::new(DayBooks { sha256: Some(sha256), ..books });
        Ok(DayBooks::clone(state.contents.entry(place).or_insert(kept)))
    }

    async fn undelivered(
        &self,
        channels: &[String],
        mails: Mails,
        now: DateTime<Utc>,
    ) -> Result<Vec<Due>, LedgerError> {
        let mut state = self.state();
        state.pass(now);
        if mails == Mails::Apart || channels.len() > 1 {
            state.tell(channels, mails, None);
        }
        state.hand_over(channels);
        let mut due = Vec::new();
        for channel in channels {
            let of_days: BTreeSet<_> = match mails {
                Mails::Together => state.sealed_days.keys().copied().map(DayMail::together).collect(),
                Mails::Apart => {
                    let mails = state.deliveries.keys().map(|(mail, _)| mail.clone());
                    mails.filter(|mail| mail.book.is_some()).collect()
                }
            };
            let can_be_sent = |mail: &DayMail| {
                let delivery = state.deliveries.get(&(mail.clone(), channel.clone()));
                delivery.is_none_or(|delivery| delivery.can_be_sent(now, false)) && !state.went_elsewhere(mail, channel)
            };
            let of_channel = of_days.into_iter().filter(can_be_sent);
            due.extend(of_channel.map(|mail| {
                let delivery = state.deliveries.get(&(mail.clone(), channel.clone()));
                let sent_as = delivery.and_then(|delivery| Some(delivery.sent_as.as_ref()?.0.clone()));
                Due { mail, channel: channel.clone(), sent_as }
            }));
        }
        due.sort_by_key(|due| due.mail.date);
        Ok(due)
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Option<Claim>, LedgerError> {
        let ClaimRequest { mails, channel, reference, place, now, lease, by_person } = request;
        let mut state = self.state();
        state.pass(*now);
        for mail in mails {
            if mail.book.is_some() {
                state.tell(std::slice::from_ref(channel), Mails::Apart, Some(mail.date));
            }
            let known = state.deliveries.get(&(mail.clone(), channel.clone()));
            let elsewhere = !by_person && state.went_elsewhere(mail, channel);
            let is_kept_back = known.is_some_and(|delivery| !delivery.can_be_sent(*now, *by_person));
            if elsewhere || is_kept_back || !state.sealed_days.contains_key(&mail.date) {
                return Ok(None);
            }
        }
        let mut attempts = Vec::new();
        for mail in mails {
            let slot = (mail.clone(), channel.clone());
            let leased_until = state.clock + *lease;
            let delivery = state.deliveries.entry(slot).or_insert_with(|| Delivery::pending(false));
            delivery.before = Some(delivery.state).filter(|before| *before != DeliveryState::Pending);
            (delivery.state, delivery.not_before) = (DeliveryState::Sending, None);
            (delivery.leased_until, delivery.looked_at) = (leased_until, None);
            delivery.sent_as = Some((reference.clone(), *now));
            delivery.place.clone_from(place);
            delivery.attempt += 1;
            attempts.push((mail.clone(), delivery.attempt));
        }
        Ok(Some(Claim { attempts, channel: channel.clone(), reference: reference.clone(), begun_at: *now }))
    }

    async fn settle(&self, claim: &Claim, outcome: &SendOutcome, now: DateTime<Utc>) -> Result<(), LedgerError> {
        let mut state = self.state();
        state.pass(now);
        let clock = state.clock;
        for delivery in state.present_mails(claim, DeliveryState::Sending) {
            delivery.ended_at = clock;
            (delivery.state, delivery.not_before) = match outcome {
                SendOutcome::Refused { .. } if delivery.before.is_some() => {
                    (delivery.before.unwrap_or(DeliveryState::Failed), None)
                }
                SendOutcome::Accepted { .. } => (DeliveryState::Accepted, None),
                SendOutcome::Unknown { .. } => (DeliveryState::Unknown, None),
                SendOutcome::Refused { retry_after: None, .. } => (DeliveryState::Failed, None),
                SendOutcome::Refused { retry_after: Some(after), .. } => (DeliveryState::Pending, Some(now + *after)),
            };
        }
        Ok(())
    }

    async fn in_doubt(&self, channel: &str, place: &str, times: &LookTimes) -> Result<Vec<Claim>, LedgerError> {
        let state = self.state();
        let LookTimes { after, again_after, until } = *times;
        let mut claims = Vec::<Claim>::new();
        for ((mail, on), delivery) in &state.deliveries {
            let is_in_doubt = on == channel
                && delivery.state == DeliveryState::Unknown
                && delivery.before.is_none()
                && delivery.place.as_deref() == Some(place);
            let is_time = delivery.ended_at + after <= state.clock
                && state.clock < delivery.ended_at + until
                && delivery.looked_at.is_none_or(|at| at + again_after <= state.clock);
            let Some((reference, begun_at)) = delivery.sent_as.clone().filter(|_| is_in_doubt && is_time) else {
                continue;
            };
            let attempt = (mail.clone(), delivery.attempt);
            let of_one = |claim: &&mut Claim| claim.reference == reference && claim.begun_at == begun_at;
            match claims.iter_mut().find(of_one) {
                Some(claim) => claim.attempts.push(attempt),
                None => claims.push(Claim { attempts: vec![attempt], channel: on.clone(), reference, begun_at }),
            }
        }
        Ok(claims)
    }

    async fn looked(&self, claim: &Claim, found: &Found) -> Result<(), LedgerError> {
        let mut state = self.state();
        let clock = state.clock;
        for delivery in state.present_mails(claim, DeliveryState::Unknown) {
            delivery.looked_at = Some(clock);
            delivery.state = match found {
                Found::There => DeliveryState::Accepted,
                Found::NotThere => DeliveryState::Pending,
                Found::CannotTell { .. } => DeliveryState::Unknown,
            };
        }
        Ok(())
    }
}

impl State {
    /// Time goes on: the ledger's clock is the latest that anybody told it. An attempt whose lease ran out has died, and nobody
    /// knows how far it came.
    fn pass(&mut self, now: DateTime<Utc>) {
        self.clock = self.clock.max(now);
        for delivery in self.deliveries.values_mut() {
            if delivery.state == DeliveryState::Sending && delivery.leased_until <= self.clock {
                (delivery.state, delivery.ended_at) = (DeliveryState::Unknown, self.clock);
            }
        }
    }

    /// The deliveries of a claim of which it is the present attempt.
    fn present_mails(&mut self, claim: &Claim, in_state: DeliveryState) -> impl Iterator<Item = &mut Delivery> {
        self.deliveries.iter_mut().filter_map(move |((mail, channel), delivery)| {
            let is_of = channel == &claim.channel && claim.attempts.contains(&(mail.clone(), delivery.attempt));
            (is_of && delivery.state == in_state).then_some(delivery)
        })
    }

    /// The deliveries of a day: the mail of all books is the first in their order.
    fn deliveries_of(&self, date: NaiveDate) -> impl Iterator<Item = (&(DayMail, String), &Delivery)> {
        let first = (DayMail::together(date), String::new());
        self.deliveries.range(first..).take_while(move |((mail, _), _)| mail.date == date)
    }

    /// Whether what is in a mail went, or may have gone, in another mail, or on another channel, if it was not to go on both.
    fn went_elsewhere(&self, mail: &DayMail, channel: &str) -> bool {
        let beside = self.deliveries.get(&(mail.clone(), channel.to_owned())).is_some_and(|own| own.beside);
        self.deliveries_of(mail.date).any(|((other, on), delivery)| {
            mail.overlaps(other)
                && (other, on.as_str()) != (mail, channel)
                && (!beside || !delivery.beside || on == channel)
                && delivery.may_have_gone()
        })
    }

    /// Fixes the mails that there are of each day, or of one, unless that is done or the day went: on each channel one, or
    /// one for each book.
    fn tell(&mut self, channels: &[String], mails: Mails, date: Option<NaiveDate>) {
        let books = self.known_books();
        let beside = channels.len() > 1;
        let days: Vec<_> =
            self.sealed_days.keys().copied().filter(|day| date.is_none_or(|date| date == *day)).collect();
        for day in days {
            let is_told = |(mail, _): &(DayMail, String)| mails == Mails::Apart && mail.book.is_some();
            if self.deliveries_of(day).any(|(slot, delivery)| is_told(slot) || delivery.may_have_gone()) {
                continue;
            }
            let of_books = books.iter().map(|book| DayMail::of(day, book.clone()));
            let of_day = match mails {
                Mails::Together => vec![DayMail::together(day)],
                Mails::Apart => of_books.collect(),
            };
            self.add(&of_day, channels, beside);
        }
        if mails == Mails::Apart && beside {
            self.tell_of_books(channels);
        }
    }

    /// Of days whose books are fixed, what is still to be sent goes on each of several channels, unless it went.
    fn tell_of_books(&mut self, channels: &[String]) {
        let is_open = |delivery: &Delivery| matches!(delivery.state, DeliveryState::Pending | DeliveryState::Failed);
        let went = |mail: &DayMail| {
            self.deliveries_of(mail.date).any(|((other, _), of)| mail.overlaps(other) && of.may_have_gone())
        };
        let open = self.deliveries.iter().filter(|((mail, _), delivery)| mail.book.is_some() && is_open(delivery));
        let open: BTreeSet<_> = open.map(|((mail, _), _)| mail.clone()).filter(|mail| !went(mail)).collect();
        self.add(&Vec::from_iter(open), channels, true);
    }

    /// What was to go beside others on a channel that is no more goes on those that are, which stand for it from now on.
    fn hand_over(&mut self, channels: &[String]) {
        let mut left = BTreeSet::new();
        for ((mail, on), delivery) in &mut self.deliveries {
            let is_open = matches!(delivery.state, DeliveryState::Pending | DeliveryState::Failed);
            if delivery.beside && is_open && !channels.contains(on) {
                delivery.beside = false;
                left.insert(mail.clone());
            }
        }
        self.add(&Vec::from_iter(left), channels, true);
    }

    fn add(&mut self, mails: &[DayMail], channels: &[String], beside: bool) {
        for (mail, channel) in mails.iter().flat_map(|mail| channels.iter().map(move |channel| (mail, channel))) {
            let slot = (mail.clone(), channel.clone());
            self.deliveries.entry(slot).or_insert_with(|| Delivery::pending(beside)).beside |= beside;
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
        self.sealed_days.insert(seal.date, seal.now);
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
