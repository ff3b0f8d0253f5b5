//! What PostgreSQL's time was spent on, by statement, as `pg_stat_statements` tells.

use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection, Row as _};

/// Statements that are told.
const SHOWN: &str = "
    SELECT calls, rows, (total_exec_time * 1000)::bigint AS exec_us, (mean_exec_time * 1000)::bigint AS mean_us,
           wal_bytes::bigint AS wal_bytes, regexp_replace(query, '\\s+', ' ', 'g') AS query
    FROM pg_stat_statements
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND query NOT LIKE '%pg_stat_statements%'
    ORDER BY total_exec_time DESC LIMIT 25";

const WIDTH: usize = 120;

/// Begins to count.
pub(crate) async fn reset(url: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let sql = "CREATE EXTENSION IF NOT EXISTS pg_stat_statements; SELECT pg_stat_statements_reset()";
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
}

/// Prints the statements that took the most time, and what that is of each of `events`.
pub(crate) async fn top(url: &str, events: usize) -> Value {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let rows = sqlx::query(SHOWN).fetch_all(&mut connection).await.unwrap();
    let events = i64::try_from(events).unwrap();
    println!("\n{:>8} {:>9} {:>9} {:>9} {:>9}  statement", "µs/event", "calls", "mean µs", "rows", "WAL B/ev");
    let mut report = Vec::new();
    for row in &rows {
        let figure = |name: &str| row.get::<i64, _>(name);
        let query: String = row.get("query");
        let start: String = query.chars().take(WIDTH).collect();
        println!(
            "{:>8} {:>9} {:>9} {:>9} {:>9}  {start}",
            figure("exec_us") / events,
            figure("calls"),
            figure("mean_us"),
            figure("rows"),
            figure("wal_bytes") / events
        );
        report.push(json!({
            "calls": figure("calls"), "exec_us": figure("exec_us"), "rows": figure("rows"),
            "wal_bytes": figure("wal_bytes"), "query": query
        }));
    }
    Value::Array(report)
}
