//! A year of days and their mails, in two zones whose clocks change, by processes that come and go, with facts that come late
//! and a mail server that refuses or leaves them in doubt.
#![expect(clippy::unwrap_used, reason = "what is not as expected should panic")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chargebook_domain::ports::{Clock, DayMail, Mail, Mails, Seal, SendOutcome, Summaries};
use chargebook_domain::service::{Daily, Missed, Schedule};
use chargebook_domain::summary::Summary;
use chargebook_domain::{BookRules, Currency, Deltas, Observation};
use chargebook_port_contracts::booking::book;
use chargebook_port_contracts::samples::{day, dispute_key, observation, reinstatement, withdrawal};
use chargebook_port_contracts::{FixedClock, InMemoryLedger, RecordingNotifier};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

/// Numbers that look like chance and are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn up_to(&mut self, end: TimeDelta) -> TimeDelta {
        TimeDelta::seconds(i64::try_from(self.below(end.num_seconds().unsigned_abs() + 1)).unwrap())
    }
}

/// How the mail server answers, one mail after the other.
fn answers(numbers: &mut Numbers) -> Vec<SendOutcome> {
    let reason = || "as the script has it".to_owned();
    let answer = |number| match number {
        0 | 1 => SendOutcome::Refused { reason: reason(), retry_after: Some(Duration::from_mins(30)) },
        2 => SendOutcome::Unknown { reason: reason() },
        _ => SendOutcome::Accepted { receipt: None },
    };
    (0..600).map(|_| answer(numbers.below(12))).collect()
}

struct World {
    ledger: Arc<InMemoryLedger>,
    clock: Arc<FixedClock>,
    notifier: RecordingNotifier,
    rules: BookRules,
    /// When each dispute was filed.
    filed: Vec<DateTime<Utc>>,
    facts: usize,
}

impl World {
    /// A process, as it is after a start.
    fn process(&self) -> Daily {
        let zone = self.rules.time_zone;
        let send_at = NaiveTime::from_hms_opt(2, 30, 0).unwrap();
        let schedule = Schedule { zone, send_at, books_start: None, mails: Mails::Together, missed: Missed::Each };
        let write = |summary: &Summary, _: Option<DateTime<Utc>>| Mail {
            reference: summary.date.to_string(),
            subject: String::new(),
            html: String::new(),
            text: String::new(),
            attachments: Vec::new(),
        };
        let notifier = Arc::new(self.notifier.clone());
        Daily::new(self.ledger.clone(), vec![notifier], Arc::new(write), schedule, self.clock.clone())
    }

    /// A dispute is filed, or one that is known is decided: now, or weeks ago and told now.
    async fn learn(&mut self, numbers: &mut Numbers) {
        self.facts += 1;
        let (now, fact) = (self.clock.now(), self.facts);
        let minor = 1_000 + i64::try_from(numbers.below(9_000)).unwrap();
        let (dispute, status, at, movement) = if self.filed.is_empty() || numbers.below(2) == 0 {
            self.filed.push(now);
            (self.filed.len(), "needs_response", now, withdrawal(&format!("txn_{fact}"), now, minor, 1_500))
        } else {
            let dispute = usize::try_from(numbers.below(u64::try_from(self.filed.len()).unwrap())).unwrap();
            let at = (now - numbers.up_to(TimeDelta::days(40))).max(self.filed[dispute]);
            let status = ["won", "lost", "won"][usize::try_from(numbers.below(3)).unwrap()];
            (dispute + 1, status, at, reinstatement(&format!("txn_{fact}"), at, minor))
        };
        let key = dispute_key(&format!("du_{dispute}"));
        let movements = if status == "lost" { vec![] } else { vec![movement] };
        let seen = Observation { key: key.clone(), movements, ..observation(&format!("evt_{fact}"), status, at) };
        book(&*self.ledger, &key, &[seen], self.rules, now).await.unwrap();
    }

