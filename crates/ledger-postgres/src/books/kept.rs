//! What a sealed day's mail is written from, as it is stored: names instead of types, so that it can be read for ever. What is added to a
//! day later has a default, which days before it have.

mod beside;

use std::collections::{BTreeMap, BTreeSet};

use chargebook_domain::summary::{DayBooks, DayRow, LedgerMove, Unresolved};
use chargebook_domain::{
    AccountId, Currency, Deltas, DisputeId, DisputeKey, EntryKind, LedgerAccount, Money, OrderRef, Outcome,
    ResolutionKind,
};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use self::beside::{Arrived, Closed, Needs, Open, Programme, Reason, Trend};
use super::words::Word;

/// A day's content.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    date: NaiveDate,
    zone: Word<Tz>,
    book: Option<Word<AccountId>>,
    books: BTreeSet<Word<AccountId>>,
    rows: Vec<Row>,
    moves: Vec<Move>,
    opening: Vec<Balance>,
    resolved: BTreeMap<Word<Currency>, Figures>,
    unresolved: BTreeMap<Word<Currency>, Undecided>,
    adjusted: Vec<Balance>,
    month_to_date: Closed,
    ninety_days: Closed,
    #[serde(default)]
    trend: Vec<Trend>,
    #[serde(default)]
    reasons: Vec<Reason>,
    open: Open,
    attention: Needs,
    #[serde(default)]
    received: Option<Arrived>,
    #[serde(default = "none_watched")]
    networks: Option<Vec<Programme>>,
}

/// Of the days before the networks' programmes were kept, the mail says nothing of them.
#[expect(clippy::unnecessary_wraps, reason = "serde asks for the field's own type")]
fn none_watched() -> Option<Vec<Programme>> {
    Some(Vec::new())
}

#[derive(Serialize, Deserialize)]
struct Row {
    book: Word<AccountId>,
    dispute: Word<DisputeId>,
    order: Option<Word<OrderRef>>,
    reason: Option<String>,
    card_brand: Option<String>,
    disputed_minor: i64,
    disputed_currency: Word<Currency>,
    evidence_submitted: Option<bool>,
    outcome: Word<Outcome>,
    revision: u32,
    currency: Word<Currency>,
    kind: Word<ResolutionKind>,
    deltas: Figures,
    before: Figures,
    occurred_at: DateTime<Utc>,
}

#[derive(Serialize, Deserialize)]
struct Move {
    account: Word<LedgerAccount>,
    currency: Word<Currency>,
    kind: Word<EntryKind>,
    late: bool,
    debit_minor: i64,
    credit_minor: i64,
}

