//! Levels that are told of once: over restarts, after failures, and by rules.
#![expect(clippy::unwrap_used, reason = "what is not as expected should panic")]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chargebook_domain::monitor::{
    AlertKey, Estimate, MonitorRules, Month, Network, Programmes, Region, Tally, TypedCount,
};
use chargebook_domain::ports::{
    Content, Entry, Ledger, LedgerError, LoggedRule, Monitoring, Outbox, OutboxMessage, Way,
};
use chargebook_domain::rules::{Action, CooldownPer, EndpointName, OneLine, Rule, RuleName, RuleSet};
use chargebook_domain::service::{Act, Monitor, Watch};
use chargebook_domain::{FraudWarning, ScoreWeights, Trigger, WarningId};
use chargebook_port_contracts::InMemoryLedger;
use chargebook_port_contracts::samples::cause;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

/// A threshold of 1 %, of warnings and disputes per payments of the month, with no floor.
const PROGRAMMES: &str = "TEST | visa | all | - | - | disputes+fraud_warnings | month | 100 | 0 | - | example.com";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn april() -> Month {
    Month::parse("2026-04").unwrap()
}

/// A ledger that fails to keep alerts for a while, before it keeps them or after.
#[derive(Clone, Default)]
struct Flawed {
    ledger: InMemoryLedger,
    fails_before: Arc<AtomicU32>,
    fails_after: Arc<AtomicU32>,
    rules: Arc<Mutex<Vec<LoggedRule>>>,
}

fn fails(left: &AtomicU32) -> Result<(), LedgerError> {
    let less = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
    if less.is_ok() { Err(LedgerError::Unavailable("away".into())) } else { Ok(()) }
}

#[async_trait]
impl Monitoring for Flawed {
    async fn tally(&self, bounds: &[DateTime<Utc>]) -> Result<Vec<Tally>, LedgerError> {
        self.ledger.tally(bounds).await
    }

    async fn payments(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Tally, LedgerError> {
        self.ledger.payments(from, until).await
    }

    async fn typed_in(&self) -> Result<Vec<(Network, Month, u64)>, LedgerError> {
        self.ledger.typed_in().await
    }

    async fn type_in(&self, count: &TypedCount) -> Result<(), LedgerError> {
        self.ledger.type_in(count).await
    }

    async fn alerted(&self, month: Month) -> Result<BTreeSet<AlertKey>, LedgerError> {
        self.ledger.alerted(month).await
    }

    async fn keep_alert(
        &self,
        alert: &AlertKey,
        rules: &[LoggedRule],
        messages: &[OutboxMessage],
        now: DateTime<Utc>,
    ) -> Result<bool, LedgerError> {
        fails(&self.fails_before)?;
        self.rules.lock().unwrap().extend_from_slice(rules);
        let kept = self.ledger.keep_alert(alert, rules, messages, now).await;
        fails(&self.fails_after)?;
        kept
    }
}

impl Flawed {
    /// Payments of April, as a person knows them.
    async fn pay(&self, payments: u64) {
        let (by, reason) = ("ana".to_owned(), "the report".to_owned());
        let count =
            TypedCount { network: Network::Visa, month: april(), payments, by, reason, at: at("2026-05-01T00:00:00Z") };
        self.ledger.type_in(&count).await.unwrap();
    }

    /// Fraud warnings of April, by their numbers.
    async fn warn(&self, numbers: std::ops::Range<u32>) {
        let entry = |number| {
            let warning = FraudWarning {
                id: WarningId::parse(&format!("issfr_{number}")).unwrap(),
                charge: None,
                payment_intent: None,
                fraud_type: None,
                card_brand: Some("visa".to_owned()),
                occurred_at: at("2026-04-03T12:00:00Z"),
                actionable: None,
            };
            let content = Content::FraudWarning(Box::new(warning));
            Entry { causes: vec![cause(&format!("evt_{number}"))], content }
        };
        let entries: Vec<_> = numbers.map(entry).collect();
        self.ledger.record(&entries, at("2026-04-03T12:00:00Z")).await.unwrap();
    }

    /// A process that watches, new each time.
    fn watch(&self, rules: Vec<Rule>) -> Watch {
        let programmes = Programmes::parse(PROGRAMMES).unwrap();
        let rules_of_monitor = MonitorRules::new(programmes, Region::Europe);
        let monitor = Monitor::new(Arc::new(self.clone()), rules_of_monitor, Tz::UTC);
        let follow_ups = Arc::new(self.ledger.clone());
        let rules = Arc::new(RuleSet::new(rules).unwrap());
        let act = Act::new(follow_ups, rules, ScoreWeights::default(), true, Arc::new(|notice| notice.id.to_owned()));
        let write = |estimate: &Estimate| ("A level".to_owned(), format!("{:?}", estimate.ratio.bps()));
        Watch::new(monitor, act, Arc::new(write))
    }

