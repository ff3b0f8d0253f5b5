use chargebook::clock::SystemClock;
use chargebook_domain::ports::Clock;
use chargebook_port_contracts::fake_shop::{ERROR_TEXT, FakeShop, KEY, SECRET};
use chargebook_tests::{Ran, Server, fresh_database, number, run, scratch_folder, text, until};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::{SETTINGS, closed, deliver, fixture, wrapped};

struct Pulled {
    shop: FakeShop,
    url: String,
    now: DateTime<Utc>,
}

impl Pulled {
    async fn new() -> Self {
        let now = SystemClock.now();
        Self { shop: FakeShop::start(now).await.unwrap(), url: fresh_database().await.0, now }
    }

    fn settings<'a>(&'a self, base: &'a str) -> Vec<(&'a str, &'a str)> {
        vec![
            SETTINGS[0],
            ("CHARGEBOOK_DATABASE__URL", &self.url),
            ("CHARGEBOOK_WOOCOMMERCE__SHOP__URL", base),
            ("CHARGEBOOK_WOOCOMMERCE__SHOP__CONSUMER_KEY", KEY),
            ("CHARGEBOOK_WOOCOMMERCE__SHOP__CONSUMER_SECRET", SECRET),
        ]
    }

    async fn pull(&self, arguments: &[&str]) -> Ran {
        let base = self.shop.url();
        let ran = run(&scratch_folder(), &self.settings(&base), &[&["woocommerce", "pull"], arguments].concat()).await;
        for secret in [KEY, SECRET, ERROR_TEXT, "fictional"] {
            assert!(!ran.out.contains(secret) && !ran.err.contains(secret), "{ran:?}");
        }
        ran
    }

    /// An order of this number that changed so many days ago.
    fn order(&self, number: u32, days: i64) -> Value {
        let mut order = fixture("order_woopayments");
        let at = (self.now - TimeDelta::days(days)).format("%Y-%m-%dT%H:%M:%S").to_string();
        (order["id"], order["number"], order["date_modified_gmt"]) =
            (json!(number), json!(number.to_string()), json!(at));
        for meta in order["meta_data"].as_array_mut().unwrap() {
            match meta["key"].as_str().unwrap() {
                "_charge_id" => meta["value"] = json!(format!("ch_{number}")),
                "_intent_id" => meta["value"] = json!(format!("pi_{number}")),
                _ => {}
            }
        }
        order
    }

    /// The dispute of that order, filed so many days ago.
    fn dispute(&self, number: u32, days: i64) -> Value {
        let mut dispute = closed()["data"]["object"].clone();
        dispute["id"] = json!(format!("dp_{number}"));
        (dispute["charge"], dispute["payment_intent"]) = (json!(format!("ch_{number}")), json!(format!("pi_{number}")));
        dispute["created"] = json!((self.now - TimeDelta::days(days)).timestamp());
        dispute["balance_transactions"][0]["id"] = json!(format!("txn_{number}"));
        dispute["balance_transactions"][0]["created"] = dispute["created"].clone();
        dispute
    }
}

#[tokio::test]
async fn what_a_shop_knows_is_pulled_once() {
    let world = Pulled::new().await;
    for number in 1..=130 {
        world.shop.order(world.order(number, 10));
    }
    world.shop.order(world.order(131, 200));
    let mut unpaid = world.order(132, 10);
    unpaid["date_paid_gmt"] = Value::Null;
    world.shop.order(unpaid);
    for number in 1..=30 {
        world.shop.stands(world.dispute(number, 9));
    }
    world.shop.stands(world.dispute(131, 150));
    let ran = world.pull(&["shop"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let expected = "shop: 131 orders: 130 new or changed, 0 known, 1 ignored, 0 quarantined\n\
                    shop: 30 disputes: 30 new or changed, 0 known, 0 ignored, 0 quarantined\n";
    assert!(ran.out.starts_with(expected), "{}", ran.out);
    let again: Value =
        serde_json::from_str(&world.pull(&["shop", "--from", "2020-01-01", "--json"]).await.out).unwrap();
    assert_eq!((&again["orders"]["new"], &again["orders"]["known"]), (&1.into(), &130.into()), "{again}");
    assert_eq!((&again["disputes"]["new"], &again["disputes"]["known"]), (&1.into(), &30.into()), "{again}");
    let matched = "SELECT count(*) FROM chargebook.disputes WHERE account = 'woo:shop' AND order_match = 'matched'
                   AND bucket = 'confirmed_loss'";
    assert_eq!(number(&world.url, matched).await, 31);
    assert_eq!(number(&world.url, "SELECT count(*) FROM chargebook.source_events").await, 32, "and the unpaid order");
}

#[tokio::test]
async fn what_can_not_be_pulled_says_what_to_do() {
    let world = Pulled::new().await;
    let unknown = world.pull(&["other"]).await;
    assert!(unknown.code == 2 && unknown.err.contains("write one of shop"), "{unknown:?}");
    let future = world.pull(&["shop", "--from", "2999-01-01"]).await;
    assert!(future.code == 2 && future.err.contains("--from is in the future"), "{future:?}");
    let settings = [SETTINGS[0], ("CHARGEBOOK_DATABASE__URL", world.url.as_str())];
    let no_key = run(&scratch_folder(), &settings, &["woocommerce", "pull", "shop"]).await;
    assert!(no_key.code == 2 && no_key.err.contains("consumer_key"), "{no_key:?}");
    world.shop.revoke();
    let revoked = world.pull(&["shop"]).await;
    assert!(revoked.code == 1 && revoked.err.contains("does not accept the consumer key"), "{revoked:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_reads_what_the_webhooks_lost_and_a_revoked_key_is_told_once() {
    let world = Pulled::new().await;
    world.shop.order(world.order(1, 10));
    world.shop.stands(world.dispute(1, 9));
    let base = world.shop.url();
    let settings = world.settings(&base);
    let server = Server::start(&world.url, &settings).await;
    let matched = "SELECT count(*) FROM chargebook.disputes WHERE dispute_id = 'dp_1' AND order_match = 'matched'";
    until(async || number(&world.url, matched).await == 1).await;
    let swept = "SELECT coalesce(string_agg(account || ' ' || kind, ','), '') FROM chargebook.sweeps
                 WHERE last_begun_at IS NOT NULL";
    until(async || text(&world.url, swept).await == "woo:shop gaps").await;
    // What a webhook tells of it now is known already.
    assert_eq!(deliver(&server, &world.order(1, 10).to_string()).await.word, "duplicate");
    assert_eq!(deliver(&server, &wrapped(&world.dispute(1, 9))).await.word, "duplicate");
    assert_eq!(server.stop().await, 0);

    world.shop.revoke();
    let (url, _) = fresh_database().await;
    let mut revoked = settings;
    revoked.push(("CHARGEBOOK_DATABASE__URL", &url));
    let server = Server::start(&url, &revoked).await;
    until(async || server.log().contains("does not accept the consumer key")).await;
    assert_eq!(server.get("/health/ready").await.status, 200);
    assert!(!server.log().contains(SECRET) && !server.log().contains(ERROR_TEXT), "{}", server.log());
}
