//! What acts on disputes: the score of the customer, the rules, and the messages that they owe.

mod message;

use std::sync::Arc;

use chargebook_domain::ScoreWeights;
use chargebook_domain::ports::{Clock, FollowUps, Notifier, Outbox, Outgoing};
use chargebook_domain::rules::RuleSet;
use chargebook_domain::service::{Act, Deliver};

use crate::mail;

/// What it takes to act.
#[derive(Clone)]
pub struct Acting {
    /// What changes owe.
    pub follow_ups: Arc<dyn FollowUps>,
    /// What rules owe.
    pub outbox: Arc<dyn Outbox>,
    /// Where webhooks go.
    pub outgoing: Arc<dyn Outgoing>,
    /// The rules.
    pub rules: Arc<RuleSet>,
    /// What the score is made of.
    pub weights: ScoreWeights,
    /// Whether the books are of live mode.
    pub livemode: bool,
}

impl Acting {
    /// Acts on what happened.
    #[must_use]
    pub fn act(&self) -> Act {
        let (follow_ups, rules) = (Arc::clone(&self.follow_ups), Arc::clone(&self.rules));
        Act::new(follow_ups, rules, self.weights, self.livemode, Arc::new(message::body))
    }

    /// Sends what is owed; mails by the first of `notifiers` that takes them.
    #[must_use]
    pub fn deliver(&self, notifiers: Vec<Arc<dyn Notifier>>, clock: Arc<dyn Clock>) -> Deliver {
        let (outbox, outgoing) = (Arc::clone(&self.outbox), Arc::clone(&self.outgoing));
        Deliver::new(outbox, notifiers, outgoing, Arc::new(mail::of_message), clock)
    }
}
