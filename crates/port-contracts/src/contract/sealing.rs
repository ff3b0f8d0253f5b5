//! The sentences of [`Summaries`](chargebook_domain::ports::Summaries) about sealing days.

use std::collections::BTreeMap;

use chargebook_domain::ports::{Content, DayMail, Entry, Mails, Seal, Sealed};
use chargebook_domain::summary::{DayBooks, Unresolved};
use chargebook_domain::{Deltas, EntryKind, LedgerAccount, Observation, ResolutionKind};
use chrono::{NaiveTime, TimeDelta};
use chrono_tz::Tz;
use futures_util::future::join_all;

use super::{Books, observe, observe_at, record};
use crate::samples::{
    cause, date, day, dispute_key, observation, order, payment, reinstatement, sample_key, usd, withdrawal,
};

/// A wish to seal the date of [`day`]`(days)`, in UTC, half a day after its end, without a start of the books.
#[must_use]
pub fn seal_of(days: i64) -> Seal {
    Seal { date: date(days), zone: Tz::UTC, books_start: None, now: day(days + 1) }
}

async fn seal(books: &dyn Books, days: i64) -> DayBooks {
    assert!(books.seal(&seal_of(days)).await.unwrap(), "day {days}");
    books.books(&seal_of(days), None).await.unwrap()
}

async fn last(books: &dyn Books) -> Option<chrono::NaiveDate> {
    books.sealed(Tz::UTC).await.unwrap().last
}

fn opened(cause: &str, days: i64) -> Observation {
    let movements = vec![withdrawal("txn_1", day(days), 10_000, 1_500)];
    Observation { movements, ..observation(cause, "needs_response", day(days)) }
}

fn won(cause: &str, days: i64) -> Observation {
    Observation { movements: vec![reinstatement("txn_2", day(days), 10_000)], ..observation(cause, "won", day(days)) }
}

fn revisions(day_books: &DayBooks) -> Vec<(u32, ResolutionKind)> {
    day_books.rows.iter().map(|row| (row.revision, row.kind)).collect()
}

fn moved(day_books: &DayBooks, account: LedgerAccount) -> i64 {
    let of_it = day_books.moves.iter().filter(|moved| moved.account == account);
    of_it.map(|moved| moved.debit_minor + moved.credit_minor).sum()
}

/// Nothing is sealed before the first day, and nothing was recorded.
pub async fn nothing_is_sealed_at_first(books: &dyn Books) {
    assert_eq!(books.sealed(Tz::UTC).await.unwrap(), Sealed::default());
    let empty = books.books(&seal_of(3), None).await.unwrap();
    assert!(!empty.sealed && empty.rows.is_empty() && empty.moves.is_empty() && empty.opening.is_empty());
    observe_at(books, &opened("evt_1", 1), day(3)).await;
    let expected = Sealed { last: None, first_recorded: Some(date(3)) };
    assert_eq!(books.sealed(Tz::UTC).await.unwrap(), expected, "recorded on day 3, of day 1");
    assert!(books.seal(&seal_of(3)).await.unwrap());
    let expected = Sealed { last: Some(date(3)), first_recorded: None };
    assert_eq!(books.sealed(Tz::UTC).await.unwrap(), expected);
}

/// Days are sealed strictly in order: false when it was sealed before, or is not the day after the last.
pub async fn days_are_sealed_strictly_in_order(books: &dyn Books) {
    observe(books, &opened("evt_1", 3)).await;
    for (days, sealed, last_days) in [(3, true, 3), (3, false, 3), (5, false, 3), (2, false, 3), (4, true, 4)] {
        assert_eq!(books.seal(&seal_of(days)).await.unwrap(), sealed, "day {days}");
        assert_eq!(last(books).await, Some(date(last_days)));
        assert_eq!(books.books(&seal_of(days), None).await.unwrap().sealed, (3..=last_days).contains(&days));
    }
}

/// Under one lock: of callers that seal a day at once, one seals it.
pub async fn of_racing_seals_of_one_day_one_seals(books: &dyn Books) {
    observe(books, &opened("evt_1", 3)).await;
    let wish = seal_of(3);
    let answers = join_all((0..8).map(|_| books.seal(&wish))).await;
    assert_eq!(answers.into_iter().map(Result::unwrap).filter(|sealed| *sealed).count(), 1);
    assert_eq!(books.books(&wish, None).await.unwrap().moves.len(), 3);
}

