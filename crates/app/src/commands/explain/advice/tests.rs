use chargebook_ledger_postgres::reading::{UntiedClue, WarningClue};

use super::*;

fn at() -> DateTime<Utc> {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn dispute() -> DisputeClue {
    DisputeClue {
        account: "default".to_owned(),
        dispute_id: "du_1".to_owned(),
        charge_id: Some("ch_1".to_owned()),
        payment_intent_id: None,
        order_hint: None,
        amount_minor: 10_000,
        currency: "usd".to_owned(),
        status: "lost".to_owned(),
        opened_at: Some(at()),
        order_match: "matched".to_owned(),
        orders: vec!["1001".to_owned()],
        statements: 2,
        same_as: None,
        joined_by: None,
        join_reason: None,
        doubles: vec![],
        read_reason: None,
        read_due_at: None,
        near: vec![],
    }
}

fn payment(order: &str) -> PaymentClue {
    PaymentClue {
        order_ref: order.to_owned(),
        charge_id: Some("ch_9".to_owned()),
        payment_intent_id: None,
        amount_minor: 10_000,
        currency: "usd".to_owned(),
        placed_at: Some(at()),
    }
}

fn event(disposition: &str, reason: Option<&str>) -> EventLine {
    EventLine {
        account: "default".to_owned(),
        event_id: "evt_1".to_owned(),
        event_type: "charge.dispute.created".to_owned(),
        received_at: at(),
        disposition: disposition.to_owned(),
        reason: reason.map(str::to_owned),
    }
}

fn advice_with(accounts: &[&str], asks_stripe: bool, clues: &Clues) -> Advice {
    let accounts = accounts.iter().map(|account| AccountId::parse(account).unwrap()).collect();
    let admission = Admission { livemode: true, accounts };
    advise("du_1", clues, &Expected { admission: &admission, asks_stripe, zone: Tz::UTC })
}

fn advice(clues: &Clues) -> Advice {
    advice_with(&[], true, clues)
}

/// Whether some line has all of these parts.
fn has(lines: &[String], parts: &[&str]) -> bool {
    lines.iter().any(|line| parts.iter().all(|part| line.contains(part)))
}

#[test]
fn what_is_in_the_books_with_its_order_is_in_order() {
    let clues = Clues { disputes: vec![dispute()], payments: vec![payment("1001")], ..Clues::default() };
    let advice = advice(&clues);
    assert_eq!(
        advice.to_string(),
        "Found:\n  dispute du_1 in the book default: lost, 100.00 USD, filed 2026-11-20 12:00; 2 statements of it\n  \
         \u{20}\u{20}it is about order 1001\nNothing to do."
    );
    assert!(advice.is_in_order);
}

#[test]
fn a_double_is_told_by_what_counts() {
    let (by, reason) = (Some("ana".to_owned()), Some("moved".to_owned()));
    let order_match = "orphan".to_owned();
    let same_as = Some("acct_2/du_9".to_owned());
    let double = DisputeClue { same_as, joined_by: by, join_reason: reason, order_match, ..dispute() };
    let of_double = advice(&Clues { disputes: vec![double], ..Clues::default() });
    assert!(has(&of_double.found, &["the same as acct_2/du_9", "ana: moved"]), "{of_double}");
    assert!(of_double.is_in_order && of_double.what_to_do.is_empty());
    let kept = DisputeClue { doubles: vec!["manual:x/1".to_owned()], ..dispute() };
    let of_kept = advice(&Clues { disputes: vec![kept], ..Clues::default() });
    assert!(has(&of_kept.found, &["manual:x/1", "counts as nothing"]) && of_kept.is_in_order, "{of_kept}");
}

#[test]
fn an_orphan_says_what_was_looked_for_and_what_is_near() {
    let hint = Some("77".to_owned());
    let reading = (Some("order_unknown".to_owned()), Some(at()));
    let orphan = DisputeClue {
        order_match: "orphan".to_owned(),
        orders: vec![],
        order_hint: hint,
        near: vec![payment("2002")],
        read_reason: reading.0,
        read_due_at: reading.1,
        ..dispute()
    };
    let advice = advice(&Clues { disputes: vec![orphan], ..Clues::default() });
    assert!(has(&advice.found, &["charge ch_1", "order 77"]), "{advice}");
    assert!(has(&advice.found, &["same amount", "order 2002", "by ch_9"]), "{advice}");
    assert!(has(&advice.found, &["read again", "order unknown"]), "{advice}");
    assert!(has(&advice.what_to_do, &["dispute link du_1"]) && !advice.is_in_order, "{advice}");
}

#[test]
fn a_person_must_choose_between_orders() {
    let orders = vec!["A".to_owned(), "B".to_owned()];
    let ambiguous = DisputeClue { order_match: "ambiguous".to_owned(), orders, ..dispute() };
    let advice = advice(&Clues { disputes: vec![ambiguous], ..Clues::default() });
    assert!(has(&advice.found, &["A, B"]) && has(&advice.what_to_do, &["dispute link du_1"]), "{advice}");
    assert!(!advice.is_in_order);
}

#[test]
fn each_reason_for_quarantine_has_its_remedy_and_each_event_is_told_once() {
    for (event_type, reason, remedy) in [
        ("charge.dispute.created", "a test mode event (stripe.livemode)", "correct stripe.livemode"),
        ("charge.dispute.created", "account acct_2 is not in stripe.accounts", "name it in stripe.accounts"),
        ("charge.dispute.created", "data.object.id: expected a text", "install a newer version"),
        ("read.dispute", "anything", "chargebook backfill"),
    ] {
        let event = EventLine { event_type: event_type.to_owned(), ..event("quarantined", Some(reason)) };
        let events = vec![event.clone()];
        let advice = advice(&Clues { events, named_in_quarantine: vec![event], ..Clues::default() });
        assert_eq!(advice.found.iter().filter(|line| line.contains("evt_1")).count(), 1, "{advice}");
        assert!(has(&advice.found, &[reason]) && has(&advice.what_to_do, &[remedy]), "{advice}");
        assert!(!advice.is_in_order);
    }
}

#[test]
fn an_account_that_is_not_expected_any_more_is_named() {
    let other = || DisputeClue { account: "acct_2".to_owned(), ..dispute() };
    let clues = Clues { disputes: vec![other()], ..Clues::default() };
    assert!(advice(&clues).is_in_order && advice_with(&["acct_2"], true, &clues).is_in_order);
    let left_out = advice_with(&["acct_1"], true, &clues);
    assert!(has(&left_out.what_to_do, &["Name acct_2 in stripe.accounts"]) && !left_out.is_in_order, "{left_out}");
}

#[test]
fn where_nothing_is_found_it_is_said_where_to_look() {
    let whole = WholeClue { account: "default".to_owned(), from_at: at(), until_at: at() };
    let clues = Clues { whole: vec![whole], ..Clues::default() };
    let with_key = advice_with(&["acct_1"], true, &clues);
    assert!(has(&with_key.found, &["nothing", "du_1"]) && !with_key.is_in_order, "{with_key}");
    for parts in [&["live mode", "acct_1"][..], &["Nothing is missing in the book default"], &["backfill --since"]] {
        assert!(has(&with_key.what_to_do, parts), "{parts:?} {with_key}");
    }
    assert!(has(&advice_with(&[], false, &clues).what_to_do, &["Set stripe.api_key"]));
}

#[test]
fn what_is_no_dispute_is_told_and_is_not_in_order() {
    let clues = Clues {
        events: vec![event("ignored", None)],
        payments: vec![payment("1001")],
        warnings: vec![WarningClue {
            account: "default".to_owned(),
            warning_id: "issfr_1".to_owned(),
            charge_id: Some("ch_9".to_owned()),
            fraud_type: Some("made_with_stolen_card".to_owned()),
            occurred_at: at(),
        }],
        untied: vec![UntiedClue {
            account: "default".to_owned(),
            movement_id: "txn_1".to_owned(),
            amount_minor: -10_000,
            currency: "usd".to_owned(),
            occurred_at: at(),
        }],
        ..Clues::default()
    };
    let advice = advice(&clues);
    for parts in [
        &["evt_1", "ignored"][..],
        &["order 1001", "no dispute of it"],
        &["issfr_1", "made with stolen card"],
        &["txn_1", "-100.00 USD", "tied to no dispute"],
    ] {
        assert!(has(&advice.found, parts), "{parts:?} {advice}");
    }
    assert!(has(&advice.what_to_do, &["A warning is no dispute"]) && !advice.is_in_order);
    assert!(!has(&advice.found, &["nothing:"]), "{advice}");
}
