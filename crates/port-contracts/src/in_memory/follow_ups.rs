use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use chargebook_domain::ports::{Conclusion, DONE_KEPT_DAYS, Deed, FollowUp, FollowUps, FollowedUp, LedgerError};
use chargebook_domain::rules::{CooldownPer, CustomerSubject, DisputeSubject, OrderSubject, RuleName, Subject, Tag};
use chargebook_domain::{
    Change, CustomerFigures, CustomerId, DisputeKey, Money, OrderMatch, OrderRef, Outcome, Trigger,
};
use chrono::{DateTime, TimeDelta, Utc};

use super::rows::KeptRule;
use super::{InMemoryLedger, KeptDispute, State, outbox, writes};

/// What a change owes to those who act on it.
#[derive(Clone, Debug)]
pub(super) struct QueuedFollowUp {
    triggers: BTreeSet<Trigger>,
    /// Counts the claims, so that a claim knows whether it is the present one.
    attempt: i32,
    stage: Stage,
}

#[derive(Clone, Debug)]
enum Stage {
    Queued { due_at: DateTime<Utc> },
    Running { due_at: DateTime<Utc>, until: DateTime<Utc> },
    Done { at: DateTime<Utc> },
    Failed,
}

impl QueuedFollowUp {
    /// Since when it could be claimed.
    fn due_since(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self.stage {
            Stage::Queued { due_at } => Some(due_at).filter(|due_at| *due_at <= now),
            Stage::Running { due_at, until } => Some(due_at).filter(|_| until <= now),
            Stage::Done { .. } | Stage::Failed => None,
        }
    }
}

/// What is known of customers beside their disputes and orders.
#[derive(Clone, Debug, Default)]
pub(super) struct KeptCustomer {
    score: Option<u8>,
    tags: BTreeSet<Tag>,
    is_blocked: bool,
}

#[async_trait]
impl FollowUps for InMemoryLedger {
    async fn claim_follow_ups(
        &self,
        now: DateTime<Utc>,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<FollowUp>, LedgerError> {
        let mut state = self.state();
        let is_held = |queued: &QueuedFollowUp| matches!(queued.stage, Stage::Running { until, .. } if until > now);
        if state.follow_ups.values().any(is_held) {
            return Ok(Vec::new());
        }
        let due = state.follow_ups.iter_mut().filter_map(|(id, queued)| Some((queued.due_since(now)?, id, queued)));
        let mut due: Vec<_> = due.collect();
        due.sort_by_key(|(due_at, id, _)| (*due_at, *id));
        let claims = due.into_iter().take(usize::try_from(limit).unwrap()).map(|(due_at, (key, version), queued)| {
            queued.attempt += 1;
            queued.stage = Stage::Running { due_at, until: now + lease };
            let (triggers, attempt) = (queued.triggers.clone(), queued.attempt);
            FollowUp { key: key.clone(), version: *version, triggers, attempt }
        });
        Ok(claims.collect())
    }

    async fn followed_up(&self, follow_ups: &[FollowUp]) -> Result<Vec<Option<FollowedUp>>, LedgerError> {
        let state = self.state();
        Ok(follow_ups.iter().map(|follow_up| state.followed_up(&follow_up.key, &follow_up.triggers)).collect())
    }

    async fn subject_of(
        &self,
        key: &DisputeKey,
        triggers: &BTreeSet<Trigger>,
    ) -> Result<Option<FollowedUp>, LedgerError> {
        Ok(self.state().followed_up(key, triggers))
    }

    async fn conclude(&self, conclusions: &[Conclusion], now: DateTime<Utc>) -> Result<(), LedgerError> {
        let mut state = self.state();
        let present: Vec<_> = conclusions.iter().filter(|one| state.present(&one.follow_up).is_some()).collect();
        writes::refuse_nul(present.iter().flat_map(|conclusion| texts(conclusion)))?;
        for conclusion in present {
            if let Some(queued) = state.present(&conclusion.follow_up) {
                queued.stage = Stage::Done { at: now };
            }
            state.conclude(conclusion, now);
        }
        let kept_since = now - TimeDelta::days(DONE_KEPT_DAYS);
        state.follow_ups.retain(|_, queued| !matches!(queued.stage, Stage::Done { at } if at < kept_since));
        state.outbox.retain(|_, queued| !queued.was_done_before(kept_since));
        Ok(())
    }

    async fn put_off(
        &self,
        follow_up: &FollowUp,
        reason: &str,
        next: Option<DateTime<Utc>>,
        _now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        writes::refuse_nul([reason])?;
        if let Some(queued) = self.state().present(follow_up) {
            queued.stage = next.map_or(Stage::Failed, |due_at| Stage::Queued { due_at });
        }
        Ok(())
    }
}

fn texts(conclusion: &Conclusion) -> impl Iterator<Item = &str> {
    let rules = conclusion.rules.iter().map(|rule| rule.why.as_str());
    rules.chain(conclusion.deeds.iter().flat_map(|deed| match deed {
        Deed::Decide { reason, .. } => vec![reason.as_str()],
        Deed::Tag { .. } => Vec::new(),
        Deed::Send(message) => vec![message.id.as_str(), message.subject.as_str(), message.body.as_str()],
    }))
}

impl State {
    /// Queues what a change triggers.
    pub(super) fn follow_up(&mut self, change: &Change, recorded_at: DateTime<Utc>) {
        if !change.triggers.is_empty() {
            let stage = Stage::Queued { due_at: recorded_at };
            let queued = QueuedFollowUp { triggers: change.triggers.clone(), attempt: 0, stage };
            self.follow_ups.insert((change.key.clone(), change.expected + 1), queued);
        }
    }

