//! Exact books on payment disputes: pure rules, and the ports they need.
//!
//! A source's statement about a dispute is an [`Observation`]. [`decide`] adds it to what is [`Stored`] and returns a
//! [`Change`]: the movements of money that are new, the journal entries and resolution rows they cause, how the dispute
//! stands, and what that means for its order. A [`ports::Ledger`] records changes. Nothing here does I/O, reads a clock
//! or knows a vendor's wire format.
//!
//! What is kept of a dispute is a set of facts, and every figure is a function of that set: observations may come twice
//! and in any order, and the books are the same.
#![warn(missing_docs, clippy::arithmetic_side_effects, clippy::as_conversions, clippy::wildcard_enum_match_arm)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, reason = "a test that overflows should panic"))]

mod admission;
pub mod alerts;
mod attribution;
mod currency;
mod customer;
mod decide;
mod discrepancy;
mod facts;
mod figures;
mod follow_up;
mod fraud_warning;
mod hex;
mod ids;
mod ingestion;
mod journal;
mod money;
pub mod monitor;
mod movement;
mod observation;
mod orders;
mod outbox;
pub mod ports;
mod read_budget;
mod reread;
mod resolution;
pub mod rules;
mod score;
pub mod service;
mod status;
pub mod summary;
mod tie_out;

pub use admission::{AHEAD_MAX, AMOUNT_MAX, Admission};
pub use attribution::{Attributed, Attribution, AttributionError, Meaning, Reclassification};
pub use currency::{Currency, CurrencyError};
pub use customer::{
    CUSTOMER_KEY_BYTES_MIN, CardHash, CustomerFigures, CustomerId, CustomerKey, CustomerKeyError, HashError,
    normal_email,
};
pub use decide::{BookRules, Change, DecideError, Dispute, Stored, account_entry, attribute, decide};
pub use discrepancy::{Discrepancy, DiscrepancyKind};
pub use facts::{Added, Facts, Line, MovementContradicted, Run};
pub use figures::{Figures, Step, bucket, steps};
pub use follow_up::Trigger;
pub use fraud_warning::FraudWarning;
pub use ids::{
    AccountId, CauseId, ChargeId, DisputeId, DisputeKey, EntryId, ID_BYTES_MAX, IdError, MovementId, OrderRef,
    PaymentIntentId, WarningId,
};
pub use ingestion::{DeliveryCount, Light, SourceFacts, SourceHealth, source_health};
pub use journal::{
    BookedCloseOuts, CloseOut, Convention, EntryKind, Heading, JournalEntry, JournalError, LedgerAccount, Posting,
    Unbalanced, movement_postings,
};
pub use money::{Money, MoneyError};
pub use movement::{Category, Movement};
pub use observation::{Basis, Claims, Observation};
pub use orders::{Extent, OrderMatch, OrderPayment, OrderResolution, match_order};
pub use outbox::next_attempt;
pub use read_budget::{BudgetLine, READS_A_MONTH, ReadVolume, read_budget};
pub use reread::{OwedRead, ReadReason, news};
pub use resolution::{BookedDeltas, BookedOutcomes, Deltas, Resolution, ResolutionKind};
pub use score::{Reason, Score, ScoreFact, ScoreWeights, score};
pub use status::{Bucket, Outcome, Status};
pub use tie_out::{Difference, Sums, Tied, TiedDay, tie};
