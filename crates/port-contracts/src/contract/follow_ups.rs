//! The sentences of [`FollowUps`](chargebook_domain::ports::FollowUps).

use std::collections::BTreeSet;
use std::time::Duration;

use chargebook_domain::ports::{Answer, Conclusion, Entry, FollowUp};
use chargebook_domain::{AccountId, DisputeKey, Observation, Trigger};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;

use super::{Books, decided, record, recorded};
use crate::samples::{account, change_entry, day, dispute_key, observation};

pub(super) const LEASE: Duration = Duration::from_mins(5);
const ALL: u32 = 100;
const RACERS: usize = 8;

/// What books something new of a dispute as of `at`.
async fn entry(books: &dyn Books, key: &DisputeKey, status: &str, at: DateTime<Utc>) -> Entry {
    let cause = format!("evt_{}_{}", key.dispute, at.timestamp());
    let seen = Observation { key: key.clone(), ..observation(&cause, status, at) };
    change_entry(decided(books, &seen).await, &[&cause])
}

/// Records at `at` that a dispute has a status.
pub(super) async fn happen(books: &dyn Books, dispute: &str, status: &str, at: DateTime<Utc>) {
    let entry = entry(books, &dispute_key(dispute), status, at).await;
    assert_eq!(record(books, entry, at).await, recorded(&[false]));
}

pub(super) async fn claim(books: &dyn Books, now: DateTime<Utc>) -> Vec<FollowUp> {
    books.claim_follow_ups(now, LEASE, ALL).await.unwrap()
}

pub(super) async fn claim_one(books: &dyn Books, now: DateTime<Utc>) -> FollowUp {
    let mut claims = claim(books, now).await;
    assert_eq!(claims.len(), 1, "{claims:?}");
    claims.remove(0)
}

fn keys(claims: &[FollowUp]) -> Vec<DisputeKey> {
    claims.iter().map(|claim| claim.key.clone()).collect()
}

/// That a follow-up came to nothing.
pub(super) fn nothing(follow_up: FollowUp) -> Conclusion {
    Conclusion { follow_up, customer: None, score: None, rules: Vec::new(), deeds: Vec::new() }
}

/// What a change triggers is due at once, with the version that the change made.
pub async fn a_change_queues_what_it_triggers(books: &dyn Books) {
    assert_eq!(claim(books, day(0)).await, []);
    happen(books, "du_1", "needs_response", day(0)).await;
    let filed = claim_one(books, day(0)).await;
    let triggers = BTreeSet::from([Trigger::DisputeFiled]);
    assert_eq!(filed, FollowUp { key: dispute_key("du_1"), version: 1, triggers, attempt: 1 });
    assert_eq!(filed.id(), "default/du_1/1");
    books.conclude(&[nothing(filed)], day(0)).await.unwrap();

    happen(books, "du_1", "lost", day(4)).await;
    let lost = claim_one(books, day(4)).await;
    let triggers = BTreeSet::from([Trigger::DisputeChanged, Trigger::DisputeClosed]);
    assert_eq!((lost.version, lost.triggers), (2, triggers));
}

/// A change without triggers leaves the queue as it is.
pub async fn a_change_that_triggers_nothing_queues_nothing(books: &dyn Books) {
    let key = dispute_key("du_1");
    let mut change = decided(books, &Observation { key, ..observation("evt_1", "lost", day(0)) }).await;
    change.triggers.clear();
    record(books, change_entry(change, &["evt_1"]), day(0)).await;
    assert_eq!(claim(books, day(1)).await, []);
}

/// It is queued in the transaction of the change: a change that is stale queues nothing.
pub async fn a_stale_change_queues_nothing(books: &dyn Books) {
    let stale = entry(books, &dispute_key("du_1"), "lost", day(1)).await;
    happen(books, "du_1", "needs_response", day(0)).await;
    assert_eq!(record(books, stale, day(1)).await, Answer::Stale);
    assert_eq!(claim_one(books, day(9)).await.version, 1);
}

/// It is queued in the transaction of the change: where nothing was written, nothing is queued.
pub async fn on_an_error_nothing_is_queued(books: &dyn Books) {
    let mut poison = Observation { key: dispute_key("du_2"), ..observation("evt_2", "lost", day(0)) };
    poison.claims.reason = Some("a\0b".to_owned());
    let bad = change_entry(decided(books, &poison).await, &["evt_2"]);
    let good = entry(books, &dispute_key("du_1"), "lost", day(0)).await;
    assert!(books.record(&[good, bad], day(0)).await.is_err());
    assert_eq!(claim(books, day(9)).await, []);
}

