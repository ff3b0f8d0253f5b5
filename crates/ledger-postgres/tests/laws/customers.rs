//! Customers: whatever happens, in whatever order, their figures are a recount of the facts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chargebook_domain::ports::{Alias, Aliases, Customers, Joined, Ledger, Lookup, OrderBook};
use chargebook_domain::service::MatchOrders;
use chargebook_domain::{
    BookRules, ChargeId, Claims, CustomerKey, Facts, Money, Observation, OrderPayment, OrderRef, Outcome, Status,
    normal_email,
};
use chargebook_ledger_postgres::{MIGRATOR, OrderSource, PostgresLedger};
use chargebook_port_contracts::booking::book;
use chargebook_port_contracts::samples::{
    charge, claims, currency, customer_key, day, dispute_key, observation, payment, usd,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use sqlx::{FromRow, PgPool};

use crate::case::empty;

const CASES: usize = 16;

/// How many disputes, charges and orders there are.
const FEW: usize = 6;

const EMAILS: [&str; 6] = ["a@example.com", " A@Example.com", "b@example.com", "c@example.com", "d@example.com", "  "];

#[derive(Clone, Debug)]
enum Happening {
    /// A dispute, of the charge with its number, has this status at this time.
    Tell {
        dispute: usize,
        status: &'static str,
        at: i64,
        minor: i64,
        is_euro: bool,
    },
    Import {
        order: usize,
        charge: usize,
        email: Option<&'static str>,
    },
    Join {
        double: usize,
        same_as: usize,
    },
    Sweep,
    /// The server is started again, with the other key.
    ChangeKey,
    Rehash,
}

fn any_happening() -> impl Strategy<Value = Happening> {
    let statuses = [
        "needs_response",
        "needs_response",
        "won",
        "lost",
        "warning_needs_response",
        "warning_closed",
        "charge_refunded",
        "prevented",
    ];
    prop_oneof![
        8 => (0..FEW, select(statuses.to_vec()), 0..20_i64, select(vec![100_i64, 250]), any::<bool>()).prop_map(
            |(dispute, status, at, minor, is_euro)| Happening::Tell { dispute, status, at, minor, is_euro }),
        8 => (0..FEW, 0..FEW, option::weighted(0.9, select(EMAILS.to_vec()))).prop_map(
            |(order, charge, email)| Happening::Import { order, charge, email }),
        1 => (0..FEW, 0..FEW).prop_map(|(double, same_as)| Happening::Join { double, same_as }),
        2 => Just(Happening::Sweep),
        1 => Just(Happening::ChangeKey),
        1 => Just(Happening::Rehash),
    ]
}

/// The figures of a customer, in the order of the columns of the views.
#[derive(Clone, PartialEq, Eq, Debug, Default, FromRow)]
struct Figures {
    disputes: i64,
    open: i64,
    won: i64,
    lost: i64,
    other_closed: i64,
    inquiries: i64,
    disputed_orders: i64,
    orders: i64,
    first_at: Option<chrono::DateTime<chrono::Utc>>,
    last_at: Option<chrono::DateTime<chrono::Utc>>,
    /// Disputed, lost and won, by currency.
    #[sqlx(skip)]
    amounts: BTreeMap<String, (i64, i64, i64)>,
}

/// The books, and beside them what was told, kept in the plainest way.
struct World {
    pool: PgPool,
    ledger: PostgresLedger,
    keys: [CustomerKey; 2],
    payments: BTreeMap<(OrderRef, String), OrderPayment>,
    doubles: BTreeSet<usize>,
    known: BTreeSet<usize>,
    told: usize,
}

impl World {
    async fn new(pool: &PgPool) -> Self {
        empty(pool).await;
        let keys = [customer_key("one key"), customer_key("another key")];
        let ledger = PostgresLedger::new(pool.clone(), OrderSource::Table).with_customers(keys[0]);
        let (payments, doubles, known) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        Self { pool: pool.clone(), ledger, keys, payments, doubles, known, told: 0 }
    }

    fn rules(&self) -> BookRules {
        BookRules { customer_key: Some(self.keys[0]), ..BookRules::default() }
    }

    async fn let_happen(&mut self, happening: &Happening) {
        match *happening {
            Happening::Tell { dispute, status, at, minor, is_euro } => {
                let disputed = Money::new(minor, if is_euro { currency("eur") } else { usd() });
                self.tell(dispute, status, at, disputed).await;
            }
            Happening::Import { order, charge: of, email } => {
                let payment = OrderPayment {
                    charge: Some(charge(&format!("ch_{of}"))),
                    customer_email: email.map(str::to_owned),
                    ..payment(&format!("#{order}"))
                };
                self.ledger.import(std::slice::from_ref(&payment)).await.unwrap();
                self.payments.insert((payment.order_ref.clone(), payment.payment_key().to_owned()), payment);
            }
            Happening::Join { double, same_as } if double != same_as => {
                let [key, other] = [double, same_as].map(|n| dispute_key(&format!("du_{n}")));
                let (joined_by, reason) = ("ana".to_owned(), "the same".to_owned());
                let alias = Alias { key, same_as: other, joined_by, joined_at: day(9), reason };
                if self.ledger.join(&alias).await.unwrap() == Joined::Kept {
                    self.doubles.insert(double);
                }
            }
            Happening::Join { .. } => {}
            Happening::Sweep => self.sweep().await,
            Happening::ChangeKey => {
                self.keys.reverse();
                let ledger = PostgresLedger::new(self.pool.clone(), OrderSource::Table);
                self.ledger = ledger.with_customers(self.keys[0]);
            }
            Happening::Rehash => self.rehash().await,
        }
    }

    async fn tell(&mut self, dispute: usize, status: &str, at: i64, disputed: Money) {
        let key = dispute_key(&format!("du_{dispute}"));
        let told = Observation {
            key: key.clone(),
            status: Status::parse(status),
            claims: Claims {
                charge: Some(charge(&format!("ch_{dispute}"))),
                payment_intent: None,
                disputed,
                opened_at: Some(day(at)),
                ..claims()
            },
            ..observation(&format!("evt_{}", self.told), status, day(at))
        };
        self.told += 1;
        self.known.insert(dispute);
        book(&self.ledger, &key, &[told], self.rules(), day(20)).await.unwrap();
    }

    async fn sweep(&self) {
        let ledger = Arc::new(self.ledger.clone());
        MatchOrders::new(ledger.clone(), ledger, self.rules()).sweep(day(20)).await.unwrap();
    }

    async fn rehash(&self) {
        while !self.ledger.rehash(self.keys[0], day(20)).await.unwrap().is_done {}
    }

    /// The payment and the order of a dispute, where there is exactly one order.
    fn order(&self, dispute: usize) -> Option<&OrderPayment> {
        let own = format!("ch_{dispute}");
        let is_own = |payment: &&OrderPayment| payment.charge.as_ref().map(ChargeId::as_str) == Some(own.as_str());
        let mut fitting = self.payments.values().filter(is_own);
        fitting.next().filter(|_| fitting.next().is_none())
    }

    fn customer(&self, payment: &OrderPayment) -> Option<String> {
        let email = normal_email(payment.customer_email.as_deref()?);
        self.keys[0].customer(&email).map(|customer| customer.to_string())
    }

    async fn facts(&self, dispute: usize) -> Facts {
        let lookup = Lookup::recorded(dispute_key(&format!("du_{dispute}")));
        self.ledger.load(&[lookup]).await.unwrap().remove(0).facts
    }

    /// The figures of every customer, and in the end of everybody together.
    async fn recounted(&self) -> (BTreeMap<String, Figures>, Figures) {
        let (mut customers, mut everybody): (BTreeMap<String, Figures>, Figures) = Default::default();
        let mut orders: BTreeMap<String, BTreeSet<&OrderRef>> = BTreeMap::new();
        for payment in self.payments.values() {
            if let Some(customer) = self.customer(payment) {
                orders.entry(customer).or_default().insert(&payment.order_ref);
            }
        }
        let mut disputed: BTreeMap<String, BTreeSet<&OrderRef>> = BTreeMap::new();
        for dispute in self.known.difference(&self.doubles) {
            let facts = self.facts(*dispute).await;
            everybody.count(&facts);
            let Some(payment) = self.order(*dispute) else { continue };
            let Some(customer) = self.customer(payment) else { continue };
            if customers.entry(customer.clone()).or_default().count(&facts) {
                disputed.entry(customer).or_default().insert(&payment.order_ref);
            }
        }
        for (customer, figures) in &mut customers {
            let length = |of: &BTreeMap<String, BTreeSet<&OrderRef>>| {
                i64::try_from(of.get(customer).map_or(0, BTreeSet::len)).unwrap()
            };
            (figures.orders, figures.disputed_orders) = (length(&orders), length(&disputed));
        }
        (customers, everybody)
    }
}

impl Figures {
    /// Counts a dispute; answers whether it is a formal one.
    fn count(&mut self, facts: &Facts) -> bool {
        let outcome = facts.runs().pop().unwrap().outcome;
        let opened_at = facts.first(|claims| claims.opened_at);
        self.first_at = self.first_at.into_iter().chain(opened_at).min();
        self.last_at = self.last_at.into_iter().chain(opened_at).max();
        let one = match outcome {
            Outcome::InquiryOpen | Outcome::InquiryClosed => {
                self.inquiries += 1;
                return false;
            }
            Outcome::Open => &mut self.open,
            Outcome::Won => &mut self.won,
            Outcome::Lost => &mut self.lost,
            Outcome::Refunded | Outcome::Prevented => &mut self.other_closed,
        };
        *one += 1;
        self.disputes += 1;
        let money = facts.disputed().unwrap();
        let sums = self.amounts.entry(money.currency().code().to_owned()).or_default();
        sums.0 += money.minor();
        sums.1 += if outcome == Outcome::Lost { money.minor() } else { 0 };
        sums.2 += if outcome == Outcome::Won { money.minor() } else { 0 };
        true
    }
}

/// The figures of the views, by customer, without those who have no dispute any more.
async fn shown(pool: &PgPool) -> BTreeMap<String, Figures> {
    let report: Vec<(String,)> =
        sqlx::query_as("SELECT customer FROM chargebook.customer_report WHERE disputes + inquiries > 0")
            .fetch_all(pool)
            .await
            .unwrap();
    let mut customers = BTreeMap::new();
    for (customer,) in report {
        let mut figures: Figures = sqlx::query_as("SELECT * FROM chargebook.customer_report WHERE customer = $1")
            .bind(&customer)
            .fetch_one(pool)
            .await
            .unwrap();
        let amounts: Vec<(String, i64, i64, i64)> = sqlx::query_as(
            "SELECT currency, disputed_minor, lost_minor, won_minor FROM chargebook.customer_amounts WHERE customer = $1",
        )
        .bind(&customer)
        .fetch_all(pool)
        .await
        .unwrap();
        figures.amounts = amounts.into_iter().map(|(code, all, lost, won)| (code, (all, lost, won))).collect();
        customers.insert(customer, figures);
    }
    customers
}

/// What the store has, whoever filed it.
async fn of_the_store(pool: &PgPool) -> (i64, i64) {
    sqlx::query_as(
        "SELECT count(*) FILTER (WHERE outcome NOT LIKE 'inquiry%'), count(*) FILTER (WHERE outcome LIKE 'inquiry%')
         FROM chargebook.disputes WHERE same_as_dispute_id IS NULL",
    )
    .fetch_one(pool)
    .await
    .unwrap()
}

/// Disputes and inquiries that are nobody's.
async fn of_nobody(pool: &PgPool) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM chargebook.disputes WHERE same_as_dispute_id IS NULL AND customer IS NULL")
        .fetch_one(pool)
        .await
        .unwrap()
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_figures_of_customers_are_a_recount_of_the_facts(pool: PgPool) {
    let mut runner = TestRunner::deterministic();
    let strategy = vec(any_happening(), 0..40);
    for case in 0..CASES {
        let happenings = strategy.new_tree(&mut runner).unwrap().current();
        let mut world = World::new(&pool).await;
        for happening in &happenings {
            world.let_happen(happening).await;
        }
        world.sweep().await;
        world.rehash().await;
        world.sweep().await;

        let (expected, everybody) = world.recounted().await;
        let shown = shown(&pool).await;
        assert_eq!(shown, expected, "case {case}: {happenings:#?}");
        let all: i64 = shown.values().map(|figures| figures.disputes + figures.inquiries).sum();
        let of_the_store = of_the_store(&pool).await;
        assert_eq!(of_the_store, (everybody.disputes, everybody.inquiries), "case {case}: {happenings:#?}");
        assert_eq!(all + of_nobody(&pool).await, of_the_store.0 + of_the_store.1, "case {case}: {happenings:#?}");
    }
}