/// Each row and entry is in exactly one day.
pub async fn each_row_is_sealed_once(books: &dyn Books) {
    observe(books, &opened("evt_1", 3)).await;
    observe(books, &won("evt_2", 4)).await;
    let days = [seal(books, 3).await, seal(books, 4).await, seal(books, 5).await];
    assert_eq!(days.each_ref().map(|day_books| day_books.rows.len()), [0, 1, 0]);
    let stripe_balance = days.each_ref().map(|day_books| moved(day_books, LedgerAccount::StripeBalance));
    assert_eq!(stripe_balance, [-11_500, 10_000, 0]);
}

/// The books of a day that is not sealed yet are those that sealing it now would make.
pub async fn the_books_of_an_unsealed_day_are_what_sealing_it_makes_of_them(books: &dyn Books) {
    books.import(&[payment("#1")]).await.unwrap();
    observe(books, &opened("evt_1", 3)).await;
    seal(books, 3).await;
    observe(books, &won("evt_2", 4)).await;
    observe(books, &Observation { key: dispute_key("du_2"), ..observation("evt_3", "lost", day(4)) }).await;
    let preview = books.books(&seal_of(4), None).await.unwrap();
    assert!(!preview.sealed);
    assert_eq!(preview.rows.len(), 2);
    assert_eq!(preview.rows[0].order, Some(order("#1")));
    let sealed = seal(books, 4).await;
    assert_eq!(DayBooks { sealed: true, sha256: sealed.sha256.clone(), ..preview }, sealed);
}

/// The books of a sealed day are the rows that were sealed in it, whatever comes later.
pub async fn the_books_of_a_sealed_day_stay(books: &dyn Books) {
    observe(books, &opened("evt_1", 3)).await;
    let sealed = seal(books, 3).await;
    observe(books, &won("evt_2", 3)).await;
    seal(books, 4).await;
    let now = books.books(&seal_of(3), None).await.unwrap();
    assert_eq!((now.rows, now.moves), (sealed.rows, sealed.moves));
    assert_eq!((now.opening, now.resolved, now.unresolved), (sealed.opening, sealed.resolved, sealed.unresolved));
}

/// A row that commits after its day was sealed goes into the next day, and is late there.
pub async fn a_row_that_commits_later_goes_into_the_next_day(books: &dyn Books) {
    observe(books, &opened("evt_1", 3)).await;
    seal(books, 3).await;
    observe_at(books, &won("evt_2", 3), day(4)).await;
    let next = seal(books, 4).await;
    assert_eq!(revisions(&next), [(0, ResolutionKind::Decided)]);
    assert_eq!(next.rows[0].occurred_at, day(3));
    assert!(next.moves.iter().all(|moved| moved.late));
    assert_eq!(moved(&next, LedgerAccount::StripeBalance), 10_000);
    assert_eq!(next.opening[&(LedgerAccount::StripeBalance, usd())], -11_500);
}

/// What is dated after the day stays unsealed.
pub async fn what_is_after_the_day_waits(books: &dyn Books) {
    observe(books, &opened("evt_1", 3)).await;
    observe(books, &won("evt_2", 4)).await;
    let first = seal(books, 3).await;
    assert!(first.rows.is_empty());
    assert_eq!(moved(&first, LedgerAccount::StripeBalance), -11_500);
    assert!(first.moves.iter().all(|moved| !moved.late && moved.kind == EntryKind::Movement));
    assert_eq!(revisions(&books.books(&seal_of(4), None).await.unwrap()), [(0, ResolutionKind::Decided)]);
}

/// What is dated before the start of the books is sealed as the opening balance, and is in no day.
pub async fn what_is_before_the_books_is_the_opening(books: &dyn Books) {
    let lost = Observation { key: dispute_key("du_2"), ..observation("evt_0", "lost", day(2)) };
    observe(books, &lost).await;
    observe(books, &opened("evt_1", 2)).await;
    observe(books, &won("evt_2", 4)).await;
    let wish = |days| Seal { books_start: Some(date(3)), ..seal_of(days) };
    let preview = books.books(&wish(3), None).await.unwrap();
    assert!(books.seal(&wish(3)).await.unwrap());
    let first = books.books(&wish(3), None).await.unwrap();
    assert_eq!(DayBooks { sealed: true, sha256: first.sha256.clone(), ..preview }, first);
    assert!(first.rows.is_empty() && first.moves.is_empty());
    assert_eq!(first.opening[&(LedgerAccount::StripeBalance, usd())], -11_500);
    assert_eq!(first.opening[&(LedgerAccount::DisputesReceivable, usd())], 10_000);
    let lost = Deltas { closed: 1, lost: 1, ..Deltas::default() };
    assert_eq!(first.resolved, BTreeMap::from([(usd(), lost)]));
    assert_eq!(last(books).await, Some(date(3)));
    let mails = books.undelivered(&["outlook".to_owned()], Mails::Together, day(4)).await.unwrap();
    let mails: Vec<_> = mails.into_iter().map(|due| due.mail).collect();
    assert_eq!(mails, [DayMail::together(date(3))], "the opening is never mailed");
    assert!(books.seal(&wish(4)).await.unwrap());
    assert_eq!(books.books(&wish(4), None).await.unwrap().rows.len(), 1);
}

