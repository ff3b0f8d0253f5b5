//! Worked histories of disputes: whatever way their observations come, the books say what `histories.txt` says.
#![expect(clippy::unwrap_used, reason = "what is not as expected should panic")]

mod table;

use std::collections::BTreeMap;

use chargebook_domain::{Basis, BookRules, Claims, Currency, Deltas, LedgerAccount, Movement, Observation};
use chargebook_port_contracts::InMemoryLedger;
use chargebook_port_contracts::booking::{book, book_each};
use chargebook_port_contracts::samples::{claims, day, filed_at, movement, observation, sample_key};

use self::table::{Moved, Scenario, scenarios};

/// What an observation shows of the movements.
#[derive(Clone, Copy, Debug)]
enum Shows {
    /// Every movement so far.
    AllSoFar,
    /// Those since the observation before.
    TheNew,
}

/// How the observations come.
#[derive(Clone, Copy, Debug)]
enum Arrival {
    InOrder,
    InReverse,
    /// Each a second time, after all of them.
    Twice,
}

/// How they are decided.
#[derive(Clone, Copy, Debug)]
enum Decided {
    OneByOne,
    AllAtOnce,
}

#[tokio::test]
async fn every_history_is_booked_as_worked_out_by_hand() {
    let scenarios = scenarios();
    assert_eq!(scenarios.len(), 30);
    for scenario in &scenarios {
        for shows in [Shows::AllSoFar, Shows::TheNew] {
            for arrival in [Arrival::InOrder, Arrival::InReverse, Arrival::Twice] {
                for decided in [Decided::OneByOne, Decided::AllAtOnce] {
                    let way = format!("{}: {shows:?}, {arrival:?}, {decided:?}", scenario.name);
                    check(scenario, &observations(scenario, shows, arrival), decided, &way).await;
                }
            }
        }
    }
}

async fn check(scenario: &Scenario, observations: &[Observation], decided: Decided, way: &str) {
    let (ledger, key, rules) = (InMemoryLedger::default(), sample_key(), BookRules::default());
    match decided {
        Decided::OneByOne => book_each(&ledger, &key, observations, rules, day(700)).await.unwrap(),
        Decided::AllAtOnce => drop(book(&ledger, &key, observations, rules, day(700)).await.unwrap()),
    }
    assert_eq!(rows(&ledger), scenario.rows.iter().copied().map(|(d, c, deltas)| ((d, c), deltas)).collect(), "{way}");
    let expected = scenario.journal.iter().map(|(account, currency, minor)| ((*account, *currency), *minor)).collect();
    assert_eq!(balances(&ledger), expected, "{way}");
    let dispute = &ledger.disputes()[&key].dispute;
    assert_eq!((dispute.bucket, dispute.closed_at), (scenario.bucket, Some(day(scenario.closed_on))), "{way}");
}

/// The sums of the resolution rows by day and currency, without zeros.
fn rows(ledger: &InMemoryLedger) -> BTreeMap<(i64, Currency), Deltas> {
    let mut sums: BTreeMap<_, Deltas> = BTreeMap::new();
    for row in ledger.resolutions() {
        let on = (row.resolution.occurred_at - filed_at()).num_days();
        let sum = sums.entry((on, row.resolution.currency)).or_default();
        *sum = sum.plus(&row.resolution.deltas).unwrap();
    }
    sums.retain(|_, deltas| !deltas.is_zero());
    sums
}

/// The balances of the accounts, without zeros.
fn balances(ledger: &InMemoryLedger) -> BTreeMap<(LedgerAccount, Currency), i64> {
    let mut balances = BTreeMap::new();
    for kept in ledger.entries() {
        for posting in kept.entry.postings() {
            *balances.entry((posting.account, posting.currency)).or_default() += posting.amount_minor;
        }
    }
    balances.retain(|_, minor| *minor != 0);
    balances
}

/// An observation for each status and, by an event, for each movement that comes when some status is known.
fn observations(scenario: &Scenario, shows: Shows, arrival: Arrival) -> Vec<Observation> {
    let first = scenario.statuses.iter().map(|said| said.day).min().unwrap();
    let moments = scenario.statuses.iter().map(|said| said.day);
    let mut days: Vec<_> = moments.chain(scenario.movements.iter().map(|moved| moved.day)).collect();
    days.retain(|day| *day >= first);
    days.sort_unstable();
    days.dedup();

    let mut observations = Vec::new();
    let mut shown_through = i64::MIN;
    for on in days {
        let said = scenario.statuses.iter().rev().find(|said| said.day <= on).unwrap();
        let from = match shows {
            Shows::AllSoFar => i64::MIN,
            Shows::TheNew => shown_through,
        };
        let moved = scenario.movements.iter().enumerate().filter(|(_, moved)| moved.day > from && moved.day <= on);
        observations.push(Observation {
            basis: if said.by_read { Basis::Read } else { Basis::Event },
            claims: Claims { disputed: scenario.disputed, ..claims() },
            movements: moved.map(|(index, moved)| shown_as(index, moved)).collect(),
            ..observation(&format!("evt_{on}"), &said.status, day(on))
        });
        shown_through = on;
    }
    match arrival {
        Arrival::InOrder => observations,
        Arrival::InReverse => observations.into_iter().rev().collect(),
        Arrival::Twice => [observations.clone(), observations].concat(),
    }
}

fn shown_as(index: usize, moved: &Moved) -> Movement {
    Movement {
        net_minor: moved.net,
        currency: moved.currency,
        ..movement(&format!("txn_{index}"), moved.category, day(moved.day), moved.amount, moved.fee)
    }
}
