//! `summary preview`, `summary send`, `summary list`.

use std::path::PathBuf;
use std::sync::Arc;

use chargebook_domain::ports::{Clock, SendOutcome};
use chargebook_domain::service::Daily;
use chargebook_ledger_postgres::PostgresLedger;
use chargebook_ledger_postgres::reading::SummaryLine;
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::screen::{Screen, Set, maybe, table, word};
use super::{Done, Failure, Refused, say};
use crate::clock::SystemClock;
use crate::settings::Settings;
use crate::wiring;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Shows a day's mail: as it was sealed, or as it would be now
    Preview(Preview),
    /// Seals the days that have ended and sends their mail, as the server does by itself
    Send(Send),
    /// The sealed days, and how their mails went
    List {
        /// At most this many
        #[arg(long, default_value_t = 30)]
        limit: i64,
    },
}

#[derive(Args)]
pub(super) struct Preview {
    /// The business date [default: today]
    #[arg(long)]
    date: Option<NaiveDate>,
    /// Writes the mail as HTML to this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct Send {
    /// The business date [default: yesterday]
    #[arg(long)]
    date: Option<NaiveDate>,
    /// Sends also when an earlier attempt failed or may have arrived: finance could get the mail twice
    #[arg(long)]
    again: bool,
}

/// A mail for programs.
#[derive(Serialize)]
struct Shown {
    reference: String,
    subject: String,
    text: String,
    html: String,
}

pub(super) async fn run(
    command: Command,
    ledger: &PostgresLedger,
    settings: &Settings,
    screen: Screen,
) -> Result<Done, Failure> {
    let daily = Daily::new(
        Arc::new(ledger.clone()),
        wiring::notifier(settings)?,
        wiring::write_mail(settings),
        settings.schedule,
    );
    let now = SystemClock.now();
    let today = now.with_timezone(&screen.zone).date_naive();
    match command {
        Command::Preview(preview) => {
            let mail = daily.mail(preview.date.unwrap_or(today), now).await.map_err(Failure::failed)?;
            if let Some(path) = &preview.out {
                std::fs::write(path, &mail.html).map_err(Failure::failed)?;
                say(&format!("The mail is in {}.", path.display()))?;
                return Ok(Done::Well);
            }
            let shown = Shown { reference: mail.reference, subject: mail.subject, text: mail.text, html: mail.html };
            screen.show(&shown, |mail| format!("Subject: {}\n\n{}", mail.subject, mail.text))?;
            Ok(Done::Well)
        }
        Command::Send(send) => {
            let Some(date) = send.date.or(today.pred_opt()) else {
                return Err(Refused::new("there is no day before today").into());
            };
            if date >= today {
                return Err(Refused::new(format!("{date} has not ended in {}", screen.zone)).into());
            }
            let sealed = daily.seal_through(date, now).await.map_err(Failure::failed)?;
            if sealed.is_none_or(|sealed| sealed < date) {
                let why = "nothing was ever recorded up to then, or another process is sealing right now";
                return Err(Refused::new(format!("{date} is not sealed: {why}")).into());
            }
            sent(date, daily.send(date, now, send.again).await.map_err(Failure::failed)?)
        }
        Command::List { limit } => {
            let days = ledger.summaries(limit).await.map_err(Failure::failed)?;
            screen.show(&days, |days| listed(days, screen))?;
            Ok(Done::Well)
        }
    }
}

fn sent(date: NaiveDate, outcome: Option<SendOutcome>) -> Result<Done, Failure> {
    let (text, done) = match outcome {
        None => (
            format!(
                "Nothing was sent: the summary of {date} was sent before, is being sent, or needs a person's word \
                 (`chargebook summary list` says which; --again sends what failed or is unknown)."
            ),
            Done::NeedsAttention,
        ),
        Some(SendOutcome::Accepted { receipt: Some(receipt) }) => {
            (format!("The summary of {date} was accepted: {receipt}"), Done::Well)
        }
        Some(SendOutcome::Accepted { receipt: None }) => (format!("The summary of {date} was accepted."), Done::Well),
        Some(SendOutcome::Refused { reason, retry_after }) => {
            let then = if retry_after.is_some() { "The server tries again by itself." } else { "Then send it again." };
            (format!("The summary of {date} was not accepted: {reason} {then}"), Done::NeedsAttention)
        }
        Some(SendOutcome::Unknown { reason }) => (
            format!(
                "Nobody can know whether the summary of {date} arrived: {reason} Look into the mailbox before you \
                 send it with --again."
            ),
            Done::NeedsAttention,
        ),
    };
    say(&text)?;
    Ok(done)
}

fn listed(days: &[SummaryLine], screen: Screen) -> String {
    if days.is_empty() {
        return "No day is sealed yet.".to_owned();
    }
    let mut shown = table([
        ("Business date", Set::Left),
        ("Zone", Set::Left),
        ("Sealed", Set::Left),
        ("Mail", Set::Left),
        ("Channel", Set::Left),
        ("Attempts", Set::Right),
        ("Note", Set::Left),
    ]);
    for day in days {
        let waiting = if day.state == "opening" { "opening balance" } else { "pending" };
        let note = day.reason.as_deref().or(day.receipt.as_deref());
        shown.add_row([
            day.business_date.to_string().into(),
            day.time_zone.clone().into(),
            screen.time(day.sealed_at).into(),
            word(day.delivery.as_deref().unwrap_or(waiting)),
            maybe(day.channel.as_deref()).into(),
            day.attempt.unwrap_or_default().to_string().into(),
            maybe(note).into(),
        ]);
    }
    shown.to_string()
}
