//! The stories, and how they are made of a seed.

use chargebook_domain::{Bucket, Outcome};
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::payment::{Order, Payment};
use crate::random::Random;
use crate::script;

/// How many days the stories of one call last, from its start. The last two are busy ones.
pub const DAYS: i64 = 182;

/// The stream of random numbers that the kinds of stories are drawn from; the stories have those from zero.
const KINDS_STREAM: u64 = u64::MAX;
const DELIVERIES_STREAM: u64 = u64::MAX - 1;

/// What happens in a story.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// Evidence is submitted, and the money comes back in the second of the verdict.
    Won,
    /// The money comes back days after the verdict.
    WonMoneyLater,
    /// The money has not come back yet.
    WonMoneyMissing,
    /// The received fee comes back too.
    WonFeeReturned,
    /// Evidence is submitted in vain, or not at all.
    Lost,
    /// It can't be challenged: it is created as lost.
    LostAtOnce,
    /// The shop accepts it.
    Accepted,
    /// It is lost, and a part of the money comes back.
    LostInPart,
    /// It is lost, and won months later.
    LateWin,
    /// The bank asks, and is content with the answer.
    InquiryClosed,
    /// The bank asks.
    InquiryOpen,
    /// The bank asks, and withdraws the money all the same.
    InquiryEscalated,
    /// It is stopped before any money moves.
    Prevented,
    /// It is prevented by giving the money back.
    PreventedForMoney,
    /// The shop's balance is kept in another currency than the payment's.
    Converted,
    /// In a currency without decimals.
    Yen,
    /// In a currency with three decimals.
    Dinar,
    /// Two disputes, opened within a second, on one order.
    TwoOnOneOrder,
    /// Nobody knows its order.
    Orphan,
    /// Two orders claim its charge.
    Ambiguous,
    /// It has a status that nobody knows.
    UnknownStatus,
    /// It waits for evidence, or for the verdict.
    Open,
}

impl Kind {
    /// Every kind, with how many of [`Kind::MIX`] stories are of it.
    const SHARES: [(Self, usize); 22] = [
        (Self::Won, 20),
        (Self::WonMoneyLater, 4),
        (Self::WonMoneyMissing, 2),
        (Self::WonFeeReturned, 2),
        (Self::Lost, 18),
        (Self::LostAtOnce, 4),
        (Self::Accepted, 6),
        (Self::LostInPart, 4),
        (Self::LateWin, 4),
        (Self::InquiryClosed, 5),
        (Self::InquiryOpen, 2),
        (Self::InquiryEscalated, 4),
        (Self::Prevented, 3),
        (Self::PreventedForMoney, 1),
        (Self::Converted, 7),
        (Self::Yen, 2),
        (Self::Dinar, 1),
        (Self::TwoOnOneOrder, 2),
        (Self::Orphan, 2),
        (Self::Ambiguous, 1),
        (Self::UnknownStatus, 1),
        (Self::Open, 5),
    ];

    /// From this many stories on, every kind is among them.
    pub const MIX: usize = 100;

    /// Every kind.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::SHARES.into_iter().map(|(kind, _)| kind)
    }
}

/// What happens to one payment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Story {
    /// What happens in it.
    pub kind: Kind,
    /// How its disputes stand at the end: one, but for [`Kind::TwoOnOneOrder`].
    pub endings: Vec<Ending>,
    /// Its events, in the order in which they happen.
    pub events: Vec<Event>,
    /// The orders that the payment is of: usually one.
    pub orders: Vec<Order>,
    pub(crate) payment: Payment,
}

impl Story {
    /// The charge that is disputed, as Stripe's API answers it once a dispute is open.
    #[must_use]
    pub fn charge(&self) -> Value {
        self.payment.charge()
    }

    /// The payment intent as Stripe's API answers it; the payments of old integrations have none.
    #[must_use]
    pub fn payment_intent(&self) -> Option<Value> {
        self.payment.payment_intent()
    }
}

/// How a dispute stands when all of its events are known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ending {
    /// The dispute.
    pub dispute: String,
    /// How it stands.
    pub outcome: Outcome,
    /// Where finance puts it.
    pub bucket: Bucket,
}

/// An event as Stripe sends it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// `evt_...`.
    pub id: String,
    /// The dispute that it tells of; `None` when it is about something else.
    pub dispute: Option<String>,
    /// When it happened, in whole seconds.
    pub created: DateTime<Utc>,
    /// The body of the webhook.
    pub body: String,
}

/// `count` stories, which happen in the [`DAYS`] days from `start` on.
#[must_use]
pub fn stories(seed: u64, count: usize, start: DateTime<Utc>) -> Vec<Story> {
    tell(seed, count, start).collect()
}

/// The same stories as [`stories`], one after the other: for so many that they should not be held all at once.
pub fn tell(seed: u64, count: usize, start: DateTime<Utc>) -> impl Iterator<Item = Story> {
    let mix = Kind::SHARES.into_iter().flat_map(|(kind, share)| std::iter::repeat_n(kind, share));
    let mut kinds: Vec<_> = mix.cycle().take(count).collect();
    Random::of(seed, KINDS_STREAM).shuffle(&mut kinds);
    let streams = (0..).map(move |stream| Random::of(seed, stream));
    let numbered = kinds.into_iter().enumerate().zip(streams);
    numbered.map(move |((number, kind), mut random)| script::tell(kind, number, start, &mut random))
}

/// Every event of `stories`, one to three times, in any order.
#[must_use]
pub fn deliveries(seed: u64, stories: &[Story]) -> Vec<&Event> {
    let mut random = Random::of(seed, DELIVERIES_STREAM);
    let mut deliveries = Vec::new();
    for event in stories.iter().flat_map(|story| &story.events) {
        let times = random.between(1, 3);
        deliveries.extend((0..times).map(|_| event));
    }
    random.shuffle(&mut deliveries);
    deliveries
}
