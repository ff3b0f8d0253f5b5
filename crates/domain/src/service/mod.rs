//! The use cases: each orders calls to ports, and leaves every decision about disputes to the pure rules.

mod act;
mod adjust;
mod alarm;
mod ask;
mod attribute;
mod backfill;
mod daily;
mod deliver;
mod ingest;
mod join;
mod match_orders;
mod money_sweep;
mod reread;
mod shop;
mod sweeps;
mod tie_out;
mod watch;

use chrono::NaiveDate;

use crate::ports::{LedgerError, Periods};

pub use act::{Act, Acted, Looked, Notice, WriteMessage};
pub use adjust::{Adjust, AdjustError, Adjusted, Adjustment};
pub use alarm::{Alarm, WriteAlarm};
pub use ask::{Ask, AskError, Found};
pub use attribute::{Attribute, AttributeError, Attributing, Said};
pub use backfill::Backfill;
pub use daily::{By, Daily, DayDone, Missed, Schedule, WriteMail, due_through};
pub use deliver::{Deliver, Delivered, WriteOwedMail};
pub use ingest::{Booked, Ingest, News, Receipt, Received, Seen};
pub use join::Join;
pub use match_orders::{MatchOrders, Swept};
pub use reread::{Reread, RereadDone};
pub use shop::{ReadShop, ShopCount, ShopList, ShopSince};
pub use sweeps::{Occasion, Sweeper, every};
pub use tie_out::TieOut;
pub use watch::{Monitor, Monitored, Watch, WriteAlert};

/// How often what is recorded of disputes is decided again because others changed them meanwhile.
const ATTEMPTS_MAX: usize = 8;

/// What is left when that was not enough.
fn always_changed() -> LedgerError {
    LedgerError::Unavailable("the same dispute is being changed by others all the time".into())
}

/// The day through which the books are closed, where that takes in the date that a person named.
async fn closed_on(periods: &dyn Periods, on: Option<NaiveDate>) -> Result<Option<NaiveDate>, LedgerError> {
    let Some(on) = on else { return Ok(None) };
    let closed = periods.closings().await?.first().map(|closing| closing.through);
    Ok(closed.filter(|through| on <= *through))
}
