//! The sentences of [`Outbox`](chargebook_domain::ports::Outbox).

use std::time::Duration;

use chargebook_domain::ports::{Conclusion, DONE_KEPT_DAYS, Deed, MessageClaim, OutboxMessage, Sent, Way};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;

use super::Books;
use super::follow_ups::{claim_one as claim_follow_up, happen, nothing};
use crate::samples::day;

const LEASE: Duration = Duration::from_mins(1);
const ALL: u32 = 100;
const RACERS: usize = 8;

fn mail(id: &str) -> OutboxMessage {
    OutboxMessage { id: id.to_owned(), way: Way::Mail, subject: "A loss".to_owned(), body: "du_1 is lost".to_owned() }
}

/// Owes messages at `at`, by a change of that moment.
async fn owe(books: &dyn Books, at: DateTime<Utc>, messages: &[OutboxMessage]) {
    happen(books, &format!("du_{}", at.timestamp()), "lost", at).await;
    let deeds = messages.iter().cloned().map(Deed::Send).collect();
    let conclusion = Conclusion { deeds, ..nothing(claim_follow_up(books, at).await) };
    books.conclude(&[conclusion], at).await.unwrap();
}

async fn claim(books: &dyn Books, now: DateTime<Utc>) -> Vec<MessageClaim> {
    books.claim_messages(now, LEASE, ALL).await.unwrap()
}

async fn claim_one(books: &dyn Books, now: DateTime<Utc>) -> MessageClaim {
    let mut claims = claim(books, now).await;
    assert_eq!(claims.len(), 1, "{claims:?}");
    claims.remove(0)
}

async fn settle(books: &dyn Books, claim: &MessageClaim, sent: Sent) {
    books.settle_message(claim, &sent, day(1)).await.unwrap();
}

fn again(at: DateTime<Utc>) -> Sent {
    Sent::Again { at, reason: "it was not taken".to_owned() }
}

fn dead() -> Sent {
    Sent::Dead { reason: "there is no such endpoint".to_owned() }
}

fn ids(claims: &[MessageClaim]) -> Vec<&str> {
    claims.iter().map(|claim| claim.message.id.as_str()).collect()
}

