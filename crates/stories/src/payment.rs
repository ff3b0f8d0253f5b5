//! The payments that are disputed, and the orders they are of. Everything is invented.

use chargebook_domain::{ChargeId, Currency, CurrencyError, IdError, Money, OrderPayment, OrderRef, PaymentIntentId};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::random::Random;

/// A currency of the shop, with what a dispute in it costs.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Coin {
    /// As Stripe writes it.
    pub(crate) code: &'static str,
    /// The fee for a dispute, in minor units.
    pub(crate) fee: i64,
    /// The price of the cheapest thing, in minor units.
    cheapest: i64,
    /// Prices are a multiple of this.
    step: i64,
}

pub(crate) const USD: Coin = Coin { code: "usd", fee: 1500, cheapest: 990, step: 50 };
pub(crate) const EUR: Coin = Coin { code: "eur", fee: 2000, cheapest: 890, step: 50 };
pub(crate) const GBP: Coin = Coin { code: "gbp", fee: 2000, cheapest: 790, step: 50 };
pub(crate) const CAD: Coin = Coin { code: "cad", fee: 1500, cheapest: 1290, step: 50 };
pub(crate) const MXN: Coin = Coin { code: "mxn", fee: 30_000, cheapest: 19_900, step: 1000 };
/// No decimals.
pub(crate) const JPY: Coin = Coin { code: "jpy", fee: 1300, cheapest: 1200, step: 100 };
/// Three decimals, of which Stripe wants the last to be zero.
pub(crate) const KWD: Coin = Coin { code: "kwd", fee: 5000, cheapest: 3500, step: 250 };

/// A brand of cards, with the reasons that its network gives.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Card {
    pub(crate) brand: &'static str,
    /// The last four digits of Stripe's test card.
    last4: &'static str,
    pub(crate) reasons: &'static [Reason],
}

/// A reason, in Stripe's word and in the network's code.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Reason {
    pub(crate) word: &'static str,
    pub(crate) network_code: &'static str,
}

const fn reason(word: &'static str, network_code: &'static str) -> Reason {
    Reason { word, network_code }
}

const VISA: Card = Card {
    brand: "visa",
    last4: "4242",
    reasons: &[
        reason("fraudulent", "10.4"),
        reason("product_not_received", "13.1"),
        reason("subscription_canceled", "13.2"),
        reason("product_unacceptable", "13.3"),
        reason("credit_not_processed", "13.6"),
        reason("duplicate", "12.6"),
    ],
};

const MASTERCARD: Card = Card {
    brand: "mastercard",
    last4: "4444",
    reasons: &[reason("fraudulent", "4837"), reason("product_not_received", "4853"), reason("duplicate", "4834")],
};

const AMEX: Card = Card {
    brand: "amex",
    last4: "0005",
    reasons: &[reason("fraudulent", "F29"), reason("product_unacceptable", "C31"), reason("unrecognized", "F24")],
};

/// Visa is the most frequent.
const CARDS: [Card; 4] = [VISA, VISA, MASTERCARD, AMEX];

/// A payment of a customer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Payment {
    pub(crate) charge_id: String,
    /// Absent on the payments of old integrations.
    pub(crate) intent: Option<String>,
    pub(crate) coin: &'static Coin,
    pub(crate) card: &'static Card,
    /// What was paid, in minor units.
    pub(crate) paid: i64,
    /// What was paid back before the dispute, in minor units.
    pub(crate) refunded: i64,
    pub(crate) customer_name: String,
    pub(crate) customer_email: String,
    pub(crate) placed_at: DateTime<Utc>,
    order_ref: String,
    kept: Kept,
}

/// Which of Stripe's ids the shop keeps with its order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kept {
    Both,
    IntentOnly,
    /// None, but Stripe has the order's reference in its metadata.
    Neither,
}

impl Payment {
    /// A payment of `amount` that becomes disputed at `opened`; `number` makes its order's reference unique.
    pub(crate) fn of(
        number: usize,
        coin: &'static Coin,
        amount: i64,
        opened: DateTime<Utc>,
        random: &mut Random,
    ) -> Self {
        let paid = match random.between(1, 25) {
            // The order was changed after the payment, or the dispute bundles several payments.
            1 => amount * 4 / 5 / coin.step * coin.step,
            // One article of several is disputed.
            2..=5 => amount + random.between(10, 400) * coin.step,
            _ => amount,
        };
        let kept = match random.between(1, 20) {
            1..=3 => Kept::IntentOnly,
            4 => Kept::Neither,
            _ => Kept::Both,
        };
        let needs_intent = matches!(kept, Kept::IntentOnly);
        let is_refunded = paid >= amount && random.one_in(14);
        Self {
            charge_id: format!("ch_3{}", random.letters(14)),
            intent: (needs_intent || !random.one_in(15)).then(|| format!("pi_3{}", random.letters(14))),
            coin,
            card: random.pick(&CARDS),
            paid,
            refunded: if is_refunded { paid / 3 / coin.step * coin.step } else { 0 },
            customer_name: format!("Demo Customer {number}"),
            customer_email: format!("customer{number}@example.com"),
            placed_at: opened - TimeDelta::seconds(random.between(2 * 86_400, 60 * 86_400)),
            order_ref: format!("SO-{}", 10_000 + number),
            kept,
        }
    }

    /// What something costs.
    pub(crate) fn price(coin: &Coin, random: &mut Random) -> i64 {
        let most = if random.one_in(12) { 2000 } else { 300 };
        coin.cheapest + random.between(0, most) * coin.step
    }

