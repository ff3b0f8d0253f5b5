//! Rules that can't do what they say.

use std::collections::{BTreeMap, BTreeSet};

use super::{AmountFact, Comparison, Condition, NumberFact, Rule, TextFact, TextTest, YesNoFact};
use crate::{Currency, Trigger};

/// Why a rule can never fire, or never do one of its actions; `None` where nothing is found that forbids it.
///
/// It finds conditions that contradict each other or the nature of their fact, and parts of a subject that the rule
/// needs and that none of its triggers has.
#[must_use]
pub fn impossible(rule: &Rule) -> Option<String> {
    missing_part(rule).or_else(|| contradiction(&rule.all))
}

fn missing_part(rule: &Rule) -> Option<String> {
    let of_ratio = Trigger::RatioLevelReached;
    if rule.when.is_empty() {
        return Some("it waits for nothing".to_owned());
    }
    let is_of_ratio = |condition: &&Condition| condition.part() == Some("ratio");
    let needs_ratio = rule.all.iter().find(is_of_ratio);
    let needs_dispute = rule.all.iter().find(|condition| needs_dispute(condition));
    let can_be_ratio = rule.when.contains(&of_ratio);
    let can_be_dispute = rule.when.iter().any(|trigger| *trigger != of_ratio);
    match (needs_ratio, needs_dispute) {
        (Some(ratio), Some(dispute)) => {
            Some(format!("{} and {} are never known together", ratio.fact(), dispute.fact()))
        }
        (Some(ratio), None) if !can_be_ratio => {
            Some(format!("{} is known with {} only", ratio.fact(), of_ratio.as_str()))
        }
        (None, Some(dispute)) if !can_be_dispute => {
            Some(format!("{} is never known with {}", dispute.fact(), of_ratio.as_str()))
        }
        _ if !can_be_dispute || needs_ratio.is_some() => without_customer(rule),
        _ => None,
    }
}

/// Whether a condition never holds for a ratio.
fn needs_dispute(condition: &Condition) -> bool {
    match condition {
        Condition::YesNo { fact: YesNoFact::Livemode, .. }
        | Condition::YesNo { fact: YesNoFact::CustomerKnown | YesNoFact::OrderKnown, wanted: false } => false,
        Condition::YesNo { .. } | Condition::Text { .. } | Condition::Number { .. } | Condition::Amount { .. } => {
            condition.part() != Some("ratio")
        }
    }
}

/// What of a rule that fires for ratios only needs a customer.
fn without_customer(rule: &Rule) -> Option<String> {
    let of_ratio = Trigger::RatioLevelReached.as_str();
    if let Some(action) = rule.actions.iter().find(|action| action.needs_customer()) {
        return Some(format!("{of_ratio} is of no customer, and its action {} needs one", action.as_str()));
    }
    let per = rule.per.as_str();
    rule.cooldown.map(|_| format!("{of_ratio} is of no customer and no dispute, and its cooldown is per {per}"))
}

/// What can still be found where all conditions so far hold.
#[derive(Default)]
struct Left {
    texts: BTreeMap<TextFact, Words>,
    numbers: BTreeMap<NumberFact, Range>,
    amounts: BTreeMap<(AmountFact, Currency), Range>,
    currency: Option<Currency>,
    yes_no: BTreeMap<YesNoFact, bool>,
}

fn contradiction(all: &[Condition]) -> Option<String> {
    let mut left = Left::default();
    let first = all.iter().find(|condition| !left.narrow(condition))?;
    Some(format!("its condition `{first}` can't hold, by itself or with those before it"))
}

impl Left {
    /// Takes one more condition in; `false` when nothing is left then.
    fn narrow(&mut self, condition: &Condition) -> bool {
        match condition {
            // A customer has several tags.
            Condition::Text { fact: TextFact::CustomerTags, .. } => true,
            Condition::Text { fact, test } => self.texts.entry(*fact).or_insert_with(|| Words::of(*fact)).narrow(test),
            Condition::Number { fact, comparison, wanted } => {
                self.numbers.entry(*fact).or_insert_with(|| Range::of(*fact)).narrow(*comparison, *wanted)
            }
            Condition::Amount { fact, comparison, wanted } => {
                let currency = wanted.currency();
                let range = self.amounts.entry((*fact, currency)).or_insert(Range::NOT_NEGATIVE);
                let one_currency = match fact {
                    AmountFact::DisputeAmount => *self.currency.get_or_insert(currency) == currency,
                    AmountFact::CustomerDisputed => true,
                };
                range.narrow(*comparison, wanted.minor()) && one_currency
            }
            Condition::YesNo { fact, wanted } => self.yes_no.entry(*fact).or_insert(*wanted) == wanted,
        }
    }
}

