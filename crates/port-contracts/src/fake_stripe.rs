//! Stripe's API on loopback: as much of it as Chargebook reads, with a world that tests can change and faults that they
//! can script.
//!
//! It answers lists and single objects of five kinds, see [`Resource`], to who has the [`KEY`]. Like Stripe it refuses
//! what it does not know: a query key, an expansion, an object that a page should start after. `ending_before` is among
//! what it does not know, as is the exact `created`. What it holds is kept as text, so that a page costs little more than
//! to copy it.

mod account;
mod answer;
mod fault;
mod query;
mod reply;
mod request;
mod shelf;

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;

use chargebook_stories::{Event, Story};
use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::io::BufReader;
use tokio::net::TcpStream;
use tokio::sync::watch;

use self::account::Account;
pub use self::fault::Fault;
pub use self::request::{Endpoint, Request, Resource, busiest_second};
use crate::fake_http::{Ending, read_request, write_reply};
use crate::fake_server::{self, Listening};

/// The restricted key that it accepts.
pub const KEY: &str = "rk_test_fakeStripe000000000001";

/// The text that stands in each error message of the fake: it must never reach a person.
pub const ERROR_TEXT: &str = "Text of Stripe, which may change and may name people.";

/// A running fake. Dropping it stops it.
#[derive(Debug)]
pub struct FakeStripe {
    listening: Listening,
    state: Shared,
}

impl FakeStripe {
    /// Starts a fake that holds nothing, on a free port of 127.0.0.1. Its clock stands at `now`.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(now: DateTime<Utc>) -> io::Result<Self> {
        let state = Shared::new(State::starting_at(now));
        let shared = state.clone();
        let listening = Listening::start(move |stream| serve(stream, shared.clone())).await?;
        Ok(Self { listening, state })
    }

    /// The setting `stripe.api_base`.
    #[must_use]
    pub fn base(&self) -> String {
        format!("http://{}", self.listening.address)
    }

    /// Sets the clock, which the header `Date` shows and which says how old an event is.
    pub fn set_now(&self, now: DateTime<Utc>) {
        self.state.lock().now = now;
    }

    /// What the account of the key holds.
    #[must_use]
    pub fn own(&self) -> Holdings<'_> {
        Holdings { state: &self.state, account: None }
    }

    /// What a connected account, `acct_...`, holds. It is connected from now on.
    #[expect(clippy::must_use_candidate, reason = "a test may want no more than that it is connected")]
    pub fn connected(&self, account: &str) -> Holdings<'_> {
        self.state.lock().accounts.entry(Some(account.to_owned())).or_default();
        Holdings { state: &self.state, account: Some(account.to_owned()) }
    }

    /// From now on the key may read everything but this.
    pub fn deny(&self, resources: &[Resource]) {
        self.state.lock().denied = resources.iter().copied().collect();
    }

    /// From now on, at most so many requests of an account to one endpoint are answered within any second, and the
    /// others with 429; `None` for no limit.
    pub fn limit_to(&self, per_second: Option<usize>) {
        self.state.lock().limit = per_second;
    }

    /// Each fault meets one request, whatever it asks for, in this order and after those scripted before.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state.lock().faults.extend(faults.into_iter().map(|fault| (None, fault)));
    }

    /// Each fault meets one request to the endpoint, in this order and after those scripted before.
    pub fn script_at(&self, endpoint: Endpoint, faults: impl IntoIterator<Item = Fault>) {
        self.state.lock().faults.extend(faults.into_iter().map(|fault| (Some(endpoint), fault)));
    }

    /// Every request that was read to its end, in the order in which they came.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.state.lock().requests.clone()
    }

    /// Waits until so many requests were read since the start.
    pub async fn has_read(&self, requests: usize) {
        let mut read = self.state.lock().read.subscribe();
        // It ends with the fake, which is borrowed.
        let _ = read.wait_for(|read| *read >= requests).await;
    }
}

/// What one account holds, to be changed.
#[derive(Debug)]
pub struct Holdings<'a> {
    state: &'a Shared,
    account: Option<String>,
}

impl Holdings<'_> {
    /// Puts an object where its field `object` says, or replaces the one that has its id. What stands in the other fields
    /// does not matter, so that a test can put an odd one.
    ///
    /// # Panics
    /// When it has no `id`, `object` or `created` as Stripe's have.
    pub fn put(&self, object: &Value) {
        self.change(|account| account.put(object));
    }

    /// Removes a balance transaction from the list of them; its dispute still shows it.
    pub fn remove_row(&self, id: &str) {
        self.change(|account| account.balance_transactions.remove(id));
    }

    /// Removes a balance transaction from the list of them and from its dispute.
    pub fn remove_movement(&self, id: &str) {
        self.change(|account| account.remove_movement(id));
    }

    /// Makes the world what the stories have made of it at `now`, and sets the clock to that: each dispute that has begun
    /// is as its last event until then left it, beside its balance transactions, its payment and all the events. Later it
    /// can be called again with the same stories and a later `now`.
    pub fn act_out<S: Borrow<Story>>(&self, stories: impl IntoIterator<Item = S>, now: DateTime<Utc>) {
        self.act(stories, now, Account::put_event);
    }

    /// The same without the events, which are most of the text.
    pub fn act_out_without_events<S: Borrow<Story>>(&self, stories: impl IntoIterator<Item = S>, now: DateTime<Utc>) {
        self.act(stories, now, |_, _| ());
    }

    fn act<S: Borrow<Story>>(
        &self,
        stories: impl IntoIterator<Item = S>,
        now: DateTime<Utc>,
        put_event: impl Fn(&mut Account, &Event),
    ) {
        self.state.lock().now = now;
        for story in stories {
            let story = story.borrow();
            self.change(|account| {
                account.act_out(story, now);
                story.events.iter().filter(|event| event.created <= now).for_each(|event| put_event(account, event));
            });
        }
    }

    fn change(&self, change: impl FnOnce(&mut Account)) {
        change(self.state.lock().accounts.entry(self.account.clone()).or_default());
    }
}

type Shared = fake_server::Shared<State>;

#[derive(Debug)]
struct State {
    now: DateTime<Utc>,
    /// By the header `Stripe-Account`.
    accounts: BTreeMap<Option<String>, Account>,
    denied: BTreeSet<Resource>,
    limit: Option<usize>,
    faults: VecDeque<(Option<Endpoint>, Fault)>,
    requests: Vec<Request>,
    /// How many requests that are.
    read: watch::Sender<usize>,
}

impl State {
    fn starting_at(now: DateTime<Utc>) -> Self {
        Self {
            now,
            accounts: BTreeMap::from([(None, Account::default())]),
            denied: BTreeSet::new(),
            limit: None,
            faults: VecDeque::new(),
            requests: Vec::new(),
            read: watch::Sender::new(0),
        }
    }
}

/// One request after the other, as clients keep their connections. Errors are the client's: a client that goes away is no
/// fault of the fake.
async fn serve(stream: TcpStream, state: Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some(request) = read_request(&mut stream).await? {
        let ending = state.lock().answer(&request);
        match ending {
            Ending::Reply(reply) => {
                if !write_reply(&mut stream, reply).await? {
                    return Ok(());
                }
            }
            Ending::Hang => std::future::pending().await,
            Ending::Drop => return Ok(()),
            Ending::Reset => return stream.get_ref().set_zero_linger(),
        }
    }
    Ok(())
}
