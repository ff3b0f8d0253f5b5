//! `summary preview`, `summary send`, `summary resend`, `summary list`.

use std::collections::BTreeSet;
use std::sync::Arc;

use chargebook_domain::AccountId;
use chargebook_domain::ports::{Clock, DayMail, DeliveryState, LedgerError, Mails, SendOutcome};
use chargebook_domain::service::{By, Daily};
use chargebook_ledger_postgres::PostgresLedger;
use chargebook_ledger_postgres::reading::{AttemptLine, SummaryLine};
use chrono::NaiveDate;
use clap::{Args, Subcommand, value_parser};
use serde::Serialize;

use super::disputes::account;
use super::preview::Preview;
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
    /// Sends a day's mail once more, whatever became of it. Finance could get it twice: the mail says so
    Resend(Resend),
    /// The sealed days, how their mails went, and each attempt to send them
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
pub(super) struct Send {
    /// The business date [default: yesterday]
    #[arg(long)]
    date: Option<NaiveDate>,
    /// Only the mail of this book, where each has its own [default: all of the day]
    #[arg(long, value_parser = account)]
    account: Option<AccountId>,
}

#[derive(Args)]
pub(super) struct Resend {
    /// The business date
    date: NaiveDate,
    /// The mail of this book, which must be said where each has its own
    #[arg(long, value_parser = account)]
    account: Option<AccountId>,
}

