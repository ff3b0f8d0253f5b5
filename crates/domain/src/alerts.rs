//! What somebody is told of before anybody asks, each once.

use std::ops::RangeInclusive;
use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::ports::{DayMail, DeliveryState, Due, Sealed};
use crate::service::{Schedule, due_through};
use crate::{DisputeKey, Money, OrderRef};

/// How long ago a day's summary can have been due for somebody to be told that it is late.
const LATE_DAYS: Days = Days::new(30);

/// From when on something is wrong. `None` for what nobody is told of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AlertRules {
    /// A day's summary that was not accepted so long after its time.
    pub summary_after: Option<Duration>,
    /// No webhook for so long, where there were some before.
    pub silence: Option<Duration>,
    /// Every event that was quarantined.
    pub quarantined: bool,
    /// A dispute that was won so long ago, and whose money is not back.
    pub reinstated_within: Option<Duration>,
    /// Evidence that is due within this, and was not submitted.
    pub evidence_within: Option<Duration>,
    /// A dispute that was filed so long ago, and has no order.
    pub order_within: Option<Duration>,
}

/// The same as moments.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AlertBounds {
    /// Now.
    pub now: DateTime<Utc>,
    /// The last day whose summary must have been accepted.
    pub summaries_through: Option<NaiveDate>,
    /// The channels on which it must have been.
    pub channels: Vec<String>,
    /// The zone whose days are meant.
    pub zone: Tz,
    /// The first day of the books, if it is set.
    pub books_start: Option<NaiveDate>,
    /// There must have been a webhook since.
    pub silent_since: Option<DateTime<Utc>>,
    /// Whether quarantined events are told of.
    pub quarantined: bool,
    /// The money of what was won before must be back.
    pub won_before: Option<DateTime<Utc>>,
    /// Evidence that is due up to then.
    pub evidence_until: Option<DateTime<Utc>>,
    /// What was filed before must have an order.
    pub filed_before: Option<DateTime<Utc>>,
}

impl AlertRules {
    /// The moments of `now`, with the summaries of `schedule` on `channels`.
    #[must_use]
    pub fn bounds(&self, schedule: &Schedule, channels: Vec<String>, now: DateTime<Utc>) -> AlertBounds {
        let span = |span: Option<Duration>| TimeDelta::from_std(span?).ok();
        let ago = |of: Option<Duration>| now.checked_sub_signed(span(of)?);
        AlertBounds {
            now,
            summaries_through: ago(self.summary_after).and_then(|then| due_through(then, schedule)),
            channels,
            zone: schedule.zone,
            books_start: schedule.books_start,
            silent_since: ago(self.silence),
            quarantined: self.quarantined,
            won_before: ago(self.reinstated_within),
            evidence_until: span(self.evidence_within).and_then(|within| now.checked_add_signed(within)),
            filed_before: ago(self.order_within),
        }
    }
}

impl AlertBounds {
    /// The days whose summaries must have been accepted, as far back as somebody is told of them; `None` where nobody is.
    #[must_use]
    pub fn summaries(&self) -> Option<RangeInclusive<NaiveDate>> {
        let through = self.summaries_through?;
        Some(through.checked_sub_days(LATE_DAYS).unwrap_or(NaiveDate::MIN)..=through)
    }

    /// Those of them that are not even sealed, also where no day ever was.
    pub fn not_sealed(&self, sealed: &Sealed) -> impl Iterator<Item = Wrong> + use<> {
        // Before anything was recorded there was nothing to tell, however early the books begin.
        let known_since = sealed.last.or(sealed.first_recorded);
        let days = self.summaries().zip(sealed.next(self.books_start)).zip(known_since);
        let days = days.into_iter().flat_map(|((days, next), known_since)| {
            let first = next.max(known_since).max(*days.start());
            first.iter_days().take_while(move |date| date <= days.end())
        });
        days.map(Wrong::not_on_its_way)
    }
}

