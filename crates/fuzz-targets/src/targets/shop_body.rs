//! The body of a shop's webhook, behind a right signature: an event, a dispute or an order.

use std::sync::LazyLock;

use chargebook_domain::ports::{Delivery, DeliveryRefused, DisputeSource, Reading};
use chargebook_domain::{AccountId, Money, OrderPayment};
use chargebook_source_woocommerce::{WooSource, came_through_a_shop, read_kept, sign};
use chrono::Datelike;
use serde_json::json;

use super::{check_event, check_text, now};
use crate::corpus;

const SECRET: &str = "a secret of the shop";
const FIXTURES: &str = "crates/source-woocommerce/fixtures";

pub(crate) const WORDS: &[&str] = &[
    "action",
    "arg",
    "data",
    "object",
    "type",
    "id",
    "dispute",
    "dp_1",
    "du_1",
    "number",
    "currency",
    "total",
    "status",
    "date_paid_gmt",
    "date_created_gmt",
    "date_modified_gmt",
    "2026-09-01T09:00:00",
    "billing",
    "email",
    "meta_data",
    "key",
    "value",
    "_charge_id",
    "_intent_id",
    "_stripe_intent_id",
    "_wcpay_mode",
    "_card_brand",
    "American Express",
    "prod",
    "test",
    "transaction_id",
    "ch_1",
    "pi_1",
    "refunds",
    "reason",
    "Dispute lost.",
    "-5.00",
    "12.345",
    "JPY",
    "KWD",
    "billing_period",
    "amount",
    "created",
    "livemode",
    "balance_transactions",
    "evidence_details",
];

static SOURCE: LazyLock<WooSource> = LazyLock::new(|| WooSource::new(shop(), vec![SECRET.into()]).unwrap());

fn shop() -> AccountId {
    AccountId::woo("shop").unwrap()
}

/// What is signed is never refused, reads the same when it is read again later, and names nobody where it can't be read.
pub(crate) fn run(body: &[u8]) {
    let received = SOURCE.receive(&Delivery { signature: Some(&sign(body, SECRET)), body, received_at: now() });
    let Ok(text) = std::str::from_utf8(body) else {
        assert_eq!(received, Err(DeliveryRefused::BodyNotUtf8));
        return;
    };
    let event = received.unwrap();
    check_event(&event);
    assert!(came_through_a_shop(&event.account, &event.event_type, text));
    assert_eq!(read_kept(&shop(), text, now()), event, "read again it is another");
    if let Reading::Order(payments) = &event.reading {
        payments.iter().for_each(check_payment);
    }
}

/// A payment can be stored, and its amounts are what people would read.
pub(super) fn check_payment(payment: &OrderPayment) {
    let currency = payment.amount.currency();
    let refunded = payment.refunded_minor.map(|minor| Money::new(minor, currency));
    for money in [Some(payment.amount), refunded].into_iter().flatten() {
        let shown = money.to_major().unwrap().to_string();
        assert_eq!(Money::from_major(&shown, currency), Ok(money), "{shown}");
    }
    for at in [payment.placed_at, payment.updated_at].into_iter().flatten() {
        assert!((1970..=9999).contains(&at.year()), "{at}");
    }
    assert!(payment.refunded_minor.is_none_or(|minor| minor >= 0), "{payment:?}");
    for text in [&payment.customer_email, &payment.card_brand].into_iter().flatten() {
        check_text(text);
    }
}

pub(crate) fn corpus() -> Vec<Vec<u8>> {
    let whole = corpus::values(FIXTURES);
    let disputes: Vec<_> = whole.iter().filter_map(|event| event.pointer("/data/object")).cloned().collect();
    let wrap = |arg| json!({ "action": "woocommerce_woopayments_dispute_closed", "arg": arg });
    let wrapped: Vec<_> = whole.iter().cloned().map(wrap).collect();
    [whole, disputes, wrapped].concat().iter().map(|value| value.to_string().into_bytes()).collect()
}
