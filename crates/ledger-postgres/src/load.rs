//! Reads all that is needed to decide, in two statements: what is recorded, and the orders.

mod rows;

use std::collections::BTreeSet;

use chargebook_domain::ports::{LedgerError, Lookup};
use chargebook_domain::{
    AccountId, Attributed, Convention, CustomerId, DisputeId, DisputeKey, Facts, OrderRef, Stored,
};
use sqlx::PgConnection;
use sqlx::types::Json;
use tokio::time::timeout;

use self::rows::{CloseOutRow, ReclassificationRow, ResolutionRow};
pub(crate) use self::rows::{LineRow, MovementRow};
use crate::PostgresLedger;
use crate::booking::WITHIN;
use crate::error::{corrupt, read_error};

/// The keys of a batch as columns, for joins with `UNNEST`.
pub(crate) struct Keys<'a> {
    pub(crate) accounts: Vec<&'a str>,
    pub(crate) disputes: Vec<&'a str>,
}

impl<'a> Keys<'a> {
    pub(crate) fn of(keys: impl Iterator<Item = &'a DisputeKey>) -> Self {
        let (accounts, disputes) = keys.map(|key| (key.account.as_str(), key.dispute.as_str())).unzip();
        Self { accounts, disputes }
    }
}

/// What is recorded of one dispute that was asked for; all of it is missing where it was never seen.
struct Recorded {
    orders_version: i64,
    same_as_account: Option<String>,
    same_as_dispute_id: Option<String>,
    twin: Option<String>,
    version: Option<i64>,
    convention: Option<String>,
    customer: Option<String>,
    was_matched: Option<bool>,
    is_reversed: Option<bool>,
    linked: Option<String>,
    lines: Option<Json<Vec<LineRow>>>,
    movements: Option<Json<Vec<MovementRow>>>,
    ties: Option<Json<Vec<MovementRow>>>,
    reclassifications: Option<Json<Vec<ReclassificationRow>>>,
    close_outs: Option<Json<Vec<CloseOutRow>>>,
    resolutions: Option<Json<Vec<ResolutionRow>>>,
}

impl PostgresLedger {
    /// The versions are of the same moment as what is recorded, and older than the orders. What commits after them makes
    /// them stale, so that nothing is decided from a mixture.
    pub(crate) async fn load_all(&self, lookups: &[Lookup]) -> Result<Vec<Stored>, LedgerError> {
        if lookups.is_empty() {
            return Ok(Vec::new());
        }
        let mut booking = self.booking().await?;
        let loaded = timeout(WITHIN, self.load_over(&mut booking, lookups)).await;
        booking.done(loaded)
    }

    async fn load_over(&self, connection: &mut PgConnection, lookups: &[Lookup]) -> Result<Vec<Stored>, LedgerError> {
        let keys = Keys::of(lookups.iter().map(|lookup| &lookup.key));
        let mut all = Vec::with_capacity(lookups.len());
        for (lookup, recorded) in lookups.iter().zip(recorded(connection, &keys).await?) {
            all.push(recorded.stored(&lookup.key)?);
        }
        self.payments(connection, lookups, &mut all).await?;
        Ok(all)
    }

    async fn payments(
        &self,
        connection: &mut PgConnection,
        lookups: &[Lookup],
        all: &mut [Stored],
    ) -> Result<(), LedgerError> {
        let (mut charges, mut intents, mut orders) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for (lookup, stored) in lookups.iter().zip(all.iter()) {
            charges.extend(lookup.charge.clone());
            intents.extend(lookup.payment_intent.clone());
            orders.extend(lookup.order.clone().into_iter().chain(stored.linked.clone()));
            charges.extend(stored.facts.first(|claims| claims.charge.clone()));
            intents.extend(stored.facts.first(|claims| claims.payment_intent.clone()));
            orders.extend(stored.facts.first(|claims| claims.order_hint.clone()));
        }
        let payments = self.orders.payments(connection, &charges, &intents, &orders).await?;
        if payments.is_empty() {
            return Ok(());
        }
        for (lookup, stored) in lookups.iter().zip(all) {
            let charge = stored.facts.first(|claims| claims.charge.clone());
            let intent = stored.facts.first(|claims| claims.payment_intent.clone());
            let hint = stored.facts.first(|claims| claims.order_hint.clone());
            let own = payments.iter().filter(|payment| {
                let by_charge = payment.charge.is_some() && [&charge, &lookup.charge].contains(&&payment.charge);
                let by_intent = payment.payment_intent.is_some()
                    && [&intent, &lookup.payment_intent].contains(&&payment.payment_intent);
                let orders = [&hint, &lookup.order, &stored.linked];
                by_charge || by_intent || orders.into_iter().flatten().any(|order| *order == payment.order_ref)
            });
            let own = own.cloned().collect();
            stored.payments = own;
        }
        Ok(())
    }
}

