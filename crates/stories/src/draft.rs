//! A dispute as Stripe tells it: a snapshot of it in the envelope of an event, for each thing that happens.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::payment::{Payment, Reason};
use crate::random::Random;
use crate::story::Event;

/// The API version of the events.
const API_VERSION: &str = "2026-09-30.endive";

/// A dispute while its story is written.
pub(crate) struct Draft<'a> {
    payment: &'a Payment,
    reason: &'a Reason,
    /// The dispute's id.
    pub(crate) id: String,
    /// What is disputed, in minor units of the payment's currency.
    pub(crate) amount: i64,
    opened: DateTime<Utc>,
    is_inquiry: bool,
    is_prevented: bool,
    submissions: u32,
    movements: Vec<Value>,
    previous_status: Option<&'static str>,
}

/// Money that moves.
#[derive(Clone, Copy)]
pub(crate) struct Moved {
    /// In minor units of `currency`; negative when it leaves.
    pub(crate) amount: i64,
    /// Positive when charged, negative when returned.
    pub(crate) fee: i64,
    pub(crate) currency: &'static str,
    pub(crate) at: DateTime<Utc>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(payment: &'a Payment, amount: i64, opened: DateTime<Utc>, random: &mut Random) -> Self {
        Self {
            payment,
            reason: random.pick(payment.card.reasons),
            id: format!("du_1{}", random.letters(14)),
            amount,
            opened,
            is_inquiry: false,
            is_prevented: false,
            submissions: 0,
            movements: Vec::new(),
            previous_status: None,
        }
    }

    /// When it was opened.
    pub(crate) fn opened(&self) -> DateTime<Utc> {
        self.opened
    }

    pub(crate) fn set_inquiry(&mut self, is_inquiry: bool) {
        self.is_inquiry = is_inquiry;
    }

    pub(crate) fn set_prevented(&mut self) {
        self.is_prevented = true;
    }

    pub(crate) fn submit_evidence(&mut self) {
        self.submissions += 1;
    }

    /// Adds a balance transaction, which all later snapshots show.
    pub(crate) fn moves(&mut self, moved: Moved, random: &mut Random) {
        let Moved { amount, fee, currency, at } = moved;
        let leaves = amount < 0;
        let (category, what) = if leaves { ("dispute", "withdrawal") } else { ("dispute_reversal", "reversal") };
        let fee_row = json!({
            "amount": fee, "application": null, "currency": currency, "description": "Dispute fee", "type": "stripe_fee",
        });
        let available = if leaves { at } else { at + TimeDelta::days(4) };
        self.movements.push(json!({
            "id": format!("txn_1{}", random.letters(14)),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": available.timestamp(),
            "balance_type": "payments",
            "created": at.timestamp(),
            "currency": currency,
            "description": format!("Chargeback {what} for {}", self.payment.charge_id),
            "exchange_rate": null,
            "fee": fee,
            "fee_details": if fee == 0 { json!([]) } else { json!([fee_row]) },
            "net": amount - fee,
            "reporting_category": category,
            "source": self.id,
            "status": if leaves { "available" } else { "pending" },
            "type": "adjustment",
        }));
    }

    /// The event that tells of the dispute as it is now; `what` follows `charge.dispute.` in its type.
    pub(crate) fn tell(&mut self, what: &str, status: &'static str, at: DateTime<Utc>, random: &mut Random) -> Event {
        let id = format!("evt_1{}", random.letters(14));
        let mut data = json!({ "object": self.snapshot(status) });
        if let Some(previous) = self.previous_status.replace(status).filter(|previous| *previous != status) {
            data["previous_attributes"] = json!({ "status": previous });
        }
        let body = envelope(&id, &format!("charge.dispute.{what}"), at, &data);
        Event { id, dispute: Some(self.id.clone()), created: at, body }
    }

    fn snapshot(&self, status: &str) -> Value {
        let payment = self.payment;
        let withdrawal = self.movements.first().and_then(|movement| movement.get("id"));
        let open = matches!(status, "needs_response" | "under_review");
        let case_type = match (self.is_prevented, self.is_inquiry) {
            (true, _) => "block",
            (false, true) => "inquiry",
            (false, false) => "chargeback",
        };
        json!({
            "id": self.id,
            "object": "dispute",
            "amount": self.amount,
            "balance_transaction": withdrawal,
            "balance_transactions": self.movements,
            "charge": payment.charge_id,
            "created": self.opened.timestamp(),
            "currency": payment.coin.code,
            "enhanced_eligibility_types": self.eligibility_types(),
            "evidence": {
                "customer_email_address": payment.customer_email,
                "customer_name": payment.customer_name,
                "enhanced_evidence": {},
                "uncategorized_text": null,
            },
            "evidence_details": {
                "due_by": (!self.is_prevented).then(|| (self.opened + TimeDelta::days(20)).timestamp()),
                "enhanced_eligibility": self.eligibility(),
                "has_evidence": true,
                "past_due": false,
                "submission_count": self.submissions,
            },
            "is_charge_refundable": self.is_inquiry || !open,
            "livemode": false,
            "metadata": payment.metadata(),
            "payment_intent": payment.intent,
            "payment_method_details": {
                "card": {
                    "brand": payment.card.brand,
                    "case_type": case_type,
                    "network": payment.card.brand,
                    "network_reason_code": self.reason.network_code,
                },
                "type": "card",
            },
            "reason": self.reason.word,
            "status": status,
        })
    }

    fn may_claim_compelling_evidence(&self) -> bool {
        self.payment.card.brand == "visa" && self.reason.word == "fraudulent"
    }

    fn eligibility_types(&self) -> Value {
        if self.may_claim_compelling_evidence() { json!(["visa_compelling_evidence_3"]) } else { json!([]) }
    }

    fn eligibility(&self) -> Value {
        if !self.may_claim_compelling_evidence() {
            return json!({});
        }
        json!({ "visa_compelling_evidence_3": { "required_actions": [], "status": "not_qualified" } })
    }
}

/// The event that a charge was refunded, which is not about disputes.
pub(crate) fn refund(payment: &Payment, at: DateTime<Utc>, random: &mut Random) -> Event {
    let id = format!("evt_1{}", random.letters(14));
    let mut charge = payment.charge();
    charge["disputed"] = json!(false);
    let body = envelope(&id, "charge.refunded", at, &json!({ "object": charge }));
    Event { id, dispute: None, created: at, body }
}

fn envelope(id: &str, event_type: &str, at: DateTime<Utc>, data: &Value) -> String {
    json!({
        "id": id,
        "object": "event",
        "api_version": API_VERSION,
        "created": at.timestamp(),
        "data": data,
        "livemode": false,
        "pending_webhooks": 1,
        "request": { "id": null, "idempotency_key": null },
        "type": event_type,
    })
    .to_string()
}
