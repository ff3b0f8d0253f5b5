//! The summary of a day, from books that are written by hand.
#![expect(clippy::unwrap_used, reason = "what is not as expected should panic")]

use chargebook_domain::summary::{DayBooks, DayRow, LedgerMove, Ratio, RollForward, Unresolved, compose};
use chargebook_domain::{Deltas, EntryKind, LedgerAccount, Money, Outcome, ResolutionKind};
use chargebook_port_contracts::samples::{date, day, dispute_key, usd};
use chrono::TimeDelta;
use chrono_tz::Tz;

fn books(rows: Vec<DayRow>) -> DayBooks {
    DayBooks { sealed: true, rows, ..DayBooks::empty(date(3), Tz::UTC) }
}

/// A row of the day at noon, the `revision`th of its dispute.
fn row(dispute: &str, revision: u32, kind: ResolutionKind, deltas: Deltas) -> DayRow {
    DayRow {
        key: dispute_key(dispute),
        order: None,
        reason: None,
        card_brand: None,
        disputed: Money::new(10_000, usd()),
        evidence_submitted: None,
        outcome: Outcome::Won,
        revision,
        currency: usd(),
        kind,
        deltas,
        before: Deltas::default(),
        occurred_at: day(3),
    }
}

fn lost() -> Deltas {
    Deltas { loss: 10_000, net: -10_000, closed: 1, lost: 1, ..Deltas::default() }
}

fn won() -> Deltas {
    Deltas { recovered: 10_000, closed: 1, won: 1, ..Deltas::default() }
}

fn from_lost_to_won() -> Deltas {
    won().minus(&lost()).unwrap()
}

#[test]
fn what_was_decided_and_corrected_in_one_second_is_one_decision() {
    let rows = vec![
        row("du_1", 0, ResolutionKind::Decided, lost()),
        row("du_1", 1, ResolutionKind::Corrected, from_lost_to_won()),
    ];
    let summary = compose(&books(rows)).unwrap();
    assert!(summary.changes.lines.is_empty());
    let [line] = summary.decided.lines.as_slice() else { panic!("{:?}", summary.decided) };
    assert_eq!((line.outcome, line.deltas), (Outcome::Won, won()));
    assert_eq!(summary.win_rate, Ratio { part: 1, whole: 1 });
    assert_eq!(summary.win_rate_by_value[&usd()], Ratio { part: 10_000, whole: 10_000 });
}

#[test]
fn of_two_verdicts_in_a_day_the_first_is_the_decision_whichever_came_first() {
    let later = |row: DayRow| DayRow { occurred_at: day(3) + TimeDelta::hours(1), ..row };
    let in_order = vec![
        row("du_1", 0, ResolutionKind::Decided, lost()),
        later(row("du_1", 1, ResolutionKind::Redecided, from_lost_to_won())),
    ];
    let nothing_left = from_lost_to_won().minus(&won()).unwrap();
    let in_reverse = vec![
        later(row("du_1", 0, ResolutionKind::Decided, won())),
        row("du_1", 1, ResolutionKind::Decided, lost()),
        later(row("du_1", 2, ResolutionKind::Corrected, nothing_left)),
    ];
    for rows in [in_order, in_reverse] {
        let summary = compose(&books(rows)).unwrap();
        assert_eq!((summary.closed(), summary.count(Outcome::Lost), summary.count(Outcome::Won)), (1, 1, 0));
        let [change] = summary.changes.lines.as_slice() else { panic!("{:?}", summary.changes) };
        assert_eq!((change.row.kind, change.old, change.new), (ResolutionKind::Redecided, lost(), won()));
        assert_eq!(summary.totals[&usd()], won());
    }
}

#[test]
fn money_that_moves_after_the_verdict_of_the_day_is_told_as_money() {
    let fee = Deltas { fee: -1500, net: 1500, ..Deltas::default() };
    let moved = DayRow { occurred_at: day(3) + TimeDelta::hours(1), ..row("du_1", 1, ResolutionKind::Money, fee) };
    let summary = compose(&books(vec![row("du_1", 0, ResolutionKind::Decided, lost()), moved])).unwrap();
    let kinds: Vec<_> = summary.changes.lines.iter().map(|line| line.row.kind).collect();
    assert_eq!(kinds, [ResolutionKind::Money]);
}

#[test]
fn a_verdict_that_is_taken_back_in_its_second_is_no_decision() {
    let fee = Deltas { fee: 1500, net: -1500, ..Deltas::default() };
    let back = Deltas::default().minus(&lost()).unwrap().plus(&fee).unwrap();
    let rows = vec![row("du_1", 0, ResolutionKind::Decided, lost()), row("du_1", 1, ResolutionKind::Corrected, back)];
    let summary = compose(&books(rows)).unwrap();
    assert_eq!((summary.closed(), summary.changes.lines.len()), (0, 1));
    assert_eq!(summary.changes.totals, [(usd(), fee)].into());
}

#[test]
fn a_decision_is_what_its_counts_say_whatever_its_row_calls_it() {
    for (deltas, said, outcome) in [
        (won(), Outcome::Lost, Outcome::Won),
        (lost(), Outcome::Won, Outcome::Lost),
        (Deltas { closed: 1, ..Deltas::default() }, Outcome::Prevented, Outcome::Prevented),
    ] {
        let row = DayRow { outcome: said, ..row("du_1", 0, ResolutionKind::Decided, deltas) };
        let summary = compose(&books(vec![row])).unwrap();
        assert_eq!(summary.decided.lines[0].outcome, outcome);
    }
}