/// Whole numbers from one to another, but for some.
struct Range {
    from: i64,
    to: i64,
    without: BTreeSet<i64>,
}

impl Range {
    const NOT_NEGATIVE: Self = Self { from: 0, to: i64::MAX, without: BTreeSet::new() };

    fn of(fact: NumberFact) -> Self {
        match fact {
            NumberFact::CustomerScore | NumberFact::CustomerScoreBefore => Self { to: 100, ..Self::NOT_NEGATIVE },
            NumberFact::OrderDaysBeforeDispute => Self { from: i64::MIN, ..Self::NOT_NEGATIVE },
            NumberFact::CustomerOrders
            | NumberFact::CustomerDisputedOrders
            | NumberFact::CustomerDisputes
            | NumberFact::CustomerOpen
            | NumberFact::CustomerWon
            | NumberFact::CustomerLost
            | NumberFact::CustomerOtherClosed
            | NumberFact::CustomerInquiries
            | NumberFact::CustomerDisputeRate
            | NumberFact::RatioBps => Self::NOT_NEGATIVE,
        }
    }

    fn narrow(&mut self, comparison: Comparison, wanted: i64) -> bool {
        match comparison {
            Comparison::Is => (self.from, self.to) = (self.from.max(wanted), self.to.min(wanted)),
            Comparison::IsNot => {
                self.without.insert(wanted);
            }
            Comparison::AtLeast => self.from = self.from.max(wanted),
            Comparison::AtMost => self.to = self.to.min(wanted),
            Comparison::Above => match wanted.checked_add(1) {
                Some(next) => self.from = self.from.max(next),
                None => return false,
            },
            Comparison::Below => match wanted.checked_sub(1) {
                Some(last) => self.to = self.to.min(last),
                None => return false,
            },
        }
        let only = self.from == self.to && self.without.contains(&self.from);
        self.from <= self.to && !only
    }
}

/// Words that can still be found: some, or all but some. In lower case.
struct Words {
    only: Option<BTreeSet<String>>,
    without: BTreeSet<String>,
}

impl Words {
    fn of(fact: TextFact) -> Self {
        let only = fact.known_words().map(|words| words.into_iter().map(str::to_owned).collect());
        Self { only, without: BTreeSet::new() }
    }

    fn narrow(&mut self, test: &TextTest) -> bool {
        let wanted: BTreeSet<_> = match test {
            TextTest::Is(word) => BTreeSet::from([word.to_lowercase()]),
            TextTest::OneOf(words) => words.iter().map(|word| word.to_lowercase()).collect(),
            TextTest::IsNot(word) => {
                self.without.insert(word.to_lowercase());
                return self.is_any_left();
            }
        };
        self.only = Some(match self.only.take() {
            Some(only) => only.intersection(&wanted).cloned().collect(),
            None => wanted,
        });
        self.is_any_left()
    }

