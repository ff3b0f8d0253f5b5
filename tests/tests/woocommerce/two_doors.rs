use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chargebook::clock::SystemClock;
use chargebook_domain::ports::{Clock, OrderBook};
use chargebook_domain::service::{Join, MatchOrders};
use chargebook_domain::{BookRules, OrderPayment};
use chargebook_ledger_postgres::PostgresLedger;
use chargebook_stories::{Story, deliveries, stories};
use chargebook_tests::{Event, Server, assert_lawful, books, fresh_database, number, run, scratch_folder};
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::support::{SETTINGS, deliver, wrapped};

const SEED: u64 = 20_250_123;
const TEST_MODE: (&str, &str) = ("CHARGEBOOK_STRIPE__LIVEMODE", "false");
const OF_DEFAULT: (&str, &str) = ("CHARGEBOOK_WOOCOMMERCE__SHOP__ACCOUNT", "default");
const CONNECTIONS: usize = 16;

/// A way in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    Stripe,
    Shop,
}

/// The stories in whose disputes there are 500.
fn told() -> Vec<Story> {
    let mut stories = stories(SEED, 500, "2025-01-06T00:00:00Z".parse().unwrap());
    let mut disputes = 0;
    stories.retain(|story| {
        disputes += story.endings.len();
        disputes <= 500
    });
    stories
}

async fn with_orders(stories: &[Story]) -> (String, PostgresLedger) {
    let (url, ledger) = fresh_database().await;
    let orders = stories.iter().flat_map(|story| &story.orders);
    let payments: Vec<_> = orders.map(|order| OrderPayment::try_from(order).unwrap()).collect();
    ledger.import(&payments).await.unwrap();
    (url, ledger)
}

/// Every event in any order, once through each of `doors`.
fn shuffled(stories: &[Story], doors: &[Door]) -> Vec<(Door, Event)> {
    let through = |(seed, door): (u64, &Door)| {
        let (mut seen, door) = (BTreeSet::new(), *door);
        let mut shuffled = deliveries(SEED + seed, stories);
        shuffled.retain(|event| seen.insert(event.id.clone()));
        shuffled.into_iter().map(move |event| (door, Event { id: event.id.clone(), body: event.body.clone() }))
    };
    let mut each: Vec<_> = (0..).zip(doors).map(through).collect();
    // Each is shuffled by itself, so that taking them in turn interleaves them at random.
    let mut all = Vec::new();
    loop {
        let before = all.len();
        all.extend(each.iter_mut().filter_map(Iterator::next));
        if all.len() == before {
            return all;
        }
    }
}

/// Sends it until it is answered 200; a server of a machine that stands still for a while answers 503.
async fn send(server: &Server, (door, event): &(Door, Event)) {
    loop {
        let reply = match door {
            Door::Stripe => server.send(event).await,
            Door::Shop => {
                let event: Value = serde_json::from_str(&event.body).unwrap();
                deliver(server, &wrapped(&event)).await
            }
        };
        match reply.status {
            200 => return,
            503 => sleep(Duration::from_millis(50)).await,
            other => panic!("{}: {other}: {}", event.id, reply.text),
        }
    }
}

async fn send_all(server: &Arc<Server>, deliveries: Vec<(Door, Event)>) {
    let mut sending = JoinSet::new();
    for part in deliveries.chunks(deliveries.len().div_ceil(CONNECTIONS)) {
        let (server, part) = (Arc::clone(server), part.to_vec());
        sending.spawn(async move {
            for delivery in part {
                send(&server, &delivery).await;
            }
        });
    }
    sending.join_all().await;
}

/// The books after these deliveries, once nothing is left to be joined or matched.
async fn after(stories: &[Story], doors: &[Door], settings: &[(&str, &str)]) -> String {
    let (url, ledger) = with_orders(stories).await;
    let settings = [&SETTINGS, &[TEST_MODE][..], settings].concat();
    let server = Arc::new(Server::start(&url, &settings).await);
    send_all(&server, shuffled(stories, doors)).await;
    assert_eq!(Arc::into_inner(server).unwrap().stop().await, 0);
    let (ledger, now) = (Arc::new(ledger), SystemClock.now());
    let matching = MatchOrders::new(ledger.clone(), ledger.clone(), BookRules::default());
    let join = Join::new(ledger.clone(), ledger.clone(), matching.clone(), BookRules::default());
    while join.sweep(now).await.unwrap() > 0 {}
    matching.sweep(now).await.unwrap();
    url
}

/// What is in the books of the Stripe account.
async fn of_stripe(url: &str) -> Vec<(&'static str, Vec<String>)> {
    let is_stripes = |row: &String| row.contains(r#""account":"default""#);
    books(url).await.into_iter().map(|(name, rows)| (name, rows.into_iter().filter(is_stripes).collect())).collect()
}

/// The networks' ratios of a month, and those of the year before it.
async fn ratios(url: &str) -> String {
    let settings = [("CHARGEBOOK_DATABASE__URL", url), TEST_MODE];
    let ran = run(&scratch_folder(), &settings, &["monitor", "--month", "2025-06", "--year", "--json"]).await;
    assert_eq!(ran.complaints(), "");
    assert!(ran.out.contains("ratio_bps"), "{}", ran.out);
    ran.out
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disputes_through_two_doors_are_booked_as_through_one() {
    let stories = told();
    let ids: BTreeSet<_> = stories.iter().flat_map(|story| &story.endings).map(|ending| &ending.dispute).collect();
    assert_eq!(ids.len(), 500);
    let one = after(&stories, &[Door::Stripe], &[]).await;
    assert_lawful(&one).await;
    let (expected, expected_ratios) = (of_stripe(&one).await, ratios(&one).await);
    assert!(expected.iter().all(|(_, rows)| rows.len() > 300), "there is something to compare");

    let same_book = after(&stories, &[Door::Stripe, Door::Shop], &[OF_DEFAULT]).await;
    assert_lawful(&same_book).await;
    for (got, expected) in books(&same_book).await.into_iter().zip(&expected) {
        assert_eq!(&got, expected);
    }
    assert_eq!(ratios(&same_book).await, expected_ratios);

    let two_books = after(&stories, &[Door::Shop, Door::Stripe], &[]).await;
    let through_both = "SELECT count(*) FROM chargebook.disputes WHERE account = 'woo:shop'";
    assert!(number(&two_books, through_both).await > 100, "there is something to join");
    for (got, expected) in of_stripe(&two_books).await.into_iter().zip(&expected) {
        assert_eq!(&got, expected);
    }
    let counted = "SELECT count(*) FROM chargebook.disputes WHERE same_as_dispute_id IS NULL";
    assert_eq!(number(&two_books, counted).await, 500);
    for (name, rows) in books(&two_books).await {
        let of_shop: Vec<_> = rows.iter().filter(|row| row.contains(r#""account":"woo:shop""#)).collect();
        let counts_for_nothing = ["balances of each day", "figures of each day", "orders"].contains(&name);
        assert!(!counts_for_nothing || of_shop.is_empty(), "{name}: {of_shop:?}");
    }
    assert_eq!(ratios(&two_books).await, expected_ratios);
}
