//! When a dispute must be read again, and what a read adds.
#![expect(clippy::unwrap_used, reason = "a test that meets anything unexpected should end")]

use chargebook_domain::{Basis, BookRules, Facts, Observation, OwedRead, ReadReason, Stored, decide, news, steps};
use chargebook_port_contracts::histories::history_of;
use chargebook_port_contracts::samples::{day, observation, order, payment, reinstatement, sample_key, withdrawal};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

fn read(cause: &str, status: &str, as_of: DateTime<Utc>) -> Observation {
    Observation { basis: Basis::Read, ..observation(cause, status, as_of) }
}

fn facts_of(observations: &[Observation]) -> Facts {
    let mut facts = Facts::default();
    for observation in observations {
        facts.add(observation).unwrap();
    }
    facts
}

fn owed(stored: &Stored, observations: &[Observation]) -> Option<OwedRead> {
    decide(&sample_key(), stored, observations, BookRules::default()).unwrap().owed_read
}

fn with_order() -> Stored {
    Stored { payments: vec![payment("#1")], ..Stored::default() }
}

#[test]
fn a_read_that_finds_the_same_status_and_money_is_no_news() {
    let taken = withdrawal("txn_1", day(1), 10_000, 1_500);
    let opened = Observation { movements: vec![taken.clone()], ..observation("evt_1", "needs_response", day(1)) };
    let facts = facts_of(&[opened]);
    let same = Observation { movements: vec![taken.clone()], ..read("read_1", "needs_response", day(5)) };
    assert_eq!(news(&facts, &same), None);

    let later = read("read_2", "won", day(6));
    assert_eq!(news(&facts, &later), Some(later), "another status is a statement");
}

#[test]
fn a_read_that_shows_only_more_money_adds_no_statement() {
    let taken = withdrawal("txn_1", day(1), 10_000, 1_500);
    let won = [
        Observation { movements: vec![taken.clone()], ..observation("evt_1", "needs_response", day(1)) },
        Observation { movements: vec![taken.clone()], ..observation("evt_2", "won", day(4)) },
    ];
    let back = reinstatement("txn_2", day(9), 10_000);
    let seen = Observation { movements: vec![taken, back.clone()], ..read("read_1", "won", day(10)) };
    let facts = facts_of(&won);
    let added = news(&facts, &seen).unwrap();
    let stored = Stored { version: 2, facts, ..Stored::default() };
    let change = decide(&sample_key(), &stored, &[added], BookRules::default()).unwrap();
    assert_eq!((change.lines.len(), change.movements), (0, vec![back]));
}

#[test]
fn a_read_that_names_the_order_is_a_statement_once() {
    let facts = facts_of(&[observation("evt_1", "needs_response", day(1))]);
    let mut named = read("read_1", "needs_response", day(2));
    named.claims.order_hint = Some(order("#1"));
    let added = news(&facts, &named).unwrap();
    let facts = facts_of(&[observation("evt_1", "needs_response", day(1)), added]);
    named.as_of = day(3);
    assert_eq!(news(&facts, &named), None);
}

#[test]
fn a_word_that_nobody_knows_is_news_once() {
    let facts = facts_of(&[observation("evt_1", "needs_response", day(1)), read("read_1", "in_arbitration", day(2))]);
    assert_eq!(news(&facts, &read("read_2", "in_arbitration", day(3))), None);
    assert_eq!(news(&facts, &read("read_3", "needs_response", day(3))), None, "it undid nothing");
}

#[test]
fn two_statuses_in_one_second_owe_a_read_made_five_seconds_later() {
    let both = [observation("evt_1", "needs_response", day(1)), observation("evt_2", "under_review", day(1))];
    let ambiguous = Some(OwedRead { reason: ReadReason::Ambiguous, after: TimeDelta::seconds(5) });
    assert_eq!(owed(&with_order(), &both), ambiguous);
    let stored = Stored { version: 1, facts: facts_of(&both[..1]), ..with_order() };
    assert_eq!(owed(&stored, &both[1..]), ambiguous, "in whatever batches they come");
    let settled = [both[0].clone(), both[1].clone(), observation("evt_3", "under_review", day(2))];
    assert_eq!(owed(&with_order(), &settled), None, "a later statement settles it");
}

#[test]
fn a_verdict_without_its_money_owes_a_read() {
    let missing = Some(ReadReason::MoneyMissing);
    let taken = withdrawal("txn_1", day(1), 10_000, 1_500);
    let opened = Observation { movements: vec![taken], ..observation("evt_1", "needs_response", day(1)) };
    let won = [opened.clone(), observation("evt_2", "won", day(4))];
    assert_eq!(owed(&with_order(), &won).map(|owed| owed.reason), missing);
    let lost = [observation("evt_1", "lost", day(4))];
    assert_eq!(owed(&with_order(), &lost).map(|owed| owed.reason), missing, "no withdrawal was seen");
    let complete = [opened, observation("evt_2", "lost", day(4))];
    assert_eq!(owed(&with_order(), &complete), None);
    let stored = Stored { version: 2, facts: facts_of(&won), ..with_order() };
    assert_eq!(owed(&stored, &[]), None, "deciding again, as for an order, owes nothing");
}

#[test]
fn a_dispute_without_an_order_is_read_once_for_its_name() {
    let opened = observation("evt_1", "needs_response", day(1));
    let reason = |stored: &Stored, seen: Observation| owed(stored, &[seen]).map(|owed| owed.reason);
    assert_eq!(reason(&Stored::default(), opened.clone()), Some(ReadReason::OrderUnknown));
    assert_eq!(reason(&Stored::default(), read("read_1", "needs_response", day(1))), None, "it was just read");
    let stored = Stored { version: 1, facts: facts_of(&[opened]), ..Stored::default() };
    assert_eq!(reason(&stored, observation("evt_2", "under_review", day(2))), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is left out of a read changes no figure at any time.
    #[test]
    fn what_a_read_leaves_out_changes_no_figure(history in history_of("du_1"), which in 0..100_usize) {
        let mut observations = history.observations;
        let mut last = observations.swap_remove(which % observations.len());
        // In a second of its own, in which nothing else speaks.
        let as_of = observations.iter().map(|seen| seen.as_of).max().unwrap_or(last.as_of) + TimeDelta::seconds(1);
        (last.basis, last.as_of) = (Basis::Read, as_of);
        let mut before = Facts::default();
        for seen in &observations {
            // What contradicts is left out, as it is quarantined.
            drop(before.add(seen));
        }
        let (mut whole, mut pruned) = (before.clone(), before.clone());
        prop_assume!(whole.add(&last).is_ok());
        if let Some(seen) = news(&before, &last) {
            pruned.add(&seen).unwrap();
        }
        prop_assert_eq!(steps(&whole, 10), steps(&pruned, 10));
        prop_assert_eq!(whole.runs(), pruned.runs());
        prop_assert_eq!(news(&pruned, &last), None, "it is known now");
    }
}
