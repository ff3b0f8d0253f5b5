//! Customers as they are read.

use chrono::{DateTime, Utc};
use serde::Serialize;

/// What a checkout asks: whether a customer is blocked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Decision {
    /// Whether the customer has had a dispute. Of one who has not, nothing else is known.
    pub known: bool,
    /// Whether the customer is blocked.
    pub blocked: bool,
    /// When it was decided last; `None` when nothing ever was.
    pub since: Option<DateTime<Utc>>,
    /// Why it was decided so.
    pub reason: Option<String>,
    /// From 0 to 100, the higher the better; `None` before it was computed.
    pub score: Option<i16>,
}

/// Which customers are listed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CustomerOrder {
    /// Those with the lowest score.
    #[default]
    Score,
    /// Those with the most lost disputes when their score was computed last.
    Lost,
    /// Those with the most formal disputes then.
    Disputes,
    /// Those who filed a dispute or an inquiry last.
    Latest,
    /// Those who are blocked, the last that were first; nobody else.
    Blocked,
}

/// A customer with figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CustomerLine {
    /// The keyed hash of the e-mail.
    pub customer: String,
    /// When the first dispute was booked.
    pub known_since: DateTime<Utc>,
    /// From 0 to 100, the higher the better; `None` before it was computed.
    pub score: Option<i16>,
    /// Whether the customer is blocked.
    pub blocked: bool,
    /// Formal disputes: all but inquiries.
    pub disputes: i64,
    /// Formal disputes that are open.
    pub open: i64,
    /// Won.
    pub won: i64,
    /// Lost.
    pub lost: i64,
    /// Closed as refunded or prevented.
    pub other_closed: i64,
    /// Inquiries, open and closed.
    pub inquiries: i64,
    /// Orders with a formal dispute.
    pub disputed_orders: i64,
    /// All orders; 0 where orders are in a view, for nobody's orders can be found there by a hash.
    pub orders: i64,
    /// Disputed orders per 10,000 orders, rounded down; `None` without orders.
    pub dispute_rate_bps: Option<i64>,
    /// When the first dispute or inquiry was filed.
    pub first_at: Option<DateTime<Utc>>,
    /// When the last was.
    pub last_at: Option<DateTime<Utc>>,
    /// What rules and people call the customer, in order.
    pub tags: Vec<String>,
    /// What the formal disputes are for, by currency.
    pub amounts: Vec<CustomerAmount>,
}

/// What a customer's formal disputes are for, in one currency, in minor units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CustomerAmount {
    /// The currency of the payments.
    pub currency: String,
    /// All of them.
    pub disputed_minor: i64,
    /// Those that are lost.
    pub lost_minor: i64,
    /// Those that are won.
    pub won_minor: i64,
}

/// All that is known of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CustomerStory {
    /// The figures.
    #[serde(flatten)]
    pub line: CustomerLine,
    /// What gave and took points, a sentence each.
    pub score_reasons: Vec<String>,
    /// When the score was computed.
    pub scored_at: Option<DateTime<Utc>>,
    /// The hashes that the customer had under former keys.
    pub former: Vec<String>,
    /// Disputes and inquiries, the last filed first; 200 at most.
    pub dispute_list: Vec<CustomerDispute>,
    /// What was decided under any hash, the latest first; 200 at most.
    pub decisions: Vec<CustomerDecision>,
    /// Others who disputed payments by the same card, or by one that looks the same; 20 of each strength at most.
    pub linked: Vec<LinkedCustomer>,
}

/// A dispute of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the columns of the table, by their names")]
pub struct CustomerDispute {
    pub account: String,
    pub dispute_id: String,
    pub order_ref: Option<String>,
    pub status: String,
    pub outcome: String,
    pub disputed_minor: i64,
    pub disputed_currency: String,
    pub opened_at: Option<DateTime<Utc>>,
    pub closed_at: Option<DateTime<Utc>>,
}

/// A decision about a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the columns of the table, by their names")]
pub struct CustomerDecision {
    pub decided_at: DateTime<Utc>,
    pub decided_by: String,
    pub is_blocked: bool,
    pub reason: String,
}

/// Another customer who may be the same person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkedCustomer {
    /// `strong`: the same card, by its fingerprint. `weak`: a card of the same brand with the same last four digits, as
    /// others have by chance.
    pub link: String,
    /// The other.
    pub customer: String,
    /// How many cards they have in common.
    pub cards: i64,
    /// How many disputes the other has of payments by these.
    pub disputes: i64,
}