    /// What the shop has written to the metadata of the payment, and of its disputes.
    pub(crate) fn metadata(&self) -> Value {
        match self.kept {
            Kept::Neither => json!({ "order_id": self.order_ref }),
            Kept::Both | Kept::IntentOnly => json!({}),
        }
    }

    /// The charge once it is disputed, as Stripe's API answers it.
    pub(crate) fn charge(&self) -> Value {
        json!({
            "id": self.charge_id,
            "object": "charge",
            "amount": self.paid,
            "amount_captured": self.paid,
            "amount_refunded": self.refunded,
            "billing_details": {
                "address": {
                    "city": null, "country": null, "line1": null, "line2": null, "postal_code": null, "state": null,
                },
                "email": self.customer_email,
                "name": self.customer_name,
                "phone": null,
            },
            "captured": true,
            "created": self.placed_at.timestamp(),
            "currency": self.coin.code,
            "customer": null,
            "description": null,
            "disputed": true,
            "livemode": false,
            "metadata": self.metadata(),
            "outcome": {
                "network_status": "approved_by_network",
                "risk_level": "normal",
                "risk_score": 7,
                "type": "authorized",
            },
            "paid": true,
            "payment_intent": self.intent,
            "payment_method_details": {
                "card": {
                    "brand": self.card.brand,
                    "country": "US",
                    "exp_month": 12,
                    "exp_year": 2030,
                    "fingerprint": "DemoFingerprint1",
                    "funding": "credit",
                    "last4": self.card.last4,
                    "network": self.card.brand,
                },
                "type": "card",
            },
            "receipt_email": self.customer_email,
            "refunded": self.refunded == self.paid,
            "status": "succeeded",
        })
    }

    /// The payment intent, if there is one, as Stripe's API answers it.
    pub(crate) fn payment_intent(&self) -> Option<Value> {
        let intent = self.intent.as_ref()?;
        Some(json!({
            "id": intent,
            "object": "payment_intent",
            "amount": self.paid,
            "amount_received": self.paid,
            "created": self.placed_at.timestamp(),
            "currency": self.coin.code,
            "latest_charge": self.charge_id,
            "livemode": false,
            "metadata": self.metadata(),
            "status": "succeeded",
        }))
    }

    /// The order as the shop knows it.
    pub(crate) fn order(&self, random: &mut Random) -> Order {
        let (charge_id, payment_intent_id) = match self.kept {
            Kept::Both => (Some(self.charge_id.clone()), self.intent.clone()),
            Kept::IntentOnly => (None, self.intent.clone()),
            Kept::Neither => (None, None),
        };
        let knows_refunds = self.refunded > 0 || !random.one_in(10);
        Order {
            order_ref: self.order_ref.clone(),
            charge_id,
            payment_intent_id,
            amount_minor: self.paid,
            currency: self.coin.code,
            refunded_minor: knows_refunds.then_some(self.refunded),
            customer_email: self.customer_email.clone(),
            placed_at: self.placed_at,
            card_brand: self.card.brand,
        }
    }

    /// Two orders that both say they were paid by this.
    pub(crate) fn contradicting_orders(&self, random: &mut Random) -> Vec<Order> {
        let first = Order { charge_id: Some(self.charge_id.clone()), ..self.order(random) };
        let second = Order { order_ref: format!("{}-COPY", self.order_ref), ..first.clone() };
        vec![first, second]
    }
}

/// An order, a line of the file that is imported.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Order {
    /// As the shop calls it.
    pub order_ref: String,
    /// The charge, if the shop keeps it.
    pub charge_id: Option<String>,
    /// The payment intent, if the shop keeps it.
    pub payment_intent_id: Option<String>,
    /// What was paid, in minor units.
    pub amount_minor: i64,
    /// As Stripe writes it.
    pub currency: &'static str,
    /// What was paid back, in minor units, if the shop says so.
    pub refunded_minor: Option<i64>,
    /// Invented, at example.com.
    pub customer_email: String,
    /// When it was placed.
    pub placed_at: DateTime<Utc>,
    /// As Stripe writes it.
    pub card_brand: &'static str,
}

/// An order that the domain does not take, which would be a mistake of this crate.
#[derive(Debug, thiserror::Error)]
#[error("an order was invented that can't be")]
pub struct InvalidOrder(#[source] Box<dyn std::error::Error + Send + Sync>);

impl From<IdError> for InvalidOrder {
    fn from(error: IdError) -> Self {
        Self(Box::new(error))
    }
}

impl From<CurrencyError> for InvalidOrder {
    fn from(error: CurrencyError) -> Self {
        Self(Box::new(error))
    }
}

impl TryFrom<&Order> for OrderPayment {
    type Error = InvalidOrder;

    fn try_from(order: &Order) -> Result<Self, InvalidOrder> {
        Ok(Self {
            order_ref: OrderRef::parse(&order.order_ref)?,
            charge: order.charge_id.as_deref().map(ChargeId::parse).transpose()?,
            payment_intent: order.payment_intent_id.as_deref().map(PaymentIntentId::parse).transpose()?,
            amount: Money::new(order.amount_minor, Currency::parse(order.currency)?),
            refunded_minor: order.refunded_minor,
            customer_email: Some(order.customer_email.clone()),
            placed_at: Some(order.placed_at),
            card_brand: Some(order.card_brand.to_owned()),
            updated_at: None,
        })
    }
}
