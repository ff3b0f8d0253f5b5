//! Days that are sealed and mailed, with a clock that goes on and a ledger that fails.
#![expect(clippy::unwrap_used, reason = "what is not as expected should panic")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chargebook_domain::ports::{
    Claim, ClaimRequest, Clock, DayMail, Due, Found, LedgerError, LookTimes, Mail, Mails, Notifier, RequestId, Seal,
    Sealed, SendOutcome, Summaries,
};
use chargebook_domain::service::{By, Daily, DayDone, Missed, Schedule};
use chargebook_domain::summary::{DayBooks, Summary, compose};
use chargebook_domain::{AccountId, BookRules, Deltas, DisputeKey, Observation, Outcome};
use chargebook_port_contracts::booking::book;
use chargebook_port_contracts::samples::{date, day, observation, sample_key, usd, withdrawal};
use chargebook_port_contracts::{FixedClock, InMemoryLedger, RecordingNotifier};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

/// A ledger with flaws.
#[derive(Default)]
struct Flawed {
    ledger: InMemoryLedger,
    /// The day that can't be read.
    corrupt: Option<NaiveDate>,
    /// Settling fails as often.
    settles_to_fail: AtomicU32,
    /// When each claim was asked for, and settled.
    times: Mutex<Vec<DateTime<Utc>>>,
    /// Where what was claimed can be looked for.
    places: Mutex<Vec<Option<String>>>,
}

fn unavailable() -> LedgerError {
    LedgerError::Unavailable("away".into())
}

#[async_trait]
impl Summaries for Flawed {
    async fn sealed(&self, zone: Tz) -> Result<Sealed, LedgerError> {
        self.ledger.sealed(zone).await
    }

    async fn seal(&self, seal: &Seal) -> Result<bool, LedgerError> {
        self.ledger.seal(seal).await
    }

    async fn books(&self, seal: &Seal, book: Option<AccountId>) -> Result<DayBooks, LedgerError> {
        if self.corrupt == Some(seal.date) {
            return Err(LedgerError::Corrupt { what: "a row".to_owned() });
        }
        self.ledger.books(seal, book).await
    }

    async fn keep(&self, seal: &Seal, books: DayBooks) -> Result<DayBooks, LedgerError> {
        self.ledger.keep(seal, books).await
    }

    async fn undelivered(
        &self,
        channels: &[String],
        mails: Mails,
        now: DateTime<Utc>,
    ) -> Result<Vec<Due>, LedgerError> {
        self.ledger.undelivered(channels, mails, now).await
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Option<Claim>, LedgerError> {
        self.times.lock().unwrap().push(request.now);
        self.places.lock().unwrap().push(request.place.clone());
        self.ledger.claim(request).await
    }

    async fn settle(&self, claim: &Claim, outcome: &SendOutcome, now: DateTime<Utc>) -> Result<(), LedgerError> {
        let fail = |left: u32| left.checked_sub(1);
        if self.settles_to_fail.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fail).is_ok() {
            return Err(unavailable());
        }
        self.times.lock().unwrap().push(now);
        self.ledger.settle(claim, outcome, now).await
    }

    async fn in_doubt(&self, channel: &str, place: &str, times: &LookTimes) -> Result<Vec<Claim>, LedgerError> {
        self.ledger.in_doubt(channel, place, times).await
    }

    async fn looked(&self, claim: &Claim, found: &Found) -> Result<(), LedgerError> {
        self.ledger.looked(claim, found).await
    }
}

/// Takes two minutes for each mail.
struct Slow {
    clock: Arc<FixedClock>,
    notifier: RecordingNotifier,
}

#[async_trait]
impl Notifier for Slow {
    fn channel(&self) -> &'static str {
        self.notifier.channel()
    }

    async fn send(&self, mail: &Mail, attempt: &RequestId) -> SendOutcome {
        self.clock.advance(TimeDelta::minutes(2));
        self.notifier.send(mail, attempt).await
    }

    fn place(&self) -> Option<String> {
        Some("there".to_owned())
    }

    async fn find(&self, reference: &str, attempt: &RequestId) -> Found {
        self.notifier.find(reference, attempt).await
    }
}

/// Three days are due: `date(0)` to `date(2)`.
struct World {
    summaries: Arc<Flawed>,
    clock: Arc<FixedClock>,
    notifier: RecordingNotifier,
    daily: Daily,
}

async fn observe(ledger: &InMemoryLedger, seen: &Observation) {
    book(ledger, &seen.key, std::slice::from_ref(seen), BookRules::default(), day(1)).await.unwrap();
}

fn world(flawed: Flawed) -> World {
    world_of(flawed, Mails::Together, Missed::Each)
}

