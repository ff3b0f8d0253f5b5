//! The same invented disputes for whoever compares two ways of booking them.

use chargebook_domain::OrderPayment;
use chargebook_domain::ports::OrderBook;
use chargebook_ledger_postgres::PostgresLedger;
use chargebook_stories::{Story, deliveries, stories};

use crate::{Event, fresh_database};

const SEED: u64 = 20_250_101;

/// The settings of a server that takes the events of invented disputes.
pub const TEST_MODE: [(&str, &str); 1] = [("CHARGEBOOK_STRIPE__LIVEMODE", "false")];

/// So many stories, always the same.
#[must_use]
pub fn told(stories_wanted: usize) -> Vec<Story> {
    stories(SEED, stories_wanted, "2025-01-06T00:00:00Z".parse().unwrap())
}

/// Every event once, as they happened.
#[must_use]
pub fn in_order(stories: &[Story]) -> Vec<Event> {
    let mut events: Vec<_> = stories.iter().flat_map(|story| &story.events).collect();
    events.sort_by_key(|event| (event.created, &event.id));
    events.into_iter().map(as_sent).collect()
}

/// Shuffled, each one to three times.
#[must_use]
pub fn shuffled(stories: &[Story]) -> Vec<Event> {
    deliveries(SEED, stories).into_iter().map(as_sent).collect()
}

fn as_sent(event: &chargebook_stories::Event) -> Event {
    Event { id: event.id.clone(), body: event.body.clone() }
}

/// A database that knows the orders of the stories.
pub async fn with_orders(stories: &[Story]) -> (String, PostgresLedger) {
    let (url, ledger) = fresh_database().await;
    import_orders(&ledger, stories).await;
    (url, ledger)
}

/// Lets a ledger know the orders of the stories.
pub async fn import_orders(ledger: &PostgresLedger, stories: &[Story]) {
    let orders = stories.iter().flat_map(|story| &story.orders);
    let payments: Vec<_> = orders.map(|order| OrderPayment::try_from(order).unwrap()).collect();
    ledger.import(&payments).await.unwrap();
}
