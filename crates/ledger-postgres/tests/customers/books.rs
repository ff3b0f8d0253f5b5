//! Small books of customers.

use std::sync::Arc;

use chargebook_domain::ports::{Customers, OrderBook};
use chargebook_domain::service::MatchOrders;
use chargebook_domain::{
    BookRules, CardHash, ChargeId, Claims, CustomerId, CustomerKey, Money, Observation, OrderPayment, OrderRef,
};
use chargebook_ledger_postgres::reading::CustomerStory;
use chargebook_ledger_postgres::{OrderSource, PostgresLedger};
use chargebook_port_contracts::booking::book;
use chargebook_port_contracts::samples::{claims, customer_key, day, dispute_key, observation, payment, usd};
use sqlx::{AssertSqlSafe, PgPool};

pub(crate) fn key() -> CustomerKey {
    customer_key("one key")
}

pub(crate) fn other_key() -> CustomerKey {
    customer_key("another key")
}

pub(crate) fn ledger(pool: &PgPool, key: CustomerKey) -> PostgresLedger {
    PostgresLedger::new(pool.clone(), OrderSource::Table).with_customers(key)
}

pub(crate) fn rules(key: CustomerKey) -> BookRules {
    BookRules { customer_key: Some(key), ..BookRules::default() }
}

/// The customer `<name>@example.com`.
pub(crate) fn customer(key: CustomerKey, name: &str) -> CustomerId {
    key.customer(&format!("{name}@example.com")).unwrap()
}

/// The payment of order `n` by charge `ch_n`.
pub(crate) fn order(n: usize, name: &str) -> OrderPayment {
    OrderPayment {
        order_ref: OrderRef::parse(&format!("#{n}")).unwrap(),
        charge: ChargeId::parse(&format!("ch_{n}")).ok(),
        customer_email: Some(format!("{name}@example.com")),
        ..payment("#0")
    }
}

/// A dispute of charge `ch_n`, filed on day `n`.
pub(crate) struct Told {
    pub(crate) n: usize,
    pub(crate) status: &'static str,
    pub(crate) minor: i64,
    /// Of which card: the text that is hashed, and the last digits.
    pub(crate) card: Option<(&'static str, &'static str)>,
}

pub(crate) async fn tell(ledger: &PostgresLedger, key: CustomerKey, told: Told) {
    let Told { n, status, minor, card } = told;
    let dispute = dispute_key(&format!("du_{n}"));
    let on = day(i64::try_from(n).unwrap());
    let seen = Observation {
        key: dispute.clone(),
        claims: Claims {
            charge: ChargeId::parse(&format!("ch_{n}")).ok(),
            payment_intent: None,
            opened_at: Some(on),
            disputed: Money::new(minor, usd()),
            card_brand: card.map(|_| "visa".to_owned()),
            card_last4: card.map(|(_, last4)| last4.to_owned()),
            card_hash: card.map(|(fingerprint, _)| -> CardHash { key.card(fingerprint) }),
            ..claims()
        },
        ..observation(&format!("evt_{n}_{status}"), status, on)
    };
    book(ledger, &dispute, &[seen], rules(key), on).await.unwrap();
}

/// Books two orders and three disputes of Jo, and one of each of Al; Jo is blocked, tagged and scored.
pub(crate) async fn two_customers(pool: &PgPool) -> PostgresLedger {
    let ledger = ledger(pool, key());
    ledger.import(&[order(1, "jo"), order(2, "jo"), order(3, "al"), order(4, "jo")]).await.unwrap();
    let lost = |n, card| Told { n, status: "lost", minor: 1_000, card };
    tell(&ledger, key(), lost(1, Some(("one card", "4242")))).await;
    tell(&ledger, key(), Told { status: "won", ..lost(2, None) }).await;
    tell(&ledger, key(), lost(3, Some(("one card", "4242")))).await;
    tell(&ledger, key(), Told { status: "warning_needs_response", ..lost(4, None) }).await;
    let jo = customer(key(), "jo");
    run(
        pool,
        &format!(
            "INSERT INTO chargebook.customer_scores (customer, score, reasons, scored_at)
                 VALUES ('{jo}', 12, ARRAY['a lost dispute'], '2026-01-10Z');
             INSERT INTO chargebook.customer_tags VALUES ('{jo}', 'friend', '2026-01-10Z', 'a rule');
             INSERT INTO chargebook.customer_decisions VALUES
                 ('{jo}', '2026-01-10Z', 'ana', false, 'a mistake'), ('{jo}', '2026-01-11Z', 'a rule', true, 'two lost');
             INSERT INTO chargebook.rule_log (follow_up, rule, customer, evaluated_at, fired, why)
                 VALUES ('default/du_1/1', 'block', '{jo}', '2026-01-11Z', true, 'two lost')"
        ),
    )
    .await;
    ledger
}

pub(crate) async fn run(pool: &PgPool, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(pool).await.unwrap();
}

pub(crate) async fn rehash(ledger: &PostgresLedger, key: CustomerKey) {
    while !ledger.rehash(key, day(9)).await.unwrap().is_done {}
}

pub(crate) async fn sweep(ledger: &PostgresLedger, key: CustomerKey) -> u64 {
    let ledger = Arc::new(ledger.clone());
    MatchOrders::new(ledger.clone(), ledger, rules(key)).sweep(day(9)).await.unwrap().disputes
}

pub(crate) async fn story(ledger: &PostgresLedger, customer: &CustomerId) -> CustomerStory {
    ledger.customer(customer).await.unwrap().unwrap()
}
