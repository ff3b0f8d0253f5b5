//! Views that the shop wrote itself: of any types, ambiguous, in the wrong unit, broken.

use chargebook_domain::ports::{Ledger, LedgerError, Link, Linked, OrderBook};
use chargebook_domain::service::MatchOrders;
use chargebook_domain::{BookRules, DiscrepancyKind};
use chargebook_ledger_postgres::{AmountUnit, MIGRATOR, OrderSource, PostgresLedger};
use chargebook_port_contracts::samples::{day, dispute_key, order};
use sqlx::PgPool;
use std::sync::Arc;

use crate::view::{By, disputed, ledger, odd, only, payments, run};

/// Tables whose columns are of none of the types that Chargebook has.
const SHOP: &str = "
    CREATE TABLE sales (id uuid PRIMARY KEY, charge varchar(40), intent char(9), cents int, iso char(3), mail varchar,
        placed timestamp, returned int);
    INSERT INTO sales VALUES
        ('00000000-0000-0000-0000-00000000000a', 'ch_a', 'pi_a', 4999, 'USD', 'a@example.com', '2026-01-02 03:04:05', 100),
        ('00000000-0000-0000-0000-00000000000b', '', '', 700, 'eur', NULL, NULL, NULL);
    CREATE VIEW chargebook_orders AS SELECT id AS order_ref, charge AS charge_id, intent AS payment_intent_id,
        cents AS amount, iso AS currency, mail AS customer_email, placed AS placed_at, returned AS refunded FROM sales;";

