//! The month of `docs/accounting.md` that is proved: scenarios of the page, begun on different days, in one journal. Its tables
//! are made here, of the entries on one side and of rows and movements on the other, and must stand on the page as they are.

use std::collections::BTreeMap;

use chargebook_domain::{BookRules, Category, Convention, Currency, Deltas, LedgerAccount, Money};
use chargebook_port_contracts::InMemoryLedger;
use chargebook_port_contracts::samples::{currency, date, day};
use chargebook_port_contracts::scenarios::{Disputed, Moved, PAGE, Scenario, part, scenarios};

use crate::books::{balances, rows, sorted};

/// The scenarios of the month, and on which day each begins, counted from the first of January's.
const MONTH: [(i64, &str); 8] = [
    (0, "Won"),
    (7, "Lost"),
    (8, "Lost, a part comes back with the verdict"),
    (11, "Cross-currency won, 85.00 cad back"),
    (13, "Won, money five days later"),
    (14, "Countered fee on the account, returned on the win"),
    (26, "An adjustment of a category nobody knows, -2.50"),
    (36, "Open, the money is out"),
];

/// The last days of January and of February, as the days of [`MONTH`] are counted.
const ENDS: [i64; 2] = [26, 54];

/// The scenarios, each begun on its day.
fn month() -> Vec<Scenario> {
    let mut of_page: BTreeMap<_, _> =
        scenarios(PAGE).into_iter().map(|scenario| (scenario.name.clone(), scenario)).collect();
    let numbered = MONTH.iter().enumerate();
    numbered
        .map(|(number, (begins, name))| of_page.remove(*name).unwrap().begun(*begins, &number.to_string()))
        .collect()
}

async fn booked(month: &[Scenario], convention: Convention) -> InMemoryLedger {
    let ledger = InMemoryLedger::default();
    for scenario in month {
        scenario.book(&ledger, BookRules { convention, ..BookRules::default() }).await;
    }
    ledger
}

/// What the figures say at the end of a day, summed over all disputes, in the words of the page.
#[derive(Default)]
struct Said {
    decided: Deltas,
    out: i64,
    fee_of_undecided: i64,
    suspense_of_undecided: i64,
    fee_of_account: i64,
    moved: i64,
}

impl Said {
    fn at(end: i64, month: &[Scenario], currency: Currency) -> Self {
        let mut said = Self::default();
        for scenario in month {
            scenario.disputes.iter().for_each(|disputed| said.add(disputed, end, currency));
            for moved in until(scenario.unclaimed.iter().flat_map(|(moved, _)| moved), end, currency) {
                said.fee_of_account -= moved.movement.net_minor;
                said.moved += moved.movement.net_minor;
            }
        }
        said
    }

    fn add(&mut self, disputed: &Disputed, end: i64, currency: Currency) {
        let rows: Vec<_> = disputed.rows.iter().filter(|row| row.day <= end).collect();
        let is_decided = rows.iter().map(|row| row.deltas.closed).sum::<i64>() > 0;
        for row in rows.iter().filter(|row| row.currency == currency) {
            self.decided = self.decided.plus(&row.deltas).unwrap();
        }
        for Moved { movement, .. } in until(&disputed.moved, end, currency) {
            self.moved += movement.net_minor;
            if !is_decided {
                self.fee_of_undecided += movement.fee_minor;
                match movement.category {
                    Category::Other => self.suspense_of_undecided -= movement.amount_minor,
                    _ => self.out -= movement.amount_minor,
                }
            }
        }
    }

