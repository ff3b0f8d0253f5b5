//! The sentences of [`Summaries`](chargebook_domain::ports::Summaries) about several channels, days that go as one, and mails that
//! may have gone.

use std::time::Duration;

use chargebook_domain::ports::{Claim, ClaimRequest, DayMail, Due, Found, LookTimes, Mails, SendOutcome};
use chrono::{DateTime, NaiveDate, Utc};

use super::deliveries::{PLACE, accepted, due_on, odd, refused, request_on, sealed_at};
use super::{Books, sealing};
use crate::samples::date;

/// It is time at once, and every time.
const AT_ONCE: LookTimes =
    LookTimes { after: Duration::ZERO, again_after: Duration::ZERO, until: Duration::from_hours(24) };

async fn claim(books: &dyn Books, channel: &str, days: &[i64], now: DateTime<Utc>) -> Option<Claim> {
    books.claim(&request_on(channel, days, now)).await.unwrap()
}

async fn in_doubt(books: &dyn Books, channel: &str) -> Vec<Claim> {
    books.in_doubt(channel, PLACE, &AT_ONCE).await.unwrap()
}

fn unknown() -> SendOutcome {
    SendOutcome::Unknown { reason: "no answer".to_owned() }
}

fn cannot_tell() -> Found {
    Found::CannotTell { reason: "it may not be looked for".to_owned() }
}

/// The days that are due on a channel.
fn days_on(due: &[Due], channel: &str) -> Vec<NaiveDate> {
    due.iter().filter(|due| due.channel == channel).map(|due| due.mail.date).collect()
}

/// With several channels each day goes on every one, each by itself.
pub async fn a_day_goes_on_each_of_several_channels(books: &dyn Books) {
    let now = sealed_at(books).await;
    let both = ["outlook", "folder"];
    let due = due_on(books, &both, now).await;
    assert_eq!((days_on(&due, "outlook"), days_on(&due, "folder")), (vec![date(3)], vec![date(3)]));
    let first = claim(books, "outlook", &[3], now).await.unwrap();
    assert_eq!(days_on(&due_on(books, &both, now).await, "folder"), [date(3)], "while it is being sent elsewhere");
    books.settle(&first, &accepted(), now).await.unwrap();
    let second = claim(books, "folder", &[3], now).await.unwrap();
    books.settle(&second, &refused(Some(Duration::ZERO)), now).await.unwrap();
    let due = due_on(books, &both, now).await;
    assert_eq!((days_on(&due, "outlook"), days_on(&due, "folder")), (vec![], vec![date(3)]));
    let third = claim(books, "folder", &[3], now).await.unwrap();
    books.settle(&third, &accepted(), now).await.unwrap();
    assert_eq!(due_on(books, &both, now).await, []);
}

/// A channel that is added does not get the past, and a day that is still to be sent goes on it too.
pub async fn a_channel_that_is_added_is_not_mailed_the_past(books: &dyn Books) {
    let now = sealed_at(books).await;
    let first = claim(books, "outlook", &[3], now).await.unwrap();
    books.settle(&first, &accepted(), now).await.unwrap();
    assert!(books.seal(&sealing::seal_of(4)).await.unwrap());
    let second = claim(books, "outlook", &[4], now).await.unwrap();
    books.settle(&second, &refused(Some(Duration::ZERO)), now).await.unwrap();
    let due = due_on(books, &["outlook", "folder"], now).await;
    assert_eq!((days_on(&due, "outlook"), days_on(&due, "folder")), (vec![date(4)], vec![date(4)]));
}

/// Apart, each book's mail goes on every channel.
pub async fn each_books_mail_goes_on_each_channel(books: &dyn Books) {
    let now = sealed_at(books).await;
    let both = ["outlook", "folder"].map(str::to_owned);
    let due = books.undelivered(&both, Mails::Apart, now).await.unwrap();
    let mail = due[0].mail.clone();
    assert!(mail.book.is_some());
    assert_eq!(due.iter().filter(|due| due.mail == mail).count(), 2);
    let request = ClaimRequest { mails: vec![mail], ..request_on("outlook", &[], now) };
    let claim = books.claim(&request).await.unwrap().unwrap();
    books.settle(&claim, &accepted(), now).await.unwrap();
    let due = books.undelivered(&both, Mails::Apart, now).await.unwrap();
    assert_eq!(due.iter().map(|due| due.channel.as_str()).collect::<Vec<_>>(), ["folder"]);
}

