//! The use cases: each orders calls to ports, and leaves every decision about disputes to the pure rules.

mod ask;
mod backfill;
mod daily;
mod ingest;
mod match_orders;
mod money_sweep;
mod reread;
mod sweeps;
mod tie_out;

pub use ask::{Ask, AskError, Found};
pub use backfill::Backfill;
pub use daily::{Daily, DayDone, Schedule, WriteMail, due_through};
pub use ingest::{Booked, Ingest, News, Receipt, Received, Seen};
pub use match_orders::{MatchOrders, Swept};
pub use reread::{Reread, RereadDone};
pub use sweeps::{Occasion, Sweeper, every};
pub use tie_out::TieOut;
