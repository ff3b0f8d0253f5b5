//! The sentences of [`ReadQueue`](chargebook_domain::ports::ReadQueue).

use std::time::Duration;

use chargebook_domain::ports::{Answer, Entry, ReadClaim};
use chargebook_domain::{AccountId, Change, DisputeKey, Observation, OwedRead, ReadReason};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::{join, join_all};

use super::{Books, decided, record, recorded};
use crate::samples::{account, change_entry, day, dispute_key, observation};

const LEASE: Duration = Duration::from_mins(5);
const ALL: u32 = 100;
const RACERS: usize = 8;

const SOON: TimeDelta = TimeDelta::seconds(5);
const AN_HOUR: TimeDelta = TimeDelta::hours(1);

/// What books something new of a dispute as of `at`, and owes what is said.
async fn entry(books: &dyn Books, key: &DisputeKey, at: DateTime<Utc>, owed_read: Option<OwedRead>) -> Entry {
    let cause = format!("evt_{}_{}", key.dispute, at.timestamp());
    let seen = Observation { key: key.clone(), ..observation(&cause, "needs_response", at) };
    change_entry(Change { owed_read, ..decided(books, &seen).await }, &[&cause])
}

/// Records at `at` something that owes a read.
async fn owe(books: &dyn Books, dispute: &str, at: DateTime<Utc>, reason: ReadReason, after: TimeDelta) {
    let entry = entry(books, &dispute_key(dispute), at, Some(OwedRead { reason, after })).await;
    assert_eq!(record(books, entry, at).await, recorded(&[false]));
}

async fn claim(books: &dyn Books, now: DateTime<Utc>) -> Vec<ReadClaim> {
    books.claim_reads(now, LEASE, ALL).await.unwrap()
}

async fn claim_one(books: &dyn Books, now: DateTime<Utc>) -> ReadClaim {
    let mut claims = claim(books, now).await;
    assert_eq!(claims.len(), 1, "{claims:?}");
    claims.remove(0)
}

fn keys(claims: Vec<ReadClaim>) -> Vec<DisputeKey> {
    claims.into_iter().map(|claim| claim.key).collect()
}

/// What a change owes is read as long after it was recorded as the change says, with its reason.
pub async fn a_read_is_due_as_long_after_the_change_as_that_says(books: &dyn Books) {
    assert_eq!(claim(books, day(0)).await, []);
    for (n, reason) in (0..).zip(ReadReason::ALL) {
        let dispute = format!("du_{n}");
        owe(books, &dispute, day(n), reason, AN_HOUR).await;
        assert_eq!(claim(books, day(n) + AN_HOUR - TimeDelta::seconds(1)).await, []);
        let claimed = claim_one(books, day(n) + AN_HOUR).await;
        assert_eq!(claimed, ReadClaim { key: dispute_key(&dispute), reason, attempt: 1 });
        books.settle_read(&claimed, None).await.unwrap();
    }
}

/// A change that owes no read leaves the queue as it is.
pub async fn a_change_that_owes_nothing_queues_nothing(books: &dyn Books) {
    let first = entry(books, &dispute_key("du_1"), day(0), None).await;
    record(books, first, day(0)).await;
    assert_eq!(claim(books, day(100)).await, []);
    owe(books, "du_1", day(1), ReadReason::Ambiguous, AN_HOUR).await;
    let third = entry(books, &dispute_key("du_1"), day(2), None).await;
    record(books, third, day(2)).await;
    let claimed = claim_one(books, day(2)).await;
    assert_eq!((claimed.reason, claimed.attempt), (ReadReason::Ambiguous, 1));
}

/// Every change of a batch queues what it owes.
pub async fn every_change_of_a_batch_queues_its_own_read(books: &dyn Books) {
    let mut batch = Vec::new();
    for (dispute, owed) in [("du_1", true), ("du_2", false), ("du_3", true)] {
        let owed_read = owed.then_some(OwedRead { reason: ReadReason::OrderUnknown, after: SOON });
        batch.push(entry(books, &dispute_key(dispute), day(0), owed_read).await);
    }
    books.record(&batch, day(0)).await.unwrap();
    assert_eq!(keys(claim(books, day(1)).await), [dispute_key("du_1"), dispute_key("du_3")]);
}

