use std::collections::BTreeMap;
use std::mem::replace;

use chrono::{DateTime, Utc};

use super::{Act, Looked, Notice, WriteMessage};
use crate::ports::{Deed, FollowedUp, LoggedRule, OutboxMessage, Way};
use crate::rules::{Action, CooldownPer, CustomerSubject, Rule, RuleName, Subject, evaluate, message_id};
use crate::{CustomerId, DisputeKey, Score, Trigger, score};

/// Looks at one thing after another, and knows of each what those before came to, though none of it is kept yet.
pub(super) struct Looking<'a> {
    pub(super) act: &'a Act,
    pub(super) now: DateTime<Utc>,
    /// Whether rules that wait for something else are looked at as well.
    pub(super) every_rule: bool,
    /// What became of customers.
    pub(super) customers: BTreeMap<CustomerId, CustomerSubject>,
    /// When rules fired.
    pub(super) fired: BTreeMap<(RuleName, Whom), DateTime<Utc>>,
}

/// For whom a cooldown is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Whom {
    Customer(CustomerId),
    Dispute(DisputeKey),
}

impl Whom {
    fn of(per: CooldownPer, subject: &Subject) -> Option<Self> {
        match per {
            CooldownPer::Customer => subject.customer.as_ref().map(|customer| Self::Customer(customer.id.clone())),
            CooldownPer::Dispute => subject.dispute.as_ref().map(|dispute| Self::Dispute(dispute.key.clone())),
        }
    }
}

impl Looking<'_> {
    pub(super) fn look(&mut self, id: &str, found: FollowedUp) -> Looked {
        let mut subject = Subject { livemode: self.act.livemode, ..found.subject };
        let score = self.scored(&mut subject);
        let mut looked = Looked { subject, score, rules: Vec::new(), deeds: Vec::new() };
        let mut after = looked.subject.customer.clone();
        for rule in self.act.rules.iter() {
            if !self.every_rule && rule.when.is_disjoint(&looked.subject.triggers) {
                continue;
            }
            let whom = Whom::of(rule.per, &looked.subject).map(|whom| (rule.name.clone(), whom));
            let fired_here = whom.as_ref().and_then(|whom| self.fired.get(whom));
            let last_fired = found.fired.get(&(rule.name.clone(), rule.per)).max(fired_here).copied();
            let evaluation = evaluate(rule, &looked.subject, last_fired, self.now);
            let mut why = evaluation.why;
            if evaluation.fired {
                self.fired.extend(whom.map(|whom| (whom, self.now)));
                let fired = Fired { id, rule, why: &why, subject: &looked.subject, at: self.now };
                looked.deeds.extend(fired.deeds(&*self.act.write, &mut after));
                if let Some(action) = rule.actions.iter().find(|action| action.needs_customer() && after.is_none()) {
                    why = format!("{why}; but no customer is known for its action {}", action.as_str());
                }
            }
            looked.rules.push(LoggedRule { rule: rule.name.clone(), fired: evaluation.fired, why });
        }
        self.customers.extend(after.map(|customer| (customer.id.clone(), customer)));
        looked
    }

    /// Scores the customer, as they became by what was looked at before.
    fn scored(&self, subject: &mut Subject) -> Option<Score> {
        let customer = subject.customer.as_mut()?;
        if let Some(known) = self.customers.get(&customer.id) {
            (customer.tags, customer.blocked) = (known.tags.clone(), known.blocked);
            customer.score_before = known.score;
        }
        let score = score(&customer.figures, &self.act.weights);
        customer.score = Some(score.value);
        if customer.score != customer.score_before {
            subject.triggers.insert(Trigger::CustomerScoreChanged);
        }
        Some(score)
    }
}

/// A rule that fired.
struct Fired<'a> {
    id: &'a str,
    rule: &'a Rule,
    why: &'a str,
    subject: &'a Subject,
    at: DateTime<Utc>,
}

impl Fired<'_> {
    /// What it does. `after` is what becomes of the customer; what they are already is not done again.
    fn deeds(&self, write: &WriteMessage, after: &mut Option<CustomerSubject>) -> Vec<Deed> {
        let numbered = self.rule.actions.iter().enumerate();
        numbered.filter_map(|(index, action)| self.deed(index, action, write, after.as_mut())).collect()
    }

    fn deed(
        &self,
        index: usize,
        action: &Action,
        write: &WriteMessage,
        customer: Option<&mut CustomerSubject>,
    ) -> Option<Deed> {
        let rule = self.rule.name.clone();
        match (action, customer) {
            (Action::Mail { subject }, _) => Some(self.message(index, Way::Mail, subject.as_str(), write)),
            (Action::Webhook { endpoint }, _) => {
                Some(self.message(index, Way::Webhook(endpoint.to_string()), rule.as_str(), write))
            }
            (Action::Block { .. } | Action::Unblock | Action::Tag { .. }, None) => None,
            (Action::Block { reason }, Some(customer)) => {
                let (is_news, reason) = (!replace(&mut customer.blocked, true), reason.as_str().to_owned());
                let customer = customer.id.clone();
                is_news.then_some(Deed::Decide { customer, is_blocked: true, rule, reason })
            }
            (Action::Unblock, Some(customer)) => {
                let (is_news, reason) = (replace(&mut customer.blocked, false), self.why.to_owned());
                let customer = customer.id.clone();
                is_news.then_some(Deed::Decide { customer, is_blocked: false, rule, reason })
            }
            (Action::Tag { tag }, Some(customer)) => {
                let (is_news, tag) = (customer.tags.insert(tag.clone()), tag.clone());
                is_news.then_some(Deed::Tag { customer: customer.id.clone(), tag, rule })
            }
        }
    }

    fn message(&self, index: usize, way: Way, line: &str, write: &WriteMessage) -> Deed {
        let id = message_id(self.id, &self.rule.name, index);
        let Self { why, subject, at, rule, .. } = *self;
        let body = write(&Notice { id: &id, rule: &rule.name, why, way: &way, subject, at });
        Deed::Send(OutboxMessage { id, way, subject: line.to_owned(), body })
    }
}
