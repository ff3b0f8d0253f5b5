//! `journal adjust`, `journal close`, `journal closings`, `journal conventions`.

use std::sync::Arc;

use chargebook_domain::ports::{Closed, Closing, Periods};
use chargebook_domain::service::{Adjust, AdjustError, Adjusted, Adjustment, Said};
use chargebook_domain::{AccountId, CauseId, Currency, DisputeId, LedgerAccount, Money, Posting};
use chargebook_ledger_postgres::PostgresLedger;
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::disputes::account;
use super::screen::Screen;
use super::{Done, Failure, Refused, Signed, say};
use crate::settings::Settings;
use crate::tables::{Columns, amount, currency};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Books an entry by hand. It changes no figure of a dispute, and is corrected by another
    Adjust(Adjustments),
    /// Closes the books through a day: nothing is posted on it or before any more. It can't be taken back
    Close(Period),
    /// The periods that are closed, the latest first
    Closings,
    /// By which convention disputes are begun, and since when, the latest first
    Conventions,
}

#[derive(Args)]
pub(super) struct Adjustments {
    /// Tells it from other adjustments: made again under the same key, it is booked once
    #[arg(long)]
    key: String,
    /// Its currency, such as usd
    #[arg(long)]
    currency: String,
    #[arg(
        long,
        required = true,
        value_name = "ACCOUNT=AMOUNT",
        help = "Debits an account, in major units, such as \
        expenses:dispute-fees=12.50"
    )]
    debit: Vec<String>,
    #[arg(long, required = true, value_name = "ACCOUNT=AMOUNT", help = "Credits an account, in major units")]
    credit: Vec<String>,
    /// The dispute that it is about
    #[arg(long)]
    dispute: Option<String>,
    /// Its book
    #[arg(long, value_parser = account, default_value = "default")]
    account: AccountId,
    /// The accounting date [default: today]
    #[arg(long)]
    date: Option<NaiveDate>,
    #[command(flatten)]
    signed: Signed,
}

#[derive(Args)]
pub(super) struct Period {
    /// The last day of the period, such as 2026-10-31
    #[arg(long)]
    through: NaiveDate,
    #[command(flatten)]
    signed: Signed,
}

pub(super) async fn run(
    command: Command,
    ledger: &PostgresLedger,
    settings: &Settings,
    screen: Screen,
) -> Result<Done, Failure> {
    match command {
        Command::Adjust(adjustments) => adjust(adjustments, ledger, settings).await,
        Command::Close(period) => close(period, ledger, settings, screen).await,
        Command::Closings => closings(ledger, screen).await,
        Command::Conventions => conventions(ledger, screen).await,
    }
}

async fn adjust(adjustments: Adjustments, ledger: &PostgresLedger, settings: &Settings) -> Result<Done, Failure> {
    let wrong = |argument: &str, error: &dyn std::fmt::Display| Failure::Usage(format!("--{argument}: {error}"));
    let currency = Currency::parse(&adjustments.currency).map_err(|error| wrong("currency", &error))?;
    let dispute = adjustments.dispute.as_deref().map(DisputeId::parse).transpose();
    let mut postings = Vec::new();
    for (argument, sign, given) in [("debit", 1, &adjustments.debit), ("credit", -1, &adjustments.credit)] {
        for text in given {
            postings.push(posting(text, sign, currency).map_err(|error| wrong(argument, &error))?);
        }
    }
    let adjustment = Adjustment {
        account: adjustments.account,
        key: CauseId::parse(&adjustments.key).map_err(|_| wrong("key", &"it must be 1 to 255 printable characters"))?,
        dispute: dispute.map_err(|error| wrong("dispute", &error))?,
        postings,
        on: adjustments.date,
    };
    let said = adjustments.signed.now();
    let shared = Arc::new(ledger.clone());
    let done = Adjust::new(shared.clone(), shared, settings.rules).adjust(&adjustment, &said).await;
    match done {
        Ok(Adjusted::Kept(id)) => say(&format!("Entry {id} is in the journal."))?,
        Ok(Adjusted::KnownBefore(id)) => say(&format!("Entry {id} was in the journal before, exactly so."))?,
        Err(AdjustError::Ledger(error)) => return Err(Failure::failed(error)),
        Err(error @ (AdjustError::Closed(_) | AdjustError::InTheFuture)) => return Err(wrong("date", &error)),
        Err(error @ AdjustError::KeyUsed(_)) => return Err(Refused::new(error.to_string()).into()),
        Err(error @ AdjustError::NoSuchDispute(_)) => return Err(wrong("dispute", &error)),
        Err(error @ (AdjustError::Empty | AdjustError::Journal(_))) => return Err(wrong("debit, --credit", &error)),
    }
    Ok(Done::Well)
}

