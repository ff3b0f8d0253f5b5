use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;

use super::Monitor;
use crate::monitor::Month;
use crate::ports::{
    Claim, ClaimRequest, Clock, DayJournals, DayMail, Due, Found, LedgerError, LookTimes, Mail, Mails, Notifier, Seal,
    SendOutcome, Summaries,
};
use crate::summary::{DayBooks, Summary, compose};
use crate::{AccountId, MoneyError};

/// How long a claim to send lasts. Longer than any attempt may take, so that an attempt whose claim ran out has died.
const LEASE: Duration = Duration::from_mins(5);

/// When a mail that may have gone is looked for. Exchange can hide what it took for some minutes.
const LOOK_TIMES: LookTimes =
    LookTimes { after: Duration::from_mins(10), again_after: Duration::from_hours(1), until: Duration::from_hours(24) };

/// How often it is tried to keep how a send ended. What is not kept becomes unknown, and takes a person.
const SETTLE_ATTEMPTS: u32 = 4;

/// When days are summed up, and in which mails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Schedule {
    /// The zone whose days are business days.
    pub zone: Tz,
    /// The local time from which the day before can be sent.
    pub send_at: NaiveTime,
    /// The first day of the books, if it is set.
    pub books_start: Option<NaiveDate>,
    /// Whether each book has its own mail.
    pub mails: Mails,
    /// How days that were missed go.
    pub missed: Missed,
}

/// How days go that were missed, since nobody was there or nobody took their mails.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Missed {
    /// Each in its own mail.
    #[default]
    Each,
    /// Those that follow each other in one mail.
    Combined,
}

/// The last day whose summary is due: yesterday from `send_at` on, the day before yesterday until then.
///
/// Local times that a clock change skips or repeats are compared as they stand on the wall, which is right either way.
#[must_use]
pub fn due_through(now: DateTime<Utc>, schedule: &Schedule) -> Option<NaiveDate> {
    let local = now.with_timezone(&schedule.zone);
    let yesterday = local.date_naive().pred_opt()?;
    if local.time() >= schedule.send_at { Some(yesterday) } else { yesterday.pred_opt() }
}

/// Writes the mail of a summary. With a time it is one that a person had sent then, and that says so: it may be the second.
pub type WriteMail = dyn Fn(&Summary, Option<DateTime<Utc>>) -> Mail + Send + Sync;

/// Seals days, and mails each once on every channel.
#[derive(Clone)]
pub struct Daily {
    summaries: Arc<dyn Summaries>,
    notifiers: Vec<Arc<dyn Notifier>>,
    write: Arc<WriteMail>,
    schedule: Schedule,
    clock: Arc<dyn Clock>,
    monitor: Option<Monitor>,
    journals: Option<Arc<dyn DayJournals>>,
}

/// Who wants a mail to be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    /// It is its time.
    Schedule,
    /// A person wants it now, although it may be the second; the mail says so.
    Person,
}

/// What was done for a mail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DayDone {
    /// It was sent.
    Sent {
        /// The mail, and its channel.
        due: Due,
        /// How sending ended; `None` when it was not this caller's to send.
        outcome: Option<SendOutcome>,
    },
    /// It may have gone before, and was looked for.
    Looked {
        /// The mail, and its channel.
        due: Due,
        /// What that has shown.
        found: Found,
    },
}

impl Daily {
    /// Seals in `summaries` by `schedule`, and sends through each of `notifiers`, whose channels differ, what `write` makes of
    /// each day. Every claim and its end have the time that `clock` then says: the mails of a run can take longer than a claim.
    #[must_use]
    pub fn new(
        summaries: Arc<dyn Summaries>,
        notifiers: Vec<Arc<dyn Notifier>>,
        write: Arc<WriteMail>,
        schedule: Schedule,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { summaries, notifiers, write, schedule, clock, monitor: None, journals: None }
    }

