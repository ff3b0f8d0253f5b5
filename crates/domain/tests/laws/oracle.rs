//! The rules of the books, worked out anew from scratch and as plainly as can be, to compare with.

use std::collections::{BTreeMap, BTreeSet};

use chargebook_domain::{Basis, Bucket, Category, Convention, Currency, Deltas, LedgerAccount, Movement, Observation};
use chrono::{DateTime, Utc};

use crate::Balances;

const RANKS: [&str; 9] = [
    "warning_needs_response",
    "warning_under_review",
    "needs_response",
    "under_review",
    "warning_closed",
    "charge_refunded",
    "prevented",
    "lost",
    "won",
];
const OPEN: [&str; 4] = ["warning_needs_response", "warning_under_review", "needs_response", "under_review"];

/// All that was ever said of a dispute, each observation and movement once.
pub(crate) struct Oracle {
    said: Vec<Observation>,
    movements: Vec<Movement>,
    disputed: Currency,
}

/// What holds at a moment, in one currency.
#[derive(Clone, Copy, Default)]
struct Money {
    out: i64,
    peak: i64,
    returned: i64,
    fee: i64,
    net: i64,
    suspense: i64,
    loss: i64,
    fx: i64,
}

impl Oracle {
    pub(crate) fn new(observations: &[Observation]) -> Self {
        let said: BTreeMap<_, _> = observations.iter().map(|seen| ((seen.as_of, &seen.cause), seen.clone())).collect();
        let said: Vec<_> = said.into_values().collect();
        let shown = said.iter().flat_map(|seen| &seen.movements);
        let by_id: BTreeMap<_, _> = shown.map(|movement| (&movement.id, movement.clone())).collect();
        let mut movements: Vec<_> = by_id.into_values().collect();
        movements.sort_by_key(|movement| (movement.occurred_at, movement.category != Category::Withdrawal));
        let disputed = said[0].claims.disputed.currency();
        Self { said, movements, disputed }
    }

    /// Every moment at which something can change.
    pub(crate) fn moments(&self) -> BTreeSet<DateTime<Utc>> {
        let moved = self.movements.iter().map(|movement| movement.occurred_at);
        self.runs().into_iter().map(|(at, _)| at).chain(moved).collect()
    }

    /// When each stretch of equal statuses began, and the status.
    fn runs(&self) -> Vec<(DateTime<Utc>, String)> {
        let opened_at = self.said.iter().find_map(|seen| seen.claims.opened_at);
        let rank = |seen: &Observation| RANKS.iter().position(|word| *word == seen.status.as_str());
        let mut known: Vec<_> = self.said.iter().filter(|seen| rank(seen).is_some()).collect();
        known.sort_by_key(|seen| (seen.as_of, rank(seen), seen.cause.clone()));
        let mut runs: Vec<(DateTime<Utc>, String)> = Vec::new();
        for seen in known {
            let status = seen.status.as_str().to_owned();
            match runs.last().cloned() {
                Some((_, before)) if before == status => {}
                Some((began, _)) => runs.push((began.max(seen.as_of), status)),
                None if seen.basis == Basis::Event => runs.push((seen.as_of, status)),
                None => {
                    let moved_last = seen.movements.iter().map(|movement| movement.occurred_at).max();
                    runs.push((moved_last.or(opened_at).unwrap_or(seen.as_of), status));
                }
            }
        }
        runs
    }

    /// The status at a moment, and the one of the stretch before.
    fn standing(&self, at: DateTime<Utc>) -> (String, String) {
        let mut began = self.runs().into_iter().filter(|(began, _)| *began <= at).map(|(_, status)| status).rev();
        let none = || "needs_response".to_owned();
        (began.next().unwrap_or_else(none), began.next().unwrap_or_else(none))
    }

