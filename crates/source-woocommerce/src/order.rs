//! An order of WooCommerce's as the payment of an order.

use chargebook_domain::{ChargeId, Money, OrderPayment, OrderRef, PaymentIntentId};
use chargebook_stripe_wire::kinds::CURRENCY;
use chargebook_stripe_wire::{Fault, Kind, Object};
use chrono::{DateTime, Datelike, NaiveDateTime, Utc};
use serde_json::Value;

/// Longer than any address can be.
const EMAIL_BYTES_MAX: usize = 320;

/// The reason that WooPayments gives to the refund by which it writes a lost dispute off. No money moves by it.
const WRITTEN_OFF: &str = "Dispute lost.";

const AMOUNT: Kind<String> = Kind { expected: AN_AMOUNT, read: |value| value.as_str().map(str::to_owned) };
const AN_AMOUNT: &str = "an amount in major units, as text, with no more decimals than its currency has at Stripe";

/// The order as the shop's people call it: its number, which plugins may make text.
const ORDER: Kind<OrderRef> = Kind {
    expected: "an order's number of 1 to 255 printable characters",
    read: |value| match value {
        Value::String(number) => OrderRef::parse(number).ok(),
        Value::Number(number) => OrderRef::parse(&number.as_u64()?.to_string()).ok(),
        _ => None,
    },
};

/// WooCommerce's fields that end in `_gmt` are UTC, and don't say so.
const GMT: Kind<DateTime<Utc>> = Kind {
    expected: "a time of UTC like 2026-09-01T09:00:00, between the years 1970 and 9999",
    read: |value| {
        let text = value.as_str()?.trim_end_matches('Z');
        let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S").ok()?;
        (1970..=9999).contains(&time.year()).then(|| time.and_utc())
    },
};

/// Whether it is an order, by what every order has.
pub(crate) fn is_order(object: &Object<'_>) -> bool {
    ["id", "status", "currency", "total"].iter().all(|name| object.get(name).is_some())
}

/// Whether it was paid in live mode, where WooPayments says so.
pub(crate) fn livemode(order: &Object<'_>) -> Option<bool> {
    match meta(order, "_wcpay_mode")? {
        "test" => Some(false),
        "prod" | "live" => Some(true),
        _ => None,
    }
}

/// The order's payment through Stripe; `None` for an order that was not paid, or not through Stripe.
pub(crate) fn payment(order: &Object<'_>) -> Result<Option<OrderPayment>, Fault> {
    // A subscription is written like an order, and has orders of its own.
    let is_paid = order.get("date_paid_gmt").is_some() && order.get("billing_period").is_none();
    let (charge, payment_intent) = (charge(order), payment_intent(order));
    if !is_paid || (charge.is_none() && payment_intent.is_none()) {
        return Ok(None);
    }
    let order_ref = match order.optional("number", &ORDER)? {
        Some(number) => number,
        None => order.required("id", &ORDER)?,
    };
    Ok(Some(OrderPayment {
        order_ref,
        charge,
        payment_intent,
        amount: money(order, "total", order)?,
        refunded_minor: refunded_minor(order)?,
        customer_email: email(order),
        placed_at: order.optional("date_created_gmt", &GMT)?,
        card_brand: card_brand(order),
        updated_at: order.optional("date_modified_gmt", &GMT)?,
    }))
}

fn charge(order: &Object<'_>) -> Option<ChargeId> {
    let places = [meta(order, "_charge_id"), text(order, "transaction_id")];
    let is_charge = |id: &&str| id.starts_with("ch_") || id.starts_with("py_");
    places.into_iter().flatten().filter(is_charge).find_map(|id| ChargeId::parse(id).ok())
}

fn payment_intent(order: &Object<'_>) -> Option<PaymentIntentId> {
    let places = [meta(order, "_intent_id"), meta(order, "_stripe_intent_id"), text(order, "transaction_id")];
    let is_intent = |id: &&str| id.starts_with("pi_");
    places.into_iter().flatten().filter(is_intent).find_map(|id| PaymentIntentId::parse(id).ok())
}

/// In Stripe's word. Old versions of its plugin wrote the names that people read.
fn card_brand(order: &Object<'_>) -> Option<String> {
    let brand = ["_card_brand", "_stripe_card_brand"].iter().find_map(|key| meta(order, key))?.to_lowercase();
    let brand = match brand.as_str() {
        "american express" => "amex",
        "diners club" => "diners",
        other => other,
    };
    let is_word = brand.len() <= 40 && brand.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_word.then(|| brand.to_owned())
}

/// An address that can't be one is passed over: the order is worth more.
fn email(order: &Object<'_>) -> Option<String> {
    let email = order.get("billing")?.get("email")?.as_str()?.trim();
    let fits = !email.is_empty() && email.len() <= EMAIL_BYTES_MAX && !email.chars().any(char::is_control);
    fits.then(|| email.to_owned())
}

/// What was refunded in all, as WooCommerce lists it: an amount below zero a refund.
fn refunded_minor(order: &Object<'_>) -> Result<Option<i64>, Fault> {
    let mut refunded = order.get("refunds").map(|_| 0_i64);
    for refund in order.objects("refunds", "a refund")? {
        if refund.get("reason").is_some_and(|reason| reason == WRITTEN_OFF) {
            continue;
        }
        let amount = money(&refund, "total", order)?.minor().checked_abs();
        let sum = amount.and_then(|amount| refunded.unwrap_or(0).checked_add(amount));
        refunded = Some(sum.ok_or_else(|| order.fault("refunds", "amounts that sum to 64 bits"))?);
    }
    Ok(refunded)
}

/// An amount in the order's currency, to the exact minor unit.
fn money(holder: &Object<'_>, name: &str, order: &Object<'_>) -> Result<Money, Fault> {
    let currency = order.required("currency", &CURRENCY)?;
    let text = holder.required(name, &AMOUNT)?;
    Money::from_major(&text, currency).map_err(|_| holder.fault(name, AN_AMOUNT))
}

/// The text of a field, where there is any.
fn text<'a>(order: &Object<'a>, name: &str) -> Option<&'a str> {
    order.get(name)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// The text that a plugin keeps with the order under this key, where there is any.
fn meta<'a>(order: &Object<'a>, key: &str) -> Option<&'a str> {
    let rows = order.get("meta_data")?.as_array()?;
    let values = rows.iter().filter(|row| row.get("key").is_some_and(|found| found == key));
    values.filter_map(|row| row.get("value")?.as_str()).map(str::trim).find(|text| !text.is_empty())
}
