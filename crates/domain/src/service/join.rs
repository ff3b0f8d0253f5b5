use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{ATTEMPTS_MAX, MatchOrders, always_changed};
use crate::ports::{Alias, Aliases, Answer, Content, Entry, Joined, Ledger, LedgerError, Lookup};
use crate::{BookRules, DisputeKey, Facts, Observation, decide};

/// How many pairs of twins are joined in one sweep.
const TWINS: u32 = 200;

/// Joins disputes that are the same: one of them counts, the other keeps its facts and counts as nothing.
#[derive(Clone)]
pub struct Join {
    ledger: Arc<dyn Ledger>,
    aliases: Arc<dyn Aliases>,
    matching: MatchOrders,
    rules: BookRules,
}

impl Join {
    /// Joins disputes of `ledger` in `aliases`; `matching` decides the doubles again.
    #[must_use]
    pub fn new(ledger: Arc<dyn Ledger>, aliases: Arc<dyn Aliases>, matching: MatchOrders, rules: BookRules) -> Self {
        Self { ledger, aliases, matching, rules }
    }

    /// Joins two disputes. Where both have one id, which is the source's, what is known of the double is told of the
    /// other first: so nothing is lost that came through one door only.
    ///
    /// # Errors
    /// [`LedgerError`]; joining again settles it. [`LedgerError::Refused`] where the facts of the two contradict each
    /// other in money: then they are not joined.
    pub async fn join(&self, alias: &Alias) -> Result<Joined, LedgerError> {
        if alias.key.dispute == alias.same_as.dispute {
            self.tell(&alias.key, &alias.same_as, alias.joined_at).await?;
        }
        let joined = self.aliases.join(alias).await?;
        if joined == Joined::Kept {
            // What was being booked under the double meanwhile is told as well.
            if alias.key.dispute == alias.same_as.dispute {
                self.tell(&alias.key, &alias.same_as, alias.joined_at).await?;
            }
            // What can't be decided at once is due, and is decided by the next sweep.
            self.matching.match_again(std::slice::from_ref(&alias.key), alias.joined_at).await?;
        }
        Ok(joined)
    }

    /// Joins disputes that came through another door before they came from Stripe; answers how many.
    ///
    /// # Errors
    /// The first [`LedgerError`] that keeps all from being joined; a pair that is refused keeps no other back.
    pub async fn sweep(&self, now: DateTime<Utc>) -> Result<u64, LedgerError> {
        let (mut joined, mut refused) = (0_u64, Ok(()));
        for (key, same_as) in self.aliases.twins(TWINS).await? {
            let reason = "the same dispute came through two doors".to_owned();
            let alias = Alias { key, same_as, joined_by: "chargebook".to_owned(), reason, joined_at: now };
            match self.join(&alias).await {
                Ok(Joined::Kept) => joined = joined.saturating_add(1),
                Ok(_) => {}
                Err(away @ LedgerError::Unavailable(_)) => return Err(away),
                Err(error) => refused = Err(error),
            }
        }
        refused.map(|()| joined)
    }

    /// Tells `to` all that is known of `from`.
    async fn tell(&self, from: &DisputeKey, to: &DisputeKey, now: DateTime<Utc>) -> Result<(), LedgerError> {
        for _ in 0..ATTEMPTS_MAX {
            let told = self.ledger.load(&[Lookup::recorded(from.clone())]).await?;
            let Some(told) = told.first() else { return Ok(()) };
            let stored = self.ledger.load(&[lookup(to, &told.facts)]).await?;
            let Some(stored) = stored.first() else { return Ok(()) };
            if told.version == 0 || stored.version == 0 {
                return Ok(());
            }
            let observations = observations(&told.facts, to);
            let change = decide(to, stored, &observations, self.rules)
                .map_err(|error| LedgerError::Refused { reason: format!("{from} is no double of {to}: {error}") })?;
            if !change.has_news() {
                return Ok(());
            }
            let entry = Entry { causes: Vec::new(), content: Content::Change(Box::new(change)) };
            match self.ledger.record(&[entry], now).await?.first() {
                Some(Answer::Stale) => {}
                Some(Answer::Recorded { .. }) | None => return Ok(()),
            }
        }
        Err(always_changed())
    }
}

/// Looks for what `to` needs to be decided when it is told these facts: also the payments that only they name.
fn lookup(to: &DisputeKey, told: &Facts) -> Lookup {
    Lookup {
        key: to.clone(),
        charge: told.first(|claims| claims.charge.clone()),
        payment_intent: told.first(|claims| claims.payment_intent.clone()),
        order: told.first(|claims| claims.order_hint.clone()),
    }
}

/// All that is known, as it was observed, but of another dispute: each statement with the movements that it could show,
/// and then those that no statement shows.
fn observations(facts: &Facts, to: &DisputeKey) -> Vec<Observation> {
    let movements = facts.movements();
    let shown = |until: Option<DateTime<Utc>>| {
        let shown = movements.iter().filter(|movement| until.is_some_and(|until| movement.occurred_at <= until));
        shown.map(|movement| (*movement).clone()).collect()
    };
    let stated =
        facts.lines().map(|line| Observation { movements: shown(line.latest_movement_at), ..line.restated(to) });
    let rest = facts.present().map(|line| Observation {
        movements: movements.iter().map(|movement| (*movement).clone()).collect(),
        ..line.restated(to)
    });
    stated.chain(rest).collect()
}
