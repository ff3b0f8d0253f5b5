//! The sentences of [`Sweeps`](chargebook_domain::ports::Sweeps).

use std::time::Duration;

use chargebook_domain::AccountId;
use chargebook_domain::ports::{Period, Sweep, SweepKind, SweepRequest};
use chrono::{DateTime, Utc};
use futures_util::future::join_all;

use super::Books;
use crate::samples::{account, day};

const EVERY: Duration = Duration::from_hours(1);
const LEASE: Duration = Duration::from_mins(15);
const A_SECOND: Duration = Duration::from_secs(1);
const RACERS: usize = 8;

fn request(now: DateTime<Utc>) -> SweepRequest {
    SweepRequest { account: AccountId::own(), kind: SweepKind::Gaps, now, every: EVERY, lease: LEASE }
}

async fn begin(books: &dyn Books, now: DateTime<Utc>) -> Option<Sweep> {
    books.begin_sweep(&request(now)).await.unwrap()
}

/// Begins one that is due however lately the last was finished: so only another's lease is in its way.
async fn begin_at_once(books: &dyn Books, now: DateTime<Utc>) -> Option<Sweep> {
    books.begin_sweep(&SweepRequest { every: Duration::ZERO, ..request(now) }).await.unwrap()
}

async fn finish(books: &dyn Books, sweep: &Sweep, now: DateTime<Utc>) {
    books.finish_sweep(sweep, now).await.unwrap();
}

fn period(from: i64, until: i64) -> Period {
    Period { from: day(from), until: day(until) }
}

/// What is known to be whole after these stretches were noted, one after the other, on an account of its own.
async fn whole_after(books: &dyn Books, name: &str, noted: &[(i64, i64)]) -> Option<Period> {
    let account = account(name);
    for (from, until) in noted {
        books.note_whole(&account, period(*from, *until)).await.unwrap();
    }
    books.whole(&account).await.unwrap()
}

/// What was never swept is due, whatever its kind.
pub async fn what_was_never_swept_is_due(books: &dyn Books) {
    for kind in SweepKind::ALL {
        let begun = books.begin_sweep(&SweepRequest { kind, ..request(day(0)) }).await.unwrap().unwrap();
        assert_eq!((begun.account, begun.kind), (AccountId::own(), kind));
    }
}

/// None when the right is another's, for as long as the lease.
pub async fn a_sweep_is_begun_by_one_for_as_long_as_the_lease(books: &dyn Books) {
    let first = begin(books, day(0)).await.unwrap();
    for later in [day(0), day(0) + LEASE - A_SECOND] {
        assert_eq!((begin(books, later).await, begin_at_once(books, later).await), (None, None));
    }
    let second = begin(books, day(0) + LEASE).await.unwrap();
    assert_eq!(second, Sweep { attempt: second.attempt, ..first.clone() });
    assert!(second.attempt > first.attempt, "it is another attempt");
}

/// None when the last one was finished less than `every` ago. It is finished once.
pub async fn a_finished_sweep_is_due_again_after_the_interval(books: &dyn Books) {
    let first = begin(books, day(0)).await.unwrap();
    let begun_at = day(0) + A_SECOND;
    finish(books, &first, begun_at).await;
    finish(books, &first, begun_at + LEASE).await;
    for later in [begun_at, begun_at + LEASE, begun_at + EVERY - A_SECOND] {
        assert_eq!(begin(books, later).await, None);
    }
    let second = begin(books, begun_at + EVERY).await.unwrap();
    assert!(second.attempt > first.attempt);
}

/// Finishing gives the right back at once, and who begins says how often.
pub async fn a_finished_sweep_is_nobodys(books: &dyn Books) {
    let first = begin(books, day(0)).await.unwrap();
    finish(books, &first, day(0)).await;
    assert_eq!(begin(books, day(0)).await, None);
    assert!(begin_at_once(books, day(0)).await.is_some());
}

/// A sweep that was begun and never finished counts as none: the one that was finished before it does.
pub async fn a_sweep_that_was_not_finished_is_made_again(books: &dyn Books) {
    let first = begin(books, day(0)).await.unwrap();
    finish(books, &first, day(0)).await;
    begin(books, day(0) + EVERY).await.unwrap();
    assert!(begin(books, day(0) + EVERY + LEASE).await.is_some());
}

