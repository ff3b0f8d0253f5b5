//! The reading contract: which tables and views there are, and how their columns are called and typed.

use std::collections::BTreeSet;

use chargebook_ledger_postgres::MIGRATOR;
use sqlx::PgPool;

/// Tables whose every key starts with the account, so that they can be distributed by it.
const BY_ACCOUNT: &[(&str, &str)] = &[
    ("source_events", "account event_id event_type received_at disposition reason"),
    ("source_event_bodies", "account event_id body"),
    (
        "disputes",
        "account dispute_id charge_id payment_intent_id amount_minor currency reason case_type card_brand card_last4 \
         status status_as_of outcome bucket opened_at closed_at evidence_due_by evidence_submitted order_match version",
    ),
    ("dispute_history", "account dispute_id status as_of cause basis recorded_at"),
    ("discrepancies", "account dispute_id kind detail noticed_at"),
    (
        "movements",
        "account movement_id dispute_id category amount_minor fee_minor net_minor currency occurred_at available_on \
         reporting_category stripe_type description source",
    ),
    ("movement_ties", "account movement_id dispute_id tied_by tied_at reason sealed_in"),
    (
        "reclassifications",
        "account movement_id dispute_id meaning amount_minor currency occurred_at reclassified_by reclassified_at reason",
    ),
    ("journal_entries", "account entry_id dispute_id kind occurred_at posted_on recorded_at narration sealed_in"),
    ("postings", "account entry_id line ledger_account amount_minor currency"),
    (
        "resolutions",
        "account dispute_id revision currency kind outcome recovered_delta_minor loss_delta_minor fee_delta_minor \
         fx_delta_minor pending_delta_minor suspense_delta_minor net_delta_minor closed_delta won_delta lost_delta \
         occurred_at recorded_at sealed_in",
    ),
    ("order_links", "account dispute_id order_ref linked_by linked_at reason"),
    (
        "order_resolutions",
        "account dispute_id order_ref settlement_currency outcome bucket disputed_minor disputed_currency \
         recovered_minor loss_minor fee_minor net_minor closed_at ambiguous",
    ),
    ("dispute_aliases", "account dispute_id same_as_account same_as_dispute_id joined_by joined_at reason"),
    ("fraud_warnings", "account warning_id charge_id payment_intent_id fraud_type card_brand occurred_at actionable"),
    ("dispute_reads", "account dispute_id reason due_at attempt claimed_until"),
    ("follow_ups", "account dispute_id version triggers state attempt queued_at due_at claimed_until ended_at reason"),
    ("carried_balances", "account business_date ledger_account currency balance_minor"),
    (
        "carried_figures",
        "account business_date currency recovered_minor loss_minor fee_minor fx_minor pending_minor suspense_minor \
         net_minor closed_count won_count lost_count account_fee_minor account_suspense_minor",
    ),
    ("sweeps", "account kind attempt claimed_until last_begun_at"),
    ("whole_stretches", "account from_at until_at"),
    (
        "backfill_slices",
        "account backfill_from_at backfill_until_at from_at until_at next_cursor is_done new_count known_count \
         changed_count orphaned_count quarantined_count",
    ),
];

