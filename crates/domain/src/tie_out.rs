//! Compares two records of the same movements to the minor unit: the books, and what a source says.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::money::add;
use crate::{Currency, MoneyError, Movement, MovementId};

/// Sums over movements, in minor units.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sums {
    /// How many.
    pub count: u64,
    /// Of their amounts.
    pub amount: i64,
    /// Of their fees.
    pub fee: i64,
    /// Of their nets.
    pub net: i64,
}

impl Sums {
    fn with(self, movement: &Movement) -> Result<Self, MoneyError> {
        Ok(Self {
            count: self.count.saturating_add(1),
            amount: add(self.amount, movement.amount_minor)?,
            fee: add(self.fee, movement.fee_minor)?,
            net: add(self.net, movement.net_minor)?,
        })
    }
}

/// A UTC day in one settlement currency, on both sides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TiedDay {
    /// The day, of the movements' own times.
    pub day: NaiveDate,
    /// The settlement currency.
    pub currency: Currency,
    /// In the books.
    pub ours: Sums,
    /// At the source.
    pub theirs: Sums,
}

/// A movement on which the two sides differ.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Difference {
    /// The source has it and the books lack it.
    MissingHere(Box<Movement>),
    /// The books have it and the source lacks it.
    MissingThere(Box<Movement>),
    /// Both have it, with another amount, fee, net, currency, category or time.
    Differs {
        /// As it is in the books.
        ours: Box<Movement>,
        /// As it is at the source.
        theirs: Box<Movement>,
    },
}

impl Difference {
    /// The movement that it is about.
    #[must_use]
    pub fn movement(&self) -> &Movement {
        match self {
            Self::MissingHere(movement) | Self::MissingThere(movement) | Self::Differs { ours: movement, .. } => {
                movement
            }
        }
    }
}

/// The two sides side by side.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tied {
    /// The days on which either side has movements, by day and currency.
    pub days: Vec<TiedDay>,
    /// Where they differ, by time and movement.
    pub differences: Vec<Difference>,
}

/// Compares the books with the source's movements of the same period.
///
/// # Errors
/// [`MoneyError::Overflow`] when the sums of a day exceed 64 bits.
pub fn tie(ours: Vec<Movement>, theirs: Vec<Movement>) -> Result<Tied, MoneyError> {
    let by_id = |side: Vec<Movement>| -> BTreeMap<MovementId, Movement> {
        side.into_iter().map(|movement| (movement.id.clone(), movement)).collect()
    };
    let (ours, theirs) = (by_id(ours), by_id(theirs));
    let (our_sums, their_sums) = (sums(&ours)?, sums(&theirs)?);
    let keys: BTreeSet<_> = our_sums.keys().chain(their_sums.keys()).copied().collect();
    let side = |sums: &BTreeMap<_, Sums>, key| sums.get(&key).copied().unwrap_or_default();
    let days = keys
        .into_iter()
        .map(|key| TiedDay { day: key.0, currency: key.1, ours: side(&our_sums, key), theirs: side(&their_sums, key) })
        .collect();
    Ok(Tied { days, differences: differences(ours, theirs) })
}

fn sums(side: &BTreeMap<MovementId, Movement>) -> Result<BTreeMap<(NaiveDate, Currency), Sums>, MoneyError> {
    let mut sums: BTreeMap<_, Sums> = BTreeMap::new();
    for movement in side.values() {
        let sum = sums.entry((movement.occurred_at.date_naive(), movement.currency)).or_default();
        *sum = sum.with(movement)?;
    }
    Ok(sums)
}

fn differences(ours: BTreeMap<MovementId, Movement>, mut theirs: BTreeMap<MovementId, Movement>) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (id, our) in ours {
        match theirs.remove(&id) {
            None => differences.push(Difference::MissingThere(Box::new(our))),
            Some(their) if our.same_money(&their) => {}
            Some(their) => {
                differences.push(Difference::Differs { ours: Box::new(our), theirs: Box::new(their) });
            }
        }
    }
    differences.extend(theirs.into_values().map(|their| Difference::MissingHere(Box::new(their))));
    differences.sort_by(|a, b| {
        let key = |difference: &Difference| {
            let movement = difference.movement();
            (movement.occurred_at, movement.id.clone())
        };
        key(a).cmp(&key(b))
    });
    differences
}
