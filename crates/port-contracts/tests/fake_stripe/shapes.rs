//! What the fake answers has the fields of what Stripe sends, as the fixtures of the webhooks show it.

use std::collections::BTreeSet;

use chargebook_stories::Kind;
use serde_json::Value;

use crate::client::Client;
use crate::{at_the_end_of, told};

/// What may have other fields: what the shop writes, and what nobody reads.
const OPEN: [&str; 4] = ["metadata", "evidence", "enhanced_eligibility", "previous_attributes"];

/// The paths of all fields, such as `balance_transactions.fee`.
fn fields(object: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(object, "", &mut found);
    found
}

fn collect(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    value.as_array().into_iter().flatten().for_each(|item| collect(item, path, found));
    for (name, value) in value.as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        if !OPEN.contains(&name.as_str()) {
            collect(value, &path, found);
        }
        found.insert(path);
    }
}

fn fixture(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn won() -> Value {
    fixture(include_str!("../../../source-stripe/fixtures/won_closed.json"))
}

fn expanded() -> Value {
    fixture(include_str!("../../../source-stripe/fixtures/charge_expanded.json"))
}

async fn one(client: &mut Client, target: &str, id: &Value) -> Value {
    client.get(&format!("/v1/{target}/{}", id.as_str().unwrap())).await.json()
}

#[tokio::test]
async fn a_dispute_and_its_events_and_movements_have_the_fields_of_the_fixture() {
    let told = told();
    let (_fake, mut client) = at_the_end_of(&told).await;
    let recent = client.all("/v1/events?limit=100&type=charge.dispute.closed").await;
    let is_won = |event: &&Value| event["data"]["object"]["status"] == "won";
    let mut event = recent.iter().find(is_won).unwrap().clone();
    let mut fixture = won();
    let dispute = one(&mut client, "disputes", &event["data"]["object"]["id"]).await;
    assert_eq!(fields(&dispute), fields(&fixture["data"]["object"]));
    let row = one(&mut client, "balance_transactions", &dispute["balance_transactions"][0]["id"]).await;
    assert_eq!(row, dispute["balance_transactions"][0]);

    // A verdict after the money is back has nothing previous.
    let data = |event: &mut Value| event["data"].as_object_mut().unwrap().remove("previous_attributes").is_some();
    assert!(data(&mut fixture));
    data(&mut event);
    assert_eq!(fields(&event), fields(&fixture));
}

#[tokio::test]
async fn a_payment_has_the_fields_of_the_fixture() {
    let told = told();
    let (_fake, mut client) = at_the_end_of(&told).await;
    let story = told.iter().find(|story| story.kind == Kind::Won && story.payment_intent().is_some()).unwrap();
    let fixture = expanded();
    let fixture = &fixture["data"]["object"];
    let charge = one(&mut client, "charges", &story.charge()["id"]).await;
    assert_eq!(charge, story.charge());
    assert_eq!(fields(&charge), fields(&fixture["charge"]));
    let intent = one(&mut client, "payment_intents", &charge["payment_intent"]).await;
    assert_eq!(Some(&intent), story.payment_intent().as_ref());
    assert!(fields(&intent).is_superset(&fields(&fixture["payment_intent"])));
}
