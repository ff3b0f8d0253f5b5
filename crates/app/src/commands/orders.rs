//! `orders import`, `orders check`.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chargebook_domain::ports::{Clock, OrderBook};
use chargebook_domain::service::MatchOrders;
use chargebook_ledger_postgres::{MappingReport, OrderSource, PostgresLedger};
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::screen::Screen;
use super::{Done, Failure, Refused, say};
use crate::clock::SystemClock;
use crate::order_file::{self, BadLine};
use crate::settings::Settings;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Loads orders from a CSV file, and links disputes that were waiting for them
    Import {
        #[arg(help = "CSV with the columns order_ref, charge_id, payment_intent_id, amount (major units), currency, \
                      customer_email, placed_at and, if you have it, refunded")]
        file: PathBuf,
    },
    /// Looks at the orders, or at your view of them, and says what would not match
    Check,
}

pub(super) async fn run(
    command: Command,
    ledger: &PostgresLedger,
    settings: &Settings,
    screen: Screen,
) -> Result<Done, Failure> {
    match command {
        Command::Import { file } => import(file, ledger, settings).await,
        Command::Check => {
            let report = ledger.check_orders().await.map_err(|error| {
                let remedy = "see docs/orders.md for the columns that the view must have";
                Refused::because(format!("the orders can't be read; {remedy}"), error)
            })?;
            check(&report, settings, screen)
        }
    }
}

async fn import(file: PathBuf, ledger: &PostgresLedger, settings: &Settings) -> Result<Done, Failure> {
    if settings.orders != OrderSource::Table {
        return Err(Refused::wrong_usage(Refused::new("orders.mode is view: your view is read, nothing is imported")));
    }
    let name = file.display().to_string();
    let payments = tokio::task::spawn_blocking(move || {
        let unreadable = |error| Refused::unreadable(&file, error);
        let opened = File::open(&file).map_err(unreadable)?;
        let metadata = opened.metadata().map_err(unreadable)?;
        if metadata.is_dir() {
            return Err(unreadable(io::ErrorKind::IsADirectory.into()).into());
        }
        let size = metadata.len();
        let bar = ProgressBar::new(size).with_style(style("{bar:40} {bytes}/{total_bytes} read"));
        let read = order_file::read(bar.wrap_read(opened));
        bar.finish_and_clear();
        read.map_err(|bad| Failure::from(bad_file(&name, &bad)))
    })
    .await
    .map_err(Failure::failed)??;
    let spinner = ProgressBar::new_spinner().with_style(style("{spinner} {msg}"));
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner.set_message(format!("writing {} payments", payments.len()));
    let imported = ledger.import(&payments).await.map_err(Failure::failed)?;
    spinner.set_message("linking disputes");
    let shared = Arc::new(ledger.clone());
    let matching = MatchOrders::new(shared.clone(), shared, settings.rules);
    let swept = matching.sweep(SystemClock.now()).await.map_err(Failure::failed)?;
    spinner.finish_and_clear();
    say(&format!(
        "{} payments are new, {} changed, {} were known as they are; {} disputes were matched again.",
        imported.new, imported.changed, imported.same, swept.disputes
    ))?;
    Ok(Done::Well)
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn bad_file(name: &str, bad: &[BadLine]) -> Refused {
    let lines: Vec<_> = bad.iter().map(ToString::to_string).collect();
    Refused::new(format!("nothing of {name} was loaded:\n  {}", lines.join("\n  ")))
}

/// The report for programs.
#[derive(Serialize)]
struct Shown {
    rows: i64,
    without_charge: i64,
    without_payment_intent: i64,
    without_payment: i64,
    without_placed_at: i64,
    duplicates: i64,
    unreadable: i64,
    first_unreadable: Option<String>,
    compared: i64,
    off_by_100: i64,
    problems: Vec<&'static str>,
}

fn check(report: &MappingReport, settings: &Settings, screen: Screen) -> Result<Done, Failure> {
    let mut problems = Vec::new();
    let mut unless = |fine: bool, problem| {
        if !fine {
            problems.push(problem);
        }
    };
    unless(report.rows > 0, "there are no orders: every dispute stays an orphan");
    unless(report.unreadable == 0, "some rows can't be read: their amount has too many decimals, or no known currency");
    unless(report.without_payment < report.rows.max(1), "no row has a charge or a payment intent to match by");
    unless(report.duplicates == 0, "some charges stand at several orders: their disputes will be ambiguous");
    unless(report.off_by_100 == 0, "some amounts are off by 100 from what is disputed: see orders.amount_unit");
    let shown = Shown {
        rows: report.rows,
        without_charge: report.without_charge,
        without_payment_intent: report.without_payment_intent,
        without_payment: report.without_payment,
        without_placed_at: report.without_placed_at,
        duplicates: report.duplicates,
        unreadable: report.unreadable,
        first_unreadable: report.first_unreadable.clone(),
        compared: report.compared,
        off_by_100: report.off_by_100,
        problems,
    };
    let source = match &settings.orders {
        OrderSource::Table => "chargebook.orders".to_owned(),
        OrderSource::View { quoted, .. } => format!("the view {quoted}"),
    };
    let healthy = shown.problems.is_empty();
    screen.show(&shown, |shown| told(shown, &source))?;
    Ok(if healthy { Done::Well } else { Done::NeedsAttention })
}

fn told(shown: &Shown, source: &str) -> String {
    let share = |part: i64| format!("{part} of {}", shown.rows);
    let lines = [
        ("looked at", format!("{} payments in {source}", shown.rows)),
        ("without charge", share(shown.without_charge)),
        ("without payment intent", share(shown.without_payment_intent)),
        ("without either", share(shown.without_payment)),
        ("without placed_at", share(shown.without_placed_at)),
        ("at several orders", format!("{} charges or payment intents", shown.duplicates)),
        (
            "not readable",
            share(shown.unreadable)
                + &shown.first_unreadable.as_ref().map_or(String::new(), |first| format!(", first {first}")),
        ),
        ("off by 100", format!("{} of {} that disputes were compared with", shown.off_by_100, shown.compared)),
    ];
    let lines: Vec<_> = lines.into_iter().map(|(name, value)| format!("{name:<23} {value}")).collect();
    let verdict = if shown.problems.is_empty() {
        "The mapping is fine.".to_owned()
    } else {
        shown.problems.iter().map(|problem| format!("!! {problem}")).collect::<Vec<_>>().join("\n")
    };
    format!("{}\n\n{verdict}", lines.join("\n"))
}
