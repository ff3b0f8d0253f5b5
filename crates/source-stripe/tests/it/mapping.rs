//! The fixtures, field by field: what is expected is written out in `mapping_cases`.

use chargebook_domain::AccountId;
use chargebook_domain::ports::Reading;
use serde_json::Value;

use crate::mapping_cases::{Case, cases};
use crate::support::{fixture, fixtures, observation, receive};

#[test]
fn every_fixture_maps_to_exactly_what_it_says() {
    for Case { fixture: name, observation: expected } in cases() {
        let event = receive(&fixture(name));
        assert_eq!(observation(&event), &expected, "{name}");
        assert_eq!((&event.id, &event.account), (&expected.cause, &expected.key.account), "{name}");
        assert_eq!(event.livemode, Some(false), "{name}");
        assert!(event.event_type.starts_with("charge.dispute."), "{name}");
    }
}

#[test]
fn every_fixture_has_a_case() {
    let mut cased: Vec<_> = cases().iter().map(|case| case.fixture.to_owned()).collect();
    cased.push("v2_thin_event".to_owned());
    cased.sort();
    assert_eq!(cased, fixtures());
}

#[test]
fn only_a_connected_account_has_a_book_of_its_own() {
    let event = receive(&fixture("connected_account"));
    assert_eq!(event.account.as_str(), "acct_1RkConnected");
    assert_eq!(receive(&fixture("created")).account, AccountId::own());
}

#[test]
fn an_event_with_nothing_but_what_is_required_is_read() {
    let body = r#"{"id":"evt_1","type":"charge.dispute.created","livemode":true,"created":5,"data":{"object":
        {"object":"dispute","id":"du_1","amount":1,"currency":"USD","status":"lost"}}}"#;
    let event = receive(body);
    let read = observation(&event);
    assert_eq!(event.livemode, Some(true));
    assert_eq!(read.claims, chargebook_domain::Claims::of(read.claims.disputed));
    assert_eq!(read.claims.disputed.currency().code(), "usd");
    assert!(read.movements.is_empty());
    // Null says as little as absence.
    let mut nulled: Value = serde_json::from_str(body).unwrap();
    for name in [
        "charge",
        "payment_intent",
        "metadata",
        "reason",
        "created",
        "evidence_details",
        "payment_method_details",
        "balance_transactions",
    ] {
        nulled["data"]["object"][name] = Value::Null;
    }
    nulled["account"] = Value::Null;
    assert_eq!(receive(&nulled.to_string()).reading, Reading::Dispute(Box::new(read.clone())));
}

#[test]
fn a_movement_without_fee_and_net_has_no_fee() {
    let body = r#"{"id":"evt_1","type":"charge.dispute.created","livemode":true,"created":5,"data":{"object":
        {"object":"dispute","id":"du_1","amount":1,"currency":"usd","status":"lost","balance_transactions":
        [{"id":"txn_1","amount":-7,"currency":"usd","type":"adjustment","created":5},
         {"id":"txn_2","amount":-7,"fee":2,"net":-8,"currency":"usd","type":"stripe_fee","created":5,
          "reporting_category":"fee"}]}}}"#;
    let event = receive(body);
    let figures: Vec<_> = observation(&event)
        .movements
        .iter()
        .map(|movement| (movement.amount_minor, movement.fee_minor, movement.net_minor, movement.category.as_str()))
        .collect();
    // The second contradicts itself, and is kept as Stripe states it.
    assert_eq!(figures, [(-7, 0, -7, "withdrawal"), (-7, 2, -8, "fee")]);
}

#[test]
fn the_orders_reference_is_the_first_that_metadata_holds() {
    let body = |metadata: &str| {
        let body = fixture("created");
        let changed = body.replace("\"order_id\": \"SO-1001\"", metadata);
        assert_ne!(body, changed);
        changed
    };
    for (metadata, expected) in [
        (r#""order": "5", "order_number": "4", "orderCode": "3", "order_id": "2", "order_ref": "1""#, Some("1")),
        (r#""order": "5", "order_number": "4", "orderCode": "3""#, Some("3")),
        (r#""order": "5""#, Some("5")),
        (r#""order_ref": "", "order_id": "2""#, Some("2")),
        (r#""order_ref": " padded", "order_id": "\u0000", "order": "5""#, Some("5")),
        (r#""order_ref": 7"#, None),
        (r#""Order_Ref": "1""#, None),
    ] {
        let event = receive(&body(metadata));
        let hint = observation(&event).claims.order_hint.as_ref().map(ToString::to_string);
        assert_eq!(hint.as_deref(), expected, "{metadata}");
    }
}

#[test]
fn zero_and_null_are_no_due_date() {
    for (given, expected) in [("0", None), ("null", None), ("1789948800", Some(1_789_948_800))] {
        let body = fixture("created");
        let changed = body.replace("\"due_by\": 1789948800", &format!("\"due_by\": {given}"));
        let event = receive(&changed);
        let due_by = observation(&event).claims.evidence_due_by;
        assert_eq!(due_by.map(|time| time.timestamp()), expected, "{given}");
    }
}
