//! The commands. Each is a module with a `run`; what they share about arguments, output and exit codes is here.

mod backfill;
mod customers;
mod disputes;
mod doctor;
mod events;
mod explain;
mod export;
mod health;
mod journal;
mod migrate;
mod monitor;
mod movements;
mod orders;
mod preview;
mod queue;
mod report;
mod rules;
mod screen;
mod serve;
mod summary;
mod tie_out;
mod utc_days;
mod woocommerce;

use std::error::Error;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chargebook_domain::ports::Clock;
use chargebook_domain::service::Said;
use chargebook_ledger_postgres::{MigrationState, PostgresLedger};
use clap::{Args, Parser, Subcommand};
use tracing::level_filters::LevelFilter;

use screen::Screen;

use crate::clock::SystemClock;
use crate::demo::{self, DemoError};
use crate::settings::{Problem, Settings};
use crate::telemetry::{self, chain};
use crate::wiring::{Database, SetUpError};

/// Exact books on payment disputes.
#[derive(Parser)]
#[command(name = "chargebook", version)]
struct Arguments {
    /// The settings file [default: chargebook.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Shows JSON for programs, in every command that shows something
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Shows the main job on real parts with invented disputes; touches nothing of yours
    Demo(demo::Options),
    /// Takes webhooks, keeps the books, mails the day's summary
    Serve,
    /// Brings the database's tables up to date
    Migrate,
    /// Asks the server on this machine whether it is ready, as a check of its health does
    Health,
    /// Checks settings, database, Stripe and mail, and says what to do
    Doctor,
    /// Reads past disputes from Stripe and books them; where one broke off, the next goes on
    Backfill(backfill::Options),
    /// Compares the disputed money in the books with Stripe's, to the cent
    #[command(name = "tieout")]
    TieOut(tie_out::Options),
    /// Asks a WooCommerce shop for what its webhooks lost
    #[command(subcommand)]
    Woocommerce(woocommerce::Command),
    /// Checks the rules, shows what they did, and what they would do
    #[command(subcommand)]
    Rules(rules::Command),
    #[command(flatten)]
    Books(BooksCommand),
}

/// The commands that read and write the books.
#[derive(Subcommand)]
enum BooksCommand {
    /// Loads orders, and checks how they are mapped
    #[command(subcommand)]
    Orders(orders::Command),
    /// Shows disputes, and links them to orders
    #[command(subcommand)]
    Dispute(disputes::Command),
    /// Shows movements of money, and says what they are for where Stripe does not
    #[command(subcommand)]
    Movements(movements::Command),
    /// Adjusts the journal by hand, and closes accounting periods
    #[command(subcommand)]
    Journal(journal::Command),
    /// Shows customers with their disputes and scores, and hashes their e-mail addresses
    #[command(subcommand)]
    Customer(customers::Command),
    /// Shows what was received, and books again what could not be booked
    #[command(subcommand)]
    Events(events::Command),
    /// Says why a dispute is in the books as it is, or is not there, and what to do
    Explain(explain::Options),
    /// Estimates how near a month is to the card networks' programmes
    Monitor(monitor::Options),
    /// Shows and sends the mail of a day
    #[command(subcommand)]
    Summary(summary::Command),
    /// What waits to be followed up and to be sent
    #[command(subcommand)]
    Queue(queue::Command),
    /// What disputes came to, in groups
    #[command(subcommand)]
    Report(report::Command),
    /// Writes the books for other systems
    #[command(subcommand)]
    Export(export::Command),
}

/// The longest text that a person signs something with.
const LINE_CHARS_MAX: usize = 300;

/// How a command ended that did its work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Done {
    Well,
    NeedsAttention,
    /// It has said so.
    WrongSettings,
}

/// Why a command did not do its work.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the settings can't be used:{}", lines(.0))]
    Settings(Vec<Problem>),
    #[error(transparent)]
    SetUp(#[from] SetUpError),
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    Failed(Box<dyn Error + Send + Sync>),
    /// As where the output goes to `head`. It is no news to anybody.
    #[error("whoever read the output is gone")]
    ReaderGone,
}

/// A command can't do what it was asked, and says what to do instead.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct Refused {
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Refused {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None }
    }

    fn because(message: impl Into<String>, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { message: message.into(), source: Some(source.into()) }
    }

    /// A file can't be read.
    fn unreadable(file: &Path, source: impl Error + Send + Sync + 'static) -> Self {
        Self::because(
            format!("{} can't be read; name a file that is there and that you may read", file.display()),
            source,
        )
    }

    /// A file can't be written.
    fn unwritable(file: &Path, source: impl Error + Send + Sync + 'static) -> Self {
        let remedy = "name a file in a folder that is there, where you may write and there is room";
        Self::because(format!("{} can't be written; {remedy}", file.display()), source)
    }

    /// The arguments can't be right.
    fn wrong_usage(error: impl std::fmt::Display) -> Failure {
        Failure::Usage(error.to_string())
    }
}

impl Failure {
    fn failed(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Failed(Box::new(error))
    }

    /// Standard output can't be written to.
    fn output(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::ReaderGone } else { Self::failed(error) }
    }

    fn exit_code(&self) -> u8 {
        match self {
            Self::ReaderGone => 0,
            Self::Failed(_) | Self::Refused(_) => 1,
            Self::Settings(_) | Self::SetUp(_) | Self::Usage(_) => 2,
        }
    }
}

impl From<DemoError> for Failure {
    fn from(error: DemoError) -> Self {
        match error {
            DemoError::SetUp(error) => error.into(),
            error if error.is_usage() => Refused::wrong_usage(error),
            error => Self::failed(error),
        }
    }
}

