//! What happens in each kind of story, and when.

use chargebook_domain::{Bucket, Outcome};
use chrono::{DateTime, TimeDelta, Utc};

use crate::draft::{Draft, Moved, refund};
use crate::payment::{CAD, Coin, EUR, GBP, JPY, KWD, MXN, Payment, USD};
use crate::random::Random;
use crate::story::{DAYS, Ending, Event, Kind, Story};

/// In how many of a hundred stories the last thing happens on each of the last two days.
const BUSY_PERCENT: i64 = 8;

/// The story's own times, in whole days after the dispute was opened.
struct Pace {
    /// Evidence is submitted, or the inquiry escalates.
    answered: i64,
    /// The verdict.
    decided: i64,
    /// The last thing that happens.
    last: i64,
}

/// Tells a story. `number` is unique among the stories, and `random` its own.
pub(crate) fn tell(kind: Kind, number: usize, start: DateTime<Utc>, random: &mut Random) -> Story {
    let pace = pace(kind, random);
    let ended = end(kind, &pace, start, random);
    let opened = ended - TimeDelta::days(pace.last) - TimeDelta::seconds(random.between(0, 10_000));
    let coin = coin(kind, random);
    let amount = Payment::price(coin, random);
    let payment = Payment::of(number, coin, amount, opened, random);
    let settled = settled(kind, coin, random);
    let mut teller = Teller { payment: &payment, settled, pace, opened, ended, events: Vec::new(), random };
    let endings = match kind {
        Kind::TwoOnOneOrder => teller.two(amount),
        _ => vec![teller.one(kind, amount)],
    };
    let mut events = teller.events;
    if payment.refunded > 0 {
        let refunded_at = opened - TimeDelta::seconds(random.between(3600, 43_200));
        events.insert(0, refund(&payment, refunded_at, random));
    }
    // The two disputes of one payment are told one after the other.
    events.sort_by_key(|event| event.created);
    let orders = match kind {
        Kind::Orphan => Vec::new(),
        Kind::Ambiguous => payment.contradicting_orders(random),
        _ => vec![payment.order(random)],
    };
    Story { kind, endings, events, orders, payment }
}

fn pace(kind: Kind, random: &mut Random) -> Pace {
    let answered = random.between(1, 9);
    let decided = answered + random.between(12, 60);
    let (answered, decided, last) = match kind {
        Kind::Open | Kind::InquiryOpen | Kind::LostAtOnce | Kind::Prevented | Kind::PreventedForMoney => (0, 0, 0),
        Kind::UnknownStatus => (answered, answered, answered),
        Kind::Accepted => (0, answered, answered),
        Kind::InquiryClosed => (answered, 120, 120),
        Kind::WonMoneyLater => (answered, decided, decided + random.between(2, 6)),
        Kind::LateWin => (answered, decided, decided + random.between(30, 90)),
        _ => (answered, decided, decided),
    };
    Pace { answered, decided, last }
}

/// When the last thing happens: at an hour that is the same date in most of the world's zones.
fn end(kind: Kind, pace: &Pace, start: DateTime<Utc>, random: &mut Random) -> DateTime<Utc> {
    let last_day = DAYS - 1;
    let day = match random.between(1, 100) {
        roll if roll <= BUSY_PERCENT => last_day - 1,
        roll if roll <= 2 * BUSY_PERCENT => last_day,
        // What is not decided yet can't be old.
        _ if matches!(kind, Kind::Open | Kind::InquiryOpen) => random.between(last_day - 30, last_day),
        _ if matches!(kind, Kind::WonMoneyMissing | Kind::UnknownStatus) => random.between(last_day - 12, last_day),
        _ => random.between(pace.last + 1, last_day - 2),
    };
    start + TimeDelta::days(day) + TimeDelta::seconds(random.between(8 * 3600, 20 * 3600))
}

fn coin(kind: Kind, random: &mut Random) -> &'static Coin {
    match kind {
        Kind::Yen => &JPY,
        Kind::Dinar => &KWD,
        Kind::WonFeeReturned => &MXN,
        Kind::Converted => &USD,
        _ => random.pick::<&Coin>(&[&USD, &USD, &EUR, &EUR, &GBP]),
    }
}

/// The currency of the balance, and how much of it one major unit of the payment is, in ten thousandths.
#[derive(Clone, Copy)]
struct Settled {
    coin: &'static Coin,
    rate: i64,
}

impl Settled {
    fn of(self, amount: i64) -> i64 {
        amount * self.rate / 10_000
    }

    /// At the rate of another day.
    fn later(self, random: &mut Random) -> Self {
        if self.rate == 10_000 { self } else { Self { rate: self.rate + random.between(-120, 120), ..self } }
    }
}

