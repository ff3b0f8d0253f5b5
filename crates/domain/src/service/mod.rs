//! The use cases: each orders calls to ports, and leaves every decision about disputes to the pure rules.

mod act;
mod adjust;
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

pub use act::{Act, Acted, Looked, Notice, WriteMessage};
pub use adjust::{Adjust, AdjustError, Adjusted, Adjustment};
pub use ask::{Ask, AskError, Found};
pub use attribute::{Attribute, AttributeError, Attributing, Said};
pub use backfill::Backfill;
pub use daily::{Daily, DayDone, Schedule, WriteMail, due_through};
pub use deliver::{Deliver, Delivered, WriteOwedMail};
pub use ingest::{Booked, Ingest, News, Receipt, Received, Seen};
pub use join::Join;
pub use match_orders::{MatchOrders, Swept};
pub use reread::{Reread, RereadDone};
pub use shop::{ReadShop, ShopCount, ShopList, ShopSince};
pub use sweeps::{Occasion, Sweeper, every};
pub use tie_out::TieOut;
pub use watch::{Monitor, Monitored, Watch, WriteAlert};
