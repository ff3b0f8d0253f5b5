//! Days to write mails of.

use std::collections::{BTreeMap, BTreeSet};

use chargebook_domain::monitor::{
    MonitorRules, Month, MonthCounts, NETWORK_PROGRAMMES, Network, NetworkRatio, Programmes, Region,
};
use chargebook_domain::ports::Period;
use chargebook_domain::summary::{
    Attention, DayBooks, DayRow, LedgerMove, OpenBalance, ReasonCount, Received, Summary, TrendDay, Unresolved, Window,
    compose,
};
use chargebook_domain::{
    AccountId, Currency, Deltas, DisputeId, DisputeKey, EntryKind, LedgerAccount, Money, OrderRef, Outcome,
    ResolutionKind,
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

pub(super) fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

/// Deltas whose net follows from the others, as it does in the books.
pub(super) fn deltas(of: Deltas) -> Deltas {
    Deltas { net: -(of.loss + of.fee + of.fx + of.pending + of.suspense), ..of }
}

pub(super) fn won(recovered: i64, fee: i64) -> Deltas {
    deltas(Deltas { recovered, fee, closed: 1, won: 1, ..Deltas::default() })
}

pub(super) fn lost(loss: i64, fee: i64) -> Deltas {
    deltas(Deltas { loss, fee, closed: 1, lost: 1, ..Deltas::default() })
}

/// A row of dispute number `number`, decided in the afternoon of the day.
pub(super) fn row(number: u32, outcome: Outcome, code: &str, deltas: Deltas) -> DayRow {
    let at = "2026-11-21T12:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(i64::from(number));
    DayRow {
        key: DisputeKey {
            account: AccountId::own(),
            dispute: DisputeId::parse(&format!("du_1QkXy{number:03}eZvKYlo2C7Hq3nRt")).unwrap(),
        },
        order: Some(OrderRef::parse(&format!("#{}", 10_400 + number)).unwrap()),
        reason: Some("product_not_received".to_owned()),
        card_brand: Some("visa".to_owned()),
        disputed: Money::new(deltas.recovered + deltas.loss + deltas.pending, currency(code)),
        evidence_submitted: Some(true),
        outcome,
        revision: 0,
        currency: currency(code),
        kind: ResolutionKind::Decided,
        deltas,
        before: Deltas::default(),
        occurred_at: at,
    }
}

/// A row that changes what `before` says, dated on an earlier day.
pub(super) fn change(number: u32, kind: ResolutionKind, before: Deltas, deltas: Deltas) -> DayRow {
    let outcome = if before.won + deltas.won > 0 { Outcome::Won } else { Outcome::Lost };
    DayRow {
        kind,
        before,
        revision: 1,
        occurred_at: "2026-11-18T22:45:00Z".parse().unwrap(),
        ..row(number, outcome, "usd", deltas)
    }
}

/// A day of which nothing is known.
pub(super) fn no_books() -> DayBooks {
    DayBooks {
        sealed: true,
        sha256: Some("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned()),
        books: BTreeSet::from([AccountId::own()]),
        ..DayBooks::empty("2026-11-21".parse().unwrap(), Tz::Europe__Berlin)
    }
}

/// What the programmes say of November where a shop has so many Visa and Mastercard disputes, and no other payments.
pub(super) fn estimates(disputes: [u64; 2]) -> Vec<NetworkRatio> {
    let november = Month::parse("2026-11").unwrap();
    let counts = [(Network::Visa, 100_000), (Network::Mastercard, 7_500)].into_iter().zip(disputes);
    let counts = counts.flat_map(|((network, payments_from_orders), disputes_filed)| {
        let counts = MonthCounts { disputes_filed, payments_from_orders, ..MonthCounts::default() };
        [(network, november, counts.clone()), (network, november.before(), counts)]
    });
    let rules = MonitorRules::new(Programmes::parse(NETWORK_PROGRAMMES).unwrap(), Region::Europe);
    rules.estimates(&counts.collect(), november).into_iter().map(Into::into).collect()
}

/// The summary of these rows, with a journal that moved as they say and agrees with them.
pub(super) fn summary(mut books: DayBooks) -> Summary {
    for row in &books.rows {
        let moved = |account, kind, minor: i64| LedgerMove {
            account,
            currency: row.currency,
            kind,
            late: row.kind != ResolutionKind::Decided,
            debit_minor: minor.max(0),
            credit_minor: minor.min(0),
        };
        let Deltas { recovered, loss, fee, fx, suspense, .. } = row.deltas;
        books.moves.extend([
            moved(LedgerAccount::DisputesReceivable, EntryKind::Movement, -recovered),
            moved(LedgerAccount::DisputesReceivable, EntryKind::CloseOut, -loss - fx),
            moved(LedgerAccount::ChargebackLosses, EntryKind::CloseOut, loss),
            moved(LedgerAccount::FxDifference, EntryKind::CloseOut, fx),
            moved(LedgerAccount::DisputeFees, EntryKind::Movement, fee),
            moved(LedgerAccount::DisputesSuspense, EntryKind::Movement, suspense),
        ]);
        let sum = books.resolved.entry(row.currency).or_default();
        *sum = sum.plus(&row.before).unwrap().plus(&row.deltas).unwrap();
    }
    let wanted = compose(&books).unwrap().proof;
    for proof in wanted {
        *books.opening.entry((proof.account, proof.currency)).or_default() += proof.figures_minor - proof.journal_minor;
    }
    compose(&books).unwrap()
}

/// A day with something in every section, and with text that tries to break out.
pub(super) fn rich_day() -> Summary {
    let partly = deltas(Deltas { recovered: 4_000, loss: 6_000, fee: 1_500, closed: 1, lost: 1, ..Deltas::default() });
    let pending = deltas(Deltas { pending: 18_050, fee: 1_500, closed: 1, won: 1, ..Deltas::default() });
    let converted =
        deltas(Deltas { recovered: 248_731, fx: 1_269, fee: 3_000, closed: 1, won: 1, ..Deltas::default() });
    let closed = Deltas { closed: 1, ..Deltas::default() };
    let mut rows = vec![
        row(1, Outcome::Won, "usd", won(124_000, 1_500)),
        row(2, Outcome::Lost, "usd", lost(34_999, 3_000)),
        row(3, Outcome::Won, "usd", converted),
        row(4, Outcome::Lost, "usd", partly),
        row(5, Outcome::Won, "usd", pending),
        row(6, Outcome::Won, "eur", won(8_000, 2_000)),
        row(7, Outcome::Won, "jpy", won(1_250_000, 1_500)),
        row(8, Outcome::Lost, "kwd", lost(75_500, 4_500)),
        row(9, Outcome::Lost, "zzz", lost(123_456_789, 15)),
        row(10, Outcome::InquiryClosed, "gbp", closed),
        row(11, Outcome::Prevented, "usd", closed),
    ];
    rows[1].order = None;
    rows[1].evidence_submitted = Some(false);
    rows[1].reason = Some("fraudulent".to_owned());
    rows[1].card_brand = Some("mastercard".to_owned());
    rows[2].disputed = Money::new(230_000, currency("eur"));
    rows[3].order = Some(OrderRef::parse("<script>alert('1')</script> & \"co\"").unwrap());
    rows[3].reason = Some("<img src=x onerror=alert(1)>\r\nBcc: everyone".to_owned());
    rows[4].order = Some(OrderRef::parse("jane.doe@example.com").unwrap());
    rows[5].key.account = AccountId::parse("acct_1PgafmB7WZ01zgkU").unwrap();
    rows[7].evidence_submitted = None;
    rows[7].card_brand = None;
    rows.extend(earlier_decisions());
    let usd = currency("usd");
    let mut books = DayBooks {
        rows,
        month_to_date: month(),
        ninety_days: ninety_days(),
        trend: trend(),
        reasons: reasons(),
        received: Some(received()),
        ..no_books()
    };
    books.moves.push(LedgerMove {
        account: LedgerAccount::DisputesReceivable,
        currency: usd,
        kind: EntryKind::Movement,
        late: false,
        debit_minor: 45_000,
        credit_minor: 0,
    });
    let undecided = Unresolved {
        undecided_fee_minor: 4_500,
        undecided_principal_minor: 312_050,
        account_fee_minor: 1_500,
        ..Unresolved::default()
    };
    books.unresolved = BTreeMap::from([(usd, undecided)]);
    books.open = OpenBalance {
        disputes: 14,
        inquiries: 1,
        filed: 3,
        filed_amounts: BTreeMap::from([(currency("eur"), 99_900), (usd, 12_050)]),
        at_risk: BTreeMap::from([(currency("eur"), 99_900), (currency("jpy"), 48_000), (usd, 312_050)]),
        oldest_opened_at: Some("2026-09-03T23:30:00Z".parse().unwrap()),
        evidence_due_soon: 3,
    };
    books.attention =
        Attention { orphans: 1, ambiguous: 2, recovery_pending: 1, money_questions: 1, quarantined: 4, undelivered: 1 };
    summary(books)
}

fn received() -> Received {
    Received {
        recorded: 38,
        ignored: 5,
        quarantined: 1,
        whole: Some(Period {
            from: "2026-09-01T00:00:00Z".parse().unwrap(),
            until: "2026-11-22T05:55:00Z".parse().unwrap(),
        }),
        money_compared_at: Some("2026-11-22T02:10:00Z".parse().unwrap()),
    }
}

/// A verdict that turned, and a fee that came back.
pub(super) fn earlier_decisions() -> Vec<DayRow> {
    let turned = Deltas { recovered: -25_000, loss: 25_000, won: -1, lost: 1, ..Deltas::default() };
    let returned = Deltas { fee: -1_500, ..Deltas::default() };
    vec![
        change(21, ResolutionKind::Redecided, won(25_000, 1_500), deltas(turned)),
        change(22, ResolutionKind::Money, lost(8_900, 3_000), deltas(returned)),
    ]
}

fn month() -> Window {
    Window {
        won: 31,
        lost: 17,
        won_challenged: 30,
        lost_challenged: 9,
        inquiries: 6,
        prevented: 4,
        refunded: 0,
        principal: BTreeMap::from([(currency("eur"), (412_000, 96_550)), (currency("usd"), (2_311_940, 1_204_499))]),
    }
}

fn ninety_days() -> Window {
    Window {
        won: 118,
        lost: 64,
        won_challenged: 111,
        lost_challenged: 29,
        inquiries: 20,
        prevented: 13,
        refunded: 2,
        principal: BTreeMap::from([
            (currency("eur"), (1_530_100, 611_250)),
            (currency("jpy"), (1_250_000, 0)),
            (currency("usd"), (9_104_415, 4_880_062)),
        ]),
    }
}

/// The month of [`month`], and nine days before it.
fn trend() -> Vec<TrendDay> {
    let won = [2, 0, 1, 3, 0, 1, 2, 0, 1, 1, 2, 0, 3, 1, 0, 2, 1, 2, 0, 1, 4, 1, 0, 2, 1, 3, 0, 1, 1, 5];
    let lost = [1, 0, 2, 0, 1, 0, 1, 0, 0, 0, 1, 1, 2, 0, 0, 1, 0, 1, 0, 2, 3, 0, 0, 0, 1, 0, 0, 0, 1, 4];
    let first: NaiveDate = "2026-10-23".parse().unwrap();
    let days = first.iter_days().zip(won).zip(lost);
    days.map(|((date, won), lost)| TrendDay { date, won, lost }).collect()
}

/// Of the 90 days of [`ninety_days`], some of which tries to break out.
fn reasons() -> Vec<ReasonCount> {
    let reasons = [
        (Some("fraudulent"), 40, 33),
        (Some("product_not_received"), 38, 9),
        (Some("product_unacceptable"), 14, 8),
        (Some("subscription_canceled"), 9, 6),
        (Some("duplicate"), 8, 1),
        (Some("unrecognized"), 3, 3),
        (None, 3, 1),
        (Some("<b>bank</b>\r\nBcc: everyone"), 1, 1),
        (Some("bank_cannot_process"), 1, 1),
        (Some("general"), 1, 1),
    ];
    reasons.map(|(reason, won, lost)| ReasonCount { reason: reason.map(str::to_owned), won, lost }).to_vec()
}
