//! Lists: pages, filters, expansions.

use std::collections::BTreeSet;

use chargebook_stories::Kind;
use serde_json::{Value, json};

use crate::{at_the_end_of, day, told};

fn ids(objects: &[Value]) -> Vec<&str> {
    objects.iter().map(|object| object["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn pages_of_any_size_cover_every_object_once_and_the_latest_first() {
    let told = told();
    let (_fake, mut client) = at_the_end_of(&told).await;
    let disputes: usize = told.iter().map(|story| story.endings.len()).sum();
    for (list, count) in [("disputes", disputes), ("charges", told.len())] {
        let all = client.all(&format!("/v1/{list}?limit=100")).await;
        assert_eq!(all.len(), count, "{list}");
        assert_eq!(ids(&all).iter().collect::<BTreeSet<_>>().len(), count, "{list}");
        assert!(all.is_sorted_by_key(|object| std::cmp::Reverse(object["created"].as_i64())), "{list}");
        assert_eq!(client.all(&format!("/v1/{list}?limit=7")).await, all);
        assert_eq!(client.page(&format!("/v1/{list}")).await, all[..10]);
    }
}

#[tokio::test]
async fn a_page_that_ends_with_the_last_object_has_no_more() {
    let (_fake, mut client) = at_the_end_of(&told()[..4]).await;
    let disputes = client.all("/v1/disputes?limit=1").await;
    let whole = client.get(&format!("/v1/disputes?limit={}", disputes.len())).await.json();
    assert_eq!(whole, json!({"object": "list", "url": "/v1/disputes", "has_more": false, "data": disputes}));
    let rest = client.get(&format!("/v1/disputes?starting_after={}", ids(&disputes).last().unwrap())).await.json();
    assert_eq!(rest, json!({"object": "list", "url": "/v1/disputes", "has_more": false, "data": []}));
}

#[tokio::test]
async fn what_was_put_meanwhile_does_not_shift_the_pages() {
    let (fake, mut client) = at_the_end_of(&told()).await;
    let before = client.all("/v1/disputes?limit=50").await;
    fake.own().put(&json!({"id": "du_new", "object": "dispute", "created": day(182).timestamp()}));
    let rest = client.all(&format!("/v1/disputes?limit=50&starting_after={}", ids(&before)[49])).await;
    assert_eq!(rest, before[50..]);
    assert_eq!(ids(&client.page("/v1/disputes?limit=1").await), ["du_new"]);
}

#[tokio::test]
async fn the_bounds_of_created_are_kept_to_the_second() {
    let (_fake, mut client) = at_the_end_of(&told()).await;
    let all = client.all("/v1/disputes?limit=100").await;
    let middle = all[60]["created"].as_i64().unwrap();
    for (bound, holds) in [
        ("gt", &(|created| created > middle) as &dyn Fn(i64) -> bool),
        ("gte", &|created| created >= middle),
        ("lt", &|created| created < middle),
        ("lte", &|created| created <= middle),
    ] {
        let expected: Vec<_> =
            all.iter().filter(|object| holds(object["created"].as_i64().unwrap())).cloned().collect();
        assert!(!expected.is_empty() && expected.len() < all.len());
        let found = client.all(&format!("/v1/disputes?limit=100&created%5B{bound}%5D={middle}")).await;
        assert_eq!(found, expected, "{bound}");
    }
    let none = format!("/v1/disputes?created[gte]={middle}&created[lt]={middle}");
    assert_eq!(client.page(&none).await, Vec::<Value>::new());
}

#[tokio::test]
async fn disputes_are_found_by_their_payment() {
    let told = told();
    let (_fake, mut client) = at_the_end_of(&told).await;
    let two = told.iter().find(|story| story.kind == Kind::TwoOnOneOrder).unwrap();
    let mut expected: Vec<_> = two.endings.iter().map(|ending| ending.dispute.as_str()).collect();
    expected.sort_unstable();
    let by_charge = client.page(&format!("/v1/disputes?charge={}", two.charge()["id"].as_str().unwrap())).await;
    assert_eq!(ids(&by_charge).into_iter().collect::<BTreeSet<_>>(), expected.into_iter().collect());
    let intent = two.payment_intent().unwrap();
    let by_intent = client.page(&format!("/v1/disputes?payment_intent={}", intent["id"].as_str().unwrap())).await;
    assert_eq!(by_intent, by_charge);
    assert_eq!(client.page("/v1/disputes?charge=ch_of_nobody").await, Vec::<Value>::new());
}

#[tokio::test]
async fn what_is_expanded_is_the_object_itself() {
    let (_fake, mut client) = at_the_end_of(&told()).await;
    let plain = client.all("/v1/disputes?limit=100").await;
    let expanded = client.all("/v1/disputes?limit=100&expand[]=data.charge&expand[]=data.payment_intent").await;
    let mut without_intent = 0;
    for (plain, expanded) in plain.into_iter().zip(expanded) {
        let charge = client.get(&format!("/v1/charges/{}", plain["charge"].as_str().unwrap())).await.json();
        let intent = match plain["payment_intent"].as_str() {
            Some(id) => client.get(&format!("/v1/payment_intents/{id}")).await.json(),
            None => Value::Null,
        };
        without_intent += usize::from(intent.is_null());
        let id = plain["id"].as_str().unwrap().to_owned();
        let mut expected = plain;
        expected["charge"] = charge;
        let only_charge = client.get(&format!("/v1/disputes/{id}?expand[]=charge")).await.json();
        assert_eq!(only_charge, expected);
        expected["payment_intent"] = intent;
        assert_eq!(expanded, expected);
        let single = client.get(&format!("/v1/disputes/{id}?expand%5B0%5D=payment_intent&expand%5B1%5D=charge")).await;
        assert_eq!(single.json(), expected);
    }
    assert!(without_intent > 0);
}

#[tokio::test]
async fn rows_are_found_by_type_and_currency_but_never_by_their_dispute() {
    let (fake, mut client) = at_the_end_of(&told()).await;
    let rows = client.all("/v1/balance_transactions?limit=100").await;
    assert_eq!(client.all("/v1/balance_transactions?limit=100&type=adjustment").await, rows);
    let fee = json!({"id": "txn_fee", "object": "balance_transaction", "created": day(100).timestamp(), "currency": "usd",
        "type": "stripe_fee", "source": null});
    fake.own().put(&fee);
    assert_eq!(client.all("/v1/balance_transactions?type=stripe_fee").await, [fee]);
    let euros = client.all("/v1/balance_transactions?limit=100&currency=eur").await;
    assert!(!euros.is_empty() && euros.iter().all(|row| row["currency"] == "eur"));

    let dispute = rows[0]["source"].as_str().unwrap();
    assert!(dispute.starts_with("du_"));
    for filter in [format!("source={dispute}"), "payout=po_1".to_owned()] {
        assert_eq!(client.page(&format!("/v1/balance_transactions?{filter}")).await, Vec::<Value>::new());
    }
}

#[tokio::test]
async fn events_are_found_by_types_and_are_kept_for_thirty_days() {
    let told = told();
    let (fake, mut client) = at_the_end_of(&told).await;
    let events: Vec<_> = told.iter().flat_map(|story| &story.events).collect();
    let recent: Vec<_> = events.iter().filter(|event| event.created >= day(182 - 30)).collect();
    let disputes: Vec<_> = recent.iter().filter(|event| event.dispute.is_some()).collect();
    assert!(recent.len() < events.len());
    let refund =
        json!({"id": "evt_refund", "object": "event", "type": "charge.refunded", "created": day(170).timestamp()});
    fake.own().put(&refund);

    let listed = client.all("/v1/events?limit=100&type=charge.dispute.*").await;
    assert_eq!(
        ids(&listed).into_iter().collect::<BTreeSet<_>>(),
        disputes.iter().map(|event| event.id.as_str()).collect()
    );
    for event in &disputes {
        let shown = listed.iter().find(|shown| shown["id"] == *event.id).unwrap();
        assert_eq!(*shown, serde_json::from_str::<Value>(&event.body).unwrap());
    }
    assert_eq!(client.all("/v1/events?limit=100").await.len(), recent.len() + 1);
    let of_type = |name: &str| listed.iter().filter(|event| event["type"] == name).cloned().collect::<Vec<_>>();
    let closed = client.all("/v1/events?limit=100&type=charge.dispute.closed").await;
    assert_eq!(closed, of_type("charge.dispute.closed"));
    let types = "types[]=charge.dispute.closed&types[]=charge.dispute.created";
    let two_types = client.all(&format!("/v1/events?limit=100&{types}")).await;
    assert_eq!(two_types.len(), closed.len() + of_type("charge.dispute.created").len());

    let latest = ids(&listed)[0];
    assert_eq!(client.get(&format!("/v1/events/{latest}")).await.json(), listed[0]);
    fake.set_now(day(300));
    assert_eq!(client.page("/v1/events").await, Vec::<Value>::new());
    assert_eq!(client.get(&format!("/v1/events/{latest}")).await.status, 404);
}
