//! What [`Ledger`](chargebook_domain::ports::Ledger) promises where many call it at once.

use chargebook_domain::Observation;
use chargebook_domain::ports::Answer;
use futures_util::future::join_all;

use super::{Books, decided, load, observe, recorded};
use crate::samples::{change_entry, day, dispute_key, observation, sample_key, withdrawal};

const RACERS: usize = 8;

/// However many deliver one event at once, exactly one writes it.
pub async fn of_eight_racing_records_of_one_event_one_inserts(books: &dyn Books) {
    let movements = vec![withdrawal("txn_1", day(1), 10_000, 1_500)];
    let seen = Observation { movements, ..observation("evt_1", "lost", day(40)) };
    let entry = change_entry(decided(books, &seen).await, &["evt_1"]);
    let batch = [entry];
    let answers = join_all((0..RACERS).map(|_| books.record(&batch, day(40)))).await;
    let answers: Vec<_> = answers.into_iter().map(|answers| answers.unwrap().pop().unwrap()).collect();
    let count = |wanted: &Answer| answers.iter().filter(|answer| *answer == wanted).count();
    assert_eq!((count(&recorded(&[false])), count(&recorded(&[true]))), (1, RACERS - 1), "{answers:?}");
    let stored = load(books, &sample_key()).await;
    assert_eq!((stored.facts.lines().count(), stored.facts.movements().len()), (1, 1));
    assert_eq!((stored.close_out_count, stored.next_revision), (1, 1));
}

/// Events of one dispute that are decided at once are booked one after the other, as often as it takes.
pub async fn of_eight_racing_events_of_one_dispute_none_is_lost(books: &dyn Books) {
    join_all((0_i64..).take(RACERS).map(|n| async move {
        let at = day(n + 1);
        let movements = vec![withdrawal(&format!("txn_{n}"), at, 100, 0)];
        let seen = Observation { movements, ..observation(&format!("evt_{n}"), "needs_response", at) };
        while observe(books, &seen).await == Answer::Stale {}
    }))
    .await;
    let stored = load(books, &sample_key()).await;
    assert_eq!((stored.facts.lines().count(), stored.facts.movements().len()), (RACERS, RACERS));
}

/// Batches that name the same disputes in opposite order don't stop each other.
pub async fn racing_batches_that_name_disputes_in_opposite_order_all_end(books: &dyn Books) {
    let mut entries = Vec::new();
    for n in 0..RACERS {
        let key = dispute_key(&format!("du_{n}"));
        let cause = format!("evt_{n}");
        let seen = Observation { key, ..observation(&cause, "needs_response", day(0)) };
        entries.push(change_entry(decided(books, &seen).await, &[&cause]));
    }
    let backwards: Vec<_> = entries.iter().rev().cloned().collect();
    let batches = [entries, backwards];
    let answers = join_all(batches.iter().cycle().take(RACERS).map(|batch| books.record(batch, day(0)))).await;
    let answers: Vec<_> = answers.into_iter().flat_map(Result::unwrap).collect();
    let inserted = answers.iter().filter(|answer| **answer == recorded(&[false])).count();
    assert_eq!(inserted, RACERS);
    assert!(answers.iter().all(|answer| *answer != Answer::Stale), "what is known is not stale");
}