/// What is recorded twice is acted on once.
pub async fn what_was_recorded_before_queues_nothing_again(books: &dyn Books) {
    let first = entry(books, &dispute_key("du_1"), "lost", day(0)).await;
    record(books, first.clone(), day(0)).await;
    let claimed = claim_one(books, day(0)).await;
    assert_eq!(record(books, first, day(1)).await, recorded(&[true]));
    books.conclude(&[nothing(claimed)], day(1)).await.unwrap();
    assert_eq!(claim(books, day(9)).await, []);
}

/// Up to `limit`, those that are due longest first, and of those by key and version.
pub async fn what_is_due_longest_is_claimed_first(books: &dyn Books) {
    happen(books, "du_a", "needs_response", day(3)).await;
    happen(books, "du_c", "needs_response", day(1)).await;
    let theirs = DisputeKey { account: account("acct_2"), ..dispute_key("du_z") };
    let their_entry = entry(books, &theirs, "needs_response", day(1)).await;
    record(books, their_entry, day(1)).await;
    happen(books, "du_b", "needs_response", day(1)).await;
    let again = entry(books, &dispute_key("du_b"), "under_review", day(2)).await;
    record(books, again, day(1)).await;

    assert!(theirs.account < AccountId::own());
    assert_eq!(books.claim_follow_ups(day(0), LEASE, 4).await.unwrap(), []);
    let first = books.claim_follow_ups(day(4), LEASE, 3).await.unwrap();
    assert_eq!(keys(&first), [theirs, dispute_key("du_b"), dispute_key("du_b")]);
    assert_eq!((first[1].version, first[2].version), (1, 2));
    books.conclude(&first.into_iter().map(nothing).collect::<Vec<_>>(), day(4)).await.unwrap();
    assert_eq!(keys(&claim(books, day(4)).await), [dispute_key("du_c"), dispute_key("du_a")]);
}

/// They are worked one batch at a time.
pub async fn while_a_claim_holds_nothing_is_handed_out(books: &dyn Books) {
    happen(books, "du_1", "lost", day(0)).await;
    happen(books, "du_2", "lost", day(0)).await;
    let first = books.claim_follow_ups(day(0), LEASE, 1).await.unwrap();
    for later in [day(0), day(0) + LEASE - Duration::from_secs(1)] {
        assert_eq!(claim(books, later).await, []);
    }
    books.conclude(&first.into_iter().map(nothing).collect::<Vec<_>>(), day(0)).await.unwrap();
    assert_eq!(claim_one(books, day(0)).await.key, dispute_key("du_2"));
}

/// A claim whose lease ran out is handed out again, as another attempt.
pub async fn a_claim_whose_lease_ran_out_is_handed_out_again(books: &dyn Books) {
    happen(books, "du_1", "lost", day(0)).await;
    for attempt in 1..4 {
        let claimed = claim_one(books, day(0) + LEASE * u32::try_from(attempt).unwrap()).await;
        assert_eq!((claimed.version, claimed.attempt), (1, attempt));
    }
}

/// Of claims at once, one gets the batch.
pub async fn of_racing_claims_one_gets_the_batch(books: &dyn Books) {
    for n in 0..RACERS {
        happen(books, &format!("du_{n}"), "lost", day(0)).await;
    }
    for attempt in 1..4 {
        let now = day(1) + LEASE * u32::try_from(attempt).unwrap();
        let claims = join_all((0..RACERS).map(|_| books.claim_follow_ups(now, LEASE, 3))).await;
        let claims: Vec<_> = claims.into_iter().map(Result::unwrap).filter(|claims| !claims.is_empty()).collect();
        assert_eq!(claims.iter().map(Vec::len).collect::<Vec<_>>(), [3]);
    }
}

/// Again at `next`, not before; and the claim has ended with that.
pub async fn what_is_put_off_is_due_again_at_its_time(books: &dyn Books) {
    happen(books, "du_1", "lost", day(0)).await;
    let claimed = claim_one(books, day(0)).await;
    let next = day(0) + TimeDelta::minutes(1);
    books.put_off(&claimed, "it did not work", Some(next), day(0)).await.unwrap();
    books.put_off(&claimed, "it did not work", None, day(0)).await.unwrap();
    books.conclude(&[nothing(claimed.clone())], day(0)).await.unwrap();
    assert_eq!(claim(books, next - TimeDelta::seconds(1)).await, []);
    assert_eq!(claim_one(books, next).await, FollowUp { attempt: 2, ..claimed });
}

/// What was given up waits for a person.
pub async fn what_was_given_up_is_not_handed_out_again(books: &dyn Books) {
    happen(books, "du_1", "lost", day(0)).await;
    let claimed = claim_one(books, day(0)).await;
    books.put_off(&claimed, "it never works", None, day(0)).await.unwrap();
    assert_eq!(claim(books, day(100)).await, []);
}
