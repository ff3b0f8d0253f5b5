//! From an authentic body to what it carries.
//!
//! WooCommerce delivers what its shop made of PHP's arrays, in which an empty object and an empty list are the same. So an
//! empty list says nothing here, wherever it stands but in the refunds of an order.

use chargebook_domain::ports::{Reading, SourceEvent};
use chargebook_domain::{AccountId, Basis, CauseId, DisputeKey, Observation};
use chargebook_stripe_wire::kinds::{A_DISPUTE, DISPUTE_ID, EVENT_ID, FLAG, TIME, WORD};
use chargebook_stripe_wire::{Fault, Object, dispute};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::content;
use crate::order;

/// The kinds of what is no event, as it is delivered and as it is asked for.
pub(crate) const DELIVERED_DISPUTE: &str = "woocommerce.dispute";
pub(crate) const READ_DISPUTE: &str = "read.dispute";
pub(crate) const DELIVERED_ORDER: &str = "woocommerce.order";
pub(crate) const READ_ORDER: &str = "read.order";

const EXPECTED: &str = "an event about a dispute, a dispute, or an order as WooCommerce's REST API v3 writes it";

/// Whether it is the ping by which WooCommerce tries a new webhook out. It is not signed, and the webhook is of no use
/// unless it is answered with 200.
pub(crate) fn is_ping(body: &[u8]) -> bool {
    let number = body.strip_prefix(b"webhook_id=").unwrap_or_default();
    (1..=20).contains(&number.len()) && number.iter().all(u8::is_ascii_digit)
}

/// Whether an event that was received, of this book and type and with this body, came through a shop: what Stripe itself
/// sends is neither wrapped nor a bare dispute.
#[must_use]
pub fn came_through_a_shop(account: &AccountId, event_type: &str, body: &str) -> bool {
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    let is_wrapped = value.get("action").is_some() && value.get("arg").is_some();
    is_wrapped || event_type == DELIVERED_DISPUTE || account.as_str().starts_with("woo:")
}

/// Reads a body that is known to be authentic, as it was received then. It always yields an event: what can't be read is
/// part of its reading.
#[must_use]
pub fn read_kept(account: &AccountId, body: &str, received_at: DateTime<Utc>) -> SourceEvent {
    // Null is no object, so that text which is no JSON ends like JSON which is no object.
    let value = tidy(serde_json::from_str(body).unwrap_or_default());
    let book = Book { account, body, as_of: just_before(received_at) };
    match carried(&value) {
        Ok(Carried::Event(event)) => book.event(&event),
        Ok(Carried::Dispute(dispute)) => book.dispute(&dispute, DELIVERED_DISPUTE),
        Ok(Carried::Order(order)) => book.order(&order, DELIVERED_ORDER),
        Err(fault) => book.not_understood(String::new(), &fault),
    }
}

/// Reads an object that the shop's API gave, as it was then: of the kind that was asked for, whatever else is wrong with it.
pub(crate) fn read_asked(account: &AccountId, body: &str, as_of: DateTime<Utc>, kind: &'static str) -> SourceEvent {
    let value = tidy(serde_json::from_str(body).unwrap_or_default());
    let book = Book { account, body, as_of };
    match Object::body(&value) {
        Ok(order) if kind == READ_ORDER => book.order(&order, kind),
        Ok(dispute) => book.dispute(&dispute, kind),
        Err(fault) => book.not_understood(kind.to_owned(), &fault),
    }
}

/// What is not dated shows what was before it came, within the second that Stripe's times leave open.
fn just_before(time: DateTime<Utc>) -> DateTime<Utc> {
    time.checked_sub_signed(TimeDelta::seconds(1)).unwrap_or(time)
}

