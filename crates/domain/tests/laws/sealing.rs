//! Law 5: sealed and unsealed together are the ledger, whenever days are sealed; and what the summaries say of the days
//! sums to it.

use std::collections::{BTreeMap, BTreeSet};

use chargebook_domain::ports::{Periods, Seal, Summaries};
use chargebook_domain::summary::{DayBooks, DayRow, Summary, compose};
use chargebook_domain::{Basis, BookRules, Currency, Deltas, DisputeKey, LedgerAccount, Observation, Outcome};
use chargebook_port_contracts::asides::{Aside, asides};
use chargebook_port_contracts::booking::book;
use chargebook_port_contracts::histories::{DAYS, arriving_of};
use chargebook_port_contracts::samples::{date, day};
use chargebook_port_contracts::{InMemoryLedger, KeptEntry, KeptResolution};
use chrono::NaiveDate;
use chrono_tz::Tz;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::books::sums;
use crate::{Balances, any_rules, balances, cases, now};

/// Observations of three disputes as they come, what comes beside them, and after how many of them each day is sealed.
#[derive(Clone, Debug)]
pub(crate) struct Course {
    pub(crate) arrivals: Vec<Observation>,
    /// Each with how many observations came before it.
    asides: Vec<(usize, Aside)>,
    sealed_after: Vec<usize>,
    pub(crate) books_start: Option<NaiveDate>,
}

pub(crate) fn courses() -> impl Strategy<Value = Course> {
    let disputes = (arriving_of("du_1"), arriving_of("du_2"), arriving_of("du_3"));
    let all = disputes.prop_flat_map(|(a, b, c)| Just([a.arrivals, b.arrivals, c.arrivals].concat()).prop_shuffle());
    let moments = vec(any::<proptest::sample::Index>(), usize::try_from(DAYS + 2).unwrap());
    let start = proptest::option::of((0..=3_i64).prop_map(date));
    let asides = asides(&["du_1", "du_2", "du_3"]).prop_flat_map(|asides| {
        let moments = vec(any::<proptest::sample::Index>(), asides.len());
        moments.prop_map(move |moments| moments.into_iter().zip(asides.clone()).collect::<Vec<_>>())
    });
    (all, moments, asides, start).prop_map(|(arrivals, moments, asides, books_start)| {
        let asides = asides.into_iter().map(|(moment, aside)| (moment.index(arrivals.len() + 1), aside)).collect();
        let mut sealed_after: Vec<_> = moments.iter().map(|moment| moment.index(arrivals.len() + 1)).collect();
        sealed_after.sort_unstable();
        Course { arrivals, asides, sealed_after, books_start }
    })
}

/// What a course ends in: every day as it was sealed, and the ledger.
pub(crate) struct Ended {
    pub(crate) days: Vec<DayBooks>,
    pub(crate) preview: DayBooks,
    pub(crate) ledger: InMemoryLedger,
}

pub(crate) async fn run(course: &Course, rules: BookRules) -> Ended {
    let ledger = InMemoryLedger::default();
    let first = course.books_start.unwrap_or(date(0));
    let mut next = Seal { date: first, zone: Tz::UTC, books_start: course.books_start, now: day(9) };
    let (mut days, mut closed) = (Vec::new(), BTreeSet::new());
    for (arrived, observation) in course.arrivals.iter().map(Some).chain([None]).enumerate() {
        for _ in course.sealed_after.iter().filter(|after| **after == arrived) {
            let preview = ledger.books(&next, None).await.unwrap();
            assert!(ledger.seal(&next).await.unwrap());
            let sealed = ledger.books(&next, None).await.unwrap();
            assert_eq!(
                DayBooks { sealed: true, sha256: sealed.sha256.clone(), ..preview },
                sealed,
                "a preview is what sealing makes"
            );
            days.push(sealed);
            next.date = next.date.succ_opt().unwrap();
        }
        for (_, aside) in course.asides.iter().filter(|(after, _)| *after == arrived) {
            aside.happen(ledger.clone(), rules, day(9)).await;
            closed.insert(posted_in_closed_periods(&ledger).await);
        }
        if let Some(observation) = observation {
            book(&ledger, &observation.key, std::slice::from_ref(observation), rules, day(9)).await.unwrap();
        }
    }
    closed.insert(posted_in_closed_periods(&ledger).await);
    let closed: Vec<_> = closed.into_iter().filter_map(|(through, posted)| Some((through?, posted))).collect();
    let days_of: BTreeSet<_> = closed.iter().map(|(through, _)| through).collect();
    assert_eq!(days_of.len(), closed.len(), "what is posted in a closed period never changes: {closed:?}");
    next.date = date(DAYS + 30);
    let preview = ledger.books(&next, None).await.unwrap();
    Ended { days, preview, ledger }
}

/// The last day that is closed, and how many entries are posted on it or before.
async fn posted_in_closed_periods(ledger: &InMemoryLedger) -> (Option<NaiveDate>, usize) {
    let through = ledger.closings().await.unwrap().first().map(|closing| closing.through);
    let is_closed = |kept: &&KeptEntry| through.is_some_and(|through| kept.entry.posted_on() <= through);
    (through, ledger.entries().iter().filter(is_closed).count())
}

fn after(books: &DayBooks) -> Balances {
    let mut balances = books.opening.clone();
    for moved in &books.moves {
        *balances.entry((moved.account, moved.currency)).or_default() += moved.debit_minor + moved.credit_minor;
    }
    balances.retain(|_, minor| *minor != 0);
    balances
}

fn total(rows: &[DayRow]) -> BTreeMap<Currency, Deltas> {
    totals(rows.iter().map(|row| (row.currency, row.deltas)))
}

