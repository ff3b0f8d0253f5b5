//! Laws 1, 2, 3, 4 and 7, whatever fails and whoever dies at whatever step: what was acknowledged is in the books, and once;
//! in the end they are the books of a run in which nothing went wrong. The mail of a day goes once at most.
//!
//! A failure tells its schedule and what happened. A test of that schedule alone makes it happen again.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use chargebook_domain::ports::Disposition;
use chargebook_domain::{CauseId, DisputeKey, Observation};
use chargebook_port_contracts::InMemoryLedger;
use chargebook_port_contracts::crashes::{Befell, Case, Fault, Faults, Schedule, run};
use chrono::{DateTime, Utc};

use crate::books::sums;
use crate::oracle::Oracle;
use crate::order_blind::{Books, books};
use crate::{balances, now};

/// In how many orders each case happens.
const ORDERS: u64 = 10;

/// A case, and how its books end when nothing goes wrong.
struct Undisturbed {
    case: Case,
    books: Books,
    dispositions: BTreeMap<CauseId, Disposition>,
}

impl Undisturbed {
    async fn of(case: u64) -> Self {
        let case = Case::of(case);
        let ledger = InMemoryLedger::default();
        case.book_in_order(&ledger).await;
        assert_as_worked_out(&case, &ledger);
        Self { case, books: books(&ledger), dispositions: dispositions(&ledger) }
    }

    /// Lets a schedule run, and checks all of it.
    async fn holds(&self, schedule: Schedule) -> Befell {
        let ledger = InMemoryLedger::default();
        let ran = run(&ledger, &self.case, schedule, async |acknowledged| {
            let booked = dispositions(&ledger);
            assert!(acknowledged.iter().all(|event| booked.contains_key(event)), "what is acknowledged is booked");
        })
        .await;
        assert_eq!(books(&ledger), self.books);
        let kept = dispositions(&ledger);
        assert_eq!(kept, self.dispositions);
        assert!(kept.keys().eq(ran.acknowledged.keys()), "all is acknowledged in the end");
        assert_written_once(&ledger);
        if self.case.has_days {
            assert!(ledger.resolutions().iter().all(|row| row.sealed_in.is_some()), "all rows are sealed");
            assert!(ledger.entries().iter().all(|kept| kept.sealed_in.is_some()), "all entries are sealed");
        }
        ran.assert_answered();
        ran.assert_mailed(&self.case);
        ran.befell
    }
}

fn dispositions(ledger: &InMemoryLedger) -> BTreeMap<CauseId, Disposition> {
    ledger.causes().into_iter().map(|kept| (kept.cause.id, kept.disposition)).collect()
}

/// What each dispute's accounts hold, and its rows sum to, is what its observations come to.
fn assert_as_worked_out(case: &Case, ledger: &InMemoryLedger) {
    let mut told: BTreeMap<&DisputeKey, Vec<Observation>> = BTreeMap::new();
    for seen in case.observations.iter().filter(|seen| !Case::is_refused(seen)) {
        told.entry(&seen.key).or_default().push(seen.clone());
    }
    let (entries, rows) = (ledger.entries(), ledger.resolutions());
    for (key, told) in told {
        let oracle = Oracle::new(&told);
        let of_it = entries.iter().filter(|kept| kept.entry.dispute() == Some(&key.dispute));
        let end = DateTime::<Utc>::MAX_UTC;
        assert_eq!(balances(of_it), oracle.balances(end, case.rules.convention), "{key}");
        assert_eq!(sums(rows.iter().filter(|row| row.key == *key)), oracle.decided(end), "{key}");
    }
}

/// No entry and no row is there twice, and each entry is balanced. They are never changed, so that it was so at any time.
fn assert_written_once(ledger: &InMemoryLedger) {
    let (entries, rows) = (ledger.entries(), ledger.resolutions());
    let ids: BTreeSet<_> = entries.iter().map(|kept| kept.entry.id()).collect();
    assert_eq!(ids.len(), entries.len());
    let places: BTreeSet<_> =
        rows.iter().map(|row| (&row.key, row.resolution.revision, row.resolution.currency)).collect();
    assert_eq!(places.len(), rows.len());
    for kept in &entries {
        let mut sums = BTreeMap::new();
        for posting in kept.entry.postings() {
            *sums.entry(posting.currency).or_insert(0) += posting.amount_minor;
        }
        assert!(sums.values().all(|sum| *sum == 0), "{:?}", kept.entry);
    }
}

/// Some faults at any steps of these cases, in some orders each.
fn any_faults(cases: Range<u64>) {
    let mut all = Befell::default();
    now(async {
        for case in cases {
            let undisturbed = Undisturbed::of(case).await;
            for order in 0..ORDERS {
                all += undisturbed.holds(Schedule { case, order, faults: Faults::Any }).await;
            }
        }
    });
    assert!([all.failed, all.crashed, all.stale].iter().all(|times| *times > 500), "something must go wrong: {all:?}");
}

/// Each fault at each step of these cases.
fn a_fault_at_every_step(cases: Range<u64>) {
    now(async {
        for case in cases {
            let undisturbed = Undisturbed::of(case).await;
            let schedule = |faults| Schedule { case, order: case, faults };
            let steps = undisturbed.holds(schedule(Faults::None)).await.steps;
            for (step, fault) in (0..steps).flat_map(|step| Fault::ALL.map(|fault| (step, fault))) {
                let befell = undisturbed.holds(schedule(Faults::At(step, fault))).await;
                assert_eq!(befell.failed + befell.crashed, 1);
            }
        }
    });
}

/// Ten thousand schedules, in parts that run beside each other.
mod some_faults_at_any_steps_leave_the_books_of_an_undisturbed_run {
    #[test]
    fn of_cases_from_0() {
        super::any_faults(0..250);
    }

    #[test]
    fn of_cases_from_250() {
        super::any_faults(250..500);
    }

    #[test]
    fn of_cases_from_500() {
        super::any_faults(500..750);
    }

    #[test]
    fn of_cases_from_750() {
        super::any_faults(750..1000);
    }
}

mod a_crash_or_a_failure_at_every_step_leaves_the_books_of_an_undisturbed_run {
    #[test]
    fn of_cases_from_0() {
        super::a_fault_at_every_step(0..20);
    }

    #[test]
    fn of_cases_from_20() {
        super::a_fault_at_every_step(20..40);
    }
}
