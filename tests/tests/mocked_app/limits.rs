use std::sync::Arc;
use std::time::Duration;

use chargebook::limits::Limits;
use chargebook::serve::App;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::support::{HeldLedger, Running, app, ledger};

const MIB: usize = 1 << 20;

fn padded(length: usize) -> Vec<u8> {
    let mut body = b"other evt_1 ".to_vec();
    body.resize(length, b' ');
    body
}

#[tokio::test]
async fn a_body_of_one_mebibyte_is_taken_and_one_byte_more_is_not() {
    let server = Running::start(app(Arc::new(ledger()))).await;
    assert_eq!(server.deliver(padded(MIB)).await.short(), (200, "ignored".to_owned()));
    assert_eq!(server.deliver(padded(MIB + 1)).await.short(), (413, "body_too_large".to_owned()));
    assert_eq!(server.deliver(padded(2 * MIB)).await.short(), (413, "body_too_large".to_owned()));
}

#[tokio::test]
async fn a_body_that_says_it_is_huge_is_refused_before_it_is_read() {
    let server = Running::start(app(Arc::new(ledger()))).await;
    let answer = server.raw(b"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn bodies_beyond_what_may_be_held_are_refused_until_others_are_booked() {
    let held = HeldLedger::before(Arc::new(ledger()));
    let limits = Limits { held_bytes: 1000, ..Limits::default() };
    let server = Running::start(App { limits, ..app(held.clone()) }).await;
    let first = server.deliver_later(&String::from_utf8(padded(600)).unwrap());
    held.wait_for_batch().await;
    let second = server.deliver(padded(600)).await;
    assert_eq!(second.short(), (503, "overloaded".to_owned()));
    assert_eq!(second.retry_after.as_deref(), Some("1"));
    held.may_go.add_permits(2);
    assert_eq!(first.await.unwrap().short(), (200, "ignored".to_owned()));
    assert_eq!(server.deliver(padded(600)).await.short(), (200, "ignored".to_owned()));
}

#[tokio::test]
async fn deliveries_beyond_the_queue_are_refused() {
    let held = HeldLedger::before(Arc::new(ledger()));
    let limits = Limits { queue: 1, batch: 1, ..Limits::default() };
    let server = Running::start(App { limits, ..app(held.clone()) }).await;
    let committing = server.deliver_later("other evt_1");
    held.wait_for_batch().await;
    // One of these two waits in the queue, and the other finds it full.
    let (one, other) = (server.deliver_later("other evt_2"), server.deliver_later("other evt_3"));
    let (refused, queued) = tokio::select! {
        refused = one => (refused.unwrap(), None),
        refused = other => (refused.unwrap(), None::<()>),
    };
    assert_eq!((refused.short(), queued), ((503, "overloaded".to_owned()), None));
    held.may_go.add_permits(2);
    assert_eq!(committing.await.unwrap().status, 200);
}

#[tokio::test]
async fn a_webhook_that_can_not_be_committed_in_time_is_answered_all_the_same() {
    let held = HeldLedger::before(Arc::new(ledger()));
    let limits = Limits { answer_within: Duration::from_millis(200), ..Limits::default() };
    let server = Running::start(App { limits, ..app(held.clone()) }).await;
    // Long before it usually would be.
    let answer = timeout(Limits::default().answer_within, server.deliver("other evt_1")).await.unwrap();
    assert_eq!(answer.status, 503);
    assert_eq!(answer.retry_after.as_deref(), Some("1"));
    // One for the first batch, should it be given up only now.
    held.may_go.add_permits(2);
    assert_eq!(server.deliver("other evt_1").await.short(), (200, "ignored".to_owned()));
}

#[tokio::test]
async fn a_body_that_dribbles_in_is_answered_in_time() {
    let limits = Limits { answer_within: Duration::from_millis(200), ..Limits::default() };
    let server = Running::start(App { limits, ..app(Arc::new(ledger())) }).await;
    let answer = server.raw(b"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nother").await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("timed_out"), "{answer}");
}

#[tokio::test]
async fn headers_that_are_too_large_or_too_slow_end_the_connection() {
    let limits = Limits { header_within: Duration::from_millis(200), ..Limits::default() };
    let server = Running::start(App { limits, ..app(Arc::new(ledger())) }).await;
    let large = format!("GET /health/live HTTP/1.1\r\nHost: x\r\nX-Large: {}\r\n\r\n", "x".repeat(20_000));
    let answer = server.raw(large.as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let many = format!("GET /health/live HTTP/1.1\r\nHost: x\r\n{}\r\n", "X: y\r\n".repeat(200));
    let answer = server.raw(many.as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let slow = timeout(Limits::default().header_within, server.raw(b"GET /health/live HTTP/1.1\r\nHost:")).await;
    assert!(!slow.unwrap().starts_with("HTTP/1.1 200 "));
}

const LIVE: &[u8] = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn a_connection_beyond_the_limit_takes_the_place_of_the_one_that_is_idle_for_longest() {
    let limits = Limits { connections: 2, ..Limits::default() };
    let server = Running::start(App { limits, ..app(Arc::new(ledger())) }).await;
    let mut oldest = TcpStream::connect(server.address).await.unwrap();
    let mut newer = TcpStream::connect(server.address).await.unwrap();
    assert!(server.raw(LIVE).await.starts_with("HTTP/1.1 200 "));
    assert_eq!(oldest.read(&mut [0; 1]).await.unwrap(), 0, "it is closed");
    newer.write_all(LIVE).await.unwrap();
    let mut answer = String::new();
    newer.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn a_connection_beyond_the_limit_waits_for_those_that_are_at_work() {
    let held = HeldLedger::before(Arc::new(ledger()));
    let limits = Limits { connections: 1, ..Limits::default() };
    let server = Running::start(App { limits, ..app(held.clone()) }).await;
    let at_work = server.deliver_later("other evt_1");
    held.wait_for_batch().await;
    let mut waiting = Box::pin(server.raw(LIVE));
    assert!(timeout(Duration::from_millis(200), &mut waiting).await.is_err());
    held.may_go.add_permits(1);
    assert_eq!(at_work.await.unwrap().status, 200);
    // Its connection is idle now, though its client would keep it open.
    assert!(waiting.await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let limits = Limits { header_within: Duration::from_millis(200), ..Limits::default() };
    let server = Running::start(App { limits, ..app(Arc::new(ledger())) }).await;
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    let closed = timeout(Limits::default().header_within, idle.read_to_end(&mut Vec::new())).await;
    assert!(closed.is_ok());
}
