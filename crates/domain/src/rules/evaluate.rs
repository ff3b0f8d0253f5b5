//! Whether a rule fires, and why.

use chrono::{DateTime, SecondsFormat, Utc};

use super::{Condition, Rule, Subject};
use crate::Trigger;

/// How many characters of a word are shown.
const SHOWN_CHARS_MAX: usize = 80;

/// What became of a rule that was looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Evaluation {
    /// Whether its actions are to be done.
    pub fired: bool,
    /// Why, or why not: one sentence without its point. No address is ever in it.
    pub why: String,
}

/// Looks at a rule for a subject. `last_fired` is when it last fired for whom its cooldown is for.
#[must_use]
pub fn evaluate(rule: &Rule, subject: &Subject, last_fired: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Evaluation {
    match why_it_fires(rule, subject, last_fired, now) {
        Ok(why) => Evaluation { fired: true, why },
        Err(why) => Evaluation { fired: false, why },
    }
}

fn why_it_fires(
    rule: &Rule,
    subject: &Subject,
    last_fired: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<String, String> {
    let happened = rule.when.intersection(&subject.triggers).next();
    let trigger = happened.ok_or_else(|| {
        format!(
            "it waits for {}, and what happened is {}",
            words(&rule.when, " or "),
            words(&subject.triggers, " and ")
        )
    })?;
    for condition in &rule.all {
        check(condition, subject)?;
    }
    if let (Some(last), Some(cooldown)) = (last_fired, rule.cooldown) {
        let until = last.checked_add_signed(cooldown).unwrap_or(DateTime::<Utc>::MAX_UTC);
        if now < until {
            let until = until.to_rfc3339_opts(SecondsFormat::Secs, true);
            return Err(format!("it is in its cooldown for this {} until {until}", rule.per.as_str()));
        }
    }
    let trigger = trigger.as_str();
    Ok(match rule.all.len() {
        0 => format!("{trigger}, and it has no conditions"),
        1 => format!("{trigger}, and its condition holds"),
        count => format!("{trigger}, and all {count} conditions hold"),
    })
}

/// That a condition holds, or why it does not.
fn check(condition: &Condition, subject: &Subject) -> Result<(), String> {
    // What is found, and whether that is what is wanted.
    let found = match condition {
        Condition::Text { fact, test } => subject.text(*fact).map(|found| {
            let shown: Vec<_> = found.iter().map(|word| shown(word)).collect();
            (shown.join(", "), test.holds(&found))
        }),
        Condition::Number { fact, comparison, wanted } => {
            subject.number(*fact).map(|found| (found.to_string(), comparison.holds(&found, wanted)))
        }
        Condition::Amount { fact, comparison, wanted } => subject.amounts(*fact).map(|found| {
            let same_currency = found.iter().find(|found| found.currency() == wanted.currency());
            let holds = same_currency.is_some_and(|found| comparison.holds(&found.minor(), &wanted.minor()));
            let shown: Vec<_> = found.iter().map(ToString::to_string).collect();
            (shown.join(", "), holds)
        }),
        Condition::YesNo { fact, wanted } => subject.yes_no(*fact).map(|found| (found.to_string(), found == *wanted)),
    };
    let fact = condition.fact();
    match (found, condition.part().filter(|part| !subject.has(part))) {
        (Some((_, true)), _) => Ok(()),
        (Some((found, false)), _) => {
            let found = if found.is_empty() { "none" } else { &found };
            Err(format!("{fact} is {found}, and the rule wants {}", shown(&condition.wanted())))
        }
        (None, Some(part)) => Err(format!("{fact} is not known: there is no {part}")),
        (None, None) => Err(format!("{fact} is not known")),
    }
}

/// A word that others wrote, short, and never an address.
fn shown(word: &str) -> String {
    if word.contains('@') {
        return "a text that may be an address".to_owned();
    }
    let plain = word.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(SHOWN_CHARS_MAX).collect()
}

fn words<'a>(triggers: impl IntoIterator<Item = &'a Trigger>, between: &str) -> String {
    let words: Vec<_> = triggers.into_iter().map(|trigger| trigger.as_str()).collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(between) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::TimeDelta;

    use super::*;
    use crate::rules::{
        Action, AmountFact, Comparison, CooldownPer, CustomerSubject, DisputeSubject, NumberFact, OrderSubject,
        RuleName, Tag, TextFact, TextTest, YesNoFact,
    };
    use crate::{
        AccountId, Bucket, Currency, CustomerFigures, CustomerId, DisputeId, DisputeKey, Money, OrderRef, Outcome,
        Status,
    };

    const NOW: &str = "2026-03-10T12:00:00Z";

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::parse("usd").unwrap())
    }

    /// A lost dispute of 40.00 USD on an order of ten days before, of a customer with two lost ones.
    fn subject() -> Subject {
        let figures = CustomerFigures { lost: 2, disputed: vec![usd(9000)], ..CustomerFigures::default() };
        Subject {
            triggers: BTreeSet::from([Trigger::DisputeChanged, Trigger::DisputeClosed]),
            livemode: true,
            dispute: Some(DisputeSubject {
                key: DisputeKey { account: AccountId::own(), dispute: DisputeId::parse("du_1").unwrap() },
                amount: usd(4000),
                reason: Some("fraudulent".into()),
                card_brand: None,
                status: Status::Lost,
                outcome: Outcome::Lost,
                case_type: Some("chargeback".into()),
                opened_at: Some(at("2026-03-01T00:00:00Z")),
                closed_at: Some(at(NOW)),
                bucket: Bucket::ConfirmedLoss,
            }),
            customer: Some(CustomerSubject {
                id: CustomerId::parse(&"0a".repeat(32)).unwrap(),
                figures,
                score: Some(11),
                score_before: None,
                tags: BTreeSet::from(["vip", "wholesale"].map(|tag| Tag::parse(tag).unwrap())),
                blocked: false,
            }),
            order: Some(OrderSubject {
                order_ref: OrderRef::parse("#1").unwrap(),
                placed_at: Some(at("2026-02-18T13:00:00Z")),
            }),
            ratio: None,
        }
    }

    fn rule(all: Vec<Condition>) -> Rule {
        Rule {
            name: RuleName::parse("a").unwrap(),
            when: BTreeSet::from([Trigger::DisputeClosed, Trigger::DisputeFiled]),
            all,
            actions: vec![Action::Unblock],
            cooldown: None,
            per: CooldownPer::Customer,
        }
    }

    fn text(fact: TextFact, word: &str) -> Condition {
        Condition::Text { fact, test: TextTest::Is(word.into()) }
    }

    fn at_least(fact: NumberFact, wanted: i64) -> Condition {
        Condition::Number { fact, comparison: Comparison::AtLeast, wanted }
    }

    fn amount(fact: AmountFact, comparison: Comparison, minor: i64, code: &str) -> Condition {
        Condition::Amount { fact, comparison, wanted: Money::new(minor, Currency::parse(code).unwrap()) }
    }

    /// Why a condition does not hold for the subject; empty when it does.
    fn why_not(condition: Condition) -> String {
        let evaluation = evaluate(&rule(vec![condition]), &subject(), None, at(NOW));
        if evaluation.fired { String::new() } else { evaluation.why }
    }

    #[test]
    fn each_condition_that_fails_says_what_was_found_and_what_is_wanted() {
        for (condition, why) in [
            (at_least(NumberFact::CustomerLost, 2), ""),
            (at_least(NumberFact::CustomerLost, 3), "customer.lost is 2, and the rule wants at least 3"),
            (at_least(NumberFact::OrderDaysBeforeDispute, 10), ""),
            (at_least(NumberFact::CustomerScoreBefore, 0), "customer.score_before is not known"),
            (at_least(NumberFact::CustomerDisputeRate, 0), "customer.dispute_rate_bps is not known"),
            (at_least(NumberFact::RatioBps, 0), "ratio.bps is not known: there is no ratio"),
            (text(TextFact::DisputeReason, "Fraudulent"), ""),
            (text(TextFact::DisputeReason, "x"), "dispute.reason is fraudulent, and the rule wants x"),
            (text(TextFact::DisputeCardBrand, "visa"), "dispute.card_brand is not known"),
            (text(TextFact::DisputeCurrency, "USD"), ""),
            (text(TextFact::CustomerTags, "vip"), ""),
            (text(TextFact::CustomerTags, "new"), "customer.tags is vip, wholesale, and the rule wants new"),
            (amount(AmountFact::DisputeAmount, Comparison::AtLeast, 4000, "usd"), ""),
            (
                amount(AmountFact::DisputeAmount, Comparison::Above, 4000, "usd"),
                "dispute.amount is 40.00 USD, and the rule wants above 40.00 USD",
            ),
            (
                amount(AmountFact::DisputeAmount, Comparison::Below, 9000, "eur"),
                "dispute.amount is 40.00 USD, and the rule wants below 90.00 EUR",
            ),
            (amount(AmountFact::CustomerDisputed, Comparison::Is, 9000, "usd"), ""),
            (Condition::YesNo { fact: YesNoFact::Livemode, wanted: true }, ""),
            (
                Condition::YesNo { fact: YesNoFact::CustomerBlocked, wanted: true },
                "customer.blocked is false, and the rule wants true",
            ),
        ] {
            assert_eq!(why_not(condition.clone()), why, "{condition}");
        }
    }

    #[test]
    fn without_a_customer_nothing_of_them_holds_but_that_they_are_not_known() {
        let orphan = Subject { customer: None, ..subject() };
        let why = |condition| evaluate(&rule(vec![condition]), &orphan, None, at(NOW)).why;
        let not_vip = Condition::Text { fact: TextFact::CustomerTags, test: TextTest::IsNot("vip".into()) };
        assert_eq!(why(not_vip), "customer.tags is not known: there is no customer");
        let unknown = Condition::YesNo { fact: YesNoFact::CustomerKnown, wanted: false };
        assert_eq!(why(unknown), "dispute_closed, and its condition holds");
    }

    #[test]
    fn a_rule_waits_for_its_triggers() {
        let changed = Subject { triggers: BTreeSet::from([Trigger::DisputeChanged]), ..subject() };
        let evaluation = evaluate(&rule(vec![]), &changed, None, at(NOW));
        let why = "it waits for dispute_filed or dispute_closed, and what happened is dispute_changed";
        assert_eq!(evaluation, Evaluation { fired: false, why: why.into() });
        let why = "dispute_closed, and it has no conditions";
        assert_eq!(evaluate(&rule(vec![]), &subject(), None, at(NOW)), Evaluation { fired: true, why: why.into() });
    }

    #[test]
    fn in_its_cooldown_a_rule_does_not_fire_again() {
        let rule = Rule { cooldown: Some(TimeDelta::days(7)), ..rule(vec![]) };
        let fires = |last: &str| evaluate(&rule, &subject(), Some(at(last)), at(NOW));
        let why = "it is in its cooldown for this customer until 2026-03-10T12:00:01Z";
        assert_eq!(fires("2026-03-03T12:00:01Z"), Evaluation { fired: false, why: why.into() });
        assert!(fires("2026-03-03T12:00:00Z").fired);
        assert!(evaluate(&rule, &subject(), None, at(NOW)).fired);
        let for_ever = Rule { cooldown: Some(TimeDelta::MAX), ..rule };
        assert!(!evaluate(&for_ever, &subject(), Some(at(NOW)), at(NOW)).fired);
    }

    #[test]
    fn what_others_wrote_is_shown_short_and_never_an_address() {
        let mut subject = subject();
        let mut why = |reason: &str| {
            subject.dispute.as_mut().unwrap().reason = Some(reason.into());
            evaluate(&rule(vec![text(TextFact::DisputeReason, "x")]), &subject, None, at(NOW)).why
        };
        let hidden = "dispute.reason is a text that may be an address, and the rule wants x";
        assert_eq!(why("jo@example.com"), hidden);
        assert_eq!(why("a\nb"), "dispute.reason is a b, and the rule wants x");
        assert!(why(&"y".repeat(5000)).len() < 150);
    }
}
