//! Random histories of disputes, for property tests: lifelike in their parts, and rude in how they are put together.
//!
//! Few times, amounts and references are used, so that events share a second, sums come out even, and orders match.

use chargebook_domain::{Basis, Category, Claims, Currency, Money, Movement, Observation, OrderPayment, Status};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::samples::{
    cause_id, charge, claims, currency, day, dispute_key, filed_at, intent, movement, order, payment, usd,
};

/// The days on which histories take place are 0 to this one.
pub const DAYS: i64 = 6;

/// How many times a day has.
const TICKS_PER_DAY: i64 = 3;

/// The statuses of which histories are made.
pub const STATUSES: [&str; 10] = [
    "warning_needs_response",
    "warning_under_review",
    "needs_response",
    "under_review",
    "warning_closed",
    "charge_refunded",
    "prevented",
    "lost",
    "won",
    "in_arbitration",
];

/// All that is ever said of one dispute, and the payments that it could be about.
#[derive(Clone, Debug)]
pub struct History {
    /// What is said, by any order.
    pub observations: Vec<Observation>,
    /// What the shop knows.
    pub payments: Vec<OrderPayment>,
}

/// A history, and how its observations come.
#[derive(Clone, Debug)]
pub struct Arriving {
    /// The history.
    pub history: History,
    /// Each observation at least once, and some again, in any order.
    pub arrivals: Vec<Observation>,
}

/// Histories of dispute `du_1`.
pub fn history() -> impl Strategy<Value = History> {
    history_of("du_1")
}

/// Histories of a dispute. Those of different disputes share no movement.
pub fn history_of(dispute: &'static str) -> impl Strategy<Value = History> {
    let movements = vec(any_movement(), 0..=8);
    let observations = vec(any_observation(), 1..=12);
    (movements, observations, vec(any_payment(), 0..=3)).prop_map(move |(mut movements, mut observed, payments)| {
        for (n, movement) in movements.iter_mut().enumerate() {
            movement.id = chargebook_domain::MovementId::parse(&format!("txn_{dispute}_{n}")).unwrap();
        }
        let observations = observed.iter_mut().enumerate().map(|(n, (observation, shows))| Observation {
            key: dispute_key(dispute),
            cause: cause_id(&format!("evt_{dispute}_{n}")),
            movements: shows.of(&movements, observation.as_of),
            ..observation.clone()
        });
        History { observations: observations.collect(), payments }
    })
}

/// Histories of dispute `du_1`, with a way in which their observations come.
pub fn arriving() -> impl Strategy<Value = Arriving> {
    arriving_of("du_1")
}

/// Histories of a dispute, with a way in which their observations come.
pub fn arriving_of(dispute: &'static str) -> impl Strategy<Value = Arriving> {
    (history_of(dispute), vec(any::<Index>(), 0..=6)).prop_flat_map(|(history, again)| {
        let once = history.observations.clone();
        let again = again.iter().map(|index| index.get(&once).clone());
        let arrivals: Vec<_> = once.iter().cloned().chain(again).collect();
        (Just(history), Just(arrivals).prop_shuffle()).prop_map(|(history, arrivals)| Arriving { history, arrivals })
    })
}

/// Which movements an observation shows.
#[derive(Clone, Debug)]
enum Shows {
    AllSoFar,
    Some(u16),
}

impl Shows {
    fn of(&self, movements: &[Movement], as_of: DateTime<Utc>) -> Vec<Movement> {
        let shown = movements.iter().enumerate().filter(|(n, movement)| match self {
            Self::AllSoFar => movement.occurred_at <= as_of,
            Self::Some(mask) => mask >> n & 1 == 1,
        });
        shown.map(|(_, movement)| movement.clone()).collect()
    }
}

pub(crate) fn any_time() -> impl Strategy<Value = DateTime<Utc>> {
    (0..=DAYS * TICKS_PER_DAY)
        .prop_map(|tick| filed_at() + TimeDelta::days(tick) / i32::try_from(TICKS_PER_DAY).unwrap())
}

pub(crate) fn any_currency() -> impl Strategy<Value = Currency> {
    prop_oneof![4 => Just(usd()), 1 => Just(currency("eur"))]
}

