//! From deliveries to the entries that book them: what is decided together, and what must be left out.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Booked, Ingest, News, Placed, Planned, Receipt, Received, Seen};
use crate::ports::{Cause, Content, Entry, LedgerError, Lookup, Reading};
use crate::reread::{misses_money, news};
use crate::{Basis, Change, DisputeKey, Facts, Observation, OrderMatch, Stored, decide};

/// What is told of each dispute.
type Told<'a> = BTreeMap<DisputeKey, Vec<(Placed<'a>, Cow<'a, Observation>)>>;

/// Moves what came through another door to the book where its dispute is at home; answers whether anything was moved.
fn bring_home(told: &mut Told<'_>, stored: &[Stored]) -> bool {
    let home = |(key, stored): (&DisputeKey, &Stored)| Some((key.clone(), stored.home(key)?.clone()));
    let moves: Vec<_> = told.keys().zip(stored).filter_map(home).collect();
    for (from, home) in &moves {
        for (placed, observation) in told.remove(from).unwrap_or_default() {
            let observation = Observation { key: home.clone(), ..observation.into_owned() };
            told.entry(home.clone()).or_default().push((placed, Cow::Owned(observation)));
        }
    }
    !moves.is_empty()
}

/// What a batch comes to: what must be recorded, and what is known already.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) entries: Vec<Planned>,
    pub(super) known: Vec<(usize, Booked)>,
}

impl Ingest {
    pub(super) async fn plan(&self, batch: &[Placed<'_>], now: DateTime<Utc>) -> Result<Plan, LedgerError> {
        let mut plan = Plan::default();
        let mut told = Told::new();
        for placed in batch {
            let event = &placed.received.event;
            match (self.admission.objection(event, now), &event.reading) {
                (Some(reason), _) => plan.entries.push(quarantined(*placed, reason)),
                (None, Reading::Dispute(observation)) => {
                    told.entry(observation.key.clone()).or_default().push((*placed, Cow::Borrowed(observation)));
                }
                (None, Reading::FraudWarning(warning)) => {
                    plan.entries.push(apart(*placed, true, Content::FraudWarning(warning.clone())));
                }
                (
                    None,
                    Reading::Order(_)
                    | Reading::NotADispute
                    | Reading::NotUnderstood { .. }
                    | Reading::OrderNotUnderstood { .. },
                ) => plan.entries.push(apart(*placed, false, Content::Ignored)),
            }
        }
        let mut stored = self.stored(&told).await?;
        if bring_home(&mut told, &stored) {
            stored = self.stored(&told).await?;
        }
        for ((key, mut observed), stored) in told.into_iter().zip(stored) {
            observed.sort_by(|(_, one), (_, other)| (one.as_of, &one.cause).cmp(&(other.as_of, &other.cause)));
            let observed: Vec<_> = observed.iter().map(|(placed, observation)| (*placed, &**observation)).collect();
            self.plan_dispute(&key, &stored, &observed, &mut plan);
        }
        Ok(plan)
    }

    async fn stored(&self, told: &Told<'_>) -> Result<Vec<Stored>, LedgerError> {
        let mut observations: Vec<_> = told.values().flatten().map(|(_, observation)| &**observation).collect();
        observations.sort_by_key(|observation| (observation.as_of, &observation.cause));
        let lookups = merge(observations.into_iter().map(Lookup::of).collect());
        if lookups.is_empty() { Ok(Vec::new()) } else { self.ledger.load(&lookups).await }
    }

    /// Decides a dispute's observations together; where one of them can't be booked, only that one is left out.
    fn plan_dispute(
        &self,
        key: &DisputeKey,
        stored: &Stored,
        observed: &[(Placed<'_>, &Observation)],
        plan: &mut Plan,
    ) {
        let Split { places, new, known } = split(stored, observed);
        let is_news = !new.is_empty();
        let decided = match decide(key, stored, &new, self.rules) {
            Ok(change) => Some((places, change)),
            Err(_) => self.decide_each(key, stored, places.into_iter().zip(new), plan),
        };
        let seen = decided.as_ref().map(|(_, change)| Seen::of(stored, change));
        let as_known = |placed: Placed<'_>| {
            let seen = seen.map(|seen| Seen { news: News::None, ..seen });
            (placed.index, Booked { receipt: Receipt::Duplicate, seen })
        };
        plan.known.extend(known.into_iter().map(as_known));
        if let Some((places, change)) = decided.filter(|_| is_news) {
            let causes = places.iter().map(|placed| cause(placed.received, true)).collect();
            let entry = Entry { causes, content: Content::Change(Box::new(change)) };
            plan.entries.push(Planned { entry, places: places.iter().map(|placed| placed.index).collect(), seen });
        }
    }

    /// The change of all observations that can be booked; the others are quarantined.
    fn decide_each<'a>(
        &self,
        key: &DisputeKey,
        stored: &Stored,
        new: impl Iterator<Item = (Placed<'a>, Observation)>,
        plan: &mut Plan,
    ) -> Option<(Vec<Placed<'a>>, Change)> {
        let (mut places, mut accepted, mut last) = (Vec::new(), Vec::new(), None);
        for (placed, observation) in new {
            accepted.push(observation);
            match decide(key, stored, &accepted, self.rules) {
                Ok(change) => {
                    places.push(placed);
                    last = Some(change);
                }
                Err(error) => {
                    accepted.pop();
                    plan.entries.push(quarantined(placed, error.to_string()));
                }
            }
        }
        Some((places, last?))
    }
}

/// The observations of one dispute, apart by whether they say anything new.
#[derive(Default)]
struct Split<'a> {
    /// The deliveries of what must be booked.
    places: Vec<Placed<'a>>,
    /// What must be booked, one for each of them.
    new: Vec<Observation>,
    /// The deliveries of reads that say nothing new.
    known: Vec<Placed<'a>>,
}

fn split<'a>(stored: &Stored, observed: &[(Placed<'a>, &Observation)]) -> Split<'a> {
    let mut split = Split::default();
    let has_reads = observed.iter().any(|(_, observation)| observation.basis == Basis::Read);
    let mut facts = if has_reads { stored.facts.clone() } else { Facts::default() };
    for (placed, observation) in observed {
        let told = match observation.basis {
            Basis::Event => Some((*observation).clone()),
            Basis::Read => news(&facts, observation),
        };
        let Some(told) = told else {
            split.known.push(*placed);
            continue;
        };
        if has_reads {
            // What contradicts the facts adds nothing here, and is found when it is decided.
            drop(facts.add(&told));
        }
        split.places.push(*placed);
        split.new.push(told);
    }
    split
}