/// The read is added in the transaction of the change: a change that is stale owes nothing.
pub async fn a_stale_change_owes_nothing(books: &dyn Books) {
    let owed_read = Some(OwedRead { reason: ReadReason::Ambiguous, after: SOON });
    let stale = entry(books, &dispute_key("du_1"), day(1), owed_read).await;
    let meanwhile = entry(books, &dispute_key("du_1"), day(0), None).await;
    record(books, meanwhile, day(1)).await;
    assert_eq!(record(books, stale, day(1)).await, Answer::Stale);
    assert_eq!(claim(books, day(100)).await, []);
}

/// The read is added in the transaction of the change: where nothing was written, nothing is owed.
pub async fn on_an_error_nothing_is_owed(books: &dyn Books) {
    let mut poison = Observation { key: dispute_key("du_2"), ..observation("evt_2", "lost", day(0)) };
    poison.claims.reason = Some("a\0b".to_owned());
    let bad = change_entry(decided(books, &poison).await, &["evt_2"]);
    let owed_read = Some(OwedRead { reason: ReadReason::OrderUnknown, after: SOON });
    let good = entry(books, &dispute_key("du_1"), day(0), owed_read).await;
    assert!(books.record(&[good, bad], day(0)).await.is_err());
    assert_eq!(claim(books, day(100)).await, []);
}

/// What is recorded twice owes its read once.
pub async fn what_was_recorded_before_owes_nothing_again(books: &dyn Books) {
    let owed_read = Some(OwedRead { reason: ReadReason::OrderUnknown, after: SOON });
    let first = entry(books, &dispute_key("du_1"), day(0), owed_read).await;
    record(books, first.clone(), day(0)).await;
    let claimed = claim_one(books, day(1)).await;
    assert_eq!(record(books, first.clone(), day(1)).await, recorded(&[true]));
    books.settle_read(&claimed, None).await.unwrap();
    assert_eq!(record(books, first, day(2)).await, recorded(&[true]));
    assert_eq!(claim(books, day(100)).await, []);
}

/// Up to `limit`, those that are due longest first, and of those by key.
pub async fn what_is_due_longest_is_claimed_first(books: &dyn Books) {
    owe(books, "du_a", day(3), ReadReason::Ambiguous, SOON).await;
    owe(books, "du_c", day(1), ReadReason::Ambiguous, SOON).await;
    owe(books, "du_b", day(1), ReadReason::MoneyMissing, SOON).await;
    owe(books, "du_d", day(0), ReadReason::MoneyMissing, AN_HOUR).await;
    let theirs = DisputeKey { account: account("acct_2"), ..dispute_key("du_z") };
    let owed_read = Some(OwedRead { reason: ReadReason::Ambiguous, after: SOON });
    let their_entry = entry(books, &theirs, day(1), owed_read).await;
    record(books, their_entry, day(1)).await;

    assert!(theirs.account < AccountId::own());
    let first = books.claim_reads(day(4), LEASE, 3).await.unwrap();
    assert_eq!(keys(first), [dispute_key("du_d"), theirs, dispute_key("du_b")]);
    let second = books.claim_reads(day(4), LEASE, 3).await.unwrap();
    assert_eq!(keys(second), [dispute_key("du_c"), dispute_key("du_a")]);
}

/// A claim is the right to read, once, for as long as its lease.
pub async fn a_read_is_handed_out_once_for_as_long_as_the_lease(books: &dyn Books) {
    owe(books, "du_1", day(0), ReadReason::Ambiguous, SOON).await;
    let now = day(1);
    claim_one(books, now).await;
    for later in [now, now + LEASE - Duration::from_secs(1)] {
        assert_eq!(claim(books, later).await, []);
    }
}

/// A claim whose lease ran out is handed out again, as another attempt.
pub async fn a_claim_whose_lease_ran_out_is_handed_out_again(books: &dyn Books) {
    owe(books, "du_1", day(0), ReadReason::MoneyMissing, SOON).await;
    for attempt in 1..4 {
        let claimed = claim_one(books, day(1) + LEASE * u32::try_from(attempt).unwrap()).await;
        assert_eq!(claimed, ReadClaim { key: dispute_key("du_1"), reason: ReadReason::MoneyMissing, attempt });
    }
}