fn totals(parts: impl IntoIterator<Item = (Currency, Deltas)>) -> BTreeMap<Currency, Deltas> {
    let mut totals: BTreeMap<Currency, Deltas> = BTreeMap::new();
    for (currency, deltas) in parts {
        let sum = totals.entry(currency).or_default();
        *sum = sum.plus(&deltas).unwrap();
    }
    totals.retain(|_, deltas| !deltas.is_zero());
    totals
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn each_row_is_in_one_day_and_all_days_are_the_ledger(course in courses(), rules in any_rules()) {
        let Ended { days, preview, ledger } = now(run(&course, rules));
        let all = ledger.resolutions();
        // The opening takes what is from before the books and known when they open; what is learnt later is late.
        let opening = course.books_start.and_then(|start| start.pred_opt());
        let in_opening = |row: &KeptResolution| {
            let early = course.books_start.is_some_and(|start| row.resolution.occurred_at.date_naive() < start);
            if days.is_empty() { early } else { early && row.sealed_in == opening }
        };
        let mut expected: Vec<_> = all
            .iter()
            .filter(|row| !in_opening(row))
            .map(|row| (row.key.clone(), row.resolution.revision, row.resolution.currency))
            .collect();
        let shown = days.iter().chain([&preview]).flat_map(|day| &day.rows);
        let mut shown: Vec<_> = shown.map(|row| (row.key.clone(), row.revision, row.currency)).collect();
        expected.sort();
        shown.sort();
        prop_assert_eq!(shown, expected);
        prop_assert_eq!(after(&preview), balances(&ledger.entries()));
        prop_assert_eq!(totals(preview.resolved.clone()), sums(&all));
    }

    /// The journal proves the figures, on every day and whatever came late.
    #[test]
    fn every_summary_is_proven_and_adds_up(course in courses(), rules in any_rules()) {
        let Ended { days, preview, .. } = now(run(&course, rules));
        for books in days.iter().chain([&preview]) {
            let summary = compose(books).unwrap();
            prop_assert!(summary.proven(), "{:?}", summary.proof);
            prop_assert_eq!(totals(summary.totals.clone()), total(&books.rows), "decisions and changes are all rows");
            let receivable = |balances: &Balances, currency| {
                balances.get(&(LedgerAccount::DisputesReceivable, currency)).copied().unwrap_or_default()
            };
            for (currency, roll) in &summary.roll_forward {
                prop_assert_eq!(roll.opening, receivable(&books.opening, *currency));
                prop_assert_eq!(roll.closing, receivable(&after(books), *currency));
            }
            check_lines(&summary)?;
        }
    }

    /// What day after day says of the changes sums to what is left.
    #[test]
    fn the_days_and_the_rest_sum_to_the_ledger(mut course in courses(), rules in any_rules()) {
        course.books_start = None;
        let Ended { days, preview, ledger } = now(run(&course, rules));
        let summaries: Vec<_> = days.iter().chain([&preview]).map(|books| compose(books).unwrap()).collect();
        let parts = summaries.iter().flat_map(|summary| summary.totals.clone());
        prop_assert_eq!(totals(parts), sums(&ledger.resolutions()));
        for pair in days.windows(2) {
            let opening = pair[1].opening.iter().filter(|(_, minor)| **minor != 0);
            prop_assert_eq!(opening.map(|(key, minor)| (*key, *minor)).collect::<Balances>(), after(&pair[0]));
        }
    }
}

/// A change line leads from what was before to what is after; the lines of a dispute follow each other.
fn check_lines(summary: &Summary) -> Result<(), TestCaseError> {
    for line in &summary.changes.lines {
        prop_assert_eq!(line.old.plus(&line.row.deltas).unwrap(), line.new);
    }
    let counted = [Outcome::Won, Outcome::Lost, Outcome::InquiryClosed, Outcome::Prevented, Outcome::Refunded]
        .map(|outcome| summary.count(outcome));
    prop_assert_eq!(counted.iter().sum::<usize>(), summary.closed(), "each decided dispute has one outcome");
    prop_assert!(summary.win_rate.part <= summary.win_rate.whole);
    Ok(())
}

/// The disputes decided in each day's summary, with their figures, when nothing was sealed before.
fn headlines(arrivals: &[Observation], rules: BookRules) -> Vec<Vec<(DisputeKey, Outcome, Currency, Deltas)>> {
    now(async {
        let ledger = InMemoryLedger::default();
        for observation in arrivals {
            book(&ledger, &observation.key, std::slice::from_ref(observation), rules, day(9)).await.unwrap();
        }
        let mut headlines = Vec::new();
        for on in 0..=DAYS {
            let seal = Seal { date: date(on), zone: Tz::UTC, books_start: None, now: day(9) };
            let decided = compose(&ledger.books(&seal, None).await.unwrap()).unwrap().decided;
            let lines = decided.lines.into_iter();
            headlines.push(lines.map(|line| (line.row.key, line.outcome, line.row.currency, line.deltas)).collect());
        }
        headlines
    })
}

proptest! {
    #![proptest_config(cases(96))]

    /// While events of past days come in any order and no day is sealed, each day's decisions are the same.
    #[test]
    fn which_disputes_a_day_decided_does_not_depend_on_arrival(arriving in arriving_of("du_1"), rules in any_rules()) {
        let event = |seen: &Observation| Observation { basis: Basis::Event, ..seen.clone() };
        let mut in_order: Vec<_> = arriving.history.observations.iter().map(event).collect();
        in_order.sort_by_key(|seen| seen.as_of);
        let arrivals: Vec<_> = arriving.arrivals.iter().map(event).collect();
        prop_assert_eq!(headlines(&arrivals, rules), headlines(&in_order, rules));
    }
}