/// What is owed is due at once, as it was written.
pub async fn a_message_is_handed_out_as_it_was_owed(books: &dyn Books) {
    assert_eq!(claim(books, day(0)).await, []);
    let way = Way::Webhook("fraud-desk".to_owned());
    let webhook = OutboxMessage { way, body: r#"{"a":"ü"}"#.to_owned(), ..mail("m2") };
    owe(books, day(0), &[mail("m1"), webhook.clone()]).await;
    let expected = [mail("m1"), webhook].map(|message| MessageClaim { message, attempt: 1 });
    assert_eq!(claim(books, day(0)).await, expected);
}

/// The first is sent.
pub async fn what_is_owed_twice_under_one_id_is_sent_as_one(books: &dyn Books) {
    owe(books, day(0), &[mail("m1"), mail("m1")]).await;
    let other = OutboxMessage { body: "another text".to_owned(), ..mail("m1") };
    owe(books, day(1), &[other.clone(), mail("m2")]).await;
    let claims = claim(books, day(2)).await;
    assert_eq!(ids(&claims), ["m1", "m2"]);
    assert_eq!(claims[0].message, mail("m1"));
    settle(books, &claims[0], Sent::Done).await;
    settle(books, &claims[1], Sent::Done).await;
    owe(books, day(3), &[other]).await;
    assert_eq!(claim(books, day(100)).await, []);
}

/// Up to `limit`, those that are due longest first, and of those by id.
pub async fn what_is_due_longest_is_claimed_first(books: &dyn Books) {
    owe(books, day(2), &[mail("a")]).await;
    owe(books, day(1), &[mail("c"), mail("b")]).await;
    let first = books.claim_messages(day(3), LEASE, 2).await.unwrap();
    assert_eq!(ids(&first), ["b", "c"]);
    assert_eq!(ids(&claim(books, day(3)).await), ["a"]);
}

/// A claim is the right to send, once, for as long as its lease.
pub async fn a_message_is_handed_out_once_for_as_long_as_the_lease(books: &dyn Books) {
    owe(books, day(0), &[mail("m1")]).await;
    claim_one(books, day(0)).await;
    for later in [day(0), day(0) + LEASE - Duration::from_secs(1)] {
        assert_eq!(claim(books, later).await, []);
    }
}

/// It may be sent twice, and is never not sent.
pub async fn a_claim_whose_lease_ran_out_is_handed_out_again(books: &dyn Books) {
    owe(books, day(0), &[mail("m1")]).await;
    for attempt in 1..4 {
        let claimed = claim_one(books, day(0) + LEASE * u32::try_from(attempt).unwrap()).await;
        assert_eq!(claimed, MessageClaim { message: mail("m1"), attempt });
    }
}

/// Never again.
pub async fn what_was_taken_is_not_sent_again(books: &dyn Books) {
    owe(books, day(0), &[mail("m1"), mail("m2")]).await;
    let claims = claim(books, day(0)).await;
    settle(books, &claims[0], Sent::Done).await;
    assert_eq!(ids(&claim(books, day(1)).await), ["m2"]);
    assert!(!books.resend("m1", day(1)).await.unwrap());
}

/// Again at its time, not before; and the claim has ended with that.
pub async fn what_was_not_taken_is_due_again_at_its_time(books: &dyn Books) {
    owe(books, day(0), &[mail("m1")]).await;
    let claimed = claim_one(books, day(0)).await;
    let next = day(0) + TimeDelta::seconds(10);
    settle(books, &claimed, again(next)).await;
    for ended in [Sent::Done, dead(), again(day(9))] {
        settle(books, &claimed, ended).await;
    }
    assert_eq!(claim(books, next - TimeDelta::seconds(1)).await, []);
    assert_eq!(claim_one(books, next).await, MessageClaim { attempt: 2, ..claimed });
}

/// A dead message waits for a person, who can have it sent once more.
pub async fn a_dead_message_is_sent_when_a_person_says_so(books: &dyn Books) {
    owe(books, day(0), &[mail("m1")]).await;
    assert!(!books.resend("m1", day(0)).await.unwrap(), "it is not dead");
    let claimed = claim_one(books, day(0)).await;
    assert!(!books.resend("m1", day(0)).await.unwrap(), "it is being sent");
    settle(books, &claimed, dead()).await;
    assert_eq!(claim(books, day(100)).await, []);
    assert!(!books.resend("never", day(100)).await.unwrap());
    assert!(books.resend("m1", day(100)).await.unwrap());
    assert!(!books.resend("m1", day(100)).await.unwrap(), "it is due");
    assert_eq!(claim(books, day(100) - TimeDelta::seconds(1)).await, []);
    assert_eq!(claim_one(books, day(100)).await, MessageClaim { attempt: 2, ..claimed });
}

/// A claim that is not the present one changes nothing.
pub async fn settling_another_claim_changes_nothing(books: &dyn Books) {
    owe(books, day(0), &[mail("m1")]).await;
    let first = claim_one(books, day(0)).await;
    let expired = day(0) + LEASE;
    let second = claim_one(books, expired).await;
    for ended in [Sent::Done, dead(), again(expired)] {
        settle(books, &first, ended).await;
    }
    assert_eq!(claim(books, expired).await, [], "the second goes on");
    let third = claim_one(books, expired + LEASE).await;
    assert_eq!(third, MessageClaim { attempt: 3, ..second });
    settle(books, &MessageClaim { message: mail("never"), attempt: 1 }, again(day(0))).await;
    settle(books, &third, Sent::Done).await;
    assert_eq!(claim(books, day(100)).await, []);
}

/// Of claims at once, each message is another's.
pub async fn of_racing_claims_each_message_is_handed_out_once(books: &dyn Books) {
    let expected: Vec<_> = (0..RACERS).map(|n| format!("m{n}")).collect();
    owe(books, day(0), &expected.iter().map(|id| mail(id)).collect::<Vec<_>>()).await;
    let claims = join_all((0..RACERS).map(|_| books.claim_messages(day(0), LEASE, 3))).await;
    let mut claims: Vec<_> = claims.into_iter().flat_map(Result::unwrap).collect();
    claims.extend(claim(books, day(0)).await);
    claims.sort_by(|a, b| a.message.id.cmp(&b.message.id));
    assert_eq!(ids(&claims), expected);
}

/// What was taken long ago is forgotten with what is concluded later, and its id with it; what is dead stays.
pub async fn what_was_taken_long_ago_is_forgotten(books: &dyn Books) {
    owe(books, day(0), &[mail("dead"), mail("taken")]).await;
    let claims = claim(books, day(0)).await;
    settle(books, &claims[0], dead()).await;
    settle(books, &claims[1], Sent::Done).await;
    let last = day(1 + DONE_KEPT_DAYS);
    owe(books, last, &[mail("taken")]).await;
    assert_eq!(claim(books, last).await, [], "it is kept for so long");
    owe(books, last + TimeDelta::seconds(1), &[]).await;
    owe(books, last + TimeDelta::seconds(2), &[mail("taken"), mail("dead")]).await;
    assert_eq!(ids(&claim(books, day(100)).await), ["taken"]);
    assert!(books.resend("dead", day(100)).await.unwrap());
}
