use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chargebook::serve::Ports;
use chargebook_domain::ports::MockDisputeSource;

use super::support::{HeldLedger, Running, app, app_with_workers, ledger, now, ports, receive, unavailable};

#[tokio::test]
async fn webhooks_are_counted_by_type_and_result() {
    let server = Running::start(app(Arc::new(ledger()))).await;
    for body in ["dispute evt_1", "dispute evt_2", "other evt_3", "garbled evt_4"] {
        assert_eq!(server.deliver(body).await.status, 200);
    }
    assert_eq!(server.deliver_signed(None, "dispute evt_5").await.status, 400);
    let scraped = server.get("/metrics").await.text;
    for line in [
        r#"chargebook_webhooks_total{event_type="charge.dispute.closed",result="recorded"} 2"#,
        r#"chargebook_webhooks_total{event_type="other",result="ignored"} 1"#,
        r#"chargebook_webhooks_total{event_type="charge.dispute.created",result="quarantined"} 1"#,
        r#"chargebook_webhooks_total{event_type="unknown",result="signature_missing"} 1"#,
        "chargebook_webhook_duration_seconds_count 5",
        "chargebook_batch_size_count 4",
        &format!("chargebook_last_event_timestamp_seconds {}", now().timestamp()),
        "chargebook_orphans 2",
        "chargebook_quarantined 3",
        "chargebook_unsealed 5",
        "chargebook_owed_reads 7",
        "# EOF",
    ] {
        assert!(scraped.lines().any(|scraped| scraped == line), "{line} is not in\n{scraped}");
    }
}

#[tokio::test]
async fn what_is_not_known_is_left_out() {
    for away in [true, false] {
        let count: Arc<chargebook::metrics::CountWaiting> = if away {
            Arc::new(|| Box::pin(async { Err(unavailable()) }))
        } else {
            Arc::new(|| Box::pin(std::future::pending()))
        };
        let mut app = app_with_workers(Ports { count_waiting: count, ..ports(Arc::new(ledger())) });
        app.workers.clear();
        app.limits.probe_within = Duration::from_millis(100);
        let scraped = Running::start(app).await.get("/metrics").await;
        assert_eq!(scraped.status, 200);
        assert!(!scraped.text.contains("chargebook_orphans"));
        assert!(!scraped.text.contains("chargebook_last_event_timestamp_seconds"));
    }
}

#[tokio::test]
async fn webhooks_that_arrive_while_a_batch_commits_form_the_next() {
    let held = HeldLedger::before(Arc::new(ledger()));
    let arrived = Arc::new(AtomicUsize::new(0));
    let mut source = MockDisputeSource::new();
    let count = Arc::clone(&arrived);
    source.expect_receive().returning(move |delivery| {
        count.fetch_add(1, Ordering::Relaxed);
        receive(delivery)
    });
    let mut app = app(held.clone());
    app.ports.source = Some(Arc::new(source));
    app.limits.writers = 1;
    let server = Running::start(app).await;
    let first = server.deliver_later("dispute evt_0");
    held.wait_for_batch().await;
    let next: Vec<_> = (1..=5).map(|id| server.deliver_later(&format!("dispute evt_{id}"))).collect();
    while arrived.load(Ordering::Relaxed) < 6 {
        tokio::task::yield_now().await;
    }
    held.may_go.add_permits(2);
    assert_eq!(first.await.unwrap().status, 200);
    for answer in next {
        assert_eq!(answer.await.unwrap().status, 200);
    }
    let scraped = server.get("/metrics").await.text;
    assert!(scraped.contains("chargebook_batch_size_sum 6.0"), "{scraped}");
    assert!(scraped.contains("chargebook_batch_size_count 2"), "{scraped}");
}
