//! The laws of the books, over random histories: 2,000 for each where `CI` is set, else as many as are quick;
//! `PROPTEST_CASES` is how many in any case.
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

/// How many cases are tried for each law where nobody waits for them.
const THOROUGH: u32 = 2_000;

/// As many cases as are quick, unless the environment says otherwise.
fn cases(quick: u32) -> ProptestConfig {
    let asked = ProptestConfig::default();
    let usual = if std::env::var_os("CI").is_some() { quick.max(THOROUGH) } else { quick };
    let nobody_asked = asked.cases == 256;
    ProptestConfig { cases: if nobody_asked { usual } else { asked.cases }, failure_persistence: None, ..asked }
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
