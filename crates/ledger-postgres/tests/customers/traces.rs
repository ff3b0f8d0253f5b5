//! No table but that of orders tells who a customer is, or which card it was.

use chargebook_domain::ports::OrderBook;
use chargebook_ledger_postgres::MIGRATOR;
use sqlx::{AssertSqlSafe, PgPool};

use crate::books::{Told, key, ledger, order, other_key, rehash, tell, two_customers};

const MARKER: &str = "marker4711";

/// The tables in which a text stands, in any column, be it as bytes.
async fn tables_with(pool: &PgPool, text: &str) -> Vec<String> {
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = 'chargebook' ORDER BY 1")
            .fetch_all(pool)
            .await
            .unwrap();
    assert!(tables.len() > 20, "{tables:?}");
    let mut found = Vec::new();
    for table in tables {
        let sql = format!(
            "SELECT EXISTS (SELECT FROM chargebook.{table} t WHERE strpos(lower(t::text), $1) > 0
                            OR strpos(t::text, encode(convert_to($1, 'UTF8'), 'hex')) > 0)"
        );
        if sqlx::query_scalar(AssertSqlSafe(sql)).bind(text).fetch_one(pool).await.unwrap() {
            found.push(table);
        }
    }
    found
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn an_address_stands_with_the_orders_and_a_fingerprint_nowhere(pool: PgPool) {
    two_customers(&pool).await;
    let first = ledger(&pool, key());
    first.import(&[order(9, MARKER)]).await.unwrap();
    tell(&first, key(), Told { n: 9, status: "lost", minor: 1_000, card: Some((MARKER, "4242")) }).await;
    rehash(&ledger(&pool, other_key()), other_key()).await;
    assert_eq!(tables_with(&pool, MARKER).await, ["orders"]);
    let hash = other_key().customer(&format!("{MARKER}@example.com")).unwrap();
    assert_eq!(tables_with(&pool, hash.as_str()).await, ["customers", "disputes", "orders"]);
    let card = key().card(MARKER);
    assert_eq!(tables_with(&pool, card.as_str()).await, ["dispute_history", "disputes"]);
}
