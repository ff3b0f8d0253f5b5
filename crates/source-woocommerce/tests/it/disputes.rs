//! Events and disputes as a shop passes them on.

use chargebook_domain::ports::Reading;
use chargebook_domain::{Basis, DisputeKey, Status};
use chargebook_source_woocommerce::read_kept;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{at, fixture, now, observation, reason, receive, receive_text, shop, with, wrapped};

fn event() -> Value {
    fixture("event_closed")
}

fn dispute() -> Value {
    event()["data"]["object"].clone()
}

#[test]
fn an_event_in_the_argument_is_read_into_the_book_of_the_shop() {
    let received = receive(&wrapped(&event()));
    assert_eq!(received.account, shop());
    assert_eq!((received.id.as_str(), received.event_type.as_str()), ("evt_1WooClosed", "charge.dispute.closed"));
    assert_eq!(received.livemode, Some(true));
    let read = observation(&received);
    assert_eq!(read.key, DisputeKey { account: shop(), dispute: "dp_1Woo".parse_id() });
    assert_eq!((&read.cause, read.basis, read.as_of), (&received.id, Basis::Event, at(1_789_000_000)));
    assert_eq!(read.status, Status::Lost);
    let claims = &read.claims;
    assert_eq!(claims.charge.as_ref().map(ToString::to_string).as_deref(), Some("ch_1Woo"));
    assert_eq!(claims.payment_intent.as_ref().map(ToString::to_string).as_deref(), Some("pi_1Woo"));
    assert_eq!((claims.disputed.minor(), claims.disputed.currency().code()), (4200, "eur"));
    assert_eq!((claims.card_brand.as_deref(), claims.case_type.as_deref()), (Some("visa"), Some("chargeback")));
    assert_eq!((claims.opened_at, claims.evidence_submitted), (Some(at(1_788_253_200)), Some(true)));
    let moved: Vec<_> =
        read.movements.iter().map(|m| (m.id.as_str(), m.amount_minor, m.fee_minor, m.net_minor)).collect();
    assert_eq!(moved, [("txn_1Woo", -4200, 1500, -5700)]);
    // The same event without WooCommerce's wrapping is the same.
    assert_eq!(receive(&event()), received);
}

trait ParseId {
    fn parse_id(&self) -> chargebook_domain::DisputeId;
}

impl ParseId for str {
    fn parse_id(&self) -> chargebook_domain::DisputeId {
        chargebook_domain::DisputeId::parse(self).unwrap()
    }
}

#[test]
fn what_php_makes_of_empty_objects_says_nothing() {
    let mut given = event();
    for name in ["metadata", "payment_method_details", "evidence", "evidence_details"] {
        given["data"]["object"][name] = json!([]);
    }
    let mut absent = event();
    for name in ["metadata", "payment_method_details", "evidence", "evidence_details"] {
        absent["data"]["object"].as_object_mut().unwrap().remove(name);
    }
    let (given, absent) = (receive(&wrapped(&given)), receive(&wrapped(&absent)));
    assert_eq!(observation(&given), observation(&absent));
    let nothing_moved = with(&event(), "/data/object/balance_transactions", json!([]));
    assert!(observation(&receive(&wrapped(&nothing_moved))).movements.is_empty());
}

#[test]
fn the_mode_is_the_events_else_the_disputes_else_not_known() {
    for (of_event, of_dispute, expected) in [
        (json!(false), json!(true), Some(false)),
        (json!(null), json!(false), Some(false)),
        (json!(null), json!(null), None),
    ] {
        let event = with(&with(&event(), "/livemode", of_event), "/data/object/livemode", of_dispute);
        assert_eq!(receive(&wrapped(&event)).livemode, expected);
    }
}

#[test]
fn an_event_without_an_id_is_named_by_what_it_says() {
    let nameless = with(&event(), "/id", Value::Null);
    let named = |event: &Value| receive(&wrapped(event)).id.to_string();
    let name = named(&nameless);
    assert!(name.starts_with("sha256:"), "{name}");
    assert_eq!(observation(&receive(&wrapped(&nameless))).cause.as_str(), name);
    // What does not change what is said of the dispute's life does not change the name.
    let repeated = with(&nameless, "/data/object/evidence/customer_name", json!("Somebody Else"));
    assert_eq!(named(&repeated), name);
    let mut two = nameless.clone();
    let rows = two["data"]["object"]["balance_transactions"].as_array_mut().unwrap();
    rows.push(with(&rows[0].clone(), "/id", json!("txn_0Woo")));
    let mut two_swapped = two.clone();
    two_swapped["data"]["object"]["balance_transactions"].as_array_mut().unwrap().reverse();
    assert_eq!(named(&two), named(&two_swapped));
    assert_ne!(named(&two), name);
    for (pointer, changed) in [
        ("/type", json!("charge.dispute.updated")),
        ("/created", json!(1_789_000_001)),
        ("/data/object/id", json!("dp_2Woo")),
        ("/data/object/status", json!("won")),
        ("/data/object/evidence_details/due_by", json!(1_788_825_601)),
        ("/data/object/evidence_details/submission_count", json!(0)),
    ] {
        assert_ne!(named(&with(&nameless, pointer, changed)), name, "{pointer}");
    }
}

