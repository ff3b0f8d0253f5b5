//! What the operator asks: is it migrated, may we write, is it a demo's, how much waits.

use std::time::Duration;

use chargebook_domain::ports::LedgerError;
use chargebook_domain::{AccountId, ReadVolume};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;
use tokio::time::sleep;

use crate::error::ledger_error;
use crate::{MIGRATOR, MappingReport, PostgresLedger};

/// How the schema stands beside this program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MigrationState {
    /// It is what this program needs.
    UpToDate,
    /// Migrations are missing: run `chargebook migrate`.
    Behind {
        /// How many.
        missing: usize,
    },
    /// A newer program migrated it.
    Ahead,
}

/// What waits, for the metrics.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Gauges {
    /// Disputes without an order.
    pub orphans: i64,
    /// Events in quarantine.
    pub quarantined: i64,
    /// Resolution rows that no summary has sealed.
    pub unsealed: i64,
    /// Disputes that must be read again.
    pub owed_reads: i64,
}

/// Over how long the volume of reads is counted.
const VOLUME_OVER: TimeDelta = TimeDelta::days(30);

/// The tables, and what the server does with each. An UPDATE may be granted for single columns.
const WRITES: &[(&str, &str)] = &[
    ("source_events", "INSERT"),
    ("source_events", "UPDATE"),
    ("source_event_bodies", "INSERT"),
    ("disputes", "INSERT"),
    ("disputes", "UPDATE"),
    ("dispute_history", "INSERT"),
    ("discrepancies", "INSERT"),
    ("discrepancies", "DELETE"),
    ("movements", "INSERT"),
    ("movement_ties", "INSERT"),
    ("movement_ties", "UPDATE"),
    ("reclassifications", "INSERT"),
    ("closed_periods", "INSERT"),
    ("convention_changes", "INSERT"),
    ("deployment", "SELECT"),
    ("journal_entries", "INSERT"),
    ("journal_entries", "UPDATE"),
    ("postings", "INSERT"),
    ("resolutions", "INSERT"),
    ("resolutions", "UPDATE"),
    ("orders", "INSERT"),
    ("orders", "UPDATE"),
    ("order_counts", "INSERT"),
    ("order_counts", "DELETE"),
    ("order_book", "INSERT"),
    ("order_book", "UPDATE"),
    ("order_links", "INSERT"),
    ("order_resolutions", "INSERT"),
    ("order_resolutions", "UPDATE"),
    ("order_resolutions", "DELETE"),
    ("dispute_reads", "INSERT"),
    ("dispute_reads", "UPDATE"),
    ("dispute_reads", "DELETE"),
    ("sweeps", "INSERT"),
    ("sweeps", "UPDATE"),
    ("whole_stretches", "INSERT"),
    ("whole_stretches", "UPDATE"),
    ("backfill_slices", "INSERT"),
    ("backfill_slices", "UPDATE"),
    ("backfill_slices", "DELETE"),
    ("dispute_aliases", "INSERT"),
    ("fraud_warnings", "INSERT"),
    ("payment_counts", "INSERT"),
    ("monitor_alerts", "INSERT"),
    ("delivery_counts", "INSERT"),
    ("delivery_counts", "UPDATE"),
    ("customers", "INSERT"),
    ("customers", "UPDATE"),
    ("customer_keys", "INSERT"),
    ("customer_keys", "UPDATE"),
    ("customer_keys", "DELETE"),
    ("customer_scores", "INSERT"),
    ("customer_scores", "UPDATE"),
    ("customer_scores", "DELETE"),
    ("customer_decisions", "INSERT"),
    ("customer_tags", "INSERT"),
    ("customer_tags", "DELETE"),
    ("follow_ups", "INSERT"),
    ("follow_ups", "UPDATE"),
    ("follow_ups", "DELETE"),
    ("rule_log", "INSERT"),
    ("rule_log", "UPDATE"),
    ("outbox", "INSERT"),
    ("outbox", "UPDATE"),
    ("outbox", "DELETE"),
    ("summaries", "INSERT"),
    ("carried_balances", "INSERT"),
    ("carried_figures", "INSERT"),
    ("summary_deliveries", "INSERT"),
    ("summary_deliveries", "UPDATE"),
    ("alerts", "INSERT"),
    ("summary_contents", "INSERT"),
    ("summary_attempts", "INSERT"),
    ("summary_attempts", "UPDATE"),
];

