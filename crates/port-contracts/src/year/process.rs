use std::pin::pin;
use std::sync::{Arc, Mutex};

use chargebook_domain::ports::{DayMail, Due, LedgerError, Mail, Mails, Summaries};
use chargebook_domain::service::{By, Daily, Missed, Schedule};
use chargebook_domain::summary::Summary;
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use futures_util::future::{Either, select};
use tokio::sync::oneshot;

use super::Year;
use super::mail_server::{Connection, MailServer};
use crate::FixedClock;

/// One of several processes over one ledger. It begins anew each time, with nothing.
pub(super) struct Process {
    /// How far its clock is ahead of the true time.
    ahead: TimeDelta,
    /// How long after others it is told of a change of the zone.
    told_after: TimeDelta,
    clock: Arc<FixedClock>,
}

impl Process {
    pub(super) fn new(ahead: TimeDelta, told_after: TimeDelta) -> Self {
        Self { ahead, told_after, clock: Arc::new(FixedClock::at(DateTime::UNIX_EPOCH)) }
    }

    pub(super) fn schedule(&self, year: &Year, now: DateTime<Utc>) -> Schedule {
        let send_at = NaiveTime::from_hms_opt(2, 30, 0).unwrap();
        Schedule {
            zone: year.zone(now - self.told_after),
            send_at,
            books_start: None,
            mails: Mails::Together,
            missed: Missed::Each,
        }
    }

    /// Seals and sends what is due at the true time `now`. Answers whether it lived.
    pub(super) async fn sum_up(&self, life: &Life<'_>) -> bool {
        let (daily, death) = self.begin(life);
        lives(daily.run(|| true, |_| ()), death).await
    }

    /// Sends a mail because a person wants it. Answers whether it lived.
    pub(super) async fn resend(&self, life: &Life<'_>, mail: &DayMail, channel: &str) -> bool {
        let (daily, death) = self.begin(life);
        let due = Due { mail: mail.clone(), channel: channel.to_owned(), sent_as: None };
        lives(daily.send(&due, By::Person), death).await
    }

    /// The use case, and what is told when the process dies.
    pub(super) fn begin(&self, life: &Life<'_>) -> (Daily, oneshot::Receiver<()>) {
        let Life { ledger, servers, year, now } = life;
        self.clock.set(*now + self.ahead);
        let (dies, death) = oneshot::channel();
        let dies = Arc::new(Mutex::new(Some(dies)));
        let connect = |server: &Arc<MailServer>| {
            Arc::new(Connection { server: Arc::clone(server), death: Arc::clone(&dies) }) as _
        };
        let notifiers = servers.iter().map(connect).collect();
        let schedule = self.schedule(year, *now);
        let daily = Daily::new(Arc::clone(ledger), notifiers, Arc::new(write), schedule, Arc::clone(&self.clock) as _);
        (daily, death)
    }
}

/// Where and when a process lives.
pub(super) struct Life<'a> {
    pub(super) ledger: Arc<dyn Summaries>,
    pub(super) servers: &'a [Arc<MailServer>; 2],
    pub(super) year: &'a Year,
    pub(super) now: DateTime<Utc>,
}

/// A mail that has a subject where a person had it sent.
fn write(summary: &Summary, sent_again: Option<DateTime<Utc>>) -> Mail {
    Mail {
        reference: DayMail::together(summary.date).reference(),
        subject: sent_again.map_or_else(String::new, |at| at.to_string()),
        html: String::new(),
        text: String::new(),
        attachments: Vec::new(),
        sent_again_at: sent_again,
    }
}

/// Whether nothing died before it was done.
async fn lives<T>(doing: impl Future<Output = Result<T, LedgerError>>, death: oneshot::Receiver<()>) -> bool {
    match select(pin!(doing), death).await {
        Either::Left((done, _)) => {
            done.unwrap();
            true
        }
        Either::Right((died, _)) => {
            died.unwrap();
            false
        }
    }
}
