//! docs/citus.md says which tables can be distributed by the account: here the schema itself is asked.

use std::collections::BTreeSet;

use chargebook_ledger_postgres::MIGRATOR;
use sqlx::PgPool;

const DOCUMENT: &str = include_str!("../../../../docs/citus.md");

/// The tables that the document lists below a line that begins so.
fn listed(beginning: &str) -> BTreeSet<String> {
    let below =
        DOCUMENT.lines().skip_while(|line| !line.starts_with(beginning)).skip_while(|line| !line.starts_with("- "));
    let items = below.map_while(|line| line.strip_prefix("- `")?.strip_suffix('`'));
    items.map(str::to_owned).collect()
}

async fn names(pool: &PgPool, sql: &'static str) -> BTreeSet<String> {
    sqlx::query_scalar::<_, String>(sql).fetch_all(pool).await.unwrap().into_iter().collect()
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_document_lists_each_table_as_its_keys_allow(pool: PgPool) {
    let distributed = names(
        &pool,
        "SELECT t.relname::text FROM pg_class t WHERE t.relkind = 'r' AND t.relnamespace = 'chargebook'::regnamespace
         AND EXISTS (SELECT FROM pg_index x WHERE x.indrelid = t.oid AND x.indisunique)
         AND NOT EXISTS (SELECT FROM pg_index x JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0]
                         WHERE x.indrelid = t.oid AND x.indisunique AND a.attname <> 'account')",
    )
    .await;
    let all = names(
        &pool,
        "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'chargebook'::regnamespace",
    )
    .await;
    assert_eq!(listed("Distributed by `account`"), distributed);
    assert_eq!(listed("On every node as a whole"), &all - &distributed);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn no_foreign_key_or_exclusion_leaves_the_account(pool: PgPool) {
    let crossing = names(
        &pool,
        "SELECT c.conname::text FROM pg_constraint c
         WHERE c.connamespace = 'chargebook'::regnamespace AND c.contype IN ('f', 'x')
           AND 'account' IN (SELECT attname FROM pg_attribute WHERE attrelid IN (c.conrelid, c.confrelid))
           AND NOT (c.contype = 'f'
                AND EXISTS (SELECT FROM unnest(c.conkey, c.confkey) AS k(here, there)
                    JOIN pg_attribute h ON h.attrelid = c.conrelid AND h.attnum = k.here AND h.attname = 'account'
                    JOIN pg_attribute t ON t.attrelid = c.confrelid AND t.attnum = k.there AND t.attname = 'account'))",
    )
    .await;
    assert_eq!(crossing, BTreeSet::new());
}