impl Seen {
    fn of(stored: &Stored, change: &Change) -> Self {
        let news = match (change.has_news(), stored.version) {
            (false, _) => News::None,
            (true, 0) => News::First,
            (true, _) => News::More,
        };
        Self {
            news,
            is_orphan: change.dispute.order_match == OrderMatch::Orphan,
            misses_money: misses_money(change.dispute.bucket, &change.discrepancies),
        }
    }
}

pub(super) fn cause(received: &Received, keep_body: bool) -> Cause {
    Cause {
        account: received.event.account.clone(),
        id: received.event.id.clone(),
        event_type: received.event.event_type.clone(),
        received_at: received.received_at,
        body: keep_body.then(|| received.body.clone()),
    }
}

pub(super) fn quarantined(placed: Placed<'_>, reason: String) -> Planned {
    let is_order = matches!(placed.received.event.reading, Reading::Order(_) | Reading::OrderNotUnderstood { .. });
    apart(placed, !is_order, Content::Quarantined { reason })
}

/// What is recorded for one delivery, and is no change of a dispute.
fn apart(placed: Placed<'_>, keep_body: bool, content: Content) -> Planned {
    let entry = Entry { causes: vec![cause(placed.received, keep_body)], content };
    Planned { entry, places: vec![placed.index], seen: None }
}

/// One lookup a dispute; of several in the order of their times the first that names a charge, an intent or an order
/// counts, as it does in the facts.
fn merge(lookups: Vec<Lookup>) -> Vec<Lookup> {
    let mut merged: BTreeMap<DisputeKey, Lookup> = BTreeMap::new();
    for lookup in lookups {
        match merged.get_mut(&lookup.key) {
            None => {
                merged.insert(lookup.key.clone(), lookup);
            }
            Some(known) => {
                known.charge = known.charge.take().or(lookup.charge);
                known.payment_intent = known.payment_intent.take().or(lookup.payment_intent);
                known.order = known.order.take().or(lookup.order);
            }
        }
    }
    merged.into_values().collect()
}