/// The whole program: arguments in, exit code out.
pub async fn run() -> ExitCode {
    let arguments = Arguments::parse();
    // Between the lines of a demo, only what goes wrong has a place.
    let is_demo = matches!(arguments.command, Command::Demo(_));
    telemetry::start(if is_demo { LevelFilter::WARN } else { LevelFilter::INFO });
    match dispatch(arguments).await {
        Ok(Done::Well) | Err(Failure::ReaderGone) => ExitCode::SUCCESS,
        Ok(Done::NeedsAttention) => ExitCode::from(3),
        Ok(Done::WrongSettings) => ExitCode::from(2),
        Err(failure) => {
            // Where standard error is gone, the exit code still tells.
            drop(writeln!(io::stderr(), "chargebook: {}", chain(&failure)));
            ExitCode::from(failure.exit_code())
        }
    }
}

async fn dispatch(Arguments { config, json, command }: Arguments) -> Result<Done, Failure> {
    let load = || Settings::load(config.as_deref());
    match command {
        Command::Demo(options) => {
            let stop = serve::told_to_stop().map_err(Failure::failed)?;
            Ok(demo::run(&options, stop).await.map(|()| Done::Well)?)
        }
        Command::Doctor => doctor::run(load(), json).await,
        Command::Health => health::run(&load().map_err(Failure::Settings)?, json).await,
        Command::Serve => serve::run(&load().map_err(Failure::Settings)?).await,
        Command::Migrate => migrate::run(&load().map_err(Failure::Settings)?).await,
        Command::Backfill(options) => backfill::run(&options, &load().map_err(Failure::Settings)?, json).await,
        Command::TieOut(options) => tie_out::run(&options, &load().map_err(Failure::Settings)?, json).await,
        Command::Woocommerce(command) => woocommerce::run(&command, &load().map_err(Failure::Settings)?, json).await,
        Command::Rules(command) => {
            let settings = load().map_err(Failure::Settings)?;
            let screen = Screen { json, zone: settings.schedule.zone };
            rules::run(command, &settings, screen).await
        }
        Command::Books(BooksCommand::Customer(customers::Command::Hash)) => {
            customers::hash(&load().map_err(Failure::Settings)?, json)
        }
        Command::Books(command) => {
            let settings = load().map_err(Failure::Settings)?;
            let screen = Screen { json, zone: settings.schedule.zone };
            on_the_books(command, &settings, screen).await
        }
    }
}

async fn on_the_books(command: BooksCommand, settings: &Settings, screen: Screen) -> Result<Done, Failure> {
    let database = match &command {
        BooksCommand::Orders(orders::Command::Import { .. }) => Database::open(settings).await?,
        _ => Database::open_existing(settings).await?,
    };
    let ledger = &database.ledger;
    let done = match (usable(ledger).await, command) {
        (Err(failure), _) => Err(failure),
        (Ok(()), BooksCommand::Orders(command)) => orders::run(command, ledger, settings, screen).await,
        (Ok(()), BooksCommand::Dispute(command)) => disputes::run(command, ledger, settings, screen).await,
        (Ok(()), BooksCommand::Movements(command)) => movements::run(command, ledger, settings, screen).await,
        (Ok(()), BooksCommand::Journal(command)) => journal::run(command, ledger, settings, screen).await,
        (Ok(()), BooksCommand::Customer(command)) => customers::run(command, ledger, screen).await,
        (Ok(()), BooksCommand::Events(command)) => events::run(command, ledger, settings, screen).await,
        (Ok(()), BooksCommand::Explain(options)) => explain::run(options, ledger, settings, screen).await,
        (Ok(()), BooksCommand::Monitor(options)) => monitor::run(options, ledger, settings, screen).await,
        (Ok(()), BooksCommand::Summary(command)) => summary::run(command, ledger, settings, screen).await,
        (Ok(()), BooksCommand::Queue(command)) => queue::run(command, ledger, screen).await,
        (Ok(()), BooksCommand::Report(command)) => report::run(command, ledger, screen).await,
        (Ok(()), BooksCommand::Export(command)) => export::run(command, ledger, settings).await,
    };
    database.close().await;
    done
}

/// Whether the tables are there.
async fn usable(ledger: &PostgresLedger) -> Result<(), Failure> {
    match ledger.migration_state().await {
        Ok(MigrationState::UpToDate | MigrationState::Ahead) => Ok(()),
        Ok(MigrationState::Behind { missing }) => Err(Refused::wrong_usage(format!(
            "the database lacks {missing} migrations: run `chargebook migrate`, or set database.url to the right one"
        ))),
        Err(error) => {
            Err(Refused::because("the database can't be used; `chargebook doctor` looks closer", error).into())
        }
    }
}

/// Who does something that can't be taken back, and why.
#[derive(Args)]
struct Signed {
    /// Who does it
    #[arg(long, value_parser = one_line)]
    by: String,
    /// Why, such as what the invoice says
    #[arg(long, value_parser = one_line)]
    reason: String,
}

impl Signed {
    fn now(self) -> Said {
        Said { by: self.by, reason: self.reason, at: SystemClock.now() }
    }
}

/// Reads a text that is kept for ever, in the journal and in what is exported: one line, and nobody's address.
fn one_line(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > LINE_CHARS_MAX || text.chars().any(char::is_control) {
        return Err(format!("it must be one line of text, with 1 to {LINE_CHARS_MAX} characters"));
    }
    if text.contains('@') {
        return Err("it is kept for ever, and goes into exports: name nobody by an e-mail address".to_owned());
    }
    Ok(text.to_owned())
}

/// Writes a line for the user.
fn say(line: &str) -> Result<(), Failure> {
    writeln!(io::stdout(), "{line}").map_err(Failure::output)
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().flat_map(|problem| ["\n  ".to_owned(), problem.to_string()]).collect()
}
