//! Whole lifecycles over real HTTP into real PostgreSQL: any order, any number of times, through crashes and outages.
#![expect(clippy::unwrap_used, reason = "a test that meets anything unexpected should end")]

use chargebook::clock::SystemClock;
use chargebook_domain::ports::Clock;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chargebook_domain::OrderPayment;
use chargebook_domain::ports::OrderBook;
use chargebook_ledger_postgres::{OrderSource, PostgresLedger};
use chargebook_local_postgres::{Cluster, Durability};
use chargebook_stories::{Story, deliveries, stories};
use chargebook_tests::{
    Event, Server, assert_lawful, books, dispute, event, fresh_database, movement, number, scratch_folder, send_all,
};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::task::{JoinSet, spawn_blocking};

const SEED: u64 = 20_250_101;
const TEST_MODE: [(&str, &str); 1] = [("CHARGEBOOK_STRIPE__LIVEMODE", "false")];

fn start() -> DateTime<Utc> {
    "2025-01-06T00:00:00Z".parse().unwrap()
}

fn told() -> Vec<Story> {
    stories(SEED, 150, start())
}

/// Every event once, as they happened.
fn in_order(stories: &[Story]) -> Vec<Event> {
    let mut events: Vec<_> = stories.iter().flat_map(|story| &story.events).collect();
    events.sort_by_key(|event| (event.created, &event.id));
    events.into_iter().map(|event| Event { id: event.id.clone(), body: event.body.clone() }).collect()
}

/// Shuffled, each one to three times.
fn shuffled(stories: &[Story]) -> Vec<Event> {
    let again = |event: &chargebook_stories::Event| Event { id: event.id.clone(), body: event.body.clone() };
    deliveries(SEED, stories).into_iter().map(again).collect()
}

/// A database that knows the orders of the stories.
async fn with_orders(stories: &[Story]) -> (String, PostgresLedger) {
    let (url, ledger) = fresh_database().await;
    let orders = stories.iter().flat_map(|story| &story.orders);
    let payments: Vec<_> = orders.map(|order| OrderPayment::try_from(order).unwrap()).collect();
    ledger.import(&payments).await.unwrap();
    (url, ledger)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_order_any_number_of_deliveries_and_any_number_of_servers_end_in_the_same_books() {
    let stories = told();
    let (ordered, _) = with_orders(&stories).await;
    let one = [Arc::new(Server::start(&ordered, &TEST_MODE).await)];
    send_all(&one, in_order(&stories), 1).await;
    assert_lawful(&ordered).await;
    let expected = books(&ordered).await;
    assert!(expected.iter().all(|(_, rows)| rows.len() > 100), "there is something to compare");

    let (jumbled, _) = with_orders(&stories).await;
    let two =
        [Arc::new(Server::start(&jumbled, &TEST_MODE).await), Arc::new(Server::start(&jumbled, &TEST_MODE).await)];
    send_all(&two, shuffled(&stories), 32).await;
    assert_lawful(&jumbled).await;
    for (got, expected) in books(&jumbled).await.into_iter().zip(expected) {
        assert_eq!(got.1, expected.1, "{}", got.0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_got_a_200_is_booked_exactly_once_through_kill_9() {
    let stories = told();
    let (ordered, _) = with_orders(&stories).await;
    let calm = [Arc::new(Server::start(&ordered, &TEST_MODE).await)];
    send_all(&calm, in_order(&stories), 8).await;
    let expected = books(&ordered).await;

    let (url, _) = with_orders(&stories).await;
    let mut acknowledged: BTreeSet<String> = BTreeSet::new();
    let events = shuffled(&stories);
    for kill_after in [40, 90, 200] {
        let server = Arc::new(Server::start(&url, &TEST_MODE).await);
        acknowledged.extend(send_until_killed(server, &events, kill_after).await);
        for (name, rows) in books(&url).await {
            if name == "events" {
                let lost: Vec<_> =
                    acknowledged.iter().filter(|id| !rows.iter().any(|row| row.contains(id.as_str()))).collect();
                assert_eq!(lost, Vec::<&String>::new(), "acknowledged is durable");
            }
        }
    }
    let server = [Arc::new(Server::start(&url, &TEST_MODE).await)];
    send_all(&server, events, 16).await;
    assert_lawful(&url).await;
    for (got, expected) in books(&url).await.into_iter().zip(expected) {
        assert_eq!(got.1, expected.1, "{}", got.0);
    }
}

/// Sends from 16 connections, kills the server as soon as so many were acknowledged while others are under way, and
/// answers which were acknowledged.
async fn send_until_killed(server: Arc<Server>, events: &[Event], kill_after: usize) -> BTreeSet<String> {
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let mut sending = JoinSet::new();
    for part in events.chunks(events.len().div_ceil(16)) {
        let (server, acknowledged, part) = (Arc::clone(&server), Arc::clone(&acknowledged), part.to_vec());
        sending.spawn(async move {
            let mut mine = BTreeSet::new();
            for event in part {
                match server.try_send(&event).await {
                    Ok(reply) if reply.status == 200 => mine.insert(event.id),
                    Ok(_) | Err(_) => break,
                };
                if acknowledged.fetch_add(1, Ordering::SeqCst) + 1 == kill_after {
                    server.kill().await;
                }
            }
            mine
        });
    }
    sending.join_all().await.into_iter().flatten().collect()
}

#[tokio::test]
async fn the_server_outlives_its_database() {
    let folder = scratch_folder();
    let open = {
        let folder = folder.clone();
        move || Cluster::open(&folder, Durability::Fast).unwrap()
    };
    let cluster = spawn_blocking(open.clone()).await.unwrap();
    cluster.create_database("books").unwrap();
    let url = cluster.url("books");
    PostgresLedger::connect_lazy(&url, 2, OrderSource::Table).unwrap().migrate().await.unwrap();
    let server = Server::start(&url, &[]).await;
    let at = SystemClock.now() - TimeDelta::days(1);
    let opened = event("evt_1", at, &dispute("du_1", "needs_response", &[movement("txn_1", -10_000, 1500, at)]));
    let lost = event("evt_2", at + TimeDelta::hours(1), &dispute("du_1", "lost", &[]));
    assert_eq!(server.send(&opened).await.word, "recorded");
    assert_eq!(server.get("/health/ready").await.status, 200);

    spawn_blocking(|| cluster.stop().unwrap()).await.unwrap();
    let refused = server.send(&lost).await;
    assert_eq!((refused.status, refused.retry_after.is_some()), (503, true), "{}", refused.text);
    assert_eq!(server.get("/health/ready").await.status, 503);
    assert_eq!(server.get("/health/live").await.status, 200);

    let cluster = spawn_blocking(open).await.unwrap();
    assert_eq!(cluster.url("books"), url, "it is back where it was");
    let mut tries = 0;
    while server.send(&lost).await.status != 200 {
        tries += 1;
        assert!(tries < 1000, "it does not recover: {}", server.log());
    }
    assert_eq!(server.get("/health/ready").await.status, 200);
    assert_eq!(number(&url, "SELECT count(*) FROM chargebook.dispute_history").await, 2);
    assert_lawful(&url).await;
    assert_eq!(server.stop().await, 0);
    spawn_blocking(|| cluster.stop().unwrap()).await.unwrap();
}
