//! Law 1: the books are a function of what was said, and never of how it came.

use std::collections::BTreeMap;
use std::sync::Arc;

use chargebook_domain::ports::OrderBook;
use chargebook_domain::service::MatchOrders;
use chargebook_domain::{BookRules, DecideError, Deltas, DisputeKey, Stored, decide};
use chargebook_port_contracts::booking::{book, book_each};
use chargebook_port_contracts::histories::{History, arriving};
use chargebook_port_contracts::samples::{day, sample_key};
use chargebook_port_contracts::{InMemoryLedger, KeptDispute};
use chrono::{DateTime, NaiveDate, Utc};
use proptest::prelude::*;

use crate::{Balances, any_rules, balances, cases, now};

/// All that must not depend on arrival.
#[derive(PartialEq, Debug)]
pub(crate) struct Books {
    disputes: BTreeMap<DisputeKey, KeptDispute>,
    days: BTreeMap<NaiveDate, Balances>,
    rows: BTreeMap<(DateTime<Utc>, chargebook_domain::Currency), Deltas>,
}

pub(crate) fn books(ledger: &InMemoryLedger) -> Books {
    let mut disputes = ledger.disputes();
    for kept in disputes.values_mut() {
        kept.version = 0;
    }
    let entries = ledger.entries();
    let mut days = BTreeMap::new();
    for kept in &entries {
        let of_day = entries.iter().filter(|other| other.entry.posted_on() == kept.entry.posted_on());
        days.insert(kept.entry.posted_on(), balances(of_day));
    }
    days.retain(|_, balances| !balances.is_empty());
    let mut rows: BTreeMap<_, Deltas> = BTreeMap::new();
    for row in ledger.resolutions() {
        let sum = rows.entry((row.resolution.occurred_at, row.resolution.currency)).or_default();
        *sum = sum.plus(&row.resolution.deltas).unwrap();
    }
    rows.retain(|_, deltas| !deltas.is_zero());
    Books { disputes, days, rows }
}

async fn booked_at_once(history: &History, rules: BookRules) -> Books {
    let ledger = InMemoryLedger::default();
    ledger.import(&history.payments).await.unwrap();
    book(&ledger, &sample_key(), &history.observations, rules, day(9)).await.unwrap();
    books(&ledger)
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn any_order_with_any_duplicates_ends_in_the_same_books(
        arriving in arriving(),
        rules in any_rules(),
        imported_before in any::<proptest::sample::Index>(),
        chunk in 1_usize..4,
    ) {
        now(async {
            let ledger = InMemoryLedger::default();
            let before = imported_before.index(arriving.arrivals.len());
            let (first, second) = arriving.arrivals.split_at(before);
            book_each(&ledger, &sample_key(), first, rules, day(9)).await.unwrap();
            ledger.import(&arriving.history.payments).await.unwrap();
            for together in second.chunks(chunk) {
                book(&ledger, &sample_key(), together, rules, day(9)).await.unwrap();
            }
            let shared = Arc::new(ledger.clone());
            MatchOrders::new(shared.clone(), shared, rules).sweep(day(9)).await.unwrap();
            prop_assert_eq!(books(&ledger), booked_at_once(&arriving.history, rules).await);
            prop_assert_eq!(ledger.due(None, 9).await.unwrap(), []);
            Ok(())
        })?;
    }

    #[test]
    fn deciding_again_changes_nothing(arriving in arriving(), rules in any_rules()) {
        now(async {
            let ledger = InMemoryLedger::default();
            book_each(&ledger, &sample_key(), &arriving.arrivals, rules, day(9)).await.unwrap();
            let stored = chargebook_domain::ports::Ledger::load(
                &ledger,
                &[chargebook_domain::ports::Lookup::recorded(sample_key())],
            ).await.unwrap().pop().unwrap();
            let again = decide(&sample_key(), &stored, &arriving.arrivals, rules).unwrap();
            prop_assert!(!again.has_news(), "{again:?}");
            Ok(())
        })?;
    }
}

#[test]
fn of_a_dispute_that_nobody_spoke_of_nothing_is_decided() {
    let decided = decide(&sample_key(), &Stored::default(), &[], BookRules::default());
    assert_eq!(decided, Err(DecideError::NothingKnown));
}
