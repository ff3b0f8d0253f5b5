//! All that the domain asks of the world.

mod clock;
mod dispute_source;
mod ledger;
mod notifier;
mod order_book;
mod summaries;

pub use clock::Clock;
pub use dispute_source::{Delivery, DeliveryRefused, DisputeSource, Reading, SourceEvent};
pub use ledger::{Answer, Cause, Content, Disposition, Entry, Ledger, LedgerError, Lookup, Version};
pub use notifier::{Mail, Notifier, SendOutcome};
pub use order_book::{Imported, Link, Linked, OrderBook};
pub use summaries::{Claim, ClaimRequest, DeliveryState, Seal, Sealed, Summaries};

#[cfg(feature = "mock")]
pub use {
    clock::MockClock, dispute_source::MockDisputeSource, ledger::MockLedger, notifier::MockNotifier,
    order_book::MockOrderBook, summaries::MockSummaries,
};
