//! Customers, known by a keyed hash of their e-mail and nothing else.

use std::fmt;

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::Money;
use crate::hex::hex;

/// The shortest key of customers that is accepted, in bytes: half the length of the digest.
pub const CUSTOMER_KEY_BYTES_MIN: usize = 16;

/// The text is no keyed hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a keyed hash has 64 lower-case hexadecimal digits")]
pub struct HashError;

macro_rules! keyed_hashes {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Accepts 64 lower-case hexadecimal digits.
            ///
            /// # Errors
            /// [`HashError`] for anything else.
            pub fn parse(text: &str) -> Result<Self, HashError> {
                let fits = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
                if fits { Ok(Self(text.to_owned())) } else { Err(HashError) }
            }

            /// The 64 digits.
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

keyed_hashes! {
    /// A customer: HMAC-SHA-256 of the normalised e-mail.
    CustomerId;
    /// A card: HMAC-SHA-256 of the source's fingerprint of it.
    CardHash;
}

/// The bytes that a key of HMAC-SHA-256 is filled up to (RFC 2104).
const BLOCK_BYTES: usize = 64;

/// The secret by which customers and cards are hashed. It is never shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CustomerKey([u8; BLOCK_BYTES]);

/// The secret can't be a key of customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key of customers has {CUSTOMER_KEY_BYTES_MIN} to {BLOCK_BYTES} bytes")]
pub struct CustomerKeyError;

impl CustomerKey {
    /// The key whose bytes are exactly these, so that a checkout can compute the same hashes by any HMAC-SHA-256.
    ///
    /// # Errors
    /// [`CustomerKeyError`] when it is so short that it could be guessed, or too long.
    pub fn new(secret: &[u8]) -> Result<Self, CustomerKeyError> {
        let mut block = [0; BLOCK_BYTES];
        let fits = secret.len() >= CUSTOMER_KEY_BYTES_MIN;
        let bytes = block.get_mut(..secret.len()).filter(|_| fits).ok_or(CustomerKeyError)?;
        bytes.copy_from_slice(secret);
        Ok(Self(block))
    }

    /// The customer of an e-mail address; `None` for a text that is empty once it is normalised.
    #[must_use]
    pub fn customer(&self, email: &str) -> Option<CustomerId> {
        let normal = normal_email(email);
        (!normal.is_empty()).then(|| CustomerId(self.digest(normal.as_bytes())))
    }

    /// The card of a fingerprint.
    #[must_use]
    pub fn card(&self, fingerprint: &str) -> CardHash {
        // The prefix keeps a card from ever being taken for a customer.
        CardHash(self.digest(format!("card:{fingerprint}").as_bytes()))
    }

    /// Tells keys apart without telling anything of them: 16 hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> String {
        self.digest(b"chargebook key id").chars().take(16).collect()
    }

    fn digest(&self, text: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new(&self.0.into());
        mac.update(text);
        hex(&mac.finalize().into_bytes())
    }
}

impl fmt::Debug for CustomerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomerKey(..)")
    }
}

/// An e-mail address as it is hashed: without spaces at its ends, in lower case. Dots and plus signs are kept, for they
/// mean nothing in general.
#[must_use]
pub fn normal_email(email: &str) -> String {
    email.trim().to_lowercase()
}

/// What is known of a customer's disputes and orders at a moment: a function of these, and never counted up or down.
///
/// Superseded disputes, and those whose order is ambiguous, are nobody's.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CustomerFigures {
    /// Orders that the customer placed; those without a dispute as well.
    pub orders: u64,
    /// Orders of these that have a formal dispute.
    pub disputed_orders: u64,
    /// Formal disputes: all but inquiries.
    pub disputes: u64,
    /// Formal disputes that are open.
    pub open: u64,
    /// Won.
    pub won: u64,
    /// Lost.
    pub lost: u64,
    /// Closed as refunded or prevented.
    pub other_closed: u64,
    /// Inquiries, open and closed. One that escalates becomes a formal dispute, and is none any more.
    pub inquiries: u64,
    /// What the formal disputes are for, a sum a currency, in its order.
    pub disputed: Vec<Money>,
    /// When the first dispute or inquiry was filed.
    pub first_at: Option<DateTime<Utc>>,
    /// When the last one was.
    pub last_at: Option<DateTime<Utc>>,
}

impl CustomerFigures {
    /// Orders with a dispute per 10,000 orders, rounded down; `None` without orders.
    #[must_use]
    pub fn dispute_rate_bps(&self) -> Option<u64> {
        self.disputed_orders.checked_mul(10_000)?.checked_div(self.orders)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_is_the_hmac_of_the_normalised_address() {
        // printf %s jo@example.com | openssl dgst -sha256 -hmac 0123456789abcdef
        let key = CustomerKey::new(b"0123456789abcdef").unwrap();
        let jo = key.customer("  Jo@Example.COM\n").unwrap();
        assert_eq!(jo.as_str(), "1c1a0b869049ed147ce96f0ca96086558b55c7e23732f52edab526f12481722f");
        assert_eq!(key.customer("jo@example.com"), Some(jo.clone()));
        assert_ne!(CustomerKey::new(b"0123456789abcdeg").unwrap().customer("jo@example.com"), Some(jo));
        assert_eq!(key.customer(" \t"), None);
    }

    #[test]
    fn a_key_has_a_length_that_is_safe_and_is_never_shown() {
        for bad in [0, CUSTOMER_KEY_BYTES_MIN - 1, BLOCK_BYTES + 1] {
            assert_eq!(CustomerKey::new(&vec![b'x'; bad]), Err(CustomerKeyError), "{bad}");
        }
        assert_eq!(format!("{:?}", CustomerKey::new(&[b'x'; BLOCK_BYTES]).unwrap()), "CustomerKey(..)");
    }

    #[test]
    fn a_hash_is_64_lower_case_digits() {
        assert!(CustomerId::parse(&"0a".repeat(32)).is_ok());
        for bad in ["", "0A", &"0A".repeat(32), &"0a".repeat(33)] {
            assert_eq!(CustomerId::parse(bad), Err(HashError), "{bad:?}");
        }
    }

    #[test]
    fn a_rate_needs_orders() {
        let figures = |orders, disputed_orders| CustomerFigures { orders, disputed_orders, ..Default::default() };
        assert_eq!(figures(3, 1).dispute_rate_bps(), Some(3333));
        assert_eq!(figures(0, 0).dispute_rate_bps(), None);
    }
}
