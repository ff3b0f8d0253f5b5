use std::sync::Arc;

use chargebook_domain::ports::{Ledger, OrderBook, Reading, SourceEvent};
use chargebook_domain::service::{Ingest, MatchOrders, Received};
use chargebook_domain::{AccountId, Admission, Basis, BookRules, Convention, Observation, OrderPayment};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, TestRunner};

use crate::chance::Chance;
use crate::histories::{DAYS, History, history_of};
use crate::samples::{cause_id, date, day, filed_at};

/// How many observations there are of a dispute at most. Few, so that many cases can be tried.
const OBSERVATIONS_MAX: usize = 5;

/// How many of the deliveries come again at most, though nobody asked for it.
const AGAIN_MAX: usize = 3;

const DISPUTES: [&str; 2] = ["du_1", "du_2"];

/// One or two disputes, the orders they could be about, and how all of it is delivered.
#[derive(Clone, Debug)]
pub struct Case {
    /// What is said, each once. In one of some cases the ledger refuses the content of one, which is then quarantined.
    pub observations: Vec<Observation>,
    /// By which rules it is booked.
    pub rules: BookRules,
    /// The first day of the books.
    pub books_start: NaiveDate,
    /// Whether days are sealed and mailed meanwhile.
    pub has_days: bool,
    /// Each order and each observation once, in order.
    in_order: Vec<Received>,
    /// The same as places in it, each at least once.
    pub(super) deliveries: Vec<usize>,
    /// How many processes there are.
    pub(super) processes: usize,
}

impl Case {
    /// The case of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut chance = Chance::of(seed, 0);
        let mut runner = TestRunner::new_with_rng(Config::default(), Chance::of(seed, 1).into_rng());
        let disputes = DISPUTES.into_iter().take(1 + chance.below(DISPUTES.len()));
        let histories = disputes.map(|dispute| history_of(dispute).new_tree(&mut runner).unwrap().current());
        let (mut observations, mut payments) = (Vec::new(), Vec::new());
        for History { observations: said, payments: known } in histories {
            // What is delivered are events; what a read adds depends on what was known.
            let told = said.into_iter().map(|seen| Observation { basis: Basis::Event, ..seen });
            observations.extend(told.take(1 + chance.below(OBSERVATIONS_MAX)));
            payments.extend(known);
        }
        if chance.one_in(6) {
            let place = chance.below(observations.len());
            observations[place].claims.reason = Some("can't be kept\0".to_owned());
        }
        let orders = payments.into_iter().enumerate().map(|(n, payment)| order(n, payment));
        let disputes = observations.iter().map(event);
        let in_order: Vec<_> = orders.chain(disputes).chain([of_something_else()]).collect();
        let again: Vec<_> = (0..chance.below(AGAIN_MAX + 1)).map(|_| chance.below(in_order.len())).collect();
        let convention = if chance.one_in(3) { Convention::Contra } else { Convention::Holding };
        Self {
            observations,
            rules: BookRules { convention, ..BookRules::default() },
            books_start: date(if chance.one_in(3) { 2 } else { 0 }),
            has_days: chance.one_in(8),
            deliveries: (0..in_order.len()).chain(again).collect(),
            in_order,
            processes: 1 + chance.below(3),
        }
    }

    /// Whether the ledger refuses what an observation says.
    #[must_use]
    pub fn is_refused(observation: &Observation) -> bool {
        observation.claims.reason.as_ref().is_some_and(|reason| reason.contains('\0'))
    }

    /// Books everything once and in order, while nothing goes wrong: the orders first.
    pub async fn book_in_order<B>(&self, books: &B)
    where
        B: Ledger + OrderBook + Clone + 'static,
    {
        let ingest = self.ingest(books.clone());
        for received in &self.in_order {
            ingest.ingest(std::slice::from_ref(received), now()).await.unwrap();
        }
        self.match_orders(books.clone()).sweep(now()).await.unwrap();
    }

    /// The delivery at a place.
    pub(super) fn delivery(&self, place: usize) -> &Received {
        &self.in_order[place]
    }

    pub(super) fn ingest<B>(&self, books: B) -> Ingest
    where
        B: Ledger + OrderBook + 'static,
    {
        let books = Arc::new(books);
        let admission = Admission { livemode: true, accounts: [].into() };
        Ingest::new(books.clone(), self.rules, admission).landing_orders(books)
    }

    pub(super) fn match_orders<B>(&self, books: B) -> MatchOrders
    where
        B: Ledger + OrderBook + 'static,
    {
        let books = Arc::new(books);
        MatchOrders::new(books.clone(), books, self.rules)
    }
}

/// The last day that is sealed in the end.
pub(super) const LAST_DAY: i64 = DAYS + 3;

/// When everything is delivered: after all that happens.
pub(super) fn now() -> DateTime<Utc> {
    day(LAST_DAY + 1)
}

/// An event that tells of a dispute.
fn event(observation: &Observation) -> Received {
    received(observation.cause.as_str(), Reading::Dispute(Box::new(observation.clone())))
}

/// An order as a shop delivers it. Of two that are of one payment the later one counts, whichever comes first.
fn order(n: usize, payment: OrderPayment) -> Received {
    let updated_at = filed_at() + TimeDelta::seconds(i64::try_from(n).unwrap());
    let payment = OrderPayment { updated_at: Some(updated_at), ..payment };
    received(&format!("order_{n}"), Reading::Order(vec![payment]))
}

fn of_something_else() -> Received {
    received("evt_of_something_else", Reading::NotADispute)
}

fn received(id: &str, reading: Reading) -> Received {
    let event = SourceEvent {
        account: AccountId::own(),
        id: cause_id(id),
        event_type: "charge.dispute.updated".to_owned(),
        livemode: Some(true),
        reading,
    };
    Received { event, body: id.as_bytes().to_vec(), received_at: now() }
}