fn world_of(flawed: Flawed, mails: Mails, missed: Missed) -> World {
    let (summaries, notifier) = (Arc::new(flawed), RecordingNotifier::default());
    let clock = Arc::new(FixedClock::at(day(3)));
    let slow = Slow { clock: Arc::clone(&clock), notifier: notifier.clone() };
    let schedule = Schedule { zone: Tz::UTC, send_at: NaiveTime::MIN, books_start: Some(date(0)), mails, missed };
    let write = |summary: &Summary, sent_again: Option<DateTime<Utc>>| Mail {
        reference: match &summary.book {
            Some(book) => format!("{} {book}", summary.date),
            None if summary.from < summary.date => format!("{} to {}", summary.from, summary.date),
            None => summary.date.to_string(),
        },
        subject: sent_again.map(|_| "sent again".to_owned()).unwrap_or_default(),
        html: String::new(),
        text: String::new(),
        attachments: Vec::new(),
        sent_again_at: sent_again,
    };
    let daily = Daily::new(summaries.clone(), vec![Arc::new(slow)], Arc::new(write), schedule, clock.clone());
    World { summaries, clock, notifier, daily }
}

impl World {
    fn sent(&self) -> Vec<String> {
        self.notifier.sent().into_iter().map(|mail| mail.reference).collect()
    }

    async fn run(&self) -> (Result<(), LedgerError>, Vec<DayDone>) {
        let mut done = Vec::new();
        (self.daily.run(|| true, |day| done.push(day)).await, done)
    }

    async fn undelivered(&self) -> Vec<NaiveDate> {
        let channels = [RecordingNotifier::CHANNEL.to_owned()];
        let due = self.summaries.undelivered(&channels, Mails::Together, self.clock.now()).await.unwrap();
        due.into_iter().map(|due| due.mail.date).collect()
    }
}

fn day_of(done: &DayDone) -> NaiveDate {
    let (DayDone::Sent { due, .. } | DayDone::Looked { due, .. }) = done;
    due.mail.date
}

/// A day's mail on the only channel.
fn due(days: i64) -> Due {
    Due { mail: DayMail::together(date(days)), channel: RecordingNotifier::CHANNEL.to_owned(), sent_as: None }
}

#[tokio::test]
async fn every_claim_has_its_own_time() {
    let world = world(Flawed::default());
    let (ended, done) = world.run().await;
    ended.unwrap();
    assert_eq!(done.len(), 3);
    let times = world.summaries.times.lock().unwrap().clone();
    let expected = [0, 2, 2, 4, 4, 6].map(|minutes| day(3) + TimeDelta::minutes(minutes));
    assert_eq!(times, expected, "claimed, settled, claimed, settled...");
}

#[tokio::test]
async fn what_was_taken_is_kept_although_the_ledger_fails_for_a_moment() {
    let world = world(Flawed { settles_to_fail: AtomicU32::new(3), ..Flawed::default() });
    world.run().await.0.unwrap();
    assert_eq!(world.sent().len(), 3);
    assert_eq!(world.undelivered().await, []);
    let later = world.clock.now() + TimeDelta::hours(1);
    assert_eq!(world.summaries.undelivered(&["other".to_owned()], Mails::Together, later).await.unwrap(), []);
}

#[tokio::test]
async fn no_mail_is_begun_while_the_ledger_stays_away() {
    let world = world(Flawed { settles_to_fail: AtomicU32::new(1000), ..Flawed::default() });
    let (ended, done) = world.run().await;
    assert!(matches!(ended, Err(LedgerError::Unavailable(_))));
    assert_eq!((done, world.sent()), (vec![], vec![date(0).to_string()]));
    let left = world.summaries.settles_to_fail.load(Ordering::Relaxed);
    assert!((990..1000).contains(&left), "it gives up: {left}");
}

#[tokio::test]
async fn a_day_that_can_not_be_read_does_not_keep_back_the_others() {
    let world = world(Flawed { corrupt: Some(date(0)), ..Flawed::default() });
    let (ended, done) = world.run().await;
    assert!(matches!(ended, Err(LedgerError::Corrupt { .. })));
    assert_eq!(done.iter().map(day_of).collect::<Vec<_>>(), [date(1), date(2)]);
    assert_eq!(world.sent(), [date(1).to_string(), date(2).to_string()]);
    assert_eq!(world.undelivered().await, [date(0)]);
}

#[tokio::test]
async fn no_mail_is_begun_after_the_word_to_stop() {
    let world = world(Flawed::default());
    let notifier = world.notifier.clone();
    world.daily.run(|| notifier.sent().is_empty(), |_| {}).await.unwrap();
    assert_eq!(world.sent(), [date(0).to_string()]);
    assert_eq!(world.undelivered().await, [date(1), date(2)]);
}

#[tokio::test]
async fn apart_each_book_is_mailed_each_day_and_a_day_without_anything_too() {
    let world = world_of(Flawed::default(), Mails::Apart, Missed::Each);
    observe(&world.summaries.ledger, &observation("evt_1", "needs_response", day(1))).await;
    let key = DisputeKey { account: AccountId::parse("acct_1").unwrap(), ..sample_key() };
    observe(&world.summaries.ledger, &Observation { key, ..observation("evt_2", "needs_response", day(1)) }).await;
    let (ended, done) = world.run().await;
    ended.unwrap();
    let expected: Vec<_> =
        (0..3).flat_map(|n| ["acct_1", "default"].map(|book| format!("{} {book}", date(n)))).collect();
    assert_eq!(world.sent(), expected);
    assert_eq!(done.len(), 6);
    world.run().await.0.unwrap();
    assert_eq!(world.sent().len(), 6, "each goes once");
}

