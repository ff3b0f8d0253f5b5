//! All that the domain asks of the world.

mod backfills;
mod clock;
mod completeness;
mod dispute_reader;
mod dispute_source;
mod ledger;
mod notifier;
mod order_book;
mod read_queue;
mod summaries;
mod sweeps;

pub use backfills::{Backfills, Slice, Tally};
pub use clock::Clock;
pub use completeness::Completeness;
pub use dispute_reader::{
    Cursor, Detail, DisputeReader, Listing, MovementKind, MovementReading, Origin, Page, Period, Read, ReadError,
    ReadMovement,
};
pub use dispute_source::{Delivery, DeliveryRefused, DisputeSource, Reading, SourceEvent};
pub use ledger::{Answer, Cause, Content, Disposition, Entry, Ledger, LedgerError, Lookup, Version};
pub use notifier::{Mail, Notifier, SendOutcome};
pub use order_book::{Imported, Link, Linked, OrderBook};
pub use read_queue::{ReadClaim, ReadQueue};
pub use summaries::{Claim, ClaimRequest, DeliveryState, Seal, Sealed, Summaries};
pub use sweeps::{Sweep, SweepKind, SweepRequest, Sweeps};

#[cfg(feature = "mock")]
pub use {
    backfills::MockBackfills, clock::MockClock, completeness::MockCompleteness, dispute_reader::MockDisputeReader,
    dispute_source::MockDisputeSource, ledger::MockLedger, notifier::MockNotifier, order_book::MockOrderBook,
    read_queue::MockReadQueue, summaries::MockSummaries, sweeps::MockSweeps,
};
