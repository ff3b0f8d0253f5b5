//! `tieout`: compares the disputed money in the books with what Stripe says moved, movement by movement.

mod shown;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chargebook_domain::ports::{DisputeReader, Period};
use chargebook_domain::service::{Found, Sweeper, TieOut};
use chargebook_domain::{AccountId, Difference, Movement, MovementId, Tied};
use chargebook_ledger_postgres::PostgresLedger;
use chargebook_source_stripe::read_report;
use chrono::NaiveDate;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use self::shown::Shown;
use super::screen::show;
use super::{Done, Failure, Refused, usable, utc_days};
use crate::settings::Settings;
use crate::tables::grouped;
use crate::wiring::{self, Database};

#[derive(Args)]
pub(super) struct Options {
    /// The first day, in UTC
    #[arg(long, value_name = "YYYY-MM-DD")]
    from: NaiveDate,
    /// The last day, in UTC, through its end
    #[arg(long, value_name = "YYYY-MM-DD")]
    to: NaiveDate,
    #[arg(
        long,
        value_name = "FILE",
        help = "Compares with this CSV of Stripe's report balance_change_from_activity.itemized instead of its API; \
                needs no key"
    )]
    report: Option<PathBuf>,
    /// Books what the ledger lacks of these days, then compares again
    #[arg(long)]
    repair: bool,
    #[arg(
        long,
        value_name = "BOOK",
        help = "Only this book, such as acct_1ABC, or default for the key's own account [default: all of them; with \
                --report, default]"
    )]
    account: Option<String>,
}

/// What the books are compared with.
enum Theirs {
    Api(Arc<dyn DisputeReader>),
    Report(Vec<Movement>),
}

/// One book beside Stripe, as it is after all.
struct Compared {
    book: AccountId,
    tied: Tied,
    /// What was missing here, and is not any more.
    repaired: Vec<MovementId>,
    /// All that a repair booked, the fees of the account among it.
    found: Option<Found>,
}

impl Options {
    /// The days, which can't be the wrong way round.
    fn period(&self) -> Result<Period, Failure> {
        if self.to < self.from {
            return Err(Refused::wrong_usage("--to is before --from"));
        }
        if self.repair && self.report.is_some() {
            return Err(Refused::wrong_usage(
                "--repair and --report do not go together: a report does not say enough of a movement to book it; \
                 repair by the API first, then compare with the report",
            ));
        }
        Ok(Period { from: utc_days::begin(self.from), until: utc_days::end(self.to) })
    }

    fn books(&self, settings: &Settings) -> Result<Vec<AccountId>, Failure> {
        Ok(match (&self.account, &self.report) {
            (Some(account), _) => vec![AccountId::parse(account).map_err(Refused::wrong_usage)?],
            (None, Some(_)) => vec![AccountId::own()],
            (None, None) => settings.books(),
        })
    }

    async fn theirs(&self, settings: &Settings, period: Period) -> Result<Theirs, Failure> {
        let Some(file) = &self.report else { return Ok(Theirs::Api(wiring::needed_reader(settings)?)) };
        let path = file.clone();
        let read = tokio::task::spawn_blocking(move || movements_of(&path)).await.map_err(Failure::failed)??;
        let is_of_these_days = |movement: &Movement| (period.from..period.until).contains(&movement.occurred_at);
        Ok(Theirs::Report(read.into_iter().filter(is_of_these_days).collect()))
    }
}

fn movements_of(report: &Path) -> Result<Vec<Movement>, Failure> {
    let file = File::open(report).map_err(|error| Refused::unreadable(report, error))?;
    let read = read_report(file);
    Ok(read.map_err(|error| Refused::because(format!("{} is not such a report", report.display()), error))?)
}

