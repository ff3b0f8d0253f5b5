//! Signed bodies that can't be read: each is kept, with the place and what was expected there.

use serde_json::json;

use chargebook_domain::ports::Reading;
use chargebook_domain::{AccountId, Currency};

use crate::support::{changed, fixture, observation, reason, receive, without};

const INTEGER: &str = "expected an integer number of minor units";
const ID: &str = "expected an id of 1 to 255 printable characters";
const WORD: &str = "expected text of 1 to 255 printable characters";
const TIME: &str = "expected a time in Unix seconds, between the years 1970 and 9999";
const NO_EVENT: &str = "the body: expected one JSON object, nested at most 127 deep";

#[test]
fn what_is_no_event_is_named_by_its_digest() {
    let whole = fixture("created");
    let half = whole.get(..whole.len() / 2).unwrap();
    for body in ["", "no JSON", "[]", "[{}]", "null", "1e999", "{\"id\":\"evt_1\"}x", "{\"id\":\"\\ud800\"}", half] {
        let event = receive(body);
        assert_eq!(reason(&event), NO_EVENT, "{body}");
        assert_eq!((event.account, event.event_type.as_str(), event.livemode), (AccountId::own(), "", None));
        assert!(event.id.as_str().starts_with("sha256:"), "{}", event.id);
    }
    // From `printf %s '[]' | sha256sum`.
    let digest = "sha256:4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945";
    assert_eq!(receive("[]").id.as_str(), digest);
    assert_ne!(receive("{}").id, receive("{} ").id);
}

