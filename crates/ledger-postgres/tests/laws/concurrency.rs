//! Law 7: two processes that book the same stream at once, and a commit whose answer was lost.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use chargebook_domain::BookRules;
use chargebook_domain::ports::{Ledger, LedgerError, OrderBook};
use chargebook_domain::service::Receipt;
use chargebook_ledger_postgres::{MIGRATOR, OrderSource, PostgresLedger};
use chargebook_port_contracts::samples::day;
use chargebook_port_contracts::{FlakyLedger, RecordFault};
use futures_util::future::try_join;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use crate::books::Books;
use crate::case::{AFTER, Case, Happening, cases, empty, ingest, received};

/// How often a delivery is made again at most.
const DELIVERIES_MAX: usize = 20;

/// Delivers everything like a sender that repeats what was not acknowledged.
async fn deliver_all(case: &Case, ledger: PostgresLedger) -> Result<(), LedgerError> {
    let ingest = ingest(Arc::new(ledger.clone()), case.rules);
    for happening in &case.happenings {
        match happening {
            Happening::Deliver(batch) => {
                let batch = received(batch);
                let mut deliveries = 1;
                while let Err(error) = ingest.ingest(&batch, day(AFTER)).await {
                    if deliveries == DELIVERIES_MAX {
                        return Err(error);
                    }
                    deliveries += 1;
                }
            }
            Happening::Import(payment) => {
                ledger.import(std::slice::from_ref(payment)).await?;
            }
            Happening::Aside(_) | Happening::SealNextDay => {}
        }
    }
    Ok(())
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn two_processes_with_the_same_stream_end_in_the_books_of_one(pool: PgPool) {
    let other_pool = PgPoolOptions::new().connect_with((*pool.connect_options()).clone()).await.unwrap();
    for case in cases() {
        empty(&pool).await;
        let one = PostgresLedger::new(pool.clone(), OrderSource::Table);
        let other = PostgresLedger::new(other_pool.clone(), OrderSource::Table);
        try_join(deliver_all(&case, one.clone()), deliver_all(&case, other)).await.unwrap();
        // The payments came twice, and their last versions at any moment: once more, in order, and they are settled.
        for payment in &case.payments {
            one.import(std::slice::from_ref(payment)).await.unwrap();
        }
        case.sweep(one.clone()).await;
        let zone = case.rules.time_zone;
        let ended = Books::of_database(&pool, &one, zone).await;
        assert_eq!(ended, Books::of_memory(&case.play_in_memory().await, zone), "case {}", case.number);
    }
    other_pool.close().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_commit_whose_answer_was_lost_is_settled_by_delivering_again(pool: PgPool) {
    for case in cases().map(Case::of_events) {
        empty(&pool).await;
        let ledger = PostgresLedger::new(pool.clone(), OrderSource::Table);
        ledger.import(&[]).await.unwrap();
        for payment in &case.payments {
            ledger.import(std::slice::from_ref(payment)).await.unwrap();
        }
        for seen in &case.observations {
            let inner: Arc<dyn Ledger> = Arc::new(ledger.clone());
            let flaky = FlakyLedger::new(inner, [RecordFault::AnswerLost]);
            let ingest = ingest(Arc::new(flaky), case.rules);
            let delivery = received(std::slice::from_ref(seen));
            let lost = ingest.ingest(&delivery, day(AFTER)).await;
            assert!(matches!(lost, Err(LedgerError::Unavailable(_))), "{lost:?}");
            assert_eq!(ingest.ingest(&delivery, day(AFTER)).await.unwrap(), [Receipt::Duplicate]);
        }
        let zone = case.rules.time_zone;
        let ended = Books::of_database(&pool, &ledger, zone).await;
        assert_eq!(ended, Books::of_memory(&case.play_in_memory().await, zone), "case {}", case.number);
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn of_racing_deliveries_of_one_event_one_is_recorded(pool: PgPool) {
    let case = cases().next().unwrap();
    let delivery = received(&case.observations[..1]);
    let ledger = PostgresLedger::new(pool.clone(), OrderSource::Table);
    let racing = (0..8).map(|_| {
        let ingest = ingest(Arc::new(ledger.clone()), BookRules::default());
        let delivery = delivery.clone();
        async move { ingest.ingest(&delivery, day(AFTER)).await.unwrap().remove(0) }
    });
    let mut receipts = futures_util::future::join_all(racing).await;
    receipts.sort();
    assert_eq!(receipts[0], Receipt::Recorded);
    assert!(receipts[1..].iter().all(|receipt| *receipt == Receipt::Duplicate), "{receipts:?}");
}

/// Drops a future that is not ready after it was polled so often. It is polled when there is news for it.
async fn give_up_after(polls: usize, future: impl Future) {
    let mut future = Box::pin(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        future.as_mut().poll(context).map(drop)
    })
    .await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_record_that_is_given_up_at_any_point_leaves_no_transaction_behind(pool: PgPool) {
    let one = PgPoolOptions::new().max_connections(1).connect_with((*pool.connect_options()).clone()).await.unwrap();
    let case = cases().next().unwrap();
    let ledger = PostgresLedger::new(one.clone(), OrderSource::Table);
    let deliveries = received(&case.observations);
    // Several rounds: how much is ready at a poll depends on the machine.
    for polls in (0..5).flat_map(|_| 0..40) {
        let ingest = ingest(Arc::new(ledger.clone()), case.rules);
        give_up_after(polls, ingest.ingest(&deliveries, day(AFTER))).await;
        let written: i64 = sqlx::query_scalar("SELECT txid_current()").fetch_one(&one).await.unwrap();
        let status: Option<String> =
            sqlx::query_scalar("SELECT txid_status($1)").bind(written).fetch_one(&pool).await.unwrap();
        assert_eq!(status.as_deref(), Some("committed"), "given up after {polls} polls");
    }
    one.close().await;
}
