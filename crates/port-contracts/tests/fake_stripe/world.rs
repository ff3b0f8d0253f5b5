//! How the world comes about, and how tests change it.

use std::collections::BTreeMap;

use chargebook_port_contracts::fake_stripe::FakeStripe;
use chargebook_stories::Kind;
use serde_json::{Value, json};

use crate::client::Client;
use crate::{at_the_end_of, day, start, told};

fn by_id(objects: Vec<Value>) -> BTreeMap<String, Value> {
    objects.into_iter().map(|object| (object["id"].as_str().unwrap().to_owned(), object)).collect()
}

#[tokio::test]
async fn the_world_is_at_any_time_as_the_events_until_then_left_it() {
    let told = told();
    let fake = FakeStripe::start(start()).await.unwrap();
    let mut client = Client::of(&fake).await;
    for now in [day(40), day(120), day(182)] {
        fake.own().act_out(&told, now);
        let events = told.iter().flat_map(|story| &story.events).filter(|event| event.created <= now);
        let (mut disputes, mut rows) = (BTreeMap::new(), BTreeMap::new());
        for event in events.filter(|event| event.dispute.is_some()) {
            let body: Value = serde_json::from_str(&event.body).unwrap();
            let dispute = body["data"]["object"].clone();
            rows.extend(by_id(dispute["balance_transactions"].as_array().unwrap().clone()));
            disputes.insert(dispute["id"].as_str().unwrap().to_owned(), dispute);
        }
        assert!(!rows.is_empty());
        assert_eq!(by_id(client.all("/v1/disputes?limit=100").await), disputes);
        assert_eq!(by_id(client.all("/v1/balance_transactions?limit=100").await), rows);
        let date = now.format("%a, %d %b %Y 00:00:00 GMT").to_string();
        assert_eq!(client.get("/v1/disputes").await.header("date"), Some(date.as_str()));
    }
    let late_wins = told.iter().filter(|story| story.kind == Kind::LateWin);
    for story in late_wins {
        let dispute = client.get(&format!("/v1/disputes/{}", story.endings[0].dispute)).await.json();
        assert_eq!(dispute["status"], "won");
    }
}

#[tokio::test]
async fn without_events_the_rest_is_the_same() {
    let told = told();
    let (_fake, mut client) = at_the_end_of(&told).await;
    let lean = FakeStripe::start(start()).await.unwrap();
    lean.own().act_out_without_events(told, day(182));
    let mut other = Client::of(&lean).await;
    for list in ["disputes", "charges", "payment_intents", "balance_transactions"] {
        let target = format!("/v1/{list}?limit=100");
        assert_eq!(client.all(&target).await, other.all(&target).await);
    }
    assert_eq!(other.page("/v1/events").await, Vec::<Value>::new());
}

#[tokio::test]
async fn each_connected_account_holds_its_own() {
    let told = told();
    let (fake, mut client) = at_the_end_of(&told[..60]).await;
    fake.connected("acct_1").act_out(&told[60..], day(182));
    fake.connected("acct_2");
    let own = by_id(client.all("/v1/disputes?limit=100").await);
    client.account = Some("acct_1");
    let connected = by_id(client.all("/v1/disputes?limit=100").await);
    assert!(!connected.is_empty() && connected.keys().all(|id| !own.contains_key(id)));
    let missing = client.get(&format!("/v1/disputes/{}", own.keys().next().unwrap())).await;
    assert_eq!((missing.status, missing.error().as_str()), (404, "resource_missing"));
    client.account = Some("acct_2");
    assert_eq!(client.page("/v1/disputes").await, Vec::<Value>::new());
    client.account = Some("acct_of_nobody");
    let refused = client.get("/v1/disputes").await;
    assert_eq!((refused.status, refused.error().as_str()), (403, "account_invalid"));
    let accounts: Vec<_> = fake.requests().into_iter().rev().take(3).map(|request| request.account.unwrap()).collect();
    assert_eq!(accounts, ["acct_of_nobody", "acct_2", "acct_1"]);
}

#[tokio::test]
async fn a_row_can_be_removed_alone_or_with_what_its_dispute_shows() {
    let (fake, mut client) = at_the_end_of(&told()).await;
    let rows = client.all("/v1/balance_transactions?limit=100").await;
    for (row, shown) in [(&rows[0], true), (&rows[10], false)] {
        let (id, dispute) = (row["id"].as_str().unwrap(), format!("/v1/disputes/{}", row["source"].as_str().unwrap()));
        let is_shown = |dispute: Value| dispute["balance_transactions"].as_array().unwrap().contains(row);
        assert!(is_shown(client.get(&dispute).await.json()));
        if shown {
            fake.own().remove_row(id);
        } else {
            fake.own().remove_movement(id);
        }
        assert_eq!(is_shown(client.get(&dispute).await.json()), shown);
        assert_eq!(client.get(&format!("/v1/balance_transactions/{id}")).await.status, 404);
    }
    assert_eq!(client.all("/v1/balance_transactions?limit=100").await.len(), rows.len() - 2);
}

#[tokio::test]
async fn what_is_put_replaces_what_has_its_id_and_may_be_odd() {
    let (fake, mut client) = at_the_end_of(&told()).await;
    let all = client.all("/v1/disputes?limit=100").await;
    let mut odd = all[3].clone();
    odd["amount"] = json!("1000");
    fake.own().put(&odd);
    let mut expected = all;
    expected[3] = odd;
    assert_eq!(client.all("/v1/disputes?limit=100").await, expected);
    let mut moved = expected.remove(3);
    moved["created"] = json!(day(182).timestamp());
    fake.own().put(&moved);
    expected.insert(0, moved);
    assert_eq!(client.all("/v1/disputes?limit=100").await, expected);
}
