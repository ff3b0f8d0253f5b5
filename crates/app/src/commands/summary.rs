//! `summary preview`, `summary send`, `summary resend`, `summary list`.

mod list;
mod told;

use std::collections::BTreeSet;
use std::sync::Arc;

use chargebook_domain::AccountId;
use chargebook_domain::ports::{Clock, DayMail, Due, Mails};
use chargebook_domain::service::{By, Daily};
use chargebook_ledger_postgres::PostgresLedger;
use chrono::NaiveDate;
use clap::{Args, Subcommand, value_parser};

use self::list::{listed, with_attempts};
use self::told::Told;
use super::disputes::account;
use super::preview::Preview;
use super::screen::Screen;
use super::{Done, Failure, Refused, say};
use crate::clock::SystemClock;
use crate::settings::Settings;
use crate::wiring;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Shows a day's mail: as it was sealed, or as it would be now, or as it would have been at another moment
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
    /// The channel, which must be said where the mail goes on several
    #[arg(long)]
    channel: Option<String>,
}

pub(super) async fn run(
    command: Command,
    ledger: &PostgresLedger,
    settings: &Settings,
    screen: Screen,
) -> Result<Done, Failure> {
    // Only who sends needs what sending takes, such as a file to sign in with.
    let notifiers = match &command {
        Command::Send(_) | Command::Resend(_) => wiring::notifiers(settings)?,
        Command::Preview(_) | Command::List { .. } => Vec::new(),
    };
    let daily = Daily::new(
        Arc::new(ledger.clone()),
        notifiers,
        wiring::write_mail(settings),
        settings.schedule,
        Arc::new(SystemClock),
    );
    let daily = daily.with_monitor(wiring::monitor(settings, Arc::new(ledger.clone()))?);
    let daily = match wiring::day_journals(settings, ledger) {
        Some(journals) => daily.with_journals(journals),
        None => daily,
    };
    let now = SystemClock.now();
    let today = now.with_timezone(&screen.zone).date_naive();
    let sending = |daily, by, channel| Sending { daily, channel, ledger, screen, by, mails: settings.schedule.mails };
    match command {
        Command::Preview(preview) => {
            let summary = preview.summary(&daily, ledger, settings.schedule, now).await?;
            preview.show(&summary, ledger, settings, screen).await
        }
        Command::Send(Send { date, account }) => {
            let date = date.or(today.pred_opt()).ok_or_else(|| Refused::new("there is no day before today"))?;
            sending(daily, By::Schedule, None).day(date, account).await
        }
        Command::Resend(Resend { date, account, channel }) => {
            sending(daily, By::Person, channel).day(date, account).await
        }
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
    /// The one that is named.
    channel: Option<String>,
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
        let channels = self.channels()?;
        let mails = self.mails(date, book).await?;
        if self.by == By::Person && mails.len() > 1 {
            let books: Vec<_> = mails.iter().filter_map(|mail| Some(mail.book.as_ref()?.as_str())).collect();
            let why = format!("{date} went in a mail for each book: name one by --account, of {}", books.join(", "));
            return Err(Refused::wrong_usage(Refused::new(why)));
        }
        let mut done = Done::Well;
        let due =
            |mail: &DayMail, channel: &String| Due { mail: mail.clone(), channel: channel.clone(), sent_as: None };
        for due in mails.iter().flat_map(|mail| channels.iter().map(move |channel| due(mail, channel))) {
            let (text, ended) = self.mail(&due).await?;
            say(&text)?;
            if ended != Done::Well {
                done = ended;
            }
        }
        Ok(done)
    }

    /// The channels: the one that is named, or all. What a person has sent goes on one.
    fn channels(&self) -> Result<Vec<String>, Failure> {
        let all: Vec<_> = self.daily.channels().map(str::to_owned).collect();
        match &self.channel {
            Some(channel) if all.contains(channel) => Ok(vec![channel.clone()]),
            Some(channel) => {
                let why = format!("the mail does not go on `{channel}`: name one of {}", all.join(", "));
                Err(Refused::wrong_usage(Refused::new(why)))
            }
            None if self.by == By::Person && all.len() > 1 => {
                let why = format!("the mail goes on several channels: name one by --channel, of {}", all.join(", "));
                Err(Refused::wrong_usage(Refused::new(why)))
            }
            None => Ok(all),
        }
    }

    /// The mails of a day: of the book that is named, of each that the day went or goes to, or the one together.
    async fn mails(&self, date: NaiveDate, book: Option<AccountId>) -> Result<Vec<DayMail>, Failure> {
        // Whoever asks what is to be sent has the books and the channels of each day fixed.
        self.daily.undelivered().await.map_err(Failure::failed)?;
        if book.is_some() || self.mails == Mails::Together {
            return Ok(vec![DayMail { date, book }]);
        }
        let days = self.ledger.summaries(None, i64::MAX).await.map_err(Failure::failed)?;
        let of_day = days.iter().filter(|day| day.business_date == date);
        let books: BTreeSet<_> = of_day.filter_map(|day| AccountId::parse(day.account.as_deref()?).ok()).collect();
        if books.is_empty() {
            return Ok(vec![DayMail::together(date)]);
        }
        Ok(books.into_iter().map(|book| DayMail::of(date, book)).collect())
    }

    async fn mail(&self, due: &Due) -> Result<(String, Done), Failure> {
        let told = Told { due, is_only: self.daily.channels().count() == 1 };
        if let Some(outcome) = self.daily.send(due, self.by).await.map_err(Failure::failed)? {
            return Ok(told.sent(self.by, outcome));
        }
        let days = self.ledger.summaries(None, i64::MAX).await.map_err(Failure::failed)?;
        Ok(told.not_sent(&days, self.screen))
    }
}
