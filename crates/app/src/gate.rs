//! Lets nobody at a database before it was seen to be migrated, and to be for these books.
//!
//! A server starts although its database is away. So this is looked at when the database is first reached, and again
//! until it is right: a migration meanwhile is enough, no restart.

mod acting;
mod monitoring;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chargebook_domain::alerts::{AlertBounds, AlertKind, Wrong};
use chargebook_domain::ports::{
    Alerts, Answer, Claim, ClaimRequest, Completeness, CustomerStanding, Customers, Due, Entry, Found, Imported,
    Ingestion, Ledger, LedgerError, Link, Linked, LookTimes, Lookup, Mails, OrderBook, OutboxMessage, Overview, Period,
    ReadClaim, ReadQueue, Rehashed, Seal, Sealed, SendOutcome, Summaries, Sweep, SweepRequest, Sweeps,
};
use chargebook_domain::summary::DayBooks;
use chargebook_domain::{
    AccountId, CauseId, ChargeId, CustomerId, CustomerKey, DeliveryCount, DisputeId, DisputeKey, Movement, MovementId,
    OrderPayment, Stored,
};
use chargebook_ledger_postgres::{MigrationState, PostgresLedger};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use tracing::error;

use crate::telemetry::chain;
use crate::wiring::Purpose;

/// The ledger in Postgres, once it may be used.
pub(crate) struct Gate {
    ledger: PostgresLedger,
    purpose: Purpose,
    is_open: OnceLock<()>,
    was_told: AtomicBool,
}

/// Why the database can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Closed {
    /// It can't be asked.
    #[error(transparent)]
    Away(#[from] LedgerError),
    #[error("the database is not migrated ({missing} migrations are missing): run `chargebook migrate`")]
    NotMigrated { missing: usize },
    #[error("the database is a demo's: set database.url to one of your own")]
    OfADemo,
}

impl Gate {
    pub(crate) fn new(ledger: PostgresLedger, purpose: Purpose) -> Self {
        Self { ledger, purpose, is_open: OnceLock::new(), was_told: AtomicBool::new(false) }
    }

    /// Whether the database may be used.
    pub(crate) async fn check(&self) -> Result<(), Closed> {
        if let MigrationState::Behind { missing } = self.ledger.migration_state().await? {
            return Err(Closed::NotMigrated { missing });
        }
        if self.purpose == Purpose::Books && self.ledger.is_demo().await? {
            return Err(Closed::OfADemo);
        }
        Ok(())
    }

    async fn ledger(&self) -> Result<&PostgresLedger, LedgerError> {
        if self.is_open.get().is_some() {
            return Ok(&self.ledger);
        }
        match self.check().await {
            Ok(()) => {
                if self.is_open.set(()).is_ok() {
                    // Whoever came first neither waits for it nor ends it.
                    tokio::spawn(tell_missing_rights(self.ledger.clone()));
                }
                Ok(&self.ledger)
            }
            Err(Closed::Away(error)) => Err(error),
            Err(closed) => {
                if !self.was_told.swap(true, Ordering::Relaxed) {
                    error!(error = %closed, "the database was reached, and can't be used");
                }
                Err(LedgerError::Unavailable(Box::new(closed)))
            }
        }
    }
}

/// A table of a new version is the role's only once docs/role.sql was run again. What needs it fails until then.
async fn tell_missing_rights(ledger: PostgresLedger) {
    match ledger.missing_privileges().await {
        Ok(missing) if missing.is_empty() => {}
        Ok(missing) => {
            error!(missing = missing.join(", "), "the database's role lacks rights: run docs/role.sql again");
        }
        Err(error) => error!(error = chain(&error), "the rights of the database's role can't be looked at"),
    }
}

#[async_trait]
impl Ledger for Gate {
    async fn load(&self, lookups: &[Lookup]) -> Result<Vec<Stored>, LedgerError> {
        self.ledger().await?.load(lookups).await
    }

    async fn record(&self, batch: &[Entry], recorded_at: DateTime<Utc>) -> Result<Vec<Answer>, LedgerError> {
        self.ledger().await?.record(batch, recorded_at).await
    }
}

#[async_trait]
impl OrderBook for Gate {
    async fn import(&self, payments: &[OrderPayment]) -> Result<Imported, LedgerError> {
        self.ledger().await?.import(payments).await
    }

    async fn link(&self, link: &Link) -> Result<Linked, LedgerError> {
        self.ledger().await?.link(link).await
    }

    async fn due(&self, after: Option<DisputeKey>, limit: u32) -> Result<Vec<DisputeKey>, LedgerError> {
        self.ledger().await?.due(after, limit).await
    }
}

#[async_trait]
impl Summaries for Gate {
    async fn sealed(&self, zone: Tz) -> Result<Sealed, LedgerError> {
        self.ledger().await?.sealed(zone).await
    }