    fn is_any_left(&self) -> bool {
        self.only.as_ref().is_none_or(|only| only.difference(&self.without).next().is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Money;
    use crate::rules::{Action, CooldownPer, OneLine, RuleName};
    use chrono::TimeDelta;

    fn rule<const N: usize>(when: [Trigger; N], all: &[Condition]) -> Rule {
        Rule {
            name: RuleName::parse("a").unwrap(),
            when: when.into(),
            all: all.to_vec(),
            actions: vec![Action::Mail { subject: OneLine::parse("x").unwrap() }],
            cooldown: None,
            per: CooldownPer::Customer,
        }
    }

    fn number(fact: NumberFact, comparison: Comparison, wanted: i64) -> Condition {
        Condition::Number { fact, comparison, wanted }
    }

    fn amount(fact: AmountFact, comparison: Comparison, minor: i64, currency: &str) -> Condition {
        Condition::Amount { fact, comparison, wanted: Money::new(minor, Currency::parse(currency).unwrap()) }
    }

    fn is(fact: TextFact, word: &str) -> Condition {
        Condition::Text { fact, test: TextTest::Is(word.into()) }
    }

    fn is_not(fact: TextFact, word: &str) -> Condition {
        Condition::Text { fact, test: TextTest::IsNot(word.into()) }
    }

    #[test]
    fn conditions_that_leave_nothing_are_found() {
        use Comparison::{Above, AtLeast, AtMost, Below, Is, IsNot};
        let lost = |comparison, wanted| number(NumberFact::CustomerLost, comparison, wanted);
        let paid = |comparison, minor, currency| amount(AmountFact::DisputeAmount, comparison, minor, currency);
        let sum = |minor, currency| amount(AmountFact::CustomerDisputed, AtLeast, minor, currency);
        let livemode = |wanted| Condition::YesNo { fact: YesNoFact::Livemode, wanted };
        let some = |words: &[&str]| Condition::Text {
            fact: TextFact::DisputeReason,
            test: TextTest::OneOf(words.iter().map(|word| (*word).to_owned()).collect()),
        };
        for (all, is_impossible) in [
            (vec![], false),
            (vec![lost(AtLeast, 3), lost(AtMost, 3)], false),
            (vec![lost(AtLeast, 3), lost(Below, 3)], true),
            (vec![lost(AtLeast, 3), number(NumberFact::CustomerWon, Below, 3)], false),
            (vec![lost(AtLeast, 3), lost(AtMost, 3), lost(IsNot, 3)], true),
            (vec![lost(Below, 0)], true),
            (vec![lost(Above, i64::MAX)], true),
            (vec![lost(Below, i64::MIN)], true),
            (vec![number(NumberFact::CustomerScore, Above, 100)], true),
            (vec![number(NumberFact::OrderDaysBeforeDispute, Below, 0)], false),
            (vec![lost(Is, 1), lost(Is, 2)], true),
            (vec![paid(Above, 5, "usd"), paid(Below, 6, "usd")], true),
            (vec![paid(Above, 5, "usd"), paid(Below, 7, "usd")], false),
            (vec![paid(Above, 5, "usd"), paid(Above, 5, "eur")], true),
            (vec![sum(5, "usd"), sum(5, "eur")], false),
            (vec![livemode(true), livemode(true)], false),
            (vec![livemode(true), livemode(false)], true),
            (vec![is(TextFact::DisputeReason, "Fraudulent"), is_not(TextFact::DisputeReason, "fraudulent")], true),
            (vec![some(&["a", "b"]), some(&["B", "c"])], false),
            (vec![some(&["a", "b"]), some(&["b"]), is_not(TextFact::DisputeReason, "b")], true),
            (vec![is(TextFact::CustomerTags, "a"), is(TextFact::CustomerTags, "b")], false),
            (vec![is(TextFact::DisputeOutcome, "LOST")], false),
            (vec![is(TextFact::DisputeOutcome, "losst")], true),
        ] {
            let why = impossible(&rule([Trigger::DisputeFiled], &all));
            assert_eq!(why.is_some(), is_impossible, "{all:?}: {why:?}");
        }
        let why = impossible(&rule([Trigger::DisputeFiled], &[lost(AtLeast, 3), lost(Below, 3)]));
        let expected = "its condition `customer.lost: below 3` can't hold, by itself or with those before it";
        assert_eq!(why.as_deref(), Some(expected));
    }

    #[test]
    fn what_no_trigger_of_a_rule_knows_is_found() {
        let (filed, ratio) = (Trigger::DisputeFiled, Trigger::RatioLevelReached);
        let (visa, fraud) = (is(TextFact::RatioNetwork, "visa"), is(TextFact::DisputeReason, "fraudulent"));
        let why = |rule: &Rule| impossible(rule).unwrap_or_default();
        assert_eq!(why(&rule([], &[])), "it waits for nothing");
        let only_with = "ratio.network is known with ratio_level_reached only";
        assert_eq!(why(&rule([filed], std::slice::from_ref(&visa))), only_with);
        let never_with = "dispute.reason is never known with ratio_level_reached";
        assert_eq!(why(&rule([ratio], std::slice::from_ref(&fraud))), never_with);
        let never_together = "ratio.network and dispute.reason are never known together";
        assert_eq!(why(&rule([filed, ratio], &[visa.clone(), fraud.clone()])), never_together);
        assert_eq!(why(&rule([filed, ratio], &[visa])), "");
        assert_eq!(why(&rule([filed, ratio], &[fraud])), "");
        let known = |wanted| Condition::YesNo { fact: YesNoFact::CustomerKnown, wanted };
        assert_eq!(why(&rule([ratio], &[known(false)])), "");
        assert_eq!(why(&rule([ratio], &[known(true)])), "customer.known is never known with ratio_level_reached");
    }

    #[test]
    fn a_ratio_is_of_no_customer() {
        let ratio = rule([Trigger::RatioLevelReached], &[]);
        assert_eq!(impossible(&ratio), None);
        let blocks = Rule { actions: vec![Action::Unblock], ..ratio.clone() };
        let why = "ratio_level_reached is of no customer, and its action unblock needs one";
        assert_eq!(impossible(&blocks).as_deref(), Some(why));
        let waits = Rule { cooldown: Some(TimeDelta::days(1)), ..ratio };
        let why = "ratio_level_reached is of no customer and no dispute, and its cooldown is per customer";
        assert_eq!(impossible(&waits).as_deref(), Some(why));
        let both = Rule { when: [Trigger::DisputeFiled, Trigger::RatioLevelReached].into(), ..blocks };
        assert_eq!(impossible(&both), None);
    }
}
