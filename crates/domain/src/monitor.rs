//! The card networks' monitoring programmes: how near a shop is to being identified by one.
//!
//! Every figure is an estimate. The networks count what their own files say, a merchant account at a time; here is
//! counted what the source told and what the shop's orders say. `docs/monitoring.md` has the definitions and where they
//! come from; the numbers are in `data/network_programmes.txt`.

mod alerts;
mod counts;
mod estimate;
mod month;
mod network;
mod programmes;
mod ratio;
mod spark;
mod tally;

pub use alerts::{AlertKey, alerts_due};
pub use counts::{Counts, MonthCounts, PaymentBasis};
pub use estimate::{Estimate, Floor, Level, MonitorRules, NetworkRatio, WARN_EVENTS_MIN, WARN_PERCENT};
pub use month::Month;
pub use network::{Network, Region};
pub use programmes::{Counted, NETWORK_PROGRAMMES, PaymentsOf, Programme, Programmes, ProgrammesError};
pub use ratio::{Ratio, trustlens_ratio};
pub use spark::spark;
pub use tally::{Tally, TypedCount, months, running};
