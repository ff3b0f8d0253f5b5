//! What goes wrong on the way: each fault ends in another attempt, or in an error that says what to do.

use std::time::Duration;

use chargebook_domain::AccountId;
use chargebook_domain::ports::{DisputeReader, Listing, MovementKind, Page, Period, ReadError, ReadMovement};
use chargebook_source_stripe::{Patience, StripeApi};
use tokio::net::TcpListener;

use crate::server::{DATE, ERROR, Server, answer, api, hasty, list};
use crate::support::at;

async fn rows(api: &StripeApi) -> Result<Page<ReadMovement>, ReadError> {
    let period = Period { from: at(0), until: at(1) };
    let listing = Listing { account: AccountId::own(), period, after: None };
    api.movements(&listing, MovementKind::Adjustment).await
}

fn reason(outcome: Result<Page<ReadMovement>, ReadError>) -> (bool, String) {
    match outcome.unwrap_err() {
        ReadError::Unavailable { reason } => (true, reason),
        ReadError::Refused { reason } => (false, reason),
        ReadError::NotFound => panic!("a list can't be missing"),
    }
}

#[tokio::test]
async fn what_passes_is_asked_again_until_it_has_passed() {
    let good = list(&[], false);
    let half = &good[..good.len() - 20];
    let shorter = answer("200 OK", &[], r#"{"object":"list","da"#);
    for fault in [
        answer("409 Conflict", &[], ERROR),
        answer("424 Failed Dependency", &[], ERROR),
        answer("429 Too Many Requests", &[], ERROR),
        answer("429 Too Many Requests", &["retry-after: 0"], ERROR),
        answer("429 Too Many Requests", &["retry-after: soon"], ERROR),
        answer("429 Too Many Requests", &[&format!("retry-after: {DATE}"), &format!("date: {DATE}")], ERROR),
        answer("500 Internal Server Error", &["stripe-should-retry: true"], ERROR),
        answer("502 Bad Gateway", &["content-type: text/html"], "<html>"),
        answer("503 Service Unavailable", &[], ""),
        answer("504 Gateway Timeout", &[], ""),
        answer("200 OK", &[], "<html>"),
        answer("200 OK", &[], ""),
        String::new(),
        "HTTP/1.1 200".to_owned(),
        "no HTTP".to_owned(),
        half.to_owned(),
        shorter,
    ] {
        let server = Server::answering([fault.clone(), fault.clone(), good.clone()]).await;
        assert_eq!(rows(&server.api()).await.map(|page| page.items.len()), Ok(0), "{fault}");
        assert_eq!(server.requests().len(), 3, "{fault}");
    }
}

#[tokio::test]
async fn what_does_not_pass_is_given_up_on_after_six_attempts() {
    for (fault, is_unavailable, expected) in [
        (answer("429 Too Many Requests", &[], ERROR), true, "Stripe limits how often"),
        (answer("500 Internal Server Error", &[], ERROR), true, "Stripe failed with HTTP status 500"),
        (answer("502 Bad Gateway", &[], "<html>"), true, "Stripe failed with HTTP status 502"),
        (answer("200 OK", &[], "<html>"), false, "not an answer of Stripe's API"),
        (String::new(), true, "Stripe did not answer in time"),
    ] {
        let server = Server::answering([fault.clone()]).await;
        let (unavailable, reason) = reason(rows(&server.api()).await);
        assert_eq!(unavailable, is_unavailable, "{fault}");
        assert!(reason.starts_with(expected), "{reason}");
        assert_eq!(server.requests().len(), 6, "{fault}");
    }
}

#[tokio::test]
async fn stripe_can_stop_it_and_can_not_demand_it() {
    for (status, header, attempts) in [
        ("500 Internal Server Error", "stripe-should-retry: false", 1),
        ("429 Too Many Requests", "stripe-should-retry: false", 1),
        ("400 Bad Request", "stripe-should-retry: true", 1),
        ("429 Too Many Requests", "retry-after: 3600", 1),
        ("429 Too Many Requests", "retry-after: 99999999999999999999", 6),
        ("503 Service Unavailable", "retry-after: Tue, 01 Sep 2026 10:00:00 GMT", 1),
    ] {
        let server = Server::answering([answer(status, &[header, &format!("date: {DATE}")], ERROR)]).await;
        rows(&server.api()).await.unwrap_err();
        assert_eq!(server.requests().len(), attempts, "{status} {header}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let (unavailable, reason) = reason(rows(&api(&base)).await);
    assert!(unavailable && reason.starts_with("Stripe can't be reached"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_given_up_on_within_two_minutes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api = api(&format!("http://{}", listener.local_addr().unwrap())).with_patience(Patience::default());
    let begun = tokio::time::Instant::now();
    let (unavailable, reason) = reason(rows(&api).await);
    assert!(unavailable && reason.starts_with("Stripe did not answer in time"), "{reason}");
    let elapsed = begun.elapsed();
    assert!(elapsed > Duration::from_mins(1) && elapsed < Duration::from_secs(121), "{elapsed:?}");
}

#[tokio::test]
async fn an_answer_that_drags_on_is_asked_for_again() {
    // It promises more than ever comes, on a connection that stays open.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let mut open = Vec::new();
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().await.unwrap();
            let partial = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{";
            tokio::io::AsyncWriteExt::write_all(&mut stream, partial).await.unwrap();
            open.push(stream);
        }
        open.len()
    });
    let patience = Patience { attempts: 2, page_within: Duration::from_millis(50), ..hasty() };
    let (unavailable, reason) = reason(rows(&api(&base).with_patience(patience)).await);
    assert!(unavailable && reason.starts_with("Stripe did not answer in time"), "{reason}");
    assert_eq!(server.await.unwrap(), 2);
}

#[tokio::test]
async fn an_endless_answer_is_refused() {
    let body = format!(r#"{{"object":"list","data":[],"has_more":false,"more":"{}"}}"#, "x".repeat(33 << 20));
    let server = Server::answering([answer("200 OK", &[], &body)]).await;
    let (unavailable, reason) = reason(rows(&server.api()).await);
    assert!(!unavailable && reason.starts_with("an answer of more than 32 MiB"), "{reason}");
}
