//! What fires is a function of the rule and the subject, and conditions only ever hold a rule back.

use std::collections::BTreeSet;

use chargebook_domain::monitor::{Level, Month, Network};
use chargebook_domain::rules::{
    Action, AmountFact, Comparison, Condition, CooldownPer, CustomerSubject, DisputeSubject, NumberFact, OneLine,
    OrderSubject, RatioSubject, Rule, RuleName, Subject, Tag, TextFact, TextTest, YesNoFact, evaluate, impossible,
};
use chargebook_domain::{
    AccountId, Bucket, Currency, CustomerFigures, CustomerId, DisputeId, DisputeKey, Money, OrderRef, Outcome, Status,
    Trigger,
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::cases;

/// So few words that conditions and subjects meet.
const WORDS: [&str; 6] = ["visa", "VISA", "lost", "reached", "no_loss", "a@example.com"];

fn any_moment() -> impl Strategy<Value = DateTime<Utc>> {
    prop_oneof![
        8 => (0_i64..100).prop_map(|hours| DateTime::<Utc>::UNIX_EPOCH + TimeDelta::hours(hours)),
        1 => Just(DateTime::<Utc>::MIN_UTC),
        1 => Just(DateTime::<Utc>::MAX_UTC),
    ]
}

fn any_money() -> impl Strategy<Value = Money> {
    (0_i64..4, select(vec!["usd", "eur", "zzz"]))
        .prop_map(|(minor, code)| Money::new(minor, Currency::parse(code).unwrap()))
}

fn any_word() -> impl Strategy<Value = String> {
    select(WORDS.to_vec()).prop_map(str::to_owned)
}

fn any_number() -> impl Strategy<Value = i64> {
    prop_oneof![8 => -1_i64..5, 1 => any::<i64>()]
}

fn any_condition() -> impl Strategy<Value = Condition> {
    let test = prop_oneof![
        any_word().prop_map(TextTest::Is),
        any_word().prop_map(TextTest::IsNot),
        prop::collection::vec(any_word(), 0..3).prop_map(TextTest::OneOf),
    ];
    let comparison = || select(Comparison::ALL);
    prop_oneof![
        (select(TextFact::ALL), test).prop_map(|(fact, test)| Condition::Text { fact, test }),
        (select(NumberFact::ALL), comparison(), any_number())
            .prop_map(|(fact, comparison, wanted)| Condition::Number { fact, comparison, wanted }),
        (select(AmountFact::ALL), comparison(), any_money()).prop_map(|(fact, comparison, wanted)| Condition::Amount {
            fact,
            comparison,
            wanted
        }),
        (select(YesNoFact::ALL), any::<bool>()).prop_map(|(fact, wanted)| Condition::YesNo { fact, wanted }),
    ]
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let cooldown = prop_oneof![Just(None), (0_i64..50).prop_map(|hours| Some(TimeDelta::hours(hours)))];
    let when = subsequence(Trigger::ALL.to_vec(), 0..=Trigger::ALL.len());
    let all = prop::collection::vec(any_condition(), 0..4);
    (when, all, cooldown, select(CooldownPer::ALL.to_vec())).prop_map(|(when, all, cooldown, per)| Rule {
        name: RuleName::parse("a").unwrap(),
        when: when.into_iter().collect(),
        all,
        actions: vec![Action::Mail { subject: OneLine::parse("x").unwrap() }],
        cooldown,
        per,
    })
}

fn any_dispute() -> impl Strategy<Value = DisputeSubject> {
    let words = (prop::option::of(any_word()), prop::option::of(any_word()));
    let outcome = (select(Outcome::ALL.to_vec()), select(Bucket::ALL.to_vec()), any_word());
    (any_money(), words, outcome, prop::option::of(any_moment())).prop_map(
        |(amount, (reason, card_brand), (outcome, bucket, status), opened_at)| DisputeSubject {
            key: DisputeKey { account: AccountId::own(), dispute: DisputeId::parse("du_1").unwrap() },
            amount,
            reason,
            card_brand,
            status: Status::parse(&status),
            outcome,
            case_type: None,
            opened_at,
            closed_at: None,
            bucket,
        },
    )
}

fn any_customer() -> impl Strategy<Value = CustomerSubject> {
    let counts = prop::array::uniform8(0_u64..5);
    let scores = (prop::option::of(0_u8..=100), prop::option::of(0_u8..=100));
    let tags = subsequence(vec!["visa", "lost"], 0..=2);
    (counts, prop::option::of(any_money()), scores, tags, any::<bool>()).prop_map(
        |(
            [orders, disputed_orders, disputes, open, won, lost, other_closed, inquiries],
            disputed,
            scores,
            tags,
            blocked,
        )| {
            let disputed = disputed.into_iter().collect();
            let (first_at, last_at) = (None, None);
            CustomerSubject {
                id: CustomerId::parse(&"0a".repeat(32)).unwrap(),
                figures: CustomerFigures {
                    orders,
                    disputed_orders,
                    disputes,
                    open,
                    won,
                    lost,
                    other_closed,
                    inquiries,
                    disputed,
                    first_at,
                    last_at,
                },
                score: scores.0,
                score_before: scores.1,
                tags: tags.into_iter().map(|tag| Tag::parse(tag).unwrap()).collect(),
                blocked,
            }
        },
    )
}

fn any_ratio() -> impl Strategy<Value = RatioSubject> {
    let level = select(vec![Level::Warning, Level::Reached]);
    (select(Network::ALL.to_vec()), level, 0_u64..5).prop_map(|(network, level, bps)| RatioSubject {
        network,
        programme: "VAMP".to_owned(),
        month: Month::of(NaiveDate::default()),
        level,
        bps,
    })
}

/// A subject of a dispute, or of a ratio.
fn any_subject() -> impl Strategy<Value = Subject> {
    let known = Trigger::ALL.into_iter().filter(|trigger| *trigger != Trigger::RatioLevelReached).collect::<Vec<_>>();
    let placed = prop::option::of(prop::option::of(any_moment()));
    let of_dispute =
        (subsequence(known, 1..=5), any_dispute(), prop::option::of(any_customer()), placed, any::<bool>()).prop_map(
            |(triggers, dispute, customer, placed, livemode)| Subject {
                triggers: triggers.into_iter().collect(),
                livemode,
                dispute: Some(dispute),
                customer,
                order: placed.map(|placed_at| OrderSubject { order_ref: OrderRef::parse("#1").unwrap(), placed_at }),
                ratio: None,
            },
        );
    let of_ratio = (any_ratio(), any::<bool>()).prop_map(|(ratio, livemode)| Subject {
        triggers: BTreeSet::from([Trigger::RatioLevelReached]),
        livemode,
        dispute: None,
        customer: None,
        order: None,
        ratio: Some(ratio),
    });
    prop_oneof![4 => of_dispute, 1 => of_ratio]
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn every_rule_can_be_looked_at_for_every_subject_and_always_says_the_same(
        rule in any_rule(), subject in any_subject(), last in prop::option::of(any_moment()), now in any_moment(),
    ) {
        let evaluation = evaluate(&rule, &subject, last, now);
        prop_assert_eq!(&evaluation, &evaluate(&rule, &subject, last, now));
        prop_assert!(!evaluation.why.is_empty() && !evaluation.why.contains(['@', '\n']), "{}", evaluation.why);
    }

    #[test]
    fn a_rule_without_conditions_fires_on_its_triggers_and_on_no_others(
        rule in any_rule(), subject in any_subject(), now in any_moment(),
    ) {
        let rule = Rule { all: Vec::new(), ..rule };
        let happened = !rule.when.is_disjoint(&subject.triggers);
        prop_assert_eq!(evaluate(&rule, &subject, None, now).fired, happened);
    }

    #[test]
    fn one_more_condition_never_makes_a_rule_fire(
        rule in any_rule(), more in any_condition(), place in any::<prop::sample::Index>(), subject in any_subject(),
        last in prop::option::of(any_moment()), now in any_moment(),
    ) {
        let mut stricter = rule.clone();
        stricter.all.insert(place.index(rule.all.len() + 1), more);
        let fires = |rule: &Rule| evaluate(rule, &subject, last, now).fired;
        prop_assert!(fires(&rule) || !fires(&stricter));
    }

    #[test]
    fn a_cooldown_never_makes_a_rule_fire(
        rule in any_rule(), subject in any_subject(), last in any_moment(), now in any_moment(),
    ) {
        let fires = |last| evaluate(&rule, &subject, last, now).fired;
        prop_assert!(fires(None) || !fires(Some(last)));
    }

    #[test]
    fn what_is_called_impossible_never_fires(rule in any_rule(), subject in any_subject(), now in any_moment()) {
        // It waits for what happened, so that only its conditions can hold it back.
        let rule = Rule { when: subject.triggers.clone(), cooldown: None, ..rule };
        if let Some(why) = impossible(&rule) {
            prop_assert!(!evaluate(&rule, &subject, None, now).fired, "{why}");
        }
    }
}
