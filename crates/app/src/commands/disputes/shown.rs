//! How disputes are shown: in a list, and one with its whole story.

use std::fmt::Write as _;

use chargebook_ledger_postgres::reading::{DisputeLine, JournalLine, OrderLine, Story};
use chrono::NaiveDate;
use comfy_table::{Cell, Table};

use crate::commands::screen::Screen;
use crate::tables::{Columns, amount, currency, maybe, word};

pub(super) fn listed(lines: &[DisputeLine], screen: Screen) -> Table {
    let filed =
        |line: &DisputeLine| line.opened_at.map(|at| at.with_timezone(&screen.zone).format("%Y-%m-%d").to_string());
    let settled = |line: &DisputeLine, minor| amount(minor, &line.settlement_currency);
    Columns::of(lines)
        .left("Dispute", |line| line.dispute_id.clone())
        .left("Order", |line| line.order_ref.clone().map_or_else(|| word(&line.order_match), Cell::new))
        .left("Filed", |line| maybe(filed(line).as_deref()).to_owned())
        .right("Disputed", disputed)
        .left("Outcome", |line| word(&line.outcome))
        .left("Bucket", |line| word(&line.bucket))
        .left("Currency", |line| currency(&line.settlement_currency))
        .right("Recovered", |line| settled(line, line.recovered_minor))
        .right("Lost", |line| settled(line, line.loss_minor))
        .right("Fees", |line| settled(line, line.fee_minor))
        .right("Net", |line| settled(line, line.net_minor))
        .table()
}

/// What the cardholder disputes, in the currency of the payment.
fn disputed(line: &DisputeLine) -> String {
    format!("{} {}", amount(line.disputed_minor, &line.disputed_currency), currency(&line.disputed_currency))
}

/// One screen with all that is known.
pub(super) fn told(story: &Story, screen: Screen) -> String {
    let mut text = String::new();
    if let Some(facts) = story.facts.first() {
        text.push_str(&facts_of(facts, story.orders.is_empty(), screen));
    }
    let mut section = |title: &str, table: Table| {
        if table.row_iter().next().is_some() {
            // Writing to a String can't fail.
            let _ = write!(text, "\n\n{title}\n{table}");
        }
    };
    section("By order", orders_of(story));
    section("What is odd", odd_of(story));
    section("History", history_of(story, screen));
    section("Movements of money", movements_of(story, screen));
    section("Journal (debit positive, credit negative)", journal_of(story));
    section("Resolution rows", resolutions_of(story, screen));
    text
}

/// The order is among them only where no table of orders follows.
fn facts_of(facts: &DisputeLine, with_order: bool, screen: Screen) -> String {
    let lines = [
        ("Dispute", format!("{} in the book {}", facts.dispute_id, facts.account)),
        ("Status", status_of(facts)),
        ("Disputed", disputed(facts)),
        ("Reason", maybe(facts.reason.as_deref()).replace('_', " ")),
        ("Card", maybe(facts.card_brand.as_deref()).to_owned()),
        ("Charge", maybe(facts.charge_id.as_deref()).to_owned()),
        ("Payment", maybe(facts.payment_intent_id.as_deref()).to_owned()),
        ("Filed", screen.maybe_time(facts.opened_at)),
        ("Closed", screen.maybe_time(facts.closed_at)),
        ("Evidence due", screen.maybe_time(facts.evidence_due_by)),
        ("Contested", facts.evidence_submitted.map_or("not known", |yes| if yes { "yes" } else { "no" }).to_owned()),
        ("Order", facts.order_ref.clone().unwrap_or_else(|| facts.order_match.clone())),
    ];
    let shown = if with_order { lines.len() } else { lines.len().saturating_sub(1) };
    let lines: Vec<_> = lines.into_iter().take(shown).map(|(name, value)| format!("{name:<13} {value}")).collect();
    format!("{}\n{:<13} times are in {}", lines.join("\n"), "", screen.zone)
}

/// Such as `won (recovered)`, and the source's own word where it is another one.
fn status_of(facts: &DisputeLine) -> String {
    let raw = if facts.status == facts.outcome { String::new() } else { format!(", {}", facts.status) };
    format!("{} ({}){raw}", facts.outcome, facts.bucket).replace('_', " ")
}

fn orders_of(story: &Story) -> Table {
    let settled = |line: &OrderLine, minor| amount(minor, &line.settlement_currency);
    Columns::of(&story.orders)
        .left("Order", |line| format!("{}{}", line.order_ref, if line.ambiguous { " (one of several)" } else { "" }))
        .left("Bucket", |line| word(&line.bucket))
        .left("Currency", |line| currency(&line.settlement_currency))
        .right("Recovered", |line| settled(line, line.recovered_minor))
        .right("Lost", |line| settled(line, line.loss_minor))
        .right("Fees", |line| settled(line, line.fee_minor))
        .right("Net impact", |line| settled(line, line.net_minor))
        .table()
}

fn odd_of(story: &Story) -> Table {
    Columns::of(&story.discrepancies)
        .left("What", |line| line.kind.replace('_', " "))
        .left("About", |line| line.detail.clone())
        .table()
}

fn history_of(story: &Story, screen: Screen) -> Table {
    Columns::of(&story.history)
        .left("As of", |line| screen.time(line.as_of))
        .left("Status", |line| line.status.clone())
        .left("By", |line| format!("{} {}", line.basis, line.cause))
        .left("Recorded", |line| screen.time(line.recorded_at))
        .table()
}

fn movements_of(story: &Story, screen: Screen) -> Table {
    Columns::of(&story.movements)
        .left("At", |line| screen.time(line.occurred_at))
        .left("Movement", |line| line.movement_id.clone())
        .left("Category", |line| line.category.clone())
        .left("Currency", |line| currency(&line.currency))
        .right("Amount", |line| amount(line.amount_minor, &line.currency))
        .right("Fee", |line| amount(line.fee_minor, &line.currency))
        .right("Net", |line| amount(line.net_minor, &line.currency))
        .table()
}

fn journal_of(story: &Story) -> Table {
    // What an entry has in common stands at its first posting.
    let heading = |line: &JournalLine, text: String| if line.line == 1 { text } else { String::new() };
    Columns::of(&story.journal)
        .left("Posted on", |line| heading(line, line.posted_on.to_string()))
        .left("Narration", |line| heading(line, line.narration.clone()))
        .left("Account", |line| line.ledger_account.clone())
        .left("Currency", |line| currency(&line.currency))
        .right("Amount", |line| amount(line.amount_minor, &line.currency))
        .left("Sealed in", |line| heading(line, date(line.sealed_in)))
        .table()
}

fn resolutions_of(story: &Story, screen: Screen) -> Table {
    Columns::of(&story.resolutions)
        .left("At", |line| screen.time(line.occurred_at))
        .left("Kind", |line| line.kind.clone())
        .left("Currency", |line| currency(&line.currency))
        .right("Recovered", |line| amount(line.recovered_delta_minor, &line.currency))
        .right("Lost", |line| amount(line.loss_delta_minor, &line.currency))
        .right("Fees", |line| amount(line.fee_delta_minor, &line.currency))
        .right("FX", |line| amount(line.fx_delta_minor, &line.currency))
        .right("Pending", |line| amount(line.pending_delta_minor, &line.currency))
        .right("Net", |line| amount(line.net_delta_minor, &line.currency))
        .left("Sealed in", |line| date(line.sealed_in))
        .table()
}

/// A date that may not be known.
fn date(on: Option<NaiveDate>) -> String {
    on.map_or_else(|| "-".to_owned(), |on| on.to_string())
}
