//! The summary of one business day, composed from the very rows that were sealed in it.

mod balances;
mod books;
mod compose;
mod joined;
mod standing;

pub use balances::{Proof, RollForward};
pub use books::{
    Attention, DayBooks, DayRow, LedgerMove, OpenBalance, REASONS_MAX, ReasonCount, Received, TREND_DAYS, TrendDay,
    Unresolved, Window,
};
pub use compose::{ChangeLine, ClosedLine, DayJournal, Ratio, Section, Summary, Totals, compose};
pub use standing::{Standing, Stands};
