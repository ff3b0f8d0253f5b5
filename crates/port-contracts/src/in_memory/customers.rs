use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use chargebook_domain::ports::{Customers, LedgerError, Rehashed};
use chargebook_domain::{CustomerId, CustomerKey, OrderMatch, OrderPayment, normal_email};
use chrono::{DateTime, Utc};

use super::{InMemoryLedger, State};

#[async_trait]
impl Customers for InMemoryLedger {
    async fn rehash(&self, key: CustomerKey, _now: DateTime<Utc>) -> Result<Rehashed, LedgerError> {
        let mut state = self.state();
        let (orders, moved) = state.hash_orders(key);
        let mut customers = BTreeSet::new();
        for kept in state.disputes.values_mut() {
            if let Some((old, new)) = kept.dispute.customer.as_ref().and_then(|old| moved.get_key_value(old)) {
                customers.insert(old);
                kept.dispute.customer = Some(new.clone());
            }
        }
        state.mark_strangers();
        Ok(Rehashed { orders, customers: u64::try_from(customers.len()).unwrap(), is_done: true })
    }
}

impl State {
    /// Whether the address of a payment stays, so that its hash does.
    pub(super) fn forget_hash_unless_same(&mut self, known: Option<&OrderPayment>, payment: &OrderPayment) {
        let email = |payment: &OrderPayment| payment.customer_email.as_deref().map(normal_email);
        if known.is_none_or(|known| email(known) != email(payment)) {
            self.hashes.remove(&(payment.order_ref.clone(), payment.payment_key().to_owned()));
        }
    }

    /// How many payments have another hash now, and the new hash of each old one.
    fn hash_orders(&mut self, key: CustomerKey) -> (u64, BTreeMap<CustomerId, CustomerId>) {
        let (mut changed, mut moved) = (0, BTreeMap::new());
        for (payment_key, payment) in &self.payments {
            let new = payment.customer_email.as_deref().and_then(|email| key.customer(email));
            let old = match new.clone() {
                Some(new) => self.hashes.insert(payment_key.clone(), new),
                None => self.hashes.remove(payment_key),
            };
            changed += u64::from(old != new);
            moved.extend(old.zip(new).filter(|(old, new)| old != new));
        }
        (changed, moved)
    }

    /// Disputes whose customer is nobody of their order's are due.
    fn mark_strangers(&mut self) {
        for kept in self.disputes.values_mut() {
            let OrderMatch::Matched { order, .. } = &kept.dispute.order_match else { continue };
            let of_order = self.hashes.iter().filter(|((of, _), _)| of == order);
            let known: Vec<_> = of_order.map(|(_, customer)| customer).collect();
            let customer = kept.dispute.customer.as_ref();
            let is_right = customer.map_or(known.is_empty(), |customer| known.contains(&customer));
            if !is_right && !kept.due && kept.dispute.same_as.is_none() {
                kept.due = true;
                kept.version += 1;
            }
        }
    }
}
