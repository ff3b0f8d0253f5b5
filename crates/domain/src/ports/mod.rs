//! All that the domain asks of the world.

mod alerts;
mod aliases;
mod backfills;
mod clock;
mod completeness;
mod customers;
mod day_journals;
mod dispute_reader;
mod dispute_source;
mod follow_ups;
mod ledger;
mod monitoring;
mod movements;
mod notifier;
mod order_book;
mod outbox;
mod outgoing;
mod overview;
mod periods;
mod read_queue;
mod shop_reader;
mod summaries;
mod sweeps;

pub use alerts::Alerts;
pub use aliases::{Alias, Aliases, Joined};
pub use backfills::{Backfills, Slice, Tally};
pub use clock::Clock;
pub use completeness::Completeness;
pub use customers::{Customers, Rehashed};
pub use day_journals::DayJournals;
pub use dispute_reader::{
    Cursor, Detail, DisputeReader, Listing, MovementKind, MovementReading, Origin, Page, Period, Read, ReadError,
    ReadMovement,
};
pub use dispute_source::{Delivery, DeliveryRefused, DisputeSource, Reading, SourceEvent};
pub use follow_ups::{
    Conclusion, DONE_KEPT_DAYS, Deed, FollowUp, FollowUps, FollowedUp, LoggedRule, OutboxMessage, Way,
};
pub use ledger::{Answer, Cause, Content, Disposition, Entry, Ledger, LedgerError, Lookup, Version};
pub use monitoring::Monitoring;
pub use movements::{KeptMovement, Movements};
pub use notifier::{Attachment, Found, Mail, Notifier, RequestId, SendOutcome};
pub use order_book::{Imported, Link, Linked, OrderBook};
pub use outbox::{MessageClaim, Outbox, Sent};
pub use outgoing::{Outgoing, OutgoingCall};
pub use overview::{CustomerStanding, Ingestion, Overview, QueueFailure, QueueState, RecentDispute};
pub use periods::{Closed, Closing, Periods};
pub use read_queue::{ReadClaim, ReadQueue};
pub use shop_reader::ShopReader;
pub use summaries::{Claim, ClaimRequest, DayMail, DeliveryState, Due, LookTimes, Mails, Seal, Sealed, Summaries};
pub use sweeps::{Sweep, SweepKind, SweepRequest, Sweeps};

#[cfg(feature = "mock")]
pub use {
    alerts::MockAlerts, aliases::MockAliases, backfills::MockBackfills, clock::MockClock,
    completeness::MockCompleteness, customers::MockCustomers, dispute_reader::MockDisputeReader,
    dispute_source::MockDisputeSource, follow_ups::MockFollowUps, ledger::MockLedger, monitoring::MockMonitoring,
    movements::MockMovements, notifier::MockNotifier, order_book::MockOrderBook, outbox::MockOutbox,
    outgoing::MockOutgoing, overview::MockOverview, periods::MockPeriods, read_queue::MockReadQueue,
    shop_reader::MockShopReader, summaries::MockSummaries, sweeps::MockSweeps,
};
