use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chargebook_domain::ports::{
    Cursor, Detail, DisputeReader, Listing, MovementKind, MovementReading, Origin, Page, Read, ReadError, ReadMovement,
    Reading, SourceEvent,
};
use chargebook_domain::{AccountId, Basis, CauseId, DisputeKey, Movement, Observation};
use chrono::{DateTime, Utc};

/// A source in memory that can be asked: it answers with what it was given, in pages as small as wanted, and fails as
/// scripted.
#[derive(Debug)]
pub struct InMemoryReader {
    page: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    disputes: BTreeMap<DisputeKey, Observation>,
    events: Vec<Observation>,
    movements: Vec<(AccountId, MovementKind, Movement, Origin)>,
    failures: VecDeque<ReadError>,
    asked: u64,
}

impl InMemoryReader {
    /// A source that knows nothing, and lists `page` things at a time.
    #[must_use]
    pub fn with_pages_of(page: usize) -> Self {
        Self { page, state: Mutex::default() }
    }

    /// A dispute stands so now; its `as_of` is the source's own clock when it is read. It takes the place of what was
    /// known of the dispute. Its movements are listed as well.
    pub fn stands(&self, observation: Observation) {
        let mut state = self.state();
        for movement in &observation.movements {
            let origin = Origin::Dispute(observation.key.dispute.clone());
            state.lists(observation.key.account.clone(), MovementKind::Adjustment, movement.clone(), origin);
        }
        state.disputes.insert(observation.key.clone(), observation);
    }

    /// An event happened, and is kept for whoever asks.
    pub fn happened(&self, event: Observation) {
        self.state().events.push(event);
    }

    /// Money moved that no dispute shows.
    pub fn moved(&self, account: AccountId, kind: MovementKind, movement: Movement, origin: Origin) {
        self.state().lists(account, kind, movement, origin);
    }

    /// The next requests fail so, one each.
    pub fn script(&self, failures: impl IntoIterator<Item = ReadError>) {
        self.state().failures.extend(failures);
    }

    /// How often it was asked.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.state().asked
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, unless this request is scripted to fail.
    fn ask(&self) -> Result<MutexGuard<'_, State>, ReadError> {
        let mut state = self.state();
        state.asked += 1;
        state.failures.pop_front().map_or(Ok(state), Err)
    }

    /// A page of what happened in the period of a listing, the latest first.
    fn page_of<T>(&self, listing: &Listing, mut all: Vec<(DateTime<Utc>, String, T)>) -> Page<T> {
        all.retain(|(at, ..)| (listing.period.from..listing.period.until).contains(at));
        all.sort_by(|a, b| (b.0, &b.1).cmp(&(a.0, &a.1)));
        let begin = listing
            .after
            .as_ref()
            .map_or(0, |after| all.iter().position(|(_, id, _)| id == after.as_str()).unwrap() + 1);
        let rest = all.split_off(begin);
        let is_last = rest.len() <= self.page;
        let mut items: Vec<_> = rest.into_iter().take(self.page).collect();
        let next = items.last().filter(|_| !is_last).map(|(_, id, _)| Cursor::new(id.clone()));
        Page { items: items.drain(..).map(|(.., item)| item).collect(), next }
    }
}

impl State {
    fn lists(&mut self, account: AccountId, kind: MovementKind, movement: Movement, origin: Origin) {
        if !self.movements.iter().any(|(of, _, known, _)| *of == account && known.id == movement.id) {
            self.movements.push((account, kind, movement, origin));
        }
    }
}

/// What a source answers that says `observation`.
#[must_use]
pub fn read_of(observation: &Observation) -> Read {
    let event = SourceEvent {
        account: observation.key.account.clone(),
        id: observation.cause.clone(),
        event_type: match observation.basis {
            Basis::Event => "charge.dispute.updated",
            Basis::Read => "read.dispute",
        }
        .to_owned(),
        livemode: None,
        reading: Reading::Dispute(Box::new(observation.clone())),
    };
    Read { event, body: observation.cause.as_str().as_bytes().to_vec() }
}

#[async_trait]
impl DisputeReader for InMemoryReader {
    async fn dispute(&self, key: &DisputeKey) -> Result<Read, ReadError> {
        self.ask()?.disputes.get(key).map(read_of).ok_or(ReadError::NotFound)
    }

    async fn disputes(&self, listing: &Listing, _: Detail) -> Result<Page<Read>, ReadError> {
        let of_account = |observation: &&Observation| observation.key.account == listing.account;
        let filed = |observation: &Observation| {
            let at = observation.claims.opened_at.unwrap_or(observation.as_of);
            (at, observation.key.dispute.to_string(), read_of(observation))
        };
        Ok(self.page_of(listing, self.ask()?.disputes.values().filter(of_account).map(filed).collect()))
    }

    async fn events(&self, listing: &Listing) -> Result<Page<Read>, ReadError> {
        let of_account = |event: &&Observation| event.key.account == listing.account;
        let happened = |event: &Observation| (event.as_of, event.cause.to_string(), read_of(event));
        Ok(self.page_of(listing, self.ask()?.events.iter().filter(of_account).map(happened).collect()))
    }

    async fn movements(&self, listing: &Listing, wanted: MovementKind) -> Result<Page<ReadMovement>, ReadError> {
        let state = self.ask()?;
        let wanted = state.movements.iter().filter(|(of, kind, ..)| *of == listing.account && *kind == wanted);
        let row = |(account, _, movement, origin): &(AccountId, MovementKind, Movement, Origin)| {
            let reading = MovementReading::Movement(Box::new(movement.clone()), origin.clone());
            let cause = CauseId::parse(&format!("balance_transaction:{}", movement.id)).unwrap();
            let body = movement.id.as_str().as_bytes().to_vec();
            let read = ReadMovement { account: account.clone(), cause, body, reading };
            (movement.occurred_at, movement.id.to_string(), read)
        };
        Ok(self.page_of(listing, wanted.map(row).collect()))
    }
}