/// A kind of what can be wrong.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum AlertKind {
    /// A day's summary was not accepted in time.
    SummaryLate,
    /// No webhook came for long.
    WebhooksSilent,
    /// An event was quarantined.
    Quarantined,
    /// Money that was won is not back.
    NotReinstated,
    /// Evidence is due.
    EvidenceDue,
    /// A dispute has no order.
    Orphaned,
}

impl AlertKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::SummaryLate,
        Self::WebhooksSilent,
        Self::Quarantined,
        Self::NotReinstated,
        Self::EvidenceDue,
        Self::Orphaned,
    ];

    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SummaryLate => "summary_late",
            Self::WebhooksSilent => "webhooks_silent",
            Self::Quarantined => "quarantined",
            Self::NotReinstated => "not_reinstated",
            Self::EvidenceDue => "evidence_due",
            Self::Orphaned => "orphaned",
        }
    }
}

/// A dispute that somebody should look at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DisputeAlert {
    /// The dispute.
    pub key: DisputeKey,
    /// Its order, if there is exactly one.
    pub order: Option<OrderRef>,
    /// What the cardholder disputes.
    pub disputed: Money,
    /// When it was won, when its evidence is due, or when it was filed.
    pub at: DateTime<Utc>,
}

/// Something that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wrong {
    /// A summary is late.
    SummaryLate {
        /// The day, and its mail on a channel where it stands on one.
        mail: DayMail,
        /// The channel; `None` where the day is not sealed, or on none.
        channel: Option<(String, DeliveryState)>,
    },
    /// No webhook came for long.
    WebhooksSilent {
        /// When the last came.
        since: DateTime<Utc>,
    },
    /// An event was quarantined.
    Quarantined {
        /// The account that it is of, and its id.
        event: String,
    },
    /// Money that was won is not back.
    NotReinstated(DisputeAlert),
    /// Evidence is due.
    EvidenceDue(DisputeAlert),
    /// A dispute has no order.
    Orphaned(DisputeAlert),
}

impl Wrong {
    /// That the mail of a day is late, and on no channel.
    #[must_use]
    pub fn not_on_its_way(date: NaiveDate) -> Self {
        Self::SummaryLate { mail: DayMail::together(date), channel: None }
    }

    /// That a mail is late on its channel.
    #[must_use]
    pub fn late(due: Due, state: DeliveryState) -> Self {
        Self::SummaryLate { mail: due.mail, channel: Some((due.channel, state)) }
    }

    /// What kind it is.
    #[must_use]
    pub fn kind(&self) -> AlertKind {
        match self {
            Self::SummaryLate { .. } => AlertKind::SummaryLate,
            Self::WebhooksSilent { .. } => AlertKind::WebhooksSilent,
            Self::Quarantined { .. } => AlertKind::Quarantined,
            Self::NotReinstated(_) => AlertKind::NotReinstated,
            Self::EvidenceDue(_) => AlertKind::EvidenceDue,
            Self::Orphaned(_) => AlertKind::Orphaned,
        }
    }

    /// What names it within its kind. The same is told once; what comes again, such as another silence, has another name.
    #[must_use]
    pub fn subject(&self) -> String {
        let key = |of: &DisputeAlert| format!("{}/{}", of.key.account, of.key.dispute);
        match self {
            Self::SummaryLate { mail, channel: None } => mail.reference(),
            Self::SummaryLate { mail, channel: Some((channel, DeliveryState::Failed | DeliveryState::Unknown)) } => {
                format!("{channel}/{} takes a person", mail.reference())
            }
            Self::SummaryLate { mail, channel: Some((channel, _)) } => format!("{channel}/{}", mail.reference()),
            Self::WebhooksSilent { since } => since.to_rfc3339(),
            Self::Quarantined { event } => event.clone(),
            Self::NotReinstated(of) | Self::EvidenceDue(of) => format!("{} {}", key(of), of.at.timestamp()),
            Self::Orphaned(of) => key(of),
        }
    }
}
