//! How fast the views of customers and of the monitor answer, over many disputes and orders.

use std::time::{Duration, Instant};

use chargebook_domain::CustomerId;
use chargebook_domain::ports::Monitoring;
use chargebook_ledger_postgres::reading::CustomerOrder;
use chargebook_tests::{as_owner, fresh_database};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::latencies::milliseconds;

const FILL: &str = include_str!("views.sql");

/// How often each question is asked. The first answer is told apart: it is that of a new connection.
const TIMES: usize = 20;

/// Fills a database with so many disputes and orders, and asks.
pub(crate) async fn measure(disputes: usize, orders: usize) -> Value {
    let (url, ledger) = fresh_database().await;
    let mut connection = PgConnection::connect(&as_owner(&url)).await.unwrap();
    let customers = (disputes * 3 / 10).max(2);
    println!("filling: {disputes} disputes, {orders} orders, {customers} customers");
    let fill = FILL
        .replace("{disputes}", &disputes.to_string())
        .replace("{orders}", &orders.to_string())
        .replace("{customers}", &customers.to_string());
    sqlx::raw_sql(AssertSqlSafe(fill)).execute(&mut connection).await.unwrap();
    // As autovacuum does: without it, an index alone answers nothing.
    sqlx::raw_sql("VACUUM").execute(&mut connection).await.unwrap();

    let [heavy, light] = ["DESC", "ASC"].map(|order| {
        format!("SELECT customer FROM chargebook.customer_scores ORDER BY disputes {order}, customer LIMIT 1")
    });
    let mut ask: Vec<String> = Vec::new();
    for sql in [heavy, light] {
        ask.push(sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut connection).await.unwrap());
    }
    let [heavy, light] = [&ask[0], &ask[1]].map(|hash| CustomerId::parse(hash).unwrap());

    println!("{:<40} {:>10} {:>10} {:>10}", "", "first", "median", "slowest");
    let mut report = Vec::new();
    let lists = [
        ("customers by score", CustomerOrder::Score),
        ("customers by lost", CustomerOrder::Lost),
        ("customers by disputes", CustomerOrder::Disputes),
        ("customers by latest", CustomerOrder::Latest),
        ("customers that are blocked", CustomerOrder::Blocked),
    ];
    for (name, order) in lists {
        report.push(time(name, async || assert_eq!(ledger.customers(order, 50).await.unwrap().len(), 50)).await);
    }
    for (name, customer) in [("customer with many disputes", &heavy), ("customer with few disputes", &light)] {
        report.push(time(name, async || assert!(ledger.customer(customer).await.unwrap().is_some())).await);
    }
    report.push(time("decision", async || assert!(ledger.decision(&heavy).await.unwrap().known)).await);
    let year: Vec<_> = (1..=11).map(|month| first_of(2026, month)).collect();
    let months: [(&str, &[DateTime<Utc>]); 2] = [("monitor, a month", &year[9..]), ("monitor, ten months", &year)];
    for (name, bounds) in months {
        report.push(time(name, async || assert_eq!(ledger.tally(bounds).await.unwrap().len() + 1, bounds.len())).await);
    }
    json!({ "disputes": disputes, "orders": orders, "customers": customers, "views": report })
}

fn first_of(year: i32, month: u32) -> DateTime<Utc> {
    format!("{year}-{month:02}-01T00:00:00Z").parse().unwrap()
}

async fn time(name: &str, mut question: impl AsyncFnMut()) -> Value {
    let mut took: Vec<Duration> = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let asked = Instant::now();
        question().await;
        took.push(asked.elapsed());
    }
    let first = took[0];
    took.sort_unstable();
    let (median, slowest) = (took[TIMES / 2], took[TIMES - 1]);
    println!("{name:<40} {:>10} {:>10} {:>10}", milliseconds(first), milliseconds(median), milliseconds(slowest));
    let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap();
    json!({ "name": name, "first_us": micros(first), "median_us": micros(median), "slowest_us": micros(slowest) })
}
