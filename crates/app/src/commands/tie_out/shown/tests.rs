use chargebook_domain::{AccountId, Category, tie};

use super::*;

fn movement(id: &str, at: &str, (amount_minor, fee_minor): (i64, i64)) -> Movement {
    Movement {
        id: MovementId::parse(id).unwrap(),
        category: if amount_minor < 0 { Category::Withdrawal } else { Category::Reinstatement },
        amount_minor,
        fee_minor,
        net_minor: amount_minor - fee_minor,
        currency: Currency::parse("eur").unwrap(),
        occurred_at: at.parse().unwrap(),
        available_on: None,
        reporting_category: Some("dispute".to_owned()),
        stripe_type: "adjustment".to_owned(),
        description: None,
        source: Some(id.replace("txn", "du")),
    }
}

fn shown(ours: Vec<Movement>, theirs: Vec<Movement>) -> Shown {
    let tied = tie(ours, theirs).unwrap();
    let compared = vec![Compared { book: AccountId::own(), tied, repaired: vec![], found: None }];
    Shown { from: "2026-10-01".parse().unwrap(), to: "2026-10-31".parse().unwrap(), there: "at Stripe", compared }
}

/// The lines of tables with single spaces, and without borders.
fn plain(text: &str) -> Vec<String> {
    let lines = text.lines().map(|line| line.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| line.chars().any(char::is_alphanumeric)).collect()
}

#[test]
fn where_both_agree_a_day_is_one_line() {
    let both = vec![
        movement("txn_1", "2026-10-03T10:00:00Z", (-10_000, 1_500)),
        movement("txn_2", "2026-10-03T23:59:59Z", (2_500, 0)),
        movement("txn_3", "2026-10-04T00:00:00Z", (-123_456, 1_500)),
    ];
    assert_eq!(
        plain(&shown(both.clone(), both).told()),
        [
            "Day (UTC) Currency Side Count Amount Fee Net",
            "2026-10-03 EUR both 2 -75.00 15.00 -90.00",
            "2026-10-04 EUR both 1 -1,234.56 15.00 -1,249.56",
            "tieout: 31 days, 3 movements, everything agrees",
        ]
    );
    assert_eq!(
        shown(vec![], vec![]).told(),
        "No disputed money moved.\ntieout: 31 days, 0 movements, everything agrees"
    );
}

#[test]
fn what_differs_is_named_row_by_row() {
    let ours = vec![
        movement("txn_1", "2026-10-03T10:00:00Z", (-10_000, 1_500)),
        movement("txn_3", "2026-10-05T09:00:00Z", (-700, 0)),
    ];
    let theirs = vec![
        movement("txn_1", "2026-10-03T10:00:00Z", (-10_000, 2_000)),
        movement("txn_2", "2026-10-04T08:00:00Z", (5_000, 0)),
    ];
    assert_eq!(
        plain(&shown(ours, theirs).told()),
        [
            "Day (UTC) Currency Side Count Amount Fee Net",
            "2026-10-03 EUR Stripe 1 -100.00 20.00 -120.00 differs",
            "2026-10-03 EUR ledger 1 -100.00 15.00 -115.00 differs",
            "2026-10-04 EUR Stripe 1 50.00 0.00 50.00 differs",
            "2026-10-04 EUR ledger 0 0.00 0.00 0.00 differs",
            "2026-10-05 EUR Stripe 0 0.00 0.00 0.00 differs",
            "2026-10-05 EUR ledger 1 -7.00 0.00 -7.00 differs",
            "What differs",
            "At (UTC) Movement Of Currency Amount Fee Net How",
            "2026-10-03 10:00:00 txn_1 du_1 EUR -100.00 15.00 -115.00 fee: 15.00 in the ledger, 20.00 at Stripe; net: \
             -115.00 in the ledger, -120.00 at Stripe",
            "2026-10-04 08:00:00 txn_2 du_2 EUR 50.00 0.00 50.00 missing in the ledger",
            "2026-10-05 09:00:00 txn_3 du_3 EUR -7.00 0.00 -7.00 missing at Stripe",
            "tieout: 3 differences",
        ]
    );
}

#[test]
fn differences_that_cancel_out_are_marked_all_the_same() {
    let at = "2026-10-03T10:00:00Z";
    let told = shown(vec![movement("txn_1", at, (-100, 0))], vec![movement("txn_2", at, (-100, 0))]);
    let lines = plain(&told.told());
    assert_eq!(
        lines[1..3],
        ["2026-10-03 EUR Stripe 1 -1.00 0.00 -1.00 differs", "2026-10-03 EUR ledger 1 -1.00 0.00 -1.00 differs"]
    );
    assert_eq!(told.json()["books"][0]["days"][0]["agrees"], false);
}

#[test]
fn what_was_repaired_is_said() {
    let both = vec![movement("txn_1", "2026-10-03T10:00:00Z", (-10_000, 1_500))];
    let mut shown = shown(both.clone(), both);
    shown.compared[0].repaired = vec![MovementId::parse("txn_1").unwrap()];
    let told = shown.told();
    assert!(told.contains("\nrepaired: 1 movement was missing, and is booked: txn_1\n"), "{told}");
    assert_eq!(shown.json()["books"][0]["repaired"][0], "txn_1");
}

#[test]
fn what_a_repair_booked_is_said_also_where_nothing_compared_was_missing() {
    let told_of = |found| {
        let mut shown = shown(vec![], vec![]);
        shown.compared[0].found = found;
        let text = shown.told();
        let lines: Vec<_> = text.lines().filter(|line| line.contains("repair")).map(ToOwned::to_owned).collect();
        (lines.concat(), shown.json()["books"][0]["found"].clone())
    };
    assert_eq!(told_of(None), (String::new(), Value::Null));
    let (text, json) = told_of(Some(Found { new: 1_204, quarantined: 1 }));
    assert_eq!(
        text,
        "repair: 1,204 movements were booked in all, and 1 is quarantined: see `chargebook events list --quarantined`"
    );
    assert_eq!(json, json!({ "new": 1_204, "quarantined": 1 }));
    assert_eq!(told_of(Some(Found { new: 1, quarantined: 0 })).0, "repair: 1 movement was booked in all");
    assert_eq!(told_of(Some(Found::default())).0, "repair: 0 movements were booked in all");
}
