//! What one account holds.

use std::collections::BTreeMap;

use chargebook_stories::{Event, Story};
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::request::Resource;
use super::shelf::Shelf;

#[derive(Debug)]
pub(super) struct Account {
    disputes: Shelf,
    charges: Shelf,
    payment_intents: Shelf,
    pub(super) balance_transactions: Shelf,
    events: Shelf,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            disputes: Shelf::of(Resource::Disputes),
            charges: Shelf::of(Resource::Charges),
            payment_intents: Shelf::of(Resource::PaymentIntents),
            balance_transactions: Shelf::of(Resource::BalanceTransactions),
            events: Shelf::of(Resource::Events),
        }
    }
}

impl Account {
    pub(super) fn shelf(&self, resource: Resource) -> &Shelf {
        match resource {
            Resource::Disputes => &self.disputes,
            Resource::Charges => &self.charges,
            Resource::PaymentIntents => &self.payment_intents,
            Resource::BalanceTransactions => &self.balance_transactions,
            Resource::Events => &self.events,
        }
    }

    pub(super) fn put(&mut self, object: &Value) {
        let kind = object["object"].as_str();
        let resource = Resource::ALL.into_iter().find(|resource| kind == Some(resource.object()));
        let objects = match resource {
            Some(Resource::Disputes) => &mut self.disputes,
            Some(Resource::Charges) => &mut self.charges,
            Some(Resource::PaymentIntents) => &mut self.payment_intents,
            Some(Resource::BalanceTransactions) => &mut self.balance_transactions,
            Some(Resource::Events) => &mut self.events,
            None => panic!("the fake knows no objects of this kind: {object}"),
        };
        objects.put(object);
    }

    pub(super) fn put_event(&mut self, event: &Event) {
        self.events.put(&parsed(&event.body));
    }

    /// Puts the disputes of a story as they were left at `now`, their balance transactions, and their payment.
    pub(super) fn act_out(&mut self, story: &Story, now: DateTime<Utc>) {
        let happened = story.events.iter().filter(|event| event.created <= now);
        let last: BTreeMap<_, _> = happened.filter_map(|event| Some((event.dispute.as_ref()?, event))).collect();
        if last.is_empty() {
            return;
        }
        for event in last.into_values() {
            let dispute = &parsed(&event.body)["data"]["object"];
            self.disputes.put(dispute);
            let rows = dispute["balance_transactions"].as_array().into_iter().flatten();
            rows.for_each(|row| self.balance_transactions.put(row));
        }
        self.charges.put(&story.charge());
        story.payment_intent().iter().for_each(|intent| self.payment_intents.put(intent));
    }

    pub(super) fn remove_movement(&mut self, id: &str) {
        let dispute = self.balance_transactions.get(id).and_then(|row| row.field(SOURCE));
        if let Some(dispute) = dispute.and_then(|dispute| self.disputes.get(dispute)) {
            let mut dispute = parsed(dispute.text());
            if let Some(shown) = dispute["balance_transactions"].as_array_mut() {
                shown.retain(|row| row["id"] != id);
            }
            self.disputes.put(&dispute);
        }
        self.balance_transactions.remove(id);
    }
}

/// The place of `source` among the fields of [`Resource::BalanceTransactions`].
const SOURCE: usize = 2;

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}
