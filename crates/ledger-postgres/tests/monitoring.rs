//! The worked year of the networks' programmes, counted from rows; and what several processes tell of it.
#![expect(clippy::unwrap_used, reason = "what is not as expected should panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chargebook_domain::ScoreWeights;
use chargebook_domain::monitor::{
    Estimate, Level, MonitorRules, Month, NETWORK_PROGRAMMES, Network, Programmes, Region, TypedCount,
};
use chargebook_domain::ports::{Monitoring, Outbox};
use chargebook_domain::rules::RuleSet;
use chargebook_domain::service::{Act, Monitor, Monitored, Watch};
use chargebook_ledger_postgres::{AmountUnit, MIGRATOR, OrderSource, PostgresLedger};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sqlx::PgPool;

/// The books' zone: the months of the rows are the months there.
const ZONE: Tz = Tz::Europe__Berlin;

fn month(text: &str) -> Month {
    Month::parse(text).unwrap()
}

/// The rows of one part of the worked year, without its head.
fn part(name: &str) -> Vec<Vec<&'static str>> {
    let text = include_str!("../../domain/tests/fixtures/monitor_year.csv");
    let mut lines = text.lines().skip_while(|line| *line != name).skip(2);
    let rows: Vec<_> =
        lines.by_ref().take_while(|line| !line.is_empty()).map(|line| line.split(',').collect()).collect();
    assert!(!rows.is_empty(), "{name}");
    rows
}

fn number(text: &str) -> i64 {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no number"))
}

fn shown(value: Option<u64>) -> String {
    value.map_or("n/a".to_owned(), |value| value.to_string())
}

/// `count` moments of a month, from its very first on.
const MOMENTS: &str = "(SELECT $1::timestamptz + (g - 1) * (($2::timestamptz - $1::timestamptz) / $3::bigint) AS at, g
    FROM generate_series(1, $3::bigint) g) t";

/// Runs `sql` for a month, a count, a brand, and a currency with an amount.
async fn fill(pool: &PgPool, sql: &str, (month, count): (Month, i64), brand: &str, more: (&str, i64)) {
    let sql = sql.replace("{moments}", MOMENTS);
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(month.starts_at(ZONE))
        .bind(month.ends_at(ZONE))
        .bind(count.max(1))
        .bind(count)
        .bind(brand)
        .bind(more.0)
        .bind(more.1)
        .execute(pool)
        .await
        .unwrap();
}

/// Disputes that were filed in a month: an equal share of each currency's amount for each, and the rest for the first.
const DISPUTES: &str =
    "INSERT INTO chargebook.disputes (account, dispute_id, amount_minor, currency, card_brand, status,
        status_as_of, outcome, bucket, opened_at, filed_at, order_match, version)
    SELECT 'default', 'du_' || $5 || '_' || $6 || '_' || at || '_' || g,
           $7::bigint / $4::bigint + CASE WHEN g = 1 THEN $7::bigint % $4::bigint ELSE 0 END,
           $6, $5, 'needs_response', at, 'open', 'undecided', at, at, 'orphan', 1
    FROM {moments} WHERE $4::bigint > 0";

const WARNINGS: &str =
    "INSERT INTO chargebook.fraud_warnings (account, warning_id, card_brand, occurred_at, recorded_at)
    SELECT 'default', 'issfr_' || $5 || at || g, $5, at, at
    FROM {moments} WHERE $4::bigint > 0 AND $6::text IS NOT NULL AND $7::bigint IS NOT NULL";

const ORDERS: &str =
    "INSERT INTO chargebook.orders (order_ref, payment_key, amount_minor, currency, placed_at, card_brand)
    SELECT $5 || '_' || at || '_' || g, 'ch', 5000, 'usd', at, $5
    FROM {moments} WHERE $4::bigint > 0 AND $6::text IS NOT NULL AND $7::bigint IS NOT NULL";