    /// What an account must be, and the parts that are not nothing.
    fn must_be(&self, account: LedgerAccount, convention: Convention) -> (i64, Vec<String>) {
        let Deltas { loss, fee, fx, pending, suspense, .. } = self.decided;
        let out = [("pending", pending), ("out", self.out)];
        let parts = match (account, convention) {
            (LedgerAccount::StripeBalance, _) => vec![("moved", self.moved)],
            (LedgerAccount::DisputesReceivable, Convention::Holding) => out.to_vec(),
            (LedgerAccount::DisputesContra, Convention::Contra) => [&out[..], &[("loss", loss)]].concat(),
            (LedgerAccount::ChargebackLosses, Convention::Holding) => vec![("loss", loss)],
            (LedgerAccount::DisputeFees, _) => vec![
                ("of decided", fee),
                ("of undecided", self.fee_of_undecided),
                ("of the account", self.fee_of_account),
            ],
            (LedgerAccount::DisputesSuspense, _) => {
                vec![("of decided", suspense), ("of undecided", self.suspense_of_undecided)]
            }
            (LedgerAccount::FxDifference, _) => vec![("fx", fx)],
            _ => vec![],
        };
        let told = parts.iter().filter(|(_, minor)| *minor != 0);
        (
            parts.iter().map(|(_, minor)| minor).sum(),
            told.map(|(name, minor)| format!("{name} {}", major(*minor))).collect(),
        )
    }
}

/// What moved by the end of a day.
fn until<'a>(
    moved: impl IntoIterator<Item = &'a Moved>,
    end: i64,
    currency: Currency,
) -> impl Iterator<Item = &'a Moved> {
    moved.into_iter().filter(move |moved| moved.movement.occurred_at <= day(end) && moved.movement.currency == currency)
}

/// Both currencies of the month have two decimals.
fn major(minor: i64) -> String {
    Money::new(minor, currency("usd")).grouped()
}

/// The table of accounts: what each is at both ends, and of what figures it is made at the second.
async fn table(month: &[Scenario], convention: Convention) -> Vec<String> {
    let ledger = booked(month, convention).await;
    let at = |end: i64| {
        let mut entries = ledger.entries();
        entries.retain(|kept| kept.entry.posted_on() <= date(end));
        balances(&entries)
    };
    let [before, after] = ENDS.map(at);
    let mut lines = vec![
        "| account | currency | 31 January | 28 February | which is |".to_owned(),
        "|---|---|---|---|---|".to_owned(),
    ];
    for code in ["usd", "cad"] {
        let code = currency(code);
        let [said_before, said] = ENDS.map(|end| Said::at(end, month, code));
        let (mut sums, mut known) = ([0; 2], 0);
        for account in LedgerAccount::ALL {
            let [first, last] = [&before, &after].map(|at| at.get(&(account, code)).copied().unwrap_or_default());
            let (must_be, parts) = said.must_be(account, convention);
            assert_eq!((last, first), (must_be, said_before.must_be(account, convention).0), "{account:?} {code}");
            sums = [sums[0] + first, sums[1] + last];
            if (first, last) != (0, 0) {
                known += 1;
                let (name, first, last) = (account.as_str(), major(first), major(last));
                let which_is = if parts.is_empty() { "nothing".to_owned() } else { parts.join(" + ") };
                lines.push(format!("| `{name}` | {code} | {first} | {last} | {which_is} |"));
            }
        }
        assert_eq!((sums, known > 2), ([0, 0], true), "{code} balances");
    }
    lines
}

#[tokio::test]
async fn the_month_of_the_page_is_proved() {
    let month = month();
    let ledger = booked(&month, Convention::Holding).await;
    let mut begun = vec!["| filed on | scenario |".to_owned(), "|---|---|".to_owned()];
    for ((begins, name), scenario) in MONTH.iter().zip(&month) {
        for disputed in &scenario.disputes {
            let filed_at = ledger.disputes()[&disputed.key].dispute.filed_at.unwrap();
            assert_eq!(filed_at.date_naive(), date(*begins), "{name}");
            begun.push(format!("| {} | {name} |", filed_at.date_naive()));
            let booked = rows(&ledger, &disputed.key);
            assert_eq!(booked, sorted(disputed.rows.clone()), "the rows are those of the page");
        }
    }
    let mut tables = begun;
    for convention in [Convention::Holding, Convention::Contra] {
        tables.extend(table(&month, convention).await);
    }
    let of_page: Vec<_> = part(PAGE, "## A month, proved").into_iter().filter(|line| line.starts_with('|')).collect();
    assert_eq!(of_page, tables, "docs/accounting.md, the tables of the month:\n{}", tables.join("\n"));
}