/// What becomes known later of the time before the books is late, and the opening stays as it was.
pub async fn what_is_learnt_late_of_the_time_before_the_books_is_late(books: &dyn Books) {
    let wish = |days| Seal { books_start: Some(date(3)), ..seal_of(days) };
    observe(books, &opened("evt_1", 2)).await;
    assert!(books.seal(&wish(3)).await.unwrap());
    let before = books.books(&wish(3), None).await.unwrap();
    let lost = Observation { key: dispute_key("du_2"), ..observation("evt_0", "lost", day(2)) };
    observe(books, &lost).await;
    assert!(books.seal(&wish(4)).await.unwrap());
    assert_eq!(books.books(&wish(3), None).await.unwrap().opening, before.opening);
    assert_eq!(books.books(&wish(4), None).await.unwrap().rows.len(), 1);
}

/// The opening names every account that has entries, also where they cancel out.
pub async fn an_account_that_cancels_out_is_in_the_opening(books: &dyn Books) {
    observe(books, &opened("evt_1", 2)).await;
    observe(books, &won("evt_2", 3)).await;
    seal(books, 3).await;
    let receivable = (LedgerAccount::DisputesReceivable, usd());
    assert_eq!(seal(books, 4).await.opening.get(&receivable), Some(&0));
}

/// Dates are business dates in the zone.
pub async fn business_dates_are_those_of_the_zone(books: &dyn Books) {
    let last_hour_in_new_york = date(4).and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(4);
    let mut seen = observation("evt_1", "lost", last_hour_in_new_york);
    seen.movements = vec![withdrawal("txn_1", last_hour_in_new_york, 10_000, 1_500)];
    observe(books, &seen).await;
    let (zone, utc) = (Tz::America__New_York, Tz::UTC);
    assert_eq!(books.sealed(zone).await.unwrap().first_recorded, Some(date(3)));
    assert_eq!(books.sealed(utc).await.unwrap().first_recorded, Some(date(4)));
    assert!(books.books(&seal_of(3), None).await.unwrap().rows.is_empty());
    let there = Seal { zone, ..seal_of(3) };
    let preview = books.books(&there, None).await.unwrap();
    assert_eq!((preview.rows.len(), preview.month_to_date.lost), (1, 1));
    assert!(preview.moves.iter().all(|moved| !moved.late));
    assert!(books.seal(&there).await.unwrap());
    assert_eq!(books.books(&there, None).await.unwrap().rows.len(), 1);
}

/// Sums of all that is sealed: the resolution rows, and the movements that no row carries.
pub async fn sealed_rows_and_open_movements_make_the_journal(books: &dyn Books) {
    observe(books, &opened("evt_1", 3)).await;
    let open = Unresolved { undecided_fee_minor: 1_500, undecided_principal_minor: 10_000, ..Unresolved::default() };
    let day_books = seal(books, 3).await;
    assert_eq!((day_books.unresolved.get(&usd()), day_books.resolved.get(&usd())), (Some(&open), None));

    observe(books, &won("evt_2", 4)).await;
    let before = books.books(&seal_of(3), None).await.unwrap();
    assert_eq!(before.unresolved, day_books.unresolved, "the verdict is not sealed");
    let decided = seal(books, 4).await;
    let nothing = Unresolved::default();
    assert_eq!(decided.unresolved.get(&usd()).copied().unwrap_or_default(), nothing);
    let resolved = decided.resolved[&usd()];
    assert_eq!((resolved.recovered, resolved.fee, resolved.net), (10_000, 1_500, -1_500));

    observe(books, &observation("evt_3", "under_review", day(5))).await;
    let reopened = seal(books, 5).await;
    assert_eq!(reopened.unresolved[&usd()], Unresolved { undecided_principal_minor: 0, ..open });
    assert!(reopened.resolved.get(&usd()).is_none_or(Deltas::is_zero));
}

