//! The rows behind a dispute, as they are read.

use chargebook_domain::ports::LedgerError;
use chargebook_domain::{
    Attributed, Basis, CardHash, Category, CauseId, ChargeId, Claims, CloseOut, Currency, Deltas, DisputeKey,
    LedgerAccount, Line, Meaning, Money, Movement, MovementId, OrderRef, Outcome, PaymentIntentId, Reclassification,
    Status, Stored,
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;

use super::id;
use crate::error::corrupt;

/// A row of `dispute_history`.
#[derive(Debug, Deserialize)]
pub(crate) struct LineRow {
    status: String,
    as_of: DateTime<Utc>,
    cause: String,
    basis: String,
    amount_minor: i64,
    currency: String,
    charge_id: Option<String>,
    payment_intent_id: Option<String>,
    order_hint: Option<String>,
    reason: Option<String>,
    case_type: Option<String>,
    card_brand: Option<String>,
    card_last4: Option<String>,
    opened_at: Option<DateTime<Utc>>,
    evidence_due_by: Option<DateTime<Utc>>,
    evidence_submitted: Option<bool>,
    latest_movement_at: Option<DateTime<Utc>>,
    card_hash: Option<String>,
}

impl LineRow {
    pub(crate) fn line(self, key: &DisputeKey) -> Result<Line, LedgerError> {
        let bad = |column| corrupt("dispute_history", column, key);
        let currency = Currency::parse(&self.currency).map_err(|_| bad("currency"))?;
        let claims = Claims {
            disputed: Money::new(self.amount_minor, currency),
            charge: id(self.charge_id, |text| ChargeId::parse(text).ok(), || bad("charge_id"))?,
            payment_intent: id(
                self.payment_intent_id,
                |text| PaymentIntentId::parse(text).ok(),
                || bad("payment_intent_id"),
            )?,
            order_hint: id(self.order_hint, |text| OrderRef::parse(text).ok(), || bad("order_hint"))?,
            reason: self.reason,
            case_type: self.case_type,
            card_brand: self.card_brand,
            card_last4: self.card_last4,
            card_hash: id(self.card_hash, |text| CardHash::parse(text).ok(), || bad("card_hash"))?,
            opened_at: self.opened_at,
            evidence_due_by: self.evidence_due_by,
            evidence_submitted: self.evidence_submitted,
        };
        Ok(Line {
            cause: CauseId::parse(&self.cause).map_err(|_| bad("cause"))?,
            basis: Basis::parse(&self.basis).ok_or_else(|| bad("basis"))?,
            as_of: self.as_of,
            status: Status::parse(&self.status),
            claims,
            latest_movement_at: self.latest_movement_at,
        })
    }
}

/// A row of `movements`.
#[derive(Debug, Deserialize)]
pub(crate) struct MovementRow {
    pub(crate) account: String,
    pub(crate) movement_id: String,
    pub(crate) category: String,
    pub(crate) amount_minor: i64,
    pub(crate) fee_minor: i64,
    pub(crate) net_minor: i64,
    pub(crate) currency: String,
    pub(crate) occurred_at: DateTime<Utc>,
    pub(crate) available_on: Option<NaiveDate>,
    pub(crate) reporting_category: Option<String>,
    pub(crate) stripe_type: String,
    pub(crate) description: Option<String>,
    pub(crate) source: Option<String>,
}

impl MovementRow {
    pub(crate) fn movement(self) -> Result<Movement, LedgerError> {
        let bad = |column| corrupt("movements", column, format_args!("{}/{}", self.account, self.movement_id));
        Ok(Movement {
            id: MovementId::parse(&self.movement_id).map_err(|_| bad("movement_id"))?,
            category: Category::parse(&self.category).ok_or_else(|| bad("category"))?,
            amount_minor: self.amount_minor,
            fee_minor: self.fee_minor,
            net_minor: self.net_minor,
            currency: Currency::parse(&self.currency).map_err(|_| bad("currency"))?,
            occurred_at: self.occurred_at,
            available_on: self.available_on,
            reporting_category: self.reporting_category,
            stripe_type: self.stripe_type,
            description: self.description,
            source: self.source,
        })
    }
}

/// A row of `reclassifications`.
#[derive(Deserialize)]
pub(super) struct ReclassificationRow {
    movement_id: String,
    meaning: String,
    occurred_at: DateTime<Utc>,
}

impl ReclassificationRow {
    pub(super) fn attributed(self, key: &DisputeKey) -> Result<Attributed, LedgerError> {
        let bad = |column| corrupt("reclassifications", column, key);
        Ok(Attributed::Reclassification(Reclassification {
            movement: MovementId::parse(&self.movement_id).map_err(|_| bad("movement_id"))?,
            meaning: Meaning::parse(&self.meaning).ok_or_else(|| bad("meaning"))?,
            occurred_at: self.occurred_at,
        }))
    }
}

/// A posting of a close-out.
#[derive(Deserialize)]
pub(super) struct CloseOutRow {
    pub(super) entry_id: String,
    occurred_at: DateTime<Utc>,
    ledger_account: String,
    amount_minor: i64,
    currency: String,
}

impl CloseOutRow {
    pub(super) fn add_to(&self, stored: &mut Stored) -> Result<(), LedgerError> {
        let bad = |column| corrupt("postings", column, &self.entry_id);
        let currency = Currency::parse(&self.currency).map_err(|_| bad("currency"))?;
        let account = LedgerAccount::parse(&self.ledger_account).ok_or_else(|| bad("ledger_account"))?;
        let sums: &mut CloseOut = stored.close_outs.entry((self.occurred_at, currency)).or_default();
        let sum = match account {
            LedgerAccount::ChargebackLosses => Some(&mut sums.loss),
            LedgerAccount::FxDifference => Some(&mut sums.fx),
            _ => None,
        };
        if let Some(sum) = sum {
            *sum = sum.checked_add(self.amount_minor).ok_or_else(|| bad("amount_minor"))?;
        }
        Ok(())
    }
}

/// A row of `resolutions`.
#[derive(Deserialize)]
pub(super) struct ResolutionRow {
    revision: i32,
    currency: String,
    outcome: String,
    recovered_delta_minor: i64,
    loss_delta_minor: i64,
    fee_delta_minor: i64,
    fx_delta_minor: i64,
    pending_delta_minor: i64,
    suspense_delta_minor: i64,
    net_delta_minor: i64,
    closed_delta: i64,
    won_delta: i64,
    lost_delta: i64,
    occurred_at: DateTime<Utc>,
}

impl ResolutionRow {
    /// Rows are added in the order of their revisions.
    pub(super) fn add_to(self, stored: &mut Stored, key: &DisputeKey) -> Result<(), LedgerError> {
        let bad = |column| corrupt("resolutions", column, key);
        let outcome = Outcome::parse(&self.outcome).ok_or_else(|| bad("outcome"))?;
        let currency = Currency::parse(&self.currency).map_err(|_| bad("currency"))?;
        let deltas = Deltas {
            recovered: self.recovered_delta_minor,
            loss: self.loss_delta_minor,
            fee: self.fee_delta_minor,
            fx: self.fx_delta_minor,
            pending: self.pending_delta_minor,
            suspense: self.suspense_delta_minor,
            net: self.net_delta_minor,
            closed: self.closed_delta,
            won: self.won_delta,
            lost: self.lost_delta,
        };
        let next = u32::try_from(self.revision).ok().and_then(|revision| revision.checked_add(1));
        let sum = stored.resolutions.entry((self.occurred_at, currency)).or_default();
        *sum = sum.plus(&deltas).map_err(|_| bad("net_delta_minor"))?;
        stored.outcomes.insert(self.occurred_at, outcome);
        stored.next_revision = stored.next_revision.max(next.ok_or_else(|| bad("revision"))?);
        Ok(())
    }
}