pub(crate) fn key(account: &str, dispute: &str) -> Result<DisputeKey, LedgerError> {
    match (AccountId::parse(account), DisputeId::parse(dispute)) {
        (Ok(account), Ok(dispute)) => Ok(DisputeKey { account, dispute }),
        _ => Err(corrupt("disputes", "dispute_id", dispute)),
    }
}

/// Reads an optional identifier; one that does not parse is an error, never `None`.
pub(crate) fn id<T>(
    text: Option<String>,
    parse: impl Fn(&str) -> Option<T>,
    bad: impl Fn() -> LedgerError,
) -> Result<Option<T>, LedgerError> {
    text.map(|text| parse(&text).ok_or_else(bad)).transpose()
}

/// One row a key, in their order. What a dispute has several rows of comes as JSON: a statement for each of them would
/// cost a lone webhook more than everything else it does.
async fn recorded(connection: &mut PgConnection, keys: &Keys<'_>) -> Result<Vec<Recorded>, LedgerError> {
    let rows = sqlx::query_as!(
        Recorded,
        r#"SELECT (SELECT coalesce(max(b.version), 0) FROM chargebook.order_book b) AS "orders_version!",
                  a.same_as_account AS "same_as_account?", a.same_as_dispute_id AS "same_as_dispute_id?",
                  CASE WHEN NOT (k.account = 'default' OR k.account LIKE 'acct\_%') THEN (
                      SELECT min(t.account) FROM chargebook.disputes t
                      WHERE t.dispute_id = k.dispute_id AND (t.account = 'default' OR t.account LIKE 'acct\_%')
                  ) END AS twin,
                  d.version AS "version?", d.convention, d.customer, d.order_match = 'matched' AS was_matched,
                  d.same_as_dispute_id IS NOT NULL AS is_reversed,
                  CASE WHEN d.version > 0 THEN (
                      SELECT l.order_ref FROM chargebook.order_links l
                      WHERE l.account = k.account AND l.dispute_id = k.dispute_id ORDER BY l.linked_at DESC LIMIT 1
                  ) END AS linked,
                  CASE WHEN d.version > 0 THEN (SELECT json_agg(h) FROM (
                      SELECT status, as_of, cause, basis, amount_minor, currency, charge_id, payment_intent_id, order_hint,
                             reason, case_type, card_brand, card_last4, opened_at, evidence_due_by, evidence_submitted,
                             latest_movement_at, card_hash
                      FROM chargebook.dispute_history WHERE account = k.account AND dispute_id = k.dispute_id) h
                  ) END AS "lines: Json<Vec<LineRow>>",
                  CASE WHEN d.version > 0 THEN (SELECT json_agg(m) FROM (
                      SELECT account, movement_id, category, amount_minor, fee_minor, net_minor, currency,
                             occurred_at, available_on, reporting_category, stripe_type, description, source
                      FROM chargebook.movements WHERE account = k.account AND dispute_id = k.dispute_id) m
                  ) END AS "movements: Json<Vec<MovementRow>>",
                  CASE WHEN d.version > 0 THEN (SELECT json_agg(t) FROM (
                      SELECT m.account, m.movement_id, m.category, m.amount_minor, m.fee_minor, m.net_minor,
                             m.currency, m.occurred_at, m.available_on, m.reporting_category, m.stripe_type,
                             m.description, m.source
                      FROM chargebook.movement_ties t
                      JOIN chargebook.movements m ON m.account = t.account AND m.movement_id = t.movement_id
                      WHERE t.account = k.account AND t.dispute_id = k.dispute_id) t
                  ) END AS "ties: Json<Vec<MovementRow>>",
                  CASE WHEN d.version > 0 THEN (SELECT json_agg(c) FROM (
                      SELECT movement_id, meaning, occurred_at
                      FROM chargebook.reclassifications WHERE account = k.account AND dispute_id = k.dispute_id) c
                  ) END AS "reclassifications: Json<Vec<ReclassificationRow>>",
                  CASE WHEN d.version > 0 THEN (SELECT json_agg(c) FROM (
                      SELECT e.entry_id, e.occurred_at, p.ledger_account, p.amount_minor, p.currency
                      FROM chargebook.journal_entries e
                      JOIN chargebook.postings p ON p.account = e.account AND p.entry_id = e.entry_id
                      WHERE e.account = k.account AND e.dispute_id = k.dispute_id AND e.kind = 'close_out') c
                  ) END AS "close_outs: Json<Vec<CloseOutRow>>",
                  CASE WHEN d.version > 0 THEN (SELECT json_agg(r) FROM (
                      SELECT revision, currency, outcome, recovered_delta_minor, loss_delta_minor, fee_delta_minor,
                             fx_delta_minor, pending_delta_minor, suspense_delta_minor, net_delta_minor, closed_delta,
                             won_delta, lost_delta, occurred_at
                      FROM chargebook.resolutions WHERE account = k.account AND dispute_id = k.dispute_id
                      ORDER BY revision) r
                  ) END AS "resolutions: Json<Vec<ResolutionRow>>"
           FROM UNNEST($1::text[], $2::text[]) WITH ORDINALITY AS k(account, dispute_id, place)
           LEFT JOIN LATERAL (
               SELECT version, convention, customer, order_match, same_as_dispute_id FROM chargebook.disputes
               WHERE account = k.account AND dispute_id = k.dispute_id OFFSET 0) d ON true
           LEFT JOIN LATERAL (
               SELECT same_as_account, same_as_dispute_id FROM chargebook.dispute_aliases
               WHERE account = k.account AND dispute_id = k.dispute_id OFFSET 0) a ON true
           ORDER BY k.place"#,
        &keys.accounts as _,
        &keys.disputes as _
    );
    rows.fetch_all(connection).await.map_err(read_error)
}