/// Not again.
pub async fn a_read_that_was_settled_is_not_made_again(books: &dyn Books) {
    owe(books, "du_1", day(0), ReadReason::Ambiguous, SOON).await;
    owe(books, "du_2", day(0), ReadReason::Ambiguous, SOON).await;
    let claims = claim(books, day(1)).await;
    books.settle_read(&claims[0], None).await.unwrap();
    let other = claim_one(books, day(100)).await;
    assert_eq!(other.key, dispute_key("du_2"));
    books.settle_read(&other, None).await.unwrap();
    owe(books, "du_1", day(100), ReadReason::MoneyMissing, AN_HOUR).await;
    let claimed = claim_one(books, day(100) + AN_HOUR).await;
    assert_eq!(claimed, ReadClaim { key: dispute_key("du_1"), reason: ReadReason::MoneyMissing, attempt: 1 });
}

/// Again at `next`, not before, nor put off by the lease; and the claim has ended with that.
pub async fn a_read_that_is_put_off_is_due_again_at_its_time(books: &dyn Books) {
    owe(books, "du_1", day(0), ReadReason::MoneyMissing, SOON).await;
    let claimed = claim_one(books, day(1)).await;
    let next = day(1) + TimeDelta::minutes(1);
    assert!(next < day(1) + LEASE);
    books.settle_read(&claimed, Some(next)).await.unwrap();
    for ended in [None, Some(day(9))] {
        books.settle_read(&claimed, ended).await.unwrap();
    }
    assert_eq!(claim(books, next - TimeDelta::seconds(1)).await, []);
    assert_eq!(claim_one(books, next).await, ReadClaim { attempt: 2, ..claimed });
}

/// A claim that is not the present one changes nothing.
pub async fn settling_another_claim_changes_nothing(books: &dyn Books) {
    owe(books, "du_1", day(0), ReadReason::MoneyMissing, SOON).await;
    let first = claim_one(books, day(1)).await;
    let expired = day(1) + LEASE;
    let second = claim_one(books, expired).await;
    books.settle_read(&first, Some(expired)).await.unwrap();
    assert_eq!(claim(books, expired).await, [], "the second goes on");
    books.settle_read(&first, None).await.unwrap();
    let third = claim_one(books, expired + LEASE).await;
    assert_eq!(third, ReadClaim { attempt: 3, ..second });
    books.settle_read(&third, None).await.unwrap();
    books.settle_read(&third, Some(day(2))).await.unwrap();
    let never = ReadClaim { key: dispute_key("du_never"), ..third };
    books.settle_read(&never, Some(day(2))).await.unwrap();
    assert_eq!(claim(books, day(100)).await, [], "settling adds nothing");
}

/// A dispute is in the queue once: the earlier time stays, and the later reason.
pub async fn a_read_that_is_owed_twice_is_made_once_at_the_earlier_time(books: &dyn Books) {
    owe(books, "du_1", day(0), ReadReason::MoneyMissing, AN_HOUR).await;
    owe(books, "du_1", day(0) + TimeDelta::minutes(1), ReadReason::Ambiguous, SOON).await;
    let due_at = day(0) + TimeDelta::minutes(1) + SOON;
    assert_eq!(claim(books, due_at - TimeDelta::seconds(1)).await, []);
    let claimed = claim_one(books, due_at).await;
    assert_eq!(claimed.reason, ReadReason::Ambiguous);
    books.settle_read(&claimed, None).await.unwrap();

    owe(books, "du_1", day(1), ReadReason::OrderUnknown, SOON).await;
    owe(books, "du_1", day(1) + TimeDelta::seconds(1), ReadReason::MoneyMissing, AN_HOUR).await;
    let claimed = claim_one(books, day(1) + SOON).await;
    assert_eq!(claimed.reason, ReadReason::MoneyMissing);
    books.settle_read(&claimed, None).await.unwrap();
    assert_eq!(claim(books, day(100)).await, []);
}

