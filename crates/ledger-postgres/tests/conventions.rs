//! By which convention disputes are begun, and since when.
#![expect(clippy::unwrap_used, reason = "what is not as expected should panic")]

use chargebook_domain::{BookRules, Convention, Observation};
use chargebook_ledger_postgres::reading::ConventionLine;
use chargebook_ledger_postgres::{MIGRATOR, OrderSource, PostgresLedger};
use chargebook_port_contracts::booking::book;
use chargebook_port_contracts::samples::{day, dispute_key, observation, withdrawal};
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;

const NOTES_IT: i64 = 20_261_126_000_001;

fn server(pool: &PgPool) -> PostgresLedger {
    PostgresLedger::new(pool.clone(), OrderSource::Table)
}

/// Begins a dispute on a day, by the convention that is set then.
async fn begin(server: &PostgresLedger, on: i64, convention: Convention, status: &str) {
    let (key, movements) = (dispute_key(&format!("du_{on}")), vec![withdrawal(&format!("txn_{on}"), day(on), 100, 0)]);
    let observed = Observation { key: key.clone(), movements, ..observation(&format!("evt_{on}"), status, day(on)) };
    let rules = BookRules { convention, ..BookRules::default() };
    book(server, &key, &[observed], rules, day(on)).await.unwrap();
}

fn line(convention: &str, since: i64, disputes: i64, open: i64) -> ConventionLine {
    ConventionLine { convention: convention.to_owned(), since: day(since), disputes, open }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn each_change_is_noted_with_the_first_dispute_that_it_begins(pool: PgPool) {
    let before = server(&pool);
    assert_eq!(before.conventions().await.unwrap(), []);
    let unmoved = Observation { key: dispute_key("du_0"), ..observation("evt_0", "needs_response", day(0)) };
    book(&before, &unmoved.key.clone(), &[unmoved], BookRules::default(), day(0)).await.unwrap();
    assert_eq!(before.conventions().await.unwrap(), [], "nothing is begun before its money moves");
    begin(&before, 1, Convention::Holding, "lost").await;
    begin(&before, 2, Convention::Holding, "needs_response").await;
    let after = server(&pool);
    begin(&after, 3, Convention::Contra, "needs_response").await;
    // A dispute that was begun keeps its own.
    let known = Observation { key: dispute_key("du_2"), ..observation("evt_5", "lost", day(5)) };
    let rules = BookRules { convention: Convention::Contra, ..BookRules::default() };
    book(&server(&pool), &known.key.clone(), &[known], rules, day(5)).await.unwrap();
    let noted = [line("contra", 3, 1, 1), line("holding", 1, 2, 0)];
    assert_eq!(after.conventions().await.unwrap(), noted);
    begin(&after, 6, Convention::Contra, "lost").await;
    // Another server was not started again yet.
    begin(&before, 7, Convention::Holding, "lost").await;
    let noted = [line("holding", 7, 3, 0), line("contra", 3, 2, 1), line("holding", 1, 3, 0)];
    assert_eq!(after.conventions().await.unwrap(), noted);
    // The clock of a server is behind: what is noted later is later all the same.
    begin(&after, 5, Convention::Contra, "lost").await;
    let now: Vec<_> = after.conventions().await.unwrap().into_iter().map(|line| line.convention).collect();
    assert_eq!(now, ["contra", "holding", "contra", "holding"]);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn books_from_before_it_was_noted_say_it_as_well(pool: PgPool) {
    // As the ledger connects: a role that is named like the schema would else look for its migrations there.
    let options = PgConnectOptions::clone(&pool.connect_options()).options([("search_path", "public")]);
    let pool = PgPool::connect_with(options).await.unwrap();
    for (on, convention) in [(1, Convention::Holding), (2, Convention::Holding), (3, Convention::Contra)] {
        begin(&server(&pool), on, convention, "lost").await;
    }
    let noted = server(&pool).conventions().await.unwrap();
    sqlx::query("DROP TABLE chargebook.convention_changes").execute(&pool).await.unwrap();
    sqlx::query("DELETE FROM _sqlx_migrations WHERE version = $1").bind(NOTES_IT).execute(&pool).await.unwrap();
    server(&pool).migrate().await.unwrap();
    assert_eq!(server(&pool).conventions().await.unwrap(), noted);
}
