//! Deliveries are booked in batches: however they are cut, refused, raced or lost, each is booked once.
#![expect(clippy::unwrap_used, reason = "what is not as expected should panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use chargebook_domain::ports::{
    Answer, Disposition, Entry, Ledger, LedgerError, Lookup, OrderBook, Reading, SourceEvent,
};
use chargebook_domain::service::{Ingest, Receipt, Received};
use chargebook_domain::{
    AccountId, Admission, Basis, BookRules, Claims, Currency, Deltas, DisputeKey, Money, Observation, Stored,
};
use chargebook_port_contracts::histories::{arriving_of, history_of};
use chargebook_port_contracts::samples::{
    cause_id, charge, currency, day, dispute_key, observation, payment, withdrawal,
};
use chargebook_port_contracts::{FlakyLedger, InMemoryLedger, RecordFault};
use chrono::{DateTime, Utc};
use proptest::prelude::*;

fn received(observation: Observation) -> Received {
    let event = SourceEvent {
        account: observation.key.account.clone(),
        id: observation.cause.clone(),
        event_type: "charge.dispute.updated".to_owned(),
        livemode: Some(true),
        reading: Reading::Dispute(Box::new(observation)),
    };
    Received { event, body: b"{}".to_vec(), received_at: day(9) }
}

fn ingest(ledger: impl Ledger + 'static) -> Ingest {
    let admission = Admission { livemode: true, accounts: BTreeSet::new() };
    Ingest::new(Arc::new(ledger), BookRules::default(), admission)
}

fn flaky(ledger: &InMemoryLedger, script: &[RecordFault]) -> Ingest {
    ingest(FlakyLedger::new(Arc::new(ledger.clone()), script.iter().copied()))
}

fn lost(dispute: &str, cause: &str) -> Observation {
    let movements = vec![withdrawal(&format!("txn_{dispute}"), day(1), 10_000, 1_500)];
    Observation { key: dispute_key(dispute), movements, ..observation(cause, "lost", day(4)) }
}

fn sums(ledger: &InMemoryLedger) -> BTreeMap<(DisputeKey, DateTime<Utc>, Currency), Deltas> {
    let mut sums: BTreeMap<_, Deltas> = BTreeMap::new();
    for row in ledger.resolutions() {
        let sum = sums.entry((row.key, row.resolution.occurred_at, row.resolution.currency)).or_default();
        *sum = sum.plus(&row.resolution.deltas).unwrap();
    }
    sums.retain(|_, deltas| !deltas.is_zero());
    sums
}

