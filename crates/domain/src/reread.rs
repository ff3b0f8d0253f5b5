//! When a dispute must be read again, and what a read adds to what is known.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{Basis, Bucket, Claims, Discrepancy, DiscrepancyKind, Dispute, Facts, Line, Observation, OrderMatch};

/// A read that settles an event is made at least this long after it: then what it shows is from after the event.
const SETTLES_AFTER: TimeDelta = TimeDelta::seconds(5);

/// When missing money is looked for again: after the first attempt, the second and so on. What comes later than all of
/// these is found by the sweep for money.
const MONEY_AFTER: [TimeDelta; 7] = [
    TimeDelta::hours(1),
    TimeDelta::hours(6),
    TimeDelta::days(1),
    TimeDelta::days(2),
    TimeDelta::days(4),
    TimeDelta::days(8),
    TimeDelta::days(16),
];

/// Why a dispute must be read again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ReadReason {
    /// Two events of one second give it two statuses.
    Ambiguous,
    /// Nobody knows its order, and its payment may name it.
    OrderUnknown,
    /// It is closed, and money that belongs to the verdict was not seen.
    MoneyMissing,
    /// Nobody knows its card, and its payment shows it.
    CardUnknown,
}

impl ReadReason {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Ambiguous, Self::OrderUnknown, Self::MoneyMissing, Self::CardUnknown];

    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ambiguous => "ambiguous",
            Self::OrderUnknown => "order_unknown",
            Self::MoneyMissing => "money_missing",
            Self::CardUnknown => "card_unknown",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

/// A read that a change makes necessary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OwedRead {
    /// Why.
    pub reason: ReadReason,
    /// How long after the change is recorded.
    pub after: TimeDelta,
}

/// How a dispute is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sight {
    /// Whether nothing was known of it.
    pub(crate) is_first: bool,
    /// Whether customers and cards are known by their hashes.
    pub(crate) knows_customers: bool,
}

/// What a change owes, by what it added. A dispute that is decided again without anything new owes nothing.
pub(crate) fn owed_read(
    facts: &Facts,
    added: &[Line],
    Sight { is_first, knows_customers }: Sight,
    dispute: &Dispute,
    discrepancies: &[Discrepancy],
) -> Option<OwedRead> {
    let was_read = facts.lines().any(|line| line.basis == Basis::Read);
    let reason = if is_ambiguous(facts, added) {
        ReadReason::Ambiguous
    } else if is_first && !was_read && dispute.order_match == OrderMatch::Orphan {
        ReadReason::OrderUnknown
    } else if !added.is_empty() && misses_money(dispute.bucket, discrepancies) {
        ReadReason::MoneyMissing
    } else if is_first && !was_read && knows_customers {
        ReadReason::CardUnknown
    } else {
        return None;
    };
    let after = if reason == ReadReason::MoneyMissing { MONEY_AFTER[0] } else { SETTLES_AFTER };
    Some(OwedRead { reason, after })
}

/// Whether a closed dispute misses money that belongs to its verdict.
pub(crate) fn misses_money(bucket: Bucket, discrepancies: &[Discrepancy]) -> bool {
    bucket == Bucket::RecoveryPending || discrepancies.iter().any(|odd| odd.kind == DiscrepancyKind::NoWithdrawalSeen)
}

/// When missing money is looked for after the attempt with this number, counted from 1; `None` when it is left to the
/// sweep for money.
pub(crate) fn money_again(attempt: i32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let after = MONEY_AFTER.get(usize::try_from(attempt).ok()?)?;
    now.checked_add_signed(*after)
}

/// Whether the second that gives the present status gives another as well, and something of it is new.
fn is_ambiguous(facts: &Facts, added: &[Line]) -> bool {
    let Some(present) = facts.present().filter(|line| line.status.outcome().is_some()) else { return false };
    let statuses: BTreeSet<_> = facts
        .lines()
        .filter(|line| line.as_of == present.as_of && line.status.outcome().is_some())
        .map(|line| &line.status)
        .collect();
    statuses.len() > 1 && added.iter().any(|line| line.as_of == present.as_of)
}

/// What a read adds to the facts, as the observation to be booked; `None` when everything it says is known.
///
/// A read that finds the same status, and no claim that nobody made, adds no statement: then only the movements are new,
/// and they are booked under the statement that is there.
#[must_use]
pub fn news(facts: &Facts, read: &Observation) -> Option<Observation> {
    let known = statement_at(facts, read);
    let unknown: Vec<_> = read.movements.iter().filter(|movement| !facts.knows(movement)).cloned().collect();
    match known.filter(|line| line.status == read.status && !says_more(facts, read)) {
        None => Some(read.clone()),
        Some(_) if unknown.is_empty() => None,
        Some(line) => Some(Observation { movements: unknown, ..line.restated(&read.key) }),
    }
}

/// The statement that gives the status at the moment of the read. A status that nobody knows changes none, and is known
/// when it was the last that was said.
fn statement_at<'a>(facts: &'a Facts, read: &Observation) -> Option<&'a Line> {
    let is_recognised = read.status.outcome().is_some();
    let mut said = facts.by_status_order().into_iter().rev().filter(|line| line.as_of <= read.as_of);
    said.find(|line| !is_recognised || line.status.outcome().is_some())
}

/// Whether the read claims something that no statement claims.
fn says_more(facts: &Facts, read: &Observation) -> bool {
    fn is_new<T: PartialEq>(facts: &Facts, claims: &Claims, of: impl Fn(&Claims) -> Option<T>) -> bool {
        of(claims).is_some_and(|value| facts.lines().all(|line| of(&line.claims).as_ref() != Some(&value)))
    }
    fn changes<T: PartialEq>(facts: &Facts, read: &Observation, of: impl Fn(&Claims) -> Option<T>) -> bool {
        let mut said = facts.lines().rev().filter(|line| line.as_of <= read.as_of);
        of(&read.claims).is_some_and(|value| said.find_map(|line| of(&line.claims)) != Some(value))
    }
    let claims = &read.claims;
    is_new(facts, claims, |claims| Some(claims.disputed))
        || is_new(facts, claims, |claims| claims.charge.clone())
        || is_new(facts, claims, |claims| claims.payment_intent.clone())
        || is_new(facts, claims, |claims| claims.order_hint.clone())
        || is_new(facts, claims, |claims| claims.reason.clone())
        || is_new(facts, claims, |claims| claims.case_type.clone())
        || is_new(facts, claims, |claims| claims.card_brand.clone())
        || is_new(facts, claims, |claims| claims.card_last4.clone())
        || is_new(facts, claims, |claims| claims.card_hash.clone())
        || is_new(facts, claims, |claims| claims.opened_at)
        || changes(facts, read, |claims| claims.evidence_due_by)
        || changes(facts, read, |claims| claims.evidence_submitted)
}