    async fn sum_up(&self) {
        self.process().run(|| true, |_| ()).await.unwrap();
    }
}

fn sum(parts: impl IntoIterator<Item = (Currency, Deltas)>) -> BTreeMap<Currency, Deltas> {
    let mut sums = BTreeMap::<Currency, Deltas>::new();
    for (currency, deltas) in parts {
        let sum = sums.entry(currency).or_default();
        *sum = sum.plus(&deltas).unwrap();
    }
    sums
}

async fn a_year(zone: Tz, seed: u64) {
    let mut numbers = Numbers(seed);
    let script = answers(&mut numbers);
    let mut world = World {
        ledger: Arc::default(),
        clock: Arc::new(FixedClock::at(day(0))),
        notifier: RecordingNotifier::scripted(script.clone()),
        rules: BookRules { time_zone: zone, ..BookRules::default() },
        filed: Vec::new(),
        facts: 0,
    };
    world.learn(&mut numbers).await;
    while world.clock.now() < day(370) {
        world.clock.advance(numbers.up_to(TimeDelta::hours(9)));
        if numbers.below(4) > 0 {
            world.learn(&mut numbers).await;
        }
        match numbers.below(40) {
            // Nobody is there for some days.
            0 => world.clock.advance(numbers.up_to(TimeDelta::days(4))),
            // Up to three at once.
            number => {
                for _ in 0..number % 4 {
                    world.sum_up().await;
                }
            }
        }
    }
    for _ in 0..20 {
        world.clock.advance(TimeDelta::hours(4));
        world.sum_up().await;
    }

    let (first, now) = (world.rules.business_date(day(0)), world.clock.now());
    let last = world.rules.business_date(now).pred_opt().unwrap();
    let dates: Vec<NaiveDate> = first.iter_days().take_while(|date| *date <= last).collect();
    assert!(dates.len() > 365);

    // Each day's mail was taken once, or is in doubt and was not sent again.
    let mut ends = BTreeMap::<String, Vec<&SendOutcome>>::new();
    for (mail, answer) in world.notifier.sent().into_iter().zip(&script) {
        ends.entry(mail.reference).or_default().push(answer);
    }
    assert!(ends.keys().eq(&dates.iter().map(NaiveDate::to_string).collect::<Vec<_>>()), "{zone}: {ends:?}");
    for (date, answers) in &ends {
        let (end, before) = answers.split_last().unwrap();
        assert!(!matches!(end, SendOutcome::Refused { .. }), "{zone} {date}");
        assert!(before.iter().all(|answer| matches!(answer, SendOutcome::Refused { .. })), "{zone} {date}");
    }
    assert!(ends.values().any(|answers| answers.len() > 1), "something was refused");

    // Each row is in one day, each day is proven, and all days are the ledger.
    let mut rows = 0;
    let mut parts = Vec::new();
    for date in dates {
        let summary = world.process().summary(&DayMail::together(date), now).await.unwrap();
        assert!(summary.sealed && summary.proven(), "{zone} {date}");
        parts.extend(summary.totals);
        let seal = Seal { date, zone, books_start: None, now };
        rows += world.ledger.books(&seal, None).await.unwrap().rows.len();
    }
    let kept = world.ledger.resolutions();
    assert_eq!(kept.len(), rows, "{zone}");
    assert!(kept.iter().all(|row| row.sealed_in.is_some()), "{zone}");
    assert_eq!(sum(parts), sum(kept.iter().map(|row| (row.resolution.currency, row.resolution.deltas))), "{zone}");
    let late = kept.iter().filter(|row| row.sealed_in > Some(world.rules.business_date(row.resolution.occurred_at)));
    assert!(late.count() > 20, "{zone}: facts came late");
}

#[tokio::test]
async fn a_year_in_new_york_has_every_day_once() {
    a_year(Tz::America__New_York, 1).await;
}

#[tokio::test]
async fn a_year_in_berlin_has_every_day_once() {
    a_year(Tz::Europe__Berlin, 2).await;
}
