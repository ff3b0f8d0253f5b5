//! Reads all that is needed to decide.

use std::collections::{BTreeMap, BTreeSet};

use chargebook_domain::ports::{LedgerError, Lookup};
use chargebook_domain::{
    AccountId, Basis, CardHash, Category, CauseId, Claims, CloseOut, Convention, Currency, CustomerId, Deltas,
    DisputeId, DisputeKey, Facts, LedgerAccount, Line, Money, Movement, MovementId, OrderRef, Outcome, Status, Stored,
};
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgPool;

use crate::PostgresLedger;
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

type ByKey<T> = BTreeMap<DisputeKey, T>;

impl PostgresLedger {
    /// The versions are read first. What commits between them and the rest makes them stale, so that nothing is
    /// decided from a mixture.
    pub(crate) async fn load_all(&self, lookups: &[Lookup]) -> Result<Vec<Stored>, LedgerError> {
        if lookups.is_empty() {
            return Ok(Vec::new());
        }
        let orders_version =
            sqlx::query_scalar!(r#"SELECT coalesce(max(version), 0) AS "version!" FROM chargebook.order_book"#)
                .fetch_one(&self.pool)
                .await
                .map_err(read_error)?;
        let keys = Keys::of(lookups.iter().map(|lookup| &lookup.key));
        let mut stored = heads(&self.pool, &keys).await?;
        if !stored.is_empty() {
            let mut lines = lines(&self.pool, &keys).await?;
            let mut movements = movements(&self.pool, &keys).await?;
            close_outs(&self.pool, &keys, &mut stored).await?;
            resolutions(&self.pool, &keys, &mut stored).await?;
            links(&self.pool, &keys, &mut stored).await?;
            for (key, stored) in &mut stored {
                let lines = lines.remove(key).unwrap_or_default();
                stored.facts = Facts::from_parts(lines, movements.remove(key).unwrap_or_default());
            }
        }
        let mut all: Vec<_> = lookups.iter().map(|lookup| stored.remove(&lookup.key).unwrap_or_default()).collect();
        let mut doubles = doubles(&self.pool, &keys).await?;
        for (lookup, stored) in lookups.iter().zip(&mut all) {
            stored.orders_version = orders_version;
            (stored.same_as, stored.twin) = doubles.remove(&lookup.key).unwrap_or_default();
        }
        self.payments(lookups, &mut all).await?;
        Ok(all)
    }

    async fn payments(&self, lookups: &[Lookup], all: &mut [Stored]) -> Result<(), LedgerError> {
        let (mut charges, mut intents, mut orders) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for (lookup, stored) in lookups.iter().zip(all.iter()) {
            charges.extend(lookup.charge.clone());
            intents.extend(lookup.payment_intent.clone());
            orders.extend(lookup.order.clone().into_iter().chain(stored.linked.clone()));
            charges.extend(stored.facts.first(|claims| claims.charge.clone()));
            intents.extend(stored.facts.first(|claims| claims.payment_intent.clone()));
            orders.extend(stored.facts.first(|claims| claims.order_hint.clone()));
        }
        let payments = self.orders.payments(&self.pool, &charges, &intents, &orders).await?;
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

async fn heads(pool: &PgPool, keys: &Keys<'_>) -> Result<ByKey<Stored>, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT d.account, d.dispute_id, d.version, d.convention, d.customer, d.order_match = 'matched' AS "was_matched!",
                  d.same_as_dispute_id IS NOT NULL AS "is_reversed!"
           FROM chargebook.disputes d
           JOIN UNNEST($1::text[], $2::text[]) AS k(account, dispute_id) USING (account, dispute_id)"#,
        &keys.accounts as _,
        &keys.disputes as _
    )
    .fetch_all(pool)
    .await
    .map_err(read_error)?;
    let mut stored = BTreeMap::new();
    for row in rows {
        let key = key(&row.account, &row.dispute_id)?;
        let convention = match row.convention.as_deref().map(Convention::parse) {
            Some(None) => return Err(corrupt("disputes", "convention", &key)),
            Some(Some(convention)) => Some(convention),
            None => None,
        };
        let customer = id(row.customer, |text| CustomerId::parse(text).ok(), || corrupt("disputes", "customer", &key))?;
        let (version, was_matched, is_reversed) = (row.version, row.was_matched, row.is_reversed);
        stored.insert(key, Stored { version, convention, customer, was_matched, is_reversed, ..Stored::default() });
    }
    Ok(stored)
}

async fn lines(pool: &PgPool, keys: &Keys<'_>) -> Result<ByKey<Vec<Line>>, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT h.account, h.dispute_id, h.status, h.as_of, h.cause, h.basis, h.amount_minor, h.currency, h.charge_id,
                  h.payment_intent_id, h.order_hint, h.reason, h.case_type, h.card_brand, h.card_last4, h.opened_at,
                  h.evidence_due_by, h.evidence_submitted, h.latest_movement_at, h.card_hash
           FROM chargebook.dispute_history h
           JOIN UNNEST($1::text[], $2::text[]) AS k(account, dispute_id) USING (account, dispute_id)"#,
        &keys.accounts as _,
        &keys.disputes as _
    )
    .fetch_all(pool)
    .await
    .map_err(read_error)?;
    let mut lines: ByKey<Vec<Line>> = BTreeMap::new();
    for row in rows {
        let key = key(&row.account, &row.dispute_id)?;
        let bad = |column| corrupt("dispute_history", column, &key);
        let currency = Currency::parse(&row.currency).map_err(|_| bad("currency"))?;
        let claims = Claims {
            disputed: Money::new(row.amount_minor, currency),
            charge: id(row.charge_id, |text| chargebook_domain::ChargeId::parse(text).ok(), || bad("charge_id"))?,
            payment_intent: id(
                row.payment_intent_id,
                |text| chargebook_domain::PaymentIntentId::parse(text).ok(),
                || bad("payment_intent_id"),
            )?,
            order_hint: id(row.order_hint, |text| OrderRef::parse(text).ok(), || bad("order_hint"))?,
            reason: row.reason,
            case_type: row.case_type,
            card_brand: row.card_brand,
            card_last4: row.card_last4,
            card_hash: id(row.card_hash, |text| CardHash::parse(text).ok(), || bad("card_hash"))?,
            opened_at: row.opened_at,
            evidence_due_by: row.evidence_due_by,
            evidence_submitted: row.evidence_submitted,
        };
        let line = Line {
            cause: CauseId::parse(&row.cause).map_err(|_| bad("cause"))?,
            basis: Basis::parse(&row.basis).ok_or_else(|| bad("basis"))?,
            as_of: row.as_of,
            status: Status::parse(&row.status),
            claims,
            latest_movement_at: row.latest_movement_at,
        };
        lines.entry(key).or_default().push(line);
    }
    Ok(lines)
}

/// Reads an optional identifier; one that does not parse is an error, never `None`.
pub(crate) fn id<T>(
    text: Option<String>,
    parse: impl Fn(&str) -> Option<T>,
    bad: impl Fn() -> LedgerError,
) -> Result<Option<T>, LedgerError> {
    text.map(|text| parse(&text).ok_or_else(bad)).transpose()
}

/// A row of `movements`.
pub(crate) struct MovementRow {
    pub(crate) account: String,
    /// The dispute that it is booked under; `None` for the account's own.
    pub(crate) dispute_id: Option<String>,
    pub(crate) movement_id: String,
    pub(crate) category: String,
    pub(crate) amount_minor: i64,
    pub(crate) fee_minor: i64,
    pub(crate) net_minor: i64,
    pub(crate) currency: String,
    pub(crate) occurred_at: DateTime<Utc>,
    pub(crate) available_on: Option<NaiveDate>,
    pub(crate) reporting_category: Option<String>,
    pub(crate) stripe_type: String,
    pub(crate) description: Option<String>,
    pub(crate) source: Option<String>,
}

impl MovementRow {
    pub(crate) fn movement(self) -> Result<Movement, LedgerError> {
        let bad = |column| corrupt("movements", column, format_args!("{}/{}", self.account, self.movement_id));
        Ok(Movement {
            id: MovementId::parse(&self.movement_id).map_err(|_| bad("movement_id"))?,
            category: Category::parse(&self.category).ok_or_else(|| bad("category"))?,
            amount_minor: self.amount_minor,
            fee_minor: self.fee_minor,
            net_minor: self.net_minor,
            currency: Currency::parse(&self.currency).map_err(|_| bad("currency"))?,
            occurred_at: self.occurred_at,
            available_on: self.available_on,
            reporting_category: self.reporting_category,
            stripe_type: self.stripe_type,
            description: self.description,
            source: self.source,
        })
    }
}

async fn movements(pool: &PgPool, keys: &Keys<'_>) -> Result<ByKey<Vec<Movement>>, LedgerError> {
    let rows = sqlx::query_as!(
        MovementRow,
        r#"SELECT k.account AS "account!", k.dispute_id, m.movement_id AS "movement_id!", m.category AS "category!",
                  m.amount_minor AS "amount_minor!", m.fee_minor AS "fee_minor!", m.net_minor AS "net_minor!",
                  m.currency AS "currency!", m.occurred_at AS "occurred_at!", m.available_on, m.reporting_category,
                  m.stripe_type AS "stripe_type!", m.description, m.source
           FROM UNNEST($1::text[], $2::text[]) AS k(account, dispute_id)
           JOIN chargebook.movements m ON m.account = k.account AND m.dispute_id = k.dispute_id
           UNION ALL
           SELECT k.account, k.dispute_id, m.movement_id, m.category, m.amount_minor,
                  m.fee_minor, m.net_minor, m.currency, m.occurred_at, m.available_on, m.reporting_category,
                  m.stripe_type, m.description, m.source
           FROM UNNEST($1::text[], $2::text[]) AS k(account, dispute_id)
           JOIN chargebook.movement_ties t ON t.account = k.account AND t.dispute_id = k.dispute_id
           JOIN chargebook.movements m ON m.account = t.account AND m.movement_id = t.movement_id"#,
        &keys.accounts as _,
        &keys.disputes as _
    )
    .fetch_all(pool)
    .await
    .map_err(read_error)?;
    let mut movements: ByKey<Vec<Movement>> = BTreeMap::new();
    for row in rows {
        let key = key(&row.account, row.dispute_id.as_deref().unwrap_or_default())?;
        movements.entry(key).or_default().push(row.movement()?);
    }
    Ok(movements)
}

/// `OFFSET 0` keeps the postings apart from the join, so that they are found by their whole key. A plan that was made
/// while the tables were empty would find them by their account alone.
async fn close_outs(pool: &PgPool, keys: &Keys<'_>, stored: &mut ByKey<Stored>) -> Result<(), LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT e.account, e.dispute_id AS "dispute_id!", e.entry_id, e.occurred_at, p.ledger_account, p.amount_minor,
                  p.currency
           FROM UNNEST($1::text[], $2::text[]) AS k(account, dispute_id)
           JOIN chargebook.journal_entries e
             ON e.account = k.account AND e.dispute_id = k.dispute_id AND e.kind = 'close_out'
           CROSS JOIN LATERAL (SELECT * FROM chargebook.postings p
                               WHERE p.account = e.account AND p.entry_id = e.entry_id OFFSET 0) p"#,
        &keys.accounts as _,
        &keys.disputes as _
    )
    .fetch_all(pool)
    .await
    .map_err(read_error)?;
    let mut entries: ByKey<BTreeSet<String>> = BTreeMap::new();
    for row in rows {
        let key = key(&row.account, &row.dispute_id)?;
        let bad = |column| corrupt("postings", column, &row.entry_id);
        let currency = Currency::parse(&row.currency).map_err(|_| bad("currency"))?;
        let account = LedgerAccount::parse(&row.ledger_account).ok_or_else(|| bad("ledger_account"))?;
        let Some(stored) = stored.get_mut(&key) else { continue };
        let sums: &mut CloseOut = stored.close_outs.entry((row.occurred_at, currency)).or_default();
        let sum = match account {
            LedgerAccount::ChargebackLosses => Some(&mut sums.loss),
            LedgerAccount::FxDifference => Some(&mut sums.fx),
            _ => None,
        };
        if let Some(sum) = sum {
            *sum = sum.checked_add(row.amount_minor).ok_or_else(|| bad("amount_minor"))?;
        }
        entries.entry(key).or_default().insert(row.entry_id);
    }
    for (key, entries) in entries {
        if let Some(stored) = stored.get_mut(&key) {
            stored.close_out_count =
                u32::try_from(entries.len()).map_err(|_| corrupt("journal_entries", "entry_id", &key))?;
        }
    }
    Ok(())
}

