//! How disputes stand beside a day: what closed lately, and what is open.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, Days, NaiveDate, Utc};
use chrono_tz::Tz;

use super::{OpenBalance, REASONS_MAX, ReasonCount, TrendDay, Window};
use crate::money::add;
use crate::{Currency, Deltas, Facts, Money, MoneyError, Outcome};

/// As many days are in the longer window.
const WINDOW_DAYS: u64 = 90;

/// What of a dispute is told beside a day.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stands {
    /// What its status means.
    pub outcome: Outcome,
    /// When it was closed; `None` while it is open.
    pub closed_at: Option<DateTime<Utc>>,
    /// When it was filed, where that is known.
    pub opened_at: Option<DateTime<Utc>>,
    /// What the cardholder disputes.
    pub disputed: Money,
    /// The source's word for the reason.
    pub reason: Option<String>,
    /// Until when evidence can be submitted, where that is known.
    pub evidence_due_by: Option<DateTime<Utc>>,
    /// Whether evidence is known to be submitted.
    pub evidence_submitted: bool,
}

impl Stands {
    /// By what is known of it; `None` before the first statement.
    #[must_use]
    pub fn of(facts: &Facts) -> Option<Self> {
        let run = facts.runs().pop();
        Some(Self {
            outcome: run.as_ref().map_or(Outcome::Open, |run| run.outcome),
            closed_at: run.filter(|run| run.outcome.is_decided()).map(|run| run.started_at),
            opened_at: facts.opened_at(),
            disputed: facts.disputed()?,
            reason: facts.first(|claims| claims.reason.clone()),
            evidence_due_by: facts.last(|claims| claims.evidence_due_by),
            evidence_submitted: facts.last(|claims| claims.evidence_submitted) == Some(true),
        })
    }

    fn is_won_or_lost(&self) -> bool {
        matches!(self.outcome, Outcome::Won | Outcome::Lost)
    }
}

/// What is told of all disputes beside a day.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Standing {
    /// Closed disputes of the month up to the day.
    pub month_to_date: Window,
    /// The same for 90 days.
    pub ninety_days: Window,
    /// See [`DayBooks::trend`](super::DayBooks::trend).
    pub trend: Vec<TrendDay>,
    /// See [`DayBooks::reasons`](super::DayBooks::reasons).
    pub reasons: Vec<ReasonCount>,
    /// The disputes that are open.
    pub open: OpenBalance,
}

impl Standing {
    /// Of disputes that are no doubles, each with the sums of its resolution rows, beside a date of a zone.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn of(
        disputes: impl IntoIterator<Item = (Stands, BTreeMap<Currency, Deltas>)>,
        date: NaiveDate,
        zone: Tz,
    ) -> Result<Self, MoneyError> {
        let month = date.with_day(1).unwrap_or(date);
        let ninety = date.checked_sub_days(Days::new(WINDOW_DAYS.saturating_sub(1))).unwrap_or(date);
        let mut standing = Self::default();
        let mut by_date = BTreeMap::<NaiveDate, (u64, u64)>::new();
        let mut by_reason = BTreeMap::<Option<String>, (u64, u64)>::new();
        for (dispute, sums) in disputes {
            standing.open.add(&dispute, date, zone)?;
            let closed_on = dispute.closed_at.map(|at| at.with_timezone(&zone).date_naive());
            let Some(closed_on) = closed_on.filter(|on| *on <= date) else { continue };
            for (from, window) in [(month, &mut standing.month_to_date), (ninety, &mut standing.ninety_days)] {
                if closed_on >= from {
                    window.count(dispute.outcome, 1, u64::from(dispute.evidence_submitted));
                    for (currency, deltas) in sums.iter().filter(|_| dispute.is_won_or_lost()) {
                        window.add_principal(*currency, deltas.recovered, deltas.loss)?;
                    }
                }
            }
            if dispute.is_won_or_lost() {
                count(by_date.entry(closed_on).or_default(), dispute.outcome);
                if closed_on >= ninety {
                    count(by_reason.entry(dispute.reason).or_default(), dispute.outcome);
                }
            }
        }
        standing.open.at_risk.retain(|_, minor| *minor != 0);
        standing.trend = TrendDay::up_to(date, &by_date);
        standing.reasons = reasons(by_reason);
        Ok(standing)
    }
}

