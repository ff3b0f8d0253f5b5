//! From a follow-up to what is done: scores, rules, cooldowns, and what is refused.
#![expect(clippy::unwrap_used, reason = "what is not as expected should panic")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chargebook_domain::monitor::{Level, Month, Network};
use chargebook_domain::ports::{Aliases, Deed, FollowUps, OrderBook, Outbox, OutboxMessage, Reading, SourceEvent, Way};
use chargebook_domain::rules::{
    Action, Comparison, Condition, CooldownPer, EndpointName, NumberFact, OneLine, RatioSubject, Rule, RuleName,
    RuleSet, Subject, Tag, YesNoFact,
};
use chargebook_domain::service::{Act, Acted, Ingest, MatchOrders, Notice, Received};
use chargebook_domain::{Admission, BookRules, CustomerId, CustomerKey, OrderPayment, ScoreWeights, Trigger};
use chargebook_port_contracts::InMemoryLedger;
use chargebook_port_contracts::samples::{
    alias, charge, customer_key, date, day, dispute_key, intent, observation, payment,
};
use chrono::{DateTime, TimeDelta, Utc};

mod flawed;

use self::flawed::Flawed;

fn now<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn key() -> CustomerKey {
    customer_key("acting")
}

fn jo() -> CustomerId {
    key().customer("jo@example.com").unwrap()
}

fn line(text: &str) -> OneLine {
    OneLine::parse(text).unwrap()
}

fn block() -> Action {
    Action::Block { reason: line("two lost disputes") }
}

fn tag(name: &str) -> Action {
    Action::Tag { tag: Tag::parse(name).unwrap() }
}

fn mail() -> Action {
    Action::Mail { subject: line("A loss") }
}

fn webhook() -> Action {
    Action::Webhook { endpoint: EndpointName::parse("desk").unwrap() }
}

fn rule(name: &str, when: Trigger, actions: Vec<Action>) -> Rule {
    Rule {
        name: RuleName::parse(name).unwrap(),
        when: BTreeSet::from([when]),
        all: Vec::new(),
        actions,
        cooldown: None,
        per: CooldownPer::Customer,
    }
}

fn blocked(wanted: bool) -> Condition {
    Condition::YesNo { fact: YesNoFact::CustomerBlocked, wanted }
}

/// A deployment over a ledger in memory.
struct Books {
    ledger: InMemoryLedger,
    act: Act,
}

/// Writes down what it was told, so that a test sees it.
fn write(notice: &Notice<'_>) -> String {
    let score = notice.subject.customer.as_ref().map(|customer| customer.score);
    format!("{} {:?} {} {score:?} {}", notice.rule, notice.way, notice.why, notice.at)
}

fn act(follow_ups: Arc<dyn FollowUps>, rules: Vec<Rule>) -> Act {
    Act::new(follow_ups, Arc::new(RuleSet::new(rules).unwrap()), ScoreWeights::default(), true, Arc::new(write))
}

impl Books {
    fn new(rules: Vec<Rule>) -> Self {
        let ledger = InMemoryLedger::default().with_customers(key());
        Self { act: act(Arc::new(ledger.clone()), rules), ledger }
    }

    /// Tells that a dispute has a status, of Jo's order if it has one.
    async fn happen(&self, dispute: &str, status: &str, at: DateTime<Utc>) {
        let rules = BookRules { customer_key: Some(key()), ..BookRules::default() };
        let admission = Admission { livemode: true, accounts: BTreeSet::new() };
        let mut seen = observation(&format!("evt_{dispute}_{}", at.timestamp()), status, at);
        seen.key = dispute_key(dispute);
        seen.claims.charge = Some(charge(&format!("ch_{dispute}")));
        seen.claims.payment_intent = Some(intent(&format!("pi_{dispute}")));
        let event = SourceEvent {
            account: seen.key.account.clone(),
            id: seen.cause.clone(),
            event_type: "charge.dispute.updated".to_owned(),
            livemode: Some(true),
            reading: Reading::Dispute(Box::new(seen)),
        };
        let received = Received { event, body: b"{}".to_vec(), received_at: at };
        Ingest::new(Arc::new(self.ledger.clone()), rules, admission).ingest(&[received], at).await.unwrap();
    }