fn any_movement() -> impl Strategy<Value = Movement> {
    let principal = || select(&[10_000_i64, 10_000, 4_000, 6_000, 10_400, 0, 1][..]);
    let category_and_amount = prop_oneof![
        8 => principal().prop_map(|amount| (Category::Withdrawal, -amount)),
        8 => principal().prop_map(|amount| (Category::Reinstatement, amount)),
        1 => principal().prop_map(|amount| (Category::Withdrawal, amount)),
        1 => principal().prop_map(|amount| (Category::Reinstatement, -amount)),
        3 => select(&[-1_500_i64, 1_500][..]).prop_map(|amount| (Category::Fee, amount)),
        2 => select(&[-250_i64, 250, 0][..]).prop_map(|amount| (Category::Other, amount)),
    ];
    let fee = prop_oneof![6 => Just(0_i64), 3 => Just(1_500), 1 => Just(-1_500)];
    let off_by = prop_oneof![9 => Just(0_i64), 1 => select(&[-500_i64, 500][..])];
    (category_and_amount, fee, off_by, any_currency(), any_time()).prop_map(
        |((category, amount), fee, off_by, currency, at)| {
            let made = movement("txn_0", category, at, amount, fee);
            Movement { net_minor: made.net_minor + off_by, currency, ..made }
        },
    )
}

fn any_observation() -> impl Strategy<Value = (Observation, Shows)> {
    let basis = prop_oneof![4 => Just(Basis::Event), 1 => Just(Basis::Read)];
    let shows = prop_oneof![3 => Just(Shows::AllSoFar), 1 => any::<u16>().prop_map(Shows::Some)];
    (select(&STATUSES[..]), basis, any_time(), any_claims(), shows).prop_map(|(status, basis, as_of, claims, shows)| {
        let observation = Observation {
            key: dispute_key("du_1"),
            cause: cause_id("evt_0"),
            basis,
            as_of,
            status: Status::parse(status),
            claims,
            movements: Vec::new(),
        };
        (observation, shows)
    })
}

fn any_claims() -> impl Strategy<Value = Claims> {
    let disputed = prop_oneof![
        8 => Just(Money::new(10_000, usd())),
        1 => Just(Money::new(9_999, usd())),
        1 => Just(Money::new(10_000, currency("eur"))),
    ];
    let named = (
        prop_oneof![7 => Just(Some("ch_1")), 1 => Just(Some("ch_2")), 2 => Just(None)],
        prop_oneof![7 => Just(Some("pi_1")), 3 => Just(None)],
        prop_oneof![8 => Just(None), 1 => Just(Some("#1")), 1 => Just(Some("#2"))],
    );
    let told = (
        prop_oneof![4 => Just(Some(filed_at())), 1 => Just(None), 1 => Just(Some(day(1)))],
        option::of(any_time()),
        option::of(any::<bool>()),
    );
    let reason = option::of(select(&["fraudulent", "product_not_received"][..]));
    (disputed, named, told, reason).prop_map(|(disputed, (by, with, hint), (opened_at, due_by, submitted), reason)| {
        Claims {
            disputed,
            charge: by.map(charge),
            payment_intent: with.map(intent),
            order_hint: hint.map(order),
            reason: reason.map(str::to_owned),
            opened_at,
            evidence_due_by: due_by,
            evidence_submitted: submitted,
            ..claims()
        }
    })
}

fn any_payment() -> impl Strategy<Value = OrderPayment> {
    let named = (
        select(&["#1", "#2", "#3"][..]),
        prop_oneof![2 => Just(Some("ch_1")), 1 => Just(Some("ch_2")), 1 => Just(None)],
        prop_oneof![1 => Just(Some("pi_1")), 1 => Just(None)],
    );
    let amount = (select(&[10_000_i64, 5_000, 20_000][..]), any_currency());
    (named, amount, option::of(select(&[0_i64, 100][..]))).prop_map(|((reference, by, with), amount, refunded)| {
        OrderPayment {
            charge: by.map(charge),
            payment_intent: with.map(intent),
            amount: Money::new(amount.0, amount.1),
            refunded_minor: refunded,
            ..payment(reference)
        }
    })
}