impl Recorded {
    /// All but the payments.
    fn stored(self, key: &DisputeKey) -> Result<Stored, LedgerError> {
        let same_as = self.same_as_account.as_deref().zip(self.same_as_dispute_id.as_deref());
        let mut stored = Stored {
            version: self.version.unwrap_or_default(),
            orders_version: self.orders_version,
            same_as: same_as.map(|(account, dispute)| crate::load::key(account, dispute)).transpose()?,
            twin: self.twin.map(|account| crate::load::key(&account, key.dispute.as_str())).transpose()?,
            convention: id(self.convention, Convention::parse, || corrupt("disputes", "convention", key))?,
            customer: id(self.customer, |text| CustomerId::parse(text).ok(), || corrupt("disputes", "customer", key))?,
            was_matched: self.was_matched.unwrap_or_default(),
            is_reversed: self.version.is_some() && self.is_reversed.unwrap_or_default(),
            linked: id(self.linked, |text| OrderRef::parse(text).ok(), || corrupt("order_links", "order_ref", key))?,
            ..Stored::default()
        };
        let lines: Result<Vec<_>, _> = listed(self.lines).map(|row| row.line(key)).collect();
        let movements: Result<Vec<_>, _> = listed(self.movements).map(MovementRow::movement).collect();
        stored.facts = Facts::from_parts(lines?, movements?);
        let ties = listed(self.ties).map(|row| Ok(Attributed::Tie(Box::new(row.movement()?))));
        for what in ties.chain(listed(self.reclassifications).map(|row| row.attributed(key))) {
            stored.facts.attribute(&what?).map_err(|_| corrupt("reclassifications", "movement_id", key))?;
        }
        add_close_outs(&mut stored, key, self.close_outs)?;
        for row in listed(self.resolutions) {
            row.add_to(&mut stored, key)?;
        }
        Ok(stored)
    }
}

fn listed<T>(rows: Option<Json<Vec<T>>>) -> impl Iterator<Item = T> {
    rows.into_iter().flat_map(|Json(rows)| rows)
}

fn add_close_outs(
    stored: &mut Stored,
    key: &DisputeKey,
    rows: Option<Json<Vec<CloseOutRow>>>,
) -> Result<(), LedgerError> {
    let mut entries = BTreeSet::new();
    for row in listed(rows) {
        row.add_to(stored)?;
        entries.insert(row.entry_id);
    }
    stored.close_out_count = u32::try_from(entries.len()).map_err(|_| corrupt("journal_entries", "entry_id", key))?;
    Ok(())
}
