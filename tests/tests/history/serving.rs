use std::time::Duration;

use chargebook::clock::SystemClock;
use chargebook_domain::ports::Clock;
use chargebook_port_contracts::fake_stripe::{Endpoint, FakeStripe, Fault, KEY, Resource};
use chargebook_tests::{Event, Server, assert_lawful, dispute, event, fresh_database, movement, number};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, from_str};
use tokio::time::timeout;

/// Whatever the server does by itself is done within this, or the test has failed.
const PATIENCE: Duration = Duration::from_mins(1);

struct Serving {
    stripe: FakeStripe,
    url: String,
    now: DateTime<Utc>,
}

impl Serving {
    async fn new() -> Self {
        let now = SystemClock.now();
        Self { stripe: FakeStripe::start(now).await.unwrap(), url: fresh_database().await.0, now }
    }

    async fn start(&self) -> Server {
        let base = self.stripe.base();
        let key = [("CHARGEBOOK_STRIPE__API_KEY", KEY), ("CHARGEBOOK_STRIPE__API_BASE", base.as_str())];
        Server::start(&self.url, &[key[0], key[1], ("CHARGEBOOK_STRIPE__LIVEMODE", "false")]).await
    }

    /// Waits until a count in the database is what it should be.
    async fn until(&self, query: &str, expected: i64) {
        let wait = async { while number(&self.url, query).await != expected {} };
        timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("never {expected}: {query}"));
    }
}

/// As it is in test mode, which the key of the fake is of.
fn in_test_mode(text: &str) -> String {
    text.replace(r#""livemode":true"#, r#""livemode":false"#)
}

fn test_dispute(status: &str, movements: &[Value]) -> Value {
    from_str(&in_test_mode(&dispute("du_1", status, movements).to_string())).unwrap()
}

fn test_event(id: &str, at: DateTime<Utc>, dispute: &Value) -> Event {
    let event = event(id, at, dispute);
    Event { body: in_test_mode(&event.body), ..event }
}

/// What the server says of how far its record is known to be whole.
async fn whole(server: &Server) -> Value {
    let ready: Value = from_str(&server.get("/health/ready").await.text).unwrap();
    ready["whole"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_lost_while_the_server_was_away_is_fetched_at_its_start() {
    let serving = Serving::new().await;
    let at = serving.now - TimeDelta::days(2);
    let taken = movement("txn_1", -10_000, 1_500, at);
    let lost = test_dispute("lost", &[taken]);
    serving.stripe.own().put(&from_str(&test_event("evt_1", at, &lost).body).unwrap());
    serving.stripe.own().put(&lost);
    let server = serving.start().await;
    serving.until("SELECT count(*) FROM chargebook.disputes WHERE bucket = 'confirmed_loss'", 1).await;
    serving.until("SELECT count(*) FROM chargebook.sweeps WHERE last_begun_at IS NOT NULL", 3).await;
    assert_lawful(&serving.url).await;

    let told = async { while whole(&server).await.is_null() {} };
    timeout(PATIENCE, told).await.unwrap();
    let since: DateTime<Utc> = whole(&server).await["since"].as_str().unwrap().parse().unwrap();
    assert!(since < serving.now - TimeDelta::days(29), "{since}");
    let metrics = server.get("/metrics").await.text;
    assert!(metrics.contains("chargebook_gap_events_total 1"), "{metrics}");
    assert!(metrics.contains("chargebook_whole_since_timestamp_seconds"), "{metrics}");
    assert!(!server.log().contains(KEY), "the key is in the log");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_statuses_of_one_second_are_settled_without_keeping_the_webhook_waiting() {
    let serving = Serving::new().await;
    // Stripe answers nobody for a while: webhooks are booked all the same.
    let server = serving.start().await;
    serving.stripe.script_at(Endpoint::Retrieve(Resource::Disputes), [Fault::ServerError]);
    let at = serving.now - TimeDelta::minutes(1);
    for (id, status) in [("evt_1", "needs_response"), ("evt_2", "under_review")] {
        assert_eq!(server.send(&test_event(id, at, &test_dispute(status, &[]))).await.status, 200);
    }
    serving.stripe.own().put(&test_dispute("needs_response", &[]));
    let settled = "SELECT count(*) FROM chargebook.dispute_history WHERE basis = 'read'";
    serving.until(settled, 1).await;
    let status = "SELECT count(*) FROM chargebook.disputes WHERE status = 'needs_response'";
    assert_eq!(number(&serving.url, status).await, 1);
    serving.until("SELECT count(*) FROM chargebook.dispute_reads", 0).await;
}
