use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use chargebook_domain::monitor::{AlertKey, Month, MonthCounts, Network, Tally, TypedCount};
use chargebook_domain::ports::{LedgerError, LoggedRule, Monitoring, OutboxMessage};
use chargebook_domain::{ChargeId, FraudWarning, OrderPayment, PaymentIntentId};
use chrono::{DateTime, Utc};

use super::outbox::QueuedMessage;
use super::{InMemoryLedger, State, writes};

#[async_trait]
impl Monitoring for InMemoryLedger {
    async fn tally(&self, bounds: &[DateTime<Utc>]) -> Result<Vec<Tally>, LedgerError> {
        let state = self.state();
        Ok(bounds.windows(2).map(|pair| state.tally(pair[0], pair[1])).collect())
    }

    async fn payments(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Tally, LedgerError> {
        let mut tally = Tally::default();
        self.state().count_payments(from, until, &mut tally);
        Ok(tally)
    }

    async fn typed_in(&self) -> Result<Vec<(Network, Month, u64)>, LedgerError> {
        let state = self.state();
        let mut latest = BTreeMap::new();
        for count in &state.typed_counts {
            let key = (count.network, count.month);
            let known: &mut &TypedCount = latest.entry(key).or_insert(count);
            if count.at >= known.at {
                *known = count;
            }
        }
        Ok(latest.into_values().map(|count| (count.network, count.month, count.payments)).collect())
    }

    async fn type_in(&self, count: &TypedCount) -> Result<(), LedgerError> {
        writes::refuse_nul([count.by.as_str(), count.reason.as_str()])?;
        if i64::try_from(count.payments).is_err() {
            return Err(writes::refused("a count beyond 64 bits"));
        }
        self.state().typed_counts.push(count.clone());
        Ok(())
    }

    async fn alerted(&self, month: Month) -> Result<BTreeSet<AlertKey>, LedgerError> {
        Ok(self.state().alerts.keys().filter(|alert| alert.month == month).cloned().collect())
    }

    async fn keep_alert(
        &self,
        alert: &AlertKey,
        rules: &[LoggedRule],
        messages: &[OutboxMessage],
        now: DateTime<Utc>,
    ) -> Result<bool, LedgerError> {
        let of_rules = rules.iter().map(|rule| rule.why.as_str());
        let of_messages = messages.iter().flat_map(|message| [&message.id, &message.subject, &message.body]);
        writes::refuse_nul(of_rules.chain(of_messages.map(String::as_str)))?;
        let mut state = self.state();
        if state.alerts.contains_key(alert) {
            return Ok(false);
        }
        state.alerts.insert(alert.clone(), rules.to_vec());
        for message in messages {
            let queued = QueuedMessage::new(message, now);
            state.outbox.entry(message.id.clone()).or_insert(queued);
        }
        Ok(true)
    }
}

impl State {
    fn tally(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Tally {
        let mut tally = Tally::default();
        let is_in = |at: Option<DateTime<Utc>>| at.is_some_and(|at| from <= at && at < until);
        for kept in self.disputes.values().filter(|kept| kept.dispute.same_as.is_none()) {
            let brand = kept.facts.first(|claims| claims.card_brand.clone());
            tally.opened += u64::from(is_in(kept.facts.opened_at()));
            let Some(filed_at) = kept.dispute.filed_at else { continue };
            if is_in(Some(filed_at)) {
                let counts = tally.of_brand(brand.as_deref());
                counts.disputes_filed += 1;
                let disputed = kept.facts.disputed().unwrap();
                *counts.disputed.entry(disputed.currency()).or_default() += disputed.minor();
                tally.undated += u64::from(kept.dispute.paid_at.is_none());
            }
            if is_in(kept.dispute.paid_at) {
                tally.of_brand(brand.as_deref()).disputes_of_payments += 1;
            }
        }
        for warning in self.fraud_warnings.values().filter(|warning| is_in(Some(warning.occurred_at))) {
            tally.of_brand(self.brand(warning).as_deref()).fraud_warnings += 1;
        }
        self.count_payments(from, until, &mut tally);
        tally.networks.retain(|_, counts| *counts != MonthCounts::default());
        tally
    }

    fn count_payments(&self, from: DateTime<Utc>, until: DateTime<Utc>, tally: &mut Tally) {
        let mut orders = BTreeSet::new();
        let is_in = |payment: &&OrderPayment| payment.placed_at.is_some_and(|at| from <= at && at < until);
        for payment in self.payments.values().filter(is_in) {
            tally.of_brand(payment.card_brand.as_deref()).payments_from_orders += 1;
            orders.insert(&payment.order_ref);
        }
        tally.orders = u64::try_from(orders.len()).unwrap();
    }

    /// The brand of the card that a warning is about: its own, that of a dispute of the payment, that of its order.
    fn brand(&self, warning: &FraudWarning) -> Option<String> {
        let is_same = |charge: Option<ChargeId>, intent: Option<PaymentIntentId>| {
            (charge.is_some() && charge == warning.charge) || (intent.is_some() && intent == warning.payment_intent)
        };
        let of_disputes = self.disputes.values().filter(|kept| {
            let facts = &kept.facts;
            is_same(facts.first(|claims| claims.charge.clone()), facts.first(|claims| claims.payment_intent.clone()))
        });
        let of_orders = self.payments.values();
        let of_orders = of_orders.filter(|payment| is_same(payment.charge.clone(), payment.payment_intent.clone()));
        let brands = [warning.card_brand.clone()]
            .into_iter()
            .chain(of_disputes.map(|kept| kept.facts.first(|claims| claims.card_brand.clone())))
            .chain(of_orders.map(|payment| payment.card_brand.clone()));
        brands.flatten().find(|brand| !brand.is_empty())
    }
}
