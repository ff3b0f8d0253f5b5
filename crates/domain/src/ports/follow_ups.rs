use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{LedgerError, Version};
use crate::rules::{CooldownPer, RuleName, Subject, Tag};
use crate::{CustomerId, DisputeKey, Score, Trigger};

/// For how many days a follow-up or a message that is done can be looked at. Those that failed stay.
pub const DONE_KEPT_DAYS: i64 = 30;

/// The right to act on one change of a dispute, once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FollowUp {
    /// The dispute.
    pub key: DisputeKey,
    /// The state that the change made.
    pub version: Version,
    /// What happened.
    pub triggers: BTreeSet<Trigger>,
    /// Counts the attempts; settling must name the one it ends.
    pub attempt: i32,
}

impl FollowUp {
    /// Names it for ever: account, dispute and version.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}/{}", self.key, self.version)
    }
}

/// What is looked at for a follow-up, as it is now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FollowedUp {
    /// What rules see. Its triggers are the follow-up's. Of its customer's scores only the one before is known yet; and
    /// whether the books are of live mode is not for the ledger to say: here they always are.
    pub subject: Subject,
    /// When each rule last fired for the customer, and for the dispute.
    pub fired: BTreeMap<(RuleName, CooldownPer), DateTime<Utc>>,
}

/// That a rule was looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoggedRule {
    /// The rule.
    pub rule: RuleName,
    /// Whether it fired.
    pub fired: bool,
    /// Why, or why not, in a sentence.
    pub why: String,
}

/// What a rule that fired does in the books. All of it can be done twice without harm.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Deed {
    /// The customer is blocked, or is not any more.
    Decide {
        /// The customer.
        customer: CustomerId,
        /// Whether they are blocked from now on.
        is_blocked: bool,
        /// The rule.
        rule: RuleName,
        /// Why, in a line.
        reason: String,
    },
    /// The customer gets a tag.
    Tag {
        /// The customer.
        customer: CustomerId,
        /// The tag.
        tag: Tag,
        /// The rule.
        rule: RuleName,
    },
    /// A message is owed.
    Send(OutboxMessage),
}

/// How a message goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Way {
    /// As a mail to those who get the summaries.
    Mail,
    /// As a signed webhook to this endpoint.
    Webhook(String),
}

/// A mail or a webhook that is owed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutboxMessage {
    /// Names it for ever; what is owed twice under one id is sent as one.
    pub id: String,
    /// How it goes.
    pub way: Way,
    /// What it is about, in a line: the subject of a mail.
    pub subject: String,
    /// Plain text for a mail, JSON for a webhook.
    pub body: String,
}

/// What acting on a change came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conclusion {
    /// The follow-up.
    pub follow_up: FollowUp,
    /// The customer, where there is one.
    pub customer: Option<CustomerId>,
    /// Their score, where it was computed.
    pub score: Option<Score>,
    /// The rules that were looked at.
    pub rules: Vec<LoggedRule>,
    /// What they do, in order.
    pub deeds: Vec<Deed>,
}

/// Keeps what changes owe to those who act on them. [`Ledger::record`](super::Ledger::record) adds to it what a change
/// [triggers](crate::Change::triggers), in the same transaction.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait FollowUps: Send + Sync {
    /// Takes up to `limit` that are due, those that are due longest first and then by key and version, for as long as
    /// `lease`. None while a claim of another holds: they are worked one batch at a time, so that a cooldown is one. A
    /// claim whose lease ran out is handed out again. What is of a dispute that came through two doors may be held back for
    /// minutes, until the two are joined: till then its customer's figures count it twice.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn claim_follow_ups(
        &self,
        now: DateTime<Utc>,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<FollowUp>, LedgerError>;

    /// What is looked at for each, in order; `None` where its dispute turned out to be a double.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn followed_up(&self, follow_ups: &[FollowUp]) -> Result<Vec<Option<FollowedUp>>, LedgerError>;

    /// The same for a dispute to which this would happen; `None` where there is none, or it is a double.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn subject_of(
        &self,
        key: &DisputeKey,
        triggers: &BTreeSet<Trigger>,
    ) -> Result<Option<FollowedUp>, LedgerError>;

    /// Keeps what all of these came to, and ends them; in one transaction. A claim that is not the present one keeps
    /// nothing. What has a place already is not kept again: a rule that was logged for the follow-up, a tag of the
    /// customer, a message of the same id.
    ///
    /// Some of the follow-ups and messages that were done [`DONE_KEPT_DAYS`] ago are forgotten on the way.
    ///
    /// # Errors
    /// [`LedgerError`]; then nothing was kept.
    async fn conclude(&self, conclusions: &[Conclusion], now: DateTime<Utc>) -> Result<(), LedgerError>;

    /// Puts one off to `next`, or gives it up; `reason` says why in a sentence. A claim that is not the present one
    /// changes nothing.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn put_off(
        &self,
        follow_up: &FollowUp,
        reason: &str,
        next: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError>;
}
