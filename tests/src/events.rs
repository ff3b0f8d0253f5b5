//! Small webhook bodies. `chargebook-stories` has realistic ones; these say only what a test is about.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// A webhook: the event's id, the moment it speaks of, and its body.
#[derive(Clone, Debug)]
pub struct Event {
    /// The id of the event.
    pub id: String,
    /// Its body.
    pub body: String,
}

/// A balance transaction of a dispute, in US dollars.
#[must_use]
pub fn movement(id: &str, amount: i64, fee: i64, created: DateTime<Utc>) -> Value {
    let category = if amount < 0 { "dispute" } else { "dispute_reversal" };
    json!({
        "id": id, "object": "balance_transaction", "amount": amount, "fee": fee, "net": amount - fee, "currency": "usd",
        "type": "adjustment", "reporting_category": category, "created": created.timestamp(), "status": "available",
        "available_on": created.timestamp()
    })
}

/// A dispute over 100 dollars, with evidence that names a person.
#[must_use]
pub fn dispute(id: &str, status: &str, movements: &[Value]) -> Value {
    json!({
        "id": id, "object": "dispute", "amount": 10_000, "currency": "usd", "charge": format!("ch_{id}"),
        "payment_intent": format!("pi_{id}"), "status": status, "reason": "fraudulent", "livemode": true, "metadata": {},
        "created": 1_770_000_000, "balance_transactions": movements, "evidence_details": {"submission_count": 0},
        "evidence": {"customer_name": "Planted Person", "customer_email_address": "planted.person@example.com"},
        "payment_method_details": {"type": "card", "card": {"brand": "visa", "case_type": "chargeback"}}
    })
}

/// An event that carries a dispute.
#[must_use]
pub fn event(id: &str, created: DateTime<Utc>, dispute: &Value) -> Event {
    let body = json!({
        "id": id, "object": "event", "type": "charge.dispute.updated", "api_version": "2026-09-30.endive",
        "created": created.timestamp(), "livemode": true, "pending_webhooks": 1, "request": {"id": null},
        "data": {"object": dispute}
    });
    Event { id: id.to_owned(), body: body.to_string() }
}
