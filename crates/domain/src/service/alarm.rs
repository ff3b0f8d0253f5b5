use std::sync::Arc;

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};

use super::Schedule;
use crate::alerts::{AlertKind, AlertRules, Wrong};
use crate::hex::hex;
use crate::ports::{Alerts, LedgerError, OutboxMessage, Way};

/// Writes the subject and the text of the mail that tells of what is wrong, all of one kind.
pub type WriteAlarm = dyn Fn(AlertKind, &[Wrong]) -> (String, String) + Send + Sync;

/// Tells once of each thing that is wrong: one mail for all of a kind that are found together.
#[derive(Clone)]
pub struct Alarm {
    alerts: Arc<dyn Alerts>,
    rules: AlertRules,
    schedule: Schedule,
    channels: Vec<String>,
    write: Arc<WriteAlarm>,
}

impl Alarm {
    /// Looks by `rules` at what `alerts` knows, and at the summaries of `schedule` on `channels`; `write` writes the mails.
    #[must_use]
    pub fn new(
        alerts: Arc<dyn Alerts>,
        rules: AlertRules,
        schedule: Schedule,
        channels: Vec<String>,
        write: Arc<WriteAlarm>,
    ) -> Self {
        Self { alerts, rules, schedule, channels, write }
    }

    /// Looks, and answers how many of each kind are told of for the first time. What could not be kept is told of the next
    /// time.
    ///
    /// # Errors
    /// [`LedgerError`]; what was kept stays.
    pub async fn run(&self, now: DateTime<Utc>) -> Result<Vec<(AlertKind, usize)>, LedgerError> {
        let bounds = self.rules.bounds(&self.schedule, self.channels.clone(), now);
        let untold = self.alerts.untold(&bounds).await?;
        let mut told = Vec::new();
        for kind in AlertKind::ALL {
            let of_kind: Vec<_> = untold.iter().filter(|wrong| wrong.kind() == kind).cloned().collect();
            if !of_kind.is_empty() && self.tell(kind, &of_kind, now).await? {
                told.push((kind, of_kind.len()));
            }
        }
        Ok(told)
    }

    async fn tell(&self, kind: AlertKind, of_kind: &[Wrong], now: DateTime<Utc>) -> Result<bool, LedgerError> {
        let subjects: Vec<_> = of_kind.iter().map(Wrong::subject).collect();
        let (subject, body) = (self.write)(kind, of_kind);
        let message = OutboxMessage { id: id(kind, &subjects), way: Way::Mail, subject, body };
        self.alerts.tell(kind, &subjects, &message, now).await
    }
}

/// The message's name, made of what it tells of.
fn id(kind: AlertKind, subjects: &[String]) -> String {
    let mut digits = hex(&Sha256::digest(subjects.join("\n")));
    digits.truncate(16);
    format!("alert/{}/{digits}", kind.as_str())
}
