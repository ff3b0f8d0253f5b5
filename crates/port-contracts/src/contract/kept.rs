//! The sentences of [`Summaries`](chargebook_domain::ports::Summaries) about what a sealed day is shown from.

use chargebook_domain::AccountId;
use chargebook_domain::monitor::{Floor, Level, Network, NetworkRatio, Ratio};
use chargebook_domain::ports::{Cause, Content, Entry, Period, Seal, SweepKind, SweepRequest};
use chargebook_domain::summary::{DayBooks, Received};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use std::time::Duration;

use super::sealing::seal_of;
use super::{Books, observe, record};
use crate::samples::{account, cause, day, filed_at, observation};

async fn look(books: &dyn Books, days: i64, book: Option<&AccountId>) -> DayBooks {
    books.books(&seal_of(days), book.cloned()).await.unwrap()
}

async fn keep(books: &dyn Books, days: i64, content: DayBooks) -> DayBooks {
    books.keep(&seal_of(days), content).await.unwrap()
}

/// A programme that this month has reached, one that it can't be compared with, and one whose floor nobody knows.
fn networks() -> Vec<NetworkRatio> {
    let of = |network, events, payments, floor, level| NetworkRatio {
        network,
        programme: "A | programme".to_owned(),
        threshold_bps: 150,
        ratio: Ratio { events, payments },
        floor,
        level,
    };
    vec![
        of(Network::Visa, 1_600, Some(100_000), Floor::Met, Some(Level::Reached)),
        of(Network::Mastercard, 3, None, Floor::NotMet, None),
        of(Network::Amex, u64::MAX, Some(0), Floor::Unknown, Some(Level::Below)),
    ]
}

/// What was kept is shown for ever, whatever becomes of the disputes and of the zone, of all books together and of each.
pub async fn a_day_that_was_kept_is_shown_for_ever(books: &dyn Books) {
    observe(books, &observation("evt_1", "needs_response", day(3))).await;
    assert!(books.seal(&seal_of(3)).await.unwrap());
    let own = AccountId::own();
    let mut kept = Vec::new();
    for book in [None, Some(&own)] {
        let now = look(books, 3, book).await;
        assert_eq!((now.sealed, now.sha256.as_ref(), now.open.disputes), (true, None, 1));
        let content = keep(books, 3, DayBooks { networks: Some(networks()), ..now.clone() }).await;
        assert!(content.sha256.as_ref().is_some_and(|sha256| sha256.len() == 64), "{content:?}");
        assert_eq!(DayBooks { sha256: None, networks: now.networks.clone(), ..content.clone() }, now);
        assert_eq!(content.networks, Some(networks()));
        kept.push(content);
    }
    observe(books, &observation("evt_2", "lost", day(4))).await;
    assert!(books.seal(&seal_of(4)).await.unwrap());
    assert_eq!(look(books, 4, None).await.open.disputes, 0);
    let elsewhere = Seal { zone: Tz::Asia__Tokyo, ..seal_of(3) };
    for (book, kept) in [None, Some(own)].into_iter().zip(kept) {
        assert_eq!(books.books(&elsewhere, book).await.unwrap(), kept);
    }
}

/// The first that is kept stays, and whoever comes later is told it.
pub async fn what_is_kept_first_stays(books: &dyn Books) {
    observe(books, &observation("evt_1", "needs_response", day(3))).await;
    assert!(books.seal(&seal_of(3)).await.unwrap());
    let now = look(books, 3, None).await;
    let first = keep(books, 3, DayBooks { networks: None, ..now.clone() }).await;
    assert_eq!(keep(books, 3, DayBooks { networks: Some(networks()), ..now }).await, first);
    assert_eq!((look(books, 3, None).await, first.networks.is_none()), (first, true));
}

/// What is not sealed is not kept, and a day is not once its seal is older than a day: by then all else has changed.
pub async fn what_is_not_of_the_time_of_its_seal_is_not_kept(books: &dyn Books) {
    observe(books, &observation("evt_1", "needs_response", day(3))).await;
    let preview = look(books, 3, None).await;
    assert_eq!(keep(books, 3, preview.clone()).await, preview);
    assert!(books.seal(&seal_of(3)).await.unwrap());
    let sealed = look(books, 3, None).await;
    let a_day_later = Seal { now: seal_of(3).now + TimeDelta::days(1), ..seal_of(3) };
    assert_eq!(books.keep(&a_day_later, sealed.clone()).await.unwrap(), sealed);
    assert_eq!(look(books, 3, None).await, sealed);
    let in_time = Seal { now: a_day_later.now - TimeDelta::seconds(1), ..a_day_later };
    assert!(books.keep(&in_time, sealed).await.unwrap().sha256.is_some());
}

