//! Laws 1, 2 and 7, whatever fails and whoever dies at whatever step: what was acknowledged is in the books, and once; in the
//! end they are those in memory of a run in which nothing went wrong. The mail of a day goes once at most.
//!
//! The domain's own tests try many more such schedules in memory; here is what only a database can get wrong.

use std::collections::BTreeSet;
use std::ops::Range;

use chargebook_domain::CauseId;
use chargebook_ledger_postgres::{MIGRATOR, OrderSource, PostgresLedger};
use chargebook_port_contracts::InMemoryLedger;
use chargebook_port_contracts::crashes::{Befell, Case, Faults, Schedule, run};
use sqlx::PgPool;

use crate::books::Books;
use crate::case::empty;

/// In how many orders each case happens.
const ORDERS: u64 = 5;

/// Every event with what became of it.
async fn dispositions(pool: &PgPool) -> Vec<(String, String)> {
    let sql = "SELECT event_id, disposition FROM chargebook.source_events";
    let mut dispositions: Vec<_> = sqlx::query_as(sql).fetch_all(pool).await.unwrap();
    dispositions.sort();
    dispositions
}

async fn count(pool: &PgPool, rows: &'static str) -> i64 {
    sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM ({rows}) r"))).fetch_one(pool).await.unwrap()
}

async fn assert_balanced(pool: &PgPool) {
    let unbalanced =
        "SELECT FROM chargebook.postings GROUP BY account, entry_id, currency HAVING sum(amount_minor) <> 0";
    assert_eq!(count(pool, unbalanced).await, 0);
}

/// Lets a schedule run on empty books, and checks all of it.
async fn holds(pool: &PgPool, case: &Case, undisturbed: &InMemoryLedger, schedule: Schedule) -> Befell {
    empty(pool).await;
    let ledger = PostgresLedger::new(pool.clone(), OrderSource::Table);
    let ran = run(&ledger, case, schedule, async |acknowledged| {
        let booked: BTreeSet<_> = dispositions(pool).await.into_iter().map(|(event, _)| event).collect();
        assert!(acknowledged.iter().all(|event| booked.contains(event.as_str())), "what is acknowledged is booked");
        assert_balanced(pool).await;
    })
    .await;
    let zone = case.rules.time_zone;
    assert_eq!(Books::of_database(pool, &ledger, zone).await, Books::of_memory(undisturbed, zone));
    let kept = undisturbed.causes().into_iter();
    let mut expected: Vec<_> =
        kept.map(|kept| (kept.cause.id.to_string(), kept.disposition.as_str().to_owned())).collect();
    expected.sort();
    assert_eq!(dispositions(pool).await, expected);
    assert!(expected.iter().map(|(event, _)| event.as_str()).eq(ran.acknowledged.keys().map(CauseId::as_str)));
    if case.has_days {
        assert_eq!(count(pool, "SELECT FROM chargebook.resolutions WHERE sealed_in IS NULL").await, 0);
        assert_eq!(count(pool, "SELECT FROM chargebook.journal_entries WHERE sealed_in IS NULL").await, 0);
    }
    ran.assert_answered();
    ran.assert_mailed(case);
    ran.befell
}

/// Some faults at any steps of these cases, in some orders each.
async fn any_faults(pool: &PgPool, cases: Range<u64>) {
    let mut all = Befell::default();
    for number in cases {
        let case = Case::of(number);
        let undisturbed = InMemoryLedger::default();
        case.book_in_order(&undisturbed).await;
        for order in 0..ORDERS {
            let schedule = Schedule { case: number, order, faults: Faults::Any };
            all += holds(pool, &case, &undisturbed, schedule).await;
        }
    }
    assert!([all.failed, all.crashed, all.stale].iter().all(|times| *times > 10), "something must go wrong: {all:?}");
}

/// Two hundred schedules, in parts that run beside each other.
mod some_faults_at_any_steps_leave_the_books_of_an_undisturbed_run {
    use super::{MIGRATOR, PgPool, any_faults};

    #[sqlx::test(migrator = "MIGRATOR")]
    async fn of_cases_from_0(pool: PgPool) {
        any_faults(&pool, 0..10).await;
    }

    #[sqlx::test(migrator = "MIGRATOR")]
    async fn of_cases_from_10(pool: PgPool) {
        any_faults(&pool, 10..20).await;
    }

    #[sqlx::test(migrator = "MIGRATOR")]
    async fn of_cases_from_20(pool: PgPool) {
        any_faults(&pool, 20..30).await;
    }

    #[sqlx::test(migrator = "MIGRATOR")]
    async fn of_cases_from_30(pool: PgPool) {
        any_faults(&pool, 30..40).await;
    }
}
