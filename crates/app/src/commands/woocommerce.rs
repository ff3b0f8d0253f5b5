//! `woocommerce pull`: reads a shop's orders and disputes, as its webhooks are delivered once.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chargebook_domain::ports::{Clock, ShopReader};
use chargebook_domain::service::{AskError, MatchOrders, ReadShop, ShopCount, ShopList, ShopSince};
use chargebook_ledger_postgres::PostgresLedger;
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::screen::show;
use super::serve::told_to_stop;
use super::{Done, Failure, Refused, usable, utc_days};
use crate::clock::SystemClock;
use crate::settings::Settings;
use crate::tables::grouped;
use crate::wiring::{self, Database};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Reads a shop's orders and disputes, and books what is not known; reading them again changes nothing
    Pull(Pull),
}

#[derive(Args)]
pub(super) struct Pull {
    /// The shop, by its name in the settings
    shop: String,
    /// The first day on which orders were changed and disputes filed, in UTC [default: 120 days ago]
    #[arg(long, value_name = "YYYY-MM-DD")]
    from: Option<NaiveDate>,
}

impl Pull {
    fn since(&self) -> Result<ShopSince, Failure> {
        let now = SystemClock.now();
        let Some(from) = self.from.map(utc_days::begin) else { return Ok(ShopSince::after(None, now)) };
        if from > now {
            return Err(Refused::wrong_usage("--from is in the future"));
        }
        Ok(ShopSince { orders: from, disputes: from })
    }
}

pub(super) async fn run(Command::Pull(pull): &Command, settings: &Settings, json: bool) -> Result<Done, Failure> {
    let since = pull.since()?;
    let reader = wiring::needed_shop(&pull.shop, settings)?;
    let stop = told_to_stop().map_err(Failure::failed)?;
    let database = Database::open(settings).await?;
    let pulled = match usable(&database.ledger).await {
        Ok(()) => {
            tokio::select! {
                pulled = all(reader, &database.ledger, settings, since) => pulled,
                () = stop => Err(Refused::new("it was stopped; what was read is booked, and read again the next time").into()),
            }
        }
        Err(failure) => Err(failure),
    };
    database.close().await;
    let Pulled { orders, disputes, matched } = pulled?;
    let shown = Shown { shop: &pull.shop, orders: Counted::of(orders), disputes: Counted::of(disputes), matched };
    show(json, &shown, ToString::to_string)?;
    Ok(if orders.quarantined > 0 || disputes.quarantined > 0 { Done::NeedsAttention } else { Done::Well })
}

struct Pulled {
    orders: ShopCount,
    disputes: ShopCount,
    /// Disputes that were matched with orders again.
    matched: u64,
}

async fn all(
    shop: Arc<dyn ShopReader>,
    ledger: &PostgresLedger,
    settings: &Settings,
    since: ShopSince,
) -> Result<Pulled, Failure> {
    let read = ReadShop { shop, ingest: wiring::ingest(settings, ledger), clock: Arc::new(SystemClock) };
    let orders = list(&read, ShopList::Orders, since).await?;
    let disputes = list(&read, ShopList::Disputes, since).await?;
    let shared = Arc::new(ledger.clone());
    let matching = MatchOrders::new(Arc::clone(&shared) as _, shared, settings.rules);
    let matched = matching.sweep(SystemClock.now()).await.map_err(Failure::failed)?.disputes;
    Ok(Pulled { orders, disputes, matched })
}

/// Reads a whole list, with a line on a terminal that says how far it has come.
async fn list(read: &ReadShop, list: ShopList, since: ShopSince) -> Result<ShopCount, Failure> {
    let what = match list {
        ShopList::Orders => "orders",
        ShopList::Disputes => "disputes",
    };
    let style = ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
    let spinner = ProgressBar::new_spinner().with_style(style);
    spinner.enable_steady_tick(Duration::from_millis(100));
    let (mut sum, mut after) = (ShopCount::default(), None);
    loop {
        spinner.set_message(format!("{} {what} were read", grouped(sum.all())));
        let (count, next) = read.page(list, since, after).await.map_err(|error| broken_off(what, sum, error))?;
        sum = sum.plus(count);
        if next.is_none() {
            spinner.finish_and_clear();
            return Ok(sum);
        }
        after = next;
    }
}

fn broken_off(what: &str, sum: ShopCount, error: AskError) -> Failure {
    let read = grouped(sum.all());
    Refused::because(format!("it broke off after {read} {what}, which are booked; run it again"), error).into()
}

/// What was pulled, for programs.
#[derive(Serialize)]
struct Shown<'a> {
    shop: &'a str,
    orders: Counted,
    disputes: Counted,
    matched: u64,
}

#[derive(Serialize)]
struct Counted {
    read: u64,
    new: u64,
    known: u64,
    ignored: u64,
    quarantined: u64,
}

impl Counted {
    fn of(count: ShopCount) -> Self {
        let ShopCount { new, known, ignored, quarantined } = count;
        Self { read: count.all(), new, known, ignored, quarantined }
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [new, known, ignored, quarantined] = [self.new, self.known, self.ignored, self.quarantined].map(grouped);
        write!(f, "{new} new or changed, {known} known, {ignored} ignored, {quarantined} quarantined")
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shop, orders, disputes, matched } = self;
        writeln!(f, "{shop}: {} orders: {orders}", grouped(orders.read))?;
        writeln!(f, "{shop}: {} disputes: {disputes}", grouped(disputes.read))?;
        write!(f, "{} disputes were matched with orders again", grouped(*matched))
    }
}
