//! The database is migrated by a newer version while an older one books.

use std::sync::Arc;

use chargebook_ledger_postgres::MIGRATOR;
use chargebook_tests::{
    Server, TEST_MODE, address_as, assert_same_books, in_order, number, run, scratch_folder, send_all, shuffled, told,
    with_orders,
};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqlSafeStr};

use crate::steady::{Balancer, Load};

/// What versions to come add: a column to each of these tables, with a default and without, and a table.
const NEWER: [&str; 5] = [
    "ALTER TABLE chargebook.disputes ADD COLUMN later text",
    "ALTER TABLE chargebook.source_events ADD COLUMN later bigint NOT NULL DEFAULT 7",
    "ALTER TABLE chargebook.movements ADD COLUMN later text NOT NULL DEFAULT ''",
    "ALTER TABLE chargebook.order_resolutions ADD COLUMN later text",
    "CREATE TABLE chargebook.later (account text PRIMARY KEY)",
];

/// The migrations of a newer version: those of this one and more.
fn newer() -> Migrator {
    let migration = |(version, sql): (i64, &str)| {
        let sql = AssertSqlSafe(format!("SET LOCAL lock_timeout = '2s'; {sql}")).into_sql_str();
        Migration::new(version, "later".into(), MigrationType::Simple, sql, false)
    };
    let more = (99_991_231_000_000..).zip(NEWER).map(migration);
    Migrator::with_migrations(MIGRATOR.iter().cloned().chain(more).collect())
}

async fn migrate_further(url: &str) {
    let mut owner = PgConnection::connect(&address_as("owner", url)).await.unwrap();
    newer().run(&mut owner).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_books_on_while_and_after_a_newer_version_migrates() {
    let stories = told(15);
    let (url, _) = with_orders(&stories).await;
    let old = Arc::new(Server::start(&url, &TEST_MODE).await);
    let balancer = Arc::new(Balancer::default());
    balancer.add(&old);
    let load = Load::start(&balancer, &shuffled(&stories));
    load.answered_more(20).await;
    migrate_further(&url).await;
    load.answered_more(20).await;

    let restarted = Arc::new(Server::start(&url, &TEST_MODE).await);
    balancer.add(&restarted);
    assert_eq!(restarted.get("/health/ready").await.status, 200, "the older version also starts on it");
    load.answered_more(20).await;
    load.finish().await;
    assert_eq!(number(&url, "SELECT count(*) FROM chargebook.source_events WHERE later <> 7").await, 0);
    let migrated = run(&scratch_folder(), &[("DATABASE_URL", &address_as("owner", &url))], &["migrate"]).await;
    assert_eq!(migrated.code, 0, "{}", migrated.err);
    assert!(migrated.out.contains("A newer Chargebook"), "{}", migrated.out);

    let (calm, _) = with_orders(&stories).await;
    migrate_further(&calm).await;
    send_all(&[Arc::new(Server::start(&calm, &TEST_MODE).await)], in_order(&stories), 4).await;
    assert_same_books(&url, &calm).await;
}
