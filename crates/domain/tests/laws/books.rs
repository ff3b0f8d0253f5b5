//! What the journal and the resolution rows of one dispute must say, at every moment.

use std::collections::{BTreeMap, BTreeSet};

use chargebook_domain::{Currency, Deltas, DiscrepancyKind, Outcome};
use chargebook_port_contracts::booking::book_each;
use chargebook_port_contracts::histories::{Arriving, arriving};
use chargebook_port_contracts::samples::{day, sample_key};
use chargebook_port_contracts::{InMemoryLedger, KeptResolution};
use proptest::prelude::*;

use crate::oracle::Oracle;
use crate::{any_rules, balances, cases, now};

/// The sums of rows by currency, without zeros.
pub(crate) fn sums<'a>(rows: impl IntoIterator<Item = &'a KeptResolution>) -> BTreeMap<Currency, Deltas> {
    let mut sums: BTreeMap<_, Deltas> = BTreeMap::new();
    for row in rows {
        let sum = sums.entry(row.resolution.currency).or_default();
        *sum = sum.plus(&row.resolution.deltas).unwrap();
    }
    sums.retain(|_, deltas| !deltas.is_zero());
    sums
}

proptest! {
    #![proptest_config(cases(256))]

    /// Laws 3 and 5: at every moment the accounts hold what the movements and the verdicts so far come to, and the
    /// resolution rows sum to the decided figures.
    #[test]
    fn accounts_and_rows_are_the_step_function_of_the_history(arriving in arriving(), rules in any_rules()) {
        let ledger = InMemoryLedger::default();
        now(book_each(&ledger, &sample_key(), &arriving.arrivals, rules, day(9))).unwrap();
        let (entries, rows) = (ledger.entries(), ledger.resolutions());
        let oracle = Oracle::new(&arriving.history.observations);
        for at in oracle.moments() {
            let entries = entries.iter().filter(|kept| kept.entry.occurred_at() <= at);
            prop_assert_eq!(balances(entries), oracle.balances(at, rules.convention), "accounts at {}", at);
            let rows = rows.iter().filter(|row| row.resolution.occurred_at <= at);
            prop_assert_eq!(sums(rows), oracle.decided(at), "rows at {}", at);
        }
        let kept = &ledger.disputes()[&sample_key()];
        prop_assert_eq!((kept.dispute.bucket, kept.dispute.closed_at), oracle.ends());
    }

    /// Laws 2 and 6: every entry sums to zero in each currency, and in every row the net is what the other columns say.
    #[test]
    fn entries_balance_and_rows_add_up(arriving in arriving(), rules in any_rules()) {
        let ledger = InMemoryLedger::default();
        now(book_each(&ledger, &sample_key(), &arriving.arrivals, rules, day(9))).unwrap();
        for kept in ledger.entries() {
            let postings = kept.entry.postings();
            prop_assert!(!postings.is_empty() && postings.iter().all(|posting| posting.amount_minor != 0));
            for currency in postings.iter().map(|posting| posting.currency).collect::<BTreeSet<_>>() {
                let sum: i64 = postings.iter().filter(|p| p.currency == currency).map(|p| p.amount_minor).sum();
                prop_assert_eq!(sum, 0, "{:?}", kept.entry);
            }
        }
        let mut said = BTreeMap::new();
        for row in ledger.resolutions() {
            let Deltas { loss, fee, fx, pending, suspense, net, .. } = row.resolution.deltas;
            prop_assert_eq!(net, -(loss + fee + fx + pending + suspense), "{:?}", row);
            // A row that moves no figure is there for the outcome, which is another now.
            let point = (row.key.clone(), row.resolution.occurred_at, row.resolution.currency);
            let before = said.insert(point, row.resolution.outcome);
            prop_assert!(!row.resolution.deltas.is_zero() || before.is_some_and(|before| before != row.resolution.outcome));
        }
    }

    /// Law 4: a closed dispute leaves no receivable, except pending on a won one, or more back than went, flagged. One
    /// that never moved money has no entry.
    #[test]
    fn a_closed_dispute_leaves_nothing_unexplained(arriving in arriving(), rules in any_rules()) {
        let ledger = InMemoryLedger::default();
        now(book_each(&ledger, &sample_key(), &arriving.arrivals, rules, day(9))).unwrap();
        let kept = &ledger.disputes()[&sample_key()];
        let flagged = |kind| kept.discrepancies.iter().any(|odd| odd.kind == kind);
        for deltas in sums(&ledger.resolutions()).values() {
            let may_be_pending = kept.dispute.outcome == Outcome::Won || deltas.pending < 0;
            prop_assert!(deltas.pending == 0 || may_be_pending, "{deltas:?}");
            prop_assert!(deltas.pending >= 0 || flagged(DiscrepancyKind::OverReinstated));
            prop_assert!(deltas.suspense == 0 || flagged(DiscrepancyKind::MoneyInSuspense)
                || flagged(DiscrepancyKind::NetIsNotAmountLessFee));
        }
        let moves_money = arriving.history.observations.iter().flat_map(|seen| &seen.movements)
            .any(|movement| (movement.amount_minor, movement.fee_minor, movement.net_minor) != (0, 0, 0));
        prop_assert!(moves_money || ledger.entries().is_empty());
    }

    /// Law 7: a cause is kept once and a movement booked once, however often they come.
    #[test]
    fn causes_and_movements_are_booked_once(arriving in arriving(), rules in any_rules()) {
        let Arriving { history, arrivals } = arriving;
        let ledger = InMemoryLedger::default();
        now(book_each(&ledger, &sample_key(), &arrivals, rules, day(9))).unwrap();
        prop_assert_eq!(ledger.causes().len(), history.observations.len());
        let facts = &ledger.disputes()[&sample_key()].facts;
        prop_assert_eq!(facts.lines().count(), history.observations.len());
        let entries = ledger.entries();
        let ids: BTreeSet<_> = entries.iter().map(|kept| kept.entry.id()).collect();
        prop_assert_eq!(ids.len(), entries.len());
    }
}
