//! What each port promises, as test cases, and the stand-ins that keep those promises. For tests only.
//!
//! An adapter shows that it keeps a port's promises by running the port's suite on itself, a line a suite:
//!
//! ```ignore
//! ledger_contract!(#[tokio::test] () => InMemoryLedger::default());
//! ledger_contract!(#[sqlx::test(migrations = "../../migrations")] (pool: PgPool) => PostgresLedger::new(pool));
//! ```
//!
//! See [`contract`] for the suites and how their macros are used.
#![warn(missing_docs)]
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "it runs in tests only, where what is not as expected should panic"
)]

pub mod asides;
pub mod booking;
pub mod contract;
pub mod crashes;
pub mod fake_graph;
mod fake_http;
pub mod fake_receiver;
mod fake_server;
pub mod fake_shop;
pub mod fake_smtp;
pub mod fake_stripe;
pub mod histories;
pub mod samples;
pub mod scenarios;
pub mod year;

mod captured_log;
mod chance;
mod day_parts;
mod fixed_clock;
mod flaky_ledger;
mod in_memory;
mod in_memory_reader;
mod recording_notifier;
mod recording_outgoing;

pub use captured_log::CapturedLog;
pub use day_parts::check_day_parts;
pub use fixed_clock::FixedClock;
pub use flaky_ledger::{FlakyLedger, RecordFault};
pub use in_memory::{InMemoryLedger, KeptCause, KeptDispute, KeptEntry, KeptResolution, KeptRule};
pub use in_memory_reader::{InMemoryReader, read_of};
pub use recording_notifier::RecordingNotifier;
pub use recording_outgoing::RecordingOutgoing;
