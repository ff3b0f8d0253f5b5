#![doc = include_str!("../README.md")]

mod admin;
mod alerts;
mod aliases;
mod backfills;
mod booking;
mod books;
mod completeness;
mod customers;
mod error;
mod follow_ups;
mod ingestion;
mod load;
mod monitoring;
mod movements;
mod order_book;
mod order_source;
mod outbox;
mod periods;
mod read_queue;
pub mod reading;
mod record;
mod summaries;
mod sweeps;

use std::str::FromStr;
use std::time::Duration;

use chargebook_domain::CustomerKey;
use chargebook_domain::ports::LedgerError;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgConnection, PgPool, Postgres, Transaction};

use self::error::ledger_error;

pub use admin::{Gauges, MigrationState};
pub use movements::{KeptMovementLine, MovementFilter};
pub use order_source::{AmountUnit, InvalidViewName, MappingReport, OrderSource};

/// How long a statement may run. Longer than any but those of sealing, which set their own; it bounds what a stuck lock
/// can hold up.
const STATEMENT_TIMEOUT: &str = "30s";

/// How long a request waits for a connection before the database counts as away.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// The same for booking, whose connections are hardly ever all in use. What waits asks for a new one at intervals of up to a
/// fifth of this, so that webhooks are booked again soon after the database is back.
const BOOKING_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// How many of the connections only book. They are few since each has its own plans; and whatever the others are kept busy
/// with, webhooks do not wait for it.
const BOOKING_CONNECTIONS_MAX: u32 = 4;

/// How booking has its statements planned: once, and by nothing but keys. Planned for each batch they would cost a lone
/// webhook as much as all it writes; and planned once as usual, while tables are small, they would read whole tables
/// until somebody analyses these.
const BOOKING_PLANS: [(&str, &str); 5] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("jit", "off"),
];

/// The ledger in a PostgreSQL database. Clones share its connections.
#[derive(Clone, Debug)]
pub struct PostgresLedger {
    pool: PgPool,
    /// Of those that book.
    booking: PgPool,
    orders: OrderSource,
    customer_key: Option<CustomerKey>,
    follows_up: bool,
}

/// The address is not one of a PostgreSQL database. The text of the address is not repeated: it may hold a password.
#[derive(Debug, thiserror::Error)]
#[error("not the address of a PostgreSQL database; it looks like postgres://user:password@host:5432/database")]
pub struct InvalidUrl;

impl PostgresLedger {
    /// A ledger that connects when it is first used, and again whenever the database was away.
    ///
    /// # Errors
    /// [`InvalidUrl`].
    pub fn connect_lazy(url: &str, max_connections: u32, orders: OrderSource) -> Result<Self, InvalidUrl> {
        // sqlx takes any scheme.
        if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(InvalidUrl);
        }
        let options =
            PgConnectOptions::from_str(url).map_err(|_| InvalidUrl)?.application_name("chargebook").options([
                // The usual path begins with the schema named like the role. For a role called chargebook that is the
                // books' own, and sqlx would look there for its table of migrations as soon as it exists.
                ("search_path", "public"),
                // Statements are prepared once. Where that is before their tables have rows, the usual cost, which is that
                // of spinning disks, has them read whole tables ever after, or until the next ANALYZE.
                ("random_page_cost", "1.1"),
                ("statement_timeout", STATEMENT_TIMEOUT),
                ("lock_timeout", "10s"),
                ("idle_in_transaction_session_timeout", "60s"),
            ]);
        let pool = |connections, within| {
            PgPoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(within)
                // Slower than that is an error, which is told where it is met.
                .acquire_slow_threshold(within)
        };
        let for_booking = (max_connections / 2).min(BOOKING_CONNECTIONS_MAX);
        let others = max_connections.saturating_sub(for_booking);
        let others = pool(others, ACQUIRE_TIMEOUT).connect_lazy_with(options.clone());
        let ledger = Self::new(others, orders);
        if for_booking == 0 {
            return Ok(ledger);
        }
        // Whether a connection is still there is not asked first: whoever finds that it is not takes another.
        let booking = pool(for_booking, BOOKING_ACQUIRE_TIMEOUT).test_before_acquire(false);
        Ok(Self { booking: booking.connect_lazy_with(options.options(BOOKING_PLANS)), ..ledger })
    }

    /// A ledger over a pool that exists.
    #[must_use]
    pub fn new(pool: PgPool, orders: OrderSource) -> Self {
        Self { booking: pool.clone(), pool, orders, customer_key: None, follows_up: false }
    }

    /// Knows the customers of orders by this key.
    #[must_use]
    pub fn with_customers(self, key: CustomerKey) -> Self {
        Self { customer_key: Some(key), ..self }
    }

    /// Queues what changes owe to those who act on them. Without it nothing is queued, for nobody would work it.
    #[must_use]
    pub fn following_up(self) -> Self {
        Self { follows_up: true, ..self }
    }

    /// Begins a transaction, in a task of its own.
    ///
    /// Whoever waits may give up at any time, as a request does that is cut off. sqlx 0.9.0 forgets a transaction whose
    /// beginning is given up (its issue 4393): the connection would go back to the pool inside of it, and what others
    /// write there later would never be committed. In a task it begins, and then is rolled back.
    async fn begin(&self) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        let pool = self.pool.clone();
        let begun = tokio::spawn(async move { pool.begin().await });
        begun.await.unwrap_or_else(|_| Err(sqlx::Error::WorkerCrashed))
    }

    /// Closes all connections; those over which nothing comes any more are left to the system.
    pub async fn close(&self) {
        let closing = async { tokio::join!(self.pool.close(), self.booking.close()) };
        drop(tokio::time::timeout(ACQUIRE_TIMEOUT, closing).await);
    }
}

/// The migrations, in order. Those that are applied are never edited.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// One column of rows, for `UNNEST`.
fn column<'a, Row, Value>(rows: &'a [Row], of: impl Fn(&'a Row) -> Value) -> Vec<Value> {
    rows.iter().map(of).collect()
}

/// What was counted; a count is never negative.
fn count(rows: i64) -> u64 {
    u64::try_from(rows).unwrap_or_default()
}

/// Until when a claim of `now` holds.
fn lease_end(now: DateTime<Utc>, lease: Duration) -> DateTime<Utc> {
    let lease = TimeDelta::from_std(lease).unwrap_or(TimeDelta::MAX);
    now.checked_add_signed(lease).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Takes a lock that is held until the transaction ends.
pub(crate) async fn lock(transaction: &mut PgConnection, key: i64) -> Result<(), LedgerError> {
    sqlx::query!("SELECT pg_advisory_xact_lock($1)", key).execute(transaction).await.map_err(ledger_error)?;
    Ok(())
}
