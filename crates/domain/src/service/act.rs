mod look;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use self::look::Looking;
use crate::ports::{Conclusion, Deed, FollowUp, FollowUps, FollowedUp, LedgerError, LoggedRule, Way};
use crate::rules::{RuleName, RuleSet, Subject};
use crate::{DisputeKey, Score, ScoreWeights, Trigger, next_attempt};

/// How many follow-ups are worked at once.
const BATCH: u32 = 200;

/// How long a batch may take. Whoever died with one keeps the others waiting as long.
const LEASE: Duration = Duration::from_mins(2);

/// A message that a rule owes, to be written.
#[derive(Clone, Copy, Debug)]
pub struct Notice<'a> {
    /// The id of the message.
    pub id: &'a str,
    /// The rule.
    pub rule: &'a RuleName,
    /// Why it fired.
    pub why: &'a str,
    /// How the message goes.
    pub way: &'a Way,
    /// What happened, and to whom; with the score that the customer has now.
    pub subject: &'a Subject,
    /// When the rule fired.
    pub at: DateTime<Utc>,
}

/// Writes the body of a message: plain text for a mail, JSON for a webhook.
pub type WriteMessage = dyn Fn(&Notice<'_>) -> String + Send + Sync;

/// Acts on what happened: scores the customer, looks at the rules, and keeps what both come to.
#[derive(Clone)]
pub struct Act {
    follow_ups: Arc<dyn FollowUps>,
    rules: Arc<RuleSet>,
    weights: ScoreWeights,
    livemode: bool,
    write: Arc<WriteMessage>,
}

/// What became of a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Acted {
    /// Follow-ups that are done.
    pub done: u64,
    /// Those that could not be, and are tried again later.
    pub put_off: u64,
    /// Those that were given up: a person must look.
    pub failed: u64,
}

impl Acted {
    /// Whether there was nothing to do.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        *self == Self::default()
    }
}

/// What a score and rules come to for a subject.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Looked {
    /// What the rules saw.
    pub subject: Subject,
    /// The score of its customer, where there is one.
    pub score: Option<Score>,
    /// The rules that were looked at, and why they fired or did not.
    pub rules: Vec<LoggedRule>,
    /// What they do, in order.
    pub deeds: Vec<Deed>,
}

impl Act {
    /// Acts on the follow-ups of a ledger whose books are of `livemode`; `write` writes what is sent.
    #[must_use]
    pub fn new(
        follow_ups: Arc<dyn FollowUps>,
        rules: Arc<RuleSet>,
        weights: ScoreWeights,
        livemode: bool,
        write: Arc<WriteMessage>,
    ) -> Self {
        Self { follow_ups, rules, weights, livemode, write }
    }

    /// Works one batch of what is due; again and again until it [is idle](Acted::is_idle), all of it.
    ///
    /// Only rules that wait for what happened are looked at, and logged. Those of one follow-up see the customer as they
    /// were before it, those of the next one what became of them: as if each were worked by itself. A follow-up that the
    /// ledger refuses keeps no other back: it is tried again later, and after some attempts given up with the reason.
    ///
    /// # Errors
    /// [`LedgerError`]; what was claimed and not ended is handed out again.
    pub async fn run(&self, now: DateTime<Utc>) -> Result<Acted, LedgerError> {
        let claimed = self.follow_ups.claim_follow_ups(now, LEASE, BATCH).await?;
        if claimed.is_empty() {
            return Ok(Acted::default());
        }
        match self.work(&claimed, now).await {
            Ok(()) => Ok(Acted { done: u64::try_from(claimed.len()).unwrap_or(u64::MAX), ..Acted::default() }),
            Err(LedgerError::Refused { .. } | LedgerError::Corrupt { .. }) => self.work_apart(&claimed, now).await,
            Err(away @ LedgerError::Unavailable(_)) => Err(away),
        }
    }

    /// Each by itself.
    async fn work_apart(&self, claimed: &[FollowUp], now: DateTime<Utc>) -> Result<Acted, LedgerError> {
        let mut acted = Acted::default();
        for follow_up in claimed {
            let ended = match self.work(std::slice::from_ref(follow_up), now).await {
                Ok(()) => &mut acted.done,
                Err(away @ LedgerError::Unavailable(_)) => return Err(away),
                Err(error @ (LedgerError::Refused { .. } | LedgerError::Corrupt { .. })) => {
                    let next = next_attempt(u32::try_from(follow_up.attempt).unwrap_or(u32::MAX), None, now);
                    self.follow_ups.put_off(follow_up, &error.to_string(), next, now).await?;
                    if next.is_some() { &mut acted.put_off } else { &mut acted.failed }
                }
            };
            *ended = ended.saturating_add(1);
        }
        Ok(acted)
    }

    async fn work(&self, claimed: &[FollowUp], now: DateTime<Utc>) -> Result<(), LedgerError> {
        let mut looking = self.looking(now);
        let found = self.follow_ups.followed_up(claimed).await?;
        let conclusions: Vec<_> = claimed
            .iter()
            .zip(found)
            .map(|(follow_up, found)| {
                let looked = found.map(|found| looking.look(&follow_up.id(), found));
                conclusion(follow_up.clone(), looked)
            })
            .collect();
        self.follow_ups.conclude(&conclusions, now).await
    }

    /// What would be done if this happened to a dispute now; nothing is. Every rule is looked at. `None` where there is no
    /// such dispute, or it is a double.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn would(
        &self,
        key: &DisputeKey,
        triggers: &BTreeSet<Trigger>,
        now: DateTime<Utc>,
    ) -> Result<Option<Looked>, LedgerError> {
        let found = self.follow_ups.subject_of(key, triggers).await?;
        let mut looking = Looking { every_rule: true, ..self.looking(now) };
        Ok(found.map(|found| looking.look(&format!("{key}/test"), found)))
    }

    /// What the rules come to for what is no dispute's, such as a ratio. `id` names what happened for ever.
    #[must_use]
    pub fn look(&self, id: &str, subject: Subject, now: DateTime<Utc>) -> Looked {
        self.looking(now).look(id, FollowedUp { subject, fired: BTreeMap::new() })
    }

    fn looking(&self, now: DateTime<Utc>) -> Looking<'_> {
        Looking { act: self, now, every_rule: false, customers: BTreeMap::new(), fired: BTreeMap::new() }
    }
}

/// Of a double nothing is looked at.
fn conclusion(follow_up: FollowUp, looked: Option<Looked>) -> Conclusion {
    let Some(Looked { subject, score, rules, deeds }) = looked else {
        return Conclusion { follow_up, customer: None, score: None, rules: Vec::new(), deeds: Vec::new() };
    };
    Conclusion { follow_up, customer: subject.customer.map(|customer| customer.id), score, rules, deeds }
}
