use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::Act;
use crate::Trigger;
use crate::monitor::{AlertKey, Counts, Estimate, MonitorRules, Month, Network, Tally, alerts_due, months, running};
use crate::ports::{Deed, LedgerError, Monitoring, OutboxMessage, Way};
use crate::rules::{RatioSubject, Subject};

/// Estimates how near months are to the networks' programmes.
#[derive(Clone)]
pub struct Monitor {
    monitoring: Arc<dyn Monitoring>,
    rules: MonitorRules,
    zone: Tz,
}

/// What is known of some months that follow each other.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Monitored {
    /// What was counted in each, and the payments of the one before the first, by which some programmes divide.
    pub tallies: BTreeMap<Month, Tally>,
    /// Payments that were typed in, of these months and of others.
    pub typed_in: Vec<(Network, Month, u64)>,
}

impl Monitored {
    /// What estimates are made of.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts::of_tallies(&self.tallies, &self.typed_in)
    }
}

impl Monitor {
    /// Counts in `monitoring` by months of `zone`, and estimates by `rules`.
    #[must_use]
    pub fn new(monitoring: Arc<dyn Monitoring>, rules: MonitorRules, zone: Tz) -> Self {
        Self { monitoring, rules, zone }
    }

    /// What is estimated by.
    #[must_use]
    pub fn rules(&self) -> &MonitorRules {
        &self.rules
    }

    /// The month of a moment.
    #[must_use]
    pub fn month_of(&self, at: DateTime<Utc>) -> Month {
        Month::of(at.with_timezone(&self.zone).date_naive())
    }

    /// What was counted in months, from one through another.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn counted(&self, first: Month, last: Month) -> Result<Monitored, LedgerError> {
        let months = months(first, last);
        let starts = months.iter().map(|month| month.starts_at(self.zone));
        let bounds: Vec<_> = starts.chain([last.ends_at(self.zone)]).collect();
        let counted = months.into_iter().zip(self.monitoring.tally(&bounds).await?);
        let tallies = counted.chain([(first.before(), self.payments(first.before()).await?)]).collect();
        Ok(Monitored { tallies, typed_in: self.monitoring.typed_in().await? })
    }

    /// What was counted in a month up to the end of each of its days that have begun: the last is all.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn day_by_day(&self, month: Month, now: DateTime<Utc>) -> Result<Vec<Monitored>, LedgerError> {
        let days = month.day_bounds(self.zone);
        let begun = days.iter().filter(|begins| **begins <= now).count();
        let bounds: Vec<_> = days.into_iter().take(begun.saturating_add(1)).collect();
        let tallies = self.monitoring.tally(&bounds).await?;
        let before = self.payments(month.before()).await?;
        let typed_in = self.monitoring.typed_in().await?;
        let monitored = |so_far| Monitored {
            tallies: [(month.before(), before.clone()), (month, so_far)].into(),
            typed_in: typed_in.clone(),
        };
        Ok(running(tallies).map(monitored).collect())
    }

    async fn payments(&self, month: Month) -> Result<Tally, LedgerError> {
        self.monitoring.payments(month.starts_at(self.zone), month.ends_at(self.zone)).await
    }

    /// What each programme says of a month.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn estimates(&self, month: Month) -> Result<Vec<Estimate>, LedgerError> {
        Ok(self.rules.estimates(&self.counted(month, month).await?.counts(), month))
    }
}

/// Writes the subject and the text of the mail about a level.
pub type WriteAlert = dyn Fn(&Estimate) -> (String, String) + Send + Sync;

/// Tells once of each level that a month reaches, by mail and by the operator's rules.
#[derive(Clone)]
pub struct Watch {
    monitor: Monitor,
    act: Act,
    write: Arc<WriteAlert>,
}

impl Watch {
    /// Watches what `monitor` estimates; `write` writes the mail, and the rules of `act` are looked at.
    #[must_use]
    pub fn new(monitor: Monitor, act: Act, write: Arc<WriteAlert>) -> Self {
        Self { monitor, act, write }
    }

    /// Looks at the present month and the one before, and answers what is told of for the first time.
    ///
    /// What is told of is kept with what it owes. So nothing is told twice, however many processes watch, and what could
    /// not be kept is told of the next time.
    ///
    /// # Errors
    /// [`LedgerError`]; what was kept stays.
    pub async fn run(&self, now: DateTime<Utc>) -> Result<Vec<AlertKey>, LedgerError> {
        let present = self.monitor.month_of(now);
        let counts = self.monitor.counted(present.before(), present).await?.counts();
        let mut told = Vec::new();
        for month in [present.before(), present] {
            let estimates = self.monitor.rules().estimates(&counts, month);
            let sent = self.monitor.monitoring.alerted(month).await?;
            for (alert, estimate) in alerts_due(&estimates, &sent) {
                if self.tell(&alert, &estimate, now).await? {
                    told.push(alert);
                }
            }
        }
        Ok(told)
    }

    async fn tell(&self, alert: &AlertKey, estimate: &Estimate, now: DateTime<Utc>) -> Result<bool, LedgerError> {
        let id = format!("alert/{alert}");
        let looked = self.act.look(&id, subject(alert, estimate), now);
        let (subject, body) = (self.write)(estimate);
        let sent = looked.deeds.into_iter().filter_map(|deed| match deed {
            Deed::Send(message) => Some(message),
            // What is done to a customer is done for disputes only: a ratio is nobody's.
            Deed::Decide { .. } | Deed::Tag { .. } => None,
        });
        let messages: Vec<_> = [OutboxMessage { id, way: Way::Mail, subject, body }].into_iter().chain(sent).collect();
        self.monitor.monitoring.keep_alert(alert, &looked.rules, &messages, now).await
    }
}

fn subject(alert: &AlertKey, estimate: &Estimate) -> Subject {
    let ratio = RatioSubject {
        network: alert.network,
        programme: alert.programme.clone(),
        month: alert.month,
        level: alert.level,
        bps: estimate.ratio.bps().unwrap_or_default(),
    };
    Subject {
        triggers: BTreeSet::from([Trigger::RatioLevelReached]),
        livemode: true,
        dispute: None,
        customer: None,
        order: None,
        ratio: Some(ratio),
    }
}