/// So many disputes of the network that have no payment yet are of payments of the month.
const PAID: &str = "UPDATE chargebook.disputes d SET paid_at = t.at
    FROM {moments}, (SELECT account, dispute_id, row_number() OVER () AS n FROM chargebook.disputes
                     WHERE card_brand = $5 AND paid_at IS NULL) open
    WHERE t.g = open.n AND open.n <= $4::bigint AND open.account = d.account AND open.dispute_id = d.dispute_id
      AND $6::text IS NOT NULL AND $7::bigint IS NOT NULL";

/// Writes the worked year as rows, with what must not count beside it.
async fn write_year(pool: &PgPool) {
    // More than a million orders: they are indexed and counted when all are there.
    for sql in [
        "DROP INDEX chargebook.orders_charge_idx, chargebook.orders_payment_intent_idx, chargebook.orders_placed_idx",
        "ALTER TABLE chargebook.orders DISABLE TRIGGER orders_count_inserted",
    ] {
        sqlx::query(sql).execute(pool).await.unwrap();
    }
    let rows = part("[counts]");
    for row in &rows {
        let (month, brand, filed) = (month(row[0]), row[1], number(row[2]));
        let amounts: Vec<_> = row[3].split(' ').collect();
        let currencies = i64::try_from(amounts.len() / 2).unwrap();
        for (index, pair) in amounts.chunks(2).enumerate() {
            // The first currency has what is over.
            let over = if index == 0 { filed % currencies } else { 0 };
            fill(pool, DISPUTES, (month, filed / currencies + over), brand, (pair[1], number(pair[0]))).await;
        }
        fill(pool, WARNINGS, (month, number(row[5])), brand, ("", 0)).await;
        fill(pool, ORDERS, (month, number(row[6])), brand, ("", 0)).await;
        if !row[7].is_empty() {
            let at = month.ends_at(ZONE);
            let (by, reason) = ("ana".to_owned(), "the report".to_owned());
            let (network, payments) = (Network::parse(brand).unwrap(), u64::try_from(number(row[7])).unwrap());
            let typed = TypedCount { network, month, payments, by, reason, at };
            ledger(pool).type_in(&typed).await.unwrap();
        }
    }
    for row in &rows {
        fill(pool, PAID, (month(row[0]), number(row[4])), row[1], ("", 0)).await;
    }
    for sql in [
        "CREATE INDEX orders_placed_idx ON chargebook.orders (placed_at, order_ref)",
        "ALTER TABLE chargebook.orders ENABLE TRIGGER orders_count_inserted",
        "SELECT chargebook.count_orders(array_agg(DISTINCT chargebook.order_slot(placed_at))) FROM chargebook.orders",
    ] {
        sqlx::query(sql).execute(pool).await.unwrap();
    }
    let beside = "INSERT INTO chargebook.disputes (account, dispute_id, amount_minor, currency, card_brand, status,
            status_as_of, outcome, bucket, opened_at, filed_at, paid_at, order_match, version,
            same_as_account, same_as_dispute_id)
        SELECT 'woo:shop', dispute_id, amount_minor, currency, card_brand, status, status_as_of, outcome, bucket,
               opened_at, filed_at, opened_at, order_match, 1, account, dispute_id
        FROM chargebook.disputes WHERE card_brand = 'visa'
        UNION ALL
        SELECT 'default', 'inquiry_' || dispute_id, amount_minor, currency, card_brand, 'warning_needs_response',
               status_as_of, 'inquiry_open', bucket, opened_at, NULL, opened_at, order_match, 1, NULL, NULL
        FROM chargebook.disputes WHERE card_brand = 'mastercard'";
    sqlx::query(beside).execute(pool).await.unwrap();
}

fn ledger(pool: &PgPool) -> PostgresLedger {
    PostgresLedger::new(pool.clone(), OrderSource::Table)
}

fn rules(region: Region) -> MonitorRules {
    MonitorRules::new(Programmes::parse(NETWORK_PROGRAMMES).unwrap(), region)
}

