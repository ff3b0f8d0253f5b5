//! What happened to a dispute, for those who act on it.

use std::collections::BTreeSet;

use crate::Outcome;

/// What can make rules be looked at.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Trigger {
    /// A dispute became known.
    DisputeFiled,
    /// Something of a dispute changed: its status, its money, or its order.
    DisputeChanged,
    /// A dispute was closed.
    DisputeClosed,
    /// A dispute that was closed is open again.
    DisputeReopened,
    /// The score of a customer is another than before.
    CustomerScoreChanged,
    /// A network's ratio reached a level.
    RatioLevelReached,
}

impl Trigger {
    /// Every trigger.
    pub const ALL: [Self; 6] = [
        Self::DisputeFiled,
        Self::DisputeChanged,
        Self::DisputeClosed,
        Self::DisputeReopened,
        Self::CustomerScoreChanged,
        Self::RatioLevelReached,
    ];

    /// The word in rules, and the stored one.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DisputeFiled => "dispute_filed",
            Self::DisputeChanged => "dispute_changed",
            Self::DisputeClosed => "dispute_closed",
            Self::DisputeReopened => "dispute_reopened",
            Self::CustomerScoreChanged => "customer_score_changed",
            Self::RatioLevelReached => "ratio_level_reached",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|trigger| trigger.as_str() == word)
    }
}

/// What a change triggers, by the outcomes before and after it; `None` before the dispute was known.
///
/// They speak of how it became known: one that is first heard of as lost was filed and closed.
pub(crate) fn triggers(before: Option<Outcome>, after: Outcome) -> BTreeSet<Trigger> {
    let was_closed = before.is_some_and(Outcome::is_decided);
    let mut triggers = BTreeSet::from([match before {
        None => Trigger::DisputeFiled,
        Some(_) => Trigger::DisputeChanged,
    }]);
    match (was_closed, after.is_decided()) {
        (false, true) => triggers.extend([Trigger::DisputeClosed]),
        (true, false) => triggers.extend([Trigger::DisputeReopened]),
        (true, true) | (false, false) => {}
    }
    triggers
}
