//! Identifiers. Each is text that its source chose; none is taken apart.

use std::fmt;

use crate::hex::hex;

/// The longest identifier that is accepted, in bytes. Stripe's are at most 255.
pub const ID_BYTES_MAX: usize = 255;

/// The text cannot be this kind of identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} must have 1 to {ID_BYTES_MAX} printable characters, without spaces at its ends")]
pub struct IdError {
    what: &'static str,
}

macro_rules! text_ids {
    ($($(#[$doc:meta])* $name:ident, $what:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Accepts 1 to [`ID_BYTES_MAX`] bytes of printable text without spaces at its ends.
            ///
            /// # Errors
            /// [`IdError`] for anything else.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                let fits = !text.is_empty()
                    && text.len() <= ID_BYTES_MAX
                    && text.trim() == text
                    && !text.chars().any(char::is_control);
                if fits { Ok(Self(text.to_owned())) } else { Err(IdError { what: $what }) }
            }

            /// The identifier as its source wrote it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

text_ids! {
    /// The book that a dispute belongs to: `default` for the key's own account, `acct_...` for a connected one,
    /// `woo:<shop>` for a WooCommerce shop's and `manual:<gateway>` for what people enter.
    AccountId, "an account id";
    /// A dispute, `du_...` or `dp_...` at Stripe.
    DisputeId, "a dispute id";
    /// A charge, `ch_...` or `py_...` at Stripe.
    ChargeId, "a charge id";
    /// A payment intent, `pi_...` at Stripe.
    PaymentIntentId, "a payment intent id";
    /// A movement of money: the id of the balance transaction, `txn_...` at Stripe.
    MovementId, "a movement id";
    /// What made an observation known: the id of a source event, or of a read.
    CauseId, "an event id";
    /// An order, by the reference that the shop's people use.
    OrderRef, "an order reference";
    /// An early fraud warning, `issfr_...` at Stripe.
    WarningId, "a fraud warning id";
    /// A journal entry. Made from what caused it, never from a sequence.
    EntryId, "an entry id";
}

impl AccountId {
    /// The book of the key's own account.
    #[must_use]
    pub fn own() -> Self {
        Self("default".to_owned())
    }

    /// The book of a WooCommerce shop, by the name that the settings give it.
    ///
    /// # Errors
    /// [`IdError`] when the name does not make an id.
    pub fn woo(shop: &str) -> Result<Self, IdError> {
        Self::parse(&format!("woo:{shop}"))
    }

    /// The book of a gateway that sends no webhooks.
    ///
    /// # Errors
    /// [`IdError`] when the name does not make an id.
    pub fn manual(gateway: &str) -> Result<Self, IdError> {
        Self::parse(&format!("manual:{gateway}"))
    }

    /// Whether it is of an account at Stripe, which can be asked about it.
    #[must_use]
    pub fn is_at_stripe(&self) -> bool {
        *self == Self::own() || self.0.starts_with("acct_")
    }
}

impl CauseId {
    /// Stands for an event whose id can't be read: `sha256:` and the digest of its body.
    #[must_use]
    pub fn of_body(sha256: &[u8; 32]) -> Self {
        Self(format!("sha256:{}", hex(sha256)))
    }
}

impl MovementId {
    /// What takes the money of a movement out of suspense.
    #[must_use]
    pub(crate) fn of_reclassification(movement: &Self) -> Self {
        Self(format!("reclassification:{movement}"))
    }
}

impl EntryId {
    /// The entry that takes the money of a movement out of suspense; `taken` has its name already.
    #[must_use]
    pub(crate) fn of_reclassification(taken: &MovementId) -> Self {
        Self(taken.to_string())
    }

    /// The entry of a movement.
    #[must_use]
    pub fn of_movement(movement: &MovementId) -> Self {
        Self(format!("movement:{movement}"))
    }

    /// What takes back the entry of a movement whose dispute turned out to be another's double.
    #[must_use]
    pub fn of_reversal(movement: &MovementId) -> Self {
        Self(format!("reversal:{movement}"))
    }

    /// What a person adjusts, by the key that they gave it.
    #[must_use]
    pub fn of_adjustment(key: &CauseId) -> Self {
        Self(format!("adjustment:{key}"))
    }

    /// The `nth` close-out entry of a dispute at one point of its timeline, `at` in Unix seconds.
    #[must_use]
    pub fn of_close_out(dispute: &DisputeId, at: i64, nth: u32) -> Self {
        Self(format!("close_out:{dispute}:{at}:{nth}"))
    }
}

/// A dispute in its book.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DisputeKey {
    /// The book.
    pub account: AccountId,
    /// The dispute.
    pub dispute: DisputeId,
}

impl fmt::Display for DisputeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.dispute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_short_printable_text() {
        assert_eq!(DisputeId::parse("du_1").unwrap().as_str(), "du_1");
        let long = "x".repeat(ID_BYTES_MAX + 1);
        for text in ["", " du_1", "du_1 ", "du\0_1", "du_\n1", long.as_str()] {
            assert!(DisputeId::parse(text).is_err(), "{text:?}");
        }
    }
}
