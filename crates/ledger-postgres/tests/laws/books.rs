//! The books as they ended, in a form in which those of both ledgers can be compared.

use std::collections::BTreeMap;

use chargebook_domain::ports::{Ledger, Lookup};
use chargebook_domain::{Convention, Deltas, DisputeKey, Facts};
use chargebook_ledger_postgres::PostgresLedger;
use chargebook_port_contracts::InMemoryLedger;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use sqlx::{FromRow, PgPool};

/// How a dispute stands, but for its version.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, FromRow)]
pub(crate) struct Standing {
    dispute_id: String,
    status: String,
    status_as_of: DateTime<Utc>,
    outcome: String,
    bucket: String,
    closed_at: Option<DateTime<Utc>>,
    order_match: String,
    convention: Option<String>,
    match_due: bool,
}

/// What a dispute means for an order.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, FromRow)]
pub(crate) struct ForOrder {
    dispute_id: String,
    order_ref: String,
    settlement_currency: String,
    outcome: String,
    bucket: String,
    disputed_minor: i64,
    disputed_currency: String,
    recovered_minor: i64,
    loss_minor: i64,
    fee_minor: i64,
    net_minor: i64,
    closed_at: Option<DateTime<Utc>>,
    ambiguous: bool,
}

/// A dispute, a business date and a currency.
pub(crate) type Day = (String, NaiveDate, String);

/// All that must not depend on the order of arrival.
#[derive(PartialEq, Debug)]
pub(crate) struct Books {
    pub(crate) facts: BTreeMap<DisputeKey, (Facts, Option<Convention>)>,
    pub(crate) standings: Vec<Standing>,
    /// What each account moved by, by day; what cancels out is left out.
    pub(crate) moved: BTreeMap<(Day, String), i64>,
    /// What was resolved, by day; what cancels out is left out.
    pub(crate) resolved: BTreeMap<Day, Deltas>,
    pub(crate) for_orders: Vec<ForOrder>,
    /// Dispute, kind and detail.
    pub(crate) discrepancies: Vec<(String, String, String)>,
}

/// The columns of resolutions, as they are summed.
#[derive(FromRow)]
struct ResolvedRow {
    dispute_id: String,
    on: NaiveDate,
    currency: String,
    recovered: i64,
    loss: i64,
    fee: i64,
    fx: i64,
    pending: i64,
    suspense: i64,
    net: i64,
    closed: i64,
    won: i64,
    lost: i64,
}

impl Books {
    /// The books in the database.
    pub(crate) async fn of_database(pool: &PgPool, ledger: &PostgresLedger, zone: Tz) -> Self {
        let standings: Vec<Standing> = sqlx::query_as(
            "SELECT dispute_id, status, status_as_of, outcome, bucket, closed_at, order_match, convention, match_due
             FROM chargebook.disputes ORDER BY dispute_id",
        )
        .fetch_all(pool)
        .await
        .unwrap();
        let mut facts = BTreeMap::new();
        for standing in &standings {
            let key = chargebook_port_contracts::samples::dispute_key(&standing.dispute_id);
            let stored = ledger.load(&[Lookup::recorded(key.clone())]).await.unwrap().remove(0);
            facts.insert(key, (stored.facts, stored.convention));
        }
        let mut for_orders: Vec<ForOrder> =
            sqlx::query_as("SELECT * FROM chargebook.order_resolutions").fetch_all(pool).await.unwrap();
        for_orders.sort();
        let mut discrepancies: Vec<(String, String, String)> =
            sqlx::query_as("SELECT dispute_id, kind, detail FROM chargebook.discrepancies")
                .fetch_all(pool)
                .await
                .unwrap();
        discrepancies.sort();
        let (moved, resolved) = (moved(pool).await, resolved(pool, zone).await);
        Self { facts, standings, moved, resolved, for_orders, discrepancies }
    }