/// A sweep that is not the present one changes nothing.
pub async fn finishing_another_sweep_changes_nothing(books: &dyn Books) {
    let never = Sweep { account: AccountId::own(), kind: SweepKind::Gaps, attempt: 1, last: None };
    finish(books, &never, day(0)).await;
    let first = begin(books, day(0)).await.unwrap();
    let expired = day(0) + LEASE;
    begin(books, expired).await.unwrap();
    finish(books, &first, expired).await;
    assert_eq!(begin_at_once(books, expired).await, None, "the second has the right still");
    assert!(begin(books, expired + LEASE).await.is_some(), "and none was finished");
}

/// Each kind of each account is swept by itself.
pub async fn kinds_and_accounts_are_swept_by_themselves(books: &dyn Books) {
    let first = begin(books, day(0)).await.unwrap();
    for (account, kind) in [(AccountId::own(), SweepKind::Money), (account("acct_2"), SweepKind::Gaps)] {
        let asked = SweepRequest { account, kind, ..request(day(0)) };
        let other = books.begin_sweep(&asked).await.unwrap().unwrap();
        finish(books, &other, day(0)).await;
        assert_eq!(books.begin_sweep(&asked).await.unwrap(), None);
        assert_eq!(begin_at_once(books, day(0)).await, None, "finishing the other gave nothing back");
    }
    finish(books, &first, day(0)).await;
    assert!(begin(books, day(0) + EVERY).await.is_some());
}

/// Of beginnings at once, one wins: of the first, after a finished one, and after one that died.
pub async fn of_racing_beginnings_one_wins(books: &dyn Books) {
    for now in [day(0), day(1), day(1) + LEASE] {
        let begun = join_all((0..RACERS).map(|_| begin(books, now))).await;
        let mut begun: Vec<_> = begun.into_iter().flatten().collect();
        assert_eq!(begun.len(), 1, "{begun:?}");
        if now == day(0) {
            finish(books, &begun.remove(0), now).await;
        }
    }
}

/// None when nothing is known to be whole.
pub async fn nothing_is_known_to_be_whole_at_first(books: &dyn Books) {
    assert_eq!(whole_after(books, "acct_1", &[]).await, None);
    assert_eq!(whole_after(books, "acct_2", &[(0, 10)]).await, Some(period(0, 10)));
    assert_eq!(whole_after(books, "acct_1", &[]).await, None, "each account by itself");
}

/// Where a stretch meets or overlaps what was known, the two are one.
pub async fn stretches_that_meet_or_overlap_are_one(books: &dyn Books) {
    for (n, (noted, expected)) in [
        ([(10, 20), (15, 30)], (10, 30)),
        ([(10, 20), (5, 15)], (5, 20)),
        ([(10, 20), (20, 30)], (10, 30)),
        ([(10, 20), (5, 10)], (5, 20)),
        ([(10, 20), (12, 18)], (10, 20)),
        ([(10, 20), (5, 30)], (5, 30)),
        ([(10, 20), (10, 20)], (10, 20)),
    ]
    .into_iter()
    .enumerate()
    {
        let whole = whole_after(books, &format!("acct_{n}"), &noted).await;
        assert_eq!(whole, Some(period(expected.0, expected.1)), "{noted:?}");
    }
    let bridged = whole_after(books, "acct_bridged", &[(10, 20), (20, 25), (24, 40)]).await;
    assert_eq!(bridged, Some(period(10, 40)));
}

/// Where stretches don't meet, the one that ends later counts.
pub async fn of_stretches_that_do_not_meet_the_later_counts(books: &dyn Books) {
    assert_eq!(whole_after(books, "acct_1", &[(10, 20), (21, 30)]).await, Some(period(21, 30)));
    assert_eq!(whole_after(books, "acct_2", &[(10, 20), (5, 9)]).await, Some(period(10, 20)));
}

/// Of stretches that are noted at once, none is lost.
pub async fn of_racing_stretches_none_is_lost(books: &dyn Books) {
    let own = AccountId::own();
    let widening = (1..=4).flat_map(|n| [period(50 - n, 51), period(50, 51 + n)]);
    let noted = join_all(widening.map(|stretch| books.note_whole(&own, stretch))).await;
    assert!(noted.iter().all(Result::is_ok), "{noted:?}");
    assert_eq!(books.whole(&own).await.unwrap(), Some(period(46, 55)));
}