async fn resolutions(pool: &PgPool, keys: &Keys<'_>, stored: &mut ByKey<Stored>) -> Result<(), LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT r.account, r.dispute_id, r.revision, r.currency, r.recovered_delta_minor, r.loss_delta_minor,
                  r.fee_delta_minor, r.fx_delta_minor, r.pending_delta_minor, r.suspense_delta_minor,
                  r.net_delta_minor, r.closed_delta, r.won_delta, r.lost_delta, r.occurred_at, r.outcome
           FROM chargebook.resolutions r
           JOIN UNNEST($1::text[], $2::text[]) AS k(account, dispute_id) USING (account, dispute_id)
           ORDER BY r.revision"#,
        &keys.accounts as _,
        &keys.disputes as _
    )
    .fetch_all(pool)
    .await
    .map_err(read_error)?;
    for row in rows {
        let key = key(&row.account, &row.dispute_id)?;
        let bad = |column| corrupt("resolutions", column, &key);
        let outcome = Outcome::parse(&row.outcome).ok_or_else(|| bad("outcome"))?;
        let currency = Currency::parse(&row.currency).map_err(|_| bad("currency"))?;
        let deltas = Deltas {
            recovered: row.recovered_delta_minor,
            loss: row.loss_delta_minor,
            fee: row.fee_delta_minor,
            fx: row.fx_delta_minor,
            pending: row.pending_delta_minor,
            suspense: row.suspense_delta_minor,
            net: row.net_delta_minor,
            closed: row.closed_delta,
            won: row.won_delta,
            lost: row.lost_delta,
        };
        let next = u32::try_from(row.revision).ok().and_then(|revision| revision.checked_add(1));
        let Some(stored) = stored.get_mut(&key) else { continue };
        let sum = stored.resolutions.entry((row.occurred_at, currency)).or_default();
        *sum = sum.plus(&deltas).map_err(|_| bad("net_delta_minor"))?;
        stored.outcomes.insert(row.occurred_at, outcome);
        stored.next_revision = stored.next_revision.max(next.ok_or_else(|| bad("revision"))?);
    }
    Ok(())
}

