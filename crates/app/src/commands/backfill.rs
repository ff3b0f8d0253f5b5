//! `backfill`: reads the disputes of the past, so that the books begin before the webhooks did.

mod pages;
mod progress;

use chargebook_domain::ports::{Clock, Tally};
use chargebook_domain::service::Backfill;
use chrono::{DateTime, NaiveDate, Utc};
use clap::Args;
use serde::Serialize;
use std::sync::Arc;

use self::pages::{Broken, read_all};
use self::progress::Progress;
use super::screen::show;
use super::serve::told_to_stop;
use super::{Done, Failure, Refused, usable, utc_days};
use crate::clock::SystemClock;
use crate::settings::Settings;
use crate::tables::grouped;
use crate::wiring::{self, Database};

#[derive(Args)]
pub(super) struct Options {
    /// The first day on which disputes were filed, in UTC
    #[arg(long, value_name = "YYYY-MM-DD")]
    since: NaiveDate,
    /// The last day, in UTC, through its end [default: today, up to now]
    #[arg(long, value_name = "YYYY-MM-DD")]
    until: Option<NaiveDate>,
}

/// From when on, and before when; `None` for now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Wanted {
    since: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
}

impl Options {
    fn wanted(&self, now: DateTime<Utc>) -> Result<Wanted, Failure> {
        let since = utc_days::begin(self.since);
        if since > now {
            return Err(Refused::wrong_usage("--since is in the future"));
        }
        if self.until.is_some_and(|until| until < self.since) {
            return Err(Refused::wrong_usage("--until is before --since"));
        }
        // What has not happened yet can't be read: a day that has not ended is read up to now.
        Ok(Wanted { since, until: self.until.map(utc_days::end).filter(|until| *until <= now) })
    }
}

pub(super) async fn run(options: &Options, settings: &Settings, json: bool) -> Result<Done, Failure> {
    let wanted = options.wanted(SystemClock.now())?;
    let reader = wiring::needed_reader(settings)?;
    let stop = told_to_stop().map_err(Failure::failed)?;
    let database = Database::open(settings).await?;
    let filled = match usable(&database.ledger).await {
        Ok(()) => {
            let ledger = Arc::new(database.ledger.clone());
            let ask = wiring::ask(settings, &ledger, reader);
            fill(&Backfill::new(ask, ledger.clone(), ledger), settings, wanted, stop).await
        }
        Err(failure) => Err(failure),
    };
    database.close().await;
    let tally = filled?;
    show(json, &Shown::of(tally), Shown::told)?;
    Ok(if tally.quarantined > 0 { Done::NeedsAttention } else { Done::Well })
}

/// What all slices came to, those of an earlier run that broke off included.
async fn fill(
    backfill: &Backfill,
    settings: &Settings,
    wanted: Wanted,
    stop: impl Future<Output = ()>,
) -> Result<Tally, Failure> {
    let books = settings.books();
    let mut slices = Vec::new();
    for book in &books {
        slices.extend(backfill.open(book, wanted.since, wanted.until).await.map_err(Failure::failed)?);
    }
    let progress = Progress::begin(&slices);
    let broken = read_all(backfill, &mut slices, &progress, stop).await;
    progress.end();
    for book in &books {
        let of_book: Vec<_> = slices.iter().filter(|slice| slice.account == *book).cloned().collect();
        backfill.finish(&of_book).await.map_err(Failure::failed)?;
    }
    let tally = slices.iter().fold(Tally::default(), |sum, slice| sum.plus(slice.tally));
    match broken {
        None => Ok(tally),
        Some(broken) => Err(broken_off(broken, tally)),
    }
}

fn broken_off(broken: Broken, tally: Tally) -> Failure {
    let read = format!("{} disputes were read; run it again, and it goes on from there", grouped(tally.all()));
    match broken {
        Broken::Stopped => Refused::new(format!("the backfill was stopped: {read}")).into(),
        Broken::Failed(error) => Refused::because(format!("the backfill broke off: {read}"), error).into(),
    }
}

/// A tally for programs.
#[derive(Serialize)]
struct Shown {
    disputes: u64,
    new: u64,
    known: u64,
    changed: u64,
    orphaned: u64,
    quarantined: u64,
}

impl Shown {
    fn of(tally: Tally) -> Self {
        let Tally { new, known, changed, orphaned, quarantined } = tally;
        Self { disputes: tally.all(), new, known, changed, orphaned, quarantined }
    }

    fn told(&self) -> String {
        let Self { disputes, new, known, changed, orphaned, quarantined } = self;
        let [disputes, new, known, changed, orphaned, quarantined] =
            [disputes, new, known, changed, orphaned, quarantined].map(|count| grouped(*count));
        format!(
            "backfill: {disputes} disputes: {new} new, {known} known, {changed} changed; {orphaned} without an order, \
             {quarantined} quarantined"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(since: &str, until: Option<&str>) -> Result<Wanted, String> {
        let options = Options { since: since.parse().unwrap(), until: until.map(|until| until.parse().unwrap()) };
        options.wanted(at("2026-11-21T12:00:00Z")).map_err(|failure| failure.to_string())
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_backfill_is_through_the_last_day_and_never_beyond_now() {
        let since = at("2026-11-01T00:00:00Z");
        for (until, expected) in [
            (None, None),
            (Some("2026-11-01"), Some("2026-11-02T00:00:00Z")),
            (Some("2026-11-20"), Some("2026-11-21T00:00:00Z")),
            (Some("2026-11-21"), None),
            (Some("2027-01-01"), None),
        ] {
            let expected = Wanted { since, until: expected.map(at) };
            assert_eq!(wanted("2026-11-01", until), Ok(expected), "{until:?}");
        }
    }

    #[test]
    fn days_that_can_not_be_meant_are_refused() {
        assert_eq!(wanted("2026-11-22", None), Err("--since is in the future".to_owned()));
        assert_eq!(wanted("2026-11-02", Some("2026-11-01")), Err("--until is before --since".to_owned()));
    }

    #[test]
    fn the_last_line_says_what_was_found() {
        let tally = Tally { new: 12_400, known: 20, changed: 11, orphaned: 35, quarantined: 2 };
        let expected =
            "backfill: 12,433 disputes: 12,400 new, 20 known, 11 changed; 35 without an order, 2 quarantined";
        assert_eq!(Shown::of(tally).told(), expected);
    }
}