/// Days that go as one are claimed and end together, or not at all.
pub async fn days_that_go_as_one_are_claimed_and_end_together(books: &dyn Books) {
    let now = sealed_at(books).await;
    for days in [4, 5] {
        assert!(books.seal(&sealing::seal_of(days)).await.unwrap());
    }
    let of_one = claim(books, "outlook", &[5], now).await.unwrap();
    assert_eq!(claim(books, "outlook", &[3, 4, 5], now).await, None, "one of them is another's");
    assert_eq!(claim(books, "outlook", &[3, 4, 9], now).await, None, "one of them is not sealed");
    let both = claim(books, "outlook", &[3, 4], now).await.unwrap();
    assert_eq!(both.attempts, [3, 4].map(|days| (DayMail::together(date(days)), 1)));
    books.settle(&both, &refused(Some(Duration::ZERO)), now).await.unwrap();
    assert_eq!(days_on(&due_on(books, &["outlook"], now).await, "outlook"), [date(3), date(4)]);
    let again = claim(books, "outlook", &[3, 4], now).await.unwrap();
    books.settle(&again, &unknown(), now).await.unwrap();
    assert_eq!(in_doubt(books, "outlook").await.iter().collect::<Vec<_>>(), [&again]);
    books.looked(&again, &Found::There).await.unwrap();
    books.settle(&of_one, &accepted(), now).await.unwrap();
    assert_eq!((due_on(books, &["outlook"], now).await, odd(books, now).await), (vec![], 0));
}

/// What is there was accepted.
pub async fn what_is_found_was_accepted(books: &dyn Books) {
    let now = sealed_at(books).await;
    let claim = claim(books, "outlook", &[3], now).await.unwrap();
    assert_eq!(in_doubt(books, "outlook").await, [], "it is being sent");
    books.settle(&claim, &unknown(), now).await.unwrap();
    assert_eq!(in_doubt(books, "folder").await, []);
    assert_eq!(in_doubt(books, "outlook").await.iter().collect::<Vec<_>>(), [&claim]);
    books.looked(&claim, &Found::There).await.unwrap();
    assert_eq!((due_on(books, &["outlook"], now).await, odd(books, now).await), (vec![], 0));
    assert_eq!(in_doubt(books, "outlook").await, []);
}

/// What is not there is to be sent again, and that attempt can be in doubt as well.
pub async fn what_is_not_there_is_sent_again(books: &dyn Books) {
    let now = sealed_at(books).await;
    let at_once = ClaimRequest { lease: Duration::ZERO, ..request_on("outlook", &[3], now) };
    let died = books.claim(&at_once).await.unwrap().unwrap();
    assert_eq!(due_on(books, &["outlook"], now).await, []);
    assert_eq!(
        in_doubt(books, "outlook").await.iter().collect::<Vec<_>>(),
        [&died],
        "a lease that ran out is looked for as well"
    );
    books.looked(&died, &Found::NotThere).await.unwrap();
    assert_eq!(days_on(&due_on(books, &["outlook"], now).await, "outlook"), [date(3)]);
    let second = claim(books, "outlook", &[3], now).await.unwrap();
    books.looked(&died, &Found::There).await.unwrap();
    books.settle(&second, &unknown(), now).await.unwrap();
    books.looked(&died, &Found::NotThere).await.unwrap();
    assert_eq!(in_doubt(books, "outlook").await, [second], "only the present attempt is looked for");
}

/// What can't be told stays unknown, and is looked for again after a while, and not for ever.
pub async fn what_can_not_be_told_is_looked_for_again(books: &dyn Books) {
    let now = sealed_at(books).await;
    let claim = claim(books, "outlook", &[3], now).await.unwrap();
    books.settle(&claim, &unknown(), now).await.unwrap();
    let later = LookTimes { after: Duration::from_mins(10), ..AT_ONCE };
    assert_eq!(books.in_doubt("outlook", PLACE, &later).await.unwrap(), [], "what was taken can be hidden for a while");
    books.looked(&claim, &cannot_tell()).await.unwrap();
    assert_eq!((due_on(books, &["outlook"], now).await, odd(books, now).await), (vec![], 1));
    let again_later = LookTimes { again_after: Duration::from_hours(1), ..AT_ONCE };
    assert_eq!(books.in_doubt("outlook", PLACE, &again_later).await.unwrap(), []);
    let too_late = LookTimes { until: Duration::ZERO, ..AT_ONCE };
    assert_eq!(books.in_doubt("outlook", PLACE, &too_late).await.unwrap(), []);
    assert_eq!(in_doubt(books, "outlook").await, [claim]);
}

