//! `dispute list`, `dispute show`, `dispute link`.

use std::fmt::Write as _;
use std::sync::Arc;

use chargebook_domain::ports::{Clock, Link, Linked, OrderBook};
use chargebook_domain::service::MatchOrders;
use chargebook_domain::{AccountId, Bucket, DisputeId, DisputeKey, OrderRef, Outcome};
use chargebook_ledger_postgres::PostgresLedger;
use chargebook_ledger_postgres::reading::{DisputeFilter, DisputeLine, JournalLine, OrderLine, Story};
use chrono::NaiveDate;
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, value_parser};
use comfy_table::{Cell, Table};

use super::screen::Screen;
use super::{Done, Failure, Refused, say};
use crate::clock::SystemClock;
use crate::settings::Settings;
use crate::tables::{Columns, amount, currency, maybe, word};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Disputes with their money, the latest filed first
    List(List),
    /// The whole story of one dispute
    Show(Which),
    /// Says which order a dispute is about, where Chargebook could not tell
    Link(Choice),
}

#[derive(Args)]
pub(super) struct List {
    /// Only this outcome
    #[arg(long, value_parser = PossibleValuesParser::new(Outcome::ALL.map(Outcome::as_str)))]
    outcome: Option<String>,
    /// Only this bucket
    #[arg(long, value_parser = PossibleValuesParser::new(Bucket::ALL.map(Bucket::as_str)))]
    bucket: Option<String>,
    /// Only disputes without an order
    #[arg(long)]
    orphans: bool,
    /// Only disputes that could be of several orders
    #[arg(long, conflicts_with = "orphans")]
    ambiguous: bool,
    /// Only disputes whose money needs an explanation
    #[arg(long)]
    money_questions: bool,
    /// At most this many lines
    #[arg(long, default_value_t = 50, value_parser = value_parser!(i64).range(1..))]
    limit: i64,
}

#[derive(Args)]
pub(super) struct Which {
    #[arg(help = "The dispute, such as du_1ABC")]
    id: String,
    /// Its book, where several books have a dispute of this id
    #[arg(long)]
    account: Option<String>,
}

#[derive(Args)]
pub(super) struct Choice {
    #[command(flatten)]
    which: Which,
    /// The order's reference
    order: String,
    /// Who chose
    #[arg(long, env = "USER", default_value = "not said")]
    by: String,
    /// Why
    #[arg(long, default_value = "not said")]
    reason: String,
}

pub(super) async fn run(
    command: Command,
    ledger: &PostgresLedger,
    settings: &Settings,
    screen: Screen,
) -> Result<Done, Failure> {
    match command {
        Command::List(list) => show_list(list, ledger, screen).await,
        Command::Show(which) => {
            let key = find(&which, ledger).await?;
            let story = ledger.story(&key.account, &key.dispute).await.map_err(Failure::failed)?;
            screen.show(&story, |story| told(story, screen))?;
            Ok(Done::Well)
        }
        Command::Link(choice) => link(choice, ledger, settings).await,
    }
}

async fn show_list(list: List, ledger: &PostgresLedger, screen: Screen) -> Result<Done, Failure> {
    let order_match = match (list.orphans, list.ambiguous) {
        (true, _) => Some("orphan".to_owned()),
        (_, true) => Some("ambiguous".to_owned()),
        (false, false) => None,
    };
    let filter = DisputeFilter {
        outcome: list.outcome,
        bucket: list.bucket,
        order_match,
        money_questions: list.money_questions,
        limit: Some(list.limit),
        ..DisputeFilter::default()
    };
    let lines = ledger.disputes(&filter).await.map_err(Failure::failed)?;
    screen.show(&lines, |lines| {
        if lines.is_empty() {
            return "No disputes.".to_owned();
        }
        let full = i64::try_from(lines.len()).is_ok_and(|count| count == list.limit);
        let more = if full { format!("\nThe first {} lines; --limit shows more.", list.limit) } else { String::new() };
        format!("{}{more}", listed(lines, screen))
    })?;
    Ok(Done::Well)
}

fn listed(lines: &[DisputeLine], screen: Screen) -> Table {
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

/// The dispute that is meant: by its id, and its book where several have it.
async fn find(which: &Which, ledger: &PostgresLedger) -> Result<DisputeKey, Failure> {
    let dispute = DisputeId::parse(&which.id).map_err(Refused::wrong_usage)?;
    let accounts = ledger.accounts_of(&dispute).await.map_err(Failure::failed)?;
    let named = which.account.as_deref().map(AccountId::parse).transpose().map_err(Refused::wrong_usage)?;
    let mut fitting = accounts.into_iter().filter(|account| named.as_ref().is_none_or(|named| named == account));
    match (fitting.next(), fitting.next()) {
        (Some(account), None) => Ok(DisputeKey { account, dispute }),
        (None, _) => Err(Refused::new(format!(
            "no dispute {dispute} is in the books; `chargebook events list --quarantined` shows what could not be booked"
        ))
        .into()),
        (Some(first), Some(second)) => Err(Refused::new(format!(
            "several books have a dispute {dispute}, among them {first} and {second}: name one with --account"
        ))
        .into()),
    }
}

async fn link(choice: Choice, ledger: &PostgresLedger, settings: &Settings) -> Result<Done, Failure> {
    let key = find(&choice.which, ledger).await?;
    let order = OrderRef::parse(&choice.order).map_err(Refused::wrong_usage)?;
    let now = SystemClock.now();
    let link =
        Link { key: key.clone(), order: order.clone(), linked_by: choice.by, reason: choice.reason, linked_at: now };
    match ledger.link(&link).await.map_err(Failure::failed)? {
        Linked::NoSuchOrder => return Err(Refused::new(format!("no order {order} is known; import it first")).into()),
        Linked::NoSuchDispute => return Err(Refused::new(format!("no dispute {} is in the books", key.dispute)).into()),
        Linked::Kept => {}
    }
    let matching = MatchOrders::new(Arc::new(ledger.clone()), Arc::new(ledger.clone()), settings.rules);
    matching.match_again(std::slice::from_ref(&key), now).await.map_err(Failure::failed)?;
    say(&format!("Dispute {} is linked to order {order}.", key.dispute))?;
    Ok(Done::Well)
}

/// One screen with all that is known.
fn told(story: &Story, screen: Screen) -> String {
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
