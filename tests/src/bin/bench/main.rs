//! Measures the server: how fast it is ready, how long a lone webhook takes, what many connections get through, and how
//! much memory that takes. `script/bench` runs it on a release build and durable settings of PostgreSQL.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark that meets anything unexpected should end")]

mod backfill;
mod rules;
mod views;

use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs};

use chargebook_domain::OrderPayment;
use chargebook_domain::ports::OrderBook;
use chargebook_stories::{Story, deliveries, stories};
use chargebook_tests::{Event, Server, assert_lawful, fresh_database};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const SEED: u64 = 7;

/// Stories of the past to be read, unless another number is given.
const PAST: usize = 20_000;
const TEST_MODE: [(&str, &str); 1] = [("CHARGEBOOK_STRIPE__LIVEMODE", "false")];

/// What a load came to.
struct Measured {
    connections: usize,
    events: usize,
    took: Duration,
    latencies: Vec<Duration>,
}

impl Measured {
    fn percentile(&self, percent: usize) -> Duration {
        let last = self.latencies.len() - 1;
        self.latencies[(self.latencies.len() * percent / 100).min(last)]
    }

    fn per_second(&self) -> u64 {
        per_second(self.events, self.took)
    }

    fn line(&self) -> String {
        format!(
            "{:>11} {:>8} {:>10} {:>9} {:>9} {:>9}",
            self.connections,
            self.events,
            self.per_second(),
            milliseconds(self.percentile(50)),
            milliseconds(self.percentile(90)),
            milliseconds(self.percentile(99))
        )
    }

    fn json(&self) -> Value {
        let micros = |percent| u64::try_from(self.percentile(percent).as_micros()).unwrap();
        json!({
            "connections": self.connections, "events": self.events,
            "events_per_second": self.per_second(),
            "p50_us": micros(50), "p90_us": micros(90), "p99_us": micros(99)
        })
    }
}

fn per_second(count: usize, took: Duration) -> u64 {
    u64::try_from(u128::try_from(count).unwrap() * 1_000_000 / took.as_micros().max(1)).unwrap()
}

/// Microseconds as milliseconds with two decimals.
fn milliseconds(duration: Duration) -> String {
    let hundredths = duration.as_micros() / 10;
    format!("{}.{:02} ms", hundredths / 100, hundredths % 100)
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let path = env::args().nth(1).unwrap_or_else(|| "bench-out/bench.json".to_owned());
    if env::args().nth(2).as_deref() == Some("rules") {
        let report = json!({ "rules": rules::measure().await });
        fs::write(&path, serde_json::to_string_pretty(&report).unwrap()).unwrap();
        return;
    }
    if env::args().nth(2).as_deref() == Some("views") {
        let number = |nth, usual: usize| env::args().nth(nth).map_or(usual, |count| count.parse().unwrap());
        let report = json!({ "views": views::measure(number(3, 1_000_000), number(4, 5_000_000)).await });
        fs::write(&path, serde_json::to_string_pretty(&report).unwrap()).unwrap();
        return;
    }
    let in_the_past = env::args().nth(2).map_or(PAST, |count| count.parse().unwrap());
    let (url, ledger) = fresh_database().await;
    let stories = stories(SEED, 4_000, "2025-01-06T00:00:00Z".parse().unwrap());
    let orders: Vec<_> =
        stories.iter().flat_map(|story| &story.orders).map(|order| OrderPayment::try_from(order).unwrap()).collect();
    ledger.import(&orders).await.unwrap();
    println!("{} orders; {} events of {} stories\n", orders.len(), count(&stories), stories.len());

    let started = Instant::now();
    let server = Arc::new(Server::start(&url, &TEST_MODE).await);
    assert_eq!(server.get("/health/ready").await.status, 200);
    let ready = started.elapsed();
    let idle = server.memory_kib();

    let mut events = deliveries(SEED, &stories)
        .into_iter()
        .map(|event| Event { id: event.id.clone(), body: event.body.clone() })
        .collect::<Vec<_>>()
        .into_iter();
    println!("{:>11} {:>8} {:>10} {:>9} {:>9} {:>9}", "connections", "events", "events/s", "p50", "p90", "p99");
    let mut results = Vec::new();
    for (connections, share) in [(1, 2_000), (8, 6_000), (32, 8_000), (64, 8_000)] {
        let part: Vec<_> = events.by_ref().take(share).collect();
        let measured = load(&server, part, connections).await;
        println!("{}", measured.line());
        results.push(measured.json());
    }
    let peak = server.memory_kib();
    assert_lawful(&url).await;
    println!("\nready after {}; memory {} MiB idle, {} MiB at most", milliseconds(ready), idle / 1024, peak / 1024);
    let ready_us = u64::try_from(ready.as_micros()).unwrap();
    drop(server);
    let backfilled = backfill::measure(in_the_past).await;
    let report = json!({
        "ready_us": ready_us, "memory_idle_kib": idle, "memory_peak_kib": peak, "loads": results, "backfill": backfilled
    });
    fs::write(&path, serde_json::to_string_pretty(&report).unwrap()).unwrap();
    println!("the figures are in {path}");
}

fn count(stories: &[Story]) -> usize {
    stories.iter().map(|story| story.events.len()).sum()
}

/// A closed loop: each connection sends its next event when the last one was answered.
async fn load(server: &Arc<Server>, events: Vec<Event>, connections: usize) -> Measured {
    let total = events.len();
    let started = Instant::now();
    let mut sending = JoinSet::new();
    for part in events.chunks(total.div_ceil(connections)) {
        let (server, part) = (Arc::clone(server), part.to_vec());
        sending.spawn(async move {
            let mut latencies = Vec::with_capacity(part.len());
            for event in part {
                let sent = Instant::now();
                let reply = server.send(&event).await;
                latencies.push(sent.elapsed());
                assert_eq!(reply.status, 200, "{}", reply.text);
            }
            latencies
        });
    }
    let mut latencies: Vec<_> = sending.join_all().await.into_iter().flatten().collect();
    latencies.sort_unstable();
    Measured { connections, events: total, took: started.elapsed(), latencies }
}
