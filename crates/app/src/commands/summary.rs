//! `summary preview`, `summary send`, `summary list`.

use std::path::PathBuf;
use std::sync::Arc;

use chargebook_domain::ports::{Clock, DeliveryState, SendOutcome};
use chargebook_domain::service::Daily;
use chargebook_ledger_postgres::PostgresLedger;
use chargebook_ledger_postgres::reading::SummaryLine;
use chrono::NaiveDate;
use clap::{Args, Subcommand, value_parser};
use serde::Serialize;

use super::screen::Screen;
use super::{Done, Failure, Refused, say};
use crate::clock::SystemClock;
use crate::settings::Settings;
use crate::tables::{Columns, maybe, word};
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
        #[arg(long, default_value_t = 30, value_parser = value_parser!(i64).range(1..))]
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
    let notifier = wiring::notifier(settings)?;
    let channel = notifier.channel().to_owned();
    let daily = Daily::new(
        Arc::new(ledger.clone()),
        notifier,
        wiring::write_mail(settings),
        settings.schedule,
        Arc::new(SystemClock),
    );
    let now = SystemClock.now();
    let today = now.with_timezone(&screen.zone).date_naive();
    match command {
        Command::Preview(preview) => {
            let mail = daily.mail(preview.date.unwrap_or(today), now).await.map_err(Failure::failed)?;
            if let Some(path) = &preview.out {
                std::fs::write(path, &mail.html).map_err(|error| Refused::unwritable(path, error))?;
                say(&format!("The mail is in {}.", path.display()))?;
                return Ok(Done::Well);
            }
            let shown = Shown { reference: mail.reference, subject: mail.subject, text: mail.text, html: mail.html };
            screen.show(&shown, |mail| format!("Subject: {}\n\n{}", mail.subject, mail.text))?;
            Ok(Done::Well)
        }
        Command::Send(send) => send_day(&send, &daily, &channel, ledger, screen).await,
        Command::List { limit } => {
            let days = ledger.summaries(limit).await.map_err(Failure::failed)?;
            screen.show(&days, |days| listed(days, screen))?;
            Ok(Done::Well)
        }
    }
}

async fn send_day(
    send: &Send,
    daily: &Daily,
    channel: &str,
    ledger: &PostgresLedger,
    screen: Screen,
) -> Result<Done, Failure> {
    let now = SystemClock.now();
    let today = now.with_timezone(&screen.zone).date_naive();
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
    let (text, done) = if let Some(outcome) = daily.send(date, send.again).await.map_err(Failure::failed)? {
        sent(date, outcome)
    } else {
        let days = ledger.summaries(i64::MAX).await.map_err(Failure::failed)?;
        not_sent(date, &days, channel, screen)
    };
    say(&text)?;
    Ok(done)
}

fn sent(date: NaiveDate, outcome: SendOutcome) -> (String, Done) {
    match outcome {
        SendOutcome::Accepted { receipt } => {
            (format!("The summary of {date} was accepted{}", ending(receipt)), Done::Well)
        }
        SendOutcome::Refused { reason, retry_after } => {
            let then =
                if retry_after.is_some() { "A running server tries again by itself." } else { "Then send it again." };
            (format!("The summary of {date} was not accepted: {reason} {then}"), Done::NeedsAttention)
        }
        SendOutcome::Unknown { reason } => {
            let look = "Look into the mailbox before you send it with --again.";
            let text = format!("Nobody can know whether the summary of {date} arrived: {reason} {look}");
            (text, Done::NeedsAttention)
        }
    }
}

/// A receipt at the end of a sentence, where there is one.
fn ending(receipt: Option<String>) -> String {
    receipt.map_or_else(|| ".".to_owned(), |receipt| format!(": {receipt}"))
}

/// Why a day's mail was not sent now.
fn not_sent(date: NaiveDate, days: &[SummaryLine], channel: &str, screen: Screen) -> (String, Done) {
    let state = |day: &SummaryLine| day.delivery.as_deref().and_then(DeliveryState::parse);
    // What stands in the way on the channel itself says more than what went on another.
    let rank = |day: &SummaryLine| match (day.channel.as_deref() == Some(channel), state(day)) {
        (true, Some(state)) if state != DeliveryState::Pending => 0,
        (false, Some(DeliveryState::Accepted)) => 1,
        (false, Some(DeliveryState::Sending)) => 2,
        (false, Some(DeliveryState::Unknown)) => 3,
        (true, _) => 4,
        (false, _) => 5,
    };
    let day = days.iter().filter(|day| day.business_date == date).min_by_key(|day| rank(day));
    let Some(day) = day.filter(|day| day.state != "opening") else {
        return (format!("{date} is before the books: it has no mail."), Done::NeedsAttention);
    };
    let on = day.channel.as_deref().map_or_else(String::new, |channel| format!(" ({channel})"));
    let reason = day.reason.as_deref().unwrap_or("the reason is not known.");
    let look = "Look into the mailbox before you send it with --again.";
    let text = match state(day) {
        Some(DeliveryState::Accepted) => {
            let receipt = ending(day.receipt.clone());
            return (
                format!("The summary of {date} was accepted before{on}, and is not sent twice{receipt}"),
                Done::Well,
            );
        }
        Some(DeliveryState::Sending) => format!("The summary of {date} is being sent right now{on}."),
        Some(DeliveryState::Failed) => format!("The summary of {date} failed{on}: {reason} --again sends it again."),
        Some(DeliveryState::Unknown) => {
            format!("Whether the summary of {date} arrived is unknown{on}: {reason} {look}")
        }
        Some(DeliveryState::Pending) | None => format!(
            "The summary of {date} is to be sent later{on}: {reason} A running server tries again by itself ({}); --again \
             sends it now.",
            screen.maybe_time(day.retry_at)
        ),
    };
    (text, Done::NeedsAttention)
}

fn listed(days: &[SummaryLine], screen: Screen) -> String {
    if days.is_empty() {
        return "No day is sealed yet.".to_owned();
    }
    let mail = |day: &SummaryLine| {
        let waiting = if day.state == "opening" { "opening balance" } else { "pending" };
        word(day.delivery.as_deref().unwrap_or(waiting))
    };
    let columns = Columns::of(days)
        .left("Business date", |day| day.business_date.to_string())
        .left("Zone", |day| day.time_zone.clone())
        .left("Sealed", |day| screen.time(day.sealed_at))
        .left("Mail", mail)
        .left("Channel", |day| maybe(day.channel.as_deref()).to_owned())
        .right("Attempts", |day| day.attempt.unwrap_or_default().to_string())
        .left("Note", |day| maybe(day.reason.as_deref().or(day.receipt.as_deref())).to_owned());
    columns.table().to_string()
}
