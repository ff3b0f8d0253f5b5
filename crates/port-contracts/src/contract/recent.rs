//! The sentences of [`Summaries`](chargebook_domain::ports::Summaries) about what closed lately.

use chargebook_domain::Observation;
use chargebook_domain::ports::Seal;
use chargebook_domain::summary::{REASONS_MAX, ReasonCount, TREND_DAYS, TrendDay};
use chrono::{NaiveTime, TimeDelta};
use chrono_tz::Tz;

use super::sealing::seal_of;
use super::{Books, observe};
use crate::samples::{account, date, day, dispute_key, observation};

/// A verdict of dispute `du_<n>` on a day, with a reason or without.
fn verdict(n: usize, status: &str, days: i64, reason: Option<&str>) -> Observation {
    let mut seen =
        Observation { key: dispute_key(&format!("du_{n}")), ..observation(&format!("evt_{n}"), status, day(days)) };
    seen.claims.reason = reason.map(str::to_owned);
    seen
}

fn told(trend: &[TrendDay]) -> Vec<(chrono::NaiveDate, u64, u64)> {
    let days = trend.iter().filter(|of| of.won + of.lost > 0);
    days.map(|of| (of.date, of.won, of.lost)).collect()
}

fn told_reasons(reasons: &[ReasonCount]) -> Vec<(Option<&str>, u64, u64)> {
    reasons.iter().map(|of| (of.reason.as_deref(), of.won, of.lost)).collect()
}

/// A trend has each of the 30 dates up to the day, with zeros where nothing closed; only verdicts count.
pub async fn a_trend_has_each_of_thirty_dates(books: &dyn Books) {
    let empty = books.books(&seal_of(40), None).await.unwrap();
    assert_eq!((empty.trend.len(), told(&empty.trend), empty.reasons), (30, vec![], vec![]));
    assert_eq!(u64::try_from(empty.trend.len()).unwrap(), TREND_DAYS);

    let seen = [
        ("won", 10),
        ("won", 11),
        ("lost", 25),
        ("won", 40),
        ("lost", 40),
        ("lost", 40),
        ("lost", 41),
        ("prevented", 40),
        ("warning_closed", 40),
        ("needs_response", 39),
    ];
    for (n, (status, days)) in seen.into_iter().enumerate() {
        observe(books, &verdict(n, status, days, None)).await;
    }
    let trend = books.books(&seal_of(40), None).await.unwrap().trend;
    assert_eq!(trend.iter().map(|of| of.date).collect::<Vec<_>>(), (11..=40).map(date).collect::<Vec<_>>());
    assert_eq!(told(&trend), [(date(11), 1, 0), (date(25), 0, 1), (date(40), 1, 2)]);
}

/// The dates of a trend are those of the day's zone.
pub async fn a_trend_has_the_dates_of_the_zone(books: &dyn Books) {
    let last_hour_in_new_york = date(4).and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(4);
    observe(books, &observation("evt_1", "won", last_hour_in_new_york)).await;
    let there = Seal { zone: Tz::America__New_York, ..seal_of(4) };
    assert_eq!(told(&books.books(&there, None).await.unwrap().trend), [(date(3), 1, 0)]);
    assert_eq!(told(&books.books(&seal_of(4), None).await.unwrap().trend), [(date(4), 1, 0)]);
}

/// Reasons of the 90 days come by the number of their verdicts, then by name, and that without a name behind them.
pub async fn reasons_are_counted_by_number_and_then_by_name(books: &dyn Books) {
    let seen = [
        ("won", 10, Some("fraudulent")),
        ("won", 11, Some("fraudulent")),
        ("lost", 50, Some("fraudulent")),
        ("lost", 100, Some("fraudulent")),
        ("lost", 100, None),
        ("won", 99, Some("general")),
        ("lost", 98, Some("Zoll")),
        ("won", 101, Some("general")),
        ("prevented", 100, Some("duplicate")),
    ];
    for (n, (status, days, reason)) in seen.into_iter().enumerate() {
        observe(books, &verdict(n, status, days, reason)).await;
    }
    let reasons = books.books(&seal_of(100), None).await.unwrap().reasons;
    let expected = [(Some("fraudulent"), 1, 2), (Some("Zoll"), 0, 1), (Some("general"), 1, 0), (None, 0, 1)];
    assert_eq!(told_reasons(&reasons), expected);
}

/// At most 50 reasons are told apart; the window tells how many verdicts are of others.
pub async fn at_most_fifty_reasons_are_told_apart(books: &dyn Books) {
    for n in 0..=REASONS_MAX {
        observe(books, &verdict(n, "lost", 3, Some(&format!("reason_{n:02}")))).await;
    }
    let day_books = books.books(&seal_of(3), None).await.unwrap();
    assert_eq!((day_books.reasons.len(), day_books.ninety_days.lost), (50, 51));
    assert_eq!(day_books.reasons.last().unwrap().reason.as_deref(), Some("reason_49"));
}

/// Of one book, only its own verdicts are told.
pub async fn what_closed_lately_is_told_of_one_book(books: &dyn Books) {
    for (n, (book, status)) in [("acct_1", "won"), ("acct_2", "lost"), ("acct_2", "lost")].into_iter().enumerate() {
        let mut seen = verdict(n, status, 3, Some("fraudulent"));
        seen.key.account = account(book);
        observe(books, &seen).await;
    }
    for (book, won, lost) in [(None, 1, 2), (Some("acct_1"), 1, 0), (Some("acct_2"), 0, 2)] {
        let day_books = books.books(&seal_of(3), book.map(account)).await.unwrap();
        assert_eq!(told(&day_books.trend), [(date(3), won, lost)], "{book:?}");
        assert_eq!(told_reasons(&day_books.reasons), [(Some("fraudulent"), won, lost)], "{book:?}");
    }
}