pub(super) async fn run(options: &Options, settings: &Settings, json: bool) -> Result<Done, Failure> {
    let period = options.period()?;
    let books = options.books(settings)?;
    let theirs = options.theirs(settings, period).await?;
    let database = Database::open_existing(settings).await?;
    let compared = match usable(&database.ledger).await {
        Ok(()) => {
            let ledger = Arc::new(database.ledger.clone());
            Run { settings, ledger, theirs, period, repair: options.repair }.compare_all(books).await
        }
        Err(failure) => Err(failure),
    };
    database.close().await;
    let there = if options.report.is_some() { "in the report" } else { "at Stripe" };
    let shown = Shown { from: options.from, to: options.to, there, compared: compared? };
    show(json, &shown.json(), |_| shown.told())?;
    Ok(if shown.differences() > 0 { Done::NeedsAttention } else { Done::Well })
}

struct Run<'a> {
    settings: &'a Settings,
    ledger: Arc<PostgresLedger>,
    theirs: Theirs,
    period: Period,
    repair: bool,
}

impl Run<'_> {
    async fn compare_all(&self, books: Vec<AccountId>) -> Result<Vec<Compared>, Failure> {
        let style =
            ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
        let spinner = ProgressBar::new_spinner().with_style(style);
        spinner.enable_steady_tick(Duration::from_millis(100));
        let mut compared = Vec::new();
        for book in books {
            compared.push(self.compare(book, &spinner).await?);
        }
        spinner.finish_and_clear();
        Ok(compared)
    }

    async fn compare(&self, book: AccountId, spinner: &ProgressBar) -> Result<Compared, Failure> {
        let tie_out = TieOut::new(self.ledger.clone());
        let theirs = match &self.theirs {
            Theirs::Report(movements) => movements.clone(),
            Theirs::Api(reader) => {
                let told = |rows| spinner.set_message(format!("{}: {} rows read from Stripe", book, grouped(rows)));
                tie_out.theirs(reader.as_ref(), &book, self.period, told).await.map_err(Failure::failed)?
            }
        };
        let compare = |theirs| tie_out.compare(&book, self.period, theirs);
        let tied = compare(theirs.clone()).await.map_err(Failure::failed)?;
        let missing = missing_here(&tied);
        // Also where everything agrees: the fees of the account are not among what is compared.
        let (Theirs::Api(reader), true) = (&self.theirs, self.repair) else {
            return Ok(Compared { book, tied, repaired: Vec::new(), found: None });
        };
        spinner.set_message(format!("{book}: booking what is missing"));
        let ask = wiring::ask(self.settings, &self.ledger, Arc::clone(reader));
        let sweeper = Sweeper::new(ask, self.ledger.clone(), self.ledger.clone());
        let found = sweeper.money_of(&book, self.period).await.map_err(Failure::failed)?;
        let tied = compare(theirs).await.map_err(Failure::failed)?;
        let still = missing_here(&tied);
        let repaired = missing.into_iter().filter(|movement| !still.contains(movement)).collect();
        Ok(Compared { book, tied, repaired, found: Some(found) })
    }
}

fn missing_here(tied: &Tied) -> Vec<MovementId> {
    let missing = tied.differences.iter().filter_map(|difference| match difference {
        Difference::MissingHere(movement) => Some(movement.id.clone()),
        Difference::MissingThere(_) | Difference::Differs { .. } => None,
    });
    missing.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(from: &str, to: &str) -> Options {
        let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
        Options { from, to, report: None, repair: false, account: None }
    }

    #[test]
    fn both_days_belong_to_the_period() {
        let period = options("2026-10-31", "2026-11-01").period().unwrap();
        assert_eq!(period.from.to_rfc3339(), "2026-10-31T00:00:00+00:00");
        assert_eq!(period.until.to_rfc3339(), "2026-11-02T00:00:00+00:00");
        assert!(options("2026-11-02", "2026-11-01").period().is_err());
    }

    #[test]
    fn a_report_repairs_nothing() {
        let with_report = Options { report: Some("r.csv".into()), ..options("2026-11-01", "2026-11-01") };
        assert!(with_report.period().is_ok());
        let refused = Options { repair: true, ..with_report }.period().unwrap_err();
        assert_eq!(refused.exit_code(), 2);
        assert!(refused.to_string().contains("do not go together"), "{refused}");
    }
}
