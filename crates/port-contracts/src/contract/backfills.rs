//! The sentences of [`Backfills`](chargebook_domain::ports::Backfills).

use chargebook_domain::AccountId;
use chargebook_domain::ports::{Cursor, Period, Slice, Tally};
use futures_util::future::join_all;

use super::Books;
use crate::samples::{account, day};

const RACERS: i64 = 8;

/// What a new backfill of the account's own disputes is cut into: a slice for each five days.
fn cut(since: i64, until: i64) -> Vec<Slice> {
    let backfill = Period { from: day(since), until: day(until) };
    let part = |from: i64| Period { from: day(from), until: day((from + 5).min(until)) };
    let slice = |from: i64| Slice::of(AccountId::own(), backfill, part(from));
    (since..until).step_by(5).map(slice).collect()
}

/// Opens the backfill since a day; where no `until` is given, a new one would end on day `now`.
async fn open(books: &dyn Books, since: i64, until: Option<i64>, now: i64) -> Vec<Slice> {
    let slices = cut(since, until.unwrap_or(now));
    books.open_backfill(&AccountId::own(), day(since), until.map(day), &slices).await.unwrap()
}

fn under_way(slice: &Slice) -> Slice {
    let tally = Tally { new: 90, known: 4, changed: 3, orphaned: 2, quarantined: 1 };
    Slice { after: Some(Cursor::new("du_100")), tally, ..slice.clone() }
}

fn done(slice: &Slice) -> Slice {
    Slice { is_done: true, after: None, tally: Tally { new: 7, ..Tally::default() }, ..slice.clone() }
}

async fn advance(books: &dyn Books, slices: &[Slice]) {
    for slice in slices {
        books.advance(slice).await.unwrap();
    }
}

/// Where there is none, it is a new one, whose slices are those that are given, by time.
pub async fn a_new_backfill_has_the_slices_that_are_given(books: &dyn Books) {
    let backwards: Vec<_> = cut(0, 13).into_iter().rev().collect();
    let opened = books.open_backfill(&AccountId::own(), day(0), None, &backwards).await.unwrap();
    assert_eq!(opened, cut(0, 13));
    assert_eq!(opened.len(), 3);
}

/// A slice is kept as far as it has come, until it is done.
pub async fn a_backfill_that_was_killed_goes_on(books: &dyn Books) {
    let opened = open(books, 0, None, 13).await;
    advance(books, &[under_way(&opened[1]), done(&opened[2])]).await;
    let expected = [opened[0].clone(), under_way(&opened[1]), done(&opened[2])];
    assert_eq!(open(books, 0, None, 40).await, expected, "it ends when it was to end");
    advance(books, &[done(&opened[0]), done(&opened[1])]).await;
    let finished = open(books, 0, None, 40).await;
    assert_eq!(finished, cut(0, 40), "only one that is not done goes on");
}

/// The last page of a slice is kept over the one before.
pub async fn a_slice_is_kept_as_it_was_last(books: &dyn Books) {
    let opened = open(books, 0, None, 13).await;
    let later = Slice { after: Some(Cursor::new("du_200")), ..under_way(&opened[0]) };
    advance(books, &[under_way(&opened[0]), later.clone()]).await;
    assert_eq!(open(books, 0, None, 13).await, [later, opened[1].clone(), opened[2].clone()]);
}

/// With `until` if that is given: one that ends elsewhere is another.
pub async fn a_backfill_with_another_end_is_another(books: &dyn Books) {
    let first = open(books, 0, Some(13), 0).await;
    advance(books, &[under_way(&first[0])]).await;
    assert_eq!(open(books, 0, Some(12), 0).await, cut(0, 12));
    let known = open(books, 0, Some(13), 0).await;
    assert_eq!(known, [under_way(&first[0]), first[1].clone(), first[2].clone()]);
}

/// Where no `until` is given, the one that is not done goes on, wherever it ends; of several the one that ends last.
pub async fn without_an_end_the_one_that_is_not_done_goes_on(books: &dyn Books) {
    let known = open(books, 0, Some(13), 0).await;
    advance(books, &[done(&known[0])]).await;
    let expected = [done(&known[0]), known[1].clone(), known[2].clone()];
    assert_eq!(open(books, 0, None, 40).await, expected);
    open(books, 0, Some(12), 0).await;
    assert_eq!(open(books, 0, None, 40).await, expected);
    open(books, 0, Some(14), 0).await;
    assert_eq!(open(books, 0, None, 40).await, cut(0, 14));
}

/// One that is done is followed by a new one, also where that has the same end.
pub async fn a_backfill_that_is_done_is_followed_by_a_new_one(books: &dyn Books) {
    let first = open(books, 0, Some(13), 0).await;
    let all: Vec<_> = first.iter().map(done).collect();
    advance(books, &all).await;
    let longer_parts = [Slice { period: first[0].backfill, ..first[0].clone() }];
    for _ in 0..2 {
        let again = books.open_backfill(&AccountId::own(), day(0), Some(day(13)), &longer_parts).await.unwrap();
        assert_eq!(again, longer_parts, "nothing of the one before is left");
    }
}

/// Each account and each beginning has its own, and a slice that comes forward is one of one backfill.
pub async fn backfills_of_other_accounts_and_beginnings_are_their_own(books: &dyn Books) {
    let own = open(books, 0, Some(10), 0).await;
    assert_eq!(open(books, -5, Some(10), 0).await, cut(-5, 10));
    let other = account("acct_2");
    let theirs: Vec<_> = own.iter().map(|slice| Slice { account: other.clone(), ..slice.clone() }).collect();
    let opened = books.open_backfill(&other, day(0), Some(day(10)), &theirs).await.unwrap();
    assert_eq!(opened, theirs);

    advance(books, &[done(&own[0]), done(&own[1])]).await;
    assert_eq!(open(books, -5, None, 40).await, cut(-5, 10));
    assert_eq!(books.open_backfill(&other, day(0), None, &[]).await.unwrap(), theirs);
}

/// Of openings at once one is the new one, and all go on with that.
pub async fn of_racing_openings_one_is_new(books: &dyn Books) {
    let opened = join_all((1..=RACERS).map(|n| open(books, 0, None, 10 + n))).await;
    assert!(opened.iter().all(|slices| !slices.is_empty() && *slices == opened[0]), "{opened:?}");
    assert_eq!(open(books, 0, None, 40).await, opened[0]);
}