    /// Makes orders of Jo's known, that disputes are of.
    async fn orders(&self, disputes: &[&str]) {
        let payments = disputes.iter().map(|dispute| OrderPayment {
            charge: Some(charge(&format!("ch_{dispute}"))),
            customer_email: Some("jo@example.com".to_owned()),
            ..payment(&format!("#{dispute}"))
        });
        self.ledger.import(&payments.collect::<Vec<_>>()).await.unwrap();
    }

    async fn subject(&self, dispute: &str) -> Subject {
        let found = self.ledger.subject_of(&dispute_key(dispute), &BTreeSet::new()).await.unwrap();
        found.unwrap().subject
    }

    async fn owed(&self, at: DateTime<Utc>) -> Vec<OutboxMessage> {
        let claims = self.ledger.claim_messages(at, Duration::from_secs(1), 100).await.unwrap();
        claims.into_iter().map(|claim| claim.message).collect()
    }

    /// Follow-up, rule, and whether it fired, as logged.
    fn log(&self) -> Vec<(String, String, bool)> {
        let log = self.ledger.rule_log().into_iter();
        log.map(|kept| (kept.key.dispute.to_string(), kept.rule.rule.to_string(), kept.rule.fired)).collect()
    }
}

fn done(done: u64) -> Acted {
    Acted { done, ..Acted::default() }
}

#[test]
fn a_rule_that_fires_does_all_its_actions_once() {
    now(async {
        let actions = vec![block(), mail(), tag("risk"), webhook()];
        let books = Books::new(vec![rule("lost", Trigger::DisputeClosed, actions)]);
        books.orders(&["du_1"]).await;
        books.happen("du_1", "lost", day(0)).await;
        assert_eq!(books.act.run(day(1)).await.unwrap(), done(1));
        let customer = books.subject("du_1").await.customer.unwrap();
        assert_eq!((customer.id, customer.blocked), (jo(), true));
        assert_eq!(customer.tags, BTreeSet::from([Tag::parse("risk").unwrap()]));
        assert_eq!(customer.score_before, Some(26), "50 for a start, 20 for the loss, 4 for the share");
        let owed = books.owed(day(1)).await;
        let expected = [
            OutboxMessage {
                id: "default/du_1/1:lost:1".to_owned(),
                way: Way::Mail,
                subject: "A loss".to_owned(),
                body: "lost Mail dispute_closed, and it has no conditions Some(Some(26)) 2026-01-06 12:00:00 UTC"
                    .to_owned(),
            },
            OutboxMessage {
                id: "default/du_1/1:lost:3".to_owned(),
                way: Way::Webhook("desk".to_owned()),
                subject: "lost".to_owned(),
                body: "lost Webhook(\"desk\") dispute_closed, and it has no conditions Some(Some(26)) \
                       2026-01-06 12:00:00 UTC"
                    .to_owned(),
            },
        ];
        assert_eq!(owed, expected);
        assert!(books.act.run(day(2)).await.unwrap().is_idle());
    });
}

#[test]
fn only_rules_that_wait_for_what_happened_are_logged() {
    now(async {
        let is_blocked = Rule { all: vec![blocked(true)], ..rule("b", Trigger::DisputeFiled, vec![mail()]) };
        let reopened = rule("c", Trigger::DisputeReopened, vec![mail()]);
        let books = Books::new(vec![rule("a", Trigger::DisputeFiled, vec![tag("x")]), is_blocked, reopened]);
        books.orders(&["du_1"]).await;
        books.happen("du_1", "needs_response", day(0)).await;
        books.act.run(day(0)).await.unwrap();
        let logged = |rule: &str, fired| ("du_1".to_owned(), rule.to_owned(), fired);
        assert_eq!(books.log(), [logged("a", true), logged("b", false)]);
        let log = books.ledger.rule_log();
        assert_eq!(log[1].rule.why, "customer.blocked is false, and the rule wants true");
        assert_eq!((log[1].customer.clone(), log[1].evaluated_at), (Some(jo()), day(0)));
    });
}

