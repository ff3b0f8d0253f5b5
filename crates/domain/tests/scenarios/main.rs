//! The scenarios of `docs/accounting.md`: whatever way they come, the books say what stands on the page.
#![expect(clippy::unwrap_used, reason = "what is not as expected should panic")]

mod books;
mod laws;
mod month;
mod strict;

use std::sync::Arc;

use chargebook_domain::ports::OrderBook;
use chargebook_domain::service::MatchOrders;
use chargebook_domain::{BookRules, Convention};
use chargebook_port_contracts::InMemoryLedger;
use chargebook_port_contracts::booking::{book, book_each};
use chargebook_port_contracts::samples::day;
use chargebook_port_contracts::scenarios::{Arrival, Disputed, PAGE, Part, Scenario, Shows, observations, scenarios};

use self::books::{by_day, entries_of, parts, rows, sorted, sums};

/// How they are decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Decided {
    OneByOne,
    AllAtOnce,
}

/// A way in which a scenario comes, and is booked.
#[derive(Clone, Copy, Debug)]
struct Way {
    convention: Convention,
    shows: Shows,
    arrival: Arrival,
    decided: Decided,
}

impl Way {
    fn all() -> impl Iterator<Item = Self> {
        let arrivals = [Arrival::AsWritten, Arrival::InReverse, Arrival::Twice].into_iter();
        let decided = |arrival| [Decided::OneByOne, Decided::AllAtOnce].map(|decided| (arrival, decided));
        let shows = |(arrival, decided)| [Shows::AllSoFar, Shows::TheNew].map(|shows| (arrival, decided, shows));
        arrivals.flat_map(decided).flat_map(shows).flat_map(|(arrival, decided, shows)| {
            [Convention::Holding, Convention::Contra].map(|convention| Self { convention, shows, arrival, decided })
        })
    }

    fn rules(self) -> BookRules {
        BookRules { convention: self.convention, ..BookRules::default() }
    }

    /// Whether it comes the way it is written, so that each entry and row must be there as it is written. What comes
    /// again adds none.
    fn is_as_written(self) -> bool {
        self.shows == Shows::AllSoFar && self.arrival != Arrival::InReverse && self.decided == Decided::OneByOne
    }
}

#[tokio::test]
async fn every_scenario_is_booked_as_the_page_says() {
    let scenarios = scenarios(PAGE);
    assert!(scenarios.len() > 30, "{}", scenarios.len());
    for scenario in &scenarios {
        for way in Way::all() {
            let ledger = booked(scenario, way).await;
            let name = format!("{}: {way:?}", scenario.name);
            for disputed in &scenario.disputes {
                is_as_written(disputed, &ledger, way, &name);
                laws::only_what_is_owed_is_out(disputed, &ledger, way.convention, &name);
            }
            let unclaimed = scenario.unclaimed.iter().flat_map(|(_, journal)| under(journal, way.convention));
            assert_eq!(parts(&entries_of(&ledger, None)), unclaimed.collect::<Vec<_>>(), "{name}");
            laws::entries_balance(&ledger, &name);
            laws::cash_is_what_moved(scenario, &ledger, &name);
        }
    }
}

async fn booked(scenario: &Scenario, way: Way) -> InMemoryLedger {
    let ledger = InMemoryLedger::default();
    if way.arrival != Arrival::InReverse {
        ledger.import(&scenario.payments).await.unwrap();
    }
    for disputed in &scenario.disputes {
        let observations = observations(disputed, way.shows, way.arrival);
        match way.decided {
            Decided::OneByOne => book_each(&ledger, &disputed.key, &observations, way.rules(), day(700)).await.unwrap(),
            Decided::AllAtOnce => {
                book(&ledger, &disputed.key, &observations, way.rules(), day(700)).await.unwrap();
            }
        }
    }
    scenario.book_unclaimed(&ledger, way.rules()).await;
    // Recorded a second time, it changes nothing.
    scenario.book_unclaimed(&ledger, way.rules()).await;
    if way.arrival == Arrival::InReverse {
        ledger.import(&scenario.payments).await.unwrap();
        let shared = Arc::new(ledger.clone());
        MatchOrders::new(shared.clone(), shared, way.rules()).sweep(day(700)).await.unwrap();
    }
    ledger
}

fn is_as_written(disputed: &Disputed, ledger: &InMemoryLedger, way: Way, name: &str) {
    let written = under(&disputed.journal, way.convention);
    let booked = parts(&entries_of(ledger, Some(&disputed.key)));
    let rows = rows(ledger, &disputed.key);
    if way.is_as_written() {
        assert_eq!(booked, written, "entries of {name}");
        assert_eq!(rows, sorted(disputed.rows.clone()), "rows of {name}");
    }
    assert_eq!(by_day(&booked), by_day(&written), "journal of {name}");
    assert_eq!(sums(&rows), sums(&disputed.rows), "rows of {name}");

    let kept = &ledger.disputes()[&disputed.key];
    let dispute = &kept.dispute;
    let ends = (disputed.outcome, disputed.bucket, disputed.closed_on.map(day));
    assert_eq!((dispute.outcome, dispute.bucket, dispute.closed_at), ends, "end of {name}");
    assert_eq!(dispute.order_match, disputed.order_match(), "order of {name}");
    assert_eq!(kept.order_resolutions, disputed.order_resolutions(), "order of {name}");
    let mut odd = disputed.odd.clone();
    odd.sort();
    assert_eq!(kept.discrepancies, odd, "what is odd of {name}");
}

/// Entries under a convention, sorted.
fn under(journal: &[Part], convention: Convention) -> Vec<Part> {
    let mut parts: Vec<_> = journal.iter().filter_map(|part| part.under(convention)).collect();
    parts.sort();
    parts
}
