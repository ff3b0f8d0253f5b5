//! Laws over all bodies and headers: an authentic delivery always yields an event, and nothing panics.

use proptest::prelude::*;
use serde_json::{Map, Value};

use chargebook_domain::ports::Reading;
use chargebook_source_stripe::sign;

use crate::support::{SECRET, fixture, fixtures, now, receive, receive_with};

/// Any JSON, with numbers at the edges of what fits.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(Value::from("dispute")),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("id|object|amount|card|[a-z]{1,3}", inner, 0..4)
                .prop_map(|fields| Value::Object(Map::from_iter(fields))),
        ]
    })
}

/// All places in a value, as JSON pointers.
fn places(value: &Value, here: &str, found: &mut Vec<String>) {
    found.push(here.to_owned());
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                places(item, &format!("{here}/{index}"), found);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                places(field, &format!("{here}/{name}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn any_bytes_under_any_header_are_refused(body in any::<Vec<u8>>(), header in any::<String>()) {
        prop_assert!(receive_with(&body, Some(&header)).is_err());
    }

    #[test]
    fn any_header_like_text_is_refused(header in "(t=-?[0-9]{0,20}|v1=[0-9a-fA-F]{0,66}|v0=|,|=| ){0,6}") {
        prop_assert!(receive_with(b"[]", Some(&header)).is_err());
    }

    #[test]
    fn any_text_that_is_signed_yields_an_event(body in any::<String>()) {
        let event = receive(&body);
        prop_assert_eq!(event, receive(&body));
    }

    #[test]
    fn any_json_that_is_signed_yields_an_event(value in json()) {
        receive(&value.to_string());
    }

    #[test]
    fn a_fixture_with_any_value_anywhere_yields_an_event(
        name in prop::sample::select(fixtures()),
        place in any::<prop::sample::Index>(),
        value in json(),
    ) {
        let mut event: Value = serde_json::from_str(&fixture(&name)).unwrap();
        let mut all = Vec::new();
        places(&event, "", &mut all);
        *event.pointer_mut(&all[place.index(all.len())]).unwrap() = value;
        let read = receive(&event.to_string());
        if let Reading::NotUnderstood { reason } = &read.reading {
            prop_assert!(!reason.contains("Fictional"), "{}", reason);
        }
    }

    #[test]
    fn a_fixture_with_any_bytes_changed_yields_an_event_or_is_no_text(
        name in prop::sample::select(fixtures()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut body = fixture(&name).into_bytes();
        for (place, byte) in changes {
            let index = place.index(body.len());
            body[index] = byte;
        }
        if let Ok(text) = std::str::from_utf8(&body) {
            prop_assert!(receive_with(&body, Some(&sign(text, SECRET, now()))).is_ok());
        }
    }
}
