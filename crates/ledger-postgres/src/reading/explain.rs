//! Everything that names an id, wherever it is kept: for whoever asks why a dispute does not appear.

use std::collections::BTreeSet;

use chargebook_domain::ports::LedgerError;
use chargebook_domain::{ChargeId, Currency, Money, OrderPayment, OrderRef, PaymentIntentId};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::EventLine;
use crate::PostgresLedger;
use crate::error::{corrupt, read_error};

/// How long after a payment its cardholder may dispute it, as the networks have it for nearly all reasons.
const DISPUTABLE_FOR: TimeDelta = TimeDelta::days(120);

/// How many orders are named that a dispute without one may be about.
const NEAR_MAX: i64 = 5;

/// Everything that names an id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Clues {
    /// The disputes that have it, or are about what has it; 20 at most.
    pub disputes: Vec<DisputeClue>,
    /// The events that have it.
    pub events: Vec<EventLine>,
    /// Of the latest 10,000 events in quarantine, those whose kept body names it; 10 at most.
    pub named_in_quarantine: Vec<EventLine>,
    /// The payments of orders that have it.
    pub payments: Vec<PaymentClue>,
    /// The early fraud warnings that have it, or are about its payment; 10 at most.
    pub warnings: Vec<WarningClue>,
    /// Movements of it that are tied to no dispute; 10 at most.
    pub untied: Vec<UntiedClue>,
    /// For which stretches the records of books are known to be whole.
    pub whole: Vec<WholeClue>,
}

/// A dispute, and how it is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the columns of the tables, by their names")]
pub struct DisputeClue {
    pub account: String,
    pub dispute_id: String,
    pub charge_id: Option<String>,
    pub payment_intent_id: Option<String>,
    pub order_hint: Option<String>,
    pub amount_minor: i64,
    pub currency: String,
    pub status: String,
    pub opened_at: Option<DateTime<Utc>>,
    /// `matched`, `ambiguous` or `orphan`.
    pub order_match: String,
    /// The orders it is about, or may be.
    pub orders: Vec<String>,
    /// How many statements there are of it.
    pub statements: i64,
    /// What it is the same as, as `book/dispute`.
    pub same_as: Option<String>,
    /// Who says that, and why.
    pub joined_by: Option<String>,
    pub join_reason: Option<String>,
    /// What is the same as this, as `book/dispute`.
    pub doubles: Vec<String>,
    /// Why and when it is read again.
    pub read_reason: Option<String>,
    pub read_due_at: Option<DateTime<Utc>>,
    /// Where it has no order: payments of the same amount within the 120 days before it was filed, the latest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub near: Vec<PaymentClue>,
}

/// A payment of an order. Whose order it is is not told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the columns of the table, by their names")]
pub struct PaymentClue {
    pub order_ref: String,
    pub charge_id: Option<String>,
    pub payment_intent_id: Option<String>,
    pub amount_minor: i64,
    pub currency: String,
    pub placed_at: Option<DateTime<Utc>>,
}

/// An early fraud warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the columns of the table, by their names")]
pub struct WarningClue {
    pub account: String,
    pub warning_id: String,
    pub charge_id: Option<String>,
    pub fraud_type: Option<String>,
    pub occurred_at: DateTime<Utc>,
}

/// A movement that is tied to no dispute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the columns of the table, by their names")]
pub struct UntiedClue {
    pub account: String,
    pub movement_id: String,
    pub amount_minor: i64,
    pub currency: String,
    pub occurred_at: DateTime<Utc>,
}

/// For which stretch the record of a book is known to be whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the columns of the table, by their names")]
pub struct WholeClue {
    pub account: String,
    pub from_at: DateTime<Utc>,
    pub until_at: DateTime<Utc>,
}

impl From<OrderPayment> for PaymentClue {
    fn from(payment: OrderPayment) -> Self {
        Self {
            order_ref: payment.order_ref.as_str().to_owned(),
            charge_id: payment.charge.map(|charge| charge.as_str().to_owned()),
            payment_intent_id: payment.payment_intent.map(|intent| intent.as_str().to_owned()),
            amount_minor: payment.amount.minor(),
            currency: payment.amount.currency().code().to_owned(),
            placed_at: payment.placed_at,
        }
    }
}