#[derive(Serialize, Deserialize)]
struct Balance {
    account: Word<LedgerAccount>,
    currency: Word<Currency>,
    minor: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Deltas")]
struct DeltasDef {
    recovered: i64,
    loss: i64,
    fee: i64,
    fx: i64,
    pending: i64,
    suspense: i64,
    net: i64,
    closed: i64,
    won: i64,
    lost: i64,
}

#[derive(Serialize, Deserialize)]
struct Figures(#[serde(with = "DeltasDef")] Deltas);

#[derive(Serialize, Deserialize)]
#[serde(remote = "Unresolved")]
#[expect(clippy::struct_field_names, reason = "the names of the domain")]
struct UnresolvedDef {
    undecided_fee_minor: i64,
    undecided_principal_minor: i64,
    undecided_suspense_minor: i64,
    account_fee_minor: i64,
    account_suspense_minor: i64,
}

#[derive(Serialize, Deserialize)]
struct Undecided(#[serde(with = "UnresolvedDef")] Unresolved);

impl Kept {
    pub(super) fn of(day: DayBooks) -> Self {
        Self {
            date: day.date,
            zone: Word(day.zone),
            book: day.book.map(Word),
            books: day.books.into_iter().map(Word).collect(),
            rows: day.rows.into_iter().map(Row::of).collect(),
            moves: day.moves.into_iter().map(Move::of).collect(),
            opening: balances(day.opening),
            resolved: keyed(day.resolved, Figures),
            unresolved: keyed(day.unresolved, Undecided),
            adjusted: balances(day.adjusted),
            month_to_date: Closed::of(day.month_to_date),
            ninety_days: Closed::of(day.ninety_days),
            trend: day.trend.into_iter().map(Trend).collect(),
            reasons: day.reasons.into_iter().map(Reason).collect(),
            open: Open::of(day.open),
            attention: Needs(day.attention),
            received: day.received.map(Arrived::of),
            networks: day.networks.map(|all| all.into_iter().map(Programme::of).collect()),
        }
    }

    /// The day, as sealed with this hash.
    pub(super) fn day(self, sha256: String) -> DayBooks {
        DayBooks {
            from: self.date,
            date: self.date,
            zone: self.zone.0,
            sealed: true,
            as_of: None,
            sha256: Some(sha256),
            book: self.book.map(|Word(book)| book),
            books: self.books.into_iter().map(|Word(book)| book).collect(),
            rows: self.rows.into_iter().map(Row::row).collect(),
            moves: self.moves.into_iter().map(Move::moved).collect(),
            opening: by_account(self.opening),
            resolved: self.resolved.into_iter().map(|(Word(currency), Figures(of))| (currency, of)).collect(),
            unresolved: self.unresolved.into_iter().map(|(Word(currency), Undecided(of))| (currency, of)).collect(),
            adjusted: by_account(self.adjusted),
            month_to_date: self.month_to_date.window(),
            ninety_days: self.ninety_days.window(),
            trend: self.trend.into_iter().map(|Trend(day)| day).collect(),
            reasons: self.reasons.into_iter().map(|Reason(count)| count).collect(),
            open: self.open.open(),
            attention: self.attention.0,
            received: self.received.map(Arrived::received),
            networks: self.networks.map(|all| all.into_iter().map(Programme::ratio).collect()),
        }
    }
}

impl Row {
    fn of(row: DayRow) -> Self {
        Self {
            book: Word(row.key.account),
            dispute: Word(row.key.dispute),
            order: row.order.map(Word),
            reason: row.reason,
            card_brand: row.card_brand,
            disputed_minor: row.disputed.minor(),
            disputed_currency: Word(row.disputed.currency()),
            evidence_submitted: row.evidence_submitted,
            outcome: Word(row.outcome),
            revision: row.revision,
            currency: Word(row.currency),
            kind: Word(row.kind),
            deltas: Figures(row.deltas),
            before: Figures(row.before),
            occurred_at: row.occurred_at,
        }
    }

    fn row(self) -> DayRow {
        DayRow {
            key: DisputeKey { account: self.book.0, dispute: self.dispute.0 },
            order: self.order.map(|Word(order)| order),
            reason: self.reason,
            card_brand: self.card_brand,
            disputed: Money::new(self.disputed_minor, self.disputed_currency.0),
            evidence_submitted: self.evidence_submitted,
            outcome: self.outcome.0,
            revision: self.revision,
            currency: self.currency.0,
            kind: self.kind.0,
            deltas: self.deltas.0,
            before: self.before.0,
            occurred_at: self.occurred_at,
        }
    }
}

impl Move {
    fn of(moved: LedgerMove) -> Self {
        let LedgerMove { account, currency, kind, late, debit_minor, credit_minor } = moved;
        let (account, currency, kind) = (Word(account), Word(currency), Word(kind));
        Self { account, currency, kind, late, debit_minor, credit_minor }
    }

    fn moved(self) -> LedgerMove {
        let Self { account: Word(account), currency: Word(currency), kind: Word(kind), late, .. } = self;
        LedgerMove { account, currency, kind, late, debit_minor: self.debit_minor, credit_minor: self.credit_minor }
    }
}

fn keyed<T, U>(by_currency: BTreeMap<Currency, T>, as_kept: impl Fn(T) -> U) -> BTreeMap<Word<Currency>, U> {
    by_currency.into_iter().map(|(currency, of)| (Word(currency), as_kept(of))).collect()
}

fn balances(by_account: BTreeMap<(LedgerAccount, Currency), i64>) -> Vec<Balance> {
    let balance = |((account, currency), minor)| Balance { account: Word(account), currency: Word(currency), minor };
    by_account.into_iter().map(balance).collect()
}

fn by_account(balances: Vec<Balance>) -> BTreeMap<(LedgerAccount, Currency), i64> {
    balances.into_iter().map(|balance| ((balance.account.0, balance.currency.0), balance.minor)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_that_was_kept_without_what_came_later_can_be_read() {
        let empty = DayBooks { sealed: true, ..DayBooks::empty("2026-11-21".parse().unwrap(), Tz::UTC) };
        let mut written = serde_json::to_value(Kept::of(empty.clone())).unwrap();
        for later in ["trend", "reasons", "received", "networks"] {
            assert!(written.as_object_mut().unwrap().remove(later).is_some(), "{later}");
        }
        let read = serde_json::from_value::<Kept>(written).ok().unwrap();
        assert_eq!(DayBooks { sha256: None, ..read.day(String::new()) }, empty);
    }
}
