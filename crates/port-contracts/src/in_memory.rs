//! The reference implementation of the ledger ports: plain data behind a mutex, each rule written once and plainly.

mod alerts;
mod aliases;
mod attributions;
mod backfills;
mod completeness;
mod customers;
mod day_books;
mod follow_ups;
mod monitoring;
mod order_book;
mod outbox;
mod periods;
mod read_queue;
mod received;
mod rows;
mod summaries;
mod sweeps;
mod writes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chargebook_domain::alerts::AlertKind;
use chargebook_domain::monitor::{AlertKey, TypedCount};
use chargebook_domain::ports::{
    Alias, Answer, Closing, DayMail, Entry, Ledger, LedgerError, Link, LoggedRule, Lookup, Period, Slice, SweepKind,
    Version,
};
use chargebook_domain::rules::RuleName;
use chargebook_domain::summary::DayBooks;
use chargebook_domain::{
    AccountId, CauseId, CustomerId, CustomerKey, DisputeKey, Facts, FraudWarning, Movement, MovementId, OrderMatch,
    OrderPayment, OrderRef, Stored, WarningId,
};
use chrono::{DateTime, NaiveDate, Utc};

use self::attributions::KeptTie;
use self::follow_ups::{KeptCustomer, QueuedFollowUp};
use self::outbox::QueuedMessage;
use self::read_queue::QueuedRead;
pub use self::rows::{KeptCause, KeptDispute, KeptEntry, KeptResolution, KeptRule};
use self::summaries::Delivery;
use self::sweeps::KeptSweep;

/// A ledger in memory. Clones share what is kept.
#[derive(Clone, Debug, Default)]
pub struct InMemoryLedger {
    state: Arc<Mutex<State>>,
}

#[derive(Clone, Debug, Default)]
struct State {
    causes: BTreeMap<(AccountId, CauseId), KeptCause>,
    disputes: BTreeMap<DisputeKey, KeptDispute>,
    movements: BTreeMap<(AccountId, MovementId), Movement>,
    entries: Vec<KeptEntry>,
    resolutions: Vec<KeptResolution>,
    payments: BTreeMap<(OrderRef, String), OrderPayment>,
    /// The customer of a payment, as it was hashed last.
    hashes: BTreeMap<(OrderRef, String), CustomerId>,
    orders_version: i64,
    links: Vec<Link>,
    ties: BTreeMap<(AccountId, MovementId), KeptTie>,
    aliases: Vec<Alias>,
    fraud_warnings: BTreeMap<(AccountId, WarningId), FraudWarning>,
    closings: Vec<Closing>,
    /// When each was sealed.
    sealed_days: BTreeMap<NaiveDate, DateTime<Utc>>,
    deliveries: BTreeMap<(DayMail, String), Delivery>,
    /// What each sealed day was kept as, for all books and for one.
    contents: BTreeMap<(NaiveDate, Option<AccountId>), Arc<DayBooks>>,
    /// What somebody was told of.
    told: BTreeSet<(AlertKind, String)>,
    /// The latest time that anybody told.
    clock: DateTime<Utc>,
    reads: BTreeMap<DisputeKey, QueuedRead>,
    sweeps: BTreeMap<(AccountId, SweepKind), KeptSweep>,
    whole: BTreeMap<AccountId, Period>,
    backfills: BTreeMap<(AccountId, Period), Vec<Slice>>,
    customer_key: Option<CustomerKey>,
    customers: BTreeMap<CustomerId, KeptCustomer>,
    follow_ups: BTreeMap<(DisputeKey, Version), QueuedFollowUp>,
    rule_log: BTreeMap<(String, RuleName), KeptRule>,
    outbox: BTreeMap<String, QueuedMessage>,
    typed_counts: Vec<TypedCount>,
    alerts: BTreeMap<AlertKey, Vec<LoggedRule>>,
}

impl InMemoryLedger {
    /// The source events that are kept.
    #[must_use]
    pub fn causes(&self) -> Vec<KeptCause> {
        self.state().causes.values().cloned().collect()
    }

    /// The disputes, by key.
    #[must_use]
    pub fn disputes(&self) -> BTreeMap<DisputeKey, KeptDispute> {
        self.state().disputes.clone()
    }

    /// The journal, in the order in which it was written.
    #[must_use]
    pub fn entries(&self) -> Vec<KeptEntry> {
        self.state().entries.clone()
    }

    /// The resolution rows, in the order in which they were written.
    #[must_use]
    pub fn resolutions(&self) -> Vec<KeptResolution> {
        self.state().resolutions.clone()
    }

    /// The early fraud warnings, by book and id.
    #[must_use]
    pub fn fraud_warnings(&self) -> BTreeMap<(AccountId, WarningId), FraudWarning> {
        self.state().fraud_warnings.clone()
    }

    /// The rules that were looked at, by follow-up and name.
    #[must_use]
    pub fn rule_log(&self) -> Vec<KeptRule> {
        self.state().rule_log.values().cloned().collect()
    }

    /// Knows the customers of orders by this key.
    #[must_use]
    pub fn with_customers(self, key: CustomerKey) -> Self {
        self.state().customer_key = Some(key);
        self
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Ledger for InMemoryLedger {
    async fn load(&self, lookups: &[Lookup]) -> Result<Vec<Stored>, LedgerError> {
        let state = self.state();
        Ok(lookups.iter().map(|lookup| state.load(lookup)).collect())
    }

    async fn record(&self, batch: &[Entry], recorded_at: DateTime<Utc>) -> Result<Vec<Answer>, LedgerError> {
        let mut state = self.state();
        let mut after = state.clone();
        let answers = batch.iter().map(|entry| after.record(entry, recorded_at)).collect::<Result<_, _>>()?;
        *state = after;
        Ok(answers)
    }
}

impl State {
    fn load(&self, lookup: &Lookup) -> Stored {
        let kept = self.disputes.get(&lookup.key);
        let linked = self.linked(&lookup.key).cloned();
        let unknown = Facts::default();
        let payments = self.candidates(kept.map_or(&unknown, |kept| &kept.facts), linked.as_ref(), Some(lookup));
        let orders_version = self.orders_version;
        let same_as = self.same_as(&lookup.key).cloned();
        let twin = self.twin(&lookup.key);
        let Some(kept) = kept else {
            return Stored { orders_version, payments, linked, same_as, twin, ..Stored::default() };
        };
        let resolutions: Vec<_> = self.resolutions.iter().filter(|row| row.key == lookup.key).collect();
        let close_outs: Vec<_> = self.entries.iter().filter(|kept| kept.is_close_out_of(&lookup.key)).collect();
        Stored {
            version: kept.version,
            facts: kept.facts.clone(),
            convention: kept.dispute.convention,
            close_outs: rows::sum_close_outs(&close_outs),
            close_out_count: u32::try_from(close_outs.len()).unwrap(),
            next_revision: resolutions.iter().map(|row| row.resolution.revision + 1).max().unwrap_or(0),
            outcomes: resolutions.iter().map(|row| (row.resolution.occurred_at, row.resolution.outcome)).collect(),
            resolutions: rows::sum_resolutions(&resolutions),
            orders_version,
            payments,
            linked,
            was_matched: matches!(kept.dispute.order_match, OrderMatch::Matched { .. }),
            customer: kept.dispute.customer.clone(),
            same_as,
            is_reversed: kept.dispute.same_as.is_some(),
            twin,
        }
    }
}