    /// The books in memory.
    pub(crate) fn of_memory(ledger: &InMemoryLedger, zone: Tz) -> Self {
        let disputes = ledger.disputes();
        let mut moved = BTreeMap::new();
        for kept in ledger.entries() {
            for posting in kept.entry.postings() {
                let dispute = kept.entry.dispute().unwrap().to_string();
                let day = (dispute, kept.entry.posted_on(), posting.currency.code().to_owned());
                *moved.entry((day, posting.account.as_str().to_owned())).or_default() += posting.amount_minor;
            }
        }
        moved.retain(|_, sum| *sum != 0);
        let mut resolved: BTreeMap<Day, Deltas> = BTreeMap::new();
        for kept in ledger.resolutions() {
            let on = kept.resolution.occurred_at.with_timezone(&zone).date_naive();
            let day = (kept.key.dispute.to_string(), on, kept.resolution.currency.code().to_owned());
            let sum = resolved.entry(day).or_default();
            *sum = sum.plus(&kept.resolution.deltas).unwrap();
        }
        resolved.retain(|_, sum| !sum.is_zero());
        let mut discrepancies = Vec::new();
        let mut for_orders = Vec::new();
        for (key, kept) in &disputes {
            let odd = kept.discrepancies.iter();
            discrepancies
                .extend(odd.map(|odd| (key.dispute.to_string(), odd.kind.as_str().to_owned(), odd.detail.clone())));
            for_orders.extend(kept.order_resolutions.iter().map(|row| for_order(key, row)));
        }
        discrepancies.sort();
        for_orders.sort();
        let facts = disputes.iter().map(|(key, kept)| (key.clone(), (kept.facts.clone(), kept.dispute.convention)));
        let standings = disputes.iter().map(|(key, kept)| Standing {
            dispute_id: key.dispute.to_string(),
            status: kept.dispute.status.as_str().to_owned(),
            status_as_of: kept.dispute.status_as_of,
            outcome: kept.dispute.outcome.as_str().to_owned(),
            bucket: kept.dispute.bucket.as_str().to_owned(),
            closed_at: kept.dispute.closed_at,
            order_match: kept.dispute.order_match.as_str().to_owned(),
            convention: kept.dispute.convention.map(|convention| convention.as_str().to_owned()),
            match_due: kept.due,
        });
        Self { facts: facts.collect(), standings: standings.collect(), moved, resolved, for_orders, discrepancies }
    }
}

fn for_order(key: &DisputeKey, row: &chargebook_domain::OrderResolution) -> ForOrder {
    ForOrder {
        dispute_id: key.dispute.to_string(),
        order_ref: row.order.to_string(),
        settlement_currency: row.settlement_currency.code().to_owned(),
        outcome: row.outcome.as_str().to_owned(),
        bucket: row.bucket.as_str().to_owned(),
        disputed_minor: row.disputed.minor(),
        disputed_currency: row.disputed.currency().code().to_owned(),
        recovered_minor: row.recovered_minor,
        loss_minor: row.loss_minor,
        fee_minor: row.fee_minor,
        net_minor: row.net_minor,
        closed_at: row.closed_at,
        ambiguous: row.ambiguous,
    }
}

async fn moved(pool: &PgPool) -> BTreeMap<(Day, String), i64> {
    let rows: Vec<(String, NaiveDate, String, String, i64)> = sqlx::query_as(
        "SELECT e.dispute_id, e.posted_on, p.currency, p.ledger_account, sum(p.amount_minor)::bigint
         FROM chargebook.journal_entries e JOIN chargebook.postings p USING (account, entry_id)
         GROUP BY 1, 2, 3, 4 HAVING sum(p.amount_minor) <> 0",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    rows.into_iter().map(|(dispute, on, currency, account, sum)| (((dispute, on, currency), account), sum)).collect()
}

async fn resolved(pool: &PgPool, zone: Tz) -> BTreeMap<Day, Deltas> {
    let rows: Vec<ResolvedRow> = sqlx::query_as(
        r#"SELECT dispute_id, (occurred_at AT TIME ZONE $1)::date AS "on", currency,
                  sum(recovered_delta_minor)::bigint AS recovered, sum(loss_delta_minor)::bigint AS loss,
                  sum(fee_delta_minor)::bigint AS fee, sum(fx_delta_minor)::bigint AS fx,
                  sum(pending_delta_minor)::bigint AS pending, sum(suspense_delta_minor)::bigint AS suspense,
                  sum(net_delta_minor)::bigint AS net, sum(closed_delta)::bigint AS closed,
                  sum(won_delta)::bigint AS won, sum(lost_delta)::bigint AS lost
           FROM chargebook.resolutions GROUP BY 1, 2, 3"#,
    )
    .bind(zone.name())
    .fetch_all(pool)
    .await
    .unwrap();
    let summed = rows.into_iter().map(|row| {
        let deltas = Deltas {
            recovered: row.recovered,
            loss: row.loss,
            fee: row.fee,
            fx: row.fx,
            pending: row.pending,
            suspense: row.suspense,
            net: row.net,
            closed: row.closed,
            won: row.won,
            lost: row.lost,
        };
        ((row.dispute_id, row.on, row.currency), deltas)
    });
    summed.filter(|(_, deltas)| !deltas.is_zero()).collect()
}
