//! Books with a row in every table.

use std::time::Duration;

use chargebook_domain::ports::{
    Backfills, ClaimRequest, Content, Entry, Ledger, Link, OrderBook, Period, Seal, Slice, Summaries, SweepKind,
    SweepRequest, Sweeps,
};
use chargebook_domain::{AccountId, BookRules, Observation};
use chargebook_ledger_postgres::{OrderSource, PostgresLedger};
use chargebook_port_contracts::booking::book;
use chargebook_port_contracts::samples::{
    cause, date, day, dispute_key, observation, order, payment, sample_key, withdrawal,
};
use chrono_tz::Tz;
use sqlx::postgres::PgDatabaseError;
use sqlx::{AssertSqlSafe, PgPool};

/// A lost dispute with an order that a person chose, a movement of the account tied to it, an event of each disposition, a
/// sealed day, a second dispute that is sealed by nobody, a third whose money was not seen, a sweep, and a backfill.
pub(crate) async fn books(pool: &PgPool) -> PostgresLedger {
    let ledger = PostgresLedger::new(pool.clone(), OrderSource::Table);
    ledger.import(&[payment("#1"), payment("#2")]).await.unwrap();
    let movements = vec![withdrawal("txn_1", day(1), 10_000, 1_500)];
    let lost = Observation { movements, ..observation("evt_1", "lost", day(1)) };
    book(&ledger, &sample_key(), &[lost], BookRules::default(), day(1)).await.unwrap();
    let link = Link {
        key: sample_key(),
        order: order("#1"),
        linked_by: "ana".to_owned(),
        reason: "the customer said so".to_owned(),
        linked_at: day(1),
    };
    ledger.link(&link).await.unwrap();
    let others = [
        Entry { causes: vec![cause("evt_q")], content: Content::Quarantined { reason: "not understood".to_owned() } },
        Entry { causes: vec![cause("evt_i")], content: Content::Ignored },
        Entry {
            causes: vec![cause("evt_m")],
            content: Content::AccountMovement(Box::new(withdrawal("txn_2", day(1), 0, 500)), None),
        },
    ];
    ledger.record(&others, day(1)).await.unwrap();
    let seal = Seal { date: date(1), zone: Tz::UTC, books_start: None, now: day(2) };
    assert!(ledger.seal(&seal).await.unwrap());
    let request = ClaimRequest {
        date: date(1),
        channel: "folder".to_owned(),
        now: day(2),
        lease: Duration::from_mins(1),
        again: false,
    };
    ledger.claim(&request).await.unwrap().unwrap();
    ledger.mark_demo().await.unwrap();
    let key = dispute_key("du_2");
    let movements = vec![withdrawal("txn_3", day(3), 4_000, 0)];
    let open = Observation { key: key.clone(), movements, ..observation("evt_2", "lost", day(3)) };
    book(&ledger, &key, &[open], BookRules::default(), day(3)).await.unwrap();
    let key = dispute_key("du_3");
    let unpaid = Observation { key: key.clone(), ..observation("evt_3", "lost", day(3)) };
    book(&ledger, &key, &[unpaid], BookRules::default(), day(3)).await.unwrap();
    ask(&ledger).await;
    run(
        pool,
        "INSERT INTO chargebook.movement_ties (account, movement_id, dispute_id, tied_by, tied_at, reason)
         VALUES ('default', 'txn_2', 'du_1', 'ana', now(), 'it is its fee')",
    )
    .await
    .unwrap();
    ledger
}

/// What is kept of asking the source.
async fn ask(ledger: &PostgresLedger) {
    let (account, lease) = (AccountId::own(), Duration::from_mins(1));
    let request = SweepRequest { account: account.clone(), kind: SweepKind::Gaps, now: day(3), every: lease, lease };
    ledger.begin_sweep(&request).await.unwrap().unwrap();
    let period = Period { from: day(1), until: day(3) };
    ledger.note_whole(&account, period).await.unwrap();
    let slice = Slice::of(account.clone(), period, period);
    ledger.open_backfill(&account, period.from, None, &[slice]).await.unwrap();
}

/// Runs a statement; answers how many rows it wrote.
pub(crate) async fn run(pool: &PgPool, sql: &str) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(AssertSqlSafe(sql.to_owned())).execute(pool).await?;
    Ok(done.rows_affected())
}

/// The SQLSTATE and the constraint by which a statement is refused.
///
/// The tests write as the owner of the tables, who is a superuser as well.
pub(crate) async fn refusal(pool: &PgPool, sql: &str) -> (String, String) {
    let error = match run(pool, sql).await {
        Ok(rows) => panic!("{sql} is not refused: {rows} rows"),
        Err(error) => error,
    };
    let error = error.as_database_error().unwrap().downcast_ref::<PgDatabaseError>();
    (error.code().to_owned(), error.constraint().unwrap_or_default().to_owned())
}
