//! The views that are documented, as they stand, over the tables of the shops.

use chargebook_ledger_postgres::{AmountUnit, MIGRATOR, MappingReport, PostgresLedger};
use sqlx::PgPool;

use crate::view::{By, disputed, ledger, odd, only, payments, run};

const MEDUSA: &str = include_str!("../../../../docs/views/medusa.sql");
const SALEOR: &str = include_str!("../../../../docs/views/saleor.sql");
const SOLIDUS: &str = include_str!("../../../../docs/views/solidus.sql");
const SPREE: &str = include_str!("../../../../docs/views/spree.sql");
const VENDURE: &str = include_str!("../../../../docs/views/vendure.sql");

/// The shop's tables with their rows, the documented view over them, and a ledger that reads it.
async fn shop(pool: &PgPool, tables: &str, view: &str) -> PostgresLedger {
    run(pool, tables).await;
    run(pool, view).await;
    ledger(pool, AmountUnit::Major)
}

/// That disputes of these amounts match these orders exactly, and that nothing looks like a wrong unit.
async fn all_match(ledger: &PostgresLedger, disputes: &[(By, i64, &str, &str)]) {
    for (by, minor, code, order) in disputes.iter().copied() {
        let line = disputed(ledger, by, minor, code).await;
        assert_eq!((line.order_match.as_str(), line.order_ref.as_deref()), ("matched", Some(order)), "{order}");
        assert_eq!(odd(ledger, &line).await, Vec::<String>::new(), "{order}");
        let one_more = disputed_again(ledger, by, minor + 1, code).await;
        assert_eq!(one_more, ["amount_exceeds_order"], "{order}: the order is for {minor} exactly");
    }
    let report = ledger.check_orders().await.unwrap();
    let compared = i64::try_from(disputes.len()).unwrap() * 2;
    assert_eq!((report.compared, report.off_by_100, report.unreadable), (compared, 0, 0), "{report:?}");
}