fn monitor(ledger: PostgresLedger, region: Region) -> Monitor {
    Monitor::new(Arc::new(ledger), rules(region), ZONE)
}

async fn year(ledger: PostgresLedger) -> Monitored {
    let monitor = monitor(ledger, Region::UnitedStates);
    monitor.counted(month("2025-08"), month("2026-08")).await.unwrap()
}

fn said(estimate: &Estimate) -> [String; 7] {
    [
        estimate.ratio.events.to_string(),
        shown(estimate.ratio.payments),
        shown(estimate.ratio.bps()),
        estimate.programme.threshold_bps.to_string(),
        estimate.floor.as_str().to_owned(),
        shown(estimate.percent_of_threshold()),
        estimate.level.map_or("n/a", Level::as_str).to_owned(),
    ]
}

fn assert_is_worked_year(year: &Monitored) {
    let counts = year.counts();
    for row in part("[expected]") {
        let estimates = rules(Region::parse(row[1]).unwrap()).estimates(&counts, month(row[0]));
        let estimate = estimates.iter().find(|estimate| estimate.programme.name == row[2]).unwrap();
        assert_eq!(said(estimate), row[3..10], "{row:?}");
    }
    for row in part("[counts]") {
        let of_month = counts.of(Network::parse(row[1]).unwrap(), month(row[0]));
        assert_eq!([shown(of_month.activity().bps()), shown(of_month.rate().bps())], row[8..10], "{row:?}");
    }
}

/// A process that watches.
fn watch(ledger: PostgresLedger) -> Watch {
    let follow_ups = Arc::new(ledger.clone());
    let act =
        Act::new(follow_ups, Arc::new(RuleSet::default()), ScoreWeights::default(), true, Arc::new(|_| String::new()));
    let write = |estimate: &Estimate| ("A level".to_owned(), estimate.month.to_string());
    Watch::new(monitor(ledger, Region::UnitedStates), act, Arc::new(write))
}

/// The worked year says which levels are told of.
fn levels() -> BTreeSet<String> {
    let told = part("[expected]").into_iter().filter(|row| row[1] == "us" && ["warning", "reached"].contains(&row[9]));
    told.map(|row| {
        let network = match row[2] {
            "VAMP" => "visa",
            "ECM" | "HECM" => "mastercard",
            _ => "amex",
        };
        format!("alert/{network}/{}/{}/{}", row[2], row[0], row[9])
    })
    .collect()
}

/// Processes that begin and die: each looks once, several at the same time.
async fn watch_the_year(pool: &PgPool) -> Vec<String> {
    let mut told = Vec::new();
    for row in part("[expected]").iter().map(|row| row[0]).collect::<BTreeSet<_>>() {
        let now: DateTime<Utc> = month(row).ends_at(ZONE) - Duration::from_hours(1);
        for _ in 0..2 {
            let (one, two) = (watch(ledger(pool)), watch(ledger(pool)));
            let (one, two) = tokio::join!(one.run(now), two.run(now));
            told.extend(one.unwrap().into_iter().chain(two.unwrap()).map(|alert| format!("alert/{alert}")));
        }
    }
    told
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_worked_year_comes_out_of_rows_as_worked_out_by_hand_and_is_told_of_once(pool: PgPool) {
    write_year(&pool).await;
    let counted = year(ledger(&pool)).await;
    assert_is_worked_year(&counted);

    let told = watch_the_year(&pool).await;
    let (now, books) = ("2027-01-01T00:00:00Z".parse().unwrap(), ledger(&pool));
    let owed = books.claim_messages(now, Duration::from_hours(1), 1_000).await.unwrap();
    let owed: Vec<_> = owed.into_iter().map(|claim| claim.message.id).collect();
    assert_eq!((told.len(), owed.len()), (levels().len(), levels().len()));
    assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), levels());
    assert_eq!(owed.into_iter().collect::<BTreeSet<_>>(), levels());

    // A shop's own view of the same orders is counted each time, and comes to the same.
    let view = "CREATE VIEW public.shop_orders AS SELECT order_ref, payment_intent_id, charge_id,
        amount_minor AS amount, currency, customer_email, placed_at, card_brand FROM chargebook.orders";
    sqlx::query(view).execute(&pool).await.unwrap();
    let source = OrderSource::view("shop_orders", AmountUnit::Minor).unwrap();
    let of_view = monitor(PostgresLedger::new(pool, source), Region::UnitedStates);
    let of_view = of_view.counted(month("2026-05"), month("2026-05")).await.unwrap();
    assert_eq!(of_view.tallies[&month("2026-05")], counted.tallies[&month("2026-05")]);
}