#[test]
fn changes_to_earlier_decisions_have_their_old_and_new_figures() {
    let earlier = |row: DayRow| DayRow { occurred_at: day(1), before: lost(), ..row };
    let back = |minor| Deltas { recovered: minor, loss: -minor, net: minor, ..Deltas::default() };
    let rows = vec![
        DayRow { before: lost(), ..row("du_1", 2, ResolutionKind::Money, back(6_000)) },
        earlier(row("du_1", 1, ResolutionKind::Corrected, back(1_000))),
        DayRow { occurred_at: day(2), ..row("du_2", 0, ResolutionKind::Decided, won()) },
    ];
    let summary = compose(&books(rows)).unwrap();
    assert_eq!((summary.closed(), summary.win_rate), (0, Ratio::default()), "decided on an earlier day, told late");
    let losses: Vec<_> = summary.changes.lines.iter().map(|line| (line.old.loss, line.new.loss)).collect();
    assert_eq!(losses, [(10_000, 9_000), (9_000, 3_000), (0, 0)]);
    assert_eq!(summary.changes.totals, summary.totals);
    assert_eq!(summary.totals[&usd()].recovered, 17_000);
}

#[test]
fn what_is_neither_won_nor_lost_is_apart() {
    let closed = Deltas { closed: 1, ..Deltas::default() };
    let of = |dispute, outcome| DayRow { outcome, ..row(dispute, 0, ResolutionKind::Decided, closed) };
    let rows = vec![of("du_1", Outcome::Prevented), of("du_2", Outcome::Refunded), of("du_3", Outcome::InquiryClosed)];
    let summary = compose(&books(rows)).unwrap();
    assert_eq!((summary.apart, summary.closed(), summary.count(Outcome::Lost)), (3, 3, 0));
    assert_eq!((summary.win_rate, summary.win_rate.permille()), (Ratio::default(), None), "nothing to divide");
    assert!(summary.win_rate_by_value.is_empty());
}

#[test]
fn a_share_is_rounded_half_up_to_tenths_of_a_percent() {
    let permille = |part, whole| Ratio { part, whole }.permille();
    assert_eq!(permille(1, 3), Some(333));
    assert_eq!(permille(2, 3), Some(667));
    assert_eq!(permille(1, 2000), Some(1));
    assert_eq!(permille(0, 7), Some(0));
    assert_eq!(permille(u64::MAX, u64::MAX), Some(1000));
    assert_eq!(permille(0, 0), None);
}

fn moved(account: LedgerAccount, kind: EntryKind, late: bool, minor: (i64, i64)) -> LedgerMove {
    LedgerMove { account, currency: usd(), kind, late, debit_minor: minor.0, credit_minor: minor.1 }
}

#[test]
fn the_roll_forward_adds_up() {
    let receivable = LedgerAccount::DisputesReceivable;
    let mut books = books(Vec::new());
    books.opening.insert((receivable, usd()), 7_000);
    books.moves = vec![
        moved(receivable, EntryKind::Movement, false, (10_000, -4_000)),
        moved(receivable, EntryKind::Movement, true, (50, 0)),
        moved(receivable, EntryKind::CloseOut, false, (0, -9_000)),
        moved(LedgerAccount::FxDifference, EntryKind::CloseOut, false, (300, 0)),
        moved(LedgerAccount::ChargebackLosses, EntryKind::CloseOut, false, (8_700, 0)),
    ];
    let (opening, withdrawn, reinstated) = (7_000, 10_000, -4_000);
    let (written_off, fx, late, closing) = (-8_700, -300, 50, 4_050);
    let expected = RollForward { opening, withdrawn, reinstated, written_off, fx, late, closing };
    assert_eq!(compose(&books).unwrap().roll_forward[&usd()], expected);
}

#[test]
fn the_proof_agrees_or_says_where_it_does_not() {
    let mut books = books(Vec::new());
    books.opening.insert((LedgerAccount::DisputesReceivable, usd()), 10_000);
    books.opening.insert((LedgerAccount::DisputeFees, usd()), 1_500);
    let open = Unresolved { undecided_principal_minor: 10_000, undecided_fee_minor: 1_000, ..Unresolved::default() };
    books.unresolved.insert(usd(), Unresolved { account_fee_minor: 500, ..open });
    assert!(compose(&books).unwrap().proven());
    books.unresolved.insert(usd(), open);
    let summary = compose(&books).unwrap();
    let off: Vec<_> = summary.proof.iter().filter(|proof| !proof.agrees()).collect();
    assert_eq!(off.len(), 1);
    assert_eq!(
        (off[0].account, off[0].journal_minor, off[0].figures_minor),
        (LedgerAccount::DisputeFees, 1_500, 1_000)
    );
}

#[test]
fn against_revenue_all_that_is_out_or_lost_is_proven_at_once() {
    // 100.00 lost, and of another dispute 100.00 more back than went: against revenue both cancel out.
    let mut books = books(Vec::new());
    books.opening.insert((LedgerAccount::DisputesContra, usd()), 0);
    books.resolved.insert(usd(), Deltas { loss: 10_000, pending: -10_000, ..Deltas::default() });
    assert!(compose(&books).unwrap().proven());
    books.opening.insert((LedgerAccount::DisputesContra, usd()), 1);
    assert!(!compose(&books).unwrap().proven());
}
