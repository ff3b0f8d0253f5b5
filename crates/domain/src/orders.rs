//! Which order a dispute is about, and what it means for the order.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, Utc};

use crate::money::add;
use crate::{
    Bucket, ChargeId, Currency, CustomerId, CustomerKey, Discrepancy, DiscrepancyKind, Facts, Money, MoneyError,
    OrderRef, Outcome, PaymentIntentId,
};

/// How many of the orders that match are named where a person reads of it.
const NAMED_MAX: usize = 3;

/// One payment of an order.
#[derive(Clone, PartialEq, Eq)]
pub struct OrderPayment {
    /// The order, as the shop's people call it.
    pub order_ref: OrderRef,
    /// The charge, where the shop keeps it.
    pub charge: Option<ChargeId>,
    /// The payment intent, where the shop keeps it.
    pub payment_intent: Option<PaymentIntentId>,
    /// What was paid.
    pub amount: Money,
    /// What was refunded since, in the same currency; `None` where the shop does not say.
    pub refunded_minor: Option<i64>,
    /// The customer's address, where the shop chose to put it there.
    pub customer_email: Option<String>,
    /// When the order was placed.
    pub placed_at: Option<DateTime<Utc>>,
    /// The brand of the card it was paid with, in Stripe's word, where the shop says.
    pub card_brand: Option<String>,
    /// When the shop last changed it, where it says. An older state never overwrites a newer one.
    pub updated_at: Option<DateTime<Utc>>,
}

/// Without the customer's address, which must not come into logs and errors.
impl fmt::Debug for OrderPayment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { order_ref, charge, payment_intent, amount, refunded_minor, .. } = self;
        let Self { customer_email, placed_at, card_brand, updated_at, .. } = self;
        f.debug_struct("OrderPayment")
            .field("order_ref", order_ref)
            .field("charge", charge)
            .field("payment_intent", payment_intent)
            .field("amount", amount)
            .field("refunded_minor", refunded_minor)
            .field("customer_email", &customer_email.as_ref().map(|_| "not shown"))
            .field("placed_at", placed_at)
            .field("card_brand", card_brand)
            .field("updated_at", updated_at)
            .finish()
    }
}

impl OrderPayment {
    /// Tells the payments of one order apart: the charge, else the payment intent, else nothing.
    #[must_use]
    pub fn payment_key(&self) -> &str {
        match (&self.charge, &self.payment_intent) {
            (Some(charge), _) => charge.as_str(),
            (None, Some(intent)) => intent.as_str(),
            (None, None) => "",
        }
    }
}

/// How much of the order is disputed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Extent {
    /// All that was paid.
    Full,
    /// Less than was paid.
    Partial,
    /// More than was paid.
    Exceeds,
    /// Not to be said: the currencies differ.
    Unknown,
}

/// Which order a dispute is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OrderMatch {
    /// This one.
    Matched {
        /// The order.
        order: OrderRef,
        /// How much of it.
        extent: Extent,
    },
    /// One of these; a person must choose.
    Ambiguous(Vec<OrderRef>),
    /// None that is known.
    Orphan,
}

impl OrderMatch {
    /// The stored word.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Matched { .. } => "matched",
            Self::Ambiguous(_) => "ambiguous",
            Self::Orphan => "orphan",
        }
    }
}

/// What a dispute means for an order, in one settlement currency. Money is zero while undecided or ambiguous.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OrderResolution {
    /// The order.
    pub order: OrderRef,
    /// The currency of the amounts below.
    pub settlement_currency: Currency,
    /// How the dispute stands.
    pub outcome: Outcome,
    /// Where finance puts it.
    pub bucket: Bucket,
    /// What the cardholder disputes.
    pub disputed: Money,
    /// Principal recovered.
    pub recovered_minor: i64,
    /// Principal lost.
    pub loss_minor: i64,
    /// Fees.
    pub fee_minor: i64,
    /// The net financial impact; negative when it cost money.
    pub net_minor: i64,
    /// When the dispute was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Whether other orders match as well.
    pub ambiguous: bool,
}

