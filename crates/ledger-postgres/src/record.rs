//! Records a batch in one transaction of four round trips: it begins with the lock that imports respect, writes how disputes
//! and events stand, then everything beside them, and commits.

mod attributions;
mod convention;
mod dispute;
mod following;
mod journal;
mod writes;

use std::collections::BTreeSet;

use async_trait::async_trait;
use chargebook_domain::ports::{Answer, Cause, Content, Entry, Ledger, LedgerError, Lookup};
use chargebook_domain::{AccountId, CauseId, Change, DisputeKey, Stored};
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Postgres, Row, Transaction};
use tokio::time::timeout;

pub(crate) use self::writes::Writes;
use crate::booking::WITHIN;
use crate::error::{corrupt, is_conflict, is_lost, ledger_error};
use crate::load::key;
use crate::order_book::ORDERS_LOCK;
use crate::{PostgresLedger, column, read_queue};

/// How often a transaction that met another one, or a connection that had ended, is made again.
pub(crate) const ATTEMPTS_MAX: usize = 5;

#[async_trait]
impl Ledger for PostgresLedger {
    async fn load(&self, lookups: &[Lookup]) -> Result<Vec<Stored>, LedgerError> {
        let mut attempts = 1;
        loop {
            match self.load_all(lookups).await {
                Err(error) if attempts < ATTEMPTS_MAX && is_lost(&error) => attempts += 1,
                loaded => return loaded,
            }
        }
    }

    /// Recording the same batch again is harmless, so that it may be done again wherever the answer is lost.
    #[tracing::instrument(name = "ledger.record", skip_all, fields(batch.size = batch.len()))]
    async fn record(&self, batch: &[Entry], recorded_at: DateTime<Utc>) -> Result<Vec<Answer>, LedgerError> {
        if batch.is_empty() {
            // Nothing to record is the question whether anything could be. Without the orders nothing can.
            self.orders.payments(&self.pool, &BTreeSet::new(), &BTreeSet::new(), &BTreeSet::new()).await?;
        }
        let mut attempts = 1;
        loop {
            match self.record_once(batch, recorded_at).await {
                Err(error) if attempts < ATTEMPTS_MAX && (is_conflict(&error) || is_lost(&error)) => attempts += 1,
                answered => return answered,
            }
        }
    }
}

/// What an entry changes of a dispute; nothing when every observation in it was known before.
fn written(entry: &Entry) -> Option<&Change> {
    match &entry.content {
        Content::Change(change) if change.has_news() || entry.causes.is_empty() => Some(change),
        Content::Change(_)
        | Content::AccountMovement(..)
        | Content::Adjustment(_)
        | Content::FraudWarning(_)
        | Content::Ignored
        | Content::Quarantined { .. } => None,
    }
}

type CauseKey = (AccountId, CauseId);

fn cause_key(cause: &Cause) -> CauseKey {
    (cause.account.clone(), cause.id.clone())
}

/// What the first statement of a batch got hold of.
#[derive(Default)]
struct Claimed {
    orders_version: i64,
    /// The last day of the books that is closed.
    closed_through: Option<NaiveDate>,
    disputes: BTreeSet<DisputeKey>,
    /// Events that were not known, or are healed from quarantine.
    causes: BTreeSet<CauseKey>,
}

impl Claimed {
    /// Whether the entry can be recorded as it was decided: from its dispute and from the orders as they are.
    fn has(&self, entry: &Entry) -> bool {
        written(entry)
            .is_none_or(|change| change.orders_version == self.orders_version && self.disputes.contains(&change.key))
    }

    fn is_new(&self, cause: &Cause) -> bool {
        self.causes.contains(&cause_key(cause))
    }
}

impl PostgresLedger {
    /// Also with an empty batch a transaction is committed: so readiness means that the database can commit.
    async fn record_once(&self, batch: &[Entry], recorded_at: DateTime<Utc>) -> Result<Vec<Answer>, LedgerError> {
        let mut booking = self.booking().await?;
        let recorded = timeout(WITHIN, self.record_over(&mut booking, batch, recorded_at)).await;
        booking.done(recorded)
    }

