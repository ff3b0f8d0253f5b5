//! What a sealed day's mail is written from, as it is stored: names instead of types, so that it can be read for ever. What is added to a
//! day later has a default, which days before it have.

use std::collections::{BTreeMap, BTreeSet};

use chargebook_domain::summary::{
    Attention, DayBooks, DayRow, LedgerMove, OpenBalance, ReasonCount, TrendDay, Unresolved, Window,
};
use chargebook_domain::{
    AccountId, Currency, Deltas, DisputeId, DisputeKey, EntryKind, LedgerAccount, Money, OrderRef, Outcome,
    ResolutionKind,
};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

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

#[derive(Serialize, Deserialize)]
struct Closed {
    won: u64,
    lost: u64,
    won_challenged: u64,
    lost_challenged: u64,
    inquiries: u64,
    prevented: u64,
    refunded: u64,
    /// Recovered and lost.
    principal_minor: BTreeMap<Word<Currency>, (i64, i64)>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "TrendDay")]
struct TrendDef {
    date: NaiveDate,
    won: u64,
    lost: u64,
}

#[derive(Serialize, Deserialize)]
struct Trend(#[serde(with = "TrendDef")] TrendDay);

#[derive(Serialize, Deserialize)]
#[serde(remote = "ReasonCount")]
struct ReasonDef {
    reason: Option<String>,
    won: u64,
    lost: u64,
}

#[derive(Serialize, Deserialize)]
struct Reason(#[serde(with = "ReasonDef")] ReasonCount);

#[derive(Serialize, Deserialize)]
struct Open {
    disputes: u64,
    inquiries: u64,
    at_risk_minor: BTreeMap<Word<Currency>, i64>,
    filed: u64,
    filed_minor: BTreeMap<Word<Currency>, i64>,
    oldest_opened_at: Option<DateTime<Utc>>,
    evidence_due_soon: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Attention")]
struct AttentionDef {
    orphans: u64,
    ambiguous: u64,
    recovery_pending: u64,
    money_questions: u64,
    quarantined: u64,
    undelivered: u64,
}

#[derive(Serialize, Deserialize)]
struct Needs(#[serde(with = "AttentionDef")] Attention);

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

impl Closed {
    fn of(window: Window) -> Self {
        let Window { won, lost, won_challenged, lost_challenged, inquiries, prevented, refunded, principal } = window;
        let principal_minor = keyed(principal, |of| of);
        Self { won, lost, won_challenged, lost_challenged, inquiries, prevented, refunded, principal_minor }
    }

    fn window(self) -> Window {
        let Self { won, lost, won_challenged, lost_challenged, inquiries, prevented, refunded, principal_minor } = self;
        let principal = by_currency(principal_minor);
        Window { won, lost, won_challenged, lost_challenged, inquiries, prevented, refunded, principal }
    }
}

impl Open {
    fn of(open: OpenBalance) -> Self {
        Self {
            disputes: open.disputes,
            inquiries: open.inquiries,
            at_risk_minor: keyed(open.at_risk, |of| of),
            filed: open.filed,
            filed_minor: keyed(open.filed_amounts, |of| of),
            oldest_opened_at: open.oldest_opened_at,
            evidence_due_soon: open.evidence_due_soon,
        }
    }

    fn open(self) -> OpenBalance {
        OpenBalance {
            disputes: self.disputes,
            inquiries: self.inquiries,
            at_risk: by_currency(self.at_risk_minor),
            filed: self.filed,
            filed_amounts: by_currency(self.filed_minor),
            oldest_opened_at: self.oldest_opened_at,
            evidence_due_soon: self.evidence_due_soon,
        }
    }
}

fn by_currency<T>(kept: BTreeMap<Word<Currency>, T>) -> BTreeMap<Currency, T> {
    kept.into_iter().map(|(Word(currency), of)| (currency, of)).collect()
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
