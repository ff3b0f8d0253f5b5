//! The sentences of [`Summaries`](chargebook_domain::ports::Summaries) about books that have mails of their own.

use std::collections::BTreeSet;
use std::time::Duration;

use chargebook_domain::ports::{ClaimRequest, Content, DayMail, Entry, Mails, SendOutcome};
use chargebook_domain::{AccountId, CauseId, DisputeId, DisputeKey, Observation};
use chrono::{DateTime, Utc};

use super::{Books, observe, record, sealing};
use crate::samples::{cause, date, day, observation, usd, withdrawal};

const CHANNEL: &str = "outlook";

fn book(account: &str) -> AccountId {
    AccountId::parse(account).unwrap()
}

/// A dispute of a book that took 100.00 and 15.00 on a day.
fn taken(account: &str, days: i64) -> Observation {
    let key = DisputeKey { account: book(account), dispute: DisputeId::parse("du_1").unwrap() };
    let movements = vec![withdrawal("txn_1", day(days), 10_000, 1_500)];
    let cause = format!("evt_{account}");
    Observation { key, movements, ..observation(&cause, "needs_response", day(days)) }
}

async fn seal(books: &dyn Books, days: i64) {
    assert!(books.seal(&sealing::seal_of(days)).await.unwrap(), "day {days}");
}

/// Day 3 is sealed with a dispute in each of two connected books.
async fn two_books(books: &dyn Books) -> DateTime<Utc> {
    observe(books, &taken("acct_1", 3)).await;
    observe(books, &taken("acct_2", 3)).await;
    seal(books, 3).await;
    day(4)
}

/// The mails of a day: of the own book, and of each that is named.
fn mails_of(days: i64, accounts: &[&str]) -> Vec<DayMail> {
    let books = accounts.iter().map(|account| book(account)).chain([AccountId::own()]);
    let mut mails: Vec<_> = books.map(|book| DayMail::of(date(days), book)).collect();
    mails.sort();
    mails
}

async fn undelivered(books: &dyn Books, channel: &str, mails: Mails, now: DateTime<Utc>) -> Vec<DayMail> {
    let due = books.undelivered(&[channel.to_owned()], mails, now).await.unwrap();
    due.into_iter().map(|due| due.mail).collect()
}

async fn end(books: &dyn Books, mail: &DayMail, channel: &str, outcome: SendOutcome, now: DateTime<Utc>) -> bool {
    let request = ClaimRequest {
        mails: vec![mail.clone()],
        channel: channel.to_owned(),
        reference: mail.reference(),
        place: None,
        now,
        lease: Duration::from_mins(5),
        by_person: false,
    };
    let Some(claim) = books.claim(&request).await.unwrap() else { return false };
    books.settle(&claim, &outcome, now).await.unwrap();
    true
}

fn accepted() -> SendOutcome {
    SendOutcome::Accepted { receipt: None }
}

fn failed() -> SendOutcome {
    SendOutcome::Refused { reason: "no such mailbox".to_owned(), retry_after: None }
}

/// Apart, a day has a mail for each book, the own one among them, and each goes once.
pub async fn each_book_has_a_mail_of_its_own(books: &dyn Books) {
    let now = two_books(books).await;
    let all = mails_of(3, &["acct_1", "acct_2"]);
    assert_eq!(undelivered(books, CHANNEL, Mails::Apart, now).await, all);
    for (gone, mail) in all.iter().enumerate() {
        assert!(end(books, mail, CHANNEL, accepted(), now).await, "{mail:?}");
        assert!(!end(books, mail, CHANNEL, accepted(), now).await, "it goes once");
        assert_eq!(undelivered(books, CHANNEL, Mails::Apart, now).await, all[gone + 1..]);
    }
}

/// A mail that is claimed before anybody asked what is to be sent does not keep the other books from theirs.
pub async fn claiming_one_mail_keeps_the_others(books: &dyn Books) {
    let now = two_books(books).await;
    assert!(end(books, &DayMail::of(date(3), book("acct_1")), CHANNEL, accepted(), now).await);
    assert_eq!(undelivered(books, CHANNEL, Mails::Apart, now).await, mails_of(3, &["acct_2"]));
}

/// What went together is not sent apart when the setting changes.
pub async fn a_day_that_went_together_is_not_sent_apart(books: &dyn Books) {
    let now = two_books(books).await;
    assert!(end(books, &DayMail::together(date(3)), CHANNEL, accepted(), now).await);
    seal(books, 4).await;
    assert_eq!(undelivered(books, CHANNEL, Mails::Apart, now).await, mails_of(4, &["acct_1", "acct_2"]));
    assert!(!end(books, &DayMail::of(date(3), book("acct_1")), CHANNEL, accepted(), now).await);
}

/// And the other way round; what was refused together goes apart.
pub async fn a_day_that_went_apart_is_not_sent_together(books: &dyn Books) {
    let now = two_books(books).await;
    assert!(end(books, &DayMail::together(date(3)), CHANNEL, failed(), now).await);
    assert_eq!(undelivered(books, CHANNEL, Mails::Apart, now).await.len(), 3);
    assert!(end(books, &DayMail::of(date(3), book("acct_1")), CHANNEL, accepted(), now).await);
    seal(books, 4).await;
    assert_eq!(undelivered(books, CHANNEL, Mails::Together, now).await, [DayMail::together(date(4))]);
    assert!(!end(books, &DayMail::together(date(3)), CHANNEL, accepted(), now).await);
}