impl PostgresLedger {
    /// Looks everywhere for an id: that of a dispute, an event, a charge, a payment intent, an order, a fraud warning, or a
    /// movement that is tied to none.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn clues(&self, id: &str) -> Result<Clues, LedgerError> {
        let payments = self.payments_of(id).await?;
        let charges = with_id(id, payments.iter().filter_map(|payment| payment.charge_id.clone()));
        let intents = with_id(id, payments.iter().filter_map(|payment| payment.payment_intent_id.clone()));
        let events = self.events_of(id).await?;
        let causes: Vec<_> = events.iter().map(|event| event.account.clone()).collect();
        let mut disputes = self.disputes_named(id, &charges, &intents, &causes).await?;
        for dispute in disputes.iter_mut().filter(|dispute| dispute.order_match == "orphan") {
            dispute.near = self.orders_near(dispute).await?;
        }
        let mut charges = charges;
        charges.extend(disputes.iter().filter_map(|dispute| dispute.charge_id.clone()));
        Ok(Clues {
            named_in_quarantine: self.named_in_quarantine(id).await?,
            warnings: self.warnings_of(id, &charges, &intents).await?,
            untied: self.untied(id, &charges).await?,
            whole: self.whole_stretches().await?,
            disputes,
            events,
            payments,
        })
    }

    async fn payments_of(&self, id: &str) -> Result<Vec<PaymentClue>, LedgerError> {
        let charges: BTreeSet<_> = ChargeId::parse(id).into_iter().collect();
        let intents: BTreeSet<_> = PaymentIntentId::parse(id).into_iter().collect();
        let orders: BTreeSet<_> = OrderRef::parse(id).into_iter().collect();
        let payments = self.orders.payments(&self.pool, &charges, &intents, &orders).await?;
        Ok(payments.into_iter().map(PaymentClue::from).collect())
    }

    async fn events_of(&self, id: &str) -> Result<Vec<EventLine>, LedgerError> {
        sqlx::query_as!(
            EventLine,
            r#"SELECT account, event_id, event_type, received_at, disposition, reason FROM chargebook.source_events
               WHERE event_id = $1 ORDER BY account LIMIT 20"#,
            id
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)
    }

    /// `books` are those that have an event of this id: of its statements only these are looked through.
    async fn disputes_named(
        &self,
        id: &str,
        charges: &[String],
        intents: &[String],
        books: &[String],
    ) -> Result<Vec<DisputeClue>, LedgerError> {
        let rows = sqlx::query!(
            r#"WITH named AS (
                   SELECT account, dispute_id FROM chargebook.disputes WHERE dispute_id = $1
                   UNION SELECT account, dispute_id FROM chargebook.disputes WHERE charge_id = ANY($2)
                   UNION SELECT account, dispute_id FROM chargebook.disputes WHERE payment_intent_id = ANY($3)
                   UNION SELECT account, dispute_id FROM chargebook.order_resolutions WHERE order_ref = $1
                   UNION SELECT account, dispute_id FROM chargebook.dispute_history WHERE account = ANY($4) AND cause = $1
               )
               SELECT d.account, d.dispute_id, d.charge_id, d.payment_intent_id, d.order_hint, d.amount_minor, d.currency,
                      d.status, d.opened_at, d.order_match,
                      ARRAY(SELECT DISTINCT r.order_ref FROM chargebook.order_resolutions r WHERE r.account = d.account
                            AND r.dispute_id = d.dispute_id ORDER BY 1 LIMIT 5) AS "orders!",
                      (SELECT count(*) FROM chargebook.dispute_history h WHERE h.account = d.account
                       AND h.dispute_id = d.dispute_id) AS "statements!",
                      a.same_as_account || '/' || a.same_as_dispute_id AS same_as, a.joined_by AS "joined_by?",
                      a.reason AS "join_reason?",
                      ARRAY(SELECT b.account || '/' || b.dispute_id FROM chargebook.dispute_aliases b
                            WHERE b.same_as_account = d.account AND b.same_as_dispute_id = d.dispute_id
                            ORDER BY 1 LIMIT 5) AS "doubles!",
                      q.reason AS "read_reason?", q.due_at AS "read_due_at?"
               FROM named n JOIN chargebook.disputes d ON d.account = n.account AND d.dispute_id = n.dispute_id
               LEFT JOIN chargebook.dispute_aliases a ON a.account = d.account AND a.dispute_id = d.dispute_id
               LEFT JOIN chargebook.dispute_reads q ON q.account = d.account AND q.dispute_id = d.dispute_id
               ORDER BY d.account, d.dispute_id LIMIT 20"#,
            id,
            charges as _,
            intents as _,
            books as _
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)?;
        let clues = rows.into_iter().map(|row| DisputeClue {
            account: row.account,
            dispute_id: row.dispute_id,
            charge_id: row.charge_id,
            payment_intent_id: row.payment_intent_id,
            order_hint: row.order_hint,
            amount_minor: row.amount_minor,
            currency: row.currency,
            status: row.status,
            opened_at: row.opened_at,
            order_match: row.order_match,
            orders: row.orders,
            statements: row.statements,
            same_as: row.same_as,
            joined_by: row.joined_by,
            join_reason: row.join_reason,
            doubles: row.doubles,
            read_reason: row.read_reason,
            read_due_at: row.read_due_at,
            near: Vec::new(),
        });
        Ok(clues.collect())
    }

    async fn orders_near(&self, dispute: &DisputeClue) -> Result<Vec<PaymentClue>, LedgerError> {
        let Some(filed) = dispute.opened_at else { return Ok(Vec::new()) };
        let bad = || corrupt("disputes", "currency", format_args!("{}/{}", dispute.account, dispute.dispute_id));
        let amount = Money::new(dispute.amount_minor, Currency::parse(&dispute.currency).map_err(|_| bad())?);
        let from = filed.checked_sub_signed(DISPUTABLE_FOR).unwrap_or(filed);
        let near = self.orders.placed_for(&self.pool, amount, [from, filed], NEAR_MAX).await?;
        Ok(near.into_iter().map(PaymentClue::from).collect())
    }

    /// Ids stand in quotes, also where JSON stands within a text of JSON.
    async fn named_in_quarantine(&self, id: &str) -> Result<Vec<EventLine>, LedgerError> {
        sqlx::query_as!(
            EventLine,
            r#"SELECT e.account, e.event_id, e.event_type, e.received_at, e.disposition, e.reason
               FROM (SELECT account, event_id, event_type, received_at, disposition, reason FROM chargebook.source_events
                     WHERE disposition = 'quarantined' ORDER BY received_at DESC LIMIT 10000) e
               JOIN chargebook.source_event_bodies b ON b.account = e.account AND b.event_id = e.event_id
               WHERE position(convert_to('"' || $1 || '"', 'UTF8') IN b.body) > 0
                  OR position(convert_to('"' || $1 || '\"', 'UTF8') IN b.body) > 0
               ORDER BY e.received_at DESC, e.account, e.event_id LIMIT 10"#,
            id
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)
    }

    async fn warnings_of(
        &self,
        id: &str,
        charges: &[String],
        intents: &[String],
    ) -> Result<Vec<WarningClue>, LedgerError> {
        sqlx::query_as!(
            WarningClue,
            r#"SELECT account, warning_id, charge_id, fraud_type, occurred_at FROM chargebook.fraud_warnings
               WHERE warning_id = $1 OR charge_id = ANY($2) OR payment_intent_id = ANY($3)
               ORDER BY occurred_at DESC, account, warning_id LIMIT 10"#,
            id,
            charges as _,
            intents as _
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)
    }

    async fn untied(&self, id: &str, charges: &[String]) -> Result<Vec<UntiedClue>, LedgerError> {
        sqlx::query_as!(
            UntiedClue,
            r#"SELECT account, movement_id, amount_minor, currency, occurred_at FROM chargebook.movements m
               WHERE dispute_id IS NULL AND (movement_id = $1 OR source = $1 OR source = ANY($2))
                 AND NOT EXISTS (SELECT FROM chargebook.movement_ties t WHERE t.account = m.account
                                 AND t.movement_id = m.movement_id)
               ORDER BY occurred_at DESC, account, movement_id LIMIT 10"#,
            id,
            charges as _
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)
    }

    async fn whole_stretches(&self) -> Result<Vec<WholeClue>, LedgerError> {
        sqlx::query_as!(
            WholeClue,
            "SELECT account, from_at, until_at FROM chargebook.whole_stretches ORDER BY account LIMIT 20"
        )
        .fetch_all(&self.pool)
        .await
        .map_err(read_error)
    }
}

/// An id, and what belongs to it.
fn with_id(id: &str, others: impl Iterator<Item = String>) -> Vec<String> {
    std::iter::once(id.to_owned()).chain(others).collect()
}
