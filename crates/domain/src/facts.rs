//! What is known of a dispute: a set of statements and a set of movements. Everything else is a function of these
//! sets, and never of the order in which their members arrived.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use chrono::{DateTime, Utc};

use crate::{
    Attributed, AttributionError, Basis, CauseId, Claims, Discrepancy, DiscrepancyKind, DisputeKey, Money, Movement,
    MovementId, Observation, Outcome, Reclassification, Status,
};

/// One statement of a source: an observation without its movements.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// What made it known.
    pub cause: CauseId,
    /// Whether the source told or was asked.
    pub basis: Basis,
    /// The moment it speaks of.
    pub as_of: DateTime<Utc>,
    /// The status then.
    pub status: Status,
    /// What else it claims.
    pub claims: Claims,
    /// When the latest of the movements it showed was made.
    pub latest_movement_at: Option<DateTime<Utc>>,
}

impl Line {
    /// The statement once more, without movements. Adding it to facts that hold it adds nothing.
    #[must_use]
    pub fn restated(&self, key: &DisputeKey) -> Observation {
        Observation {
            key: key.clone(),
            cause: self.cause.clone(),
            basis: self.basis,
            as_of: self.as_of,
            status: self.status.clone(),
            claims: self.claims.clone(),
            movements: Vec::new(),
        }
    }
}

/// A stretch of equal statuses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// The status.
    pub status: Status,
    /// What it means.
    pub outcome: Outcome,
    /// When it took effect.
    pub started_at: DateTime<Utc>,
    /// Whether `started_at` is the source's own date of the change.
    pub date_known: bool,
}

/// All statements and movements of one dispute, and what people say of its money.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    lines: BTreeMap<(DateTime<Utc>, CauseId), Line>,
    movements: BTreeMap<MovementId, Movement>,
    ties: BTreeMap<MovementId, Movement>,
    /// By the movement, with what takes its money out of suspense.
    reclassifications: BTreeMap<MovementId, (Reclassification, Movement)>,
}

/// A movement that is known says other amounts now. Movements never change at the source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("movement {movement} is known with another amount, fee, net, currency, category or time")]
pub struct MovementContradicted {
    /// The movement.
    pub movement: MovementId,
}

/// What an observation added to the facts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Added {
    /// The statement, if it was not known.
    pub line: Option<Line>,
    /// The movements that were not known.
    pub movements: Vec<Movement>,
}

impl Facts {
    /// The facts as they were stored, but for what people said: [`Facts::attribute`] adds that.
    #[must_use]
    pub fn from_parts(lines: impl IntoIterator<Item = Line>, movements: impl IntoIterator<Item = Movement>) -> Self {
        Self {
            lines: lines.into_iter().map(|line| ((line.as_of, line.cause.clone()), line)).collect(),
            movements: movements.into_iter().map(|movement| (movement.id.clone(), movement)).collect(),
            ..Self::default()
        }
    }

    /// Adds what a person says of the dispute's money.
    ///
    /// # Errors
    /// [`AttributionError`], and then nothing was added.
    pub fn attribute(&mut self, what: &Attributed) -> Result<(), AttributionError> {
        match what {
            Attributed::Tie(movement) => {
                if self.movements.contains_key(&movement.id) || self.ties.contains_key(&movement.id) {
                    return Err(AttributionError::OfTheDispute(movement.id.clone()));
                }
                self.ties.insert(movement.id.clone(), (**movement).clone());
            }
            Attributed::Reclassification(moved) => {
                let id = &moved.movement;
                let movement = self.movements.get(id).or_else(|| self.ties.get(id));
                let movement = movement.ok_or_else(|| AttributionError::NotOfTheDispute(id.clone()))?;
                if movement.suspense()? == 0 || self.reclassifications.contains_key(id) {
                    return Err(AttributionError::NothingInSuspense(id.clone()));
                }
                if moved.occurred_at < movement.occurred_at {
                    return Err(AttributionError::BeforeTheMovement(id.clone()));
                }
                let taken = movement.out_of_suspense(moved)?;
                self.reclassifications.insert(id.clone(), (moved.clone(), taken));
            }
        }
        Ok(())
    }

    /// What people said of the dispute's money, in an order in which it can be said again.
    #[must_use]
    pub fn attributed(&self) -> Vec<Attributed> {
        let ties = self.ties.values().map(|movement| Attributed::Tie(Box::new(movement.clone())));
        let moved = self.reclassifications.values().map(|(moved, _)| Attributed::Reclassification(moved.clone()));
        ties.chain(moved).collect()
    }

