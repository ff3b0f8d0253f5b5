use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::ports::{Answer, Cause, Content, Entry, Ledger, LedgerError, Lookup, Reading, SourceEvent};
use crate::{Admission, BookRules, DisputeKey, Observation, Stored, decide};

/// How often a batch is decided again because others changed its disputes meanwhile.
const ATTEMPTS_MAX: usize = 8;

/// An authentic delivery.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Received {
    /// What it says.
    pub event: SourceEvent,
    /// Its exact bytes.
    pub body: Vec<u8>,
    /// When it arrived.
    pub received_at: DateTime<Utc>,
}

/// What became of a delivery. Each is durable.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Receipt {
    /// It is in the books.
    Recorded,
    /// It was in the books already.
    Duplicate,
    /// It is not about disputes.
    Ignored,
    /// It is kept whole, and in nobody's books.
    Quarantined,
}

impl Receipt {
    /// The word in the answer.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Duplicate => "duplicate",
            Self::Ignored => "ignored",
            Self::Quarantined => "quarantined",
        }
    }
}

/// Books deliveries in batches.
#[derive(Clone)]
pub struct Ingest {
    ledger: Arc<dyn Ledger>,
    rules: BookRules,
    admission: Admission,
}

/// A delivery within a batch: its place, and the reason if it must be quarantined.
#[derive(Clone, Copy)]
struct Placed<'a> {
    index: usize,
    received: &'a Received,
}

/// An entry, and the places of the deliveries behind it.
struct Planned {
    entry: Entry,
    places: Vec<usize>,
}

type Receipts<'a> = Pin<Box<dyn Future<Output = Result<BTreeMap<usize, Receipt>, LedgerError>> + Send + 'a>>;

impl Ingest {
    /// Books into `ledger` what `admission` expects, by `rules`.
    #[must_use]
    pub fn new(ledger: Arc<dyn Ledger>, rules: BookRules, admission: Admission) -> Self {
        Self { ledger, rules, admission }
    }

    /// Books a batch, and answers for each delivery in order. All of them are durable then.
    ///
    /// A delivery that the ledger refuses for its content is found by splitting the batch, and quarantined.
    ///
    /// # Errors
    /// [`LedgerError`]; then each delivery is either booked or not, and delivering it again settles it.
    pub async fn ingest(&self, batch: &[Received], now: DateTime<Utc>) -> Result<Vec<Receipt>, LedgerError> {
        let mut first = BTreeMap::new();
        let mut unique = Vec::new();
        for (index, received) in batch.iter().enumerate() {
            let id = (&received.event.account, &received.event.id);
            first.entry(id).or_insert_with(|| {
                unique.push(Placed { index, received });
                index
            });
        }
        let receipts = self.book(unique, now).await?;
        let receipt_of = |(index, received): (usize, &Received)| {
            let first = first.get(&(&received.event.account, &received.event.id)).copied().unwrap_or(index);
            let receipt = receipts.get(&first).copied().unwrap_or(Receipt::Quarantined);
            let repeated = first != index && receipt == Receipt::Recorded;
            if repeated { Receipt::Duplicate } else { receipt }
        };
        Ok(batch.iter().enumerate().map(receipt_of).collect())
    }

    fn book<'a>(&'a self, mut open: Vec<Placed<'a>>, now: DateTime<Utc>) -> Receipts<'a> {
        Box::pin(async move {
            let mut receipts = BTreeMap::new();
            match self.try_book(&mut open, &mut receipts, now).await {
                Err(LedgerError::Refused { reason }) => match open.as_slice() {
                    [] => {}
                    [one] => receipts.extend(self.quarantine(*one, reason, now).await?),
                    many => {
                        let (left, right) = many.split_at(many.len().div_ceil(2));
                        receipts.extend(self.book(left.to_vec(), now).await?);
                        receipts.extend(self.book(right.to_vec(), now).await?);
                    }
                },
                answered => answered?,
            }
            Ok(receipts)
        })
    }

    async fn quarantine(
        &self,
        one: Placed<'_>,
        reason: String,
        now: DateTime<Utc>,
    ) -> Result<BTreeMap<usize, Receipt>, LedgerError> {
        let planned = vec![quarantined(one, reason)];
        let mut receipts = BTreeMap::new();
        self.record(planned, now, &mut receipts).await?;
        Ok(receipts)
    }

    /// Books what is open, again where it is stale. What is booked is noted, and is not open any more.
    async fn try_book(
        &self,
        open: &mut Vec<Placed<'_>>,
        receipts: &mut BTreeMap<usize, Receipt>,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        for _ in 0..ATTEMPTS_MAX {
            let planned = self.plan(open, now).await?;
            let stale = self.record(planned, now, receipts).await?;
            open.retain(|placed| stale.contains(&placed.index));
            if open.is_empty() {
                return Ok(());
            }
        }
        Err(LedgerError::Unavailable("the same disputes are being changed by others all the time".into()))
    }