/// Who changes the channel does not mail a book the past again; a book whose mail was refused has it there.
pub async fn like_is_compared_with_like_when_the_channel_changes(books: &dyn Books) {
    let now = two_books(books).await;
    assert!(end(books, &DayMail::of(date(3), book("acct_1")), "folder", accepted(), now).await);
    assert!(end(books, &DayMail::of(date(3), book("acct_2")), "folder", failed(), now).await);
    assert_eq!(undelivered(books, CHANNEL, Mails::Apart, now).await, mails_of(3, &["acct_2"]));
}

/// A channel that is added does not get what went, and what is still to be sent of a book goes on it beside the first.
pub async fn a_channel_that_is_added_gets_what_books_are_still_to_be_sent(books: &dyn Books) {
    let now = two_books(books).await;
    let all = mails_of(3, &["acct_1", "acct_2"]);
    let [of_1, of_2, own] = &all[..] else { panic!("{all:?}") };
    assert_eq!(undelivered(books, CHANNEL, Mails::Apart, now).await, all);
    assert!(end(books, of_1, CHANNEL, accepted(), now).await);
    assert!(end(books, of_2, CHANNEL, failed(), now).await);
    assert_eq!(due_on_both(books, now).await, [(own, CHANNEL), (of_2, "folder"), (own, "folder")].map(owned));
    assert!(end(books, own, CHANNEL, accepted(), now).await);
    assert_eq!(due_on_both(books, now).await, [(of_2, "folder"), (own, "folder")].map(owned));
    for (mail, goes) in [(of_1, false), (of_2, true), (own, true)] {
        assert_eq!(end(books, mail, "folder", accepted(), now).await, goes, "{mail:?}");
    }
    assert_eq!(due_on_both(books, now).await, []);
}

fn owned((mail, channel): (&DayMail, &str)) -> (DayMail, String) {
    (mail.clone(), channel.to_owned())
}

async fn due_on_both(books: &dyn Books, now: DateTime<Utc>) -> Vec<(DayMail, String)> {
    let due = books.undelivered(&[CHANNEL, "folder"].map(str::to_owned), Mails::Apart, now).await.unwrap();
    let mut due: Vec<_> = due.into_iter().map(|due| (due.mail, due.channel)).collect();
    due.sort_by_key(|(mail, channel)| (channel != CHANNEL, mail.clone()));
    due
}

/// A book that appears later gets no mails of the time before it.
pub async fn a_new_book_is_not_mailed_the_past(books: &dyn Books) {
    let now = two_books(books).await;
    assert_eq!(undelivered(books, CHANNEL, Mails::Apart, now).await.len(), 3);
    observe(books, &taken("acct_3", 4)).await;
    seal(books, 4).await;
    for channel in [CHANNEL, "folder"] {
        let all = undelivered(books, channel, Mails::Apart, now).await;
        let of_it: Vec<_> = all.into_iter().filter(|mail| mail.book == Some(book("acct_3"))).collect();
        assert_eq!(of_it, [DayMail::of(date(4), book("acct_3"))], "{channel}");
    }
}

/// Every part of a book's day is of that book.
pub async fn every_part_is_narrowed_to_the_book(books: &dyn Books) {
    two_books(books).await;
    let known = ["acct_1", "acct_2", "default"].map(book);
    let all = books.books(&sealing::seal_of(3), None).await.unwrap();
    assert_eq!((all.book, all.books), (None, BTreeSet::from(known.clone())));
    for account in &known {
        let one = books.books(&sealing::seal_of(3), Some(account.clone())).await.unwrap();
        let count = u64::from(*account != AccountId::own());
        assert_eq!((one.book, one.books), (Some(account.clone()), BTreeSet::from([account.clone()])));
        assert_eq!((one.open.disputes, one.attention.orphans), (count, count));
        assert_eq!(one.open.at_risk.get(&usd()), (count == 1).then_some(&10_000));
        assert_eq!(one.unresolved.contains_key(&usd()), count == 1);
        assert_eq!(one.moves.is_empty(), count == 0);
    }
    let unknown = books.books(&sealing::seal_of(3), Some(book("acct_9"))).await.unwrap();
    assert!(unknown.books.is_empty() && unknown.moves.is_empty(), "{unknown:?}");
}

/// What is quarantined of an account without a book is told in the mail of the own one.
pub async fn nothing_quarantined_is_in_no_mail(books: &dyn Books) {
    two_books(books).await;
    for (account, id) in [("acct_1", "evt_a"), ("acct_9", "evt_b"), ("default", "evt_c")] {
        let content = Content::Quarantined { reason: "not understood".to_owned() };
        let of_it = chargebook_domain::ports::Cause { account: book(account), ..cause(id) };
        assert_eq!(of_it.id, CauseId::parse(id).unwrap());
        record(books, Entry { causes: vec![of_it], content }, day(3)).await;
    }
    for (account, expected) in [(None, 3), (Some("default"), 2), (Some("acct_1"), 1), (Some("acct_2"), 0)] {
        let day_books = books.books(&sealing::seal_of(4), account.map(book)).await.unwrap();
        assert_eq!(day_books.attention.quarantined, expected, "{account:?}");
    }
}

/// A mail that failed is told in its book's mail; one of all books together, in each.
pub async fn a_mail_that_failed_is_told_to_those_who_miss_it(books: &dyn Books) {
    let now = two_books(books).await;
    assert!(end(books, &DayMail::together(date(3)), CHANNEL, failed(), now).await);
    assert!(end(books, &DayMail::of(date(3), book("acct_1")), CHANNEL, failed(), now).await);
    for (account, expected) in [(None, 2), (Some("acct_1"), 2), (Some("acct_2"), 1)] {
        let day_books = books.books(&sealing::seal_of(4), account.map(book)).await.unwrap();
        assert_eq!(day_books.attention.undelivered, expected, "{account:?}");
    }
}
