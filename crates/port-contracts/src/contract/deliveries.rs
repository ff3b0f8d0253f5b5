//! The sentences of [`Summaries`](chargebook_domain::ports::Summaries) about who sends a day's mail.

use std::time::Duration;

use chargebook_domain::ports::{Claim, ClaimRequest, DayMail, Mails, SendOutcome};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use futures_util::future::join_all;

use super::{Books, observe, sealing};
use crate::samples::{date, day, observation};

const CHANNEL: &str = "outlook";
const LEASE: Duration = Duration::from_mins(5);

/// Seals day 3, and some moment after that.
async fn sealed_at(books: &dyn Books) -> DateTime<Utc> {
    observe(books, &observation("evt_1", "needs_response", day(3))).await;
    assert!(books.seal(&sealing::seal_of(3)).await.unwrap());
    day(4)
}

fn request(now: DateTime<Utc>) -> ClaimRequest {
    let mail = DayMail::together(date(3));
    ClaimRequest { mail, channel: CHANNEL.to_owned(), now, lease: LEASE, by_person: false }
}

async fn claim(books: &dyn Books, now: DateTime<Utc>) -> Option<Claim> {
    books.claim(&request(now)).await.unwrap()
}

async fn claim_by_person(books: &dyn Books, now: DateTime<Utc>) -> Option<Claim> {
    books.claim(&ClaimRequest { by_person: true, ..request(now) }).await.unwrap()
}

async fn settle(books: &dyn Books, claim: &Claim, outcome: SendOutcome, now: DateTime<Utc>) {
    books.settle(claim, CHANNEL, &outcome, now).await.unwrap();
}

async fn undelivered(books: &dyn Books, now: DateTime<Utc>) -> Vec<NaiveDate> {
    let mails = books.undelivered(CHANNEL, Mails::Together, now).await.unwrap();
    assert!(mails.iter().all(|mail| mail.book.is_none()));
    mails.into_iter().map(|mail| mail.date).collect()
}

/// How many mails a person should look after.
async fn odd(books: &dyn Books, now: DateTime<Utc>) -> u64 {
    let later = chargebook_domain::ports::Seal { now, ..sealing::seal_of(9) };
    books.books(&later, None).await.unwrap().attention.undelivered
}

fn accepted() -> SendOutcome {
    SendOutcome::Accepted { receipt: Some("req-1".to_owned()) }
}

fn refused(retry_after: Option<Duration>) -> SendOutcome {
    SendOutcome::Refused { reason: "no such mailbox".to_owned(), retry_after }
}

/// The sealed days whose mail is still to be sent, in order.
pub async fn a_sealed_day_is_undelivered_until_it_was_accepted(books: &dyn Books) {
    let now = sealed_at(books).await;
    assert!(books.seal(&sealing::seal_of(4)).await.unwrap());
    assert_eq!(undelivered(books, now).await, [date(3), date(4)]);
    let claim = claim(books, now).await.unwrap();
    assert_eq!(undelivered(books, now).await, [date(4)], "somebody sends it");
    settle(books, &claim, accepted(), now).await;
    assert_eq!(undelivered(books, now).await, [date(4)]);
    assert_eq!(odd(books, now).await, 0);
}

/// A day that is not sealed has no mail.
pub async fn a_day_that_is_not_sealed_is_not_handed_out(books: &dyn Books) {
    assert_eq!(claim(books, day(4)).await, None);
    assert!(undelivered(books, day(4)).await.is_empty());
    sealed_at(books).await;
    let tomorrow = ClaimRequest { mail: DayMail::together(date(4)), ..request(day(4)) };
    assert_eq!(books.claim(&tomorrow).await.unwrap(), None);
}