    /// Adds what an observation says. What is known already adds nothing.
    ///
    /// # Errors
    /// [`MovementContradicted`], and then nothing was added.
    pub fn add(&mut self, observation: &Observation) -> Result<Added, MovementContradicted> {
        let mut added = Added::default();
        for movement in &observation.movements {
            let known = self.movements.get(&movement.id).or_else(|| self.ties.get(&movement.id));
            match known.or_else(|| added.movements.iter().find(|new| new.id == movement.id)) {
                Some(known) if known.same_money(movement) => {}
                Some(_) => return Err(MovementContradicted { movement: movement.id.clone() }),
                None => added.movements.push(movement.clone()),
            }
        }
        let slot = self.lines.entry((observation.as_of, observation.cause.clone()));
        if let Entry::Vacant(slot) = slot {
            let line = slot.insert(Line {
                cause: observation.cause.clone(),
                basis: observation.basis,
                as_of: observation.as_of,
                status: observation.status.clone(),
                claims: observation.claims.clone(),
                latest_movement_at: observation.movements.iter().map(|movement| movement.occurred_at).max(),
            });
            added.line = Some(line.clone());
        }
        self.movements.extend(added.movements.iter().map(|movement| (movement.id.clone(), movement.clone())));
        Ok(added)
    }

    /// The statements, by time and cause.
    #[must_use = "it is an iterator"]
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &Line> {
        self.lines.values()
    }

    /// The movements in the order in which they act: by time, withdrawals first within a second.
    #[must_use]
    pub fn movements(&self) -> Vec<&Movement> {
        in_sequence(self.movements.values())
    }

    /// All that the figures are made of, in the order in which it acts: the movements, those that were tied to the
    /// dispute, and what was taken out of suspense.
    #[must_use]
    pub fn money(&self) -> Vec<&Movement> {
        let taken = self.reclassifications.values().map(|(_, taken)| taken);
        in_sequence(self.movements.values().chain(self.ties.values()).chain(taken))
    }

    /// Whether a movement is the account's, and a person tied it to the dispute.
    pub(crate) fn is_tied(&self, movement: &MovementId) -> bool {
        self.ties.contains_key(movement)
    }

    /// Whether a person has said the same before; on whatever day, where it is a reclassification.
    pub(crate) fn says(&self, what: &Attributed) -> bool {
        match what {
            Attributed::Tie(movement) => self.ties.get(&movement.id).is_some_and(|known| known == &**movement),
            Attributed::Reclassification(moved) => {
                let known = self.reclassifications.get(&moved.movement);
                known.is_some_and(|(known, _)| known.meaning == moved.meaning)
            }
        }
    }

    /// The movements whose entries are the dispute's: its own, and what was taken out of suspense.
    pub(crate) fn booked(&self) -> Vec<&Movement> {
        let taken = self.reclassifications.values().map(|(_, taken)| taken);
        in_sequence(self.movements.values().chain(taken))
    }

    /// What was taken out of the suspense that a movement left, as a movement by which the balance did not change.
    #[must_use]
    pub fn taken_out_of(&self, movement: &MovementId) -> Option<&Movement> {
        self.reclassifications.get(movement).map(|(_, taken)| taken)
    }

    /// The movements whose money is in suspense, in the order in which they act.
    pub(crate) fn unexplained(&self) -> impl Iterator<Item = &Movement> {
        let all = in_sequence(self.movements.values().chain(self.ties.values())).into_iter();
        all.filter(|movement| !self.reclassifications.contains_key(&movement.id))
    }

    /// Whether a movement is known as it is.
    pub(crate) fn knows(&self, movement: &Movement) -> bool {
        let known = self.movements.get(&movement.id).or_else(|| self.ties.get(&movement.id));
        known.is_some_and(|known| known.same_money(movement))
    }

    /// The value of a filing fact: that of the earliest statement that has it.
    pub fn first<T>(&self, claim: impl Fn(&Claims) -> Option<T>) -> Option<T> {
        self.lines().find_map(|line| claim(&line.claims))
    }

    /// The value of a fact that changes, such as a deadline: that of the latest statement that has it.
    pub fn last<T>(&self, claim: impl Fn(&Claims) -> Option<T>) -> Option<T> {
        self.lines().rev().find_map(|line| claim(&line.claims))
    }

    /// What the cardholder disputes; `None` before the first statement.
    #[must_use]
    pub fn disputed(&self) -> Option<Money> {
        self.first(|claims| Some(claims.disputed))
    }

