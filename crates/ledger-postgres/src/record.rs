//! Records a batch: one transaction, one statement a table, rows in key order.

mod dispute;
mod following;
mod journal;

use std::collections::BTreeSet;

use async_trait::async_trait;
use chargebook_domain::ports::{Answer, Cause, Content, Disposition, Entry, Ledger, LedgerError, Lookup};
use chargebook_domain::{AccountId, CauseId, Change, CustomerKey, DisputeKey, Stored};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::error::{is_conflict, ledger_error};
use crate::order_book::ORDERS_LOCK;
use crate::{PostgresLedger, column, read_queue};

/// How often a transaction that met another one is made again.
pub(crate) const ATTEMPTS_MAX: usize = 5;

#[async_trait]
impl Ledger for PostgresLedger {
    async fn load(&self, lookups: &[Lookup]) -> Result<Vec<Stored>, LedgerError> {
        self.load_all(lookups).await
    }

    #[tracing::instrument(name = "ledger.record", skip_all, fields(batch.size = batch.len()))]
    async fn record(&self, batch: &[Entry], recorded_at: DateTime<Utc>) -> Result<Vec<Answer>, LedgerError> {
        if batch.is_empty() {
            // Nothing to record is the question whether anything could be. Without the orders nothing can.
            self.orders.payments(&self.pool, &BTreeSet::new(), &BTreeSet::new(), &BTreeSet::new()).await?;
        }
        let mut attempts = 1;
        loop {
            match self.record_once(batch, recorded_at).await {
                Err(error) if attempts < ATTEMPTS_MAX && is_conflict(&error) => attempts += 1,
                answered => return answered,
            }
        }
    }
}

/// Whether the dispute itself must be written: not when every observation in the entry was known before.
fn is_written(entry: &Entry, change: &Change) -> bool {
    change.has_news() || entry.causes.is_empty()
}

impl PostgresLedger {
    /// Also with an empty batch a transaction is committed: so readiness means that the database can commit.
    async fn record_once(&self, batch: &[Entry], recorded_at: DateTime<Utc>) -> Result<Vec<Answer>, LedgerError> {
        let mut transaction = self.begin().await.map_err(ledger_error)?;
        let written: Vec<_> = batch
            .iter()
            .filter_map(|entry| match &entry.content {
                Content::Change(change) if is_written(entry, change) => Some(&**change),
                _ => None,
            })
            .collect();
        let current = of_current_orders(&mut transaction, &written, self.customer_key).await?;
        let taken = dispute::take(&mut transaction, &current).await?;
        let is_stale = |entry: &Entry| match &entry.content {
            Content::Change(change) => is_written(entry, change) && !taken.contains(&change.key),
            Content::AccountMovement(..)
            | Content::FraudWarning(_)
            | Content::Ignored
            | Content::Quarantined { .. } => false,
        };
        let fresh: Vec<_> = batch.iter().filter(|entry| !is_stale(entry)).collect();
        let new_causes = causes(&mut transaction, &fresh).await?;
        let changes: Vec<_> = written.into_iter().filter(|change| taken.contains(&change.key)).collect();
        if !changes.is_empty() {
            dispute::history(&mut transaction, &changes, recorded_at).await?;
        }
        let is_new = |cause: &Cause| new_causes.contains(&(cause.account.clone(), cause.id.clone()));
        journal::movements(&mut transaction, &changes, &fresh, is_new).await?;
        journal::entries(&mut transaction, &changes, &fresh, is_new, recorded_at).await?;
        if !changes.is_empty() {
            dispute::resolutions(&mut transaction, &changes, recorded_at).await?;
            dispute::discrepancies(&mut transaction, &changes, recorded_at).await?;
            dispute::order_resolutions(&mut transaction, &changes).await?;
            read_queue::owe(&mut transaction, &changes, recorded_at).await?;
            if let Some(key) = self.customer_key {
                following::customers(&mut transaction, &changes, &key, recorded_at).await?;
            }
            if self.follows_up {
                following::queue(&mut transaction, &changes, recorded_at).await?;
            }
        }
        following::fraud_warnings(&mut transaction, &fresh, recorded_at).await?;
        let stale: Vec<_> = batch.iter().filter(|entry| is_stale(entry)).collect();
        let known = known_causes(&mut transaction, &stale).await?;
        transaction.commit().await.map_err(ledger_error)?;
        let answer = |entry: &Entry| {
            let known_before = entry.causes.iter().map(|cause| !is_new(cause)).collect();
            // What is stale because it was recorded before, such as by a commit whose answer was lost, is done.
            let is_known = |cause: &Cause| known.contains(&(cause.account.to_string(), cause.id.to_string()));
            let done = !entry.causes.is_empty() && entry.causes.iter().all(is_known);
            if is_stale(entry) && !done { Answer::Stale } else { Answer::Recorded { known_before } }
        };
        Ok(batch.iter().map(answer).collect())
    }
}

