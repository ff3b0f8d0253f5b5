//! The ways in which the same history can come.

use crate::samples::{cause_id, day, observation};
use chargebook_domain::{DisputeKey, Observation};

use super::table::{Disputed, Moved, Said};

/// What an observation shows of the movements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shows {
    /// Every movement so far.
    AllSoFar,
    /// Those that no earlier one shows.
    TheNew,
}

/// How the observations come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arrival {
    /// In the order written, which is that of their days.
    AsWritten,
    /// And the orders after all of them.
    InReverse,
    /// Each a second time, after all of them.
    Twice,
}

/// An observation for each status and, by an event, for each movement that comes when some status is known.
#[must_use]
pub fn observations(disputed: &Disputed, shows: Shows, arrival: Arrival) -> Vec<Observation> {
    let mut seen: Vec<_> = disputed.moved.iter().map(|moved| moved.seen_on).collect();
    seen.retain(|on| disputed.said.iter().all(|said| said.day != *on));
    seen.sort_unstable();
    seen.dedup();

    let mut moments = Vec::new();
    for said in &disputed.said {
        moments.push((said.day, said));
        // What holds on the other days is said once more there.
        let holding = seen.iter().filter(|on| said_on(&disputed.said, **on).is_some_and(|it| std::ptr::eq(it, said)));
        moments.extend(holding.map(|on| (*on, said)));
    }
    let is_shown = |nth: usize, on: i64, moved: &Moved| {
        let first =
            moments.iter().enumerate().filter(|(_, (day, _))| moved.seen_on <= *day).min_by_key(|(_, (day, _))| *day);
        match shows {
            Shows::AllSoFar => moved.seen_on <= on,
            Shows::TheNew => first.is_some_and(|(first, _)| first == nth),
        }
    };
    let mut observations = Vec::new();
    for (nth, (on, said)) in moments.iter().enumerate() {
        let movements = disputed.moved.iter().filter(|moved| is_shown(nth, *on, moved));
        observations.push(Observation {
            movements: movements.map(|moved| moved.movement.clone()).collect(),
            ..statement(&disputed.key, nth, *on, said)
        });
    }
    match arrival {
        Arrival::AsWritten => observations,
        Arrival::InReverse => observations.into_iter().rev().collect(),
        Arrival::Twice => [observations.clone(), observations].concat(),
    }
}

/// What was said last, as of a day.
fn said_on(said: &[Said], on: i64) -> Option<&Said> {
    said.iter().filter(|said| said.day <= on).max_by_key(|said| said.day)
}

fn statement(key: &DisputeKey, nth: usize, on: i64, said: &Said) -> Observation {
    Observation {
        key: key.clone(),
        cause: cause_id(&format!("evt_{}_{nth}", key.dispute)),
        basis: said.basis,
        claims: said.claims.clone(),
        ..observation("evt", &said.status, day(on))
    }
}