    /// What a claim is of, if it is the present one.
    fn present(&mut self, claim: &FollowUp) -> Option<&mut QueuedFollowUp> {
        let queued = self.follow_ups.get_mut(&(claim.key.clone(), claim.version))?;
        let is_present = queued.attempt == claim.attempt && matches!(queued.stage, Stage::Running { .. });
        is_present.then_some(queued)
    }

    fn conclude(&mut self, conclusion: &Conclusion, now: DateTime<Utc>) {
        let (key, customer) = (&conclusion.follow_up.key, &conclusion.customer);
        if let Some((customer, score)) = customer.as_ref().zip(conclusion.score.as_ref()) {
            self.customers.entry(customer.clone()).or_default().score = Some(score.value);
        }
        for rule in &conclusion.rules {
            let logged = self.rule_log.entry((conclusion.follow_up.id(), rule.rule.clone()));
            let (key, customer, rule) = (key.clone(), customer.clone(), rule.clone());
            logged.or_insert(KeptRule { key, customer, rule, evaluated_at: now });
        }
        for deed in &conclusion.deeds {
            match deed {
                Deed::Decide { customer, is_blocked, .. } => {
                    self.customers.entry(customer.clone()).or_default().is_blocked = *is_blocked;
                }
                Deed::Tag { customer, tag, .. } => {
                    self.customers.entry(customer.clone()).or_default().tags.insert(tag.clone());
                }
                Deed::Send(message) => {
                    let queued = outbox::QueuedMessage::new(message, now);
                    self.outbox.entry(message.id.clone()).or_insert(queued);
                }
            }
        }
    }

    fn followed_up(&self, key: &DisputeKey, triggers: &BTreeSet<Trigger>) -> Option<FollowedUp> {
        let kept = self.disputes.get(key).filter(|kept| kept.dispute.same_as.is_none())?;
        let order = match &kept.dispute.order_match {
            OrderMatch::Matched { order, .. } => {
                let payments = self.payments.values().filter(|payment| payment.order_ref == *order);
                let placed_at = payments.filter_map(|payment| payment.placed_at).min();
                Some(OrderSubject { order_ref: order.clone(), placed_at })
            }
            OrderMatch::Ambiguous(_) | OrderMatch::Orphan => None,
        };
        let customer = kept.dispute.customer.as_ref();
        let subject = Subject {
            triggers: triggers.clone(),
            livemode: true,
            dispute: Some(dispute_subject(key, kept)),
            customer: customer.map(|customer| self.customer_subject(customer)),
            order,
            ratio: None,
        };
        Some(FollowedUp { subject, fired: self.fired(key, customer) })
    }

