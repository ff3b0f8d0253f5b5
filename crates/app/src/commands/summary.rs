//! `summary preview`, `summary send`, `summary list`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use chargebook_domain::AccountId;
use chargebook_domain::ports::{Clock, DayMail, DeliveryState, Mails, SendOutcome};
use chargebook_domain::service::Daily;
use chargebook_ledger_postgres::PostgresLedger;
use chargebook_ledger_postgres::reading::SummaryLine;
use chrono::NaiveDate;
use clap::{Args, Subcommand, value_parser};
use serde::Serialize;

use super::disputes::account;
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
        /// Only the mails of this book
        #[arg(long, value_parser = account)]
        account: Option<AccountId>,
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
    /// Only this book, such as default or acct_... [default: all together]
    #[arg(long, value_parser = account)]
    account: Option<AccountId>,
    /// Writes the mail as HTML to this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct Send {
    /// The business date [default: yesterday]
    #[arg(long)]
    date: Option<NaiveDate>,
    /// Only the mail of this book, where each has its own [default: all of the day]
    #[arg(long, value_parser = account)]
    account: Option<AccountId>,
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
    let daily = daily.with_monitor(wiring::monitor(settings, Arc::new(ledger.clone()))?);
    let now = SystemClock.now();
    let today = now.with_timezone(&screen.zone).date_naive();
    match command {
        Command::Preview(preview) => {
            let wanted = DayMail { date: preview.date.unwrap_or(today), book: preview.account.clone() };
            let summary = daily.summary(&wanted, now).await.map_err(Failure::failed)?;
            if summary.books.is_empty() {
                return Err(Refused::new("there is no such book: no dispute is in it").into());
            }
            let mail = wiring::write_mail(settings)(&summary);
            if let Some(path) = &preview.out {
                std::fs::write(path, &mail.html).map_err(|error| Refused::unwritable(path, error))?;
                say(&format!("The mail is in {}.", path.display()))?;
                return Ok(Done::Well);
            }
            let shown = Shown { reference: mail.reference, subject: mail.subject, text: mail.text, html: mail.html };
            screen.show(&shown, |mail| format!("Subject: {}\n\n{}", mail.subject, mail.text))?;
            Ok(Done::Well)
        }
        Command::Send(send) => Sending { daily, channel, ledger, screen }.day(&send, settings.schedule.mails).await,
        Command::List { account, limit } => {
            let days = ledger.summaries(account.as_ref(), limit).await.map_err(Failure::failed)?;
            screen.show(&days, |days| listed(days, screen))?;
            Ok(Done::Well)
        }
    }
}

/// All that sending takes.
struct Sending<'a> {
    daily: Daily,
    channel: String,
    ledger: &'a PostgresLedger,
    screen: Screen,
}

impl Sending<'_> {
    async fn day(&self, send: &Send, mails: Mails) -> Result<Done, Failure> {
        let now = SystemClock.now();
        let today = now.with_timezone(&self.screen.zone).date_naive();
        let Some(date) = send.date.or(today.pred_opt()) else {
            return Err(Refused::new("there is no day before today").into());
        };
        if date >= today {
            return Err(Refused::new(format!("{date} has not ended in {}", self.screen.zone)).into());
        }
        if send.account.is_some() && mails == Mails::Together {
            return Err(Refused::new("no book has a mail of its own; set summary.mails to apart").into());
        }
        let sealed = self.daily.seal_through(date, now).await.map_err(Failure::failed)?;
        if sealed.is_none_or(|sealed| sealed < date) {
            let why = "nothing was ever recorded up to then, or another process is sealing right now";
            return Err(Refused::new(format!("{date} is not sealed: {why}")).into());
        }
        let mut done = Done::Well;
        for mail in self.mails(date, send.account.clone(), mails).await? {
            let (text, ended) = self.mail(&mail, send.again).await?;
            say(&text)?;
            if ended != Done::Well {
                done = ended;
            }
        }
        Ok(done)
    }

    /// The mails of a day: of the book that is named, of each that the day went or goes to, or the one together.
    async fn mails(&self, date: NaiveDate, book: Option<AccountId>, mails: Mails) -> Result<Vec<DayMail>, Failure> {
        if book.is_some() || mails == Mails::Together {
            return Ok(vec![DayMail { date, book }]);
        }
        // Whoever asks what is to be sent has the books of each day fixed.
        self.daily.undelivered().await.map_err(Failure::failed)?;
        let days = self.ledger.summaries(None, i64::MAX).await.map_err(Failure::failed)?;
        let of_day = days.iter().filter(|day| day.business_date == date);
        let books: BTreeSet<_> = of_day.filter_map(|day| AccountId::parse(day.account.as_deref()?).ok()).collect();
        if books.is_empty() {
            return Ok(vec![DayMail::together(date)]);
        }
        Ok(books.into_iter().map(|book| DayMail::of(date, book)).collect())
    }

    async fn mail(&self, mail: &DayMail, again: bool) -> Result<(String, Done), Failure> {
        if let Some(outcome) = self.daily.send(mail, again).await.map_err(Failure::failed)? {
            return Ok(sent(mail, outcome));
        }
        let days = self.ledger.summaries(None, i64::MAX).await.map_err(Failure::failed)?;
        Ok(not_sent(mail, &days, &self.channel, self.screen))
    }
}