/// The changes that were decided from the orders as they are. Imports wait from here on until the transaction ends.
///
/// What is recorded names customers by `key`: where all were known by another, they are not any more.
async fn of_current_orders<'a>(
    connection: &mut PgConnection,
    changes: &[&'a Change],
    key: Option<CustomerKey>,
) -> Result<Vec<&'a Change>, LedgerError> {
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query!("SELECT pg_advisory_xact_lock_shared($1)", ORDERS_LOCK)
        .fetch_one(&mut *connection)
        .await
        .map_err(ledger_error)?;
    let version = sqlx::query_scalar!(
        r#"WITH others AS (DELETE FROM chargebook.customer_keys WHERE key_id IS DISTINCT FROM $1)
           SELECT coalesce(max(version), 0) AS "version!" FROM chargebook.order_book"#,
        key.map(|key| key.id()) as _
    )
    .fetch_one(connection)
    .await
    .map_err(ledger_error)?;
    Ok(changes.iter().copied().filter(|change| change.orders_version == version).collect())
}

type CauseKey = (AccountId, CauseId);

/// Writes the source events and their bodies; answers which were not known, or are healed from quarantine.
async fn causes(connection: &mut PgConnection, entries: &[&Entry]) -> Result<BTreeSet<CauseKey>, LedgerError> {
    let mut rows: Vec<_> = entries
        .iter()
        .flat_map(|entry| {
            let (disposition, reason) = match &entry.content {
                Content::Change(_) | Content::AccountMovement(..) | Content::FraudWarning(_) => {
                    (Disposition::Recorded, None)
                }
                Content::Ignored => (Disposition::Ignored, None),
                Content::Quarantined { reason } => (Disposition::Quarantined, Some(reason.as_str())),
            };
            entry.causes.iter().map(move |cause| (cause, disposition, reason))
        })
        .collect();
    if rows.is_empty() {
        return Ok(BTreeSet::new());
    }
    rows.sort_by_key(|(cause, ..)| (&cause.account, &cause.id));
    let written = sqlx::query!(
        r#"INSERT INTO chargebook.source_events AS e (account, event_id, event_type, received_at, disposition, reason)
           SELECT * FROM UNNEST($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[])
           ON CONFLICT (account, event_id) DO UPDATE SET disposition = 'recorded', reason = NULL
           WHERE e.disposition = 'quarantined' AND EXCLUDED.disposition = 'recorded'
           RETURNING account, event_id"#,
        &column(&rows, |(cause, ..)| cause.account.as_str()) as _,
        &column(&rows, |(cause, ..)| cause.id.as_str()) as _,
        &column(&rows, |(cause, ..)| cause.event_type.as_str()) as _,
        &column(&rows, |(cause, ..)| cause.received_at),
        &column(&rows, |(_, disposition, _)| disposition.as_str()) as _,
        &column(&rows, |(_, _, reason)| *reason) as _
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(ledger_error)?;
    let written: BTreeSet<_> = written.into_iter().map(|row| (row.account, row.event_id)).collect();
    rows.retain(|(cause, ..)| written.contains(&(cause.account.to_string(), cause.id.to_string())));
    let bodies: Vec<_> = rows.iter().filter_map(|(cause, ..)| Some((*cause, cause.body.as_deref()?))).collect();
    if !bodies.is_empty() {
        sqlx::query!(
            r#"INSERT INTO chargebook.source_event_bodies (account, event_id, body)
               SELECT * FROM UNNEST($1::text[], $2::text[], $3::bytea[]) ON CONFLICT DO NOTHING"#,
            &column(&bodies, |(cause, _)| cause.account.as_str()) as _,
            &column(&bodies, |(cause, _)| cause.id.as_str()) as _,
            &column(&bodies, |(_, body)| *body) as _
        )
        .execute(connection)
        .await
        .map_err(ledger_error)?;
    }
    Ok(rows.into_iter().map(|(cause, ..)| (cause.account.clone(), cause.id.clone())).collect())
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

/// The keys of changes as columns.
fn keys<'a>(changes: &[&'a Change]) -> (Vec<&'a str>, Vec<&'a str>) {
    let of = |change: &&'a Change| {
        let key: &'a DisputeKey = &change.key;
        (key.account.as_str(), key.dispute.as_str())
    };
    changes.iter().map(of).unzip()
}