#[test]
fn what_is_not_dated_is_a_read_of_the_second_before_it_came() {
    let a_second_before = now() - TimeDelta::seconds(1);
    let undated = with(&event(), "/created", Value::Null);
    for body in [wrapped(&undated), wrapped(&dispute()), dispute()] {
        let event = receive(&body);
        let read = observation(&event);
        // The metadata names the time of the verdict, and does not say of which: disputes are reopened.
        assert_eq!((read.basis, read.as_of), (Basis::Read, a_second_before));
        assert_eq!(read.status, Status::Lost);
    }
    assert_eq!(receive(&wrapped(&undated)).id.as_str(), "evt_1WooClosed");
}

#[test]
fn a_bare_dispute_is_known_by_its_word_or_by_its_id() {
    let bare = receive(&wrapped(&dispute()));
    assert_eq!(bare.event_type, "woocommerce.dispute");
    assert!(bare.id.as_str().starts_with("sha256:"));
    assert_eq!(receive(&dispute()), bare);
    for id in ["dp_1Woo", "du_1Woo"] {
        let wordless = with(&with(&dispute(), "/object", Value::Null), "/id", json!(id));
        assert_eq!(observation(&receive(&wrapped(&wordless))).key.dispute.as_str(), id);
    }
    assert_eq!(bare.livemode, None);
    assert_eq!(receive(&with(&dispute(), "/livemode", json!(false))).livemode, Some(false));
}

#[test]
fn events_that_are_not_about_disputes_are_ignored() {
    for event_type in ["charge.succeeded", "payout.paid"] {
        let other = json!({"id": "evt_2", "type": event_type, "data": {"object": {"object": "charge", "id": "ch_1"}}});
        let received = receive(&wrapped(&other));
        assert_eq!((received.id.as_str(), &received.reading), ("evt_2", &Reading::NotADispute));
    }
    // A type that is not known yet is read by what it carries.
    let new = with(&event(), "/type", json!("dispute.something_new"));
    assert_eq!(observation(&receive(&new)).status, Status::Lost);
}

#[test]
fn what_is_not_understood_says_where_and_nothing_of_the_body() {
    let hook = |arg: Value| json!({"action": "woocommerce_payments_before_webhook_delivery", "arg": arg});
    for (body, expected) in [
        (hook(json!("charge.dispute.closed")), "arg: expected an event, and this is text"),
        (hook(json!(1042)), "arg: expected an object"),
        (hook(json!(null)), "arg: expected an event about a dispute"),
        (hook(json!([])), "arg: expected an event about a dispute"),
        (hook(json!({"id": "cus_secret", "email": "pia@example.test"})), "arg: expected an event about a dispute"),
        (json!({"id": 9, "email": "pia@example.test"}), "the body: expected an event about a dispute"),
        (json!(["charge.dispute.closed"]), "the body: expected one JSON object"),
        (wrapped(&with(&event(), "/data/object", json!("dp_secret"))), "arg.data.object: expected an object"),
        (
            wrapped(&with(&event(), "/data/object/object", json!("charge"))),
            "arg.data.object.object: expected \"dispute\"",
        ),
        (
            wrapped(&with(&event(), "/data/object/amount", json!("42.00 pia"))),
            "arg.data.object.amount: expected an integer",
        ),
        (wrapped(&with(&event(), "/id", json!(17))), "arg.id: expected an id"),
        (with(&event(), "/created", json!("yesterday")), "created: expected a time in Unix seconds"),
        (
            with(&event(), "/data/object/balance_transactions", json!(["txn_secret"])),
            "data.object.balance_transactions[0]: expected the whole balance transaction",
        ),
    ] {
        let received = receive(&body);
        let why = reason(&received);
        assert!(why.starts_with(expected), "{why}");
        assert!(received.id.as_str().starts_with("sha256:"));
        assert_eq!(received.account, shop());
        for value in ["secret", "pia", "17", "1042", "yesterday", "42.00"] {
            assert!(!why.contains(value), "{why}");
        }
    }
    for text in ["", "no json", "webhook_id=1", "{\"arg\":"] {
        assert!(reason(&receive_text(text)).starts_with("the body: expected one JSON object"), "{text}");
    }
}

#[test]
fn nothing_about_people_is_in_what_is_read_of_a_dispute() {
    let mut expanded = event();
    expanded["data"]["object"]["charge"] = json!({
        "id": "ch_1Woo", "billing_details": {"email": "pia.fictional@example.test", "name": "Pia Fictional"},
        "payment_method_details": {"card": {"last4": "4242", "fingerprint": "Fingerprint1"}},
    });
    let printed = format!("{:?}", receive(&wrapped(&expanded)));
    assert!(printed.contains("ch_1Woo") && printed.contains("4242"), "{printed}");
    for personal in ["pia", "Pia", "Fictional", "Fingerprint1"] {
        assert!(!printed.contains(personal), "{personal}");
    }
}

#[test]
fn a_body_that_was_kept_is_read_as_it_was_received() {
    for body in [wrapped(&event()), wrapped(&dispute()), json!({"action": "a", "arg": "text"})] {
        assert_eq!(read_kept(&shop(), &body.to_string(), now()), receive(&body));
    }
}