#[test]
fn each_field_of_the_envelope_stands_on_its_own() {
    let event = receive(r#"{"id":"evt_1","type":7,"livemode":true}"#);
    assert_eq!((event.id.as_str(), event.event_type.as_str(), event.livemode), ("evt_1", "", Some(true)));
    assert_eq!(reason(&event), format!("type: {WORD}"));

    let event = receive(r#"{"type":"charge.refunded","livemode":"yes"}"#);
    assert!(event.id.as_str().starts_with("sha256:"));
    assert_eq!((event.event_type.as_str(), event.livemode), ("charge.refunded", None));
    assert_eq!(reason(&event), format!("id: {ID}"));
}

#[test]
fn a_field_that_is_missing_is_named() {
    for (pointer, expected) in [
        ("/id", format!("id: {ID}")),
        ("/type", format!("type: {WORD}")),
        ("/livemode", "livemode: expected true or false".to_owned()),
        ("/created", format!("created: {TIME}")),
        ("/data", "data: expected an object".to_owned()),
        ("/data/object", "data.object: expected an object".to_owned()),
        ("/data/object/object", "data.object.object: expected \"dispute\"".to_owned()),
        ("/data/object/id", format!("data.object.id: {ID}")),
        ("/data/object/amount", format!("data.object.amount: {INTEGER}")),
        ("/data/object/currency", "data.object.currency: expected a currency of three letters".to_owned()),
        ("/data/object/status", format!("data.object.status: {WORD}")),
        ("/data/object/balance_transactions/0/id", format!("data.object.balance_transactions[0].id: {ID}")),
        ("/data/object/balance_transactions/0/type", format!("data.object.balance_transactions[0].type: {WORD}")),
    ] {
        assert_eq!(reason(&receive(&without(pointer))), expected);
    }
}

#[test]
fn a_field_of_the_wrong_shape_is_named() {
    let long = "x".repeat(256);
    let object = |field: &str| format!("/data/object/{field}");
    let row = |field: &str| format!("/data/object/balance_transactions/0/{field}");
    for (pointer, value, expected) in [
        (object("amount"), json!("12400"), format!("data.object.amount: {INTEGER}")),
        (object("amount"), json!(124.0), format!("data.object.amount: {INTEGER}")),
        (object("amount"), json!(9_223_372_036_854_775_808_u64), format!("data.object.amount: {INTEGER}")),
        (object("currency"), json!("usdx"), "data.object.currency: expected a currency of three letters".into()),
        (object("currency"), json!("u$d"), "data.object.currency: expected a currency of three letters".into()),
        (object("id"), json!("du_\u{0}1"), format!("data.object.id: {ID}")),
        (object("id"), json!(long), format!("data.object.id: {ID}")),
        (object("status"), json!("lost\u{0}"), format!("data.object.status: {WORD}")),
        (object("status"), json!(""), format!("data.object.status: {WORD}")),
        (
            object("reason"),
            json!("\u{0}"),
            "data.object.reason: expected text of at most 255 printable characters".into(),
        ),
        (
            object("charge"),
            json!({"object": "charge"}),
            "data.object.charge: expected a charge, or its id of 1 to 255 printable characters".into(),
        ),
        (
            object("payment_intent"),
            json!(7),
            "data.object.payment_intent: expected a payment intent, or its id of 1 to 255 printable characters".into(),
        ),
        (object("evidence_details"), json!([]), "data.object.evidence_details: expected an object".into()),
        (object("created"), json!(-1), format!("data.object.created: {TIME}")),
        (object("balance_transactions"), json!({}), "data.object.balance_transactions: expected a list".into()),
        (
            object("payment_method_details"),
            json!({"card": {"last4": "4242424242424242"}}),
            "data.object.payment_method_details.card.last4: expected the last four digits of a card".into(),
        ),
        (row("amount"), json!("x"), format!("data.object.balance_transactions[0].amount: {INTEGER}")),
        (row("fee"), json!(0.5), format!("data.object.balance_transactions[0].fee: {INTEGER}")),
        (row("source"), json!({"object": "dispute"}), "data.object.balance_transactions[0].source: expected an object, or its id of 1 to 255 printable characters".into()),
        (row("net"), json!(true), format!("data.object.balance_transactions[0].net: {INTEGER}")),
        (row("created"), json!(i64::MAX), format!("data.object.balance_transactions[0].created: {TIME}")),
        (
            row("description"),
            json!("a\u{0}"),
            "data.object.balance_transactions[0].description: expected text without NUL characters".into(),
        ),
        ("/created".into(), json!("2026-09-01"), format!("created: {TIME}")),
        (
            "/account".into(),
            json!("default"),
            "account: expected the id of an account, acct_ and at most 250 printable characters".into(),
        ),
    ] {
        assert_eq!(reason(&receive(&changed(&pointer, value))), expected);
    }
}

#[test]
fn a_balance_transaction_that_is_only_an_id_can_not_be_read() {
    let body = changed("/data/object/balance_transactions", json!(["txn_1"]));
    let expected = "data.object.balance_transactions[0]: expected the whole balance transaction, not its id";
    assert_eq!(reason(&receive(&body)), expected);
}

#[test]
fn a_net_that_can_not_be_worked_out_is_named() {
    let row =
        json!([{"id": "txn_1", "amount": i64::MIN, "fee": 1, "currency": "usd", "type": "adjustment", "created": 1}]);
    let event = receive(&changed("/data/object/balance_transactions", row));
    let expected = "data.object.balance_transactions[0].net: expected to be given, as amount less fee is too large";
    assert_eq!(reason(&event), expected);
}

#[test]
fn nesting_of_any_depth_is_survived() {
    // As much as the server accepts of a body.
    for open in ["[", "{\"a\":", "{\"data\":{\"object\":", "{\"id\":\"evt_1\",\"data\":["] {
        let body = open.repeat(1_048_576 / open.len());
        assert_eq!(reason(&receive(&body)), NO_EVENT, "{open}");
    }
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let body = fixture("created").replacen("\"metadata\": {", &format!("\"metadata\": {{ \"deep\": {deep},"), 1);
    assert_ne!(body, fixture("created"));
    assert_eq!(reason(&receive(&body)), NO_EVENT);
}

#[test]
fn a_thin_payload_says_how_to_make_the_endpoint() {
    let event = receive(&fixture("v2_thin_event"));
    assert_eq!(event.id.as_str(), "evt_test_65RkThin");
    assert_eq!(event.event_type, "v2.core.account.updated");
    let expected = "object: expected a snapshot of the object, and this is a thin payload: \
                    create the webhook endpoint with snapshot payloads";
    assert_eq!(reason(&event), expected);
}

#[test]
fn events_that_are_not_about_disputes_need_nothing_but_an_id_and_a_type() {
    for body in [
        r#"{"id":"evt_1","type":"charge.refunded"}"#,
        r#"{"id":"evt_1","type":"nobody.knows","data":[1,2],"created":"soon"}"#,
        r#"{"id":"evt_1","type":"issuing_dispute.created","data":{"object":{"object":"issuing.dispute","id":"idp_1"}}}"#,
    ] {
        assert_eq!(receive(body).reading, Reading::NotADispute, "{body}");
    }
}

#[test]
fn a_dispute_is_read_under_an_event_type_that_is_not_known_yet() {
    for event_type in ["charge.dispute.something_new", "dispute.something_new"] {
        let event = receive(&changed("/type", json!(event_type)));
        assert_eq!(event.event_type, event_type);
        assert_eq!(observation(&event).key.dispute.as_str(), "du_1RkWon");
    }
    let event = receive(&changed("/data/object/object", json!("something")));
    assert_eq!(reason(&event), "data.object.object: expected \"dispute\"");
}

#[test]
fn what_is_merely_unknown_is_kept() {
    let event = receive(&changed("/data/object/currency", json!("zzz")));
    assert_eq!(observation(&event).claims.disputed.currency(), Currency::parse("zzz").unwrap());
    let event = receive(&changed("/data/object/amount", json!(i64::MAX)));
    assert_eq!(observation(&event).claims.disputed.minor(), i64::MAX);
    let event = receive(&changed("/data/object/reason", json!("")));
    assert_eq!(observation(&event).claims.reason, None);
}

#[test]
fn objects_that_stand_in_the_place_of_their_ids_are_read_as_their_ids() {
    let event = receive(&changed("/data/object/balance_transactions/0/source", json!({"id": "du_whole", "amount": 1})));
    assert_eq!(observation(&event).movements[0].source.as_deref(), Some("du_whole"));
    let event = receive(&changed("/data/object/charge", json!({"id": "ch_whole"})));
    assert_eq!(observation(&event).claims.charge.as_ref().unwrap().as_str(), "ch_whole");
}

#[test]
fn a_long_description_is_cut() {
    let event = receive(&changed("/data/object/balance_transactions/0/description", json!("é".repeat(501))));
    assert_eq!(observation(&event).movements[0].description, Some("é".repeat(500)));
}
