//! What rules are looked at for.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{AmountFact, NumberFact, Tag, TextFact, YesNoFact};
use crate::monitor::{Level, Month, Network};
use crate::{Bucket, CustomerFigures, CustomerId, DisputeKey, Money, OrderRef, Outcome, Status, Trigger};

/// What happened, and all that is known of whom it happened to.
///
/// What a dispute triggers has a dispute, and a customer and an order where they are known. A ratio has neither.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subject {
    /// What happened.
    pub triggers: BTreeSet<Trigger>,
    /// Whether the books are of live mode.
    pub livemode: bool,
    /// The dispute.
    pub dispute: Option<DisputeSubject>,
    /// The customer of its order.
    pub customer: Option<CustomerSubject>,
    /// Its order.
    pub order: Option<OrderSubject>,
    /// The ratio.
    pub ratio: Option<RatioSubject>,
}

/// A dispute as rules see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DisputeSubject {
    /// The dispute.
    pub key: DisputeKey,
    /// What the cardholder disputes.
    pub amount: Money,
    /// The source's word for the cardholder's reason.
    pub reason: Option<String>,
    /// The card's brand.
    pub card_brand: Option<String>,
    /// The status.
    pub status: Status,
    /// What it means.
    pub outcome: Outcome,
    /// The source's word for the kind of case.
    pub case_type: Option<String>,
    /// When it was filed.
    pub opened_at: Option<DateTime<Utc>>,
    /// When it was closed; `None` while it is open.
    pub closed_at: Option<DateTime<Utc>>,
    /// Where finance puts it.
    pub bucket: Bucket,
}

/// A customer as rules see them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CustomerSubject {
    /// The customer.
    pub id: CustomerId,
    /// Their disputes and orders now.
    pub figures: CustomerFigures,
    /// Their score now.
    pub score: Option<u8>,
    /// Their score before this; `None` where they had none.
    pub score_before: Option<u8>,
    /// Their tags.
    pub tags: BTreeSet<Tag>,
    /// Whether they are blocked.
    pub blocked: bool,
}

/// An order as rules see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OrderSubject {
    /// The order.
    pub order_ref: OrderRef,
    /// When it was placed.
    pub placed_at: Option<DateTime<Utc>>,
}

/// A level that a network's ratio reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RatioSubject {
    /// The network.
    pub network: Network,
    /// Its programme, such as `VAMP`.
    pub programme: String,
    /// The month.
    pub month: Month,
    /// The level that was reached, so never [`Level::Below`].
    pub level: Level,
    /// Events per 10,000 payments.
    pub bps: u64,
}

impl Subject {
    /// The words of a fact, of which there may be none; `None` when it is not known.
    pub(super) fn text(&self, fact: TextFact) -> Option<Vec<String>> {
        let (dispute, ratio) = (self.dispute.as_ref(), self.ratio.as_ref());
        let word = match fact {
            TextFact::DisputeAccount => dispute?.key.account.as_str().to_owned(),
            TextFact::DisputeReason => dispute?.reason.clone()?,
            TextFact::DisputeCurrency => dispute?.amount.currency().code().to_owned(),
            TextFact::DisputeCardBrand => dispute?.card_brand.clone()?,
            TextFact::DisputeStatus => dispute?.status.as_str().to_owned(),
            TextFact::DisputeOutcome => dispute?.outcome.as_str().to_owned(),
            TextFact::DisputeCaseType => dispute?.case_type.clone()?,
            TextFact::DisputeBucket => dispute?.bucket.as_str().to_owned(),
            TextFact::CustomerTags => {
                let tags = &self.customer.as_ref()?.tags;
                return Some(tags.iter().map(|tag| tag.as_str().to_owned()).collect());
            }
            TextFact::RatioNetwork => ratio?.network.as_str().to_owned(),
            TextFact::RatioProgramme => ratio?.programme.clone(),
            TextFact::RatioLevel => ratio?.level.as_str().to_owned(),
        };
        Some(vec![word])
    }

    /// A number; `None` when it is not known.
    pub(super) fn number(&self, fact: NumberFact) -> Option<i64> {
        let customer = self.customer.as_ref();
        let figures = customer.map(|customer| &customer.figures);
        let count = match fact {
            NumberFact::CustomerOrders => figures?.orders,
            NumberFact::CustomerDisputedOrders => figures?.disputed_orders,
            NumberFact::CustomerDisputes => figures?.disputes,
            NumberFact::CustomerOpen => figures?.open,
            NumberFact::CustomerWon => figures?.won,
            NumberFact::CustomerLost => figures?.lost,
            NumberFact::CustomerOtherClosed => figures?.other_closed,
            NumberFact::CustomerInquiries => figures?.inquiries,
            NumberFact::CustomerDisputeRate => figures?.dispute_rate_bps()?,
            NumberFact::CustomerScore => customer?.score?.into(),
            NumberFact::CustomerScoreBefore => customer?.score_before?.into(),
            NumberFact::OrderDaysBeforeDispute => {
                let (placed, filed) = (self.order.as_ref()?.placed_at?, self.dispute.as_ref()?.opened_at?);
                return Some(filed.signed_duration_since(placed).num_days());
            }
            NumberFact::RatioBps => self.ratio.as_ref()?.bps,
        };
        Some(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// The amounts of a fact, one a currency; `None` when it is not known.
    pub(super) fn amounts(&self, fact: AmountFact) -> Option<Vec<Money>> {
        Some(match fact {
            AmountFact::DisputeAmount => vec![self.dispute.as_ref()?.amount],
            AmountFact::CustomerDisputed => self.customer.as_ref()?.figures.disputed.clone(),
        })
    }

    /// What is true or false; `None` when it is not known.
    pub(super) fn yes_no(&self, fact: YesNoFact) -> Option<bool> {
        Some(match fact {
            YesNoFact::Livemode => self.livemode,
            YesNoFact::CustomerKnown => self.customer.is_some(),
            YesNoFact::CustomerBlocked => self.customer.as_ref()?.blocked,
            YesNoFact::OrderKnown => self.order.is_some(),
        })
    }

    /// Whether there is this part of it, by the word before the point of a fact.
    pub(super) fn has(&self, part: &str) -> bool {
        match part {
            "dispute" => self.dispute.is_some(),
            "customer" => self.customer.is_some(),
            "order" => self.order.is_some(),
            "ratio" => self.ratio.is_some(),
            _ => true,
        }
    }
}