    /// What others have changed meanwhile is left out, in a transaction that begins anew.
    async fn record_over(
        &self,
        connection: &mut PgConnection,
        batch: &[Entry],
        recorded_at: DateTime<Utc>,
    ) -> Result<Vec<Answer>, LedgerError> {
        // Imports of orders wait from here on until the transaction ends.
        let begin = format!("BEGIN; SELECT pg_advisory_xact_lock_shared({ORDERS_LOCK})");
        let mut fresh: Vec<_> = batch.iter().collect();
        loop {
            let started = connection.begin_with(AssertSqlSafe(begin.clone())).await;
            let mut transaction = started.map_err(ledger_error)?;
            let claimed = self.claim(&mut transaction, &fresh).await?;
            let before = fresh.len();
            fresh.retain(|entry| claimed.has(entry));
            if fresh.len() == before {
                return self.write_beside(transaction, (batch, &fresh), &claimed, recorded_at).await;
            }
            transaction.rollback().await.map_err(ledger_error)?;
        }
    }

    /// Writes what belongs to the entries that are claimed, commits, and answers for all.
    async fn write_beside(
        &self,
        mut transaction: Transaction<'_, Postgres>,
        (batch, fresh): (&[Entry], &[&Entry]),
        claimed: &Claimed,
        recorded_at: DateTime<Utc>,
    ) -> Result<Vec<Answer>, LedgerError> {
        let changes: Vec<_> = fresh.iter().filter_map(|entry| written(entry)).collect();
        let is_new = |cause: &Cause| claimed.is_new(cause);
        let mut writes = Writes::default();
        bodies(&mut writes, fresh, is_new)?;
        dispute::history(&mut writes, &changes, recorded_at)?;
        journal::movements(&mut writes, &changes, fresh, is_new)?;
        journal::entries(&mut writes, (&changes, fresh), is_new, claimed.closed_through, recorded_at)?;
        attributions::write(&mut writes, &changes)?;
        convention::note(&mut writes, &changes, recorded_at)?;
        dispute::resolutions(&mut writes, &changes, recorded_at)?;
        dispute::discrepancies(&mut writes, &changes, recorded_at)?;
        dispute::order_resolutions(&mut writes, &changes)?;
        read_queue::owe(&mut writes, &changes, recorded_at)?;
        if let Some(key) = self.customer_key {
            following::customers(&mut writes, &changes, &key, recorded_at)?;
        }
        if self.follows_up {
            following::queue(&mut writes, &changes, recorded_at)?;
        }
        following::fraud_warnings(&mut writes, fresh, recorded_at)?;
        writes.run(&mut transaction, "").await?;
        let stale: Vec<_> = batch.iter().filter(|entry| !claimed.has(entry)).collect();
        let known = known_causes(&mut transaction, &stale).await?;
        transaction.commit().await.map_err(ledger_error)?;
        let answer = |entry: &Entry| {
            let known_before = entry.causes.iter().map(|cause| !claimed.is_new(cause)).collect();
            // What is stale because it was recorded before, such as by a commit whose answer was lost, is done.
            let is_known = |cause: &Cause| known.contains(&(cause.account.to_string(), cause.id.to_string()));
            let done = !entry.causes.is_empty() && entry.causes.iter().all(is_known);
            if claimed.has(entry) || done { Answer::Recorded { known_before } } else { Answer::Stale }
        };
        Ok(batch.iter().map(answer).collect())
    }