/// The value without empty lists that may have been objects.
fn tidy(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let says =
                |name: &str, value: &Value| name == "refunds" || value.as_array().is_none_or(|list| !list.is_empty());
            let said = fields.into_iter().filter(|(name, value)| says(name, value));
            Value::Object(said.map(|(name, value)| (name, tidy(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(tidy).collect()),
        other => other,
    }
}

enum Carried<'a> {
    Event(Object<'a>),
    Dispute(Object<'a>),
    Order(Object<'a>),
}

/// What is in the body: in `arg` where it delivers the argument of a hook.
fn carried(value: &Value) -> Result<Carried<'_>, Fault> {
    let body = Object::body(value)?;
    let (inner, fault) = match (body.get("action"), body.get("arg")) {
        (_, Some(arg)) if arg.is_string() => {
            return Err(body.fault(
                "arg",
                "an event, and this is text: WooCommerce delivers only the first argument of a hook, so that \
                 WooPayments' events need the plugin chargebook-bridge (docs/woocommerce.md)",
            ));
        }
        (None, None) => (body, Fault::new("the body", EXPECTED)),
        _ => (body.object("arg")?.ok_or_else(|| body.fault("arg", EXPECTED))?, body.fault("arg", EXPECTED)),
    };
    if inner.get("data").is_some() && inner.get("type").is_some() {
        Ok(Carried::Event(inner))
    } else if is_dispute(&inner) {
        Ok(Carried::Dispute(inner))
    } else if order::is_order(&inner) {
        Ok(Carried::Order(inner))
    } else {
        Err(fault)
    }
}

/// By its own word, or by its id where it has none.
fn is_dispute(object: &Object<'_>) -> bool {
    match object.get("object") {
        Some(kind) => kind == "dispute",
        None => {
            object.get("id").and_then(Value::as_str).is_some_and(|id| id.starts_with("dp_") || id.starts_with("du_"))
        }
    }
}

/// What a body is read for.
struct Book<'a> {
    account: &'a AccountId,
    body: &'a str,
    /// The moment that an undated statement speaks of.
    as_of: DateTime<Utc>,
}

impl Book<'_> {
    fn event(&self, event: &Object<'_>) -> SourceEvent {
        let event_type = event.required("type", &WORD).unwrap_or_default();
        match self.event_reading(event, &event_type) {
            Ok((id, livemode, reading)) => {
                SourceEvent { account: self.account.clone(), id, event_type, livemode, reading }
            }
            Err(fault) => self.not_understood(event_type, &fault),
        }
    }

    fn event_reading(&self, event: &Object<'_>, event_type: &str) -> Result<(CauseId, Option<bool>, Reading), Fault> {
        event.required("type", &WORD)?;
        let id = event.optional("id", &EVENT_ID)?;
        let livemode = event.optional("livemode", &FLAG)?;
        let carried = event.get("data").and_then(|data| data.pointer("/object/object"));
        if !event_type.starts_with("charge.dispute.") && carried.is_none_or(|object| object != "dispute") {
            return Ok((id.unwrap_or_else(|| content::of_body(self.body)), livemode, Reading::NotADispute));
        }
        let created = event.optional("created", &TIME)?;
        let dispute = event.required_object("data")?.required_object("object")?;
        let livemode = livemode.or(dispute.optional("livemode", &FLAG)?);
        let mut said = self.observation(&dispute)?;
        if let Some(created) = created {
            (said.basis, said.as_of) = (Basis::Event, created);
        }
        let created = created.map(|created| created.timestamp());
        said.cause = id.unwrap_or_else(|| content::of_statement(event_type, &said, created));
        Ok((said.cause.clone(), livemode, Reading::Dispute(Box::new(said))))
    }

    fn dispute(&self, dispute: &Object<'_>, kind: &'static str) -> SourceEvent {
        let read = || {
            let mut said = self.observation(dispute)?;
            said.cause = content::of_statement(kind, &said, None);
            Ok((dispute.optional("livemode", &FLAG)?, said))
        };
        match read() {
            Ok((livemode, said)) => SourceEvent {
                account: self.account.clone(),
                id: said.cause.clone(),
                event_type: kind.to_owned(),
                livemode,
                reading: Reading::Dispute(Box::new(said)),
            },
            Err(fault) => self.not_understood(kind.to_owned(), &fault),
        }
    }

    /// The statement of an undated dispute, under a name that is only its body's.
    fn observation(&self, dispute: &Object<'_>) -> Result<Observation, Fault> {
        if !is_dispute(dispute) {
            return Err(dispute.fault("object", A_DISPUTE.expected));
        }
        Ok(Observation {
            key: DisputeKey { account: self.account.clone(), dispute: dispute.required("id", &DISPUTE_ID)? },
            cause: content::of_body(self.body),
            basis: Basis::Read,
            as_of: self.as_of,
            status: dispute::status(dispute)?,
            claims: dispute::claims(dispute)?,
            movements: dispute::movements(dispute)?,
        })
    }

    fn order(&self, order: &Object<'_>, kind: &'static str) -> SourceEvent {
        let reading = match order::payment(order) {
            Ok(Some(payment)) => Reading::Order(vec![payment]),
            Ok(None) => Reading::NotADispute,
            Err(fault) => Reading::OrderNotUnderstood { reason: fault.to_string() },
        };
        SourceEvent {
            account: self.account.clone(),
            id: content::of_body(self.body),
            event_type: kind.to_owned(),
            livemode: order::livemode(order),
            reading,
        }
    }

    fn not_understood(&self, event_type: String, fault: &Fault) -> SourceEvent {
        SourceEvent {
            account: self.account.clone(),
            id: content::of_body(self.body),
            event_type,
            livemode: None,
            reading: fault.not_understood(),
        }
    }
}
