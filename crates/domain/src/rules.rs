//! What an operator wants done when something happens to a dispute or a customer. docs/rules.md is the manual.
//!
//! Rules are plain data, and [`evaluate`] is a function of what it is given: which rule fires is the same wherever and
//! whenever it is asked.

mod condition;
mod evaluate;
mod impossible;
mod names;
mod subject;

use std::collections::BTreeSet;

use chrono::TimeDelta;

use crate::Trigger;

pub use condition::{AmountFact, Comparison, Condition, NumberFact, TextFact, TextTest, YesNoFact};
pub use evaluate::{Evaluation, evaluate};
pub use impossible::impossible;
pub use names::{EndpointName, NameError, OneLine, OneLineError, RuleName, Tag};
pub use subject::{CustomerSubject, DisputeSubject, OrderSubject, RatioSubject, Subject};

/// What is done, and when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rule {
    /// Tells it from the others.
    pub name: RuleName,
    /// Any of these makes it be looked at.
    pub when: BTreeSet<Trigger>,
    /// All of these must hold.
    pub all: Vec<Condition>,
    /// What is done, in this order.
    pub actions: Vec<Action>,
    /// For how long it does not fire again once it has fired; `None` where it may at once.
    pub cooldown: Option<TimeDelta>,
    /// For whom it does not.
    pub per: CooldownPer,
}

/// For whom a rule that has fired does not fire again for a while.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum CooldownPer {
    /// For the same customer. Where no customer is known, nobody has a cooldown.
    #[default]
    Customer,
    /// For the same dispute.
    Dispute,
}

impl CooldownPer {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Customer, Self::Dispute];

    /// The word in rules.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Dispute => "dispute",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|per| per.as_str() == word)
    }
}

/// What a rule does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Marks the customer blocked.
    Block {
        /// Why, for whoever looks at the customer.
        reason: OneLine,
    },
    /// Takes the mark away.
    Unblock,
    /// Gives the customer a tag.
    Tag {
        /// The tag.
        tag: Tag,
    },
    /// Sends a mail to those who get the summaries.
    Mail {
        /// Its subject.
        subject: OneLine,
    },
    /// Posts a signed message to an endpoint.
    Webhook {
        /// The endpoint.
        endpoint: EndpointName,
    },
}

impl Action {
    /// The words of all actions.
    pub const WORDS: [&'static str; 5] = ["block", "unblock", "tag", "mail", "webhook"];

    /// The word in rules.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Block { .. } => "block",
            Self::Unblock => "unblock",
            Self::Tag { .. } => "tag",
            Self::Mail { .. } => "mail",
            Self::Webhook { .. } => "webhook",
        }
    }

    /// Whether it can't be done where no customer is known.
    #[must_use]
    pub fn needs_customer(&self) -> bool {
        match self {
            Self::Block { .. } | Self::Unblock | Self::Tag { .. } => true,
            Self::Mail { .. } | Self::Webhook { .. } => false,
        }
    }
}

/// Rules with different names, in their order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RuleSet(Vec<Rule>);

/// Two rules have one name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("two rules are called {0}")]
pub struct SameName(pub RuleName);

impl RuleSet {
    /// The rules as they are given.
    ///
    /// # Errors
    /// [`SameName`] when two have one name.
    pub fn new(rules: Vec<Rule>) -> Result<Self, SameName> {
        let mut names = BTreeSet::new();
        match rules.iter().find(|rule| !names.insert(&rule.name)) {
            Some(rule) => Err(SameName(rule.name.clone())),
            None => Ok(Self(rules)),
        }
    }

    /// In their order.
    pub fn iter(&self) -> std::slice::Iter<'_, Rule> {
        self.0.iter()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for &'a RuleSet {
    type Item = &'a Rule;
    type IntoIter = std::slice::Iter<'a, Rule>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The idempotency key of a rule's `index`th action, counted from 0, for one follow-up: the same one whenever it is
/// asked for, and no other's. Printable ASCII.
#[must_use]
pub fn message_id(follow_up: &str, rule: &RuleName, index: usize) -> String {
    // Neither a rule's name nor a number has a colon, so that the last two tell where the follow-up's id ends.
    let plain = |byte: &u8| byte.is_ascii_graphic() && *byte != b'%';
    let written = |byte: u8| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    let follow_up: String = follow_up.bytes().map(written).collect();
    format!("{follow_up}:{rule}:{index}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(name: &str) -> Rule {
        Rule {
            name: RuleName::parse(name).unwrap(),
            when: BTreeSet::from([Trigger::DisputeFiled]),
            all: Vec::new(),
            actions: vec![Action::Unblock],
            cooldown: None,
            per: CooldownPer::default(),
        }
    }

    #[test]
    fn a_set_keeps_the_order_and_refuses_a_second_rule_of_a_name() {
        let set = RuleSet::new(vec![rule("b"), rule("a")]).unwrap();
        assert_eq!(set.iter().map(|rule| rule.name.as_str()).collect::<Vec<_>>(), ["b", "a"]);
        let twice = RuleSet::new(vec![rule("a"), rule("b"), rule("a")]).unwrap_err();
        assert_eq!(twice.to_string(), "two rules are called a");
    }

    #[test]
    fn a_message_id_is_printable_and_no_two_actions_share_one() {
        let name = |text| RuleName::parse(text).unwrap();
        assert_eq!(message_id("default/du_1/3", &name("lost-twice"), 0), "default/du_1/3:lost-twice:0");
        assert_eq!(message_id("büch er/1%", &name("a"), 1), "b%C3%BCch%20er/1%25:a:1");
        assert_ne!(message_id("x:a", &name("b"), 0), message_id("x", &name("a"), 0));
        assert_ne!(message_id("%20", &name("a"), 0), message_id(" ", &name("a"), 0));
    }

    #[test]
    fn every_word_reads_back() {
        assert!(CooldownPer::ALL.into_iter().all(|per| CooldownPer::parse(per.as_str()) == Some(per)));
        assert_eq!(CooldownPer::parse("order"), None);
    }
}
