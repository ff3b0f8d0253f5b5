//! A year of days and their mails on two channels: by three processes at once, whose clocks differ and which die and come
//! again, with facts that come late, and with mail servers that refuse and leave in doubt.
//!
//! [`live_through`] lets it happen on any ledger, and asserts in the end: each day is sealed once and proven, each row is in one
//! day, all days are the ledger, and no mail went twice without a person's word.

mod checks;
mod mail_server;
mod process;
mod world;

use async_trait::async_trait;
use chargebook_domain::ports::{Ledger, Summaries};
use chargebook_domain::{Currency, Deltas};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use self::world::World;
use crate::InMemoryLedger;
use crate::samples::day;

/// How long a year is, in days: a little longer than one.
const DAYS: i64 = 370;

/// What is told of a ledger that a year happens on.
#[async_trait]
pub trait Stage: Sync {
    /// The ledger.
    type Ledger: Ledger + Summaries + Clone + 'static;

    /// The ledger, on which nothing has happened before the year.
    fn ledger(&self) -> Self::Ledger;

    /// Lets leases, and the pauses before a mail is looked for, grow older by this: they run by the ledger's clock.
    async fn let_time_pass(&self, by: TimeDelta);

    /// Every resolution row.
    async fn rows(&self) -> Vec<Row>;
}

/// A resolution row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// When what it says was so.
    pub occurred_at: DateTime<Utc>,
    /// The day in which it is sealed.
    pub sealed_in: Option<NaiveDate>,
    /// The settlement currency.
    pub currency: Currency,
    /// What it adds.
    pub deltas: Deltas,
}

/// Its clock is the latest time that anybody told it, so that it passes by itself.
#[async_trait]
impl Stage for InMemoryLedger {
    type Ledger = Self;

    fn ledger(&self) -> Self {
        self.clone()
    }

    async fn let_time_pass(&self, _: TimeDelta) {}

    async fn rows(&self) -> Vec<Row> {
        let kept = self.resolutions().into_iter();
        let row = |kept: crate::KeptResolution| Row {
            occurred_at: kept.resolution.occurred_at,
            sealed_in: kept.sealed_in,
            currency: kept.resolution.currency,
            deltas: kept.resolution.deltas,
        };
        kept.map(row).collect()
    }
}

/// How a year goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Year {
    /// The zone of the business days, and from which day on each next one is.
    pub zones: Vec<(i64, Tz)>,
    /// What is left to chance is the same for the same seed, as long as the ledger answers at once.
    pub seed: u64,
    /// The most that passes between one thing and the next, but for days on which nobody is there.
    pub pace: TimeDelta,
}

impl Year {
    /// A year in one zone.
    #[must_use]
    pub fn in_zone(zone: Tz, seed: u64, pace: TimeDelta) -> Self {
        Self { zones: vec![(0, zone)], seed, pace }
    }

    /// The zone at a time.
    fn zone(&self, now: DateTime<Utc>) -> Tz {
        let mut begun = self.zones.iter().filter(|(from, _)| day(*from) <= now);
        begun.next_back().unwrap_or(&self.zones[0]).1
    }
}

/// Lets a year happen, and asserts that it went as it should.
pub async fn live_through(stage: &impl Stage, year: &Year) {
    let mut world = World::new(stage, year);
    world.learn_first().await;
    while world.now() < day(DAYS) {
        world.turn().await;
    }
    world.calm_down().await;
    world.check().await;
}
