//! A connection that books.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use chargebook_domain::ports::LedgerError;
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres};
use tokio::time::error::Elapsed;

use crate::PostgresLedger;
use crate::error::ledger_error;

/// How long a batch may take. Longer than any of its statements may; it bounds what a connection can hold up over which
/// nothing comes any more.
pub(crate) const WITHIN: Duration = Duration::from_secs(40);

/// A connection that is closed when its work is given up on the way, as a request does that is cut off: back in the pool it
/// would be in the middle of something, and one over which nothing comes any more would keep its place there for good.
pub(crate) struct Booking {
    connection: PoolConnection<Postgres>,
    is_done: bool,
}

impl Drop for Booking {
    fn drop(&mut self) {
        if !self.is_done {
            self.connection.close_on_drop();
        }
    }
}

impl Deref for Booking {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Booking {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

impl PostgresLedger {
    /// A connection that books; what is done over it has [`WITHIN`], and its end is told by [`Booking::done`].
    pub(crate) async fn booking(&self) -> Result<Booking, LedgerError> {
        let connection = self.booking.acquire().await.map_err(ledger_error)?;
        Ok(Booking { connection, is_done: false })
    }
}

impl Booking {
    /// Gives the connection back, unless what was done took too long.
    pub(crate) fn done<T>(mut self, done: Result<Result<T, LedgerError>, Elapsed>) -> Result<T, LedgerError> {
        self.is_done = done.is_ok();
        done.unwrap_or_else(|elapsed| Err(LedgerError::Unavailable(elapsed.into())))
    }
}