/// Tables that every node has whole.
const REFERENCE: &[(&str, &str)] = &[
    (
        "orders",
        "order_ref payment_key charge_id payment_intent_id amount_minor currency refunded_minor customer_email placed_at",
    ),
    ("payment_counts", "network month payments counted_by counted_at reason"),
    ("monitor_alerts", "network programme month level alerted_at"),
    ("order_counts", "slot_at card_brand payments orders"),
    ("customers", "customer key_id known_since replaced_by"),
    ("customer_keys", "key_id done_first done_then is_done"),
    ("customer_scores", "customer score reasons scored_at disputes lost"),
    ("customer_decisions", "customer decided_at decided_by is_blocked reason"),
    ("customer_tags", "customer tag tagged_at tagged_by"),
    ("summaries", "business_date time_zone state sealed_at is_carried"),
    ("summary_attempts", "business_date channel attempt request_id by_person outcome"),
    ("alerts", "kind subject message_id told_at"),
    ("summary_contents", "business_date book content sha256"),
    ("summary_deliveries", "business_date channel state"),
    ("deployment", "purpose"),
    ("order_book", "version"),
    ("rule_log", "follow_up rule account dispute_id customer evaluated_at fired why"),
    ("outbox", "message_id kind endpoint subject body state attempt queued_at due_at claimed_until ended_at reason"),
    ("closed_periods", "closed_through closed_by closed_at reason"),
    ("convention_changes", "changed_at convention"),
    ("delivery_counts", "source day answer deliveries last_at"),
];

const VIEWS: &[(&str, &str)] = &[
    (
        "dispute_report",
        "account dispute_id charge_id payment_intent_id order_ref order_match disputed_minor disputed_currency status \
         outcome bucket opened_at closed_at settlement_currency withdrawn_minor reinstated_minor recovered_minor \
         loss_minor fee_minor fx_minor pending_minor suspense_minor net_minor",
    ),
    (
        "closed_disputes",
        "account dispute_id settlement_currency is_counted reason card_brand outcome evidence_submitted opened_at closed_at \
         recovered_minor loss_minor fee_minor fx_minor pending_minor suspense_minor net_minor",
    ),
    (
        "customer_report",
        "customer known_since disputes open won lost other_closed inquiries disputed_orders orders first_at last_at",
    ),
    ("customer_amounts", "customer currency disputed_minor lost_minor won_minor"),
    ("blocked_customers", "customer blocked_at reason"),
    ("trial_balance", "account ledger_account currency balance_minor"),
    ("dispute_movements", "account dispute_id movement_id category amount_minor fee_minor net_minor currency tied"),
    (
        "order_totals",
        "order_ref settlement_currency disputes open_disputes recovered_minor loss_minor fee_minor net_minor closed_at",
    ),
];

/// Times whose name says what they are for instead of ending in `_at`.
const NAMED_TIMES: [&str; 5] = ["as_of", "status_as_of", "evidence_due_by", "claimed_until", "known_since"];

/// Dates whose name says what they are for instead of ending in `_on`.
const NAMED_DATES: [&str; 5] = ["business_date", "sealed_in", "closed_through", "day", "month"];

/// A name, the table, the table that it refers to, and the columns of both.
type ForeignKey = (String, String, String, Vec<String>, Vec<String>);

/// A relation, a column and its type.
async fn columns(pool: &PgPool) -> Vec<(String, String, String)> {
    let columns = sqlx::query_as(
        "SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns
         WHERE table_schema = 'chargebook' ORDER BY 1, ordinal_position",
    );
    columns.fetch_all(pool).await.unwrap()
}