#[test]
fn a_score_that_is_another_than_before_is_something_that_happened() {
    now(async {
        let books = Books::new(vec![rule("score", Trigger::CustomerScoreChanged, vec![mail()])]);
        books.orders(&["du_1"]).await;
        books.happen("du_orphan", "lost", day(0)).await;
        books.act.run(day(0)).await.unwrap();
        assert_eq!(books.log(), [], "nobody's score");
        for (status, at, fired) in [("needs_response", 1, 1), ("under_review", 2, 1), ("lost", 3, 2)] {
            books.happen("du_1", status, day(at)).await;
            books.act.run(day(at)).await.unwrap();
            assert_eq!(books.log().len(), fired, "{status}");
        }
        assert_eq!(books.owed(day(9)).await.len(), 2);
    });
}

#[test]
fn without_a_customer_the_other_actions_are_done() {
    now(async {
        let actions = vec![block(), tag("risk"), mail()];
        let books = Books::new(vec![rule("a", Trigger::DisputeFiled, actions)]);
        books.happen("du_1", "lost", day(0)).await;
        books.act.run(day(0)).await.unwrap();
        let owed = books.owed(day(0)).await;
        assert_eq!(owed.iter().map(|message| message.id.as_str()).collect::<Vec<_>>(), ["default/du_1/1:a:2"]);
        let log = books.ledger.rule_log();
        let why = "dispute_filed, and it has no conditions; but no customer is known for its action block";
        assert_eq!((log[0].rule.fired, log[0].rule.why.as_str()), (true, why));
    });
}

#[test]
fn a_cooldown_holds_within_a_batch_and_after_it() {
    now(async {
        for (per, fired) in [(CooldownPer::Customer, 1), (CooldownPer::Dispute, 2)] {
            let cooldown = Some(TimeDelta::days(7));
            let waits = Rule { cooldown, per, ..rule("a", Trigger::DisputeFiled, vec![mail()]) };
            let changed = Rule { when: BTreeSet::from([Trigger::DisputeFiled, Trigger::DisputeChanged]), ..waits };
            let books = Books::new(vec![changed]);
            books.orders(&["du_1", "du_2"]).await;
            for (dispute, status, at) in [
                ("du_1", "needs_response", 0),
                ("du_2", "needs_response", 0),
                ("du_1", "under_review", 1),
                ("du_2", "under_review", 1),
            ] {
                books.happen(dispute, status, day(at)).await;
            }
            assert_eq!(books.act.run(day(1)).await.unwrap(), done(4));
            books.happen("du_1", "needs_response", day(2)).await;
            books.act.run(day(2)).await.unwrap();
            assert_eq!(books.owed(day(2)).await.len(), fired, "{per:?}");
            books.happen("du_1", "lost", day(8)).await;
            books.act.run(day(8)).await.unwrap();
            assert_eq!(books.owed(day(8)).await.len(), fired + 1, "{per:?}");
            assert_eq!(books.log().len(), 6);
        }
    });
}

#[test]
fn a_batch_does_what_its_follow_ups_would_do_one_by_one() {
    now(async {
        let unblocked =
            Rule { all: vec![blocked(false)], ..rule("block", Trigger::DisputeFiled, vec![block(), mail()]) };
        let marked = Rule { all: vec![blocked(true)], ..rule("mark", Trigger::DisputeFiled, vec![tag("x"), mail()]) };
        let worse = Rule {
            all: vec![Condition::Number {
                fact: NumberFact::CustomerScoreBefore,
                comparison: Comparison::AtLeast,
                wanted: 0,
            }],
            ..rule("worse", Trigger::DisputeFiled, vec![mail()])
        };
        let rules = vec![marked, unblocked, worse, rule("score", Trigger::CustomerScoreChanged, vec![mail()])];
        let (batch, single) = (Books::new(rules.clone()), Books::new(rules.clone()));
        for books in [&batch, &single] {
            books.orders(&["du_1", "du_2", "du_3"]).await;
            for dispute in ["du_1", "du_2", "du_3"] {
                books.happen(dispute, "lost", day(0)).await;
            }
        }
        assert_eq!(batch.act.run(day(1)).await.unwrap(), done(3));
        let one_by_one = act(Arc::new(Flawed { limit: 1, ..Flawed::of(&single.ledger) }), rules);
        for _ in 0..3 {
            assert_eq!(one_by_one.run(day(1)).await.unwrap(), done(1));
        }
        assert_eq!(batch.ledger.rule_log(), single.ledger.rule_log());
        assert_eq!(batch.owed(day(1)).await, single.owed(day(1)).await);
        assert_eq!(batch.subject("du_1").await, single.subject("du_1").await);
        let fired: Vec<_> = batch.log().into_iter().filter(|(.., fired)| *fired).map(|(_, rule, _)| rule).collect();
        assert_eq!(fired, ["block", "score", "mark", "worse", "mark", "worse"]);
    });
}