fn now<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// A batch of N ends as N batches of one do, and says the same of each delivery.
    #[test]
    fn a_batch_is_as_many_batches_of_one(
        (a, b) in (arriving_of("du_1"), arriving_of("du_2")),
        orders in history_of("du_3"),
    ) {
        // What is delivered are events.
        let delivered = |observation| received(Observation { basis: Basis::Event, ..observation });
        let arrivals: Vec<_> = a.arrivals.into_iter().chain(b.arrivals).map(delivered).collect();
        now(async {
            let (at_once, one_by_one) = (InMemoryLedger::default(), InMemoryLedger::default());
            at_once.import(&orders.payments).await.unwrap();
            one_by_one.import(&orders.payments).await.unwrap();
            let together = ingest(at_once.clone()).ingest(&arrivals, day(9)).await.unwrap();
            let mut apart = Vec::new();
            for received in &arrivals {
                apart.extend(ingest(one_by_one.clone()).ingest(std::slice::from_ref(received), day(9)).await.unwrap());
            }
            prop_assert_eq!(together, apart);
            prop_assert_eq!(at_once.causes(), one_by_one.causes());
            prop_assert_eq!(sums(&at_once), sums(&one_by_one));
            for (key, kept) in at_once.disputes() {
                let other = &one_by_one.disputes()[&key];
                prop_assert_eq!((&kept.facts, &kept.dispute), (&other.facts, &other.dispute));
                prop_assert_eq!(&kept.order_resolutions, &other.order_resolutions);
            }
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn what_names_the_charge_first_decides_the_order_in_whatever_order_a_batch_has_it() {
    let named = |cause: &str, id: &str, at| {
        let mut seen = observation(cause, "needs_response", at);
        (seen.claims.charge, seen.claims.payment_intent) = (Some(charge(id)), None);
        received(seen)
    };
    let ledger = InMemoryLedger::default();
    ledger.import(&[payment("#1")]).await.unwrap();
    let batch = [named("evt_2", "ch_other", day(2)), named("evt_1", "ch_1", day(1))];
    ingest(ledger.clone()).ingest(&batch, day(9)).await.unwrap();
    let disputes = ledger.disputes();
    assert_eq!(disputes.values().next().unwrap().dispute.order_match.as_str(), "matched");
}

#[tokio::test]
async fn only_what_the_ledger_refuses_is_quarantined() {
    for poisoned in 0..5 {
        let ledger = InMemoryLedger::default();
        let batch: Vec<_> = (0..5)
            .map(|n| {
                let mut seen = lost(&format!("du_{n}"), &format!("evt_{n}"));
                seen.claims.reason = (n == poisoned).then(|| "a\0b".to_owned());
                received(seen)
            })
            .collect();
        let receipts = ingest(ledger.clone()).ingest(&batch, day(9)).await.unwrap();
        let mut expected = [Receipt::Recorded; 5];
        expected[poisoned] = Receipt::Quarantined;
        assert_eq!(receipts, expected);
        let kept = ledger.causes();
        let quarantined: Vec<_> = kept.iter().filter(|kept| kept.disposition == Disposition::Quarantined).collect();
        assert_eq!((kept.len(), quarantined.len(), ledger.disputes().len()), (5, 1, 4));
        assert_eq!(quarantined[0].cause.body.as_deref(), Some(&b"{}"[..]), "it is kept whole");
        assert!(quarantined[0].reason.is_some());
    }
}

#[tokio::test]
async fn of_one_dispute_only_the_observation_that_contradicts_is_quarantined() {
    let ledger = InMemoryLedger::default();
    let mut contradicting = lost("du_1", "evt_2");
    contradicting.movements[0].amount_minor = -9_999;
    let later = Observation { as_of: day(5), cause: cause_id("evt_3"), ..lost("du_1", "evt_3") };
    let batch = [lost("du_1", "evt_1"), contradicting, later].map(received);
    let receipts = ingest(ledger.clone()).ingest(&batch, day(9)).await.unwrap();
    assert_eq!(receipts, [Receipt::Recorded, Receipt::Quarantined, Receipt::Recorded]);
    assert_eq!(ledger.disputes()[&dispute_key("du_1")].facts.lines().count(), 2);
}

#[tokio::test]
async fn sums_beyond_64_bits_are_quarantined_and_not_booked() {
    let ledger = InMemoryLedger::default();
    let mut huge = lost("du_1", "evt_2");
    huge.movements = vec![withdrawal("txn_2", day(2), i64::MAX, 0), withdrawal("txn_3", day(3), i64::MAX, 0)];
    huge.claims = Claims { disputed: Money::new(i64::MAX, currency("usd")), ..huge.claims };
    let receipts = ingest(ledger.clone()).ingest(&[received(lost("du_1", "evt_1")), received(huge)], day(9)).await;
    assert_eq!(receipts.unwrap(), [Receipt::Recorded, Receipt::Quarantined]);
    assert_eq!(ledger.disputes()[&dispute_key("du_1")].facts.movements().len(), 1);
}

#[tokio::test]
async fn a_delivery_twice_in_a_batch_is_booked_once() {
    let ledger = InMemoryLedger::default();
    let batch = [lost("du_1", "evt_1"), lost("du_1", "evt_1")].map(received);
    let receipts = ingest(ledger.clone()).ingest(&batch, day(9)).await.unwrap();
    assert_eq!(receipts, [Receipt::Recorded, Receipt::Duplicate]);
    assert_eq!(ingest(ledger.clone()).ingest(&batch, day(9)).await.unwrap(), [Receipt::Duplicate; 2]);
    assert_eq!(ledger.entries().len(), 2);
}

#[tokio::test]
async fn what_is_stale_is_decided_again_and_not_for_ever() {
    let ledger = InMemoryLedger::default();
    let stale = flaky(&ledger, &[RecordFault::Stale; 3]);
    assert_eq!(stale.ingest(&[received(lost("du_1", "evt_1"))], day(9)).await.unwrap(), [Receipt::Recorded]);
    let always = flaky(&ledger, &[RecordFault::Stale; 100]);
    let failed = always.ingest(&[received(lost("du_2", "evt_2"))], day(9)).await;
    assert!(matches!(failed, Err(LedgerError::Unavailable(_))), "{failed:?}");
    assert_eq!(ledger.disputes().len(), 1);
}

#[tokio::test]
async fn an_outage_fails_the_whole_batch_and_splits_nothing() {
    let ledger = InMemoryLedger::default();
    let service = flaky(&ledger, &[RecordFault::Unavailable]);
    let batch = [lost("du_1", "evt_1"), lost("du_2", "evt_2")].map(received);
    assert!(matches!(service.ingest(&batch, day(9)).await, Err(LedgerError::Unavailable(_))));
    assert!(ledger.causes().is_empty());
    assert_eq!(service.ingest(&batch, day(9)).await.unwrap(), [Receipt::Recorded; 2]);
}

#[tokio::test]
async fn a_lost_answer_is_settled_by_delivering_again() {
    let ledger = InMemoryLedger::default();
    let service = flaky(&ledger, &[RecordFault::AnswerLost]);
    let batch = [lost("du_1", "evt_1"), lost("du_2", "evt_2")].map(received);
    assert!(matches!(service.ingest(&batch, day(9)).await, Err(LedgerError::Unavailable(_))));
    assert_eq!(service.ingest(&batch, day(9)).await.unwrap(), [Receipt::Duplicate; 2]);
    assert_eq!((ledger.entries().len(), ledger.resolutions().len(), ledger.causes().len()), (4, 2, 2));
}

#[tokio::test]
async fn what_is_recorded_before_the_ledger_refuses_the_rest_is_said_to_be_recorded() {
    let ledger = InMemoryLedger::default();
    // The poison is stale at first, as the dispute is new when the batch is decided a second time.
    let meddler = Meddler { inner: ledger.clone(), first: AtomicBool::new(true) };
    let mut poison = lost("du_2", "evt_2");
    poison.claims.reason = Some("a\0b".to_owned());
    let batch = [received(lost("du_1", "evt_1")), received(poison)];
    let receipts = ingest(meddler).ingest(&batch, day(9)).await.unwrap();
    assert_eq!(receipts, [Receipt::Recorded, Receipt::Quarantined]);
}

/// Says of the last entry of the first batch that it is stale, and records the others.
struct Meddler {
    inner: InMemoryLedger,
    first: AtomicBool,
}

#[async_trait]
impl Ledger for Meddler {
    async fn load(&self, lookups: &[Lookup]) -> Result<Vec<Stored>, LedgerError> {
        self.inner.load(lookups).await
    }

    async fn record(&self, batch: &[Entry], at: DateTime<Utc>) -> Result<Vec<Answer>, LedgerError> {
        if !self.first.swap(false, Ordering::Relaxed) {
            return self.inner.record(batch, at).await;
        }
        let (_, others) = batch.split_last().unwrap();
        let mut answers = self.inner.record(others, at).await?;
        answers.push(Answer::Stale);
        Ok(answers)
    }
}

#[tokio::test]
async fn what_is_not_about_disputes_or_not_understood_is_kept_as_such() {
    let ledger = InMemoryLedger::default();
    let event = |id: &str, reading| SourceEvent {
        account: AccountId::own(),
        id: cause_id(id),
        event_type: "x".to_owned(),
        livemode: None,
        reading,
    };
    let of = |event| Received { event, body: b"{}".to_vec(), received_at: day(9) };
    let not_understood = Reading::NotUnderstood { reason: "no id".to_owned() };
    let batch = [of(event("evt_1", Reading::NotADispute)), of(event("evt_2", not_understood))];
    let receipts = ingest(ledger.clone()).ingest(&batch, day(9)).await.unwrap();
    assert_eq!(receipts, [Receipt::Ignored, Receipt::Quarantined]);
    let bodies: Vec<_> = ledger.causes().iter().map(|kept| kept.cause.body.is_some()).collect();
    assert_eq!(bodies, [false, true], "no body is kept of what is ignored");
    // An upgrade that understands it heals it.
    let healed = Observation { cause: cause_id("evt_2"), ..lost("du_1", "evt_2") };
    let receipts = ingest(ledger.clone()).ingest(&[received(healed)], day(9)).await.unwrap();
    assert_eq!(receipts, [Receipt::Recorded]);
    assert!(ledger.causes().iter().all(|kept| kept.disposition != Disposition::Quarantined));
}
