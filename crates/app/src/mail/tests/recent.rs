//! The last 30 days and the reasons.

use chargebook_domain::summary::{DayBooks, REASONS_MAX, ReasonCount, TrendDay, Window};

use super::fixture::{no_books, rich_day, summary};
use super::mail;

/// A trend whose every date has verdicts of both kinds.
pub(super) fn long_trend() -> Vec<TrendDay> {
    let counts = no_books().date.iter_days().map(|date| (date, (1_000_000, 999_999))).take(30).collect();
    TrendDay::up_to(no_books().date.checked_add_days(chrono::Days::new(29)).unwrap(), &counts)
}

/// As many long reasons as a ledger tells apart.
pub(super) fn long_reasons() -> Vec<ReasonCount> {
    let reason = |n: usize| ReasonCount { reason: Some(format!("{n}{}", "<".repeat(5_000))), won: 1_000, lost: 999 };
    (0..REASONS_MAX).map(reason).collect()
}

fn of_counts(counts: &[(&str, u64, u64)]) -> DayBooks {
    let counts = counts.iter().map(|(date, won, lost)| (date.parse().unwrap(), (*won, *lost))).collect();
    DayBooks { trend: TrendDay::up_to(no_books().date, &counts), ..no_books() }
}

#[test]
fn words_say_what_the_bars_show() {
    for (counts, expected) in [
        (vec![], "No dispute that closed in these 30 days is won or lost."),
        (
            vec![("2026-11-12", 4, 3), ("2026-11-13", 41, 0), ("2026-11-21", 0, 27)],
            "45 won and 30 lost; the most on 13 Nov: 41.",
        ),
        (vec![("2026-10-23", 1, 0), ("2026-11-02", 0, 1)], "1 won and 1 lost; the most on 2 Nov and 1 other day: 1."),
        (
            vec![("2026-10-23", 2, 0), ("2026-11-02", 1, 1), ("2026-11-03", 2, 0), ("2026-10-22", 9, 9)],
            "5 won and 1 lost; the most on 3 Nov and 2 other days: 2.",
        ),
    ] {
        let told = mail(&summary(of_counts(&counts)));
        assert!(told.text.contains(expected) && told.html.contains(expected), "{expected}: {}", told.text);
        assert_eq!(told.html.contains("Won below, lost above"), !counts.is_empty());
        assert_eq!(told.text.contains(" to 21 Nov"), !counts.is_empty());
    }
    let untold = mail(&summary(no_books()));
    assert!(!untold.html.contains("Last 30 days") && !untold.text.contains("LAST 30 DAYS"), "nobody counted");
}

#[test]
fn the_bars_have_a_cell_for_each_date_and_are_left_out_where_pages_are_read_aloud() {
    let html = mail(&rich_day()).html;
    let (_, bars) = html.split_once(r#"<table role="presentation" aria-hidden="true" width="560""#).unwrap();
    let (bars, _) = bars.split_once("23 Oct</td>").unwrap();
    assert_eq!(bars.matches(r#"<td width="18" height="72""#).count(), 30);
    let heights = |colour: &str| {
        let cells = bars.split("<td ").filter(|cell| cell.contains(&format!(r#"bgcolor="{colour}""#)));
        let heights: Vec<u64> = cells
            .map(|cell| cell.split_once(r#"height=""#).unwrap().1.split_once('"').unwrap().0.parse().unwrap())
            .collect();
        heights
    };
    let (won, lost) = (heights("#1b6e44"), heights("#d17f74"));
    assert_eq!((won.len(), lost.len()), (22, 14), "nothing is drawn of what is zero");
    assert_eq!((won.last(), lost.last()), (Some(&40), Some(&32)), "5 and 4 of 9, in 72 pixels");
}

#[test]
fn weeks_are_counted_back_from_the_day_and_add_up() {
    let text = mail(&rich_day()).text;
    let (_, weeks) = text.split_once("LAST 30 DAYS").unwrap();
    let weeks: Vec<Vec<_>> =
        weeks.lines().skip(3).take(5).map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    assert_eq!(weeks[0], ["23", "Oct", "to", "24", "Oct", "2", "1"]);
    assert_eq!(weeks[4][..5], ["15", "Nov", "to", "21", "Nov"]);
    let sum = |column: usize| weeks.iter().map(|week| week[column].parse::<u64>().unwrap()).sum::<u64>();
    assert_eq!((sum(5), sum(6)), (41, 22));
    assert!(text.contains("41 won and 22 lost; the most on 21 Nov: 9."));
}

#[test]
fn reasons_are_told_one_by_one_and_the_rest_together() {
    let line = |text: &str, start: &str| {
        let (_, reasons) = text.split_once("REASONS, 90 DAYS").unwrap();
        let line = reasons.lines().find(|line| line.trim_start().starts_with(start)).map(str::to_owned);
        line.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let rich = mail(&rich_day());
    assert_eq!(line(&rich.text, "fraudulent").unwrap(), "fraudulent 40 33 54.8 % (40 of 73)");
    assert_eq!(line(&rich.text, "no reason").unwrap(), "no reason given 3 1 75.0 % (3 of 4)");
    assert_eq!(line(&rich.text, "others").unwrap(), "others 2 2 50.0 % (2 of 4)", "118 and 64 in all");
    assert_eq!(line(&rich.text, "general"), None);
    assert!(rich.html.contains(">product not received</th>") && rich.html.contains(">others</th>"));
    assert!(rich.html.contains("&#60;b&#62;bank&#60;/b&#62;  Bcc: everyone</th>"));

    let one = ReasonCount { reason: Some("jane@example.com".to_owned()), won: 0, lost: 1 };
    let window = Window { lost: 1, ..Window::default() };
    let told = mail(&summary(DayBooks { reasons: vec![one], ninety_days: window, ..no_books() }));
    assert_eq!(line(&told.text, "***").unwrap(), "*** 0 1 0.0 % (0 of 1)");
    assert_eq!(line(&told.text, "others"), None);
    assert!(!mail(&summary(no_books())).html.contains("Reasons, 90 days"));
}
