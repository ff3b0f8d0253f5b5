//! What holds for any body.

use chargebook_domain::ports::Reading;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::support::{fixture, payment, receive, receive_text, shop, wrapped};

/// Any JSON, with the words that the crate looks for among its names and values.
fn any_json() -> impl Strategy<Value = Value> {
    let words = "action|arg|type|data|object|dispute|charge.dispute.closed|id|dp_1|evt_1|total|currency|status|eur|\
                 balance_transactions|meta_data|key|value|refunds|number|date_paid_gmt|_charge_id|ch_1|\\PC{0,6}";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        words.prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((words, inner), 0..8).prop_map(|fields| Value::from(Map::from_iter(fields))),
        ]
    })
}

/// A fixture in which any one value is any other.
fn spoilt() -> impl Strategy<Value = Value> {
    let fixtures = ["event_closed", "order_woopayments", "order_stripe_gateway"].map(fixture);
    (prop::sample::select(fixtures.to_vec()), any::<prop::sample::Index>(), any_json()).prop_map(
        |(mut body, at, odd)| {
            let mut places = Vec::new();
            pointers(&body, String::new(), &mut places);
            *body.pointer_mut(at.get::<String>(&places)).unwrap() = odd;
            body
        },
    )
}

fn pointers(value: &Value, path: String, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| pointers(value, format!("{path}/{name}"), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| pointers(value, format!("{path}/{at}"), found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    found.push(path);
}

proptest! {
    #[test]
    fn anything_signed_yields_an_event_of_the_shops_book(body in prop_oneof![any_json(), spoilt()], wrap in any::<bool>()) {
        let event = receive(&if wrap { wrapped(&body) } else { body });
        prop_assert_eq!(&event.account, &shop());
        if let Reading::Dispute(said) = &event.reading {
            prop_assert_eq!(&said.key.account, &event.account);
            prop_assert_eq!(&said.cause, &event.id);
        }
    }

    #[test]
    fn any_text_that_is_signed_yields_an_event(text in "\\PC{0,60}") {
        prop_assert_eq!(receive_text(&text).account, shop());
    }

    #[test]
    fn an_amount_is_what_it_was_written_as(minor in 0..=1_000_000_000_000_000_i64) {
        let mut order = fixture("order_woopayments");
        order["total"] = json!(format!("{}.{:02}", minor / 100, minor % 100));
        prop_assert_eq!(payment(&receive(&order)).amount.minor(), minor);
    }
}