    async fn seal(&self, seal: &Seal) -> Result<bool, LedgerError> {
        self.ledger().await?.seal(seal).await
    }

    async fn books(&self, seal: &Seal, book: Option<AccountId>) -> Result<DayBooks, LedgerError> {
        self.ledger().await?.books(seal, book).await
    }

    async fn keep(&self, seal: &Seal, books: DayBooks) -> Result<DayBooks, LedgerError> {
        self.ledger().await?.keep(seal, books).await
    }

    async fn undelivered(
        &self,
        channels: &[String],
        mails: Mails,
        now: DateTime<Utc>,
    ) -> Result<Vec<Due>, LedgerError> {
        self.ledger().await?.undelivered(channels, mails, now).await
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Option<Claim>, LedgerError> {
        self.ledger().await?.claim(request).await
    }

    async fn settle(&self, claim: &Claim, outcome: &SendOutcome, now: DateTime<Utc>) -> Result<(), LedgerError> {
        self.ledger().await?.settle(claim, outcome, now).await
    }

    async fn in_doubt(&self, channel: &str, place: &str, times: &LookTimes) -> Result<Vec<Claim>, LedgerError> {
        self.ledger().await?.in_doubt(channel, place, times).await
    }

    async fn looked(&self, claim: &Claim, found: &Found) -> Result<(), LedgerError> {
        self.ledger().await?.looked(claim, found).await
    }
}

#[async_trait]
impl Alerts for Gate {
    async fn untold(&self, bounds: &AlertBounds) -> Result<Vec<Wrong>, LedgerError> {
        self.ledger().await?.untold(bounds).await
    }

    async fn tell(
        &self,
        kind: AlertKind,
        subjects: &[String],
        message: &OutboxMessage,
        now: DateTime<Utc>,
    ) -> Result<bool, LedgerError> {
        self.ledger().await?.tell(kind, subjects, message, now).await
    }
}

#[async_trait]
impl ReadQueue for Gate {
    async fn claim_reads(
        &self,
        now: DateTime<Utc>,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<ReadClaim>, LedgerError> {
        self.ledger().await?.claim_reads(now, lease, limit).await
    }

    async fn settle_read(&self, claim: &ReadClaim, next: Option<DateTime<Utc>>) -> Result<(), LedgerError> {
        self.ledger().await?.settle_read(claim, next).await
    }
}

#[async_trait]
impl Sweeps for Gate {
    async fn begin_sweep(&self, request: &SweepRequest) -> Result<Option<Sweep>, LedgerError> {
        self.ledger().await?.begin_sweep(request).await
    }

    async fn finish_sweep(&self, sweep: &Sweep, begun: DateTime<Utc>) -> Result<(), LedgerError> {
        self.ledger().await?.finish_sweep(sweep, begun).await
    }

    async fn whole(&self, account: &AccountId) -> Result<Option<Period>, LedgerError> {
        self.ledger().await?.whole(account).await
    }

    async fn note_whole(&self, account: &AccountId, period: Period) -> Result<(), LedgerError> {
        self.ledger().await?.note_whole(account, period).await
    }
}

#[async_trait]
impl Customers for Gate {
    async fn rehash(&self, key: CustomerKey, now: DateTime<Utc>) -> Result<Rehashed, LedgerError> {
        self.ledger().await?.rehash(key, now).await
    }
}

#[async_trait]
impl Overview for Gate {
    async fn standing(&self, customer: &CustomerId) -> Result<CustomerStanding, LedgerError> {
        self.ledger().await?.standing(customer).await
    }

    async fn ingestion(&self, now: DateTime<Utc>) -> Result<Ingestion, LedgerError> {
        self.ledger().await?.ingestion(now).await
    }

    async fn count_deliveries(&self, counts: &[DeliveryCount]) -> Result<(), LedgerError> {
        self.ledger().await?.count_deliveries(counts).await
    }
}

#[async_trait]
impl Completeness for Gate {
    async fn unknown_events(&self, account: &AccountId, events: &[CauseId]) -> Result<Vec<CauseId>, LedgerError> {
        self.ledger().await?.unknown_events(account, events).await
    }

    async fn unknown_movements(
        &self,
        account: &AccountId,
        movements: &[MovementId],
    ) -> Result<Vec<MovementId>, LedgerError> {
        self.ledger().await?.unknown_movements(account, movements).await
    }

    async fn disputes_of_charge(&self, account: &AccountId, charge: &ChargeId) -> Result<Vec<DisputeId>, LedgerError> {
        self.ledger().await?.disputes_of_charge(account, charge).await
    }

    async fn oldest_open(
        &self,
        account: &AccountId,
        unchanged_since: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, LedgerError> {
        self.ledger().await?.oldest_open(account, unchanged_since).await
    }

    async fn principal(&self, account: &AccountId, period: Period) -> Result<Vec<Movement>, LedgerError> {
        self.ledger().await?.principal(account, period).await
    }
}
