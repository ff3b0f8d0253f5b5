//! The targets, one a file.

pub(crate) mod batches;
pub(crate) mod dispute_json;
pub(crate) mod money;
pub(crate) mod orders_csv;
pub(crate) mod report_csv;
pub(crate) mod rules;
pub(crate) mod settings;
pub(crate) mod shop_body;
pub(crate) mod signatures;
pub(crate) mod stripe_body;

use chargebook_domain::ports::{Reading, SourceEvent};
use chargebook_domain::{
    AHEAD_MAX, AMOUNT_MAX, AccountId, Admission, BookRules, Change, ID_BYTES_MAX, Observation, Stored, decide,
};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// Stands in the fixtures wherever a person is named, and must be in nothing that is said of what can't be read.
const PEOPLE: [&str; 2] = ["Fictional", "example.test"];

/// Longer than any sentence about a place in a body should be.
const REASON_BYTES_MAX: usize = 400;

/// When everything arrives.
fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

/// Expects everything that is live.
fn admission() -> Admission {
    Admission { livemode: true, accounts: BTreeSet::new() }
}

fn check_nobody_is_named(said: &str) {
    assert!(said.len() <= REASON_BYTES_MAX, "{said}");
    assert!(!PEOPLE.iter().any(|person| said.contains(person)), "somebody is named: {said}");
    check_text(said);
}

/// A text that can't be stored: PostgreSQL has none with NUL.
fn check_text(text: &str) {
    assert!(!text.contains('\0'), "NUL in {text:?}");
}

/// What must be true of every event, whoever sent it.
fn check_event(event: &SourceEvent) {
    assert!((1..=ID_BYTES_MAX).contains(&event.id.as_str().len()));
    check_text(&event.event_type);
    match &event.reading {
        Reading::Dispute(observation) => {
            assert_eq!((&observation.key.account, &observation.cause), (&event.account, &event.id));
            check_observation(observation);
            if admission().objection(event, now()).is_none() {
                check_bounds(observation);
                check_books(observation);
            }
        }
        Reading::FraudWarning(warning) => {
            for text in [&warning.fraud_type, &warning.card_brand].into_iter().flatten() {
                check_text(text);
            }
        }
        Reading::NotUnderstood { reason } | Reading::OrderNotUnderstood { reason } => check_nobody_is_named(reason),
        Reading::Order(_) | Reading::NotADispute => {}
    }
}

/// What is read can be stored: no text with NUL, and none without end.
fn check_observation(observation: &Observation) {
    let claims = &observation.claims;
    let words = [&claims.reason, &claims.case_type, &claims.card_brand, &claims.card_last4];
    let of_movements = observation.movements.iter().flat_map(|movement| {
        let optional = [&movement.reporting_category, &movement.description, &movement.source];
        optional.into_iter().flatten().chain([&movement.stripe_type])
    });
    for text in words.into_iter().flatten().chain(of_movements) {
        check_text(text);
        assert!(text.chars().count() <= 500, "{} characters", text.chars().count());
    }
    let last4 = claims.card_last4.as_deref();
    assert!(last4.is_none_or(|last4| last4.len() == 4 && last4.bytes().all(|byte| byte.is_ascii_digit())));
}

/// What is admitted is within the bounds that keep every sum within 64 bits.
fn check_bounds(observation: &Observation) {
    let of_movements = observation.movements.iter().flat_map(|it| [it.amount_minor, it.fee_minor, it.net_minor]);
    for minor in of_movements.chain([observation.claims.disputed.minor()]) {
        assert!(minor.unsigned_abs() <= AMOUNT_MAX, "{minor} was admitted");
    }
    assert!(observation.as_of <= now() + AHEAD_MAX, "{} was admitted", observation.as_of);
}

/// What is decided of the observation alone is refused, or balances.
fn check_books(observation: &Observation) {
    let observed = std::slice::from_ref(observation);
    if let Ok(change) = decide(&observation.key, &Stored::default(), observed, BookRules::default()) {
        check_change(&change);
    }
}

fn check_change(change: &Change) {
    for entry in &change.entries {
        let mut sums = BTreeMap::new();
        for posting in entry.postings() {
            let sum: &mut i128 = sums.entry(posting.currency).or_default();
            *sum += i128::from(posting.amount_minor);
        }
        assert!(sums.values().all(|sum| *sum == 0), "{entry:?}");
    }
    for row in &change.resolutions {
        let it = &row.deltas;
        let explained = [it.loss, it.fee, it.fx, it.pending, it.suspense].map(i128::from);
        assert_eq!(i128::from(it.net), -explained.iter().sum::<i128>(), "{row:?}");
    }
}

/// The book of the account that the secrets are of.
fn own() -> AccountId {
    AccountId::own()
}