/// A delivery for programs, with its attempts.
#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    delivery: SummaryLine,
    attempts: Vec<AttemptLine>,
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
    let sending = |daily, by| Sending { daily, channel, ledger, screen, by, mails: settings.schedule.mails };
    match command {
        Command::Preview(preview) => {
            let summary = daily.summary(&preview.wanted(today), now).await.map_err(Failure::failed)?;
            preview.show(&summary, settings, screen)
        }
        Command::Send(Send { date, account }) => {
            let date = date.or(today.pred_opt()).ok_or_else(|| Refused::new("there is no day before today"))?;
            sending(daily, By::Schedule).day(date, account).await
        }
        Command::Resend(Resend { date, account }) => sending(daily, By::Person).day(date, account).await,
        Command::List { account, limit } => {
            let days = with_attempts(ledger, account.as_ref(), limit).await.map_err(Failure::failed)?;
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
    by: By,
    mails: Mails,
}

impl Sending<'_> {
    async fn day(&self, date: NaiveDate, book: Option<AccountId>) -> Result<Done, Failure> {
        let now = SystemClock.now();
        if date >= now.with_timezone(&self.screen.zone).date_naive() {
            return Err(Refused::new(format!("{date} has not ended in {}", self.screen.zone)).into());
        }
        if book.is_some() && self.mails == Mails::Together {
            return Err(Refused::new("no book has a mail of its own; set summary.mails to apart").into());
        }
        let sealed = self.daily.seal_through(date, now).await.map_err(Failure::failed)?;
        if sealed.is_none_or(|sealed| sealed < date) {
            let why = "nothing was ever recorded up to then, or another process is sealing right now";
            return Err(Refused::new(format!("{date} is not sealed: {why}")).into());
        }
        let mails = self.mails(date, book).await?;
        if self.by == By::Person && mails.len() > 1 {
            let books: Vec<_> = mails.iter().filter_map(|mail| Some(mail.book.as_ref()?.as_str())).collect();
            let why = format!("{date} went in a mail for each book: name one by --account, of {}", books.join(", "));
            return Err(Refused::wrong_usage(Refused::new(why)));
        }
        let mut done = Done::Well;
        for mail in mails {
            let (text, ended) = self.mail(&mail).await?;
            say(&text)?;
            if ended != Done::Well {
                done = ended;
            }
        }
        Ok(done)
    }

    /// The mails of a day: of the book that is named, of each that the day went or goes to, or the one together.
    async fn mails(&self, date: NaiveDate, book: Option<AccountId>) -> Result<Vec<DayMail>, Failure> {
        if book.is_some() || self.mails == Mails::Together {
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

    async fn mail(&self, mail: &DayMail) -> Result<(String, Done), Failure> {
        if let Some(outcome) = self.daily.send(mail, self.by).await.map_err(Failure::failed)? {
            return Ok(sent(mail, self.by, outcome));
        }
        let days = self.ledger.summaries(None, i64::MAX).await.map_err(Failure::failed)?;
        Ok(not_sent(mail, &days, &self.channel, self.screen))
    }
}

async fn with_attempts(
    ledger: &PostgresLedger,
    book: Option<&AccountId>,
    limit: i64,
) -> Result<Vec<Listed>, LedgerError> {
    let days = ledger.summaries(book, limit).await?;
    let Some(first) = days.iter().map(|day| day.business_date).min() else { return Ok(Vec::new()) };
    let attempts = ledger.summary_attempts(first).await?;
    let of = |day: &SummaryLine, attempt: &AttemptLine| {
        let channel = day.channel.as_deref();
        (day.business_date, channel, &day.account)
            == (attempt.business_date, Some(attempt.channel.as_str()), &attempt.account)
    };
    let with = |day: SummaryLine| {
        let attempts = attempts.iter().filter(|attempt| of(&day, attempt)).cloned().collect();
        Listed { delivery: day, attempts }
    };
    Ok(days.into_iter().map(with).collect())
}

/// What a mail is called.
fn name(mail: &DayMail) -> String {
    let of = mail.book.as_ref().map_or_else(String::new, |book| format!(" of {book}"));
    format!("The summary of {}{of}", mail.date)
}

fn sent(mail: &DayMail, by: By, outcome: SendOutcome) -> (String, Done) {
    let name = name(mail);
    match outcome {
        SendOutcome::Accepted { receipt } => (format!("{name} was accepted{}", ending(receipt)), Done::Well),
        SendOutcome::Refused { reason, retry_after } => {
            let then = match (by, retry_after) {
                (By::Schedule, Some(_)) => "A running server tries again by itself.".to_owned(),
                (By::Schedule, None) | (By::Person, _) => format!("Then {}.", resend(mail)),
            };
            (format!("{name} was not accepted: {reason} {then}"), Done::NeedsAttention)
        }
        SendOutcome::Unknown { reason } => {
            (format!("{name}: nobody can know whether it arrived: {reason} {}", look(mail)), Done::NeedsAttention)
        }
    }
}

/// What has a mail sent again.
fn resend(mail: &DayMail) -> String {
    let of = mail.book.as_ref().map_or_else(String::new, |book| format!(" --account {book}"));
    format!("`chargebook summary resend {}{of}` sends it again", mail.date)
}

/// What to do where nobody knows whether it arrived.
fn look(mail: &DayMail) -> String {
    format!("Look into the mailbox; if it is not there, {}.", resend(mail))
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
    let resend = resend(mail);
    let text = match state(day) {
        Some(DeliveryState::Accepted) => {
            let receipt = ending(day.receipt.clone());
            return (format!("{name} was accepted before{on}, and is not sent twice{receipt}"), Done::Well);
        }
        Some(DeliveryState::Sending) => format!("{name} is being sent right now{on}."),
        Some(DeliveryState::Failed) => format!("{name} failed{on}: {reason} {resend}."),
        Some(DeliveryState::Unknown) => {
            format!("{name} went, and whether it arrived is unknown{on}: {reason} {}", look(mail))
        }
        Some(DeliveryState::Pending) | None => format!(
            "{name} is to be sent later{on}: {reason} A running server tries again by itself ({}); {resend} now.",
            screen.maybe_time(day.retry_at)
        ),
    };
    (text, Done::NeedsAttention)
}

fn listed(days: &[Listed], screen: Screen) -> String {
    if days.is_empty() {
        return "No day is sealed yet.".to_owned();
    }
    let deliveries: Vec<_> = days.iter().map(|day| &day.delivery).collect();
    let mail = |day: &&SummaryLine| {
        let waiting = if day.state == "opening" { "opening balance" } else { "pending" };
        word(day.delivery.as_deref().unwrap_or(waiting))
    };
    let columns = Columns::of(&deliveries)
        .left("Business date", |day| day.business_date.to_string())
        .left("Zone", |day| day.time_zone.clone())
        .left("Sealed", |day| screen.time(day.sealed_at))
        .left("Book", |day| maybe(day.account.as_deref()).to_owned())
        .left("Mail", mail)
        .left("Channel", |day| maybe(day.channel.as_deref()).to_owned())
        .right("Attempts", |day| day.attempt.unwrap_or_default().to_string())
        .left("Note", |day| maybe(day.reason.as_deref().or(day.receipt.as_deref())).to_owned());
    let is_earlier =
        |day: &Listed, attempt: &AttemptLine| day.delivery.attempt.is_some_and(|last| attempt.attempt < last);
    let earlier: Vec<_> =
        days.iter().flat_map(|day| day.attempts.iter().filter(|attempt| is_earlier(day, attempt))).collect();
    if earlier.is_empty() {
        return columns.table().to_string();
    }
    let attempts = Columns::of(&earlier)
        .left("Business date", |attempt| attempt.business_date.to_string())
        .left("Book", |attempt| maybe(attempt.account.as_deref()).to_owned())
        .left("Channel", |attempt| attempt.channel.clone())
        .right("Attempt", |attempt| attempt.attempt.to_string())
        .left("Begun", |attempt| screen.time(attempt.begun_at))
        .left("Ended", |attempt| word(attempt.outcome.as_deref().unwrap_or("sending")))
        .left("Note", |attempt| maybe(attempt.reason.as_deref().or(attempt.receipt.as_deref())).to_owned());
    format!("{}\n\nEarlier attempts:\n{}", columns.table(), attempts.table())
}