/// None when it is another's, or done.
pub async fn a_claim_is_handed_out_once(books: &dyn Books) {
    let now = sealed_at(books).await;
    let first = claim(books, now).await.unwrap();
    assert_eq!(first.mail, DayMail::together(date(3)));
    assert_eq!(claim(books, now + TimeDelta::minutes(4)).await, None);
    assert_eq!(
        claim_by_person(books, now + TimeDelta::minutes(4)).await,
        None,
        "a person does not take it from another"
    );
    settle(books, &first, accepted(), now).await;
    assert_eq!(claim(books, now + TimeDelta::minutes(6)).await, None);
}

/// Of claims at once, one wins.
pub async fn of_racing_claims_one_wins(books: &dyn Books) {
    let now = sealed_at(books).await;
    let claims = join_all((0..8).map(|_| claim(books, now))).await;
    assert_eq!(claims.iter().flatten().count(), 1, "{claims:?}");
    let first = claims.into_iter().flatten().next().unwrap();
    settle(books, &first, SendOutcome::Unknown { reason: String::new() }, now).await;
    let claims = join_all((0..8).map(|_| claim_by_person(books, now))).await;
    assert_eq!(claims.iter().flatten().count(), 1, "{claims:?}");
}

/// Who changes the channel does not mail the past again; a day that another channel was refused goes on this one.
pub async fn a_day_that_went_on_another_channel_is_not_sent_again(books: &dyn Books) {
    let now = sealed_at(books).await;
    let folder = || ClaimRequest { channel: "folder".to_owned(), ..request(now) };
    let first = books.claim(&folder()).await.unwrap().unwrap();
    assert_eq!((undelivered(books, now).await, claim(books, now).await), (vec![], None), "it is being sent");
    let refused = SendOutcome::Refused { reason: "the disk is full".to_owned(), retry_after: None };
    books.settle(&first, "folder", &refused, now).await.unwrap();
    assert_eq!(undelivered(books, now).await, [date(3)]);
    let second = books.claim(&ClaimRequest { by_person: true, ..folder() }).await.unwrap().unwrap();
    books.settle(&second, "folder", &SendOutcome::Accepted { receipt: None }, now).await.unwrap();
    assert_eq!((undelivered(books, now).await, claim(books, now).await), (vec![], None));
    assert!(claim_by_person(books, now).await.is_some(), "a person can have it sent here as well");
}

/// A claim whose lease ran out without being settled makes the delivery unknown, and is never handed out again.
pub async fn a_claim_whose_lease_ran_out_is_never_handed_out_again(books: &dyn Books) {
    let now = sealed_at(books).await;
    claim(books, now).await.unwrap();
    assert_eq!(odd(books, now).await, 0);
    for later in [now + TimeDelta::minutes(6), now + TimeDelta::days(6)] {
        assert!(undelivered(books, later).await.is_empty());
        assert_eq!(claim(books, later).await, None);
        assert_eq!(odd(books, later).await, 1);
    }
}

/// A person decides whether what is unknown goes once more.
pub async fn a_person_can_have_what_is_unknown_sent_again(books: &dyn Books) {
    let now = sealed_at(books).await;
    let first = claim(books, now).await.unwrap();
    settle(books, &first, SendOutcome::Unknown { reason: "no answer".to_owned() }, now).await;
    assert_eq!((claim(books, now).await, undelivered(books, now).await), (None, vec![]));
    assert_eq!(odd(books, now).await, 1);
    let second = claim_by_person(books, now).await.unwrap();
    assert_ne!(second.attempt, first.attempt);

    let expired = now + TimeDelta::minutes(6);
    let third = claim_by_person(books, expired).await.unwrap();
    assert_ne!(third.attempt, second.attempt, "a lease that ran out is unknown as well");
    settle(books, &third, accepted(), expired).await;
    assert_eq!(odd(books, expired).await, 0);
}

