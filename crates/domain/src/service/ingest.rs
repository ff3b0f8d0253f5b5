mod land;
mod movement;
mod plan;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, Utc};

pub(super) use self::movement::Row;
use self::plan::quarantined;
use super::{ATTEMPTS_MAX, always_changed};
use crate::ports::{Answer, Disposition, Entry, Ledger, LedgerError, OrderBook, Reading, SourceEvent};
use crate::{AccountId, Admission, BookRules};

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

impl Received {
    /// What it is about, by book and id: its dispute, else itself. Deliveries that are about different things can be booked
    /// side by side.
    #[must_use]
    pub fn about(&self) -> (&AccountId, &str) {
        match &self.event.reading {
            Reading::Dispute(observation) => (&observation.key.account, observation.key.dispute.as_str()),
            Reading::FraudWarning(_)
            | Reading::Order(_)
            | Reading::OrderNotUnderstood { .. }
            | Reading::NotADispute
            | Reading::NotUnderstood { .. } => (&self.event.account, self.event.id.as_str()),
        }
    }
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
    pub(super) ledger: Arc<dyn Ledger>,
    orders: Option<Arc<dyn OrderBook>>,
    rules: BookRules,
    admission: Admission,
}

/// A delivery within a batch: its place, and the reason if it must be quarantined.
#[derive(Clone, Copy)]
struct Placed<'a> {
    index: usize,
    received: &'a Received,
}

/// An entry, the places of the deliveries behind it, and what was seen of its dispute, if it is of one.
struct Planned {
    entry: Entry,
    places: Vec<usize>,
    seen: Option<Seen>,
}

/// What an observation was to the books.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum News {
    /// The first that is known of its dispute.
    First,
    /// Something that was not known of a dispute that was.
    More,
    /// Nothing.
    None,
}

/// What was seen of a dispute, and how it stands then.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seen {
    /// Whether it was news.
    pub news: News,
    /// Whether it has no order.
    pub is_orphan: bool,
    /// Whether it is closed, and money that belongs to its verdict was not seen.
    pub misses_money: bool,
}

/// What became of a delivery, and what was seen of its dispute if it is of one and was booked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Booked {
    /// What became of it.
    pub receipt: Receipt,
    /// What was seen of its dispute.
    pub seen: Option<Seen>,
}

type Outcomes = BTreeMap<usize, Booked>;
type Booking<'a> = Pin<Box<dyn Future<Output = Result<Outcomes, LedgerError>> + Send + 'a>>;

impl Ingest {
    /// Books into `ledger` what `admission` expects, by `rules`.
    #[must_use]
    pub fn new(ledger: Arc<dyn Ledger>, rules: BookRules, admission: Admission) -> Self {
        Self { ledger, orders: None, rules, admission }
    }

    /// Lands orders in `orders`. Without it they are ignored: the books read their orders elsewhere.
    #[must_use]
    pub fn landing_orders(self, orders: Arc<dyn OrderBook>) -> Self {
        Self { orders: Some(orders), ..self }
    }

    /// Books a batch, and answers for each delivery in order. All of them are durable then.
    ///
    /// A delivery that the ledger refuses for its content is found by splitting the batch, and quarantined.
    ///
    /// # Errors
    /// [`LedgerError`]; then each delivery is either booked or not, and delivering it again settles it.
    pub async fn ingest(&self, batch: &[Received], now: DateTime<Utc>) -> Result<Vec<Receipt>, LedgerError> {
        Ok(self.book_all(batch, now).await?.into_iter().map(|outcome| outcome.receipt).collect())
    }