fn settled(kind: Kind, coin: &'static Coin, random: &mut Random) -> Settled {
    match kind {
        Kind::Converted if random.one_in(2) => Settled { coin: &CAD, rate: 13_985 },
        Kind::Converted => Settled { coin: &EUR, rate: 8640 },
        _ => Settled { coin, rate: 10_000 },
    }
}

struct Teller<'a> {
    payment: &'a Payment,
    settled: Settled,
    pace: Pace,
    opened: DateTime<Utc>,
    ended: DateTime<Utc>,
    events: Vec<Event>,
    random: &'a mut Random,
}

impl<'a> Teller<'a> {
    fn draft(&mut self, amount: i64, opened: DateTime<Utc>) -> Draft<'a> {
        Draft::new(self.payment, amount, opened, self.random)
    }

    /// A time on a day of the story; its last day has the time of its end.
    fn on(&mut self, day: i64) -> DateTime<Utc> {
        if day == self.pace.last {
            self.ended
        } else {
            self.opened + TimeDelta::days(day) + TimeDelta::seconds(self.random.between(0, 10_000))
        }
    }

    fn tell(&mut self, dispute: &mut Draft<'_>, what: &str, status: &'static str, at: DateTime<Utc>) {
        let event = dispute.tell(what, status, at, self.random);
        self.events.push(event);
    }

    fn withdraw(&mut self, dispute: &mut Draft<'_>, fee: i64, at: DateTime<Utc>) {
        let (amount, currency) = (-self.settled.of(dispute.amount), self.settled.coin.code);
        dispute.moves(Moved { amount, fee, currency, at }, self.random);
    }

    /// Money comes back: all of it, or a part.
    fn reinstate(&mut self, dispute: &mut Draft<'_>, amount: i64, fee: i64, at: DateTime<Utc>) {
        let settled = self.settled.later(self.random);
        let (amount, currency) = (settled.of(amount), settled.coin.code);
        dispute.moves(Moved { amount, fee, currency, at }, self.random);
    }

    /// It is opened, and the money taken: at once, or seconds later.
    fn open(&mut self, dispute: &mut Draft<'_>) {
        let opened = dispute.opened();
        let fee = self.settled.coin.fee;
        if self.random.one_in(3) {
            self.tell(dispute, "created", "needs_response", opened);
            let withdrawn_at = opened + TimeDelta::seconds(13);
            self.withdraw(dispute, fee, withdrawn_at);
            self.tell(dispute, "funds_withdrawn", "needs_response", withdrawn_at);
        } else {
            self.withdraw(dispute, fee, opened);
            self.tell(dispute, "created", "needs_response", opened);
            self.tell(dispute, "funds_withdrawn", "needs_response", opened);
        }
    }

    fn answer(&mut self, dispute: &mut Draft<'_>, status: &'static str) {
        let at = self.on(self.pace.answered);
        dispute.submit_evidence();
        self.tell(dispute, "updated", status, at);
    }

    fn win(&mut self, dispute: &mut Draft<'_>, fee: i64, at: DateTime<Utc>) -> (Outcome, Bucket) {
        let amount = dispute.amount;
        self.reinstate(dispute, amount, fee, at);
        // Both in one second, as Stripe does.
        self.tell(dispute, "funds_reinstated", "won", at);
        self.tell(dispute, "closed", "won", at);
        (Outcome::Won, Bucket::Recovered)
    }

    fn lose(&mut self, dispute: &mut Draft<'_>, at: DateTime<Utc>) -> (Outcome, Bucket) {
        self.tell(dispute, "closed", "lost", at);
        (Outcome::Lost, Bucket::ConfirmedLoss)
    }

    fn win_or_lose(&mut self, dispute: &mut Draft<'_>, at: DateTime<Utc>) -> (Outcome, Bucket) {
        if self.random.one_in(2) { self.win(dispute, 0, at) } else { self.lose(dispute, at) }
    }

    /// The two disputes of one payment: the first is won, the second lost.
    fn two(&mut self, amount: i64) -> Vec<Ending> {
        let half = amount / 2;
        let mut first = self.draft(half, self.opened);
        let mut second = self.draft(amount - half, self.opened + TimeDelta::seconds(1));
        self.open(&mut first);
        self.open(&mut second);
        self.answer(&mut first, "under_review");
        let decided = self.on(self.pace.decided);
        let lost = self.lose(&mut second, decided - TimeDelta::hours(1));
        let won = self.win(&mut first, 0, decided);
        vec![ending(first, won), ending(second, lost)]
    }

    fn one(&mut self, kind: Kind, amount: i64) -> Ending {
        let mut dispute = self.draft(amount, self.opened);
        let stands = match kind {
            Kind::InquiryClosed | Kind::InquiryOpen | Kind::InquiryEscalated => self.inquiry(kind, &mut dispute),
            Kind::LostAtOnce | Kind::Prevented | Kind::PreventedForMoney => self.at_once(kind, &mut dispute),
            _ => self.chargeback(kind, &mut dispute),
        };
        ending(dispute, stands)
    }

    fn inquiry(&mut self, kind: Kind, dispute: &mut Draft<'_>) -> (Outcome, Bucket) {
        dispute.set_inquiry(true);
        let opened = dispute.opened();
        self.tell(dispute, "created", "warning_needs_response", opened);
        match kind {
            Kind::InquiryOpen => return (Outcome::InquiryOpen, Bucket::Undecided),
            Kind::InquiryClosed => {
                self.answer(dispute, "warning_under_review");
                self.tell(dispute, "closed", "warning_closed", self.ended);
                return (Outcome::InquiryClosed, Bucket::NoLoss);
            }
            _ => dispute.set_inquiry(false),
        }
        let escalated = self.on(self.pace.answered);
        self.withdraw(dispute, self.settled.coin.fee, escalated);
        self.tell(dispute, "updated", "needs_response", escalated);
        self.tell(dispute, "funds_withdrawn", "needs_response", escalated);
        dispute.submit_evidence();
        self.tell(dispute, "updated", "under_review", escalated + TimeDelta::days(2));
        self.win_or_lose(dispute, self.ended)
    }

    fn at_once(&mut self, kind: Kind, dispute: &mut Draft<'_>) -> (Outcome, Bucket) {
        let at = self.ended;
        match kind {
            Kind::LostAtOnce => {
                self.withdraw(dispute, self.settled.coin.fee, at);
                self.tell(dispute, "created", "lost", at);
                self.tell(dispute, "funds_withdrawn", "lost", at);
                self.lose(dispute, at)
            }
            Kind::PreventedForMoney => {
                dispute.set_prevented();
                self.withdraw(dispute, 0, at);
                self.tell(dispute, "created", "prevented", at);
                self.tell(dispute, "funds_withdrawn", "prevented", at);
                (Outcome::Prevented, Bucket::ConfirmedLoss)
            }
            _ => {
                dispute.set_prevented();
                self.tell(dispute, "created", "prevented", at);
                (Outcome::Prevented, Bucket::NoLoss)
            }
        }
    }

    fn chargeback(&mut self, kind: Kind, dispute: &mut Draft<'_>) -> (Outcome, Bucket) {
        self.open(dispute);
        if kind == Kind::UnknownStatus {
            self.tell(dispute, "updated", "needs_acknowledgement", self.ended);
        }
        let is_unanswered = matches!(kind, Kind::Accepted | Kind::Open | Kind::UnknownStatus)
            || (kind == Kind::Lost && self.random.one_in(3));
        if !is_unanswered {
            self.answer(dispute, "under_review");
        }
        let decided = self.on(self.pace.decided);
        match kind {
            Kind::Open | Kind::UnknownStatus => (Outcome::Open, Bucket::Undecided),
            Kind::Lost | Kind::Accepted => self.lose(dispute, decided),
            Kind::WonFeeReturned => self.win(dispute, -self.settled.coin.fee, decided),
            Kind::LostInPart => {
                let part = dispute.amount * 2 / 5;
                self.reinstate(dispute, part, 0, decided);
                self.tell(dispute, "funds_reinstated", "lost", decided);
                self.lose(dispute, decided)
            }
            Kind::LateWin => {
                self.lose(dispute, decided);
                self.win(dispute, 0, self.ended)
            }
            Kind::WonMoneyMissing => {
                self.tell(dispute, "closed", "won", decided);
                (Outcome::Won, Bucket::RecoveryPending)
            }
            Kind::WonMoneyLater => {
                self.tell(dispute, "closed", "won", decided);
                let amount = dispute.amount;
                self.reinstate(dispute, amount, 0, self.ended);
                self.tell(dispute, "funds_reinstated", "won", self.ended);
                (Outcome::Won, Bucket::Recovered)
            }
            Kind::Converted | Kind::Yen | Kind::Dinar | Kind::Orphan | Kind::Ambiguous => {
                self.win_or_lose(dispute, decided)
            }
            _ => self.win(dispute, 0, decided),
        }
    }
}

fn ending(dispute: Draft<'_>, (outcome, bucket): (Outcome, Bucket)) -> Ending {
    Ending { dispute: dispute.id, outcome, bucket }
}