/// A row comes with the sum of the dispute's rows in its currency that were sealed before.
pub async fn rows_tell_what_was_sealed_before(books: &dyn Books) {
    observe(books, &opened("evt_1", 1)).await;
    let mut lost = observation("evt_2", "lost", day(3));
    lost.claims.reason = Some("fraudulent".to_owned());
    lost.claims.card_brand = Some("visa".to_owned());
    lost.claims.evidence_submitted = Some(true);
    observe(books, &lost).await;
    let first = seal(books, 3).await;
    assert!(first.rows[0].before.is_zero());
    observe(books, &won("evt_3", 4)).await;
    let second = seal(books, 4).await;
    let row = &second.rows[0];
    assert_eq!(
        (row.key.clone(), row.kind, row.before),
        (sample_key(), ResolutionKind::Redecided, first.rows[0].deltas)
    );
    assert_eq!((row.deltas.loss, row.deltas.recovered), (-10_000, 10_000));
    assert_eq!((row.reason.as_deref(), row.card_brand.as_deref()), (Some("fraudulent"), Some("visa")));
    assert_eq!((row.evidence_submitted, row.disputed), (Some(true), lost.claims.disputed));
}

/// Disputes count in a window by the day on which they were closed, and by their present outcome.
pub async fn windows_count_by_the_day_of_closing(books: &dyn Books) {
    // The filing is on 5 January; so day 27 is 1 February, and day 31 is 5 February.
    let statuses = [("won", -59), ("won", -58), ("lost", 26), ("won", 27), ("prevented", 31), ("warning_closed", 31)];
    for (n, (status, days)) in statuses.into_iter().enumerate() {
        let cause = format!("evt_{n}");
        let mut seen = Observation { key: dispute_key(&format!("du_{n}")), ..observation(&cause, status, day(days)) };
        seen.claims.evidence_submitted = Some(status == "won");
        seen.movements = vec![withdrawal(&format!("txn_{n}"), day(days), 100, 0)];
        observe(books, &seen).await;
    }
    observe(books, &Observation { key: dispute_key("du_9"), ..observation("evt_9", "lost", day(32)) }).await;
    let day_books = books.books(&seal_of(31), None).await.unwrap();
    let (month, quarter) = (&day_books.month_to_date, &day_books.ninety_days);
    assert_eq!((month.won, month.lost, month.prevented, month.inquiries, month.refunded), (1, 0, 1, 1, 0));
    assert_eq!((quarter.won, quarter.lost, quarter.won_challenged, quarter.lost_challenged), (2, 1, 2, 0));
    assert_eq!(quarter.principal[&usd()], (0, 100));
}

/// What is open, and what needs a person, as it is now.
pub async fn the_open_and_the_odd_are_counted(books: &dyn Books) {
    books.import(&[payment("#1")]).await.unwrap();
    let seen = |dispute: &str, status: &str| {
        let cause = format!("evt_{dispute}");
        Observation { key: dispute_key(dispute), ..observation(&cause, status, day(0)) }
    };
    let due = |days, mut seen: Observation| {
        seen.claims.evidence_due_by = Some(day(days));
        seen
    };
    let mut orphan = due(20, seen("du_2", "under_review"));
    (orphan.claims.charge, orphan.claims.payment_intent) = (None, None);
    orphan.claims.opened_at = Some(day(-9));
    let mut pending = seen("du_4", "won");
    pending.movements = vec![withdrawal("txn_1", day(0), 10_000, 0)];
    for seen in [due(5, seen("du_1", "needs_response")), orphan, seen("du_3", "warning_under_review"), pending] {
        observe(books, &seen).await;
    }
    let content = Content::Quarantined { reason: "not understood".to_owned() };
    record(books, Entry { causes: vec![cause("evt_q")], content }, day(0)).await;

    let day_books = books.books(&seal_of(1), None).await.unwrap();
    let open = day_books.open;
    assert_eq!((open.disputes, open.inquiries, open.evidence_due_soon), (2, 1, 1));
    assert_eq!(open.at_risk, BTreeMap::from([(usd(), 20_000)]));
    assert_eq!(open.oldest_opened_at, Some(day(-9)));
    let odd = day_books.attention;
    assert_eq!((odd.orphans, odd.ambiguous, odd.recovery_pending, odd.quarantined), (1, 0, 1, 1));
}

/// What was filed on the day is counted, whatever became of it, by the day of the zone.
pub async fn what_was_filed_on_the_day_is_counted(books: &dyn Books) {
    for (dispute, status, days) in [("du_1", "needs_response", 3), ("du_2", "lost", 3), ("du_3", "lost", 2)] {
        let cause = format!("evt_{dispute}");
        let mut seen = Observation { key: dispute_key(dispute), ..observation(&cause, status, day(days)) };
        seen.claims.opened_at = Some(day(days));
        observe(books, &seen).await;
    }
    for (days, filed) in [(2, 1), (3, 2), (4, 0)] {
        let open = books.books(&seal_of(days), None).await.unwrap().open;
        assert_eq!(
            (open.filed, open.filed_amounts.get(&usd()).copied().unwrap_or_default()),
            (filed, 10_000 * i64::try_from(filed).unwrap())
        );
    }
}
