//! What is read, line by line. The names are those of the columns.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

/// A row of `dispute_report`: a dispute in one settlement currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the columns of the view, by their names")]
pub struct DisputeLine {
    pub account: String,
    pub dispute_id: String,
    pub charge_id: Option<String>,
    pub payment_intent_id: Option<String>,
    pub order_ref: Option<String>,
    pub order_match: String,
    pub disputed_minor: i64,
    pub disputed_currency: String,
    pub reason: Option<String>,
    pub case_type: Option<String>,
    pub card_brand: Option<String>,
    pub status: String,
    pub outcome: String,
    pub bucket: String,
    pub opened_at: Option<DateTime<Utc>>,
    pub closed_at: Option<DateTime<Utc>>,
    pub evidence_due_by: Option<DateTime<Utc>>,
    pub evidence_submitted: Option<bool>,
    pub settlement_currency: String,
    pub withdrawn_minor: i64,
    pub reinstated_minor: i64,
    pub recovered_minor: i64,
    pub loss_minor: i64,
    pub fee_minor: i64,
    pub fx_minor: i64,
    pub pending_minor: i64,
    pub suspense_minor: i64,
    pub net_minor: i64,
}

/// A statement in a dispute's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the columns of the table, by their names")]
pub struct HistoryLine {
    pub status: String,
    pub as_of: DateTime<Utc>,
    pub cause: String,
    pub basis: String,
    pub recorded_at: DateTime<Utc>,
}

/// A movement of a dispute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the columns of the view, by their names")]
pub struct MovementLine {
    pub movement_id: String,
    pub category: String,
    pub amount_minor: i64,
    pub fee_minor: i64,
    pub net_minor: i64,
    pub currency: String,
    pub occurred_at: DateTime<Utc>,
    pub tied: bool,
}

/// A posting with its entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the columns of the tables, by their names")]
pub struct JournalLine {
    pub account: String,
    pub entry_id: String,
    pub dispute_id: Option<String>,
    pub order_ref: Option<String>,
    pub kind: String,
    pub occurred_at: DateTime<Utc>,
    pub posted_on: NaiveDate,
    pub narration: String,
    pub line: i16,
    pub ledger_account: String,
    pub amount_minor: i64,
    pub currency: String,
    pub sealed_in: Option<NaiveDate>,
}

/// A resolution row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the columns of the table, by their names")]
pub struct ResolutionLine {
    pub revision: i32,
    pub currency: String,
    pub kind: String,
    pub outcome: String,
    pub recovered_delta_minor: i64,
    pub loss_delta_minor: i64,
    pub fee_delta_minor: i64,
    pub fx_delta_minor: i64,
    pub pending_delta_minor: i64,
    pub suspense_delta_minor: i64,
    pub net_delta_minor: i64,
    pub occurred_at: DateTime<Utc>,
    pub sealed_in: Option<NaiveDate>,
}

/// What a dispute means for an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the columns of the table, by their names")]
pub struct OrderLine {
    pub order_ref: String,
    pub settlement_currency: String,
    pub outcome: String,
    pub bucket: String,
    pub recovered_minor: i64,
    pub loss_minor: i64,
    pub fee_minor: i64,
    pub net_minor: i64,
    pub ambiguous: bool,
}

/// Something odd about a dispute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the columns of the table, by their names")]
pub struct DiscrepancyLine {
    pub kind: String,
    pub detail: String,
    pub noticed_at: DateTime<Utc>,
}

/// The whole story of a dispute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "each is what its type says")]
pub struct Story {
    pub facts: Vec<DisputeLine>,
    pub orders: Vec<OrderLine>,
    pub history: Vec<HistoryLine>,
    pub movements: Vec<MovementLine>,
    pub journal: Vec<JournalLine>,
    pub resolutions: Vec<ResolutionLine>,
    pub discrepancies: Vec<DiscrepancyLine>,
}

/// A source event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the columns of the table, by their names")]
pub struct EventLine {
    pub account: String,
    pub event_id: String,
    pub event_type: String,
    pub received_at: DateTime<Utc>,
    pub disposition: String,
    pub reason: Option<String>,
}

/// A sealed day and its mail on one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the columns of the tables, by their names")]
pub struct SummaryLine {
    pub business_date: NaiveDate,
    pub time_zone: String,
    pub state: String,
    pub sealed_at: DateTime<Utc>,
    pub channel: Option<String>,
    pub account: Option<String>,
    pub delivery: Option<String>,
    pub attempt: Option<i32>,
    pub receipt: Option<String>,
    pub reason: Option<String>,
    pub retry_at: Option<DateTime<Utc>>,
}

/// A row of `summary_attempts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the columns of the table, by their names; `account` is the book of a mail of its own")]
pub struct AttemptLine {
    pub business_date: NaiveDate,
    pub channel: String,
    pub account: Option<String>,
    pub attempt: i32,
    pub request_id: String,
    pub by_person: bool,
    pub begun_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    pub outcome: Option<String>,
    pub receipt: Option<String>,
    pub reason: Option<String>,
    pub looked_at: Option<DateTime<Utc>>,
    pub found: Option<String>,
}

/// A row of `trial_balance`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the columns of the view, by their names")]
pub struct BalanceLine {
    pub account: String,
    pub ledger_account: String,
    pub currency: String,
    pub balance_minor: i64,
}
