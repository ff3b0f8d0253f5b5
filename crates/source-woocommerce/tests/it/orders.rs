//! Orders as payments.

use chargebook_domain::ports::Reading;
use serde_json::{Value, json};

use crate::support::{fixture, payment, reason, receive, shop, with, wrapped};

fn order() -> Value {
    fixture("order_woopayments")
}

#[test]
fn an_order_paid_by_woopayments_is_its_payment() {
    let received = receive(&order());
    assert_eq!((&received.account, received.event_type.as_str()), (&shop(), "woocommerce.order"));
    assert_eq!(received.livemode, Some(true));
    assert!(received.id.as_str().starts_with("sha256:"));
    let paid = payment(&received);
    assert_eq!(paid.order_ref.as_str(), "1042");
    assert_eq!(paid.charge.as_ref().map(ToString::to_string).as_deref(), Some("ch_1Woo"));
    assert_eq!(paid.payment_intent.as_ref().map(ToString::to_string).as_deref(), Some("pi_1Woo"));
    assert_eq!(paid.amount.to_string(), "42.00 EUR");
    assert_eq!(paid.refunded_minor, Some(0));
    assert_eq!(paid.customer_email.as_deref(), Some("pia.fictional@example.test"));
    assert_eq!(paid.placed_at.unwrap().to_rfc3339(), "2026-09-01T09:00:00+00:00");
    assert_eq!(paid.updated_at.unwrap().to_rfc3339(), "2026-09-01T09:05:00+00:00");
    assert_eq!(paid.card_brand.as_deref(), Some("visa"));
    // The same order as the argument of a hook.
    assert_eq!(payment(&receive(&wrapped(&order()))), paid);
}

#[test]
fn an_order_paid_by_the_stripe_gateway_is_its_payment() {
    let received = receive(&fixture("order_stripe_gateway"));
    let paid = payment(&received);
    assert_eq!((received.livemode, paid.order_ref.as_str()), (None, "SO-77"));
    assert_eq!(paid.charge.as_ref().map(ToString::to_string).as_deref(), Some("ch_77Gateway"));
    assert_eq!(paid.payment_intent.as_ref().map(ToString::to_string).as_deref(), Some("pi_77Gateway"));
    assert_eq!((paid.amount.minor(), paid.amount.currency().code()), (5000, "jpy"));
    // Not the one by which WooPayments writes a lost dispute off: it returned nothing to the customer.
    assert_eq!(paid.refunded_minor, Some(1500));
    assert_eq!((paid.customer_email.as_deref(), paid.card_brand.as_deref()), (None, Some("amex")));
}

#[test]
fn the_payment_is_where_the_gateways_keep_it() {
    for (transaction, meta, charge, intent) in [
        ("pi_1", json!([]), None, Some("pi_1")),
        ("ch_1", json!([]), Some("ch_1"), None),
        ("py_1", json!([]), Some("py_1"), None),
        ("pi_1", json!([{"key": "_charge_id", "value": "ch_2"}]), Some("ch_2"), Some("pi_1")),
        ("", json!([{"key": "_charge_id", "value": ""}, {"key": "_charge_id", "value": "ch_3"}]), Some("ch_3"), None),
        ("ch_1", json!([{"key": "_stripe_intent_id", "value": "pi_2"}]), Some("ch_1"), Some("pi_2")),
        ("ch_1", json!([{"key": "_intent_id", "value": "seti_1"}]), Some("ch_1"), None),
        ("ch_1", json!([{"key": "_intent_id", "value": {"id": "pi_9"}}, "odd", 7]), Some("ch_1"), None),
    ] {
        let order = with(&with(&order(), "/transaction_id", json!(transaction)), "/meta_data", meta);
        let received = receive(&order);
        let paid = payment(&received);
        assert_eq!(paid.charge.as_ref().map(ToString::to_string).as_deref(), charge, "{order}");
        assert_eq!(paid.payment_intent.as_ref().map(ToString::to_string).as_deref(), intent, "{order}");
    }
}

