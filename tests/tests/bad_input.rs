//! What the endpoint answers to everything that is not a good webhook: clear, nothing lost, no panic, no library's text.
#![expect(clippy::unwrap_used, reason = "a test that meets anything unexpected should end")]

use chargebook::clock::SystemClock;
use chargebook_domain::ports::Clock;
use chargebook_source_stripe::sign;
use chargebook_tests::{Reply, SECRET, Server, dispute, event, fresh_database, movement};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

fn now() -> DateTime<Utc> {
    SystemClock.now()
}

fn good() -> String {
    event("evt_good", now(), &dispute("du_1", "needs_response", &[])).body
}

/// Posts a body that is signed right.
async fn signed(server: &Server, body: &str) -> Reply {
    server.post(body.as_bytes().to_vec(), Some(&sign(body, SECRET, now()))).await.unwrap()
}

/// The words that no answer may hold: they are a library's, the database's or the request's.
fn assert_own_words(reply: &Reply) {
    for word in ["serde", "sqlx", "expected value", "panicked", "SELECT", "miniserde", "planted-marker", "at line"] {
        assert!(!reply.text.contains(word), "{word} in {}", reply.text);
    }
}

#[tokio::test]
async fn what_is_not_authentic_is_refused() {
    let (url, ledger) = fresh_database().await;
    let server = Server::start(&url, &[]).await;
    let body = good();
    let header = sign(&body, SECRET, now());
    let old = sign(&body, SECRET, now() - TimeDelta::seconds(301));
    let wrong = sign(&body, "whsec_planted_another", now());
    let v0_only = header.replace("v1=", "v0=");
    for (signature, code) in [
        (None, "signature_missing"),
        (Some(wrong.as_str()), "signature_invalid"),
        (Some(v0_only.as_str()), "signature_invalid"),
        (Some("planted-marker"), "signature_invalid"),
        (Some(old.as_str()), "timestamp_out_of_tolerance"),
    ] {
        let reply = server.post(body.clone().into_bytes(), signature).await.unwrap();
        assert_eq!((reply.status, reply.word.as_str()), (400, code), "{signature:?}");
        assert_own_words(&reply);
    }
    let not_text = server.post(vec![0xff, 0xfe], Some(&header)).await.unwrap();
    assert_eq!((not_text.status, not_text.word.as_str()), (400, "body_not_utf8"));
    let too_large = signed(&server, &"x".repeat((1 << 20) + 1)).await;
    assert_eq!(too_large.status, 413);
    assert_eq!(server.get("/webhooks/stripe").await.status, 405);
    assert!(ledger.events(None, None, 10).await.unwrap().is_empty(), "nothing of it is kept");
    assert_eq!(signed(&server, &body).await.word, "recorded");
}

#[tokio::test]
async fn what_is_signed_is_never_dropped() {
    let (url, ledger) = fresh_database().await;
    let server = Server::start(&url, &[]).await;
    let good: Value = serde_json::from_str(&good()).unwrap();
    let counter = std::cell::Cell::new(0);
    let with = |path: &str, value: Value| {
        let mut body = good.clone();
        counter.set(counter.get() + 1);
        body["id"] = json!(format!("evt_{}", counter.get()));
        *body.pointer_mut(path).unwrap() = value;
        body.to_string()
    };
    let mut without_id = good.clone();
    without_id["data"]["object"].as_object_mut().unwrap().remove("id");
    let overflow = with("/data/object/amount", json!(1)).replace("\"amount\":1,", "\"amount\":99999999999999999999,");
    let money = |amount| json!([movement("txn_over", amount, 0, now()), movement("txn_over2", amount, 0, now())]);
    let cases = [
        ("truncated JSON", good.to_string()[..200].to_owned()),
        ("no JSON", "planted-marker".to_owned()),
        ("a dispute without an id", without_id.to_string()),
        ("an amount as text", with("/data/object/amount", json!("planted-marker"))),
        ("a fraction", with("/data/object/amount", json!(1.5))),
        ("more than 64 bits", overflow),
        ("sums of more than 64 bits", with("/data/object/balance_transactions", money(i64::MIN + 1))),
        ("a NUL in an id", with("/data/object/charge", json!("ch_\0"))),
        ("a NUL in a text", with("/data/object/reason", json!("planted-marker\0"))),
        ("a currency of four letters", with("/data/object/currency", json!("usdx"))),
        ("the other mode", with("/livemode", json!(false))),
        ("a day and more ahead", with("/created", json!((now() + TimeDelta::hours(25)).timestamp()))),
    ];
    for (what, body) in &cases {
        let reply = signed(&server, body).await;
        assert_eq!((reply.status, reply.word.as_str()), (200, "quarantined"), "{what}: {}", reply.text);
        assert_own_words(&reply);
    }
    let kept = ledger.events(Some("quarantined"), None, 100).await.unwrap();
    assert_eq!(kept.len(), cases.len());
    for event in kept {
        let reason = event.reason.unwrap();
        assert!(!reason.contains("planted-marker") && !reason.contains("at line"), "{reason}");
        let id = chargebook_domain::CauseId::parse(&event.event_id).unwrap();
        let body = ledger.bodies(&id).await.unwrap().remove(0).body;
        assert!(cases.iter().any(|(_, sent)| sent.as_bytes() == body), "the exact bytes are kept");
    }
    assert!(!server.log().contains("planted-marker"), "{}", server.log());
    assert!(server.get("/metrics").await.text.contains("chargebook_quarantined 12"));
}

#[tokio::test]
async fn what_is_odd_and_still_clear_is_booked_or_ignored() {
    let (url, ledger) = fresh_database().await;
    let server = Server::start(&url, &[]).await;
    let mut unrelated: Value = serde_json::from_str(&good()).unwrap();
    unrelated["id"] = json!("evt_unrelated");
    unrelated["type"] = json!("charge.refunded");
    unrelated["data"]["object"] = json!({"object": "charge", "id": "ch_1"});
    assert_eq!(signed(&server, &unrelated.to_string()).await.word, "ignored");

    let mut unknown_currency = dispute("du_zzz", "lost", &[movement("txn_1", -500, 0, now())]);
    unknown_currency["currency"] = json!("zzz");
    unknown_currency["balance_transactions"][0]["currency"] = json!("zzz");
    let odd = event("evt_zzz", now(), &unknown_currency);
    assert_eq!(server.send(&odd).await.word, "recorded");
    assert_eq!(server.send(&odd).await.word, "duplicate");
    let future = event("evt_future", now(), &dispute("du_future", "in_arbitration", &[]));
    assert_eq!(server.send(&future).await.word, "recorded");

    let balance = ledger.trial_balance().await.unwrap();
    let zzz: i64 = balance.iter().filter(|line| line.currency == "zzz").map(|line| line.balance_minor).sum();
    assert!(balance.iter().any(|line| line.currency == "zzz" && line.balance_minor == -500));
    assert_eq!(zzz, 0);
    assert_eq!(ledger.events(Some("ignored"), None, 10).await.unwrap().len(), 1);
    let id = chargebook_domain::CauseId::parse("evt_unrelated").unwrap();
    assert!(ledger.bodies(&id).await.unwrap().is_empty(), "no body of what is ignored is kept");
    assert_eq!(server.stop().await, 0);
}
