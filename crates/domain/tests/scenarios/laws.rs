//! What holds in every scenario, whatever is written of it.

use std::collections::{BTreeMap, BTreeSet};

use chargebook_domain::{Convention, Currency, Deltas, DiscrepancyKind, LedgerAccount, Outcome};
use chargebook_port_contracts::InMemoryLedger;
use chargebook_port_contracts::samples::day;
use chargebook_port_contracts::scenarios::{Disputed, Scenario};

use crate::books::{balances, entries_of};

/// Every entry sums to zero, and moves something.
pub(crate) fn entries_balance(ledger: &InMemoryLedger, way: &str) {
    for kept in ledger.entries() {
        let mut sums: BTreeMap<Currency, i64> = BTreeMap::new();
        for posting in kept.entry.postings() {
            assert_ne!(posting.amount_minor, 0, "{way}: {:?}", kept.entry);
            *sums.entry(posting.currency).or_default() += posting.amount_minor;
        }
        assert!(!sums.is_empty() && sums.values().all(|sum| *sum == 0), "{way}: {:?}", kept.entry);
    }
}

/// Cash is what all movements' nets come to.
pub(crate) fn cash_is_what_moved(scenario: &Scenario, ledger: &InMemoryLedger, way: &str) {
    let unclaimed = scenario.unclaimed.iter().flat_map(|(moved, _)| moved);
    let mut nets: BTreeMap<Currency, i64> = BTreeMap::new();
    for moved in scenario.disputes.iter().flat_map(|disputed| &disputed.moved).chain(unclaimed) {
        *nets.entry(moved.movement.currency).or_default() += moved.movement.net_minor;
    }
    let balances = balances(&ledger.entries());
    let currencies: BTreeSet<_> = balances.keys().map(|(_, currency)| currency).chain(nets.keys()).copied().collect();
    for currency in currencies {
        let cash = balances.get(&(LedgerAccount::StripeBalance, currency)).copied().unwrap_or(0);
        assert_eq!(cash, nets.get(&currency).copied().unwrap_or(0), "{way}: {currency}");
    }
}

/// What is out: all of it while a dispute is open; on a closed one nothing, but for what a won one waits for or what came
/// back too much, which is flagged. Against revenue, what is lost stays in the account with it. A dispute that moved no
/// money has no entry.
pub(crate) fn only_what_is_owed_is_out(
    disputed: &Disputed,
    ledger: &InMemoryLedger,
    convention: Convention,
    way: &str,
) {
    let entries = entries_of(ledger, Some(&disputed.key));
    let balances = balances(&entries);
    let moved = disputed.moved.iter().map(|moved| &moved.movement);
    let mut out: BTreeMap<Currency, i64> = BTreeMap::new();
    for movement in moved.clone() {
        let principal = if movement.category.is_principal() { movement.amount_minor } else { 0 };
        *out.entry(movement.currency).or_default() -= principal;
    }
    if moved.clone().all(|movement| (movement.amount_minor, movement.fee_minor, movement.net_minor) == (0, 0, 0)) {
        assert_eq!(entries, [], "{way}");
    }
    let figures = decided(disputed, ledger);
    for (currency, out) in out {
        let held = balances.get(&(convention.principal_account(), currency)).copied().unwrap_or(0);
        let figures = figures.get(&currency).copied().unwrap_or_default();
        let receivable = match convention {
            Convention::Holding => held,
            Convention::Contra => held - figures.loss,
        };
        if disputed.outcome.is_decided() {
            assert_eq!(receivable, figures.pending, "{way}: {currency}");
            let is_flagged = disputed.odd.iter().any(|odd| odd.kind == DiscrepancyKind::OverReinstated);
            let is_owed = disputed.outcome == Outcome::Won && receivable > 0;
            assert!(receivable == 0 || is_owed || (receivable < 0 && is_flagged), "{way}: {receivable} {currency}");
        } else {
            assert_eq!(receivable, out, "{way}: {currency}");
        }
    }
}

/// What the resolution rows sum to, by currency. In each, the net is what the other columns say.
fn decided(disputed: &Disputed, ledger: &InMemoryLedger) -> BTreeMap<Currency, Deltas> {
    let mut sums: BTreeMap<Currency, Deltas> = BTreeMap::new();
    for row in ledger.resolutions().iter().filter(|row| row.key == disputed.key) {
        let Deltas { loss, fee, fx, pending, suspense, net, .. } = row.resolution.deltas;
        assert_eq!(net, -(loss + fee + fx + pending + suspense), "{:?}", row.resolution);
        assert!(row.resolution.occurred_at >= day(0), "{:?}", row.resolution);
        let sum = sums.entry(row.resolution.currency).or_default();
        *sum = sum.plus(&row.resolution.deltas).unwrap();
    }
    sums
}