/// Whoever wants a table waits behind a migration that waits for it, and a webhook is answered within 8 s.
const LOCK_WAIT: &str = "SET lock_timeout = '2s'";

/// How long those who waited behind it have, before a migration asks for its lock again.
const LOCK_PAUSE: Duration = Duration::from_secs(1);

/// How often it asks: about 3 minutes.
const LOCK_ATTEMPTS: u32 = 60;

impl PostgresLedger {
    /// Brings the schema up to date, while servers work on it: a migration that does not get its locks soon lets those pass
    /// who wait behind it, and is tried again for some minutes.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`], also when the role may not create tables, or some transaction keeps a table for too
    /// long. What was applied until then stays, and the next call goes on.
    pub async fn migrate(&self) -> Result<(), LedgerError> {
        let mut connection = self.pool.acquire().await.map_err(ledger_error)?;
        // A migration of large tables takes the time it takes. The connection is closed, as no other may do so.
        sqlx::query("SET statement_timeout = 0").execute(&mut *connection).await.map_err(ledger_error)?;
        sqlx::query(LOCK_WAIT).execute(&mut *connection).await.map_err(ledger_error)?;
        let mut migrated = MIGRATOR.run(&mut *connection).await;
        for _ in 1..LOCK_ATTEMPTS {
            if !migrated.as_ref().is_err_and(lacked_a_lock) {
                break;
            }
            sleep(LOCK_PAUSE).await;
            migrated = MIGRATOR.run(&mut *connection).await;
        }
        drop(connection.close().await);
        migrated.map_err(|error| match error {
            MigrateError::Execute(error) => ledger_error(error),
            other => LedgerError::Unavailable(Box::new(other)),
        })
    }