#[test]
fn an_order_that_was_not_paid_through_stripe_is_ignored() {
    let elsewhere = with(&with(&order(), "/transaction_id", json!("8XY12345")), "/meta_data", json!([]));
    for (order, why) in [
        (elsewhere, "it was paid elsewhere"),
        (with(&order(), "/date_paid_gmt", Value::Null), "it was not paid"),
        (with(&order(), "/billing_period", json!("month")), "it is a subscription, whose orders come by themselves"),
    ] {
        assert_eq!(receive(&order).reading, Reading::NotADispute, "{why}");
    }
}

#[test]
fn the_mode_is_what_woopayments_says() {
    for (mode, expected) in [("prod", Some(true)), ("live", Some(true)), ("test", Some(false)), ("other", None)] {
        assert_eq!(receive(&with(&order(), "/meta_data/2/value", json!(mode))).livemode, expected);
    }
}

#[test]
fn amounts_are_exact_or_not_understood() {
    for (total, currency, expected) in [
        ("42.00", "EUR", Some(4200)),
        ("42", "usd", Some(4200)),
        ("42.500", "EUR", Some(4250)),
        ("5000.00", "JPY", Some(5000)),
        ("1.234", "KWD", Some(1234)),
        // Two decimals at Stripe, although it has none in life.
        ("1500", "ISK", Some(150_000)),
        ("42.005", "EUR", None),
        ("1,042.00", "EUR", None),
        ("", "EUR", None),
        ("1.5", "JPY", None),
        ("42.00", "ZZZ", None),
        ("42.00", "EURO", None),
        ("99999999999999999999", "EUR", None),
    ] {
        let order = with(&with(&order(), "/total", json!(total)), "/currency", json!(currency));
        let received = receive(&order);
        match expected {
            Some(minor) => assert_eq!(payment(&received).amount.minor(), minor, "{total} {currency}"),
            None => assert!(reason(&received).contains(": expected "), "{total} {currency}"),
        }
    }
    assert!(reason(&receive(&with(&order(), "/total", json!(42)))).starts_with("total: expected an amount"));
}

#[test]
fn an_order_is_called_by_its_number_else_by_its_id() {
    for (number, expected) in [(json!("A-7"), "A-7"), (json!(7), "7"), (Value::Null, "1042")] {
        let received = receive(&with(&order(), "/number", number));
        assert_eq!(payment(&received).order_ref.as_str(), expected);
    }
    assert!(reason(&receive(&with(&order(), "/number", json!({})))).starts_with("number: expected"));
}

#[test]
fn what_only_decorates_an_order_never_hides_it() {
    let odd = with(&with(&order(), "/billing", json!("pia@example.test")), "/meta_data/4/value", json!("Visa\u{0}"));
    let received = receive(&odd);
    let paid = payment(&received);
    assert_eq!((paid.customer_email.as_deref(), paid.card_brand.as_deref()), (None, None));
    let silent = with(&odd, "/refunds", Value::Null);
    assert_eq!(payment(&receive(&silent)).refunded_minor, None);
}

#[test]
fn a_fault_in_an_order_holds_no_value_of_it() {
    for (pointer, expected) in [
        ("/date_created_gmt", "date_created_gmt: expected a time of UTC"),
        ("/currency", "currency: expected a currency"),
        ("/total", "total: expected an amount"),
        ("/refunds", "refunds: expected a list"),
    ] {
        let received = receive(&with(&order(), pointer, json!("pia@example.test")));
        let why = reason(&received);
        assert!(why.starts_with(expected) && !why.contains("pia"), "{why}");
    }
}

#[test]
fn a_time_that_cannot_be_one_is_a_fault() {
    // The first is what PHP makes of MySQL's zero date.
    for time in ["-0001-11-30T00:00:00", "0026-09-01T09:00:00", "+12026-09-01T09:00:00"] {
        let received = receive(&with(&order(), "/date_modified_gmt", json!(time)));
        assert!(reason(&received).starts_with("date_modified_gmt: expected a time of UTC"), "{time}");
    }
}