#[tokio::test]
async fn a_person_has_a_mail_sent_once_more_and_it_says_so() {
    let world = world(Flawed::default());
    world.run().await.0.unwrap();
    assert_eq!(world.daily.send(&due(1), By::Schedule).await.unwrap(), None);
    let outcome = world.daily.send(&due(1), By::Person).await.unwrap();
    assert_eq!(outcome, Some(SendOutcome::Accepted { receipt: None }));
    let subjects: Vec<_> = world.notifier.sent().into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects, ["", "", "", "sent again"]);
    let places: Vec<_> = world.summaries.places.lock().unwrap().iter().map(Option::is_some).collect();
    assert_eq!(places, [true, true, true, true, false], "only what goes by itself is looked for");
    assert_eq!(world.daily.send(&due(9), By::Person).await.unwrap(), None, "it is not sealed");
    let elsewhere = Due { channel: "pigeon".to_owned(), ..due(1) };
    assert_eq!(world.daily.send(&elsewhere, By::Person).await.unwrap(), None, "there is no such channel");
}

#[tokio::test]
async fn days_that_were_missed_go_in_one_mail_where_that_is_wished() {
    let world = world_of(Flawed::default(), Mails::Together, Missed::Combined);
    observe(&world.summaries.ledger, &observation("evt_1", "lost", day(0))).await;
    observe(&world.summaries.ledger, &observation("evt_2", "won", day(1))).await;
    let (ended, done) = world.run().await;
    ended.unwrap();
    assert_eq!(world.sent(), [format!("{} to {}", date(0), date(2))]);
    assert_eq!(done.iter().map(day_of).collect::<Vec<_>>(), [date(0), date(1), date(2)]);
    assert_eq!(world.undelivered().await, []);
    world.clock.advance(TimeDelta::days(1));
    world.run().await.0.unwrap();
    assert_eq!(world.sent()[1..], [date(3).to_string()], "a day that was not missed goes by itself");
}

#[tokio::test]
async fn days_as_one_add_up_and_tell_decisions_of_each_from_changes_to_them() {
    let ledger = InMemoryLedger::default();
    for (cause, status, days) in [("evt_1", "needs_response", 0), ("evt_2", "lost", 1), ("evt_3", "won", 2)] {
        let movements = if days == 0 { vec![withdrawal("txn_1", day(0), 10_000, 1_500)] } else { vec![] };
        observe(&ledger, &Observation { movements, ..observation(cause, status, day(days)) }).await;
    }
    let mut parts = Vec::new();
    for days in 0..3 {
        let seal = Seal { date: date(days), zone: Tz::UTC, books_start: None, now: day(4) };
        assert!(ledger.seal(&seal).await.unwrap());
        let part = ledger.books(&seal, None).await.unwrap();
        parts.push(ledger.keep(&seal, part).await.unwrap());
    }
    let each: Vec<_> = parts.iter().map(|part| compose(part).unwrap()).collect();
    let joined = parts.into_iter().reduce(|first, next| first.and_then(next).unwrap()).unwrap();
    let summary = compose(&joined).unwrap();
    assert_eq!((summary.from, summary.date, summary.sealed), (date(0), date(2), true));
    assert_eq!((summary.closed(), summary.count(Outcome::Lost), summary.changes.lines.len()), (1, 1, 1));
    assert!(summary.proven(), "{:?}", summary.proof);
    assert_ne!(summary.sha256, each[2].sha256);
    let mut totals = Deltas::default();
    for summary in &each {
        for deltas in summary.totals.values() {
            totals = totals.plus(deltas).unwrap();
        }
    }
    assert_eq!(summary.totals.values().next(), Some(&totals));
    let roll = |of: &Summary| of.roll_forward.get(&usd()).copied().unwrap_or_default();
    let (first, last, roll) = (roll(&each[0]), roll(&each[2]), roll(&summary));
    assert_eq!((roll.opening, roll.withdrawn, roll.closing), (first.opening, first.withdrawn, last.closing));
}

#[tokio::test]
async fn a_day_that_can_not_be_read_keeps_back_none_that_were_to_go_with_it() {
    let world = world_of(Flawed { corrupt: Some(date(1)), ..Flawed::default() }, Mails::Together, Missed::Combined);
    let (ended, _) = world.run().await;
    assert!(matches!(ended, Err(LedgerError::Corrupt { .. })));
    assert_eq!(world.sent(), [date(0).to_string(), date(2).to_string()]);
    assert_eq!(world.undelivered().await, [date(1)]);
}
