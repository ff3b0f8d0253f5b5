//! The use cases: each orders calls to ports, and leaves every decision about disputes to the pure rules.

mod daily;
mod ingest;
mod match_orders;

pub use daily::{Daily, DayDone, Schedule, WriteMail, due_through};
pub use ingest::{Ingest, Receipt, Received};
pub use match_orders::{MatchOrders, Swept};
