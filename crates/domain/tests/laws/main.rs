//! The laws of the books, over random histories. `PROPTEST_CASES` raises how many are tried.
#![expect(clippy::unwrap_used, reason = "what is not as expected should panic")]

mod apart;
mod books;
mod crashes;
mod money;
mod oracle;
mod order_blind;
mod rules;
mod score;
mod sealing;

use std::collections::BTreeMap;

use chargebook_domain::{BookRules, Convention, Currency, LedgerAccount};
use chargebook_port_contracts::KeptEntry;
use proptest::prelude::*;

/// Runs what is ready at once, as everything in memory is.
fn now<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn any_rules() -> impl Strategy<Value = BookRules> {
    let convention = prop_oneof![Just(Convention::Holding), Just(Convention::Contra)];
    convention.prop_map(|convention| BookRules { convention, ..BookRules::default() })
}

/// As many cases as are quick, unless the environment says otherwise.
fn cases(quick: u32) -> ProptestConfig {
    let asked = ProptestConfig::default();
    let default = asked.cases == 256;
    ProptestConfig { cases: if default { quick } else { asked.cases }, failure_persistence: None, ..asked }
}

/// The balances of accounts, without zeros.
type Balances = BTreeMap<(LedgerAccount, Currency), i64>;

fn balances<'a>(entries: impl IntoIterator<Item = &'a KeptEntry>) -> Balances {
    let mut balances = Balances::new();
    for posting in entries.into_iter().flat_map(|kept| kept.entry.postings()) {
        *balances.entry((posting.account, posting.currency)).or_default() += posting.amount_minor;
    }
    balances.retain(|_, minor| *minor != 0);
    balances
}
