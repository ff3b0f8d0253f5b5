//! Law 1: in whatever order, how often and in whatever batches everything comes, the books end the same. Law 7: each
//! cause is recorded once. Law 9: whole.

use std::collections::BTreeMap;

use chargebook_ledger_postgres::MIGRATOR;
use sqlx::PgPool;

use crate::books::Books;
use crate::case::{Case, body, cases};

#[sqlx::test(migrator = "MIGRATOR")]
async fn any_order_ends_in_the_same_books_as_in_memory(pool: PgPool) {
    for case in cases() {
        let zone = case.rules.time_zone;
        let ledger = case.play(&pool).await;
        let expected = Books::of_memory(&case.play_in_memory().await, zone);
        let ended = Books::of_database(&pool, &ledger, zone).await;
        assert_eq!(ended.facts, expected.facts, "case {}", case.number);
        assert_eq!(ended.standings, expected.standings, "case {}", case.number);
        assert_eq!(ended.moved, expected.moved, "case {}", case.number);
        assert_eq!(ended.resolved, expected.resolved, "case {}", case.number);
        assert_eq!(ended.for_orders, expected.for_orders, "case {}", case.number);
        assert_eq!(ended.discrepancies, expected.discrepancies, "case {}", case.number);
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn each_event_is_kept_once_with_its_exact_bytes(pool: PgPool) {
    for case in cases().map(Case::of_events) {
        case.play(&pool).await;
        let kept: Vec<(String, Vec<u8>)> = sqlx::query_as(
            "SELECT event_id, body FROM chargebook.source_events
             JOIN chargebook.source_event_bodies USING (account, event_id) WHERE disposition = 'recorded'",
        )
        .fetch_all(&pool)
        .await
        .unwrap();
        let expected: BTreeMap<_, _> =
            case.observations.iter().map(|seen| (seen.cause.to_string(), body(seen))).collect();
        assert_eq!(kept.len(), expected.len(), "case {}", case.number);
        assert_eq!(kept.into_iter().collect::<BTreeMap<_, _>>(), expected, "case {}", case.number);
        let events: i64 =
            sqlx::query_scalar("SELECT count(*) FROM chargebook.source_events").fetch_one(&pool).await.unwrap();
        assert_eq!(usize::try_from(events).unwrap(), expected.len(), "case {}", case.number);
    }
}