    /// What a new process tells at a time.
    async fn told(&self, now: &str) -> Vec<String> {
        let told = self.watch(Vec::new()).run(at(now)).await.unwrap();
        told.iter().map(ToString::to_string).collect()
    }

    /// All messages that are owed.
    async fn owed(&self) -> Vec<OutboxMessage> {
        let claimed = self.ledger.claim_messages(at("2027-01-01T00:00:00Z"), Duration::from_hours(1), 100).await;
        claimed.unwrap().into_iter().map(|claim| claim.message).collect()
    }
}

const NOON: &str = "2026-04-04T12:00:00Z";
const WARNING: &str = "visa/TEST/2026-04/warning";
const REACHED: &str = "visa/TEST/2026-04/reached";

#[tokio::test]
async fn each_level_is_told_once_over_restarts() {
    let books = Flawed::default();
    books.pay(1_000).await;
    books.warn(0..6).await;
    assert_eq!(books.told(NOON).await, [""; 0], "6 of 1,000 are 60 % of the threshold");
    books.warn(6..7).await;
    assert_eq!(books.told(NOON).await, [WARNING]);
    assert_eq!(books.told(NOON).await, [""; 0]);
    books.warn(7..10).await;
    assert_eq!(books.told("2026-04-05T12:00:00Z").await, [REACHED]);
    assert_eq!(books.told("2026-04-06T12:00:00Z").await, [""; 0]);
    let ids: Vec<_> = books.owed().await.into_iter().map(|message| message.id).collect();
    assert_eq!(ids, [format!("alert/{WARNING}"), format!("alert/{REACHED}")]);
}

#[tokio::test]
async fn a_level_that_could_not_be_kept_is_told_the_next_time() {
    let books = Flawed::default();
    books.pay(1_000).await;
    books.warn(0..8).await;
    books.fails_before.store(2, Ordering::Relaxed);
    for _ in 0..2 {
        books.watch(Vec::new()).run(at(NOON)).await.unwrap_err();
        assert_eq!(books.owed().await, []);
    }
    assert_eq!(books.told(NOON).await, [WARNING]);
    assert_eq!(books.owed().await.len(), 1);
}

#[tokio::test]
async fn a_level_whose_keeping_was_not_answered_is_not_told_again() {
    let books = Flawed::default();
    books.pay(1_000).await;
    books.warn(0..8).await;
    books.fails_after.store(1, Ordering::Relaxed);
    books.watch(Vec::new()).run(at(NOON)).await.unwrap_err();
    assert_eq!(books.told(NOON).await, [""; 0]);
    assert_eq!(books.owed().await.len(), 1);
}

#[tokio::test]
async fn what_becomes_known_of_the_month_before_is_told_and_of_one_before_that_is_not() {
    let books = Flawed::default();
    books.warn(0..8).await;
    assert_eq!(books.told("2026-05-20T12:00:00Z").await, [""; 0], "nobody knows the payments");
    books.pay(1_000).await;
    assert_eq!(books.told("2026-06-01T00:00:00Z").await, [""; 0]);
    assert_eq!(books.told("2026-05-31T23:59:59Z").await, [WARNING]);
}

#[tokio::test]
async fn rules_for_ratios_are_looked_at_once_for_a_level() {
    let line = |text| OneLine::parse(text).unwrap();
    let rule = |name: &str, when, actions| Rule {
        name: RuleName::parse(name).unwrap(),
        when: BTreeSet::from([when]),
        all: Vec::new(),
        actions,
        cooldown: None,
        per: CooldownPer::default(),
    };
    let endpoint = EndpointName::parse("shop").unwrap();
    let rules = || {
        let actions = vec![Action::Webhook { endpoint: endpoint.clone() }, Action::Mail { subject: line("Look") }];
        let of_disputes = vec![Action::Mail { subject: line("Never") }];
        vec![rule("ratios", Trigger::RatioLevelReached, actions), rule("disputes", Trigger::DisputeFiled, of_disputes)]
    };
    let books = Flawed::default();
    books.pay(1_000).await;
    books.warn(0..8).await;
    for _ in 0..2 {
        books.watch(rules()).run(at(NOON)).await.unwrap();
    }
    let owed = books.owed().await;
    let expected = [
        (format!("alert/{WARNING}"), Way::Mail),
        (format!("alert/{WARNING}:ratios:0"), Way::Webhook("shop".to_owned())),
        (format!("alert/{WARNING}:ratios:1"), Way::Mail),
    ];
    let ways: Vec<_> = owed.into_iter().map(|message| (message.id, message.way)).collect();
    assert_eq!(ways, expected);
    let logged: Vec<_> = books.rules.lock().unwrap().iter().map(|rule| (rule.rule.to_string(), rule.fired)).collect();
    assert_eq!(logged, [("ratios".to_owned(), true)]);
}