    /// And says in each mail, but those of connected accounts, how near the month is to the networks' programmes.
    #[must_use]
    pub fn with_monitor(self, monitor: Monitor) -> Self {
        Self { monitor: Some(monitor), ..self }
    }

    /// And sends the day's journal entries along.
    #[must_use]
    pub fn with_journals(self, journals: Arc<dyn DayJournals>) -> Self {
        Self { journals: Some(journals), ..self }
    }

    /// Seals every day that has ended and is due, in order, looks for mails that may have gone, and sends every one that is still
    /// to be sent, one after another for as long as `may_go_on`. `tell` hears of each when it is done.
    ///
    /// A mail that can't be sent does not keep back the others, unless the ledger is away.
    ///
    /// # Errors
    /// The first [`LedgerError`]; what was sealed or sent stays so.
    pub async fn run(
        &self,
        mut may_go_on: impl FnMut() -> bool + Send,
        mut tell: impl FnMut(DayDone) + Send,
    ) -> Result<(), LedgerError> {
        let now = self.clock.now();
        let Some(through) = due_through(now, &self.schedule) else { return Ok(()) };
        self.seal_through(through, now).await?;
        let due = self.undelivered().await?;
        let mut ended = self.look(&mut may_go_on, &mut tell).await;
        let mut waiting = VecDeque::from(self.as_mails(due));
        while let Some(days) = waiting.pop_front() {
            if !may_go_on() {
                break;
            }
            match self.send_as_one(&days, By::Schedule).await {
                Ok(outcome) => {
                    for due in days {
                        tell(DayDone::Sent { due, outcome: outcome.clone() });
                    }
                }
                Err(away @ LedgerError::Unavailable(_)) => return ended.and(Err(away)),
                // One of them that can't be read keeps back no other.
                Err(_) if days.len() > 1 => waiting.extend(days.into_iter().map(|due| vec![due])),
                Err(error) => ended = ended.and(Err(error)),
            }
        }
        ended
    }

    /// Which days go as one on a channel: those that did the last time and, where it is wished, those that follow each other
    /// and never went.
    fn as_mails(&self, due: Vec<Due>) -> Vec<Vec<Due>> {
        let mut mails = Vec::<Vec<Due>>::new();
        for due in due {
            let belongs = |days: &&mut Vec<Due>| {
                let last = days.last();
                let may_join = due.sent_as.is_some() || self.schedule.missed == Missed::Combined;
                may_join
                    && last.is_some_and(|last| {
                        last.channel == due.channel
                            && last.sent_as == due.sent_as
                            && last.mail.book == due.mail.book
                            && last.mail.date.succ_opt() == Some(due.mail.date)
                    })
            };
            match mails.iter_mut().find(belongs) {
                Some(days) => days.push(due),
                None => mails.push(vec![due]),
            }
        }
        mails
    }

