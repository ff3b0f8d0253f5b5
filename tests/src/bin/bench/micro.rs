//! Parts of the whole by themselves, on one thread and without a database where it needs none; and how long the program
//! takes to be there.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chargebook::clock::SystemClock;
use chargebook_domain::ports::{
    Clock as _, Delivery, DisputeSource as _, Ledger as _, Lookup, OrderBook as _, Reading, SourceEvent,
};
use chargebook_domain::service::{Ingest, Received};
use chargebook_domain::{Admission, BookRules, DisputeKey, Observation, OrderPayment, Stored, decide};
use chargebook_port_contracts::InMemoryLedger;
use chargebook_source_stripe::{StripeDisputeSource, sign};
use chargebook_stories::{Story, tell};
use chargebook_tests::{SECRET, Server, fresh_database, run, scratch_folder};
use serde_json::{Value, json};

use crate::latencies::{Latencies, millis, per_second};
use crate::load::indent;
use crate::{SEED, TEST_MODE};

const STORIES: usize = 2_000;

/// How often all of it is done; the fastest counts, since nothing makes it faster than it is.
const TIMES: usize = 5;

/// How often the program is started.
const STARTS: usize = 10;

/// Measures, and prints.
pub(crate) async fn measure() -> Value {
    let mut told: Vec<Story> = tell(SEED, STORIES, "2025-01-06T00:00:00Z".parse().unwrap()).collect();
    told.iter_mut().flat_map(|story| &mut story.events).for_each(indent);
    let source = StripeDisputeSource::new(vec![SECRET.into()]).unwrap();
    let (events, received) = decoded(&source, &told);
    println!("one thread: {events} signed bodies decoded, {received} a second");
    let (decisions, decided) = decided(&source, &told).await;
    println!("one thread: {decisions} observations folded and decided, {decided} a second");
    let (url, _ledger) = fresh_database().await;
    let started = repeated(async || {
        let begun = Instant::now();
        let server = Server::start(&url, &TEST_MODE).await;
        assert_eq!(server.get("/health/ready").await.status, 200);
        begun.elapsed()
    });
    let started = started.await;
    println!("from the start of the server until it is ready: {} ms in the middle", millis(started));
    let folder = scratch_folder();
    let settings =
        [("CHARGEBOOK_DATABASE__URL", url.as_str()), ("CHARGEBOOK_STRIPE__WEBHOOK_SECRETS", SECRET), TEST_MODE[0]];
    let examined = repeated(async || {
        let begun = Instant::now();
        let ran = run(&folder, &settings, &["doctor"]).await;
        assert!(!ran.out.is_empty(), "{}", ran.err);
        begun.elapsed()
    });
    let examined = examined.await;
    println!("doctor, which asks nobody but the database here: {} ms in the middle", millis(examined));
    json!({
        "decoded_per_second": received, "decided_per_second": decided, "ready_us": started, "doctor_us": examined
    })
}

/// How many bodies there are, and how many of them are received in a second.
fn decoded(source: &StripeDisputeSource, told: &[Story]) -> (usize, u64) {
    let now = SystemClock.now();
    let bodies = told.iter().flat_map(|story| &story.events).map(|event| event.body.as_str());
    let signed: Vec<_> = bodies.map(|body| (body, sign(body, SECRET, now))).collect();
    let took = fastest(|| {
        for (body, signature) in &signed {
            let delivery = Delivery { signature: Some(signature), body: body.as_bytes(), received_at: now };
            let event = source.receive(&delivery).unwrap();
            assert!(!matches!(event.reading, Reading::NotUnderstood { .. }), "a story is understood");
        }
    });
    (signed.len(), per_second(signed.len(), took))
}

/// How many observations there are, and how many of them are decided in a second, each on top of those before it.
async fn decided(source: &StripeDisputeSource, told: &[Story]) -> (usize, u64) {
    let mut steps = Vec::new();
    for story in told {
        steps.extend(steps_of(source, story).await);
    }
    let rules = BookRules::default();
    let took = fastest(|| {
        for (key, stored, observation) in &steps {
            decide(key, stored, std::slice::from_ref(observation), rules).unwrap();
        }
    });
    (steps.len(), per_second(steps.len(), took))
}

/// The observations of a story, each with what is stored when it comes.
async fn steps_of(source: &StripeDisputeSource, story: &Story) -> Vec<(DisputeKey, Stored, Observation)> {
    let ledger = Arc::new(InMemoryLedger::default());
    let orders: Vec<_> = story.orders.iter().map(|order| OrderPayment::try_from(order).unwrap()).collect();
    ledger.import(&orders).await.unwrap();
    let admission = Admission { livemode: false, accounts: [].into() };
    let ingest = Ingest::new(Arc::clone(&ledger) as _, BookRules::default(), admission);
    let mut steps = Vec::new();
    for event in &story.events {
        let received_at = SystemClock.now();
        let signature = sign(&event.body, SECRET, received_at);
        let delivery = Delivery { signature: Some(&signature), body: event.body.as_bytes(), received_at };
        let event: SourceEvent = source.receive(&delivery).unwrap();
        if let Reading::Dispute(observation) = &event.reading {
            let stored = ledger.load(&[Lookup::of(observation)]).await.unwrap().remove(0);
            steps.push((observation.key.clone(), stored, (**observation).clone()));
        }
        ingest.ingest(&[Received { event, body: Vec::new(), received_at }], received_at).await.unwrap();
    }
    steps
}

fn fastest(mut work: impl FnMut()) -> Duration {
    let mut once = || {
        let begun = Instant::now();
        work();
        begun.elapsed()
    };
    (0..TIMES).map(|_| once()).min().unwrap()
}

/// The one in the middle, in microseconds.
async fn repeated(mut once: impl AsyncFnMut() -> Duration) -> u64 {
    let mut took = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        took.push(u64::try_from(once().await.as_micros()).unwrap());
    }
    Latencies::of(took).percentile(50)
}
