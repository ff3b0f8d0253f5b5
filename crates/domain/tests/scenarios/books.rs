//! What the books say, in the shape in which it is written.

use std::collections::BTreeMap;

use chargebook_domain::{Currency, Deltas, DisputeKey, LedgerAccount, Resolution};
use chargebook_port_contracts::samples::filed_at;
use chargebook_port_contracts::scenarios::{Part, Row};
use chargebook_port_contracts::{InMemoryLedger, KeptEntry, KeptResolution};
use chrono::{DateTime, Utc};

/// The entries of a dispute; without one, those of movements that no dispute claims.
pub(crate) fn entries_of(ledger: &InMemoryLedger, key: Option<&DisputeKey>) -> Vec<KeptEntry> {
    let mut entries = ledger.entries();
    entries.retain(|kept| kept.entry.dispute() == key.map(|key| &key.dispute));
    entries
}

/// The balances of the accounts, without zeros.
pub(crate) fn balances(entries: &[KeptEntry]) -> BTreeMap<(LedgerAccount, Currency), i64> {
    let mut balances = BTreeMap::new();
    for posting in entries.iter().flat_map(|kept| kept.entry.postings()) {
        *balances.entry((posting.account, posting.currency)).or_default() += posting.amount_minor;
    }
    balances.retain(|_, minor| *minor != 0);
    balances
}

/// The entries, a part for each of their currencies, sorted.
pub(crate) fn parts(entries: &[KeptEntry]) -> Vec<Part> {
    let mut parts = Vec::new();
    for kept in entries {
        let mut postings: BTreeMap<Currency, BTreeMap<_, _>> = BTreeMap::new();
        for posting in kept.entry.postings() {
            let known = postings.entry(posting.currency).or_default().insert(posting.account, posting.amount_minor);
            assert_eq!(known, None, "{:?} posts twice to one account", kept.entry);
        }
        let (day, kind) = (day_of(kept.entry.occurred_at()), kept.entry.kind());
        parts.extend(postings.into_iter().map(|(currency, postings)| Part { day, kind, currency, postings }));
    }
    parts.sort();
    parts
}

/// What parts sum to by day, account and currency, without zeros.
pub(crate) fn by_day(parts: &[Part]) -> BTreeMap<(i64, LedgerAccount, Currency), i64> {
    let mut sums = BTreeMap::new();
    for part in parts {
        for (account, minor) in &part.postings {
            *sums.entry((part.day, *account, part.currency)).or_default() += minor;
        }
    }
    sums.retain(|_, minor| *minor != 0);
    sums
}

/// The resolution rows of a dispute, sorted.
pub(crate) fn rows(ledger: &InMemoryLedger, key: &DisputeKey) -> Vec<Row> {
    let kept = ledger.resolutions().into_iter().filter(|row| row.key == *key);
    let row = |kept: KeptResolution| {
        let Resolution { currency, kind, deltas, occurred_at, .. } = kept.resolution;
        Row { day: day_of(occurred_at), currency, kind, deltas }
    };
    sorted(kept.map(row).collect())
}

pub(crate) fn sorted(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort_by_key(|row| (row.day, row.currency, row.kind));
    rows
}

/// What rows sum to by day and currency, without zeros.
pub(crate) fn sums(rows: &[Row]) -> BTreeMap<(i64, Currency), Deltas> {
    let mut sums: BTreeMap<_, Deltas> = BTreeMap::new();
    for row in rows {
        let sum = sums.entry((row.day, row.currency)).or_default();
        *sum = sum.plus(&row.deltas).unwrap();
    }
    sums.retain(|_, deltas| !deltas.is_zero());
    sums
}

fn day_of(at: DateTime<Utc>) -> i64 {
    (at - filed_at()).num_days()
}
