//! What is booked is never changed: only a seal is set, once, and a quarantined event becomes recorded.

use chargebook_ledger_postgres::MIGRATOR;
use sqlx::PgPool;

use crate::seed::{books, refusal, run};

/// The tables that only grow, and their columns that may be written once more.
const GUARDED: &[(&str, &[&str])] = &[
    ("source_events", &["disposition", "reason"]),
    ("dispute_history", &[]),
    ("movements", &[]),
    ("movement_ties", &["sealed_in"]),
    ("reclassifications", &[]),
    ("closed_periods", &[]),
    ("convention_changes", &[]),
    ("journal_entries", &["sealed_in"]),
    ("postings", &[]),
    ("resolutions", &["sealed_in"]),
    ("order_links", &[]),
    ("customer_decisions", &[]),
    ("dispute_aliases", &[]),
    ("carried_balances", &[]),
    ("carried_figures", &[]),
    ("summary_attempts", &["ended_at", "outcome", "receipt", "reason", "looked_at", "found"]),
];

/// The refusal of a guard.
fn guard(table: &str) -> (String, String) {
    ("23001".to_owned(), format!("{table}_append_only"))
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn no_row_is_deleted(pool: PgPool) {
    books(&pool).await;
    for (table, _) in GUARDED {
        for sql in [
            format!("DELETE FROM chargebook.{table}"),
            format!("DELETE FROM chargebook.{table} WHERE false"),
            format!("TRUNCATE chargebook.{table} CASCADE"),
        ] {
            assert_eq!(refusal(&pool, &sql).await.0, "23001", "{sql}");
        }
        assert_eq!(refusal(&pool, &format!("DELETE FROM chargebook.{table}")).await, guard(table));
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn no_column_is_changed(pool: PgPool) {
    books(&pool).await;
    for (table, exempt) in GUARDED {
        let columns: Vec<String> = sqlx::query_scalar(
            "SELECT column_name::text FROM information_schema.columns
             WHERE table_schema = 'chargebook' AND table_name = $1",
        )
        .bind(table)
        .fetch_all(&pool)
        .await
        .unwrap();
        assert!(columns.len() > exempt.len(), "{table} has columns");
        for column in columns.iter().filter(|column| !exempt.contains(&column.as_str())) {
            let sql = format!("UPDATE chargebook.{table} SET {column} = {column}");
            assert_eq!(refusal(&pool, &sql).await, guard(table), "{sql}");
            for exempt in *exempt {
                let sql = format!("UPDATE chargebook.{table} SET {exempt} = {exempt}, {column} = {column}");
                assert_eq!(refusal(&pool, &sql).await, guard(table), "{sql}");
            }
        }
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_dispute_is_neither_deleted_nor_renamed_under_its_rows(pool: PgPool) {
    books(&pool).await;
    assert_eq!(refusal(&pool, "DELETE FROM chargebook.disputes").await, guard("disputes"));
    assert_eq!(refusal(&pool, "TRUNCATE chargebook.disputes CASCADE").await.0, "23001");
    for table in ["disputes", "discrepancies", "order_resolutions"] {
        for column in ["account", "dispute_id"] {
            let sql = format!("UPDATE chargebook.{table} SET {column} = {column}");
            assert_eq!(refusal(&pool, &sql).await, guard(table), "{sql}");
        }
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_seal_is_set_once(pool: PgPool) {
    books(&pool).await;
    for table in ["journal_entries", "resolutions"] {
        let set =
            |to: &str, of: &str| format!("UPDATE chargebook.{table} SET sealed_in = {to} WHERE dispute_id = 'du_{of}'");
        for (to, of) in [("'2026-01-09'", "1"), ("sealed_in", "1"), ("NULL", "1"), ("NULL", "2")] {
            assert_eq!(refusal(&pool, &set(to, of)).await, guard(table), "{}", set(to, of));
        }
        assert!(run(&pool, &set("'2026-01-08'", "2")).await.unwrap() > 0, "the first seal of {table}");
        assert_eq!(refusal(&pool, &set("'2026-01-09'", "2")).await, guard(table));
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn an_attempt_ends_once(pool: PgPool) {
    books(&pool).await;
    let end = |outcome: &str| format!("UPDATE chargebook.summary_attempts SET ended_at = now(), outcome = '{outcome}'");
    assert_eq!(run(&pool, &end("unknown")).await.unwrap(), 1);
    assert_eq!(refusal(&pool, &end("accepted")).await, guard("summary_attempts"));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn an_event_only_becomes_recorded_from_quarantine(pool: PgPool) {
    books(&pool).await;
    let set = |to: &str, event: &str| {
        format!("UPDATE chargebook.source_events SET disposition = {to} WHERE event_id = 'evt_{event}'")
    };
    for (to, event) in [
        ("'quarantined', reason = 'because'", "1"),
        ("'ignored'", "1"),
        ("'recorded'", "1"),
        ("'recorded'", "i"),
        ("'quarantined', reason = 'because'", "i"),
        ("'ignored', reason = NULL", "q"),
        ("'quarantined', reason = 'another'", "q"),
    ] {
        assert_eq!(refusal(&pool, &set(to, event)).await, guard("source_events"), "{event} to {to}");
    }
    assert_eq!(run(&pool, &set("'recorded', reason = NULL", "q")).await.unwrap(), 1);
    assert_eq!(refusal(&pool, &set("'quarantined', reason = 'because'", "q")).await, guard("source_events"));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn bodies_can_be_deleted_by_retention(pool: PgPool) {
    books(&pool).await;
    assert!(run(&pool, "DELETE FROM chargebook.source_event_bodies").await.unwrap() > 0);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_sealed_day_gets_nothing_more_and_stays_sealed(pool: PgPool) {
    books(&pool).await;
    for (sql, rule) in [
        (
            "INSERT INTO chargebook.journal_entries SELECT n.* FROM
                 (SELECT * FROM chargebook.journal_entries WHERE sealed_in IS NOT NULL LIMIT 1) r,
                 jsonb_populate_record(NULL::chargebook.journal_entries, to_jsonb(r) || '{\"entry_id\": \"new\"}') n",
            "journal_entries_append_only",
        ),
        (
            "INSERT INTO chargebook.postings (account, entry_id, line, ledger_account, amount_minor, currency)
             SELECT account, entry_id, 90 + v, 'assets:stripe-balance', CASE v WHEN 1 THEN 5 ELSE -5 END, 'usd'
             FROM (SELECT * FROM chargebook.journal_entries WHERE sealed_in IS NOT NULL LIMIT 1) e,
                  generate_series(1, 2) v",
            "postings_append_only",
        ),
        ("UPDATE chargebook.source_event_bodies SET body = ''", "source_event_bodies_append_only"),
        ("DELETE FROM chargebook.summaries", "summaries_append_only"),
        ("UPDATE chargebook.summaries SET state = 'opening'", "summaries_append_only"),
        ("UPDATE chargebook.summaries SET is_carried = false", "summaries_append_only"),
    ] {
        assert_eq!(refusal(&pool, sql).await, ("23001".to_owned(), rule.to_owned()), "{sql}");
    }
}