    /// How the schema stands beside this program.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn migration_state(&self) -> Result<MigrationState, LedgerError> {
        let table: Option<String> = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations')::text")
            .fetch_one(&self.pool)
            .await
            .map_err(ledger_error)?;
        let known: Vec<_> = MIGRATOR.iter().map(|migration| migration.version).collect();
        let applied: Vec<i64> = match table {
            None => Vec::new(),
            Some(_) => sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success")
                .fetch_all(&self.pool)
                .await
                .map_err(ledger_error)?,
        };
        let missing = known.iter().filter(|version| !applied.contains(version)).count();
        Ok(if missing > 0 {
            MigrationState::Behind { missing }
        } else if applied.iter().any(|version| !known.contains(version)) {
            MigrationState::Ahead
        } else {
            MigrationState::UpToDate
        })
    }

    /// Whether the database is marked as a demo's.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn is_demo(&self) -> Result<bool, LedgerError> {
        sqlx::query_scalar!(r#"SELECT EXISTS (SELECT FROM chargebook.deployment WHERE purpose = 'demo') AS "demo!""#)
            .fetch_one(&self.pool)
            .await
            .map_err(ledger_error)
    }

    /// Marks the database as a demo's, for ever.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn mark_demo(&self) -> Result<(), LedgerError> {
        sqlx::query!("INSERT INTO chargebook.deployment (purpose) VALUES ('demo') ON CONFLICT DO NOTHING")
            .execute(&self.pool)
            .await
            .map_err(ledger_error)?;
        Ok(())
    }

    /// What waits.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn gauges(&self) -> Result<Gauges, LedgerError> {
        sqlx::query_as!(
            Gauges,
            r#"SELECT (SELECT count(*) FROM chargebook.disputes
                       WHERE order_match = 'orphan' AND same_as_dispute_id IS NULL) AS "orphans!",
                      (SELECT count(*) FROM chargebook.source_events WHERE disposition = 'quarantined') AS "quarantined!",
                      (SELECT count(*) FROM chargebook.resolutions WHERE sealed_in IS NULL) AS "unsealed!",
                      (SELECT count(*) FROM chargebook.dispute_reads) AS "owed_reads!""#
        )
        .fetch_one(&self.pool)
        .await
        .map_err(ledger_error)
    }

    /// What there is to ask the source for.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn read_volume(&self, account: &AccountId, now: DateTime<Utc>) -> Result<ReadVolume, LedgerError> {
        let row = sqlx::query!(
            r#"SELECT (SELECT count(*) FROM chargebook.source_events
                       WHERE account = $1 AND received_at > $2 AND event_type LIKE 'charge.dispute.%') AS "events!",
                      (SELECT count(*) FROM chargebook.movements WHERE account = $1 AND occurred_at > $2
                       AND category IN ('withdrawal', 'reinstatement')) AS "movements!",
                      (SELECT count(*) FROM chargebook.disputes d WHERE account = $1 AND (order_match = 'orphan' OR $3)
                       AND NOT EXISTS (SELECT FROM chargebook.dispute_history h WHERE h.account = d.account
                           AND h.dispute_id = d.dispute_id AND h.recorded_at <= $2)) AS "read_once!",
                      (SELECT count(*) FROM chargebook.disputes WHERE account = $1 AND opened_at >= (
                           SELECT min(opened_at) FROM chargebook.disputes WHERE account = $1 AND closed_at IS NULL)
                      ) AS "since_oldest_open!",
                      (SELECT count(*) FROM chargebook.disputes d WHERE account = $1 AND (bucket = 'recovery_pending'
                       OR EXISTS (SELECT FROM chargebook.discrepancies o WHERE o.account = d.account
                           AND o.dispute_id = d.dispute_id AND o.kind = 'no_withdrawal_seen'))) AS "waiting_for_money!""#,
            account.as_str(),
            now.checked_sub_signed(VOLUME_OVER).unwrap_or(now),
            self.customer_key.is_some()
        )
        .fetch_one(&self.pool)
        .await
        .map_err(ledger_error)?;
        let count = |rows: i64| u64::try_from(rows).unwrap_or_default();
        Ok(ReadVolume {
            events: count(row.events),
            movements: count(row.movements),
            read_once: count(row.read_once),
            since_oldest_open: count(row.since_oldest_open),
            waiting_for_money: count(row.waiting_for_money),
        })
    }

    /// The database's clock.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn database_now(&self) -> Result<DateTime<Utc>, LedgerError> {
        sqlx::query_scalar!(r#"SELECT clock_timestamp() AS "now!""#).fetch_one(&self.pool).await.map_err(ledger_error)
    }

    /// What the role may not do and the server needs, such as `INSERT on chargebook.postings`.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn missing_privileges(&self) -> Result<Vec<String>, LedgerError> {
        let (tables, privileges): (Vec<_>, Vec<_>) = WRITES.iter().copied().unzip();
        sqlx::query_scalar!(
            r#"SELECT w.privilege || ' on chargebook.' || w.name AS "missing!"
               FROM (SELECT * FROM UNNEST($1::text[], $2::text[]) AS u(name, privilege)
                     UNION SELECT DISTINCT name, 'SELECT' FROM UNNEST($1::text[]) AS s(name)) w
               WHERE NOT CASE WHEN w.privilege = 'UPDATE'
                              THEN has_any_column_privilege('chargebook.' || w.name, 'UPDATE')
                              ELSE has_table_privilege('chargebook.' || w.name, w.privilege) END ORDER BY 1"#,
            &tables as _,
            &privileges as _
        )
        .fetch_all(&self.pool)
        .await
        .map_err(ledger_error)
    }

    /// Looks at the orders as the mapping shows them.
    ///
    /// # Errors
    /// [`LedgerError`]; [`LedgerError::Unavailable`] when the view or one of its columns is missing.
    pub async fn check_orders(&self) -> Result<MappingReport, LedgerError> {
        self.orders.check(&self.pool).await
    }
}

/// Whether a migration did not get a lock, its own or that of a table: it timed out, or was chosen to end a deadlock.
fn lacked_a_lock(error: &MigrateError) -> bool {
    let (MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) = error else { return false };
    error.as_database_error().and_then(DatabaseError::code).is_some_and(|code| ["55P03", "40P01"].contains(&&*code))
}
