//! `monitor`, `monitor payments`.

mod shown;

use std::sync::Arc;

use chargebook_domain::monitor::{Month, Network, TypedCount};
use chargebook_domain::ports::{Clock, Monitoring};
use chargebook_ledger_postgres::PostgresLedger;
use clap::{Args, Subcommand};

use self::shown::Shown;
use super::screen::Screen;
use super::{Done, Failure, Refused, say};
use crate::clock::SystemClock;
use crate::settings::Settings;
use crate::tables::counted;
use crate::wiring;

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Options {
    /// The month, in the zone of the books [default: this one]
    #[arg(long, value_name = "YYYY-MM", value_parser = month)]
    month: Option<Month>,
    /// Shows the trend of the twelve months up to it as well
    #[arg(long)]
    year: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Types in how many payments a network had in a month, in place of what the orders say
    Payments(Payments),
}

#[derive(Args)]
struct Payments {
    /// visa, mastercard, amex, discover or other
    #[arg(value_parser = network)]
    network: Network,
    /// The month
    #[arg(value_name = "YYYY-MM", value_parser = month)]
    month: Month,
    /// How many payments
    count: u64,
    /// Who says so
    #[arg(long)]
    by: String,
    /// Where the number is from
    #[arg(long)]
    reason: String,
}

fn month(text: &str) -> Result<Month, String> {
    Month::parse(text).ok_or_else(|| "write a month, such as 2026-04".to_owned())
}

fn network(text: &str) -> Result<Network, String> {
    Network::parse(text).ok_or_else(|| format!("write one of {}", Network::ALL.map(Network::as_str).join(", ")))
}

pub(super) async fn run(
    options: Options,
    ledger: &PostgresLedger,
    settings: &Settings,
    screen: Screen,
) -> Result<Done, Failure> {
    if let Some(Command::Payments(payments)) = options.command {
        return type_in(payments, ledger).await;
    }
    let monitor = wiring::monitor(settings, Arc::new(ledger.clone()))?;
    let now = SystemClock.now();
    let present = monitor.month_of(now);
    let month = options.month.unwrap_or(present);
    if month > present {
        return Err(Refused::wrong_usage(format!("{month} has not begun")));
    }
    let days = monitor.day_by_day(month, now).await.map_err(Failure::failed)?;
    let year = if options.year {
        let first = (1..12).fold(month, |month, _| month.before());
        Some(monitor.counted(first, month).await.map_err(Failure::failed)?)
    } else {
        None
    };
    let shown = Shown::new(&monitor, (month, month == present), &days, year.as_ref(), screen.zone);
    screen.show(&shown, Shown::told)?;
    Ok(if shown.is_reached() { Done::NeedsAttention } else { Done::Well })
}

async fn type_in(payments: Payments, ledger: &PostgresLedger) -> Result<Done, Failure> {
    let Payments { network, month, count, by, reason } = payments;
    let typed = TypedCount { network, month, payments: count, by, reason, at: SystemClock.now() };
    ledger.type_in(&typed).await.map_err(Failure::failed)?;
    let payments = counted(count, "payment", "payments");
    say(&format!("{network} has {payments} in {month}, in place of what the orders say."))?;
    Ok(Done::Well)
}
