//! Every story can be read, ends as it says, and keeps to its days.
#![expect(clippy::unwrap_used, reason = "a test that meets anything unexpected should end")]

use std::collections::{BTreeMap, BTreeSet};

use chargebook_domain::ports::{Delivery, DisputeSource, Reading};
use chargebook_domain::{BookRules, Observation, OrderPayment, Stored, decide};
use chargebook_source_stripe::{StripeDisputeSource, sign};
use chargebook_stories::{DAYS, Event, Kind, Story, deliveries, stories, tell};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

const SECRET: &str = "whsec_stories";

fn start() -> DateTime<Utc> {
    "2026-05-11T00:00:00Z".parse().unwrap()
}

fn read(event: &Event) -> Reading {
    let source = StripeDisputeSource::new(vec![SECRET.into()]).unwrap();
    let signature = sign(&event.body, SECRET, event.created);
    let delivery = Delivery { signature: Some(&signature), body: event.body.as_bytes(), received_at: event.created };
    let read = source.receive(&delivery).unwrap();
    assert_eq!(read.id.as_str(), event.id);
    assert_eq!(read.livemode, Some(false));
    read.reading
}

/// What the events of a story say, by dispute.
fn observed(story: &Story) -> BTreeMap<String, Vec<Observation>> {
    let mut observed: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for event in &story.events {
        match read(event) {
            Reading::Dispute(observation) => {
                assert_eq!(event.dispute.as_deref(), Some(observation.key.dispute.as_str()));
                assert_eq!(observation.as_of, event.created);
                observed.entry(observation.key.dispute.as_str().to_owned()).or_default().push(*observation);
            }
            Reading::NotADispute => assert_eq!(event.dispute, None),
            other => panic!("{:?}: {other:?}", story.kind),
        }
    }
    observed
}

#[test]
fn a_seed_gives_the_same_stories_again_and_another_gives_others() {
    let told = stories(7, 50, start());
    assert_eq!(told, stories(7, 50, start()));
    assert!(tell(7, 50, start()).eq(told.iter().cloned()));
    assert_ne!(told, stories(8, 50, start()));
    assert_eq!(deliveries(7, &told), deliveries(7, &told));
    assert_ne!(deliveries(7, &told), deliveries(8, &told));
}

#[test]
fn every_story_ends_as_it_says_in_any_order_of_its_events() {
    for story in stories(1, 3 * Kind::MIX, start()) {
        let payments: Vec<_> = story.orders.iter().map(|order| OrderPayment::try_from(order).unwrap()).collect();
        let observed = observed(&story);
        assert_eq!(observed.len(), story.endings.len());
        for ending in &story.endings {
            let mut observations = observed[&ending.dispute].clone();
            for _ in 0..2 {
                let stored = Stored { payments: payments.clone(), ..Stored::default() };
                let change = decide(&observations[0].key, &stored, &observations, BookRules::default()).unwrap();
                let (outcome, bucket) = (change.dispute.outcome, change.dispute.bucket);
                assert_eq!((outcome, bucket), (ending.outcome, ending.bucket), "{:?}", story.kind);
                let order_match = match story.kind {
                    Kind::Orphan => "orphan",
                    Kind::Ambiguous => "ambiguous",
                    _ => "matched",
                };
                assert_eq!(change.dispute.order_match.as_str(), order_match, "{:?}", story.kind);
                observations.reverse();
            }
        }
    }
}

#[test]
fn every_kind_is_in_the_mix_and_every_id_is_given_once() {
    let told = stories(1, 3 * Kind::MIX, start());
    let mix: BTreeSet<_> = stories(1, Kind::MIX, start()).iter().map(|story| story.kind).collect();
    assert_eq!(mix, Kind::all().collect());

    let mut ids = BTreeSet::new();
    let mut unique = |id: &str| assert!(ids.insert(id.to_owned()), "{id} is there twice");
    for story in &told {
        story.endings.iter().for_each(|ending| unique(&ending.dispute));
        story.events.iter().for_each(|event| unique(&event.id));
        story.orders.iter().for_each(|order| unique(&order.order_ref));
        let movements = observed(story).into_values().flatten().flat_map(|observation| observation.movements);
        let movements: BTreeSet<_> = movements.map(|movement| movement.id.as_str().to_owned()).collect();
        for id in &movements {
            unique(id);
        }
    }
    assert!(told.iter().flat_map(|story| &story.events).any(|event| event.dispute.is_none()));
}

