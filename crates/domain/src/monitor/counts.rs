//! What happened in a month, per network.

use std::collections::BTreeMap;

use super::{Month, Network, Ratio};
use crate::Currency;

/// Where a month's number of payments is from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PaymentBasis {
    /// Counted from orders whose card's brand is known.
    Orders,
    /// A person typed it in, from the processor's or the acquirer's report.
    TypedIn,
}

impl PaymentBasis {
    /// As it is shown: `orders`, `typed in`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::TypedIn => "typed in",
        }
    }
}

/// What happened in one network in one month.
///
/// A dispute here is a formal one, whatever became of it: winning never takes it away. Inquiries, prevented disputes and
/// superseded ones are not counted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MonthCounts {
    /// Disputes that were filed in the month.
    pub disputes_filed: u64,
    /// What these are for, per currency in minor units.
    pub disputed: BTreeMap<Currency, i64>,
    /// Disputes of payments that were made in the month, whenever they were filed.
    pub disputes_of_payments: u64,
    /// Early fraud warnings of the month.
    pub fraud_warnings: u64,
    /// Payments of the month, from the orders.
    pub payments_from_orders: u64,
    /// Payments of the month, typed in. They take the place of those from the orders.
    pub payments_typed_in: Option<u64>,
}

impl MonthCounts {
    /// Payments of the month, and where they are from. `None` when no order tells and nobody typed them in.
    #[must_use]
    pub fn payments(&self) -> Option<(u64, PaymentBasis)> {
        match self.payments_typed_in {
            Some(typed) => Some((typed, PaymentBasis::TypedIn)),
            None => (self.payments_from_orders > 0).then_some((self.payments_from_orders, PaymentBasis::Orders)),
        }
    }

    /// Dispute activity: disputes by the date of the dispute, per payments of the month (Stripe, "Measuring disputes").
    #[must_use]
    pub fn activity(&self) -> Ratio {
        Ratio { events: self.disputes_filed, payments: self.payments().map(|(count, _)| count) }
    }

    /// Dispute rate: disputes by the date of the payment, per the same payments (Stripe, "Measuring disputes"). It grows
    /// for months after the month has ended.
    #[must_use]
    pub fn rate(&self) -> Ratio {
        Ratio { events: self.disputes_of_payments, payments: self.payments().map(|(count, _)| count) }
    }

    /// Adds what another part of the same month counted. Beyond 64 bits it stays at the end, where every floor is met.
    pub(super) fn add(&mut self, other: &Self) {
        self.disputes_filed = self.disputes_filed.saturating_add(other.disputes_filed);
        for (currency, minor) in &other.disputed {
            let sum = self.disputed.entry(*currency).or_default();
            *sum = sum.saturating_add(*minor);
        }
        self.disputes_of_payments = self.disputes_of_payments.saturating_add(other.disputes_of_payments);
        self.fraud_warnings = self.fraud_warnings.saturating_add(other.fraud_warnings);
        self.payments_from_orders = self.payments_from_orders.saturating_add(other.payments_from_orders);
        self.payments_typed_in = match (self.payments_typed_in, other.payments_typed_in) {
            (Some(one), Some(two)) => Some(one.saturating_add(two)),
            (one, two) => one.or(two),
        };
    }
}

/// What happened, per network and month: made of rows in any order, and those of one network and month add up.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Counts(BTreeMap<(Network, Month), MonthCounts>);

impl Counts {
    /// What happened in a network in a month; nothing, where no row said anything.
    #[must_use]
    pub fn of(&self, network: Network, month: Month) -> MonthCounts {
        self.0.get(&(network, month)).cloned().unwrap_or_default()
    }
}

impl FromIterator<(Network, Month, MonthCounts)> for Counts {
    fn from_iter<I: IntoIterator<Item = (Network, Month, MonthCounts)>>(rows: I) -> Self {
        let mut counts = Self::default();
        for (network, month, row) in rows {
            counts.0.entry((network, month)).or_default().add(&row);
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_in_takes_the_place_of_the_orders() {
        let orders = MonthCounts { payments_from_orders: 40, ..Default::default() };
        let typed = MonthCounts { payments_typed_in: Some(50), ..orders.clone() };
        assert_eq!(MonthCounts::default().payments(), None);
        assert_eq!(orders.payments(), Some((40, PaymentBasis::Orders)));
        assert_eq!(typed.payments(), Some((50, PaymentBasis::TypedIn)));
        let none = MonthCounts { payments_typed_in: Some(0), ..orders };
        assert_eq!(none.activity().bps(), None, "a typed zero is believed");
    }

    #[test]
    fn activity_is_by_dispute_and_rate_by_payment() {
        // The example of Stripe's page: 10 disputes in the week of 1,000 payments, 3 of them of these payments.
        let week = MonthCounts {
            disputes_filed: 10,
            disputes_of_payments: 3,
            payments_from_orders: 1_000,
            ..Default::default()
        };
        assert_eq!((week.activity().bps(), week.rate().bps()), (Some(100), Some(30)));
    }
}