    fn money(&self, at: DateTime<Utc>) -> BTreeMap<Currency, Money> {
        let moved: Vec<_> = self.movements.iter().filter(|movement| movement.occurred_at <= at).collect();
        let mut money: BTreeMap<Currency, Money> = BTreeMap::new();
        for movement in &moved {
            let sum = money.entry(movement.currency).or_default();
            let (amount, fee, net) = (movement.amount_minor, movement.fee_minor, movement.net_minor);
            sum.fee += fee;
            sum.net += net;
            sum.suspense += amount - fee - net;
            match movement.category {
                Category::Withdrawal => sum.out -= amount,
                Category::Reinstatement => (sum.out, sum.returned) = (sum.out - amount, sum.returned + amount),
                Category::Fee => sum.fee -= amount,
                Category::Other => sum.suspense -= amount,
            }
            sum.peak = sum.peak.max(sum.out);
        }
        let converted = moved.iter().any(|movement| movement.currency != self.disputed);
        let principal = moved.iter().filter(|movement| movement.category.is_principal() && movement.amount_minor != 0);
        let several = principal.map(|movement| movement.currency).collect::<BTreeSet<_>>().len() > 1;
        let (status, before) = self.standing(at);
        for sum in money.values_mut() {
            let near = converted && sum.returned > 0 && sum.out.abs() * 10 <= sum.peak;
            match status.as_str() {
                "won" if near || several => sum.fx = sum.out,
                "won" if before == "lost" => sum.loss = sum.out.max(0),
                "won" => {}
                open if OPEN.contains(&open) => {}
                _ => (sum.loss, sum.fx) = (sum.out.max(0), if converted { sum.out.min(0) } else { 0 }),
            }
        }
        money
    }

    /// The decided figures that hold at a moment, without zeros.
    pub(crate) fn decided(&self, at: DateTime<Utc>) -> BTreeMap<Currency, Deltas> {
        let (status, _) = self.standing(at);
        if OPEN.contains(&status.as_str()) {
            return BTreeMap::new();
        }
        let money = self.money(at);
        let first = self.movements.iter().map(|movement| movement.currency).min().unwrap_or(self.disputed);
        let mut decided = BTreeMap::from([(first, Deltas::default())]);
        for (currency, sum) in money {
            let pending = sum.out - sum.loss - sum.fx;
            let Money { loss, fee, fx, suspense, net, .. } = sum;
            let recovered = sum.peak - sum.out;
            let deltas = Deltas { recovered, loss, fee, fx, pending, suspense, net, ..Deltas::default() };
            decided.insert(currency, deltas);
        }
        let counted = decided.get_mut(&first).unwrap();
        (counted.closed, counted.won, counted.lost) = (1, i64::from(status == "won"), i64::from(status == "lost"));
        decided.retain(|_, deltas| !deltas.is_zero());
        decided
    }

    /// What the accounts must hold at a moment, without zeros.
    pub(crate) fn balances(&self, at: DateTime<Utc>, convention: Convention) -> Balances {
        let mut balances = Balances::new();
        for (currency, sum) in self.money(at) {
            let principal = sum.out - sum.fx;
            let held = match convention {
                Convention::Holding => {
                    balances.insert((LedgerAccount::ChargebackLosses, currency), sum.loss);
                    (LedgerAccount::DisputesReceivable, principal - sum.loss)
                }
                Convention::Contra => (LedgerAccount::DisputesContra, principal),
            };
            balances.insert((held.0, currency), held.1);
            balances.insert((LedgerAccount::StripeBalance, currency), sum.net);
            balances.insert((LedgerAccount::DisputeFees, currency), sum.fee);
            balances.insert((LedgerAccount::DisputesSuspense, currency), sum.suspense);
            balances.insert((LedgerAccount::FxDifference, currency), sum.fx);
        }
        balances.retain(|_, minor| *minor != 0);
        balances
    }

    /// The bucket in the end, and when the dispute was closed.
    pub(crate) fn ends(&self) -> (Bucket, Option<DateTime<Utc>>) {
        let Some((began, status)) = self.runs().pop() else { return (Bucket::Undecided, None) };
        let decided = self.decided(DateTime::<Utc>::MAX_UTC);
        let any = |test: fn(&Deltas) -> bool| decided.values().any(test);
        let bucket = match status.as_str() {
            open if OPEN.contains(&open) => return (Bucket::Undecided, None),
            "won" if any(|sum| sum.loss > 0 || sum.pending > 0) => Bucket::RecoveryPending,
            "won" if any(|sum| sum.recovered > 0) => Bucket::Recovered,
            "won" => Bucket::NoLoss,
            _ if any(|sum| sum.loss > 0) => Bucket::ConfirmedLoss,
            _ => Bucket::NoLoss,
        };
        (bucket, Some(began))
    }
}
