//! A year of days and their mails by three processes at once, as it goes in memory too.

use async_trait::async_trait;
use chargebook_domain::Currency;
use chargebook_ledger_postgres::{MIGRATOR, OrderSource, PostgresLedger};
use chargebook_port_contracts::year::{Row, Stage, Year, live_through};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use sqlx::PgPool;

use crate::sealing::deltas_of;

/// Fewer facts than in memory, so that a year takes less than a minute.
const PACE: TimeDelta = TimeDelta::hours(24);

struct Database(PgPool);

#[async_trait]
impl Stage for Database {
    type Ledger = PostgresLedger;

    fn ledger(&self) -> PostgresLedger {
        PostgresLedger::new(self.0.clone(), OrderSource::Table)
    }

    /// What is past becomes longer ago. The guards are off for this transaction, which only a superuser can do.
    async fn let_time_pass(&self, by: TimeDelta) {
        let mut transaction = self.0.begin().await.unwrap();
        for sql in [
            "SET LOCAL session_replication_role = replica",
            "UPDATE chargebook.summary_deliveries SET claimed_until = claimed_until - make_interval(secs => $1)
             WHERE claimed_until IS NOT NULL",
            "UPDATE chargebook.summary_attempts SET ended_at = ended_at - make_interval(secs => $1),
                    looked_at = looked_at - make_interval(secs => $1) WHERE outcome = 'unknown'",
        ] {
            let query = sqlx::query(sql);
            let query = if sql.contains("$1") { query.bind(by.as_seconds_f64()) } else { query };
            query.execute(&mut *transaction).await.unwrap();
        }
        transaction.commit().await.unwrap();
    }

    async fn rows(&self) -> Vec<Row> {
        let rows: Vec<(DateTime<Utc>, Option<NaiveDate>, String, Vec<i64>)> = sqlx::query_as(
            "SELECT occurred_at, sealed_in, currency,
                    ARRAY[recovered_delta_minor, loss_delta_minor, fee_delta_minor, fx_delta_minor, pending_delta_minor,
                          suspense_delta_minor, net_delta_minor, closed_delta, won_delta, lost_delta]
             FROM chargebook.resolutions",
        )
        .fetch_all(&self.0)
        .await
        .unwrap();
        let row = |(occurred_at, sealed_in, code, deltas): (_, _, String, Vec<i64>)| Row {
            occurred_at,
            sealed_in,
            currency: Currency::parse(&code).unwrap(),
            deltas: deltas_of(&deltas),
        };
        rows.into_iter().map(row).collect()
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_year_in_new_york_has_every_day_once(pool: PgPool) {
    live_through(&Database(pool), &Year::in_zone(Tz::America__New_York, 1, PACE)).await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_year_in_berlin_has_every_day_once(pool: PgPool) {
    live_through(&Database(pool), &Year::in_zone(Tz::Europe__Berlin, 2, PACE)).await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_year_that_moves_to_tokyo_and_back_has_every_day_once(pool: PgPool) {
    let zones = vec![(0, Tz::America__New_York), (120, Tz::Asia__Tokyo), (240, Tz::America__New_York)];
    live_through(&Database(pool), &Year { zones, seed: 3, pace: PACE }).await;
}