/// What each dispute was said to be the same as, and its twin in a book of Stripe's when its own is not one.
async fn doubles(
    pool: &PgPool,
    keys: &Keys<'_>,
) -> Result<ByKey<(Option<DisputeKey>, Option<DisputeKey>)>, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT k.account AS "account!", k.dispute_id AS "dispute_id!", a.same_as_account AS "same_as_account?",
                  a.same_as_dispute_id AS "same_as_dispute_id?", t.account AS "twin?"
           FROM UNNEST($1::text[], $2::text[]) AS k(account, dispute_id)
           LEFT JOIN chargebook.dispute_aliases a ON a.account = k.account AND a.dispute_id = k.dispute_id
           LEFT JOIN LATERAL (
               SELECT min(d.account) AS account FROM chargebook.disputes d
               WHERE NOT (k.account = 'default' OR k.account LIKE 'acct\_%')
                 AND d.dispute_id = k.dispute_id AND (d.account = 'default' OR d.account LIKE 'acct\_%')) t ON true
           WHERE a.same_as_dispute_id IS NOT NULL OR t.account IS NOT NULL"#,
        &keys.accounts as _,
        &keys.disputes as _
    )
    .fetch_all(pool)
    .await
    .map_err(read_error)?;
    let mut doubles = BTreeMap::new();
    for row in rows {
        let same_as = row.same_as_account.as_deref().zip(row.same_as_dispute_id.as_deref());
        let same_as = same_as.map(|(account, dispute)| key(account, dispute)).transpose()?;
        let twin = row.twin.as_deref().map(|account| key(account, &row.dispute_id)).transpose()?;
        doubles.insert(key(&row.account, &row.dispute_id)?, (same_as, twin));
    }
    Ok(doubles)
}

async fn links(pool: &PgPool, keys: &Keys<'_>, stored: &mut ByKey<Stored>) -> Result<(), LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT DISTINCT ON (l.account, l.dispute_id) l.account, l.dispute_id, l.order_ref
           FROM chargebook.order_links l
           JOIN UNNEST($1::text[], $2::text[]) AS k(account, dispute_id) USING (account, dispute_id)
           ORDER BY l.account, l.dispute_id, l.linked_at DESC"#,
        &keys.accounts as _,
        &keys.disputes as _
    )
    .fetch_all(pool)
    .await
    .map_err(read_error)?;
    for row in rows {
        let key = key(&row.account, &row.dispute_id)?;
        let order = OrderRef::parse(&row.order_ref).map_err(|_| corrupt("order_links", "order_ref", &key))?;
        if let Some(stored) = stored.get_mut(&key) {
            stored.linked = Some(order);
        }
    }
    Ok(())
}
