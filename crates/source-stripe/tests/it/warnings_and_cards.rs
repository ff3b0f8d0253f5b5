//! Early fraud warnings, and cards by their hashes.

use chargebook_domain::ports::{Detail, DisputeReader, Listing, Period, Reading};
use chargebook_domain::{AccountId, CustomerKey, FraudWarning};
use serde_json::{Value, json};

use crate::server::{Server, list};
use crate::support::{at, fixture, observation, reason, receive};

/// A warning as Stripe sends it (<https://docs.stripe.com/api/radar/early_fraud_warnings/object>).
fn warning(charge: &Value) -> Value {
    json!({
        "id": "evt_w", "object": "event", "type": "radar.early_fraud_warning.created", "created": 1_790_000_100,
        "livemode": true, "data": {"object": {
            "id": "issfr_1", "object": "radar.early_fraud_warning", "actionable": true, "charge": charge,
            "created": 1_790_000_000, "fraud_type": "made_with_lost_card", "livemode": true, "payment_intent": "pi_1"
        }}
    })
}

fn read(event: &Value) -> FraudWarning {
    match receive(&event.to_string()).reading {
        Reading::FraudWarning(warning) => *warning,
        other => panic!("no warning: {other:?}"),
    }
}

#[test]
fn a_warning_is_read_and_its_card_where_the_charge_is_whole() {
    let by_id = read(&warning(&json!("ch_1")));
    assert_eq!((by_id.id.as_str(), by_id.occurred_at), ("issfr_1", at(1_790_000_000)));
    assert_eq!((by_id.charge.unwrap().as_str(), by_id.payment_intent.unwrap().as_str()), ("ch_1", "pi_1"));
    assert_eq!((by_id.fraud_type.as_deref(), by_id.actionable), (Some("made_with_lost_card"), Some(true)));
    assert_eq!(by_id.card_brand, None);
    let card = json!({"payment_method_details": {"card": {"brand": "mastercard"}}});
    let whole = json!({"id": "ch_1", "object": "charge", "payment_method_details": card["payment_method_details"]});
    assert_eq!(read(&warning(&whole)).card_brand.as_deref(), Some("mastercard"));
}

#[test]
fn a_warning_that_is_not_understood_is_told_and_not_taken_for_a_dispute() {
    let mut broken = warning(&json!("ch_1"));
    broken["data"]["object"]["created"] = json!("soon");
    let event = receive(&broken.to_string());
    assert!(reason(&event).contains("created"), "{event:?}");
}

#[tokio::test]
async fn a_card_is_known_by_its_hash_and_only_to_those_who_have_the_key() {
    let event: Value = serde_json::from_str(&fixture("charge_expanded")).unwrap();
    let body = event["data"]["object"].to_string();
    let key = CustomerKey::new(b"a key of at least 16 bytes").unwrap();
    let listing = Listing { account: AccountId::own(), period: Period { from: at(0), until: at(1) }, after: None };
    let server = Server::answering([list(&[&body], false), list(&[&body], false)]).await;
    let blind = server.api().disputes(&listing, Detail::WithPayment).await.unwrap();
    assert_eq!(observation(&blind.items[0].event).claims.card_hash, None);
    let seeing = server.api().with_customers(key).disputes(&listing, Detail::WithPayment).await.unwrap();
    let event = &seeing.items[0].event;
    assert_eq!(observation(event).claims.card_hash, Some(key.card("FakeFinger000001")));
    assert!(!format!("{event:?}").contains("FakeFinger"), "{event:?}");
}
