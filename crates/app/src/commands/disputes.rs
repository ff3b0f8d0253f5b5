//! `dispute list`, `dispute show`, `dispute link`, `dispute alias`, `dispute add`, `dispute update`.

mod add;
mod alias;
mod entered;
mod shown;
mod update;

use std::sync::Arc;

use chargebook_domain::ports::{Clock, Link, Linked, OrderBook};
use chargebook_domain::service::MatchOrders;
use chargebook_domain::{AccountId, Bucket, DisputeId, DisputeKey, OrderRef, Outcome};
use chargebook_ledger_postgres::PostgresLedger;
use chargebook_ledger_postgres::reading::DisputeFilter;
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, value_parser};

use self::shown::{listed, told};
use super::screen::{Screen, more};
use super::{Done, Failure, Refused, say};
use crate::clock::SystemClock;
use crate::settings::Settings;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Disputes with their money, the latest filed first
    List(List),
    /// The whole story of one dispute
    Show(Which),
    /// Says which order a dispute is about, where Chargebook could not tell
    Link(Choice),
    /// Says that two disputes are the same, so that one of them counts as nothing. It can't be taken back
    Alias(alias::Pair),
    /// Enters a dispute of a gateway that sends no webhooks
    Add(add::Entered),
    /// Enters what became of it
    Update(update::Update),
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
    /// Only this book, such as default, acct_..., woo:<shop> or manual:<gateway>
    #[arg(long, value_parser = account)]
    account: Option<AccountId>,
    /// At most this many lines
    #[arg(long, default_value_t = 50, value_parser = value_parser!(i64).range(1..))]
    limit: i64,
}

#[derive(Args)]
pub(super) struct Which {
    #[arg(help = "The dispute, such as du_1ABC")]
    pub(super) id: String,
    /// Its book, where several books have a dispute of this id
    #[arg(long)]
    pub(super) account: Option<String>,
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
        Command::Alias(pair) => alias::run(pair, ledger, settings).await,
        Command::Add(entered) => add::run(entered, ledger, settings).await,
        Command::Update(update) => update::run(update, ledger, settings).await,
    }
}

/// Reads the name of a book.
pub(super) fn account(text: &str) -> Result<AccountId, String> {
    AccountId::parse(text).map_err(|error| error.to_string())
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
        account: list.account,
        limit: Some(list.limit),
        ..DisputeFilter::default()
    };
    let lines = ledger.disputes(&filter).await.map_err(Failure::failed)?;
    screen.show(&lines, |lines| {
        if lines.is_empty() {
            return "No disputes.".to_owned();
        }
        format!("{}{}", listed(lines, screen), more(lines.len(), list.limit, "lines"))
    })?;
    Ok(Done::Well)
}

/// The dispute that is meant: by its id, and its book where several have it.
pub(super) async fn find(which: &Which, ledger: &PostgresLedger) -> Result<DisputeKey, Failure> {
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