    /// As [`Ingest::ingest`], and says how each dispute was found.
    ///
    /// # Errors
    /// [`LedgerError`], as there.
    pub async fn book_all(&self, batch: &[Received], now: DateTime<Utc>) -> Result<Vec<Booked>, LedgerError> {
        let mut first = BTreeMap::new();
        let mut unique = Vec::new();
        for (index, received) in batch.iter().enumerate() {
            let id = (&received.event.account, &received.event.id);
            first.entry(id).or_insert_with(|| {
                unique.push(Placed { index, received });
                index
            });
        }
        let (mut outcomes, others) = self.land(unique, now).await?;
        outcomes.extend(self.book(others, now).await?);
        let lost = Booked { receipt: Receipt::Quarantined, seen: None };
        let outcome_of = |(index, received): (usize, &Received)| {
            let first = first.get(&(&received.event.account, &received.event.id)).copied().unwrap_or(index);
            let outcome = outcomes.get(&first).copied().unwrap_or(lost);
            let repeated = first != index && outcome.receipt == Receipt::Recorded;
            if repeated { Booked { receipt: Receipt::Duplicate, ..outcome } } else { outcome }
        };
        Ok(batch.iter().enumerate().map(outcome_of).collect())
    }

    fn book<'a>(&'a self, mut open: Vec<Placed<'a>>, now: DateTime<Utc>) -> Booking<'a> {
        Box::pin(async move {
            let mut outcomes = Outcomes::new();
            match self.try_book(&mut open, &mut outcomes, now).await {
                Err(LedgerError::Refused { reason }) => match open.as_slice() {
                    [] => {}
                    [one] => outcomes.extend(self.quarantine(*one, reason, now).await?),
                    many => {
                        let (left, right) = many.split_at(many.len().div_ceil(2));
                        outcomes.extend(self.book(left.to_vec(), now).await?);
                        outcomes.extend(self.book(right.to_vec(), now).await?);
                    }
                },
                answered => answered?,
            }
            Ok(outcomes)
        })
    }

    async fn quarantine(&self, one: Placed<'_>, reason: String, now: DateTime<Utc>) -> Result<Outcomes, LedgerError> {
        let planned = vec![quarantined(one, reason)];
        let mut outcomes = Outcomes::new();
        self.record(planned, now, &mut outcomes).await?;
        Ok(outcomes)
    }

    /// Books what is open, again where it is stale. What is booked is noted, and is not open any more.
    async fn try_book(
        &self,
        open: &mut Vec<Placed<'_>>,
        outcomes: &mut Outcomes,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        for _ in 0..ATTEMPTS_MAX {
            let plan = self.plan(open, now).await?;
            outcomes.extend(plan.known);
            let stale = self.record(plan.entries, now, outcomes).await?;
            open.retain(|placed| stale.contains(&placed.index));
            if open.is_empty() {
                return Ok(());
            }
        }
        Err(always_changed())
    }

    /// Records what was planned, notes what became of it, and returns the places of what was stale.
    async fn record(
        &self,
        planned: Vec<Planned>,
        now: DateTime<Utc>,
        outcomes: &mut Outcomes,
    ) -> Result<BTreeSet<usize>, LedgerError> {
        let (entries, places): (Vec<_>, Vec<_>) =
            planned.into_iter().map(|planned| (planned.entry, (planned.places, planned.seen))).unzip();
        if entries.is_empty() {
            return Ok(BTreeSet::new());
        }
        let answers = self.ledger.record(&entries, now).await?;
        let mut stale = BTreeSet::new();
        for ((entry, (places, seen)), answer) in entries.iter().zip(places).zip(answers) {
            let Answer::Recorded { known_before } = answer else {
                stale.extend(places);
                continue;
            };
            for (place, known) in places.into_iter().zip(known_before) {
                let receipt = match entry.content.disposition().0 {
                    Disposition::Recorded if known => Receipt::Duplicate,
                    Disposition::Recorded => Receipt::Recorded,
                    Disposition::Ignored => Receipt::Ignored,
                    Disposition::Quarantined => Receipt::Quarantined,
                };
                outcomes.insert(place, Booked { receipt, seen });
            }
        }
        Ok(stale)
    }
}