fn names(relations: &[(&str, &str)]) -> BTreeSet<String> {
    relations.iter().map(|(name, _)| (*name).to_owned()).collect()
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_tables_and_views_of_the_contract_exist_and_no_others(pool: PgPool) {
    let of_kind = async |kind: &str| {
        let names = sqlx::query_scalar::<_, String>(
            "SELECT table_name::text FROM information_schema.tables
             WHERE table_schema = 'chargebook' AND table_type = $1",
        );
        names.bind(kind).fetch_all(&pool).await.unwrap().into_iter().collect::<BTreeSet<_>>()
    };
    assert_eq!(of_kind("BASE TABLE").await, &names(BY_ACCOUNT) | &names(REFERENCE));
    assert_eq!(of_kind("VIEW").await, names(VIEWS));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_columns_of_the_contract_exist(pool: PgPool) {
    let there: BTreeSet<_> = columns(&pool).await.into_iter().map(|(table, column, _)| (table, column)).collect();
    for (table, columns) in [BY_ACCOUNT, REFERENCE, VIEWS].into_iter().flatten() {
        for column in columns.split_whitespace() {
            assert!(there.contains(&((*table).to_owned(), column.to_owned())), "{table}.{column}");
        }
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn every_key_starts_with_the_account(pool: PgPool) {
    // Also unique indexes that are not constraints.
    let keys: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT t.relname::text, i.relname::text, a.attname::text
         FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0]
         WHERE x.indisunique AND t.relnamespace = 'chargebook'::regnamespace",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let (by_account, reference) = (names(BY_ACCOUNT), names(REFERENCE));
    for (table, key, first) in &keys {
        assert_eq!(first == "account", by_account.contains(table), "{key} starts with {first}");
    }
    let keyed: BTreeSet<_> = keys.into_iter().map(|(table, ..)| table).collect();
    assert_eq!(keyed, &by_account | &reference, "every table has a key");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn no_foreign_key_crosses_the_account(pool: PgPool) {
    let foreign: Vec<ForeignKey> = sqlx::query_as(
        "SELECT c.conname::text, t.relname::text, f.relname::text,
                ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY AS k(n, i)
                      JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.n ORDER BY k.i),
                ARRAY(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY AS k(n, i)
                      JOIN pg_attribute a ON a.attrelid = f.oid AND a.attnum = k.n ORDER BY k.i)
         FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class f ON f.oid = c.confrelid
         WHERE c.contype = 'f' AND t.relnamespace = 'chargebook'::regnamespace",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert!(!foreign.is_empty());
    let by_account = names(BY_ACCOUNT);
    for (name, from, to, columns, referred) in foreign {
        assert_eq!(by_account.contains(&from), by_account.contains(&to), "{name}: {from} to {to}");
        if by_account.contains(&from) {
            assert_eq!((columns[0].as_str(), referred[0].as_str()), ("account", "account"), "{name}");
        }
        assert_eq!(columns, referred, "{name}");
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn amounts_are_whole_minor_units(pool: PgPool) {
    let counts = [
        "version",
        "closed_delta",
        "won_delta",
        "lost_delta",
        "disputes",
        "open_disputes",
        "open",
        "won",
        "lost",
        "other_closed",
        "inquiries",
        "disputed_orders",
        "deliveries",
        "payments",
        "orders",
    ];
    for (table, column, kind) in columns(&pool).await {
        // Whole numbers too, of 38 digits: a sum over all of history is carried also where it exceeds 64 bits.
        if table.starts_with("carried_") && column.ends_with("_minor") {
            assert_eq!(kind, "numeric", "{table}.{column}");
            continue;
        }
        let inexact = ["numeric", "real", "double precision", "money"].contains(&kind.as_str());
        assert!(!inexact, "{table}.{column} is {kind}");
        let whole = ["_minor", "_count"].iter().any(|end| column.ends_with(end)) || counts.contains(&column.as_str());
        assert_eq!(whole, kind == "bigint", "{table}.{column}");
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn times_and_dates_are_called_so_and_have_a_zone(pool: PgPool) {
    for (table, column, kind) in columns(&pool).await {
        assert_ne!(kind, "timestamp without time zone", "{table}.{column}");
        let time = column.ends_with("_at") || NAMED_TIMES.contains(&column.as_str());
        assert_eq!(time, kind == "timestamp with time zone", "{table}.{column} is {kind}");
        let date = column.ends_with("_on") || NAMED_DATES.contains(&column.as_str());
        assert_eq!(date, kind == "date", "{table}.{column} is {kind}");
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn nothing_depends_on_a_sequence_or_a_type_of_its_own(pool: PgPool) {
    let own: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class WHERE relkind = 'S' AND relnamespace = 'chargebook'::regnamespace
         UNION ALL SELECT typname::text FROM pg_type
         WHERE typtype IN ('e', 'd', 'r') AND typnamespace = 'chargebook'::regnamespace",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(own, Vec::<String>::new());
}