async fn sweep(ledger: &PostgresLedger) -> u64 {
    let ledger = Arc::new(ledger.clone());
    MatchOrders::new(ledger.clone(), ledger, BookRules::default()).sweep(day(2)).await.unwrap().disputes
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn columns_may_be_of_other_types(pool: PgPool) {
    run(&pool, SHOP).await;
    let ledger = ledger(&pool, AmountUnit::Minor);
    let id = "00000000-0000-0000-0000-00000000000a";
    let expected = format!("{id} ch_a pi_a 4999 usd a@example.com 2026-01-02T03:04:05Z");
    for by in [By::Charge("ch_a"), By::Intent("pi_a"), By::Order("00000000-0000-0000-0000-00000000000a")] {
        assert_eq!(only(&ledger, by).await, expected);
    }
    assert_eq!(payments(&ledger, By::Charge("ch_a")).await[0].refunded_minor, Some(100));
    let line = disputed(&ledger, By::Charge("ch_a"), 4_999, "usd").await;
    assert_eq!(odd(&ledger, &line).await, [DiscrepancyKind::OrderRefundedAsWell.as_str()]);
    let report = ledger.check_orders().await.unwrap();
    assert_eq!((report.rows, report.without_payment, report.unreadable), (2, 1, 0), "a blank id is none");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_view_without_refunds_leaves_them_unknown(pool: PgPool) {
    run(&pool, SHOP).await;
    run(&pool, "ALTER VIEW chargebook_orders RENAME COLUMN refunded TO something_else").await;
    let ledger = ledger(&pool, AmountUnit::Minor);
    assert_eq!(payments(&ledger, By::Charge("ch_a")).await[0].refunded_minor, None);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn times_without_a_zone_are_utc_whatever_the_databases_zone(pool: PgPool) {
    run(&pool, SHOP).await;
    let zone =
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone TO ''Asia/Tokyo''', current_database()); END $$";
    run(&pool, zone).await;
    let fresh = sqlx::postgres::PgPoolOptions::new().connect_with((*pool.connect_options()).clone()).await.unwrap();
    let placed_at = payments(&ledger(&fresh, AmountUnit::Minor), By::Charge("ch_a")).await[0].placed_at;
    assert_eq!(placed_at, Some("2026-01-02T03:04:05Z".parse().unwrap()));
    fresh.close().await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_view_may_be_in_a_schema_and_in_any_case(pool: PgPool) {
    run(&pool, SHOP).await;
    run(
        &pool,
        r#"CREATE SCHEMA "Shop"; ALTER VIEW chargebook_orders SET SCHEMA "Shop";
                  ALTER VIEW "Shop".chargebook_orders RENAME TO "Orders""#,
    )
    .await;
    let source = OrderSource::view("Shop.Orders", AmountUnit::Minor).unwrap();
    let ledger = PostgresLedger::new(pool.clone(), source);
    assert_eq!(payments(&ledger, By::Charge("ch_a")).await.len(), 1);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_wrong_unit_is_noticed(pool: PgPool) {
    run(&pool, SHOP).await;
    for (unit, off_by_100) in [(AmountUnit::Minor, 0), (AmountUnit::X100, 0), (AmountUnit::Major, 1)] {
        let ledger = ledger(&pool, unit);
        disputed(&ledger, By::Charge("ch_a"), 4_999, "usd").await;
        let report = ledger.check_orders().await.unwrap();
        assert_eq!((report.compared, report.off_by_100), (1, off_by_100), "{unit:?}");
    }
    run(&pool, "UPDATE sales SET cents = 50").await;
    disputed(&ledger(&pool, AmountUnit::Minor), By::Charge("ch_a"), 5_000, "usd").await;
    run(&pool, "UPDATE chargebook.disputes SET amount_minor = 5000").await;
    let report = ledger(&pool, AmountUnit::Minor).check_orders().await.unwrap();
    assert_eq!(report.off_by_100, 1, "a hundredth of what is disputed");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn several_orders_of_one_charge_wait_for_a_person(pool: PgPool) {
    run(&pool, SHOP).await;
    run(&pool, "INSERT INTO sales SELECT gen_random_uuid(), charge, intent, 1, iso FROM sales WHERE charge = 'ch_a'")
        .await;
    let ledger = ledger(&pool, AmountUnit::Minor);
    assert_eq!(ledger.check_orders().await.unwrap().duplicates, 1);
    let line = disputed(&ledger, By::Charge("ch_a"), 4_999, "usd").await;
    assert_eq!((line.order_match.as_str(), line.order_ref.as_deref()), ("ambiguous", None));

    let chosen = order("00000000-0000-0000-0000-00000000000a");
    let link = |order| Link {
        key: dispute_key(&line.dispute_id),
        order,
        linked_by: "ana".to_owned(),
        reason: "the invoice says so".to_owned(),
        linked_at: day(2),
    };
    assert_eq!(ledger.link(&link(order("R1"))).await.unwrap(), Linked::NoSuchOrder);
    assert_eq!(ledger.link(&link(chosen.clone())).await.unwrap(), Linked::Kept);
    assert_eq!(sweep(&ledger).await, 1);
    let key = dispute_key(&line.dispute_id);
    let line = ledger.story(&key.account, &key.dispute).await.unwrap().facts.remove(0);
    assert_eq!((line.order_match.as_str(), line.order_ref.as_deref()), ("matched", Some(chosen.as_str())));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn an_orphan_is_matched_when_its_row_appears_in_the_view(pool: PgPool) {
    run(&pool, SHOP).await;
    let ledger = ledger(&pool, AmountUnit::Minor);
    for by in [By::Charge("ch_c"), By::Intent("pi_d"), By::Order("00000000-0000-0000-0000-00000000000e")] {
        assert_eq!(disputed(&ledger, by, 100, "usd").await.order_match, "orphan");
    }
    assert_eq!(sweep(&ledger).await, 0);
    run(
        &pool,
        "INSERT INTO sales (id, charge, intent, cents, iso) VALUES
             ('00000000-0000-0000-0000-00000000000c', 'ch_c', NULL, 100, 'usd'),
             ('00000000-0000-0000-0000-00000000000d', NULL, 'pi_d', 100, 'usd'),
             ('00000000-0000-0000-0000-00000000000e', NULL, NULL, 100, 'usd')",
    )
    .await;
    assert_eq!(sweep(&ledger).await, 3);
    assert_eq!(sweep(&ledger).await, 0);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn one_row_that_cannot_be_read_keeps_no_dispute_out_of_the_books(pool: PgPool) {
    run(&pool, SHOP).await;
    run(
        &pool,
        "INSERT INTO sales (id, charge, cents, iso) VALUES
             (gen_random_uuid(), 'ch_odd', 100, '???'), (gen_random_uuid(), 'ch_odd', NULL, 'usd'),
             ('00000000-0000-0000-0000-00000000000c', 'ch_c', 100, 'usd')",
    )
    .await;
    let ledger = ledger(&pool, AmountUnit::Minor);
    assert_eq!(disputed(&ledger, By::Charge("ch_odd"), 100, "usd").await.order_match, "orphan");
    assert_eq!(disputed(&ledger, By::Charge("ch_c"), 100, "usd").await.order_match, "matched");
    let report = ledger.check_orders().await.unwrap();
    assert_eq!((report.rows, report.unreadable), (5, 2));
    assert!(report.first_unreadable.is_some());
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn amounts_with_more_decimals_than_the_currency_are_not_rounded(pool: PgPool) {
    run(&pool, SHOP).await;
    let ledger = ledger(&pool, AmountUnit::X100);
    run(&pool, "UPDATE sales SET cents = 4950, iso = 'jpy' WHERE charge = 'ch_a'").await;
    assert_eq!(payments(&ledger, By::Charge("ch_a")).await, [], "49.50 yen");
    assert_eq!(ledger.check_orders().await.unwrap().unreadable, 1);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_broken_view_is_unavailable_and_refuses_nothing(pool: PgPool) {
    let ledger = ledger(&pool, AmountUnit::Minor);
    let without_a_column = SHOP.replace("placed AS placed_at", "placed AS ordered_at");
    let that_fails = SHOP.replace("cents AS amount", "cents / (cents - cents) AS amount");
    let of_text = SHOP.replace("cents AS amount", "'12 dollars'::text AS amount");
    let none = "SELECT 1".to_owned();
    for broken in [none, without_a_column, that_fails, of_text] {
        run(&pool, &broken).await;
        for error in
            [ledger.load(&[By::Charge("ch_a").lookup()]).await.unwrap_err(), ledger.check_orders().await.unwrap_err()]
        {
            assert!(matches!(error, LedgerError::Unavailable(_)), "{error:?} for {broken}");
        }
        run(&pool, "DROP TABLE IF EXISTS sales CASCADE").await;
    }
    run(&pool, SHOP).await;
    assert_eq!(payments(&ledger, By::Charge("ch_a")).await.len(), 1, "once it is repaired");
}