async fn arrive(books: &dyn Books, account: &AccountId, id: &str, content: Content, at: DateTime<Utc>) {
    let cause = Cause { account: account.clone(), received_at: at, ..cause(id) };
    record(books, Entry { causes: vec![cause], content }, at).await;
}

/// Events are counted once, in the day of the zone in which they arrived; those of accounts without a book for the own one.
pub async fn what_arrived_is_counted_by_what_became_of_it(books: &dyn Books) {
    assert_eq!(look(books, 3, None).await.received, Some(Received::default()));
    let quarantined = || Content::Quarantined { reason: "not understood".to_owned() };
    let (own, other) = (AccountId::own(), account("acct_9"));
    for (id, event_type) in [("read_1", "read.dispute"), ("adj_1", "manual.adjustment")] {
        let cause = Cause { event_type: event_type.to_owned(), received_at: day(3), ..cause(id) };
        record(books, Entry { causes: vec![cause], content: Content::Ignored }, day(3)).await;
    }
    for (account, id, content, at) in [
        (&own, "evt_1", Content::Ignored, day(3)),
        (&own, "evt_1", Content::Ignored, day(3)),
        (&own, "evt_2", quarantined(), day(3)),
        (&other, "evt_2", quarantined(), day(3)),
        (&other, "evt_3", Content::Ignored, day(4)),
    ] {
        arrive(books, account, id, content, at).await;
    }
    for book in [None, Some(&own)] {
        let received = look(books, 3, book).await.received.unwrap();
        assert_eq!((received.recorded, received.ignored, received.quarantined), (0, 1, 2), "{book:?}");
        assert_eq!(look(books, 4, book).await.received.unwrap().ignored, 1, "{book:?}");
    }
    let there = Seal { zone: Tz::Pacific__Auckland, ..seal_of(4) };
    let received = books.books(&there, None).await.unwrap().received.unwrap();
    assert_eq!((received.events(), received.quarantined), (3, 2), "noon is the next day there");
    observe(books, &observation("evt_4", "lost", day(9))).await;
    let arrived = Seal { date: filed_at().date_naive(), ..seal_of(9) };
    assert_eq!(books.books(&arrived, None).await.unwrap().received.map(|of| of.recorded), Some(1));
}

async fn compare_money(books: &dyn Books, account: &AccountId, at: DateTime<Utc>, ends: bool) {
    let (kind, every, lease) = (SweepKind::Money, Duration::ZERO, Duration::ZERO);
    let request = SweepRequest { account: account.clone(), kind, now: at, every, lease };
    let sweep = books.begin_sweep(&request).await.unwrap().unwrap();
    if ends {
        books.finish_sweep(&sweep, at).await.unwrap();
    }
}

/// Of several books the record is compared as far as that one which is behind.
pub async fn how_far_the_record_is_compared_is_told(books: &dyn Books) {
    let (own, other) = (AccountId::own(), account("acct_1"));
    let compared = async |book: Option<&AccountId>| {
        let received = look(books, 3, book).await.received.unwrap();
        (received.whole.map(|of| (of.from, of.until)), received.money_compared_at)
    };
    let whole = |from, until| Some((day(from), day(until)));
    let note = async |account: &AccountId, from, until| {
        books.note_whole(account, Period { from: day(from), until: day(until) }).await.unwrap();
    };
    assert_eq!(compared(None).await, (None, None));
    compare_money(books, &own, day(5), true).await;
    compare_money(books, &own, day(6), false).await;
    assert_eq!(compared(None).await, (None, Some(day(5))));
    note(&own, 1, 7).await;
    assert_eq!(compared(None).await, (whole(1, 7), Some(day(5))));
    compare_money(books, &other, day(4), false).await;
    assert_eq!(compared(None).await, (None, None), "the other's was never finished, and nothing is known of it");
    note(&other, 0, 2).await;
    assert_eq!(compared(None).await, (whole(1, 2), None));
    compare_money(books, &other, day(8), true).await;
    assert_eq!(compared(None).await, (whole(1, 2), Some(day(5))));
    assert_eq!(compared(Some(&own)).await, (whole(1, 7), Some(day(5))));
    assert_eq!(compared(Some(&other)).await, (whole(0, 2), Some(day(8))));
    note(&own, 9, 10).await;
    assert_eq!(compared(None).await.0, None, "no time is in both");
}