fn count((won, lost): &mut (u64, u64), outcome: Outcome) {
    let counted = if outcome == Outcome::Won { won } else { lost };
    *counted = counted.saturating_add(1);
}

fn reasons(counts: BTreeMap<Option<String>, (u64, u64)>) -> Vec<ReasonCount> {
    let mut reasons: Vec<_> =
        counts.into_iter().map(|(reason, (won, lost))| ReasonCount { reason, won, lost }).collect();
    reasons.sort_by(|one, other| {
        let place = |of: &ReasonCount| (Reverse(of.won.saturating_add(of.lost)), of.reason.is_none());
        place(one).cmp(&place(other)).then_with(|| one.reason.cmp(&other.reason))
    });
    reasons.truncate(REASONS_MAX);
    reasons
}

impl Window {
    /// Counts disputes of one outcome, so many of them with evidence submitted; what is open counts as none.
    pub fn count(&mut self, outcome: Outcome, disputes: u64, challenged: u64) {
        let (counted, of_them_challenged) = match outcome {
            Outcome::Won => (&mut self.won, Some(&mut self.won_challenged)),
            Outcome::Lost => (&mut self.lost, Some(&mut self.lost_challenged)),
            Outcome::InquiryClosed => (&mut self.inquiries, None),
            Outcome::Prevented => (&mut self.prevented, None),
            Outcome::Refunded => (&mut self.refunded, None),
            Outcome::Open | Outcome::InquiryOpen => return,
        };
        *counted = counted.saturating_add(disputes);
        if let Some(of_them_challenged) = of_them_challenged {
            *of_them_challenged = of_them_challenged.saturating_add(challenged);
        }
    }

    /// Adds what of won and lost disputes was recovered and lost, in minor units.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn add_principal(&mut self, currency: Currency, recovered: i64, lost: i64) -> Result<(), MoneyError> {
        let sums = self.principal.entry(currency).or_default();
        *sums = (add(sums.0, recovered)?, add(sums.1, lost)?);
        Ok(())
    }
}

impl OpenBalance {
    fn add(&mut self, dispute: &Stands, date: NaiveDate, zone: Tz) -> Result<(), MoneyError> {
        let on = |at: DateTime<Utc>| at.with_timezone(&zone).date_naive();
        let (minor, currency) = (dispute.disputed.minor(), dispute.disputed.currency());
        let add_to = |sums: &mut BTreeMap<Currency, i64>| {
            let sum = sums.entry(currency).or_default();
            *sum = add(*sum, minor)?;
            Ok(())
        };
        if dispute.opened_at.map(on) == Some(date) {
            self.filed = self.filed.saturating_add(1);
            add_to(&mut self.filed_amounts)?;
        }
        match dispute.outcome {
            Outcome::Open => {
                self.disputes = self.disputes.saturating_add(1);
                add_to(&mut self.at_risk)?;
            }
            Outcome::InquiryOpen => self.inquiries = self.inquiries.saturating_add(1),
            Outcome::Won | Outcome::Lost | Outcome::InquiryClosed | Outcome::Refunded | Outcome::Prevented => {
                return Ok(());
            }
        }
        self.oldest_opened_at = [self.oldest_opened_at, dispute.opened_at].into_iter().flatten().min();
        let due_on = dispute.evidence_due_by.map(on);
        let in_a_week = date.checked_add_days(Days::new(7)).unwrap_or(date);
        if !dispute.evidence_submitted && due_on.is_some_and(|on| on > date && on <= in_a_week) {
            self.evidence_due_soon = self.evidence_due_soon.saturating_add(1);
        }
        Ok(())
    }
}
