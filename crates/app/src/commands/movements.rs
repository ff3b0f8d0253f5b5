//! `movements list`, `movements tie`, `movements reclassify`.

use std::sync::Arc;

use chargebook_domain::service::{Attribute, AttributeError, Attributing};
use chargebook_domain::{AccountId, AttributionError, DecideError, Meaning, MovementId};
use chargebook_ledger_postgres::{KeptMovementLine, MovementFilter, PostgresLedger};
use chrono::NaiveDate;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand, value_parser};
use comfy_table::Table;

use super::disputes::{Which, account, find};
use super::screen::{Screen, more};
use super::{Done, Failure, Refused, Signed, say};
use crate::settings::Settings;
use crate::tables::{Columns, amount, currency, maybe, word};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Movements of money, the latest first
    List(List),
    /// Says that a movement of the account is for a dispute, such as the fee for countering it. It can't be taken back
    Tie(Tie),
    /// Says what a movement left in suspense is, and moves all of it there. It can't be taken back
    Reclassify(Reclassify),
}

#[derive(Args)]
pub(super) struct List {
    /// Only those of the account that are tied to no dispute
    #[arg(long)]
    untied: bool,
    /// Only those whose money is in suspense
    #[arg(long)]
    suspense: bool,
    /// Only this book, such as default or acct_...
    #[arg(long, value_parser = account)]
    account: Option<AccountId>,
    /// At most this many lines
    #[arg(long, default_value_t = 50, value_parser = value_parser!(i64).range(1..))]
    limit: i64,
}

#[derive(Args)]
pub(super) struct Tie {
    #[arg(help = "The movement, such as txn_1ABC")]
    movement: String,
    /// The dispute that it is for
    dispute: String,
    /// The book of both, where several books have a dispute of this id
    #[arg(long)]
    account: Option<String>,
    #[command(flatten)]
    signed: Signed,
}

#[derive(Args)]
pub(super) struct Reclassify {
    #[arg(help = "The movement, such as txn_1ABC")]
    movement: String,
    /// What its money in suspense is: a fee, or disputed money
    #[arg(long = "as", value_parser = meanings())]
    meaning: Meaning,
    /// Its book
    #[arg(long, value_parser = account, default_value = "default")]
    account: AccountId,
    /// The business date it is booked on [default: today]
    #[arg(long)]
    date: Option<NaiveDate>,
    #[command(flatten)]
    signed: Signed,
}

fn meanings() -> impl TypedValueParser<Value = Meaning> {
    PossibleValuesParser::new(Meaning::ALL.map(Meaning::as_str))
        .try_map(|word| Meaning::parse(&word).ok_or("there is no such meaning"))
}

pub(super) async fn run(
    command: Command,
    ledger: &PostgresLedger,
    settings: &Settings,
    screen: Screen,
) -> Result<Done, Failure> {
    let shared = Arc::new(ledger.clone());
    let attribute = Attribute::new(shared.clone(), shared.clone(), shared, settings.rules);
    match command {
        Command::List(list) => show_list(list, ledger, screen).await,
        Command::Tie(tie) => {
            let id = MovementId::parse(&tie.movement).map_err(Refused::wrong_usage)?;
            let to = find(&Which { id: tie.dispute, account: tie.account }, ledger).await?;
            match attribute.tie(&id, &to, tie.signed.now()).await.map_err(refused)? {
                Attributing::Kept(dispute) => say(&format!("Movement {id} is tied to dispute {dispute}."))?,
                Attributing::KnownBefore(dispute) => say(&format!("Movement {id} was tied to {dispute} before."))?,
            }
            Ok(Done::Well)
        }
        Command::Reclassify(Reclassify { movement, meaning, account, date, signed }) => {
            let id = MovementId::parse(&movement).map_err(Refused::wrong_usage)?;
            let word = meaning.as_str();
            match attribute.reclassify((&account, &id), meaning, date, signed.now()).await.map_err(refused)? {
                Attributing::Kept(dispute) => {
                    say(&format!("What movement {id} left in suspense is booked as {word} of dispute {dispute}."))?;
                }
                Attributing::KnownBefore(dispute) => {
                    say(&format!(
                        "What movement {id} left in suspense was booked as {word} of dispute {dispute} before."
                    ))?;
                }
            }
            Ok(Done::Well)
        }
    }
}

/// What the arguments make impossible is wrong usage; what the books do is not.
fn refused(error: AttributeError) -> Failure {
    match error {
        AttributeError::Ledger(error) => Failure::failed(error),
        AttributeError::InTheFuture
        | AttributeError::Closed(_)
        | AttributeError::Objection(DecideError::Attribution(AttributionError::BeforeTheMovement(_))) => {
            Failure::Usage(format!("--date: {error}"))
        }
        error => Refused::new(error.to_string()).into(),
    }
}

async fn show_list(list: List, ledger: &PostgresLedger, screen: Screen) -> Result<Done, Failure> {
    let List { untied, suspense, account, limit } = list;
    let filter = MovementFilter { untied, in_suspense: suspense, account, limit };
    let lines = ledger.movements(&filter).await.map_err(Failure::failed)?;
    screen.show(&lines, |lines| {
        if lines.is_empty() {
            return "No movements.".to_owned();
        }
        format!("{}{}", listed(lines, screen), more(lines.len(), limit, "lines"))
    })?;
    Ok(Done::Well)
}

fn listed(lines: &[KeptMovementLine], screen: Screen) -> Table {
    let whose = |line: &KeptMovementLine| match (&line.dispute_id, &line.tied_to) {
        (Some(dispute), _) => dispute.clone(),
        (None, Some(dispute)) => format!("{dispute} (tied)"),
        (None, None) => "the account's".to_owned(),
    };
    let money = |line: &KeptMovementLine, minor| amount(minor, &line.currency);
    Columns::of(lines)
        .left("Movement", |line| line.movement_id.clone())
        .left("Time", |line| screen.time(line.occurred_at))
        .left("Category", |line| word(&line.category))
        .left("Dispute", whose)
        .left("Currency", |line| currency(&line.currency))
        .right("Amount", |line| money(line, line.amount_minor))
        .right("Fee", |line| money(line, line.fee_minor))
        .right("Net", |line| money(line, line.net_minor))
        .right("In suspense", |line| money(line, line.suspense_minor))
        .left("Description", |line| maybe(line.description.as_deref()).to_owned())
        .table()
}