/// Reads a posting; `sign` is 1 for a debit and -1 for a credit.
fn posting(text: &str, sign: i64, currency: Currency) -> Result<Posting, String> {
    let (name, text) = text.split_once('=').ok_or("write ACCOUNT=AMOUNT, such as expenses:dispute-fees=12.50")?;
    let account = LedgerAccount::parse(name).ok_or_else(|| {
        let known = LedgerAccount::ALL.map(LedgerAccount::as_str).join(", ");
        format!("there is no account {name:?}; there are {known}")
    })?;
    let minor = Money::from_major(text, currency).map_err(|error| error.to_string())?.minor();
    if minor <= 0 {
        return Err("an amount must be greater than 0; the other side is named by the other argument".to_owned());
    }
    let amount_minor = minor.checked_mul(sign).ok_or("an amount must fit 64 bits of minor units")?;
    Ok(Posting { account, amount_minor, currency })
}

async fn close(period: Period, ledger: &PostgresLedger, settings: &Settings, screen: Screen) -> Result<Done, Failure> {
    let (through, Said { by, reason, at }) = (period.through, period.signed.now());
    if through >= settings.rules.business_date(at) {
        let zone = settings.rules.time_zone;
        return Err(Failure::Usage(format!(
            "--through: {through} is not over in {zone}, so that it can't be closed yet"
        )));
    }
    let closing = Closing { through, closed_by: by, reason, closed_at: at };
    match ledger.close_period(&closing).await.map_err(Failure::failed)? {
        Closed::Kept => {}
        Closed::Before(day) if day == through => {}
        Closed::Before(day) => {
            return Err(Failure::Usage(format!(
                "--through: the books are closed through {day} already, which is later"
            )));
        }
    }
    let balances = ledger.closing_balances(through).await.map_err(Failure::failed)?;
    screen.show(&balances, |balances| {
        let table = Columns::of(balances)
            .left("Book", |line| line.account.clone())
            .left("Account", |line| line.ledger_account.clone())
            .left("Currency", |line| currency(&line.currency))
            .right("Balance", |line| amount(line.balance_minor, &line.currency))
            .table();
        format!("The books are closed through {through}. Their balances then, debit positive:\n{table}")
    })?;
    Ok(Done::Well)
}

#[derive(Serialize)]
struct ClosingLine {
    closed_through: NaiveDate,
    closed_by: String,
    closed_at: chrono::DateTime<chrono::Utc>,
    reason: String,
}

async fn closings(ledger: &PostgresLedger, screen: Screen) -> Result<Done, Failure> {
    let closings = ledger.closings().await.map_err(Failure::failed)?;
    let lines: Vec<_> = closings
        .into_iter()
        .map(|Closing { through, closed_by, reason, closed_at }| ClosingLine {
            closed_through: through,
            closed_by,
            closed_at,
            reason,
        })
        .collect();
    screen.show(&lines, |lines| {
        if lines.is_empty() {
            return "No period is closed.".to_owned();
        }
        let table = Columns::of(lines)
            .left("Through", |line| line.closed_through.to_string())
            .left("Closed", |line| screen.time(line.closed_at))
            .left("By", |line| line.closed_by.clone())
            .left("Reason", |line| line.reason.clone())
            .table();
        table.to_string()
    })?;
    Ok(Done::Well)
}

async fn conventions(ledger: &PostgresLedger, screen: Screen) -> Result<Done, Failure> {
    let lines = ledger.conventions().await.map_err(Failure::failed)?;
    screen.show(&lines, |lines| {
        if lines.is_empty() {
            return "No dispute has begun: none has money.".to_owned();
        }
        let table = Columns::of(lines)
            .left("Since", |line| screen.time(line.since))
            .left("Convention", |line| line.convention.clone())
            .right("Disputes by it", |line| line.disputes.to_string())
            .right("Of them open", |line| line.open.to_string())
            .table();
        format!("{table}\nEach dispute keeps the convention that it was begun by.")
    })?;
    Ok(Done::Well)
}
