//! Deliveries booked as one batch, and one by one: the books must be the same.
//!
//! The first byte chooses how the books are kept. Each four after it are a delivery: a story, an event of it, and how it
//! is told otherwise than the story has it.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use chargebook_domain::ports::{Disposition, OrderBook, Reading, SourceEvent};
use chargebook_domain::service::{Ingest, MatchOrders, Receipt, Received};
use chargebook_domain::{
    AMOUNT_MAX, AccountId, Admission, BookRules, CauseId, Convention, Currency, Deltas, DisputeKey, FraudWarning,
    LedgerAccount, Money, Observation, OrderPayment, Status, WarningId,
};
use chargebook_port_contracts::histories::STATUSES;
use chargebook_port_contracts::{InMemoryLedger, KeptDispute};
use chargebook_source_stripe::read_kept;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use futures_util::FutureExt;

use super::{now, own};
use crate::corpus;

/// As many as are still quick: the ledger is copied for each batch.
const DELIVERIES_MAX: usize = 24;

/// A story as it is booked.
struct Told {
    events: Vec<SourceEvent>,
    payments: Vec<OrderPayment>,
}

static STORIES: LazyLock<Vec<Told>> = LazyLock::new(|| {
    let told = corpus::told().into_iter().map(|story| Told {
        events: story.events.iter().map(|event| read_kept(&own(), &event.body)).collect(),
        payments: story.orders.iter().map(|order| OrderPayment::try_from(order).unwrap()).collect(),
    });
    told.collect()
});

/// All that must not depend on how the deliveries are put together.
#[derive(PartialEq, Debug)]
struct Books {
    receipts: Vec<Receipt>,
    disputes: BTreeMap<DisputeKey, KeptDispute>,
    causes: BTreeMap<(AccountId, CauseId), Disposition>,
    balances: BTreeMap<(NaiveDate, LedgerAccount, Currency), i64>,
    figures: BTreeMap<(DateTime<Utc>, Currency), Deltas>,
}

pub(crate) fn run(input: &[u8]) {
    let Some((kept, deliveries)) = input.split_first() else { return };
    let batch: Vec<_> = deliveries.as_chunks().0.iter().take(DELIVERIES_MAX).copied().map(delivery).collect();
    let convention = if kept & 1 == 0 { Convention::Holding } else { Convention::Contra };
    let rules = BookRules { convention, ..BookRules::default() };
    let at_once = booked(&[&batch], rules);
    let one_by_one: Vec<_> = batch.chunks(1).collect();
    assert_eq!(booked(&one_by_one, rules), at_once);
    assert_eq!(at_once.receipts.len(), batch.len());
}

/// Waits for nothing, as all of it is in memory.
fn done<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().unwrap()
}

fn booked(batches: &[&[Received]], rules: BookRules) -> Books {
    let ledger = InMemoryLedger::default();
    let shared = Arc::new(ledger.clone());
    let admission = Admission { livemode: false, accounts: [].into() };
    let ingest = Ingest::new(shared.clone(), rules, admission).landing_orders(shared.clone());
    let receipts = batches.iter().flat_map(|batch| done(ingest.ingest(batch, now())).unwrap()).collect();
    done(MatchOrders::new(shared.clone(), shared, rules).sweep(now())).unwrap();
    assert_eq!(done(ledger.due(None, 9)).unwrap(), []);
    let mut disputes = ledger.disputes();
    for kept in disputes.values_mut() {
        kept.version = 0;
    }
    let causes = ledger.causes().into_iter().map(|kept| ((kept.cause.account, kept.cause.id), kept.disposition));
    Books { receipts, disputes, causes: causes.collect(), balances: balances(&ledger), figures: figures(&ledger) }
}

/// What each day changes in each account, without zeros.
fn balances(ledger: &InMemoryLedger) -> BTreeMap<(NaiveDate, LedgerAccount, Currency), i64> {
    let mut balances = BTreeMap::new();
    for kept in ledger.entries() {
        let mut of_entry: BTreeMap<Currency, i64> = BTreeMap::new();
        for posting in kept.entry.postings() {
            *of_entry.entry(posting.currency).or_default() += posting.amount_minor;
            *balances.entry((kept.entry.posted_on(), posting.account, posting.currency)).or_default() +=
                posting.amount_minor;
        }
        assert!(of_entry.values().all(|sum| *sum == 0), "{kept:?}");
    }
    balances.retain(|_, minor| *minor != 0);
    balances
}

