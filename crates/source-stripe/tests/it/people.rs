//! Nothing about people leaves the crate.

use serde_json::Value;

use crate::support::{fixture, fixtures, receive};

/// All text below a value.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| texts(field, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What a fixture says about people: evidence, and what an expanded charge knows of its payer.
fn personal(body: &str) -> Vec<String> {
    let event: Value = serde_json::from_str(body).unwrap();
    let mut found = Vec::new();
    for pointer in ["evidence", "charge/billing_details", "charge/receipt_email", "charge/customer"] {
        if let Some(value) = event.pointer(&format!("/data/object/{pointer}")) {
            texts(value, &mut found);
        }
    }
    // The country code is in too many words to be looked for.
    found.retain(|text| text.len() > 2);
    found
}

#[test]
fn no_evidence_and_no_payer_is_in_what_is_read() {
    let mut looked_for = 0;
    for name in fixtures() {
        let body = fixture(&name);
        let printed = format!("{:?}", receive(&body));
        for text in personal(&body) {
            assert!(!printed.contains(&text), "{name} shows {text}");
            looked_for += 1;
        }
        assert!(!printed.contains("Fictional") && !printed.contains("example.test"), "{name}");
    }
    assert!(looked_for > 100, "the fixtures hold too little to look for: {looked_for}");
}

#[test]
fn no_value_of_the_body_is_in_a_reason() {
    let body = fixture("created");
    for (from, to) in [
        ("\"amount\": 12400", "\"amount\": \"pia.fictional@example.test\""),
        ("\"status\": \"needs_response\"", "\"status\": [\"pia.fictional@example.test\"]"),
        ("\"charge\": \"ch_3RkWon\"", "\"charge\": {\"email\": \"pia.fictional@example.test\"}"),
    ] {
        let changed = body.replace(from, to);
        assert_ne!(changed, body, "{from}");
        let printed = format!("{:?}", receive(&changed));
        assert!(printed.contains("NotUnderstood") && !printed.contains("fictional"), "{printed}");
    }
}
