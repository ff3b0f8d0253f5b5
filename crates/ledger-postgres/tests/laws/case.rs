//! Random cases: histories of two disputes, the order in which everything comes, and in between imports and seals.

use std::sync::Arc;

use chargebook_domain::ports::{Ledger, OrderBook, Reading, Seal, SourceEvent, Summaries};
use chargebook_domain::service::{Ingest, MatchOrders, Received};
use chargebook_domain::{Admission, Basis, BookRules, Convention, Observation, OrderPayment};
use chargebook_ledger_postgres::{OrderSource, PostgresLedger};
use chargebook_port_contracts::InMemoryLedger;
use chargebook_port_contracts::asides::{Aside, asides};
use chargebook_port_contracts::histories::{DAYS, arriving_of};
use chargebook_port_contracts::samples::{date, day};
use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use sqlx::PgPool;

/// How many cases each law is tried with.
const CASES: usize = 16;

/// A day after everything that happens.
pub(crate) const AFTER: i64 = DAYS + 4;

/// Something that happens to the books.
#[derive(Clone, Debug)]
pub(crate) enum Happening {
    Deliver(Vec<Observation>),
    Import(OrderPayment),
    Aside(Aside),
    SealNextDay,
}

/// All that is said and known, and how it comes.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) number: usize,
    /// When everything is booked and sealed.
    pub(crate) now: DateTime<Utc>,
    pub(crate) rules: BookRules,
    pub(crate) books_start: Option<NaiveDate>,
    /// Each once, by dispute.
    pub(crate) observations: Vec<Observation>,
    /// The later of two that are the same payment counts.
    pub(crate) payments: Vec<OrderPayment>,
    /// Every observation at least once, every payment once and in order, and asides and seals, at any moment.
    pub(crate) happenings: Vec<Happening>,
}

/// The cases of a law that speaks of observations alone, in any order.
pub(crate) fn cases() -> impl Iterator<Item = Case> {
    cases_with_asides().map(|mut case| {
        case.happenings.retain(|happening| !matches!(happening, Happening::Aside(_)));
        case
    })
}

/// The cases of a law that holds whatever people say and do.
pub(crate) fn cases_with_asides() -> impl Iterator<Item = Case> {
    let mut runner = TestRunner::deterministic();
    let strategy = any_case();
    (0..CASES).map(move |number| {
        let case = strategy.new_tree(&mut runner).unwrap().current();
        Case { number, ..case }
    })
}

#[derive(Clone, Debug)]
enum Slot {
    Arrival(Box<Observation>),
    NextPayment,
    Aside(Aside),
    Seal,
}

fn any_case() -> impl Strategy<Value = Case> {
    let arrivals = (arriving_of("du_1"), arriving_of("du_2"), vec(any::<bool>(), 64));
    (arrivals, asides(&["du_1", "du_2"]), any_rules(), 0..=4_usize).prop_flat_map(
        |((first, second, cuts), asides, (rules, books_start), seals)| {
            let arrivals = [first.arrivals, second.arrivals].concat();
            let payments = [first.history.payments, second.history.payments].concat();
            let slots: Vec<_> = arrivals
                .into_iter()
                .map(|seen| Slot::Arrival(Box::new(seen)))
                .chain(payments.iter().map(|_| Slot::NextPayment))
                .chain(asides.into_iter().map(Slot::Aside))
                .chain((0..seals).map(|_| Slot::Seal))
                .collect();
            let observations = [first.history.observations, second.history.observations].concat();
            Just(slots).prop_shuffle().prop_map(move |slots| Case {
                number: 0,
                now: day(AFTER),
                rules,
                books_start,
                observations: observations.clone(),
                happenings: happenings(slots, &payments, &cuts),
                payments: payments.clone(),
            })
        },
    )
}

fn any_rules() -> impl Strategy<Value = (BookRules, Option<NaiveDate>)> {
    let zone = select(&[Tz::UTC, Tz::America__New_York, Tz::Asia__Tokyo][..]);
    let convention = select(&[Convention::Holding, Convention::Holding, Convention::Contra][..]);
    let start = select(&[None, Some(2)][..]);
    (zone, convention, start).prop_map(|(time_zone, convention, start)| {
        (BookRules { time_zone, convention, ..BookRules::default() }, start.map(date))
    })
}

/// Neighbouring arrivals make a batch, unless they are cut apart.
fn happenings(slots: Vec<Slot>, payments: &[OrderPayment], cuts: &[bool]) -> Vec<Happening> {
    let mut payments = payments.iter().cloned();
    let mut cuts = cuts.iter().cycle();
    let mut all: Vec<Happening> = Vec::new();
    for slot in slots {
        match (slot, all.last_mut()) {
            (Slot::Arrival(seen), Some(Happening::Deliver(batch))) if *cuts.next().unwrap() => batch.push(*seen),
            (Slot::Arrival(seen), _) => all.push(Happening::Deliver(vec![*seen])),
            (Slot::NextPayment, _) => all.push(Happening::Import(payments.next().unwrap())),
            (Slot::Aside(aside), _) => all.push(Happening::Aside(aside)),
            (Slot::Seal, _) => all.push(Happening::SealNextDay),
        }
    }
    all
}