    fn fired(
        &self,
        key: &DisputeKey,
        customer: Option<&CustomerId>,
    ) -> BTreeMap<(RuleName, CooldownPer), DateTime<Utc>> {
        let mut fired = BTreeMap::new();
        for kept in self.rule_log.values().filter(|kept| kept.rule.fired) {
            let is_theirs = [
                (CooldownPer::Customer, customer.is_some() && kept.customer.as_ref() == customer),
                (CooldownPer::Dispute, kept.key == *key),
            ];
            for (per, _) in is_theirs.into_iter().filter(|(_, is_theirs)| *is_theirs) {
                let last = fired.entry((kept.rule.rule.clone(), per)).or_insert(kept.evaluated_at);
                *last = kept.evaluated_at.max(*last);
            }
        }
        fired
    }

    fn customer_subject(&self, id: &CustomerId) -> CustomerSubject {
        let kept = self.customers.get(id).cloned().unwrap_or_default();
        CustomerSubject {
            id: id.clone(),
            figures: self.figures(id),
            score: None,
            score_before: kept.score,
            tags: kept.tags,
            blocked: kept.is_blocked,
        }
    }

    /// Counted from what is known.
    fn figures(&self, id: &CustomerId) -> CustomerFigures {
        let is_theirs =
            |kept: &&KeptDispute| kept.dispute.customer.as_ref() == Some(id) && kept.dispute.same_as.is_none();
        let theirs: Vec<_> = self.disputes.values().filter(is_theirs).collect();
        let formal: Vec<_> = theirs.iter().filter(|kept| !is_inquiry(kept.dispute.outcome)).collect();
        let count = |is: &[Outcome]| count(formal.iter().filter(|kept| is.contains(&kept.dispute.outcome)));
        let orders = self.payments.values().filter(|payment| {
            let customer = self.customer_key.zip(payment.customer_email.as_deref());
            customer.and_then(|(key, email)| key.customer(email)).as_ref() == Some(id)
        });
        let mut disputed: BTreeMap<_, i64> = BTreeMap::new();
        for money in formal.iter().filter_map(|kept| kept.facts.disputed()) {
            *disputed.entry(money.currency()).or_default() += money.minor();
        }
        let filed = || theirs.iter().filter_map(|kept| kept.facts.opened_at());
        CustomerFigures {
            orders: self::count(orders.map(|payment| &payment.order_ref).collect::<BTreeSet<_>>()),
            disputed_orders: self::count(formal.iter().filter_map(|kept| order_of(kept)).collect::<BTreeSet<_>>()),
            disputes: self::count(&formal),
            open: count(&[Outcome::Open]),
            won: count(&[Outcome::Won]),
            lost: count(&[Outcome::Lost]),
            other_closed: count(&[Outcome::Refunded, Outcome::Prevented]),
            inquiries: self::count(theirs.iter().filter(|kept| is_inquiry(kept.dispute.outcome))),
            disputed: disputed.into_iter().map(|(currency, minor)| Money::new(minor, currency)).collect(),
            first_at: filed().min(),
            last_at: filed().max(),
        }
    }
}

fn count<T>(of: impl IntoIterator<Item = T>) -> u64 {
    of.into_iter().count().try_into().unwrap()
}

fn is_inquiry(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::InquiryOpen | Outcome::InquiryClosed)
}

fn order_of(kept: &KeptDispute) -> Option<&OrderRef> {
    match &kept.dispute.order_match {
        OrderMatch::Matched { order, .. } => Some(order),
        OrderMatch::Ambiguous(_) | OrderMatch::Orphan => None,
    }
}

fn dispute_subject(key: &DisputeKey, kept: &KeptDispute) -> DisputeSubject {
    let KeptDispute { facts, dispute, .. } = kept;
    DisputeSubject {
        key: key.clone(),
        amount: facts.disputed().unwrap(),
        reason: facts.first(|claims| claims.reason.clone()),
        card_brand: facts.first(|claims| claims.card_brand.clone()),
        status: dispute.status.clone(),
        outcome: dispute.outcome,
        case_type: facts.first(|claims| claims.case_type.clone()),
        opened_at: facts.opened_at(),
        closed_at: dispute.closed_at,
        bucket: dispute.bucket,
    }
}