/// What the counts say, and what a count of all orders says.
async fn counts_and_recount(pool: &PgPool) -> [BTreeMap<(DateTime<Utc>, String), (i64, i64)>; 2] {
    let counted = "SELECT slot_at, card_brand, payments, orders FROM chargebook.order_counts";
    let recount = "SELECT slot_at, card_brand, count(*), count(*) FILTER (WHERE nth = 1)
        FROM (SELECT date_trunc('hour', placed_at) + floor(extract(minute FROM placed_at) / 15) * interval '15 minutes'
                     AS slot_at, coalesce(card_brand, '') AS card_brand,
                     row_number() OVER (PARTITION BY date_trunc('hour', placed_at),
                         floor(extract(minute FROM placed_at) / 15), order_ref ORDER BY payment_key) AS nth
              FROM chargebook.orders WHERE placed_at IS NOT NULL) o GROUP BY 1, 2";
    let mut all = Vec::new();
    for sql in [counted, recount] {
        let rows: Vec<(DateTime<Utc>, String, i64, i64)> = sqlx::query_as(sql).fetch_all(pool).await.unwrap();
        all.push(rows.into_iter().map(|(slot, brand, payments, orders)| ((slot, brand), (payments, orders))).collect());
    }
    all.try_into().unwrap()
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn orders_are_counted_as_a_recount_would_whatever_is_written(pool: PgPool) {
    let steps = [
        "INSERT INTO chargebook.orders (order_ref, payment_key, amount_minor, currency, placed_at, card_brand)
         SELECT '#' || g / 2, 'ch_' || g, 1, 'usd', timestamptz '2026-03-28T23:00:00Z' + g * interval '7 minutes',
                (ARRAY['visa', NULL, 'amex'])[1 + g % 3] FROM generate_series(1, 200) g",
        "UPDATE chargebook.orders SET customer_email = 'a@example.com'",
        "UPDATE chargebook.orders SET placed_at = placed_at + interval '1 day' WHERE right(order_ref, 1) = '3'",
        "UPDATE chargebook.orders SET placed_at = NULL WHERE right(order_ref, 1) = '4'",
        "UPDATE chargebook.orders SET card_brand = 'discover' WHERE right(payment_key, 1) = '5'",
        "INSERT INTO chargebook.orders AS o (order_ref, payment_key, amount_minor, currency, placed_at, card_brand)
         SELECT '#' || g, 'ch_' || 2 * g, 1, 'usd', timestamptz '2026-03-29T01:00:00Z', 'jcb' FROM generate_series(50, 150) g
         ON CONFLICT (order_ref, payment_key) DO UPDATE SET placed_at = EXCLUDED.placed_at",
        "DELETE FROM chargebook.orders WHERE right(order_ref, 1) IN ('7', '8')",
        "UPDATE chargebook.orders SET placed_at = '2026-03-30T00:00:00Z', card_brand = 'visa'",
    ];
    for step in steps {
        sqlx::query(step).execute(&pool).await.unwrap();
        let [counted, recount] = counts_and_recount(&pool).await;
        assert!(!recount.is_empty());
        assert_eq!(counted, recount, "after {step}");
    }
}
