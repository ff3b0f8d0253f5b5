use chrono::{DateTime, Utc};

use crate::{ChargeId, PaymentIntentId, WarningId};

/// An issuer's early warning that a payment may be fraud (Stripe: `radar.early_fraud_warning`). Networks count it beside
/// disputes, whether or not the payment is ever disputed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FraudWarning {
    /// The warning.
    pub id: WarningId,
    /// The payment it is about.
    pub charge: Option<ChargeId>,
    /// The same by payment intent.
    pub payment_intent: Option<PaymentIntentId>,
    /// The source's word for the kind of fraud.
    pub fraud_type: Option<String>,
    /// The card's brand, where the source shows the payment's card.
    pub card_brand: Option<String>,
    /// When the issuer gave it.
    pub occurred_at: DateTime<Utc>,
    /// Whether a refund could still prevent a dispute, where the source says.
    pub actionable: Option<bool>,
}
