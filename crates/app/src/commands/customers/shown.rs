//! Customers as people read them.

use std::fmt::Write as _;

use chargebook_ledger_postgres::reading::{CustomerAmount, CustomerLine, CustomerStory};
use comfy_table::Table;

use super::super::screen::{Screen, more};
use crate::tables::{Columns, amount, currency, maybe, word};

/// How much of a hash is shown where many are: enough to tell apart all customers that there can be.
const DIGITS: usize = 16;

pub(super) fn list(lines: &[CustomerLine], limit: i64, screen: Screen) -> String {
    if lines.is_empty() {
        return "No customers.".to_owned();
    }
    let table = Columns::of(lines)
        .left("Customer", |line| short(&line.customer))
        .right("Score", |line| score(line.score))
        .left("Blocked", |line| if line.blocked { "yes" } else { "" })
        .right("Disputes", |line| line.disputes.to_string())
        .right("Open", |line| line.open.to_string())
        .right("Won", |line| line.won.to_string())
        .right("Lost", |line| line.lost.to_string())
        .right("Inquiries", |line| line.inquiries.to_string())
        .right("Orders", |line| line.orders.to_string())
        .left("Disputed orders", rate)
        .left("Disputed", |line| amounts(&line.amounts, |amount| amount.disputed_minor))
        .left("Lost", |line| amounts(&line.amounts, |amount| amount.lost_minor))
        .left("Latest", |line| screen.maybe_time(line.last_at))
        .table();
    format!("{table}{}", more(lines.len(), limit, "customers"))
}

/// One screen with all that is known.
pub(super) fn story(story: &CustomerStory, screen: Screen) -> String {
    let mut text = figures(story, screen);
    let mut section = |title: &str, table: Table| {
        if table.row_iter().next().is_some() {
            // Writing to a String can't fail.
            let _ = write!(text, "\n\n{title}\n{table}");
        }
    };
    section("Amounts", amounts_of(story));
    section("Disputes and inquiries", disputes_of(story, screen));
    section("Decisions", decisions_of(story, screen));
    section("Others with the same card (strong), or with one that looks the same (weak)", linked_to(story));
    text
}

fn figures(story: &CustomerStory, screen: Screen) -> String {
    let line = &story.line;
    let of_disputes = format!(
        "{} ({} open, {} won, {} lost, {} refunded or prevented), and {} inquiries",
        line.disputes, line.open, line.won, line.lost, line.other_closed, line.inquiries
    );
    let since = story.decisions.first().filter(|_| line.blocked);
    let blocked = since.map_or_else(
        || "no".to_owned(),
        |decision| format!("since {}: {}", screen.time(decision.decided_at), decision.reason),
    );
    let mut lines = vec![
        ("Customer", line.customer.clone()),
        ("Score", format!("{}, as of {}", score(line.score), screen.maybe_time(story.scored_at))),
    ];
    lines.extend(story.score_reasons.iter().map(|reason| ("", reason.clone())));
    lines.extend([
        ("Blocked", blocked),
        ("Tags", if line.tags.is_empty() { "-".to_owned() } else { line.tags.join(", ") }),
        ("Disputes", of_disputes),
        ("Orders", format!("{}, disputed {}", line.orders, rate(line))),
        ("First dispute", screen.maybe_time(line.first_at)),
        ("Last dispute", screen.maybe_time(line.last_at)),
        ("Known since", screen.time(line.known_since)),
    ]);
    lines.extend(story.former.iter().map(|former| ("Former hash", former.clone())));
    lines.push(("", format!("times are in {}", screen.zone)));
    let lines: Vec<_> = lines.into_iter().map(|(name, value)| format!("{name:<14} {value}")).collect();
    lines.join("\n")
}

fn amounts_of(story: &CustomerStory) -> Table {
    Columns::of(&story.line.amounts)
        .left("Currency", |line| currency(&line.currency))
        .right("Disputed", |line| amount(line.disputed_minor, &line.currency))
        .right("Lost", |line| amount(line.lost_minor, &line.currency))
        .right("Won", |line| amount(line.won_minor, &line.currency))
        .table()
}

fn disputes_of(story: &CustomerStory, screen: Screen) -> Table {
    Columns::of(&story.dispute_list)
        .left("Dispute", |line| line.dispute_id.clone())
        .left("Book", |line| line.account.clone())
        .left("Order", |line| maybe(line.order_ref.as_deref()).to_owned())
        .left("Filed", |line| screen.maybe_time(line.opened_at))
        .left("Closed", |line| screen.maybe_time(line.closed_at))
        .left("Outcome", |line| word(&line.outcome))
        .left("Currency", |line| currency(&line.disputed_currency))
        .right("Disputed", |line| amount(line.disputed_minor, &line.disputed_currency))
        .table()
}

fn decisions_of(story: &CustomerStory, screen: Screen) -> Table {
    Columns::of(&story.decisions)
        .left("At", |line| screen.time(line.decided_at))
        .left("By", |line| line.decided_by.clone())
        .left("Decision", |line| if line.is_blocked { "blocked" } else { "not blocked" })
        .left("Why", |line| line.reason.clone())
        .table()
}

fn linked_to(story: &CustomerStory) -> Table {
    Columns::of(&story.linked)
        .left("Link", |line| line.link.clone())
        .left("Customer", |line| short(&line.customer))
        .right("Cards", |line| line.cards.to_string())
        .right("Disputes by them", |line| line.disputes.to_string())
        .table()
}

fn short(hash: &str) -> String {
    hash.chars().take(DIGITS).collect()
}

fn score(score: Option<i16>) -> String {
    score.map_or_else(|| "-".to_owned(), |score| score.to_string())
}

/// Such as `12.50 % (1 of 8)`.
fn rate(line: &CustomerLine) -> String {
    let of = format!("({} of {})", line.disputed_orders, line.orders);
    line.dispute_rate_bps.map_or_else(|| format!("- {of}"), |bps| format!("{}.{:02} % {of}", bps / 100, bps % 100))
}

/// Such as `1,200.00 EUR, 5.00 USD`; what is nothing is left out.
fn amounts(lines: &[CustomerAmount], of: impl Fn(&CustomerAmount) -> i64) -> String {
    let lines = lines.iter().filter(|line| of(line) != 0);
    let shown: Vec<_> =
        lines.map(|line| format!("{} {}", amount(of(line), &line.currency), currency(&line.currency))).collect();
    shown.join(", ")
}
