//! Reads `histories.txt`.

use chargebook_domain::{Bucket, Category, Currency, Deltas, LedgerAccount, Money};
use chargebook_port_contracts::samples::currency;

/// A history, and what the books must say of it.
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) disputed: Money,
    pub(crate) statuses: Vec<Said>,
    pub(crate) movements: Vec<Moved>,
    pub(crate) rows: Vec<(i64, Currency, Deltas)>,
    pub(crate) journal: Vec<(LedgerAccount, Currency, i64)>,
    pub(crate) bucket: Bucket,
    pub(crate) closed_on: i64,
}

/// A status, and the day of it.
#[derive(Clone)]
pub(crate) struct Said {
    pub(crate) day: i64,
    pub(crate) status: String,
    pub(crate) by_read: bool,
}

/// A movement, and the day of it.
pub(crate) struct Moved {
    pub(crate) day: i64,
    pub(crate) category: Category,
    pub(crate) amount: i64,
    pub(crate) fee: i64,
    pub(crate) net: i64,
    pub(crate) currency: Currency,
}

/// All scenarios.
pub(crate) fn scenarios() -> Vec<Scenario> {
    let text = include_str!("histories.txt");
    text.split("\n[").skip(1).map(scenario).collect()
}

fn scenario(block: &str) -> Scenario {
    let (name, cells) = block.split_once("]\n").unwrap();
    let cell = |wanted: &str| {
        let found = cells.lines().find_map(|line| line.strip_prefix(wanted));
        found.map(str::trim)
    };
    let list = |wanted: &str| {
        let text = cell(wanted).unwrap_or_else(|| panic!("{name} has no {wanted}"));
        let parts = if matches!(text, "none" | "empty") { Vec::new() } else { text.split("; ").collect() };
        parts.into_iter()
    };
    let (bucket, closed_on) = cell("ends").and_then(|text| text.split_once(", day ")).unwrap();
    Scenario {
        name: name.to_owned(),
        disputed: cell("disputed").map_or(Money::new(10_000, currency("usd")), |text| {
            let (amount, code) = text.split_once(' ').unwrap();
            Money::new(minor(amount), currency(code))
        }),
        statuses: cell("status").unwrap().split(" > ").map(said).collect(),
        movements: list("money").map(moved).collect(),
        rows: list("rows").map(row).collect(),
        journal: list("journal").map(balance).collect(),
        bucket: Bucket::parse(bucket).unwrap(),
        closed_on: minor(closed_on),
    }
}

fn minor(text: &str) -> i64 {
    text.trim().parse().unwrap_or_else(|_| panic!("{text:?} is no number"))
}

fn said(text: &str) -> Said {
    let (status, day) = text.split_once('@').unwrap();
    let read = status.strip_prefix("read ");
    Said { day: minor(day), status: read.unwrap_or(status).to_owned(), by_read: read.is_some() }
}

/// Reads `1: withdrawal -10000 / 1500 usd net -11000`.
fn moved(text: &str) -> Moved {
    let words: Vec<_> = text.split_whitespace().collect();
    let [day, category, amount, "/", fee, code, rest @ ..] = words.as_slice() else { panic!("{text:?}") };
    let (amount, fee) = (minor(amount), minor(fee));
    let net = match rest {
        [] => amount - fee,
        ["net", net] => minor(net),
        _ => panic!("{text:?}"),
    };
    let category = Category::parse(category).unwrap();
    Moved { day: minor(day.trim_end_matches(':')), category, amount, fee, net, currency: currency(code) }
}

/// Reads `40 usd: loss +10000, closed +1`.
fn row(text: &str) -> (i64, Currency, Deltas) {
    let (point, cells) = text.split_once(": ").unwrap();
    let (day, code) = point.split_once(' ').unwrap();
    let mut deltas = Deltas::default();
    for cell in cells.split(", ") {
        let (column, value) = cell.split_once(' ').unwrap();
        let column = match column {
            "recovered" => &mut deltas.recovered,
            "loss" => &mut deltas.loss,
            "fee" => &mut deltas.fee,
            "fx" => &mut deltas.fx,
            "pending" => &mut deltas.pending,
            "suspense" => &mut deltas.suspense,
            "net" => &mut deltas.net,
            "closed" => &mut deltas.closed,
            "won" => &mut deltas.won,
            "lost" => &mut deltas.lost,
            _ => panic!("{cell:?}"),
        };
        *column = minor(value);
    }
    (minor(day), currency(code), deltas)
}

/// Reads `stripe-balance -11500 usd`.
fn balance(text: &str) -> (LedgerAccount, Currency, i64) {
    let words: Vec<_> = text.split_whitespace().collect();
    let [name, amount, code] = words.as_slice() else { panic!("{text:?}") };
    let named = |account: &LedgerAccount| account.as_str().split_once(':').is_some_and(|(_, last)| last == *name);
    (LedgerAccount::ALL.into_iter().find(named).unwrap(), currency(code), minor(amount))
}
