use std::process::{self, Command};
use std::slice::from_ref;
use std::time::Duration;

use chargebook::clock::SystemClock;
use chargebook_domain::ports::Clock;
use chargebook_tests::{
    Event, Pace, Seen, Sending, Server, TEST_MODE, as_owner, dispute, event, fresh_database, in_order,
};
use serde_json::json;
use sqlx::{Connection, PgConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};

use super::stories;

const PATIENCE: Duration = Duration::from_mins(1);

/// Signed events with bodies of 400 KiB, each of a dispute of its own.
fn large_events(count: usize) -> Vec<Event> {
    let large = |number| {
        let mut dispute = dispute(&format!("du_{number}"), "needs_response", &[]);
        dispute["metadata"] = json!({ "padding": "x".repeat(400 << 10) });
        event(&format!("evt_{number}"), SystemClock.now(), &dispute)
    };
    (0..count).map(large).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_not_be_booked_now_is_refused_and_not_held_in_memory() {
    let (url, _) = fresh_database().await;
    let server = Server::start(&url, &[]).await;
    let mut somebody = PgConnection::connect(&as_owner(&url)).await.unwrap();
    let mut transaction = somebody.begin().await.unwrap();
    sqlx::query("LOCK TABLE chargebook.source_events").execute(&mut *transaction).await.unwrap();

    let before = server.memory_kib();
    let sending = Sending::start(from_ref(&server.base), large_events(400), Pace::Connections(400));
    let overloaded = (503, "overloaded".to_owned());
    sending.until(|seen| seen.refused.get(&overloaded).is_some_and(|times| *times >= 100)).await;
    drop(sending);
    let more_kib = server.memory_kib() - before;
    // 16 MiB of bodies are held, in buffers of up to twice their size, and what is read from them; and each connection has a
    // buffer. Held as they come, they would be 160 MiB and what is read from these.
    assert!(more_kib < 120 << 10, "{more_kib} KiB for 160 MiB that were sent");

    transaction.rollback().await.unwrap();
    let small = event("evt_small", SystemClock.now(), &dispute("du_small", "needs_response", &[]));
    Sending::start(from_ref(&server.base), vec![small], Pace::Connections(1)).finish().await;
    assert_eq!(server.stop().await, 0);
}

/// Sends a webhook a byte now and then until the server ends the connection, and answers what it said; nothing where a byte
/// that was under way has made the system forget it.
async fn drip(base: String) -> String {
    let mut stream = TcpStream::connect(base.trim_start_matches("http://")).await.unwrap();
    let begin = b"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n";
    stream.write_all(begin).await.unwrap();
    let (mut reads, mut writes) = stream.split();
    let mut answer = vec![0; 4096];
    let mut often = interval(Duration::from_millis(100));
    loop {
        tokio::select! {
            length = reads.read(&mut answer) => {
                return String::from_utf8_lossy(&answer[..length.unwrap_or(0)]).into_owned();
            }
            _ = often.tick() => if writes.write_all(b"x").await.is_err() { return String::new() },
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_drip_bytes_are_cut_off_and_delay_nobody() {
    let (url, _) = fresh_database().await;
    let server = Server::start(&url, &TEST_MODE).await;
    let mut dripping = JoinSet::new();
    for _ in 0..200 {
        dripping.spawn(timeout(PATIENCE, drip(server.base.clone())));
    }
    let sending = Sending::start(from_ref(&server.base), in_order(&stories()), Pace::Connections(4));
    let seen = sending.finish().await;
    assert_eq!(seen.unanswered, 0, "{:?}", seen.refused);
    assert_all_got_in(&seen);
    for answer in dripping.join_all().await {
        let answer = answer.unwrap();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 503 "), "{answer}");
    }
    assert_eq!(server.stop().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_idle_connections_do_not_keep_webhooks_out() {
    // Both ends are on this machine, and a process usually may have fewer.
    let limits = ["--pid", &process::id().to_string(), "--nofile=4096:"];
    assert!(Command::new("prlimit").args(limits).status().unwrap().success());
    let (url, _) = fresh_database().await;
    let server = Server::start(&url, &TEST_MODE).await;
    let address = server.base.trim_start_matches("http://");
    let mut idle = Vec::new();
    for number in 0..2000 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        if number % 2 == 0 {
            stream.write_all(b"POST /webhooks/stripe HTTP/1.1\r\nHost:").await.unwrap();
        }
        idle.push(stream);
    }
    let sending = Sending::start(from_ref(&server.base), in_order(&stories()), Pace::Connections(4));
    let seen = sending.finish().await;
    assert_all_got_in(&seen);
    assert!(server.memory_kib() < 128 << 10, "{} KiB", server.memory_kib());
    drop(idle);
    assert_eq!(server.stop().await, 0);
}

/// Everything was booked, and nothing was kept out; a slow machine may have been too slow for some at first.
fn assert_all_got_in(seen: &Seen) {
    assert_eq!(seen.acknowledged.len(), in_order(&stories()).len());
    let kept_out = seen.refused.keys().filter(|(_, word)| !["not_committed", "timed_out"].contains(&word.as_str()));
    assert_eq!(kept_out.count(), 0, "{:?}", seen.refused);
}