    async fn plan(&self, batch: &[Placed<'_>], now: DateTime<Utc>) -> Result<Vec<Planned>, LedgerError> {
        let mut planned = Vec::new();
        let mut disputes: BTreeMap<&DisputeKey, Vec<(Placed<'_>, &Observation)>> = BTreeMap::new();
        for placed in batch {
            let event = &placed.received.event;
            match (self.admission.objection(event, now), &event.reading) {
                (Some(reason), _) => planned.push(quarantined(*placed, reason)),
                (None, Reading::Dispute(observation)) => {
                    disputes.entry(&observation.key).or_default().push((*placed, observation));
                }
                (None, Reading::NotADispute | Reading::NotUnderstood { .. }) => {
                    let entry = Entry { causes: vec![cause(placed.received, false)], content: Content::Ignored };
                    planned.push(Planned { entry, places: vec![placed.index] });
                }
            }
        }
        let mut observations: Vec<_> = disputes.values().flatten().map(|(_, observation)| *observation).collect();
        observations.sort_by_key(|observation| (observation.as_of, &observation.cause));
        let lookups = merge(observations.into_iter().map(Lookup::of).collect());
        let stored = if lookups.is_empty() { Vec::new() } else { self.ledger.load(&lookups).await? };
        for ((key, observed), stored) in disputes.into_iter().zip(stored) {
            self.plan_dispute(key, &stored, &observed, &mut planned);
        }
        Ok(planned)
    }

    /// Decides a dispute's observations together; where one of them can't be booked, only that one is left out.
    fn plan_dispute(
        &self,
        key: &DisputeKey,
        stored: &Stored,
        observed: &[(Placed<'_>, &Observation)],
        planned: &mut Vec<Planned>,
    ) {
        let all: Vec<_> = observed.iter().map(|(_, observation)| (*observation).clone()).collect();
        let mut bookable = Vec::new();
        let change = decide(key, stored, &all, self.rules).or_else(|_| {
            let mut accepted = Vec::new();
            let mut last = Err(crate::DecideError::NothingKnown);
            for (placed, observation) in observed {
                accepted.push((*observation).clone());
                match decide(key, stored, &accepted, self.rules) {
                    Ok(change) => {
                        bookable.push(*placed);
                        last = Ok(change);
                    }
                    Err(error) => {
                        accepted.pop();
                        planned.push(quarantined(*placed, error.to_string()));
                    }
                }
            }
            last
        });
        if bookable.is_empty() {
            bookable.extend(observed.iter().map(|(placed, _)| *placed));
        }
        if let Ok(change) = change {
            let causes = bookable.iter().map(|placed| cause(placed.received, true)).collect();
            let entry = Entry { causes, content: Content::Change(Box::new(change)) };
            planned.push(Planned { entry, places: bookable.iter().map(|placed| placed.index).collect() });
        }
    }

    /// Records what was planned, notes the receipts, and returns the places of what was stale.
    async fn record(
        &self,
        planned: Vec<Planned>,
        now: DateTime<Utc>,
        receipts: &mut BTreeMap<usize, Receipt>,
    ) -> Result<BTreeSet<usize>, LedgerError> {
        let (entries, places): (Vec<_>, Vec<_>) =
            planned.into_iter().map(|planned| (planned.entry, planned.places)).unzip();
        if entries.is_empty() {
            return Ok(BTreeSet::new());
        }
        let answers = self.ledger.record(&entries, now).await?;
        let mut stale = BTreeSet::new();
        for ((entry, places), answer) in entries.iter().zip(places).zip(answers) {
            let Answer::Recorded { known_before } = answer else {
                stale.extend(places);
                continue;
            };
            for (place, known) in places.into_iter().zip(known_before) {
                let receipt = match &entry.content {
                    Content::Change(_) | Content::AccountMovement(..) if known => Receipt::Duplicate,
                    Content::Change(_) | Content::AccountMovement(..) => Receipt::Recorded,
                    Content::Ignored => Receipt::Ignored,
                    Content::Quarantined { .. } => Receipt::Quarantined,
                };
                receipts.insert(place, receipt);
            }
        }
        Ok(stale)
    }
}

fn cause(received: &Received, keep_body: bool) -> Cause {
    Cause {
        account: received.event.account.clone(),
        id: received.event.id.clone(),
        event_type: received.event.event_type.clone(),
        received_at: received.received_at,
        body: keep_body.then(|| received.body.clone()),
    }
}

fn quarantined(placed: Placed<'_>, reason: String) -> Planned {
    let entry = Entry { causes: vec![cause(placed.received, true)], content: Content::Quarantined { reason } };
    Planned { entry, places: vec![placed.index] }
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