/// What is odd about a second dispute of the same payment.
async fn disputed_again(ledger: &PostgresLedger, by: By, minor: i64, code: &str) -> Vec<String> {
    use chargebook_domain::ports::Lookup;
    use chargebook_domain::{BookRules, Currency, Money, Observation};
    use chargebook_port_contracts::booking::book;
    use chargebook_port_contracts::samples::{day, dispute_key, observation};

    let (By::Charge(name) | By::Intent(name) | By::Order(name)) = by;
    let key = dispute_key(&format!("du_again_{name}"));
    let mut seen = Observation { key: key.clone(), ..observation(&format!("evt_again_{name}"), "lost", day(1)) };
    seen.claims.disputed = Money::new(minor, Currency::parse(code).unwrap());
    let Lookup { charge, payment_intent, order, .. } = by.lookup();
    (seen.claims.charge, seen.claims.payment_intent, seen.claims.order_hint) = (charge, payment_intent, order);
    book(ledger, &key, &[seen], BookRules::default(), day(1)).await.unwrap();
    let line = ledger.story(&key.account, &key.dispute).await.unwrap().facts.remove(0);
    odd(ledger, &line).await
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn medusa(pool: PgPool) {
    let tables = r#"
        CREATE TABLE "order" (id text PRIMARY KEY, display_id int, email text, currency_code text, created_at timestamptz,
            deleted_at timestamptz);
        CREATE TABLE payment_collection (id text PRIMARY KEY);
        CREATE TABLE order_payment_collection (id text PRIMARY KEY, order_id text, payment_collection_id text,
            deleted_at timestamptz);
        CREATE TABLE payment (id text PRIMARY KEY, amount numeric, currency_code text, provider_id text, data jsonb,
            payment_collection_id text, order_id text, deleted_at timestamptz);
        INSERT INTO "order" VALUES
            ('order_a', 11, 'a@example.com', 'usd', '2026-01-02T03:04:05Z', NULL),
            ('order_b', 12, 'b@example.com', 'jpy', '2026-01-02T03:04:05Z', NULL),
            ('order_gone', 13, 'c@example.com', 'usd', now(), now());
        INSERT INTO order_payment_collection VALUES
            ('l_a', 'order_a', 'pc_a', NULL), ('l_b', 'order_b', 'pc_b', NULL), ('l_gone', 'order_gone', 'pc_gone', NULL),
            ('l_moved', 'order_a', 'pc_b', now());
        INSERT INTO payment VALUES
            ('p_a', 49.99, 'usd', 'pp_stripe_stripe', '{"id": "pi_a", "latest_charge": "ch_a"}', 'pc_a', NULL, NULL),
            ('p_b', 5000, 'JPY', 'pp_stripe-ideal_stripe', '{"id": "pi_b", "latest_charge": {"id": "ch_b"}}', 'pc_b',
                NULL, NULL),
            ('p_no_charge', 1, 'usd', 'pp_stripe_stripe', '{"id": "pi_none", "latest_charge": null}', 'pc_a', NULL, NULL),
            ('p_deleted', 49.99, 'usd', 'pp_stripe_stripe', '{"id": "pi_deleted"}', 'pc_a', NULL, now()),
            ('p_gone', 49.99, 'usd', 'pp_stripe_stripe', '{"id": "pi_gone"}', 'pc_gone', NULL, NULL),
            ('p_cash', 49.99, 'usd', 'pp_system_default', '{"id": "pi_cash"}', 'pc_a', NULL, NULL);
    "#;
    let ledger = shop(&pool, tables, MEDUSA).await;
    assert_eq!(only(&ledger, By::Charge("ch_a")).await, "11 ch_a pi_a 4999 usd a@example.com 2026-01-02T03:04:05Z");
    assert_eq!(only(&ledger, By::Intent("pi_b")).await, "12 ch_b pi_b 5000 jpy b@example.com 2026-01-02T03:04:05Z");
    assert_eq!(payments(&ledger, By::Order("11")).await.len(), 2);
    for left_out in ["pi_deleted", "pi_gone", "pi_cash"] {
        assert_eq!(payments(&ledger, By::Intent(left_out)).await, [], "{left_out}");
    }
    let expected = MappingReport { rows: 3, without_charge: 1, ..MappingReport::default() };
    assert_eq!(ledger.check_orders().await.unwrap(), expected);
    let disputes = [(By::Charge("ch_a"), 4_999, "usd", "11"), (By::Intent("pi_b"), 5_000, "jpy", "12")];
    all_match(&ledger, &disputes).await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn saleor(pool: PgPool) {
    let tables = "
        CREATE TABLE order_order (id uuid PRIMARY KEY, number int, user_email varchar(254), currency varchar(3),
            total_gross_amount numeric(20, 3), created_at timestamptz, status varchar(32));
        CREATE TABLE payment_transactionitem (id int PRIMARY KEY, psp_reference varchar(512), charged_value numeric(20, 3),
            order_id uuid);
        CREATE TABLE payment_payment (id int PRIMARY KEY, gateway varchar(255), psp_reference varchar(512),
            captured_amount numeric(20, 3), order_id uuid);
        INSERT INTO order_order VALUES
            ('00000000-0000-0000-0000-000000000001', 21, 'a@example.com', 'USD', 60, '2026-01-02T03:04:05Z', 'fulfilled'),
            ('00000000-0000-0000-0000-000000000002', 22, '', 'JPY', 5000, '2026-01-02T03:04:05Z', 'fulfilled');
        INSERT INTO payment_transactionitem VALUES
            (1, 'pi_a', 49.990, '00000000-0000-0000-0000-000000000001'),
            (2, 'pi_b', 5000.000, '00000000-0000-0000-0000-000000000002'),
            (3, 'PAYPAL-1', 10.010, '00000000-0000-0000-0000-000000000001'),
            (4, 'pix_1', 10.010, '00000000-0000-0000-0000-000000000001'),
            (5, NULL, 0, '00000000-0000-0000-0000-000000000001'),
            (6, 'pi_checkout', 5, NULL);
        INSERT INTO payment_payment VALUES
            (1, 'saleor.payments.stripe', 'pi_old', 10.010, '00000000-0000-0000-0000-000000000001'),
            (2, 'mirumee.payments.dummy', 'pi_dummy', 10.010, '00000000-0000-0000-0000-000000000001');
    ";
    let ledger = shop(&pool, tables, SALEOR).await;
    assert_eq!(only(&ledger, By::Intent("pi_a")).await, "21 - pi_a 4999 usd a@example.com 2026-01-02T03:04:05Z");
    assert_eq!(only(&ledger, By::Intent("pi_b")).await, "22 - pi_b 5000 jpy - 2026-01-02T03:04:05Z");
    assert_eq!(only(&ledger, By::Intent("pi_old")).await, "21 - pi_old 1001 usd a@example.com 2026-01-02T03:04:05Z");
    for left_out in ["PAYPAL-1", "pix_1", "pi_dummy", "pi_checkout"] {
        assert_eq!(payments(&ledger, By::Intent(left_out)).await, [], "{left_out}");
    }
    let expected = MappingReport { rows: 3, without_charge: 3, ..MappingReport::default() };
    assert_eq!(ledger.check_orders().await.unwrap(), expected);
    let disputes = [
        (By::Intent("pi_a"), 4_999, "usd", "21"),
        (By::Intent("pi_b"), 5_000, "jpy", "22"),
        (By::Intent("pi_old"), 1_001, "usd", "21"),
    ];
    all_match(&ledger, &disputes).await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn solidus(pool: PgPool) {
    let tables = "
        CREATE TABLE spree_orders (id bigint PRIMARY KEY, number varchar(32), total numeric(10, 2), state varchar,
            payment_state varchar, email varchar, currency varchar, completed_at timestamp);
        CREATE TABLE spree_payments (id bigint PRIMARY KEY, amount numeric(10, 2), order_id bigint, state varchar,
            response_code varchar);
        INSERT INTO spree_orders VALUES
            (1, 'R1', 60, 'complete', 'paid', 'a@example.com', 'USD', '2026-01-02 03:04:05'),
            (2, 'R2', 5000, 'complete', 'paid', 'b@example.com', 'JPY', '2026-01-02 03:04:05'),
            (3, 'R3', 60, 'payment', NULL, 'c@example.com', 'USD', NULL);
        INSERT INTO spree_payments VALUES
            (1, 49.99, 1, 'completed', 'pi_a'), (2, 10.01, 1, 'completed', 'ch_a'), (3, 5000, 2, 'pending', 'py_b'),
            (4, 49.99, 1, 'failed', 'pi_failed'), (5, 49.99, 1, 'void', 'ch_void'), (6, 1, 1, 'completed', 'BT-1'),
            (7, 1, 1, 'checkout', NULL), (8, 60, 3, 'completed', 'pi_cart');
    ";
    let ledger = shop(&pool, tables, SOLIDUS).await;
    assert_eq!(only(&ledger, By::Intent("pi_a")).await, "R1 - pi_a 4999 usd a@example.com 2026-01-02T03:04:05Z");
    assert_eq!(only(&ledger, By::Charge("ch_a")).await, "R1 ch_a - 1001 usd a@example.com 2026-01-02T03:04:05Z");
    assert_eq!(only(&ledger, By::Charge("py_b")).await, "R2 py_b - 5000 jpy b@example.com 2026-01-02T03:04:05Z");
    assert_eq!(payments(&ledger, By::Charge("pi_a")).await, [], "an intent is no charge");
    for left_out in ["pi_failed", "pi_cart"] {
        assert_eq!(payments(&ledger, By::Intent(left_out)).await, [], "{left_out}");
    }
    for left_out in ["ch_void", "BT-1"] {
        assert_eq!(payments(&ledger, By::Charge(left_out)).await, [], "{left_out}");
    }
    let expected = MappingReport { rows: 3, without_charge: 1, without_payment_intent: 2, ..MappingReport::default() };
    assert_eq!(ledger.check_orders().await.unwrap(), expected);
    let disputes = [
        (By::Intent("pi_a"), 4_999, "usd", "R1"),
        (By::Charge("ch_a"), 1_001, "usd", "R1"),
        (By::Charge("py_b"), 5_000, "jpy", "R2"),
    ];
    all_match(&ledger, &disputes).await;
}

/// Spree's tables as they were, and after its columns for states were renamed.
#[sqlx::test(migrator = "MIGRATOR")]
async fn spree_before_and_after_its_states_were_renamed(pool: PgPool) {
    let columns = [("state varchar, payment_state varchar", "state varchar"), ("status varchar", "status varchar")];
    for (version, (of_orders, of_payments)) in columns.into_iter().enumerate() {
        let tables = format!(
            "DROP TABLE IF EXISTS spree_orders, spree_payments CASCADE;
             CREATE TABLE spree_orders (id bigint PRIMARY KEY, number varchar, email varchar, currency varchar,
                 completed_at timestamp, {of_orders});
             CREATE TABLE spree_payments (id bigint PRIMARY KEY, amount numeric(10, 2), order_id bigint,
                 response_code varchar, private_metadata jsonb, {of_payments});
             INSERT INTO spree_orders VALUES
                 (1, 'S{version}-1', 'a@example.com', 'USD', '2026-01-02 03:04:05'),
                 (2, 'S{version}-2', 'b@example.com', 'JPY', '2026-01-02 03:04:05'),
                 (3, 'S{version}-3', 'c@example.com', 'USD', NULL);
             INSERT INTO spree_payments VALUES
                 (1, 49.99, 1, 'pi_a{version}', '{{\"stripe_charge_id\": \"ch_a{version}\"}}'),
                 (2, 5000, 2, 'pi_b{version}', NULL), (3, 1, 1, 'pix_1', NULL), (4, 1, 1, NULL, NULL),
                 (5, 1, 3, 'pi_cart', NULL);"
        );
        let ledger = shop(&pool, &tables, SPREE).await;
        let (charge, intent, order) =
            [("ch_a0", "pi_b0", ["S0-1", "S0-2"]), ("ch_a1", "pi_b1", ["S1-1", "S1-2"])][version];
        let first = format!("{} {charge} pi_a{version} 4999 usd a@example.com 2026-01-02T03:04:05Z", order[0]);
        assert_eq!(only(&ledger, By::Charge(charge)).await, first);
        let second = format!("{} - {intent} 5000 jpy b@example.com 2026-01-02T03:04:05Z", order[1]);
        assert_eq!(only(&ledger, By::Intent(intent)).await, second);
        assert_eq!(payments(&ledger, By::Intent("pi_cart")).await, []);
        let report = ledger.check_orders().await.unwrap();
        assert_eq!((report.rows, report.without_charge, report.without_payment_intent), (2, 1, 0));
        run(&pool, "DELETE FROM chargebook.discrepancies").await;
        let line = disputed(&ledger, By::Charge(charge), 4_999, "usd").await;
        assert_eq!(line.order_ref.as_deref(), Some(order[0]));
        let line = disputed(&ledger, By::Intent(intent), 5_000, "jpy").await;
        assert_eq!((line.order_ref.as_deref(), odd(&ledger, &line).await.len()), (Some(order[1]), 0));
    }
}

const VENDURE_TABLES: &str = r#"
    CREATE TABLE customer (id int PRIMARY KEY, "emailAddress" varchar);
    CREATE TABLE "order" (id int PRIMARY KEY, code varchar, "currencyCode" varchar, "customerId" int,
        "orderPlacedAt" timestamp(6));
    CREATE TABLE payment (id int PRIMARY KEY, amount int, state varchar, "transactionId" varchar, "orderId" int);
    INSERT INTO customer VALUES (1, 'a@example.com');
    INSERT INTO "order" VALUES
        (1, 'V1', 'USD', 1, '2026-01-02 03:04:05'), (2, 'V2', 'JPY', NULL, '2026-01-02 03:04:05'),
        (3, 'V3', 'KWD', 1, NULL);
    INSERT INTO payment VALUES
        (1, 4999, 'Settled', 'pi_a', 1), (2, 500000, 'Authorized', 'pi_b', 2), (3, 1234, 'Settled', 'pi_c', 3),
        (4, 4999, 'Declined', 'pi_declined', 1), (5, 1, 'Settled', 'manual', 1), (6, 1, 'Settled', NULL, 1);
"#;

#[sqlx::test(migrator = "MIGRATOR")]
async fn vendure(pool: PgPool) {
    let ledger = shop(&pool, VENDURE_TABLES, VENDURE).await;
    assert_eq!(only(&ledger, By::Intent("pi_a")).await, "V1 - pi_a 4999 usd a@example.com 2026-01-02T03:04:05Z");
    assert_eq!(only(&ledger, By::Intent("pi_b")).await, "V2 - pi_b 5000 jpy - 2026-01-02T03:04:05Z");
    assert_eq!(only(&ledger, By::Intent("pi_c")).await, "V3 - pi_c 12340 kwd a@example.com -");
    for left_out in ["pi_declined", "manual"] {
        assert_eq!(payments(&ledger, By::Intent(left_out)).await, [], "{left_out}");
    }
    let expected = MappingReport { rows: 3, without_charge: 3, without_placed_at: 1, ..MappingReport::default() };
    assert_eq!(ledger.check_orders().await.unwrap(), expected);
    let disputes = [
        (By::Intent("pi_a"), 4_999, "usd", "V1"),
        (By::Intent("pi_b"), 5_000, "jpy", "V2"),
        (By::Intent("pi_c"), 12_340, "kwd", "V3"),
    ];
    all_match(&ledger, &disputes).await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn vendures_own_unit_without_the_division(pool: PgPool) {
    run(&pool, VENDURE_TABLES).await;
    run(&pool, &VENDURE.replace("p.amount::numeric / 100", "p.amount")).await;
    let ledger = ledger(&pool, AmountUnit::X100);
    let disputes = [(By::Intent("pi_a"), 4_999, "usd", "V1"), (By::Intent("pi_b"), 5_000, "jpy", "V2")];
    all_match(&ledger, &disputes).await;
}