/// A person decides whether what was accepted goes once more: it can be lost behind whoever accepted it.
pub async fn a_person_can_have_what_was_accepted_sent_again(books: &dyn Books) {
    let now = sealed_at(books).await;
    let first = claim(books, now).await.unwrap();
    settle(books, &first, accepted(), now).await;
    let tomorrow = now + TimeDelta::days(1);
    assert_eq!((claim(books, tomorrow).await, undelivered(books, tomorrow).await), (None, vec![]));
    let second = claim_by_person(books, tomorrow).await.unwrap();
    assert_ne!(second.request_id(CHANNEL), first.request_id(CHANNEL));
    settle(books, &second, accepted(), tomorrow).await;
    assert_eq!((claim(books, tomorrow).await, undelivered(books, tomorrow).await), (None, vec![]));
}

/// A refusal leaves what a person had sent as it was: what went is not sent again by itself, here or elsewhere.
pub async fn what_a_person_had_sent_stands_as_before_when_it_is_refused(books: &dyn Books) {
    let now = sealed_at(books).await;
    let mut present = claim(books, now).await.unwrap();
    for (before, is_odd) in [(accepted(), 0), (SendOutcome::Unknown { reason: "no answer".to_owned() }, 1)] {
        settle(books, &present, before, now).await;
        for refusal in [refused(Some(Duration::ZERO)), refused(None)] {
            let again = claim_by_person(books, now).await.unwrap();
            settle(books, &again, refusal, now).await;
            assert_eq!((claim(books, now).await, undelivered(books, now).await), (None, vec![]));
            let elsewhere = books.undelivered("folder", Mails::Together, now).await.unwrap();
            assert_eq!((elsewhere, odd(books, now).await), (vec![], is_odd));
        }
        present = claim_by_person(books, now).await.unwrap();
    }
}

/// The other side did not take it, and a person must change something first.
pub async fn what_failed_waits_for_a_person(books: &dyn Books) {
    let now = sealed_at(books).await;
    let first = claim(books, now).await.unwrap();
    settle(books, &first, refused(None), now).await;
    let later = now + TimeDelta::days(1);
    assert_eq!((claim(books, later).await, undelivered(books, later).await), (None, vec![]));
    assert_eq!(odd(books, later).await, 1);
    assert!(claim_by_person(books, later).await.is_some());
}

/// None when it is not due: what can be tried again is pending, and not before its time.
pub async fn what_can_be_tried_again_waits_for_its_time(books: &dyn Books) {
    let now = sealed_at(books).await;
    let first = claim(books, now).await.unwrap();
    settle(books, &first, refused(Some(Duration::from_mins(10))), now).await;
    let early = now + TimeDelta::minutes(9);
    assert_eq!((claim(books, early).await, undelivered(books, early).await), (None, vec![]));
    let due = now + TimeDelta::minutes(10);
    assert_eq!(undelivered(books, due).await, [date(3)]);
    assert_eq!(odd(books, due).await, 0, "it goes on by itself");
    let second = claim(books, due).await.unwrap();
    assert_ne!(second.attempt, first.attempt);
    settle(books, &second, refused(Some(Duration::from_mins(10))), due).await;
    assert!(claim_by_person(books, due).await.is_some(), "a person does not wait for it");
}

/// A claim that is not the present one changes nothing.
pub async fn settling_another_claim_changes_nothing(books: &dyn Books) {
    let now = sealed_at(books).await;
    let first = claim(books, now).await.unwrap();
    settle(books, &first, refused(Some(Duration::ZERO)), now).await;
    let second = claim(books, now).await.unwrap();
    settle(books, &first, accepted(), now).await;
    settle(books, &second, refused(Some(Duration::ZERO)), now).await;
    assert_eq!(undelivered(books, now).await, [date(3)], "the present attempt counts");
    settle(books, &second, accepted(), now).await;
    assert_eq!(undelivered(books, now).await, [date(3)], "it was settled");
    let none = Claim { mail: DayMail::together(date(8)), attempt: 1, begun_at: now };
    books.settle(&none, CHANNEL, &accepted(), now).await.unwrap();
}