    /// When the dispute was filed, as far as is known.
    #[must_use]
    pub fn opened_at(&self) -> Option<DateTime<Utc>> {
        self.first(|claims| claims.opened_at)
    }

    /// The statement that gives the present status: the last whose status is recognised, else the last.
    #[must_use]
    pub fn present(&self) -> Option<&Line> {
        let lines = self.by_status_order();
        lines.iter().rev().find(|line| line.status.outcome().is_some()).or(lines.last()).copied()
    }

    pub(crate) fn by_status_order(&self) -> Vec<&Line> {
        let mut lines: Vec<_> = self.lines().collect();
        lines.sort_by_key(|line| (line.as_of, line.status.rank(), line.status.as_str(), &line.cause));
        lines
    }

    /// The runs of recognised statuses, in order, with the times at which they took effect.
    ///
    /// A run takes effect at its first statement's time if that is an event. If it is a read, the change happened at
    /// some time before: the read's own time is taken when an earlier run exists, else that of the latest movement it
    /// shows, else the filing, and the date is flagged as not known. Times never go backwards.
    #[must_use]
    pub fn runs(&self) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for line in self.by_status_order() {
            let Some(outcome) = line.status.outcome() else { continue };
            let previous = runs.last();
            if previous.is_some_and(|run| run.status == line.status) {
                continue;
            }
            let (at, date_known) = match (line.basis, previous) {
                (Basis::Event, _) => (line.as_of, true),
                (Basis::Read, Some(_)) => (line.as_of, false),
                (Basis::Read, None) => {
                    (line.latest_movement_at.or_else(|| self.opened_at()).unwrap_or(line.as_of), false)
                }
            };
            let started_at = previous.map_or(at, |run| at.max(run.started_at));
            runs.push(Run { status: line.status.clone(), outcome, started_at, date_known });
        }
        runs
    }

    /// When it became a formal dispute, which is what networks count: the filing, or the end of the inquiry before it.
    /// `None` for what is none: an inquiry, or what was prevented.
    #[must_use]
    pub fn filed_at(&self) -> Option<DateTime<Utc>> {
        let runs = self.runs();
        let is_formal = |outcome| match outcome {
            Outcome::Open | Outcome::Won | Outcome::Lost | Outcome::Refunded => true,
            Outcome::InquiryOpen | Outcome::InquiryClosed | Outcome::Prevented => false,
        };
        if !runs.last().is_none_or(|run| is_formal(run.outcome)) {
            return None;
        }
        let became = runs.iter().find(|run| is_formal(run.outcome)).map(|run| run.started_at);
        let was_inquiry = runs.first().is_some_and(|run| !is_formal(run.outcome));
        if was_inquiry {
            return became;
        }
        self.opened_at().or(became).or_else(|| self.present().map(|line| line.as_of))
    }

    /// Where the facts contradict themselves, or say what nobody knows yet.
    pub(crate) fn discrepancies(&self) -> Vec<Discrepancy> {
        let mut found = Vec::new();
        let mut contradiction = |what: &'static str, differs: bool| {
            if differs {
                found.push(Discrepancy::new(DiscrepancyKind::ContradictingFact, what));
            }
        };
        contradiction("amount or currency", self.differs(|claims| Some(claims.disputed)));
        contradiction("charge", self.differs(|claims| claims.charge.clone()));
        contradiction("payment intent", self.differs(|claims| claims.payment_intent.clone()));
        contradiction("reason", self.differs(|claims| claims.reason.clone()));
        contradiction("case type", self.differs(|claims| claims.case_type.clone()));
        contradiction("card brand", self.differs(|claims| claims.card_brand.clone()));
        contradiction("card last4", self.differs(|claims| claims.card_last4.clone()));
        contradiction("filing time", self.differs(|claims| claims.opened_at));
        for line in self.lines() {
            if let Status::Unrecognised(word) = &line.status {
                found.push(Discrepancy::new(DiscrepancyKind::UnrecognisedStatus, word));
            }
        }
        found
    }

    fn differs<T: PartialEq>(&self, claim: impl Fn(&Claims) -> Option<T>) -> bool {
        let first = self.first(&claim);
        self.lines().filter_map(|line| claim(&line.claims)).any(|value| Some(value) != first)
    }
}

fn in_sequence<'a>(movements: impl Iterator<Item = &'a Movement>) -> Vec<&'a Movement> {
    let mut movements: Vec<_> = movements.collect();
    movements.sort_by(|a, b| a.sequence().cmp(&b.sequence()));
    movements
}

#[cfg(test)]
mod tests;
