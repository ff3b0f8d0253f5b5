//! What no row may say.

use std::collections::BTreeSet;

use chargebook_domain::ReadReason;
use chargebook_domain::ports::SweepKind;
use chargebook_ledger_postgres::MIGRATOR;
use sqlx::{AssertSqlSafe, PgPool};

use crate::seed::{books, refusal, run};

/// A table, what its first row is changed to, and the check that this breaks.
const BROKEN: &[(&str, &str, &str)] = &[
    ("source_events", r#"{"disposition": "lost", "reason": null}"#, "source_events_disposition_check"),
    ("source_events", r#"{"disposition": "quarantined", "reason": null}"#, "source_events_reason_check"),
    ("source_events", r#"{"disposition": "recorded", "reason": "why"}"#, "source_events_reason_check"),
    ("disputes", r#"{"currency": "USD"}"#, "disputes_currency_check"),
    ("disputes", r#"{"currency": "usdt"}"#, "disputes_currency_check"),
    ("disputes", r#"{"outcome": "pending"}"#, "disputes_outcome_check"),
    ("disputes", r#"{"bucket": "lost"}"#, "disputes_bucket_check"),
    ("disputes", r#"{"outcome": "open"}"#, "disputes_closed_check"),
    ("disputes", r#"{"outcome": "inquiry_open"}"#, "disputes_closed_check"),
    ("disputes", r#"{"closed_at": null}"#, "disputes_closed_check"),
    ("disputes", r#"{"order_match": "unmatched"}"#, "disputes_order_match_check"),
    ("disputes", r#"{"convention": "cash"}"#, "disputes_convention_check"),
    ("convention_changes", r#"{"convention": "cash"}"#, "convention_changes_convention_check"),
    ("disputes", r#"{"version": 0}"#, "disputes_version_check"),
    ("disputes", r#"{"same_as_account": "default"}"#, "disputes_same_as_check"),
    (
        "dispute_aliases",
        r#"{"same_as_account": "default", "same_as_dispute_id": "du_1"}"#,
        "dispute_aliases_other_check",
    ),
    ("dispute_history", r#"{"basis": "rumour"}"#, "dispute_history_basis_check"),
    ("movements", r#"{"category": "refund"}"#, "movements_category_check"),
    ("movements", r#"{"currency": "us"}"#, "movements_currency_check"),
    ("journal_entries", r#"{"kind": "opening"}"#, "journal_entries_kind_check"),
    ("postings", r#"{"ledger_account": "assets:cash"}"#, "postings_ledger_account_check"),
    ("postings", r#"{"amount_minor": 0}"#, "postings_amount_check"),
    ("postings", r#"{"currency": "Usd"}"#, "postings_currency_check"),
    ("resolutions", r#"{"kind": "changed"}"#, "resolutions_kind_check"),
    ("resolutions", r#"{"outcome": "pending"}"#, "resolutions_outcome_check"),
    ("resolutions", r#"{"net_delta_minor": 1}"#, "resolutions_net_check"),
    ("carried_balances", r#"{"currency": "Usd"}"#, "carried_balances_currency_check"),
    ("carried_figures", r#"{"currency": "us"}"#, "carried_figures_currency_check"),
    ("orders", r#"{"currency": "EUR"}"#, "orders_currency_check"),
    ("customers", r#"{"customer": "ABC"}"#, "customers_hash_check"),
    ("customer_scores", r#"{"score": 101}"#, "customer_scores_score_check"),
    ("payment_counts", r#"{"month": "2026-11-02"}"#, "payment_counts_month_check"),
    ("payment_counts", r#"{"payments": -1}"#, "payment_counts_payments_check"),
    ("summaries", r#"{"state": "open"}"#, "summaries_state_check"),
    ("summary_deliveries", r#"{"state": "sent", "claimed_until": null}"#, "summary_deliveries_state_check"),
    ("summary_deliveries", r#"{"claimed_until": null}"#, "summary_deliveries_claim_check"),
    ("summary_deliveries", r#"{"state": "accepted"}"#, "summary_deliveries_claim_check"),
    (
        "summary_attempts",
        r#"{"outcome": "pending", "ended_at": "2026-01-02T00:00:00Z"}"#,
        "summary_attempts_outcome_check",
    ),
    ("summary_attempts", r#"{"outcome": "accepted"}"#, "summary_attempts_end_check"),
    ("summary_attempts", r#"{"looked_at": "2026-01-01 00:00Z", "found": "perhaps"}"#, "summary_attempts_found_check"),
    ("summary_attempts", r#"{"found": "there"}"#, "summary_attempts_look_check"),
    ("summary_contents", r#"{"sha256": "abc"}"#, "summary_contents_sha256_check"),
    ("alerts", r#"{"kind": "rumour"}"#, "alerts_kind_check"),
    ("dispute_reads", r#"{"reason": "curious"}"#, "dispute_reads_reason_check"),
    ("follow_ups", r#"{"state": "dead"}"#, "follow_ups_state_check"),
    ("follow_ups", r#"{"state": "running"}"#, "follow_ups_claim_check"),
    ("follow_ups", r#"{"state": "failed"}"#, "follow_ups_end_check"),
    ("outbox", r#"{"kind": "letter"}"#, "outbox_kind_check"),
    ("outbox", r#"{"kind": "webhook"}"#, "outbox_endpoint_check"),
    ("outbox", r#"{"state": "failed"}"#, "outbox_state_check"),
    ("outbox", r#"{"state": "running"}"#, "outbox_claim_check"),
    ("outbox", r#"{"state": "dead"}"#, "outbox_end_check"),
    ("reclassifications", r#"{"meaning": "loss"}"#, "reclassifications_meaning_check"),
    ("reclassifications", r#"{"amount_minor": 0}"#, "reclassifications_amount_check"),
    ("reclassifications", r#"{"currency": "USD"}"#, "reclassifications_currency_check"),
    ("sweeps", r#"{"kind": "orders"}"#, "sweeps_kind_check"),
    ("whole_stretches", r#"{"until_at": "2020-01-01T00:00:00Z"}"#, "whole_stretches_order_check"),
    ("backfill_slices", r#"{"from_at": "2020-01-01T00:00:00Z"}"#, "backfill_slices_period_check"),
    ("backfill_slices", r#"{"until_at": "2020-01-01T00:00:00Z"}"#, "backfill_slices_period_check"),
    ("backfill_slices", r#"{"backfill_until_at": "2020-01-01T00:00:00Z"}"#, "backfill_slices_period_check"),
    ("backfill_slices", r#"{"is_done": true, "next_cursor": "du_1"}"#, "backfill_slices_cursor_check"),
    ("order_book", r#"{"only_row": false}"#, "order_book_only_row_check"),
    ("deployment", r#"{"only_row": false}"#, "deployment_only_row_check"),
    ("deployment", r#"{"purpose": "live"}"#, "deployment_purpose_check"),
];

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_row_that_breaks_a_rule_is_refused(pool: PgPool) {
    books(&pool).await;
    for (table, change, check) in BROKEN {
        let sql = format!(
            "INSERT INTO chargebook.{table}
             SELECT n.* FROM (SELECT * FROM chargebook.{table} LIMIT 1) r,
                    jsonb_populate_record(NULL::chargebook.{table}, to_jsonb(r) || '{{\"sealed_in\": null}}' || '{change}') n"
        );
        assert_eq!(refusal(&pool, &sql).await, ("23514".to_owned(), (*check).to_owned()), "{table} {change}");
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn every_check_has_a_row_here_that_breaks_it(pool: PgPool) {
    let named: Vec<String> = sqlx::query_scalar(
        "SELECT conname::text FROM pg_constraint WHERE contype = 'c' AND connamespace = 'chargebook'::regnamespace",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let broken: BTreeSet<_> = BROKEN.iter().map(|(.., check)| (*check).to_owned()).collect();
    assert_eq!(named.into_iter().collect::<BTreeSet<_>>(), broken);
}

/// Writes an entry of these amounts and currencies, in one transaction.
async fn post(pool: &PgPool, entry: &str, postings: &[(i64, &str)]) -> Result<(), sqlx::Error> {
    let mut transaction = pool.begin().await?;
    sqlx::query(
        "INSERT INTO chargebook.journal_entries
             (account, entry_id, kind, occurred_at, posted_on, recorded_at, narration)
         VALUES ('default', $1, 'adjustment', now(), now(), now(), 'a test')",
    )
    .bind(entry)
    .execute(&mut *transaction)
    .await?;
    let rows: Vec<_> = postings
        .iter()
        .enumerate()
        .map(|(line, (amount, currency))| {
            format!("('default', '{entry}', {line}, 'assets:stripe-balance', {amount}, '{currency}')")
        })
        .collect();
    let sql = format!(
        "INSERT INTO chargebook.postings (account, entry_id, line, ledger_account, amount_minor, currency) VALUES {}",
        rows.join(", ")
    );
    sqlx::query(AssertSqlSafe(sql)).execute(&mut *transaction).await?;
    transaction.commit().await
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn an_entry_that_does_not_sum_to_zero_in_each_currency_is_refused(pool: PgPool) {
    let unbalanced: [&[(i64, &str)]; 4] = [
        &[(5, "usd")],
        &[(5, "usd"), (-4, "usd")],
        &[(5, "usd"), (-5, "eur")],
        &[(i64::MAX, "usd"), (i64::MAX, "usd"), (2, "usd")],
    ];
    for (n, postings) in unbalanced.into_iter().enumerate() {
        let error = post(&pool, &format!("unbalanced:{n}"), postings).await.unwrap_err();
        let error = error.as_database_error().unwrap();
        assert_eq!((error.code().as_deref(), error.constraint()), (Some("23514"), Some("postings_balanced_check")));
    }
    post(&pool, "balanced", &[(5, "usd"), (-3, "usd"), (-2, "usd"), (7, "eur"), (-7, "eur")]).await.unwrap();
    let left: i64 =
        sqlx::query_scalar("SELECT count(*) FROM chargebook.journal_entries").fetch_one(&pool).await.unwrap();
    assert_eq!(left, 1, "nothing of a refused entry stays");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn nothing_is_booked_into_a_closed_period(pool: PgPool) {
    let close = |day: &str| {
        format!(
            "INSERT INTO chargebook.closed_periods (closed_through, closed_by, closed_at, reason)
             VALUES ({day}, 'ana', now(), 'the annual report')"
        )
    };
    run(&pool, &close("current_date - 1")).await.unwrap();
    post(&pool, "after", &[(5, "usd"), (-5, "usd")]).await.unwrap();
    for again in ["current_date - 1", "current_date - 2"] {
        assert_eq!(refusal(&pool, &close(again)).await, ("23001".to_owned(), "closed_periods_in_order".to_owned()));
    }
    run(&pool, &close("current_date")).await.unwrap();
    let error = post(&pool, "within", &[(5, "usd"), (-5, "usd")]).await.unwrap_err();
    let error = error.as_database_error().unwrap();
    assert_eq!((error.code().as_deref(), error.constraint()), (Some("55000"), Some("journal_entries_in_open_period")));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn two_entries_that_only_balance_together_are_refused(pool: PgPool) {
    post(&pool, "one", &[(1, "usd"), (-1, "usd")]).await.unwrap();
    post(&pool, "other", &[(1, "usd"), (-1, "usd")]).await.unwrap();
    let across = "INSERT INTO chargebook.postings (account, entry_id, line, ledger_account, amount_minor, currency)
                  VALUES ('default', 'one', 8, 'assets:stripe-balance', 5, 'usd'), ('default', 'other', 8, 'assets:stripe-balance', -5, 'usd')";
    assert_eq!(refusal(&pool, across).await, ("23514".to_owned(), "postings_balanced_check".to_owned()));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_belongs_to_a_dispute_needs_the_dispute_of_its_own_book(pool: PgPool) {
    books(&pool).await;
    // A new movement, and one that is not tied yet: else the row is refused for its own key.
    for (table, movement) in [
        ("dispute_history", ""),
        ("discrepancies", ""),
        ("movements", "txn_new"),
        ("movement_ties", "txn_3"),
        ("reclassifications", "txn_3"),
        ("resolutions", ""),
        ("order_links", ""),
        ("order_resolutions", ""),
        ("dispute_reads", ""),
    ] {
        for of in [r#""dispute_id": "du_unknown""#, r#""account": "acct_other""#] {
            let change = format!(r#"{{{of}, "movement_id": "{movement}"}}"#);
            let sql = format!(
                "INSERT INTO chargebook.{table}
                 SELECT n.* FROM (SELECT * FROM chargebook.{table} WHERE dispute_id IS NOT NULL LIMIT 1) r,
                        jsonb_populate_record(NULL::chargebook.{table}, to_jsonb(r) || '{{\"sealed_in\": null}}' || '{change}') n"
            );
            assert_eq!(refusal(&pool, &sql).await.0, "23503", "{table} {change}");
        }
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_posting_needs_its_entry(pool: PgPool) {
    let orphaned = "INSERT INTO chargebook.postings (account, entry_id, line, ledger_account, amount_minor, currency)
                    VALUES ('default', 'none', 1, 'assets:stripe-balance', 5, 'usd'),
                           ('default', 'none', 2, 'assets:stripe-balance', -5, 'usd')";
    assert_eq!(refusal(&pool, orphaned).await.1, "postings_entry_fkey");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn every_reason_and_every_sweep_can_be_kept(pool: PgPool) {
    books(&pool).await;
    for reason in ReadReason::ALL {
        let sql = format!("UPDATE chargebook.dispute_reads SET reason = '{}'", reason.as_str());
        assert!(run(&pool, &sql).await.unwrap() > 0, "{sql}");
    }
    for kind in SweepKind::ALL {
        let sql = format!("UPDATE chargebook.sweeps SET kind = '{}'", kind.as_str());
        assert!(run(&pool, &sql).await.unwrap() > 0, "{sql}");
    }
}
