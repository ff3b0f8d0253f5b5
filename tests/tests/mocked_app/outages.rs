use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use chargebook_domain::Stored;
use chargebook_domain::ports::{Answer, Content, Entry, Ledger, LedgerError, Lookup, MockLedger};
use chrono::{DateTime, Utc};

use super::support::{HeldLedger, Running, SECRET, app, recorded, unavailable};

/// A ledger that records unless `trouble` says otherwise of a batch.
fn troubled(trouble: impl Fn(&[Entry]) -> Option<LedgerError> + Send + Sync + 'static) -> Arc<MockLedger> {
    let mut ledger = MockLedger::new();
    ledger.expect_load().returning(|lookups| Ok(vec![Stored::default(); lookups.len()]));
    ledger.expect_record().returning(move |batch, _| match trouble(batch) {
        Some(error) => Err(error),
        None => Ok(batch.iter().map(recorded).collect()),
    });
    Arc::new(ledger)
}

fn names(batch: &[Entry], id: &str) -> bool {
    batch.iter().flat_map(|entry| &entry.causes).any(|cause| cause.id.as_str() == id)
}

#[tokio::test]
async fn a_ledger_that_is_away_makes_503_and_comes_back_by_itself() {
    let away = Arc::new(AtomicBool::new(true));
    let is_away = Arc::clone(&away);
    let ledger = troubled(move |_| is_away.load(Ordering::Relaxed).then(unavailable));
    let server = Running::start(app(ledger)).await;
    for _ in 0..2 {
        let answer = server.deliver("dispute evt_1").await;
        assert_eq!(answer.short(), (503, "not_committed".to_owned()));
        assert_eq!(answer.retry_after.as_deref(), Some("1"));
        assert!(!answer.text.contains(SECRET));
    }
    let ready = server.get("/health/ready").await;
    assert_eq!(ready.short(), (503, "not_ready".to_owned()));
    assert!(!ready.text.contains(SECRET));
    assert_eq!(server.get("/health/live").await.status, 200);

    away.store(false, Ordering::Relaxed);
    assert_eq!(server.get("/health/ready").await.short(), (200, "ready".to_owned()));
    assert_eq!(server.deliver("dispute evt_1").await.short(), (200, "recorded".to_owned()));
}

#[tokio::test]
async fn content_that_the_ledger_refuses_is_quarantined() {
    let refuse = |batch: &[Entry]| {
        let changes = batch.iter().any(|entry| matches!(entry.content, Content::Change(_)));
        changes.then(|| LedgerError::Refused { reason: SECRET.to_owned() })
    };
    let server = Running::start(app(troubled(refuse))).await;
    assert_eq!(server.deliver("dispute evt_1").await.short(), (200, "quarantined".to_owned()));
}

/// A ledger with a mistake in its code.
struct Panicking(Arc<dyn Ledger>);

#[async_trait]
impl Ledger for Panicking {
    async fn load(&self, lookups: &[Lookup]) -> Result<Vec<Stored>, LedgerError> {
        self.0.load(lookups).await
    }

    async fn record(&self, batch: &[Entry], at: DateTime<Utc>) -> Result<Vec<Answer>, LedgerError> {
        assert!(!names(batch, "evt_2"), "this panic is part of the test");
        self.0.record(batch, at).await
    }
}

async fn check_that_only_evt_2_is_refused(ledger: Arc<dyn Ledger>) {
    let held = HeldLedger::before(ledger);
    let server = Running::start(app(held.clone())).await;
    let before = server.deliver_later("other evt_0");
    held.wait_for_batch().await;
    let together = ["other evt_1", "other evt_2", "other evt_3"].map(|body| server.deliver_later(body));
    held.may_go.add_permits(100);
    assert_eq!(before.await.unwrap().status, 200);
    let mut answers = Vec::new();
    for answer in together {
        let answer = answer.await.unwrap();
        assert!(!answer.text.contains(SECRET));
        answers.push(answer.status);
    }
    assert_eq!(answers, [200, 503, 200]);
}

#[tokio::test]
async fn what_can_not_be_booked_does_not_keep_back_what_came_with_it() {
    let corrupt = |batch: &[Entry]| names(batch, "evt_2").then(|| LedgerError::Corrupt { what: SECRET.to_owned() });
    check_that_only_evt_2_is_refused(troubled(corrupt)).await;
}

#[tokio::test]
async fn a_panic_ends_one_webhook_and_not_the_server() {
    check_that_only_evt_2_is_refused(Arc::new(Panicking(troubled(|_| None)))).await;
}
