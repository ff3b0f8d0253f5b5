//! The summary of one business day, composed from the very rows that were sealed in it.

mod books;
mod compose;

pub use books::{Attention, DayBooks, DayRow, LedgerMove, OpenBalance, Unresolved, Window};
pub use compose::{ChangeLine, ClosedLine, Proof, Ratio, RollForward, Section, Summary, Totals, compose};
