//! A year of days and their mails, in memory: in two zones whose clocks change, and where the zone itself is changed.

use chargebook_port_contracts::InMemoryLedger;
use chargebook_port_contracts::year::{Year, live_through};
use chrono::TimeDelta;
use chrono_tz::Tz;

const PACE: TimeDelta = TimeDelta::hours(12);

#[tokio::test]
async fn a_year_in_new_york_has_every_day_once() {
    live_through(&InMemoryLedger::default(), &Year::in_zone(Tz::America__New_York, 1, PACE)).await;
}

#[tokio::test]
async fn a_year_in_berlin_has_every_day_once() {
    live_through(&InMemoryLedger::default(), &Year::in_zone(Tz::Europe__Berlin, 2, PACE)).await;
}

#[tokio::test]
async fn a_year_that_moves_to_tokyo_and_back_has_every_day_once() {
    let zones = vec![(0, Tz::America__New_York), (120, Tz::Asia__Tokyo), (240, Tz::America__New_York)];
    live_through(&InMemoryLedger::default(), &Year { zones, seed: 3, pace: PACE }).await;
}