/// Finds the order: a person's link, else by charge, else by payment intent, else by the order that the payment's
/// metadata names. Every match of the first way that finds one is kept.
///
/// # Errors
/// [`MoneyError::Overflow`] when an order's payments exceed 64 bits.
pub fn match_order(
    facts: &Facts,
    linked: Option<&OrderRef>,
    payments: &[OrderPayment],
) -> Result<(OrderMatch, Vec<Discrepancy>), MoneyError> {
    let found = matching(facts, linked, payments);
    let orders: BTreeSet<_> = found.iter().map(|payment| &payment.order_ref).collect();
    let mut orders = orders.into_iter();
    let (Some(order), None) = (orders.next(), orders.next()) else {
        return Ok(several_or_none(&found));
    };
    let mut discrepancies = Vec::new();
    let mut note = |kind| discrepancies.push(Discrepancy::new(kind, order.as_str()));
    let extent = match facts.disputed() {
        Some(disputed) if found.iter().all(|payment| payment.amount.currency() == disputed.currency()) => {
            let paid = found.iter().try_fold(0, |sum, payment| add(sum, payment.amount.minor()))?;
            match disputed.minor().cmp(&paid) {
                Ordering::Equal => Extent::Full,
                Ordering::Less => Extent::Partial,
                Ordering::Greater => {
                    note(DiscrepancyKind::AmountExceedsOrder);
                    Extent::Exceeds
                }
            }
        }
        Some(_) => {
            note(DiscrepancyKind::CurrencyDiffers);
            Extent::Unknown
        }
        None => Extent::Unknown,
    };
    if found.iter().any(|payment| payment.refunded_minor.is_some_and(|refunded| refunded > 0)) {
        note(DiscrepancyKind::OrderRefundedAsWell);
    }
    Ok((OrderMatch::Matched { order: order.clone(), extent }, discrepancies))
}

/// The payments of the order that was found: the one that is disputed first, the others by their keys.
fn own_payments<'a>(matched: &OrderMatch, facts: &Facts, payments: &'a [OrderPayment]) -> Vec<&'a OrderPayment> {
    let OrderMatch::Matched { order, .. } = matched else { return Vec::new() };
    let charge = facts.first(|claims| claims.charge.clone());
    let mut own: Vec<_> = payments.iter().filter(|payment| payment.order_ref == *order).collect();
    own.sort_by_key(|payment| (charge.is_none() || payment.charge != charge, payment.payment_key()));
    own
}

/// Whose order it is: the customer of the payment that is disputed, else of the first of the order's payments that says.
pub(crate) fn customer(
    matched: &OrderMatch,
    facts: &Facts,
    payments: &[OrderPayment],
    key: CustomerKey,
) -> Option<CustomerId> {
    let mut own = own_payments(matched, facts, payments).into_iter();
    own.find_map(|payment| key.customer(payment.customer_email.as_deref()?))
}

/// When it was paid, found in the same way.
pub(crate) fn paid_at(matched: &OrderMatch, facts: &Facts, payments: &[OrderPayment]) -> Option<DateTime<Utc>> {
    own_payments(matched, facts, payments).into_iter().find_map(|payment| payment.placed_at)
}

fn several_or_none(found: &[&OrderPayment]) -> (OrderMatch, Vec<Discrepancy>) {
    let orders: BTreeSet<_> = found.iter().map(|payment| payment.order_ref.clone()).collect();
    if orders.is_empty() {
        return (OrderMatch::Orphan, vec![Discrepancy::new(DiscrepancyKind::OrderUnknown, "")]);
    }
    let mut names: Vec<_> = orders.iter().take(NAMED_MAX).map(ToString::to_string).collect();
    if let Some(more) = orders.len().checked_sub(NAMED_MAX).filter(|more| *more > 0) {
        names.push(format!("{more} more"));
    }
    let names = names.join(", ");
    let note = Discrepancy::new(DiscrepancyKind::OrderAmbiguous, names);
    (OrderMatch::Ambiguous(orders.into_iter().collect()), vec![note])
}

fn matching<'a>(facts: &Facts, linked: Option<&OrderRef>, payments: &'a [OrderPayment]) -> Vec<&'a OrderPayment> {
    let by = |test: &dyn Fn(&OrderPayment) -> bool| payments.iter().filter(|payment| test(payment)).collect::<Vec<_>>();
    let charge = facts.first(|claims| claims.charge.clone());
    let intent = facts.first(|claims| claims.payment_intent.clone());
    let hint = facts.first(|claims| claims.order_hint.clone());
    let paid_by_this = |payment: &OrderPayment| {
        (charge.is_some() && payment.charge == charge) || (intent.is_some() && payment.payment_intent == intent)
    };
    if let Some(linked) = linked {
        let exact = by(&|payment| payment.order_ref == *linked && paid_by_this(payment));
        return if exact.is_empty() { by(&|payment| payment.order_ref == *linked) } else { exact };
    }
    let ways: [&dyn Fn(&OrderPayment) -> bool; 3] = [
        &|payment| charge.is_some() && payment.charge == charge,
        &|payment| intent.is_some() && payment.payment_intent == intent,
        &|payment| hint.as_ref() == Some(&payment.order_ref),
    ];
    ways.into_iter().map(by).find(|found| !found.is_empty()).unwrap_or_default()
}
