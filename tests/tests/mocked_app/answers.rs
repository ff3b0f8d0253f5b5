use std::sync::Arc;

use super::support::{Running, app, ledger};

#[tokio::test]
async fn every_receipt_has_its_answer() {
    let server = Running::start(app(Arc::new(ledger()))).await;
    for (body, result) in [
        ("dispute evt_1", "recorded"),
        ("dispute evt_1_again", "duplicate"),
        ("other evt_2", "ignored"),
        ("garbled evt_3", "quarantined"),
    ] {
        let answer = server.deliver(body).await;
        assert_eq!((answer.status, answer.text), (200, format!(r#"{{"result":"{result}"}}"#)));
    }
}

#[tokio::test]
async fn every_refusal_has_its_code() {
    let server = Running::start(app(Arc::new(ledger()))).await;
    for (signature, body, code) in [
        (None, b"dispute evt_1".as_slice(), "signature_missing"),
        (Some("bad"), b"dispute evt_1", "signature_invalid"),
        (Some("b\u{e4}d"), b"dispute evt_1", "signature_invalid"),
        (Some("old"), b"dispute evt_1", "timestamp_out_of_tolerance"),
        (Some("good"), b"\xff", "body_not_utf8"),
    ] {
        let answer = server.deliver_signed(signature, body).await;
        assert_eq!(answer.short(), (400, code.to_owned()));
        assert!(answer.json()["error"]["message"].is_string());
        assert!(!answer.text.contains("evt_1"));
    }
}

#[tokio::test]
async fn other_paths_and_methods_are_told_so_in_json() {
    let server = Running::start(app(Arc::new(ledger()))).await;
    assert_eq!(server.get("/nothing/here").await.short(), (404, "not_found".to_owned()));
    let wrong_method = server.get("/webhooks/stripe").await;
    assert_eq!(wrong_method.short(), (405, "method_not_allowed".to_owned()));
    assert_eq!(wrong_method.allow.as_deref(), Some("POST"));
    let posted =
        server.raw(b"POST /health/live HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
    assert!(posted.starts_with("HTTP/1.1 405 "), "{posted}");
}

#[tokio::test]
async fn a_server_that_works_is_live_and_ready() {
    let server = Running::start(app(Arc::new(ledger()))).await;
    assert_eq!(server.get("/health/live").await.short(), (200, "live".to_owned()));
    assert_eq!(server.get("/health/ready").await.short(), (200, "ready".to_owned()));
}
