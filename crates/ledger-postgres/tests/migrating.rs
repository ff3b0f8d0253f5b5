//! Migrations beside those who work on the tables.

use chargebook_ledger_postgres::{MIGRATOR, MigrationState, OrderSource, PostgresLedger};
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use tokio::join;
use tokio::task::yield_now;

/// The next one changes the table of disputes.
const BEFORE_DOUBLES: i64 = 20_261_122_000_007;

#[sqlx::test(migrations = false)]
async fn a_migration_that_waits_for_its_lock_lets_those_pass_who_wait_behind_it(pool: PgPool) {
    // As the ledger connects: a role that is named like the schema would else look for its migrations there.
    let options = PgConnectOptions::clone(&pool.connect_options()).options([("search_path", "public")]);
    let pool = PgPool::connect_with(options).await.unwrap();
    MIGRATOR.run_to(BEFORE_DOUBLES, &pool).await.unwrap();
    let mut report = pool.begin().await.unwrap();
    sqlx::query("SELECT FROM chargebook.disputes").execute(&mut *report).await.unwrap();

    let ledger = PostgresLedger::new(pool.clone(), OrderSource::Table);
    let waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))";
    let beside = async {
        while !sqlx::query_scalar::<_, bool>(waits).fetch_one(&pool).await.unwrap() {
            yield_now().await;
        }
        let mut booking = pool.begin().await.unwrap();
        sqlx::query("SET LOCAL lock_timeout = '10s'").execute(&mut *booking).await.unwrap();
        sqlx::query("UPDATE chargebook.disputes SET version = version").execute(&mut *booking).await.unwrap();
        booking.commit().await.unwrap();
        let state = ledger.migration_state().await.unwrap();
        assert!(matches!(state, MigrationState::Behind { .. }), "it has waited, and is tried again");
        report.commit().await.unwrap();
    };
    // It panics where it stands, for nobody else would ever see it wait.
    let migrating = async { ledger.migrate().await.unwrap() };
    join!(migrating, beside);
    assert_eq!(ledger.migration_state().await.unwrap(), MigrationState::UpToDate);
}
