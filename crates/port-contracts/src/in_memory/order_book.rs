use async_trait::async_trait;
use chargebook_domain::ports::{Imported, LedgerError, Link, Linked, Lookup, OrderBook};
use chargebook_domain::{DisputeKey, Facts, OrderMatch, OrderPayment, OrderRef};

use super::{InMemoryLedger, State, writes};

#[async_trait]
impl OrderBook for InMemoryLedger {
    async fn import(&self, payments: &[OrderPayment]) -> Result<Imported, LedgerError> {
        let mut state = self.state();
        writes::refuse_nul(payments.iter().filter_map(|payment| payment.customer_email.as_deref()))?;
        Ok(payments.iter().fold(Imported::default(), |imported, payment| state.import(imported, payment)))
    }

    async fn link(&self, link: &Link) -> Result<Linked, LedgerError> {
        let mut state = self.state();
        writes::refuse_nul([link.linked_by.as_str(), link.reason.as_str()])?;
        if !state.payments.keys().any(|(order, _)| *order == link.order) {
            return Ok(match state.disputes.get(&link.key) {
                Some(_) => Linked::NoSuchOrder,
                None => Linked::NoSuchDispute,
            });
        }
        let Some(kept) = state.disputes.get_mut(&link.key) else { return Ok(Linked::NoSuchDispute) };
        kept.due = true;
        // What is being decided without the link must be decided again.
        kept.version += 1;
        state.links.push(link.clone());
        Ok(Linked::Kept)
    }

    async fn due(&self, after: Option<DisputeKey>, limit: u32) -> Result<Vec<DisputeKey>, LedgerError> {
        let state = self.state();
        let keys = state.disputes.keys().filter(|key| after.as_ref().is_none_or(|after| *key > after));
        let due = keys.filter(|key| state.is_due(key));
        Ok(due.take(usize::try_from(limit).unwrap()).cloned().collect())
    }
}

impl State {
    fn import(&mut self, imported: Imported, payment: &OrderPayment) -> Imported {
        let key = (payment.order_ref.clone(), payment.payment_key().to_owned());
        let is_older =
            |known: &OrderPayment| payment.updated_at.zip(known.updated_at).is_some_and(|(at, known)| at < known);
        if self.payments.get(&key).is_some_and(is_older) {
            return Imported { same: imported.same + 1, ..imported };
        }
        let known = self.payments.insert(key, payment.clone());
        self.forget_hash_unless_same(known.as_ref(), payment);
        if known.as_ref() == Some(payment) {
            return Imported { same: imported.same + 1, ..imported };
        }
        self.orders_version += 1;
        let concerns = |facts: &Facts, linked: Option<&OrderRef>| {
            names(facts, linked, None, payment) || known.as_ref().is_some_and(|known| names(facts, linked, None, known))
        };
        let linked: Vec<_> = self.disputes.keys().map(|key| self.linked(key).cloned()).collect();
        for (kept, linked) in self.disputes.values_mut().zip(linked) {
            if concerns(&kept.facts, linked.as_ref()) {
                kept.due = true;
                // What is being decided without the payment must be decided again.
                kept.version += 1;
            }
        }
        match known {
            None => Imported { new: imported.new + 1, ..imported },
            Some(_) => Imported { changed: imported.changed + 1, ..imported },
        }
    }

    fn is_due(&self, key: &DisputeKey) -> bool {
        let Some(kept) = self.disputes.get(key) else { return false };
        let orphan = kept.dispute.order_match == OrderMatch::Orphan;
        kept.due || (orphan && !self.candidates(&kept.facts, self.linked(key), None).is_empty())
    }

    /// The order that a person chose last.
    pub(super) fn linked(&self, key: &DisputeKey) -> Option<&OrderRef> {
        let links = self.links.iter().filter(|link| link.key == *key);
        links.max_by_key(|link| link.linked_at).map(|link| &link.order)
    }

    /// The payments that could be a dispute's own, by order.
    pub(super) fn candidates(
        &self,
        facts: &Facts,
        linked: Option<&OrderRef>,
        lookup: Option<&Lookup>,
    ) -> Vec<OrderPayment> {
        self.payments.values().filter(|payment| names(facts, linked, lookup, payment)).cloned().collect()
    }
}

/// Whether what is known of a dispute names this payment, in one way or another.
fn names(facts: &Facts, linked: Option<&OrderRef>, lookup: Option<&Lookup>, payment: &OrderPayment) -> bool {
    let charges = [facts.first(|claims| claims.charge.clone()), lookup.and_then(|lookup| lookup.charge.clone())];
    let intents =
        [facts.first(|claims| claims.payment_intent.clone()), lookup.and_then(|lookup| lookup.payment_intent.clone())];
    let orders = [
        facts.first(|claims| claims.order_hint.clone()),
        lookup.and_then(|lookup| lookup.order.clone()),
        linked.cloned(),
    ];
    (payment.charge.is_some() && charges.contains(&payment.charge))
        || (payment.payment_intent.is_some() && intents.contains(&payment.payment_intent))
        || orders.iter().flatten().any(|order| *order == payment.order_ref)
}
