//! What the ports promise, a case a sentence. An adapter runs them all on itself, and each becomes a test of its own
//! with the case's name.
//!
//! ```ignore
//! use chargebook_port_contracts::{deliveries_contract, ledger_contract, order_book_contract, sealing_contract};
//!
//! ledger_contract!(#[tokio::test] () => InMemoryLedger::default());
//! order_book_contract!(#[sqlx::test(migrations = "../../migrations")] (pool: PgPool) => PostgresLedger::new(pool));
//! sealing_contract!(#[tokio::test] () => connect().await);
//! ```
//!
//! That is: the attributes of each test, its arguments, and the expression that makes an empty ledger of them. The
//! expression stands in an async function, and what it makes lives as long as the case. The macros are
//! [`ledger_contract!`](crate::ledger_contract), [`order_book_contract!`](crate::order_book_contract),
//! [`sealing_contract!`](crate::sealing_contract), [`deliveries_contract!`](crate::deliveries_contract),
//! [`read_queue_contract!`](crate::read_queue_contract), [`sweeps_contract!`](crate::sweeps_contract),
//! [`backfills_contract!`](crate::backfills_contract), [`completeness_contract!`](crate::completeness_contract),
//! [`customers_contract!`](crate::customers_contract), [`monitoring_contract!`](crate::monitoring_contract),
//! [`aliases_contract!`](crate::aliases_contract), [`follow_ups_contract!`](crate::follow_ups_contract),
//! [`outbox_contract!`](crate::outbox_contract), [`by_hand_contract!`](crate::by_hand_contract),
//! [`notifier_contract!`](crate::notifier_contract) and [`remote_notifier_contract!`](crate::remote_notifier_contract); put
//! each into a module of its own.

pub mod alerts;
pub mod aliases;
pub mod apart;
pub mod backfills;
pub mod by_hand;
pub mod channels;
pub mod completeness;
pub mod conclusions;
pub mod customers;
pub mod deliveries;
pub mod follow_ups;
pub mod kept;
pub mod ledger;
pub mod ledger_races;
pub mod monitoring;
pub mod notifier;
pub mod order_book;
pub mod outbox;
pub mod read_queue;
pub mod recent;
pub mod sealing;
mod suites;
mod suites_of_days;
pub mod sweeps;

use chargebook_domain::ports::{
    Alerts, Aliases, Answer, Backfills, Completeness, Customers, Entry, FollowUps, Ledger, Lookup, Monitoring,
    Movements, OrderBook, Outbox, Periods, ReadQueue, Summaries, Sweeps,
};
use chargebook_domain::{BookRules, Change, DisputeKey, Observation, Stored, decide};
use chrono::{DateTime, Utc};

use crate::samples::{change_entry, day};

/// All the ports of a ledger: the cases write through one and look through another.
pub trait Books:
    Ledger
    + OrderBook
    + Summaries
    + ReadQueue
    + Sweeps
    + Backfills
    + Completeness
    + Customers
    + Aliases
    + Alerts
    + Monitoring
    + FollowUps
    + Outbox
    + Movements
    + Periods
{
}

impl<
    T: Ledger
        + OrderBook
        + Summaries
        + ReadQueue
        + Sweeps
        + Backfills
        + Completeness
        + Customers
        + Aliases
        + Alerts
        + Monitoring
        + FollowUps
        + Outbox
        + Movements
        + Periods,
> Books for T
{
}

/// What is stored of one dispute.
pub(crate) async fn load(books: &dyn Books, key: &DisputeKey) -> Stored {
    let lookup = Lookup::recorded(key.clone());
    books.load(&[lookup]).await.unwrap().pop().unwrap()
}

/// What an observation changes now.
pub(crate) async fn decided(books: &dyn Books, observation: &Observation) -> Change {
    let stored = books.load(&[Lookup::of(observation)]).await.unwrap().pop().unwrap();
    decide(&observation.key, &stored, std::slice::from_ref(observation), BookRules::default()).unwrap()
}

/// Records one entry.
pub(crate) async fn record(books: &dyn Books, entry: Entry, at: DateTime<Utc>) -> Answer {
    books.record(&[entry], at).await.unwrap().pop().unwrap()
}

/// Decides an observation and records it at its own time.
pub(crate) async fn observe(books: &dyn Books, observation: &Observation) -> Answer {
    observe_at(books, observation, observation.as_of).await
}

/// Decides an observation and records it at `at`.
pub(crate) async fn observe_at(books: &dyn Books, observation: &Observation, at: DateTime<Utc>) -> Answer {
    let change = decided(books, observation).await;
    record(books, change_entry(change, &[observation.cause.as_str()]), at).await
}

/// Decides a dispute again from what is known, and records that.
pub(crate) async fn match_again(books: &dyn Books, key: &DisputeKey) -> Answer {
    let change = decide(key, &load(books, key).await, &[], BookRules::default()).unwrap();
    record(books, change_entry(change, &[]), day(100)).await
}

/// The answer to an entry whose causes were all new, or all known.
pub(crate) fn recorded(known_before: &[bool]) -> Answer {
    Answer::Recorded { known_before: known_before.to_vec() }
}
