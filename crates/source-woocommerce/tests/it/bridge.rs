//! The WordPress plugin of docs/woocommerce, by the real PHP.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use chargebook_domain::ports::{Delivery, DisputeSource, Reading, SourceEvent};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{fixture, json_in, now, observation, receive, source, wrapped};

/// One that WooCommerce could have made up, and as WordPress stores it.
const SECRET: &str = r#"a<b & "c" 'd'"#;
const STORED_SECRET: &str = "a&lt;b &amp; &quot;c&quot; &#039;d&#039;";

/// What WooCommerce would send.
#[derive(Deserialize)]
struct Sent {
    topic: String,
    body: String,
    signature: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs a PHP script of docs/woocommerce/tests, and gives what it wrote.
fn php(script: &str, input: &str) -> String {
    let mut command = Command::new("php");
    command.arg(root().join("docs/woocommerce/tests").join(script));
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.unwrap_or_else(|error| {
        panic!("php can't be run ({error}): the bridge is tested by the real PHP; run script/bootstrap --tests")
    });
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let problems = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && problems.is_empty(), "{script}: {problems}");
    String::from_utf8(output.stdout).unwrap()
}

/// What the shop sends when WooPayments tells of these events.
fn bridged(events: &[Value]) -> Vec<Sent> {
    let written = php("deliver.php", &json!({ "secret": STORED_SECRET, "events": events }).to_string());
    serde_json::from_str(&written).unwrap()
}

fn accepted(sent: &Sent) -> SourceEvent {
    let delivery = Delivery { signature: Some(&sent.signature), body: sent.body.as_bytes(), received_at: now() };
    source(&[SECRET]).receive(&delivery).unwrap()
}

/// Events as Stripe writes them, one for each story that disputes have.
fn stripes_events() -> Vec<Value> {
    let folder = root().join("crates/source-stripe/fixtures");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let events = paths.iter().map(|path| json_in(path));
    events.filter(|event| event["type"].as_str().is_some_and(|name| name.starts_with("charge.dispute."))).collect()
}

#[test]
fn the_bridge_keeps_its_promises() {
    let told = php("bridge_test.php", "");
    assert!(told.ends_with(" checks hold\n"), "{told}");
}

#[test]
fn what_the_bridge_passes_on_is_accepted_and_says_what_the_event_said() {
    let events = stripes_events();
    assert!(events.len() > 15, "{}", events.len());
    let sent = bridged(&events);
    assert_eq!(sent.len(), events.len());
    for (sent, event) in sent.iter().zip(&events) {
        let event_type = event["type"].as_str().unwrap();
        let hook = event_type.replace("charge.dispute.", "woocommerce_woopayments_dispute_");
        assert_eq!(sent.topic, format!("action.{hook}"));
        // Word for word what is read of the event itself.
        assert_eq!(accepted(sent), receive(&wrapped(event)), "{event_type}");
    }
}

#[test]
fn no_evidence_and_nobody_leaves_the_shop() {
    let mut expanded = fixture("event_closed");
    expanded["data"]["object"]["charge"] =
        json!({"id": "ch_1Woo", "billing_details": {"email": "pia.fictional@example.test"}, "customer": "cus_secret"});
    let sent = bridged(&[expanded]);
    for personal in ["fictional", "Fictional", "cus_secret", "evidence\""] {
        assert!(!sent[0].body.contains(personal), "{personal}: {}", sent[0].body);
    }
    assert_eq!(observation(&accepted(&sent[0])).claims.charge.as_ref().unwrap().as_str(), "ch_1Woo");
}

#[test]
fn an_event_that_is_too_long_arrives_with_all_its_money() {
    let mut long = fixture("event_closed");
    let row = long["data"]["object"]["balance_transactions"][0].clone();
    let rows = (0..35).map(|number| {
        let mut row = row.clone();
        row["id"] = json!(format!("txn_{number}"));
        row
    });
    long["data"]["object"]["balance_transactions"] = rows.collect();
    let sent = php_with_log(&long);
    assert!(sent.body.len() < 8000, "{}", sent.body.len());
    let event = accepted(&sent);
    let movements = &observation(&event).movements;
    assert_eq!((movements.len(), movements.iter().map(|moved| moved.net_minor).sum::<i64>()), (35, 35 * -5700));
}

/// As `bridged`, for an event of which PHP's log says something.
fn php_with_log(event: &Value) -> Sent {
    let script = root().join("docs/woocommerce/tests/deliver.php");
    let input = json!({ "secret": STORED_SECRET, "events": [event] }).to_string();
    let mut child = Command::new("php")
        .args(["-d", "error_log=/dev/null"])
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let mut sent: Vec<Sent> = serde_json::from_slice(&output.stdout).unwrap();
    sent.remove(0)
}

#[test]
fn a_changed_body_of_the_bridge_is_refused_and_a_repeated_one_is_the_same_event() {
    let sent = bridged(&[fixture("event_closed"), fixture("event_closed")]);
    assert_eq!(accepted(&sent[0]), accepted(&sent[1]));
    let changed = sent[0].body.replace("4200", "1");
    let delivery = Delivery { signature: Some(&sent[0].signature), body: changed.as_bytes(), received_at: now() };
    assert!(source(&[SECRET]).receive(&delivery).is_err());
}

#[test]
fn the_hook_of_woopayments_itself_carries_no_event() {
    let event =
        receive(&json!({"action": "woocommerce_payments_before_webhook_delivery", "arg": "charge.dispute.closed"}));
    assert!(matches!(&event.reading, Reading::NotUnderstood { reason } if reason.contains("chargebook-bridge")));
}