/// What a mail is called.
fn name(mail: &DayMail) -> String {
    let of = mail.book.as_ref().map_or_else(String::new, |book| format!(" of {book}"));
    format!("The summary of {}{of}", mail.date)
}

fn sent(mail: &DayMail, outcome: SendOutcome) -> (String, Done) {
    let name = name(mail);
    match outcome {
        SendOutcome::Accepted { receipt } => (format!("{name} was accepted{}", ending(receipt)), Done::Well),
        SendOutcome::Refused { reason, retry_after } => {
            let then =
                if retry_after.is_some() { "A running server tries again by itself." } else { "Then send it again." };
            (format!("{name} was not accepted: {reason} {then}"), Done::NeedsAttention)
        }
        SendOutcome::Unknown { reason } => {
            let look = "Look into the mailbox before you send it with --again.";
            (format!("{name}: nobody can know whether it arrived: {reason} {look}"), Done::NeedsAttention)
        }
    }
}

/// A receipt at the end of a sentence, where there is one.
fn ending(receipt: Option<String>) -> String {
    receipt.map_or_else(|| ".".to_owned(), |receipt| format!(": {receipt}"))
}

/// Why a mail was not sent now.
fn not_sent(mail: &DayMail, days: &[SummaryLine], channel: &str, screen: Screen) -> (String, Done) {
    let state = |day: &SummaryLine| day.delivery.as_deref().and_then(DeliveryState::parse);
    let is_this = |day: &SummaryLine| {
        day.channel.as_deref() == Some(channel) && day.account.as_deref() == mail.book.as_ref().map(AccountId::as_str)
    };
    // What stands in the way on the channel itself says more than what went on another.
    let rank = |day: &SummaryLine| match (is_this(day), state(day)) {
        (true, Some(state)) if state != DeliveryState::Pending => 0,
        (false, Some(DeliveryState::Accepted)) => 1,
        (false, Some(DeliveryState::Sending)) => 2,
        (false, Some(DeliveryState::Unknown)) => 3,
        (true, _) => 4,
        (false, _) => 5,
    };
    let (date, name) = (mail.date, name(mail));
    let is_of = |day: &&SummaryLine| {
        let book = day.account.as_deref().and_then(|account| AccountId::parse(account).ok());
        mail.overlaps(&DayMail { date: day.business_date, book })
    };
    let day = days.iter().filter(is_of).min_by_key(|day| rank(day));
    let Some(day) = day.filter(|day| day.state != "opening") else {
        return (format!("{date} is before the books: it has no mail."), Done::NeedsAttention);
    };
    let on = day.channel.as_deref().map_or_else(String::new, |channel| format!(" ({channel})"));
    let reason = day.reason.as_deref().unwrap_or("the reason is not known.");
    let look = "Look into the mailbox before you send it with --again.";
    let text = match state(day) {
        Some(DeliveryState::Accepted) => {
            let receipt = ending(day.receipt.clone());
            return (format!("{name} was accepted before{on}, and is not sent twice{receipt}"), Done::Well);
        }
        Some(DeliveryState::Sending) => format!("{name} is being sent right now{on}."),
        Some(DeliveryState::Failed) => format!("{name} failed{on}: {reason} --again sends it again."),
        Some(DeliveryState::Unknown) => {
            format!("{name} went, and whether it arrived is unknown{on}: {reason} {look}")
        }
        Some(DeliveryState::Pending) | None => format!(
            "{name} is to be sent later{on}: {reason} A running server tries again by itself ({}); --again \
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
        .left("Book", |day| maybe(day.account.as_deref()).to_owned())
        .left("Mail", mail)
        .left("Channel", |day| maybe(day.channel.as_deref()).to_owned())
        .right("Attempts", |day| day.attempt.unwrap_or_default().to_string())
        .left("Note", |day| maybe(day.reason.as_deref().or(day.receipt.as_deref())).to_owned());
    columns.table().to_string()
}
