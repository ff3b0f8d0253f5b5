//! A view, and disputes beside it.

use chargebook_domain::ports::{Ledger, Lookup};
use chargebook_domain::{BookRules, Currency, Money, Observation, OrderPayment};
use chargebook_ledger_postgres::reading::DisputeLine;
use chargebook_ledger_postgres::{AmountUnit, OrderSource, PostgresLedger};
use chargebook_port_contracts::booking::book;
use chargebook_port_contracts::samples::{charge, day, dispute_key, intent, observation, order};
use sqlx::{AssertSqlSafe, PgPool};

/// Runs statements, such as those that make the tables of a shop.
pub(crate) async fn run(pool: &PgPool, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(pool).await.unwrap();
}

/// A ledger that reads orders from the view that the documented statements make.
pub(crate) fn ledger(pool: &PgPool, unit: AmountUnit) -> PostgresLedger {
    PostgresLedger::new(pool.clone(), OrderSource::view("chargebook_orders", unit).unwrap())
}

/// By what a dispute names its payment.
#[derive(Clone, Copy)]
pub(crate) enum By {
    Charge(&'static str),
    Intent(&'static str),
    Order(&'static str),
}

impl By {
    pub(crate) fn lookup(self) -> Lookup {
        let lookup = Lookup::recorded(dispute_key("du_asked"));
        match self {
            Self::Charge(id) => Lookup { charge: Some(charge(id)), ..lookup },
            Self::Intent(id) => Lookup { payment_intent: Some(intent(id)), ..lookup },
            Self::Order(id) => Lookup { order: Some(order(id)), ..lookup },
        }
    }
}

/// The payments that the view shows, by order and key.
pub(crate) async fn payments(ledger: &PostgresLedger, by: By) -> Vec<OrderPayment> {
    let mut payments = ledger.load(&[by.lookup()]).await.unwrap().remove(0).payments;
    payments.sort_by_key(|payment| (payment.order_ref.clone(), payment.payment_key().to_owned()));
    payments
}

/// Order, charge, payment intent, minor units, currency, e-mail and time of the only payment.
pub(crate) async fn only(ledger: &PostgresLedger, by: By) -> String {
    let payments = payments(ledger, by).await;
    let [payment] = payments.as_slice() else { panic!("not one payment: {payments:?}") };
    let text = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    [
        payment.order_ref.to_string(),
        text(payment.charge.as_ref().map(ToString::to_string)),
        text(payment.payment_intent.as_ref().map(ToString::to_string)),
        payment.amount.minor().to_string(),
        payment.amount.currency().code().to_owned(),
        text(payment.customer_email.clone()),
        text(payment.placed_at.map(|at| at.format("%FT%TZ").to_string())),
    ]
    .join(" ")
}

/// Books a dispute of an amount, and shows how it stands.
pub(crate) async fn disputed(ledger: &PostgresLedger, by: By, minor: i64, code: &str) -> DisputeLine {
    let name = match by {
        By::Charge(id) | By::Intent(id) | By::Order(id) => id,
    };
    let key = dispute_key(&format!("du_of_{name}"));
    let mut seen = Observation { key: key.clone(), ..observation(&format!("evt_of_{name}"), "lost", day(1)) };
    seen.claims.disputed = Money::new(minor, Currency::parse(code).unwrap());
    let Lookup { charge, payment_intent, order, .. } = by.lookup();
    (seen.claims.charge, seen.claims.payment_intent, seen.claims.order_hint) = (charge, payment_intent, order);
    book(ledger, &key, &[seen], BookRules::default(), day(1)).await.unwrap();
    ledger.story(&key.account, &key.dispute).await.unwrap().facts.remove(0)
}

/// The names of what is odd about the dispute that [`disputed`] booked.
pub(crate) async fn odd(ledger: &PostgresLedger, line: &DisputeLine) -> Vec<String> {
    let key = dispute_key(&line.dispute_id);
    let story = ledger.story(&key.account, &key.dispute).await.unwrap();
    let kinds = story.discrepancies.into_iter().map(|odd| odd.kind);
    kinds.filter(|kind| kind != "no_withdrawal_seen").collect()
}