/// A claim whose dispute came to owe another read meanwhile changes nothing: that read is still to be made.
pub async fn a_read_that_is_owed_while_claimed_outlives_the_claim(books: &dyn Books) {
    for (dispute, next) in [("du_1", None), ("du_2", Some(day(30)))] {
        owe(books, dispute, day(0), ReadReason::OrderUnknown, SOON).await;
        let claimed = claim_one(books, day(1)).await;
        owe(books, dispute, day(1), ReadReason::Ambiguous, SOON).await;
        books.settle_read(&claimed, next).await.unwrap();
        let again = claim_one(books, day(1) + SOON).await;
        assert_eq!((&again.key, again.reason), (&claimed.key, ReadReason::Ambiguous));
        assert!(again.attempt > claimed.attempt, "{again:?}");
        books.settle_read(&claimed, None).await.unwrap();
        assert_eq!(claim_one(books, day(1) + SOON + LEASE).await.key, claimed.key, "it is not the present one");
        let last = claim_one(books, day(2)).await;
        books.settle_read(&last, None).await.unwrap();
        assert_eq!(claim(books, day(3)).await, []);
    }
}

/// What a dispute comes to owe when a read is due already, or being made, has its own time.
pub async fn a_read_that_is_owed_while_one_is_due_has_its_own_time(books: &dyn Books) {
    owe(books, "du_1", day(0), ReadReason::Ambiguous, SOON).await;
    let claimed = claim_one(books, day(1)).await;
    owe(books, "du_1", day(1), ReadReason::MoneyMissing, TimeDelta::hours(1)).await;
    books.settle_read(&claimed, None).await.unwrap();
    assert_eq!(claim(books, day(1) + SOON).await, [], "what was due before is being read");
    let later = claim_one(books, day(1) + TimeDelta::hours(1)).await;
    assert_eq!(later.reason, ReadReason::MoneyMissing);
    books.settle_read(&later, None).await.unwrap();

    owe(books, "du_2", day(2), ReadReason::OrderUnknown, SOON).await;
    owe(books, "du_2", day(3), ReadReason::Ambiguous, SOON).await;
    assert_eq!(claim(books, day(3)).await, [], "nobody has made it, and now it would be too early");
    assert_eq!(claim_one(books, day(3) + SOON).await.reason, ReadReason::Ambiguous);
}

/// Of claims at once, each read is another's.
pub async fn of_racing_claims_each_read_is_handed_out_once(books: &dyn Books) {
    let disputes: Vec<_> = (0..RACERS).map(|n| format!("du_{n}")).collect();
    for dispute in &disputes {
        owe(books, dispute, day(0), ReadReason::OrderUnknown, SOON).await;
    }
    for attempt in 1..3 {
        let now = day(1) + LEASE * u32::try_from(attempt).unwrap();
        let claims = join_all((0..RACERS).map(|_| claim(books, now))).await;
        let mut claims: Vec<_> = claims.into_iter().flatten().collect();
        claims.sort_by(|a, b| a.key.cmp(&b.key));
        assert!(claims.iter().all(|claim| claim.attempt == attempt), "{claims:?}");
        let expected: Vec<_> = disputes.iter().map(|dispute| dispute_key(dispute)).collect();
        assert_eq!(keys(claims), expected);
    }
}

/// A read that comes to be owed at the moment at which a claim is settled is not lost.
pub async fn a_read_that_is_owed_while_its_claim_is_settled_is_not_lost(books: &dyn Books) {
    let disputes: Vec<_> = (0..RACERS).map(|n| format!("du_{n}")).collect();
    for dispute in &disputes {
        owe(books, dispute, day(0), ReadReason::OrderUnknown, SOON).await;
    }
    let claims = claim(books, day(1)).await;
    assert_eq!(claims.len(), RACERS);
    join_all(claims.iter().map(|claimed| {
        let owed = owe(books, claimed.key.dispute.as_str(), day(1), ReadReason::MoneyMissing, SOON);
        join(owed, async { books.settle_read(claimed, None).await.unwrap() })
    }))
    .await;
    let mut owed = claim(books, day(1) + SOON).await;
    assert!(owed.iter().all(|claim| claim.reason == ReadReason::MoneyMissing), "{owed:?}");
    owed.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(keys(owed), keys(claims));
}