    /// Writes how disputes stand and which events came. What is recorded names customers by this ledger's key: where all
    /// were known by another, they are not any more.
    async fn claim(&self, connection: &mut PgConnection, entries: &[&Entry]) -> Result<Claimed, LedgerError> {
        let mut writes = Writes::default();
        let mut answers = Vec::new();
        let changes: Vec<_> = entries.iter().filter_map(|entry| written(entry)).collect();
        let of_account =
            |entry: &&Entry| matches!(entry.content, Content::AccountMovement(..) | Content::Adjustment(_));
        if !changes.is_empty() || entries.iter().any(of_account) {
            answers.push(
                "NULL, (SELECT max(closed_through)::text FROM chargebook.closed_periods), coalesce(max(version), 0)
                 FROM chargebook.order_book",
            );
        }
        if !changes.is_empty() {
            let key = writes.bind(self.customer_key.map(|key| key.id()))?;
            let others = format!("DELETE FROM chargebook.customer_keys WHERE key_id IS DISTINCT FROM {key}");
            writes.part("others", &others);
            dispute::take(&mut writes, &changes)?;
            answers.push("account, dispute_id, 0 FROM disputes");
        }
        if causes(&mut writes, entries)? {
            answers.push("account, event_id, NULL FROM source_events");
        }
        let rows = writes.run(connection, &answers.join(" UNION ALL SELECT ")).await?;
        let mut claimed = Claimed::default();
        for row in rows {
            let read = |place| row.try_get::<Option<&str>, _>(place).map_err(ledger_error);
            match (read(0)?, read(1)?, row.try_get(2).map_err(ledger_error)?) {
                (Some(account), Some(dispute), Some(_)) => {
                    claimed.disputes.insert(key(account, dispute)?);
                }
                (Some(account), Some(event), None) => {
                    let ids = (AccountId::parse(account), CauseId::parse(event));
                    let (Ok(account), Ok(event)) = ids else { return Err(corrupt("source_events", "event_id", event)) };
                    claimed.causes.insert((account, event));
                }
                (_, closed, version) => {
                    let bad = || corrupt("closed_periods", "closed_through", closed.unwrap_or_default());
                    claimed.closed_through = closed.map(|day| day.parse().map_err(|_| bad())).transpose()?;
                    claimed.orders_version = version.unwrap_or_default();
                }
            }
        }
        Ok(claimed)
    }
}

/// Writes the source events, and returns those that were not known, or are healed from quarantine; says whether there are
/// any.
fn causes(writes: &mut Writes, entries: &[&Entry]) -> Result<bool, LedgerError> {
    let mut rows: Vec<_> = entries
        .iter()
        .flat_map(|entry| {
            let (disposition, reason) = entry.content.disposition();
            entry.causes.iter().map(move |cause| (cause, disposition, reason))
        })
        .collect();
    rows.sort_by_key(|(cause, ..)| (&cause.account, &cause.id));
    writes
        .insert("source_events", &rows)
        .column("account", |(cause, ..)| cause.account.as_str())?
        .column("event_id", |(cause, ..)| cause.id.as_str())?
        .column("event_type", |(cause, ..)| cause.event_type.as_str())?
        .column("received_at", |(cause, ..)| cause.received_at)?
        .column("disposition", |(_, disposition, _)| disposition.as_str())?
        .column("reason", |(.., reason)| *reason)?
        .end(
            "ON CONFLICT (account, event_id) DO UPDATE SET disposition = 'recorded', reason = NULL
             WHERE t.disposition = 'quarantined' AND EXCLUDED.disposition = 'recorded'
             RETURNING account, event_id",
        );
    Ok(!rows.is_empty())
}

/// Keeps the bodies of events that are new.
fn bodies(writes: &mut Writes, entries: &[&Entry], is_new: impl Fn(&Cause) -> bool) -> Result<(), LedgerError> {
    let causes = entries.iter().flat_map(|entry| &entry.causes).filter(|cause| is_new(cause));
    let mut rows: Vec<_> = causes.filter_map(|cause| Some((cause, cause.body.as_deref()?))).collect();
    rows.sort_by_key(|(cause, _)| (&cause.account, &cause.id));
    writes
        .insert("source_event_bodies", &rows)
        .column("account", |(cause, _)| cause.account.as_str())?
        .column("event_id", |(cause, _)| cause.id.as_str())?
        .column("body", |(_, body)| *body)?
        .end("ON CONFLICT DO NOTHING");
    Ok(())
}

/// Which causes of these entries are recorded already.
async fn known_causes(
    connection: &mut PgConnection,
    entries: &[&Entry],
) -> Result<BTreeSet<(String, String)>, LedgerError> {
    let causes: Vec<_> = entries.iter().flat_map(|entry| &entry.causes).collect();
    if causes.is_empty() {
        return Ok(BTreeSet::new());
    }
    let rows = sqlx::query!(
        r#"SELECT e.account, e.event_id FROM chargebook.source_events e
           JOIN UNNEST($1::text[], $2::text[]) AS k(account, event_id) USING (account, event_id)
           WHERE e.disposition = 'recorded'"#,
        &column(&causes, |cause| cause.account.as_str()) as _,
        &column(&causes, |cause| cause.id.as_str()) as _
    )
    .fetch_all(connection)
    .await
    .map_err(ledger_error)?;
    Ok(rows.into_iter().map(|row| (row.account, row.event_id)).collect())
}