/// What a person had sent beside an earlier mail is not looked for: that mail would be found.
pub async fn what_a_person_had_sent_beside_another_is_not_looked_for(books: &dyn Books) {
    let now = sealed_at(books).await;
    let first = claim(books, "outlook", &[3], now).await.unwrap();
    books.settle(&first, &accepted(), now).await.unwrap();
    let again = ClaimRequest { by_person: true, ..request_on("outlook", &[3], now) };
    let again = books.claim(&again).await.unwrap().unwrap();
    books.settle(&again, &unknown(), now).await.unwrap();
    assert_eq!((in_doubt(books, "outlook").await, odd(books, now).await), (vec![], 1));
}

/// What a person had sent and was refused leaves the day as it was: nothing of it is sent again by itself.
pub async fn what_a_person_had_sent_and_was_refused_is_not_looked_for(books: &dyn Books) {
    let now = sealed_at(books).await;
    let first = claim(books, "outlook", &[3], now).await.unwrap();
    books.settle(&first, &unknown(), now).await.unwrap();
    let again = ClaimRequest { by_person: true, ..request_on("outlook", &[3], now) };
    let again = books.claim(&again).await.unwrap().unwrap();
    books.settle(&again, &refused(Some(Duration::ZERO)), now).await.unwrap();
    assert_eq!((due_on(books, &["outlook"], now).await, odd(books, now).await), (vec![], 1));
    assert_eq!(in_doubt(books, "outlook").await, []);
}

/// What went to another place can't be told of in this one.
pub async fn what_went_elsewhere_is_not_looked_for_here(books: &dyn Books) {
    let now = sealed_at(books).await;
    let claim = claim(books, "outlook", &[3], now).await.unwrap();
    books.settle(&claim, &unknown(), now).await.unwrap();
    assert_eq!(books.in_doubt("outlook", "another mailbox", &AT_ONCE).await.unwrap(), []);
    assert_eq!(in_doubt(books, "outlook").await.len(), 1);
}

/// What was to go on a channel that is no more goes on the one that took its place, and only there.
pub async fn a_channel_that_is_replaced_hands_over_what_is_left(books: &dyn Books) {
    let now = sealed_at(books).await;
    for (channel, outcome) in [("outlook", refused(None)), ("folder", accepted())] {
        due_on(books, &["outlook", "folder"], now).await;
        let claim = claim(books, channel, &[3], now).await.unwrap();
        books.settle(&claim, &outcome, now).await.unwrap();
    }
    let due = due_on(books, &["smtp", "folder"], now).await;
    assert_eq!((days_on(&due, "smtp"), days_on(&due, "folder")), (vec![date(3)], vec![]));
    assert_eq!(days_on(&due_on(books, &["smtp"], now).await, "smtp"), [date(3)]);
}

/// What went on another channel meanwhile goes on none of those that were to take it.
pub async fn what_went_on_a_detour_does_not_go_again(books: &dyn Books) {
    let now = sealed_at(books).await;
    let both = ["outlook", "smtp"];
    for channel in both {
        due_on(books, &both, now).await;
        let claim = claim(books, channel, &[3], now).await.unwrap();
        books.settle(&claim, &refused(Some(Duration::ZERO)), now).await.unwrap();
    }
    assert_eq!(days_on(&due_on(books, &["folder"], now).await, "folder"), [date(3)]);
    let detour = claim(books, "folder", &[3], now).await.unwrap();
    books.settle(&detour, &accepted(), now).await.unwrap();
    assert_eq!(due_on(books, &both, now).await, []);
    assert_eq!(claim(books, "smtp", &[3], now).await, None);
}

/// Days that went as one are told to have, so that they go as one again.
pub async fn what_went_as_one_says_so(books: &dyn Books) {
    let now = sealed_at(books).await;
    assert!(books.seal(&sealing::seal_of(4)).await.unwrap());
    let both = claim(books, "outlook", &[3, 4], now).await.unwrap();
    books.settle(&both, &refused(Some(Duration::ZERO)), now).await.unwrap();
    assert!(books.seal(&sealing::seal_of(5)).await.unwrap());
    let due = due_on(books, &["outlook"], now).await;
    let sent_as: Vec<_> = due.into_iter().map(|due| due.sent_as).collect();
    assert_eq!(sent_as, [Some(both.reference.clone()), Some(both.reference), None]);
}
