//! The sentences of [`Summaries`](chargebook_domain::ports::Summaries) about who sends a day's mail.

use std::time::Duration;

use chargebook_domain::ports::{Claim, ClaimRequest, DayMail, Due, Mails, SendOutcome};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use futures_util::future::join_all;

use super::{Books, observe, sealing};
use crate::samples::{date, day, observation};

const CHANNEL: &str = "outlook";

/// Where mails can be looked for.
pub(super) const PLACE: &str = "a mailbox";
const LEASE: Duration = Duration::from_mins(5);

/// Seals day 3, and some moment after that.
pub(super) async fn sealed_at(books: &dyn Books) -> DateTime<Utc> {
    observe(books, &observation("evt_1", "needs_response", day(3))).await;
    assert!(books.seal(&sealing::seal_of(3)).await.unwrap());
    day(4)
}

fn request(now: DateTime<Utc>) -> ClaimRequest {
    request_on(CHANNEL, &[3], now)
}

/// A wish to send days as one.
pub(super) fn request_on(channel: &str, days: &[i64], now: DateTime<Utc>) -> ClaimRequest {
    ClaimRequest {
        mails: days.iter().map(|days| DayMail::together(date(*days))).collect(),
        channel: channel.to_owned(),
        reference: format!("summary of {days:?}"),
        place: Some(PLACE.to_owned()),
        now,
        lease: LEASE,
        by_person: false,
    }
}

async fn claim(books: &dyn Books, now: DateTime<Utc>) -> Option<Claim> {
    books.claim(&request(now)).await.unwrap()
}

async fn claim_by_person(books: &dyn Books, now: DateTime<Utc>) -> Option<Claim> {
    books.claim(&ClaimRequest { by_person: true, ..request(now) }).await.unwrap()
}

async fn settle(books: &dyn Books, claim: &Claim, outcome: SendOutcome, now: DateTime<Utc>) {
    books.settle(claim, &outcome, now).await.unwrap();
}

async fn undelivered(books: &dyn Books, now: DateTime<Utc>) -> Vec<NaiveDate> {
    let due = due_on(books, &[CHANNEL], now).await;
    assert!(due.iter().all(|due| due.channel == CHANNEL));
    due.into_iter().map(|due| due.mail.date).collect()
}

pub(super) async fn due_on(books: &dyn Books, channels: &[&str], now: DateTime<Utc>) -> Vec<Due> {
    let channels: Vec<_> = channels.iter().map(ToString::to_string).collect();
    let due = books.undelivered(&channels, Mails::Together, now).await.unwrap();
    assert!(due.iter().all(|due| due.mail.book.is_none()));
    due
}

/// How many mails a person should look after.
pub(super) async fn odd(books: &dyn Books, now: DateTime<Utc>) -> u64 {
    let later = chargebook_domain::ports::Seal { now, ..sealing::seal_of(9) };
    books.books(&later, None).await.unwrap().attention.undelivered
}

pub(super) fn accepted() -> SendOutcome {
    SendOutcome::Accepted { receipt: Some("req-1".to_owned()) }
}

pub(super) fn refused(retry_after: Option<Duration>) -> SendOutcome {
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
    assert_eq!(books.claim(&request_on(CHANNEL, &[4], day(4))).await.unwrap(), None);
}

/// None when it is another's, or done.
pub async fn a_claim_is_handed_out_once(books: &dyn Books) {
    let now = sealed_at(books).await;
    let first = claim(books, now).await.unwrap();
    assert_eq!(first.attempts, [(DayMail::together(date(3)), 1)]);
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
    let folder = || request_on("folder", &[3], now);
    let first = books.claim(&folder()).await.unwrap().unwrap();
    assert_eq!((undelivered(books, now).await, claim(books, now).await), (vec![], None), "it is being sent");
    let refused = SendOutcome::Refused { reason: "the disk is full".to_owned(), retry_after: None };
    books.settle(&first, &refused, now).await.unwrap();
    assert_eq!(undelivered(books, now).await, [date(3)]);
    let second = books.claim(&ClaimRequest { by_person: true, ..folder() }).await.unwrap().unwrap();
    books.settle(&second, &SendOutcome::Accepted { receipt: None }, now).await.unwrap();
    assert_eq!((undelivered(books, now).await, claim(books, now).await), (vec![], None));
    assert!(claim_by_person(books, now).await.is_some(), "a person can have it sent here as well");
}

/// A claim whose lease ran out without being settled makes the delivery unknown, and is never handed out again.
pub async fn a_claim_whose_lease_ran_out_is_never_handed_out_again(books: &dyn Books) {
    let now = sealed_at(books).await;
    let at_once = ClaimRequest { lease: Duration::ZERO, ..request(now) };
    let died = books.claim(&at_once).await.unwrap().unwrap();
    for later in [now, now + TimeDelta::days(6)] {
        assert!(undelivered(books, later).await.is_empty());
        assert_eq!(claim(books, later).await, None);
        assert_eq!(odd(books, later).await, 1);
    }
    settle(books, &died, accepted(), now).await;
    assert_eq!(odd(books, now).await, 1, "what ran out is not the present one any more");
}

/// A person decides whether what is unknown goes once more.
pub async fn a_person_can_have_what_is_unknown_sent_again(books: &dyn Books) {
    let now = sealed_at(books).await;
    let first = claim(books, now).await.unwrap();
    settle(books, &first, SendOutcome::Unknown { reason: "no answer".to_owned() }, now).await;
    assert_eq!((claim(books, now).await, undelivered(books, now).await), (None, vec![]));
    assert_eq!(odd(books, now).await, 1);
    let at_once = ClaimRequest { by_person: true, lease: Duration::ZERO, ..request(now) };
    let second = books.claim(&at_once).await.unwrap().unwrap();
    assert_ne!(second.attempts, first.attempts);

    let third = claim_by_person(books, now).await.unwrap();
    assert_ne!(third.attempts, second.attempts, "a lease that ran out is unknown as well");
    settle(books, &third, accepted(), now).await;
    assert_eq!(odd(books, now).await, 0);
}

/// A person decides whether what was accepted goes once more: it can be lost behind whoever accepted it.
pub async fn a_person_can_have_what_was_accepted_sent_again(books: &dyn Books) {
    let now = sealed_at(books).await;
    let first = claim(books, now).await.unwrap();
    settle(books, &first, accepted(), now).await;
    let tomorrow = now + TimeDelta::days(1);
    assert_eq!((claim(books, tomorrow).await, undelivered(books, tomorrow).await), (None, vec![]));
    let second = claim_by_person(books, tomorrow).await.unwrap();
    assert_ne!(second.request_id(), first.request_id());
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
            let elsewhere = due_on(books, &["folder"], now).await;
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
    assert_ne!(second.attempts, first.attempts);
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
    let none = Claim { attempts: vec![(DayMail::together(date(8)), 1)], ..second };
    settle(books, &none, accepted(), now).await;
}