impl Case {
    /// The same case with each observation changed.
    pub(crate) fn with_each(mut self, change: impl Fn(&mut Observation)) -> Self {
        self.observations.iter_mut().for_each(&change);
        for happening in &mut self.happenings {
            if let Happening::Deliver(batch) = happening {
                batch.iter_mut().for_each(&change);
            }
        }
        self
    }

    /// The same case as only events tell it, each of which is kept; of reads those that say nothing new are not.
    pub(crate) fn of_events(self) -> Self {
        self.with_each(|seen| seen.basis = Basis::Event)
    }

    /// The wish to seal a day of this case.
    pub(crate) fn seal(&self, date: NaiveDate) -> Seal {
        Seal { date, zone: self.rules.time_zone, books_start: self.books_start, now: self.now }
    }

    /// The day after the last that is sealed.
    pub(crate) async fn next_day(&self, ledger: &PostgresLedger) -> NaiveDate {
        let last = ledger.sealed(self.rules.time_zone).await.unwrap().last;
        let first = self.books_start.unwrap_or(date(0));
        last.map_or(first, |last| last + Days::new(1))
    }

    /// Lets everything happen on an empty database, and matches what is due at the end.
    pub(crate) async fn play(&self, pool: &PgPool) -> PostgresLedger {
        empty(pool).await;
        let ledger = PostgresLedger::new(pool.clone(), OrderSource::Table);
        self.play_on(&ledger).await;
        ledger
    }

    /// Lets everything happen.
    pub(crate) async fn play_on(&self, ledger: &PostgresLedger) {
        for happening in &self.happenings {
            self.let_happen(ledger, happening).await;
        }
        self.sweep(ledger.clone()).await;
    }

    pub(crate) async fn let_happen(&self, ledger: &PostgresLedger, happening: &Happening) {
        match happening {
            Happening::Deliver(batch) => {
                let ingest = ingest(Arc::new(ledger.clone()), self.rules);
                ingest.ingest(&received(batch), self.now).await.unwrap();
            }
            Happening::Import(payment) => {
                ledger.import(std::slice::from_ref(payment)).await.unwrap();
            }
            Happening::Aside(aside) => {
                aside.happen(ledger.clone(), self.rules, self.now).await;
            }
            Happening::SealNextDay => {
                let next = self.next_day(ledger).await;
                assert!(ledger.seal(&self.seal(next)).await.unwrap());
            }
        }
    }

    /// The same books in memory: everything once and in order, the orders first.
    pub(crate) async fn play_in_memory(&self) -> InMemoryLedger {
        let ledger = InMemoryLedger::default();
        for payment in &self.payments {
            ledger.import(std::slice::from_ref(payment)).await.unwrap();
        }
        let ingest = ingest(Arc::new(ledger.clone()), self.rules);
        for seen in &self.observations {
            ingest.ingest(&received(std::slice::from_ref(seen)), day(AFTER)).await.unwrap();
        }
        self.sweep(ledger.clone()).await;
        ledger
    }

    pub(crate) async fn sweep(&self, ledger: impl Ledger + OrderBook + Clone + 'static) {
        let sweep = MatchOrders::new(Arc::new(ledger.clone()), Arc::new(ledger), self.rules);
        sweep.sweep(self.now).await.unwrap();
    }
}

pub(crate) fn ingest(ledger: Arc<dyn Ledger>, rules: BookRules) -> Ingest {
    Ingest::new(ledger, rules, Admission { livemode: true, accounts: [].into() })
}

/// The deliveries of observations.
pub(crate) fn received(observations: &[Observation]) -> Vec<Received> {
    let delivery = |seen: &Observation| Received {
        event: SourceEvent {
            account: seen.key.account.clone(),
            id: seen.cause.clone(),
            event_type: "charge.dispute.updated".to_owned(),
            livemode: Some(true),
            reading: Reading::Dispute(Box::new(seen.clone())),
        },
        body: body(seen),
        received_at: day(AFTER),
    };
    observations.iter().map(delivery).collect()
}

/// The exact bytes of a delivery; not UTF-8, for they are kept as they are.
pub(crate) fn body(seen: &Observation) -> Vec<u8> {
    [b"\xff\0", seen.cause.as_str().as_bytes()].concat()
}

/// Empties every table. The guards are off for this transaction, which only a superuser can do.
pub(crate) async fn empty(pool: &PgPool) {
    sqlx::raw_sql(
        "BEGIN;
         SET LOCAL session_replication_role = replica;
         DO $$ BEGIN
             EXECUTE (SELECT 'TRUNCATE ' || string_agg(format('%I.%I', schemaname, tablename), ', ')
                      FROM pg_tables WHERE schemaname = 'chargebook');
         END $$;
         COMMIT;",
    )
    .execute(pool)
    .await
    .unwrap();
}