#[test]
fn stories_keep_to_their_days_and_share_seconds() {
    let told = stories(1, 3 * Kind::MIX, start());
    let end = start() + TimeDelta::days(DAYS);
    let mut shares_a_second = 0;
    for story in &told {
        assert!(story.events.iter().all(|event| (start()..end).contains(&event.created)), "{story:?}");
        assert!(story.events.is_sorted_by_key(|event| event.created), "{:?}", story.kind);
        shares_a_second += usize::from(story.events.windows(2).any(|pair| pair[0].created == pair[1].created));
    }
    assert!(shares_a_second > told.len() / 3);
    let busy = told.iter().filter(|story| story.events.iter().any(|event| event.created >= end - TimeDelta::days(2)));
    assert!(busy.count() > told.len() / 10);
}

#[test]
fn orders_are_paid_in_full_in_part_or_with_less_and_some_are_refunded() {
    let told = stories(1, 3 * Kind::MIX, start());
    let orders: Vec<_> = told.iter().flat_map(|story| &story.orders).collect();
    assert!(orders.iter().any(|order| order.refunded_minor.is_none()));
    assert!(orders.iter().any(|order| order.refunded_minor > Some(0)));
    assert!(orders.iter().any(|order| order.charge_id.is_none() && order.payment_intent_id.is_some()));
    assert!(orders.iter().any(|order| order.charge_id.is_none() && order.payment_intent_id.is_none()));
    assert!(orders.iter().all(|order| order.customer_email.ends_with("@example.com")));
}

#[test]
fn each_event_is_delivered_one_to_three_times() {
    let told = stories(1, Kind::MIX, start());
    let mut times: BTreeMap<_, usize> = BTreeMap::new();
    for event in deliveries(1, &told) {
        *times.entry(&event.id).or_default() += 1;
    }
    assert_eq!(times.len(), told.iter().map(|story| story.events.len()).sum::<usize>());
    assert_eq!(times.values().copied().collect::<BTreeSet<_>>(), BTreeSet::from([1, 2, 3]));
}

/// The dispute of the last event of each story, beside the story.
fn last_snapshots(told: &[Story]) -> impl Iterator<Item = (&Story, Value)> {
    told.iter().map(|story| {
        let event: Value = serde_json::from_str(&story.events.last().unwrap().body).unwrap();
        (story, event["data"]["object"].clone())
    })
}

#[test]
fn the_payment_of_a_story_is_the_one_that_its_disputes_and_orders_name() {
    let told = stories(1, 3 * Kind::MIX, start());
    for (story, dispute) in last_snapshots(&told) {
        let (charge, intent) = (story.charge(), story.payment_intent().unwrap_or_default());
        assert_eq!(dispute["charge"], charge["id"]);
        assert_eq!((&dispute["payment_intent"], &charge["payment_intent"]), (&intent["id"], &intent["id"]));
        assert_eq!(dispute["metadata"], charge["metadata"]);
        assert_eq!(dispute["currency"], charge["currency"]);
        assert!(charge["created"].as_i64() < dispute["created"].as_i64());
        for order in &story.orders {
            assert_eq!(charge["amount"], order.amount_minor);
            assert!(order.charge_id.as_deref().is_none_or(|id| charge["id"] == id));
            assert!(order.payment_intent_id.as_deref().is_none_or(|id| intent["id"] == id));
            assert!(order.refunded_minor.is_none_or(|refunded| charge["amount_refunded"] == refunded));
        }
    }
    assert!(told.iter().any(|story| story.payment_intent().is_none()));
    assert!(told.iter().any(|story| story.charge()["metadata"]["order_id"].is_string()));
}