#[test]
fn a_double_is_done_and_comes_to_nothing() {
    now(async {
        let books = Books::new(vec![rule("a", Trigger::DisputeFiled, vec![mail()])]);
        books.happen("du_1", "lost", day(0)).await;
        books.happen("du_2", "lost", day(0)).await;
        let (double, real) = (dispute_key("du_2"), dispute_key("du_1"));
        books.ledger.join(&alias(&double, &real)).await.unwrap();
        let ledger = Arc::new(books.ledger.clone());
        MatchOrders::new(ledger.clone(), ledger, BookRules::default()).sweep(day(0)).await.unwrap();
        let Acted { put_off: 0, failed: 0, .. } = books.act.run(day(1)).await.unwrap() else { panic!("not done") };
        assert_eq!(books.log(), [("du_1".to_owned(), "a".to_owned(), true)]);
        assert!(books.act.run(day(2)).await.unwrap().is_idle());
    });
}

#[test]
fn what_would_be_done_is_said_of_every_rule_and_nothing_is_done() {
    now(async {
        let rules = vec![
            rule("a", Trigger::DisputeFiled, vec![block(), mail()]),
            rule("b", Trigger::DisputeReopened, vec![mail()]),
        ];
        let books = Books::new(rules);
        books.orders(&["du_1"]).await;
        books.happen("du_1", "lost", day(0)).await;
        let filed = BTreeSet::from([Trigger::DisputeFiled]);
        let would = books.act.would(&dispute_key("du_1"), &filed, day(0)).await.unwrap().unwrap();
        assert_eq!(would.score.as_ref().map(|score| score.value), Some(26));
        assert_eq!(would.rules.iter().map(|rule| rule.fired).collect::<Vec<_>>(), [true, false]);
        assert_eq!(
            would.rules[1].why,
            "it waits for dispute_reopened, and what happened is dispute_filed and customer_score_changed"
        );
        assert!(matches!(would.deeds.as_slice(), [Deed::Decide { is_blocked: true, .. }, Deed::Send(_)]));
        assert_eq!((books.log(), books.owed(day(1)).await), (Vec::new(), Vec::new()));
        assert!(!books.subject("du_1").await.customer.unwrap().blocked);
        assert_eq!(books.act.would(&dispute_key("du_never"), &filed, day(0)).await.unwrap(), None);
    });
}

#[test]
fn rules_are_looked_at_for_a_ratio_as_well() {
    let reached = Subject {
        triggers: BTreeSet::from([Trigger::RatioLevelReached]),
        livemode: false,
        dispute: None,
        customer: None,
        order: None,
        ratio: Some(RatioSubject {
            network: Network::Visa,
            programme: "VAMP".to_owned(),
            month: Month::of(date(0)),
            level: Level::Warning,
            bps: 105,
        }),
    };
    let rules = vec![
        rule("ratio", Trigger::RatioLevelReached, vec![webhook()]),
        rule("a", Trigger::DisputeFiled, vec![mail()]),
    ];
    let looked = Books::new(rules).act.look("visa/VAMP/2026-01/warning", reached, day(0));
    assert!(looked.subject.livemode, "the books say which mode they are of");
    assert_eq!(looked.rules.iter().map(|rule| rule.rule.as_str()).collect::<Vec<_>>(), ["ratio"]);
    let [Deed::Send(message)] = looked.deeds.as_slice() else { panic!("{:?}", looked.deeds) };
    assert_eq!(message.id, "visa/VAMP/2026-01/warning:ratio:0");
}