/// What each moment changes in the figures, without zeros.
fn figures(ledger: &InMemoryLedger) -> BTreeMap<(DateTime<Utc>, Currency), Deltas> {
    let mut figures: BTreeMap<_, Deltas> = BTreeMap::new();
    for row in ledger.resolutions() {
        let sum = figures.entry((row.resolution.occurred_at, row.resolution.currency)).or_default();
        *sum = sum.plus(&row.resolution.deltas).unwrap();
    }
    figures.retain(|_, deltas| !deltas.is_zero());
    figures
}

fn delivery([story, event, how, by]: [u8; 4]) -> Received {
    let story = &STORIES[usize::from(story) % STORIES.len()];
    let mut event = story.events[usize::from(event) % story.events.len()].clone();
    let how = how % 16;
    // The same cause always says the same.
    if how != 0 {
        event.id = CauseId::parse(&format!("{}_{how}_{by}", event.id)).unwrap();
    }
    match (how, &mut event.reading) {
        (1..=11, Reading::Dispute(observation)) => {
            observation.cause = event.id.clone();
            tell_otherwise(observation, how, by);
            event.account = observation.key.account.clone();
        }
        (12, _) => event.reading = Reading::Order(story.payments.clone()),
        (13, reading @ Reading::Dispute(_)) => {
            let Reading::Dispute(observation) = &*reading else { return received(event) };
            *reading = Reading::FraudWarning(Box::new(warning(observation, by)));
        }
        (14, reading) => *reading = Reading::NotUnderstood { reason: "the body: expected something else".to_owned() },
        (15, _) => event.livemode = Some(true),
        _ => {}
    }
    received(event)
}

fn received(event: SourceEvent) -> Received {
    Received { event, body: Vec::new(), received_at: now() }
}

fn tell_otherwise(observation: &mut Observation, how: u8, by: u8) {
    let currency = observation.claims.disputed.currency();
    match how {
        1 | 2 => observation.status = Status::parse(STATUSES[usize::from(by) % STATUSES.len()]),
        3 | 4 => observation.as_of += TimeDelta::hours(i64::from(by) - 128),
        5 => observation.claims.disputed = Money::new(i64::from(by) * 1_000, currency),
        6 => observation.claims.disputed = Money::new(i64::MIN + i64::from(by), currency),
        7 => observation.movements.truncate(usize::from(by) % 2),
        8 => observation.key.account = AccountId::parse(&format!("acct_{}", by % 2)).unwrap(),
        9 => (observation.claims.charge, observation.claims.payment_intent) = (None, None),
        10 => {
            observation.key.account = AccountId::parse("acct_vast").unwrap();
            // Whoever tells of it, a movement is the same.
            let vast = i64::try_from(AMOUNT_MAX).unwrap();
            for movement in &mut observation.movements {
                (movement.amount_minor, movement.fee_minor, movement.net_minor) = (-vast, vast, -vast);
            }
        }
        _ => observation.claims.evidence_submitted = Some(by.is_multiple_of(2)),
    }
}

fn warning(observation: &Observation, by: u8) -> FraudWarning {
    FraudWarning {
        id: WarningId::parse(&format!("issfr_{by}")).unwrap(),
        charge: observation.claims.charge.clone(),
        payment_intent: observation.claims.payment_intent.clone(),
        fraud_type: None,
        card_brand: None,
        occurred_at: observation.as_of,
        actionable: None,
    }
}

pub(crate) fn corpus() -> Vec<Vec<u8>> {
    let whole: Vec<Vec<[u8; 4]>> = (0..)
        .zip(STORIES.iter())
        .map(|(story, told)| {
            let orders = [[story, 0, 12, 0]].into_iter();
            orders.chain((0..).zip(&told.events).map(|(event, _)| [story, event, 0, 0])).collect()
        })
        .collect();
    let backwards = whole.iter().map(|told| told.iter().rev().copied().collect());
    let told_together = whole.windows(2).map(<[_]>::concat);
    let all = whole.iter().cloned().chain(backwards).chain(told_together);
    all.map(|deliveries| [&[0], deliveries.as_flattened()].concat()).collect()
}
