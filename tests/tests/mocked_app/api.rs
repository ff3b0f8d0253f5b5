use std::sync::{Arc, Mutex};

use chargebook::limits::Limits;
use chargebook::serve::{App, Ports};
use chargebook_domain::DeliveryCount;
use chargebook_domain::ports::{CustomerStanding, Ingestion, MockOverview};
use tokio::time::timeout;

use super::support::{Answer, Running, SECRET, app, app_with_workers, ledger, overview, ports, unavailable};

const TOKEN: &str = "0123456789abcdef";

fn decision(of: &str) -> String {
    format!("/api/v1/customers/{of}/decision")
}

fn customer() -> String {
    "0a".repeat(32)
}

/// A server that has a token and this overview.
async fn server(overview: MockOverview) -> Running {
    let ports = Ports { overview: Arc::new(overview), ..ports(Arc::new(ledger())) };
    let app = App { workers: Vec::new(), api_tokens: vec![TOKEN.into()], ..app_with_workers(ports) };
    Running::start(app).await
}

async fn ask(server: &Running, path: &str) -> Answer {
    server.get_as(path, &format!("Bearer {TOKEN}")).await
}

#[tokio::test]
async fn nothing_below_the_api_is_told_without_a_token() {
    let server = server(overview()).await;
    for path in [decision(&customer()).as_str(), "/api/v1/health/ingestion", "/api/v1", "/api/v1/nothing"] {
        assert_eq!(server.get(path).await.short(), (401, "api_token_missing".into()), "{path}");
        let wrong = server.get_as(path, "Bearer 0123456789abcdeX").await;
        assert_eq!(wrong.short(), (401, "api_token_invalid".into()), "{path}");
        assert!(!wrong.text.contains("0123456789"), "{}", wrong.text);
    }
    assert_eq!(ask(&server, "/api/v1/nothing").await.short(), (404, "not_found".into()));
    assert_eq!(server.get("/health/live").await.status, 200);

    let closed = Running::start(app(Arc::new(ledger()))).await;
    let answer = ask(&closed, "/api/v1/health/ingestion").await;
    assert_eq!(answer.short(), (401, "api_tokens_not_set".into()));
    assert!(answer.text.contains("http.api_tokens"), "{}", answer.text);
}

#[tokio::test]
async fn a_checkout_is_told_how_a_customer_stands() {
    let mut overview = MockOverview::new();
    overview.expect_standing().times(1).returning(|_| Ok(CustomerStanding::default()));
    let server = server(overview).await;
    let answer = ask(&server, &decision(&customer())).await;
    let expected = serde_json::json!({
        "customer": customer(), "known": false, "blocked": false, "since": null, "reason": null, "score": null
    });
    assert_eq!((answer.status, answer.json()), (200, expected));
    for bad in ["jo@example.com", &"0A".repeat(32), "%FF", "0a"] {
        let answer = ask(&server, &decision(bad)).await;
        assert_eq!(answer.short(), (400, "customer_invalid".into()), "{bad}");
        assert!(!answer.text.contains("example"), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_told_with_when_to_ask_again() {
    let mut overview = MockOverview::new();
    overview.expect_standing().returning(|_| Err(unavailable()));
    overview.expect_ingestion().returning(|_| Err(unavailable()));
    let server = server(overview).await;
    for path in [decision(&customer()).as_str(), "/api/v1/health/ingestion"] {
        let answer = ask(&server, path).await;
        assert_eq!(answer.short(), (503, "database_away".into()), "{path}");
        assert!(answer.retry_after.is_some() && !answer.text.contains(SECRET), "{answer:?}");
    }
}

#[tokio::test]
async fn every_source_that_is_expected_has_a_light() {
    let mut overview = MockOverview::new();
    overview.expect_ingestion().returning(|_| Ok(Ingestion::default()));
    let server = server(overview).await;
    let document = ask(&server, "/api/v1/health/ingestion").await.json();
    assert_eq!((&document["light"], &document["sources"][0]["source"]), (&"yellow".into(), &"stripe".into()));
    assert!(document["sources"][0]["remedy"].as_str().unwrap().contains("endpoint"), "{document}");
}

#[tokio::test]
async fn how_deliveries_were_answered_is_kept_when_the_server_stops() {
    let kept = Arc::new(Mutex::new(Vec::<DeliveryCount>::new()));
    let keep = Arc::clone(&kept);
    let mut overview = MockOverview::new();
    overview.expect_count_deliveries().returning(move |counts| {
        keep.lock().unwrap().extend_from_slice(counts);
        Ok(())
    });
    let server = server(overview).await;
    for body in ["dispute evt_1", "dispute evt_2", "dispute evt_again", "other evt_3", "garbled evt_4"] {
        assert_eq!(server.deliver(body).await.status, 200);
    }
    assert_eq!(server.deliver_signed(None, "dispute evt_5").await.status, 400);
    assert_eq!(server.deliver_signed(Some("bad"), "dispute evt_5").await.status, 400);
    assert_eq!(server.deliver(vec![b'x'; (1 << 20) + 1]).await.status, 413);
    timeout(Limits::default().finish_within, server.stop()).await.unwrap().unwrap().unwrap();
    let kept = kept.lock().unwrap();
    let counts: Vec<_> = kept.iter().map(|count| (count.answer.as_str(), count.deliveries)).collect();
    let expected = [
        ("body_too_large", 1),
        ("duplicate", 1),
        ("ignored", 1),
        ("quarantined", 1),
        ("recorded", 2),
        ("signature_invalid", 1),
        ("signature_missing", 1),
    ];
    assert_eq!(counts, expected);
    assert!(kept.iter().all(|count| count.source == "stripe" && count.day == count.last_at.date_naive()));
}