    /// The channels.
    pub fn channels(&self) -> impl Iterator<Item = &'static str> {
        self.notifiers.iter().map(|notifier| notifier.channel())
    }

    /// The mails that are still to be sent.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn undelivered(&self) -> Result<Vec<Due>, LedgerError> {
        let channels: Vec<_> = self.channels().map(str::to_owned).collect();
        self.summaries.undelivered(&channels, self.schedule.mails, self.clock.now()).await
    }

    /// Looks for the mails that may have gone, where it is time to. What is not there is sent again, the next time.
    async fn look(
        &self,
        mut may_go_on: impl FnMut() -> bool + Send,
        mut tell: impl FnMut(DayDone) + Send,
    ) -> Result<(), LedgerError> {
        for notifier in &self.notifiers {
            let Some(place) = notifier.place() else { continue };
            for claim in self.summaries.in_doubt(notifier.channel(), &place, &LOOK_TIMES).await? {
                if !may_go_on() {
                    return Ok(());
                }
                let found = notifier.find(&claim.reference, &claim.request_id()).await;
                self.summaries.looked(&claim, &found).await?;
                for (mail, _) in claim.attempts {
                    let (channel, sent_as) = (claim.channel.clone(), Some(claim.reference.clone()));
                    tell(DayDone::Looked { due: Due { mail, channel, sent_as }, found: found.clone() });
                }
            }
        }
        Ok(())
    }

    /// Seals every day up to `date`, in order; answers the last day that is sealed then.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn seal_through(&self, date: NaiveDate, now: DateTime<Utc>) -> Result<Option<NaiveDate>, LedgerError> {
        let sealed = self.summaries.sealed(self.schedule.zone).await?;
        let mut last = sealed.last;
        let mut next = sealed.next(self.schedule.books_start);
        while let Some(day) = next.filter(|day| *day <= date) {
            if !self.summaries.seal(&self.day(day, now)).await? {
                // Another process sealed it meanwhile, and goes on from there.
                return Ok(self.summaries.sealed(self.schedule.zone).await?.last);
            }
            self.keep_now(day, now).await;
            last = Some(day);
            next = day.succ_opt();
        }
        Ok(last)
    }

    /// Keeps a day while what stands beside its figures is of that time. Where that fails, or the networks' estimates did, it is
    /// kept when its mail is sent.
    async fn keep_now(&self, date: NaiveDate, now: DateTime<Utc>) {
        if let Ok(books) = self.books(&DayMail::together(date), now).await
            && books.networks.is_some()
        {
            drop(self.summaries.keep(&self.day(date, now), books).await);
        }
    }

    /// The summary that a mail is of: as its day was sealed, or as it would be if it were sealed now.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn summary(&self, mail: &DayMail, now: DateTime<Utc>) -> Result<Summary, LedgerError> {
        self.summary_of(self.books(mail, now).await?, Vec::new(), now).await
    }

    /// The summary of a day and of those that follow it, as one.
    async fn summary_of(
        &self,
        mut books: DayBooks,
        more: Vec<DayBooks>,
        now: DateTime<Utc>,
    ) -> Result<Summary, LedgerError> {
        let too_large = |_: MoneyError| LedgerError::Corrupt { what: "sums that exceed 64 bits".to_owned() };
        let is_one = more.is_empty();
        for next in more {
            books = books.and_then(next).map_err(too_large)?;
        }
        let mut summary = compose(&books).map_err(too_large)?;
        // Each day has its own file, so that no entry is in two; what goes as one has none.
        if let Some(journals) = self.journals.as_ref().filter(|_| is_one) {
            summary.journal = journals.of_day(&self.day(books.date, now), books.book.clone()).await?;
        }
        Ok(summary)
    }

    /// A day as it was kept, or as it is now.
    async fn books(&self, mail: &DayMail, now: DateTime<Utc>) -> Result<DayBooks, LedgerError> {
        let day = self.day(mail.date, now);
        let mut books = self.summaries.books(&day, mail.book.clone()).await?;
        if books.sha256.is_some() {
            return Ok(books);
        }
        // The networks look at the shop as a whole, so that its estimates are not in a connected account's mail.
        let is_of_shop = mail.book.as_ref().is_none_or(|book| *book == AccountId::own());
        if let Some(monitor) = self.monitor.as_ref().filter(|_| is_of_shop) {
            // A mail is not kept back because orders can't be counted.
            let estimates = monitor.estimates(Month::of(mail.date)).await.ok();
            books.networks = estimates.map(|all| all.into_iter().map(Into::into).collect());
        }
        Ok(books)
    }

    /// The same, and what is sealed is kept.
    async fn kept(&self, mail: &DayMail, now: DateTime<Utc>) -> Result<DayBooks, LedgerError> {
        let books = self.books(mail, now).await?;
        let is_to_be_kept = books.sealed && books.sha256.is_none();
        if is_to_be_kept { self.summaries.keep(&self.day(mail.date, now), books).await } else { Ok(books) }
    }

    /// A mail as it is written when it is its time.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn mail(&self, mail: &DayMail, now: DateTime<Utc>) -> Result<Mail, LedgerError> {
        Ok((self.write)(&self.summary(mail, now).await?, None))
    }

    /// Sends a mail of a sealed day, unless that is another's to do or, where no person asks for it, done; `None` also
    /// where there is no such channel.
    ///
    /// # Errors
    /// [`LedgerError`]. Where it comes after the mail was handed over, the claim runs out and the delivery is unknown.
    pub async fn send(&self, due: &Due, by: By) -> Result<Option<SendOutcome>, LedgerError> {
        self.send_as_one(std::slice::from_ref(due), by).await
    }

    /// All are of one channel.
    async fn send_as_one(&self, days: &[Due], by: By) -> Result<Option<SendOutcome>, LedgerError> {
        let mails: Vec<_> = days.iter().map(|due| due.mail.clone()).collect();
        let channel = days.first().map_or("", |due| due.channel.as_str());
        let notifier = self.notifiers.iter().find(|notifier| notifier.channel() == channel);
        let (Some(notifier), Some((first, more))) = (notifier, mails.split_first()) else { return Ok(None) };
        let now = self.clock.now();
        let (first, mut later) = (self.kept(first, now).await?, Vec::new());
        for mail in more {
            later.push(self.kept(mail, now).await?);
        }
        let summary = self.summary_of(first, later, now).await?;
        let written = (self.write)(&summary, (by == By::Person).then_some(now));
        let request = ClaimRequest {
            channel: channel.to_owned(),
            reference: written.reference.clone(),
            // Only what goes by itself is looked for, and is sent again where it is not there.
            place: notifier.place().filter(|_| by == By::Schedule),
            mails,
            now: self.clock.now(),
            lease: LEASE,
            by_person: by == By::Person,
        };
        let Some(claim) = self.summaries.claim(&request).await? else { return Ok(None) };
        let outcome = notifier.send(&written, &claim.request_id()).await;
        self.settle(&claim, &outcome).await?;
        Ok(Some(outcome))
    }

    /// At once and again: settling a claim that is settled changes nothing.
    async fn settle(&self, claim: &Claim, outcome: &SendOutcome) -> Result<(), LedgerError> {
        let now = self.clock.now();
        for _ in 1..SETTLE_ATTEMPTS {
            if self.summaries.settle(claim, outcome, now).await.is_ok() {
                return Ok(());
            }
        }
        self.summaries.settle(claim, outcome, now).await
    }

    fn day(&self, date: NaiveDate, now: DateTime<Utc>) -> Seal {
        Seal { date, zone: self.schedule.zone, books_start: self.schedule.books_start, now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yesterday_is_due_from_the_set_local_time_on() {
        let schedule = |zone| {
            let send_at = NaiveTime::from_hms_opt(2, 30, 0).unwrap();
            Schedule { zone, send_at, books_start: None, mails: Mails::Together, missed: Missed::Each }
        };
        for (zone, now, due) in [
            (Tz::UTC, "2026-03-10T02:29:59Z", "2026-03-08"),
            (Tz::UTC, "2026-03-10T02:30:00Z", "2026-03-09"),
            (Tz::America__New_York, "2026-03-10T06:29:59Z", "2026-03-08"),
            (Tz::America__New_York, "2026-03-10T06:30:00Z", "2026-03-09"),
            // The clock goes from 01:59:59 to 03:00:00, so that 02:30 is never on the wall.
            (Tz::America__New_York, "2026-03-08T06:59:59Z", "2026-03-06"),
            (Tz::America__New_York, "2026-03-08T07:00:00Z", "2026-03-07"),
        ] {
            let now = now.parse::<DateTime<Utc>>().unwrap();
            assert_eq!(due_through(now, &schedule(zone)), Some(due.parse().unwrap()), "{zone} {now}");
        }
    }
}
