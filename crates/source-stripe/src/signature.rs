//! Signatures: whether a body is Stripe's.

use std::fmt::Write;

use chargebook_domain::ports::DeliveryRefused;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// How far Stripe's clock and this one may be apart, delivery included: what Stripe's own libraries allow.
const TOLERANCE_SECONDS: u64 = 300;

/// The secrets that signatures are checked with: of one endpoint while it is being rolled, or of several.
#[derive(Debug)]
pub(crate) struct Secrets(Vec<SecretString>);

impl Secrets {
    pub(crate) fn new(secrets: Vec<SecretString>) -> Result<Self, SecretsError> {
        if secrets.is_empty() {
            return Err(SecretsError::None);
        }
        match secrets.iter().position(|secret| !is_signing_secret(secret.expose_secret())) {
            Some(index) => Err(SecretsError::Malformed { position: index.saturating_add(1) }),
            None => Ok(Self(secrets)),
        }
    }

    /// Accepts a body which one of the secrets signed at most [`TOLERANCE_SECONDS`] from `now`. Signatures are compared in
    /// constant time, and before the time is.
    pub(crate) fn verify(&self, body: &str, header: &str, now: DateTime<Utc>) -> Result<(), DeliveryRefused> {
        let signed = Signed::read(header).ok_or(DeliveryRefused::SignatureInvalid)?;
        let is_signed = |secret: &SecretString| {
            let mac = mac(signed.at, body, secret.expose_secret());
            mac.is_some_and(|mac| signed.digests.iter().any(|digest| mac.clone().verify_slice(digest).is_ok()))
        };
        if !self.0.iter().any(is_signed) {
            return Err(DeliveryRefused::SignatureInvalid);
        }
        if signed.at.abs_diff(now.timestamp()) > TOLERANCE_SECONDS {
            return Err(DeliveryRefused::TimestampOutOfTolerance);
        }
        Ok(())
    }
}

/// What a signature header says: `t=<Unix seconds>,v1=<digits>`, with a `v1` for each secret while one is rolled, and with
/// schemes that are of no use here (<https://docs.stripe.com/webhooks/signature>).
struct Signed {
    at: i64,
    digests: Vec<[u8; 32]>,
}

impl Signed {
    fn read(header: &str) -> Option<Self> {
        let (mut at, mut digests) = (None, Vec::new());
        for pair in header.split(',') {
            match pair.split_once('=') {
                Some(("t", seconds)) => at = Some(seconds.parse().ok()?),
                Some(("v1", digits)) => digests.extend(digest(digits)),
                _ => {}
            }
        }
        Some(Self { at: at?, digests })
    }
}

/// 64 hexadecimal digits as bytes.
fn digest(digits: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let mut digits = digits.chars().map(|digit| digit.to_digit(16).and_then(|value| u8::try_from(value).ok()));
    for byte in &mut bytes {
        *byte = digits.next()?? << 4 | digits.next()??;
    }
    digits.next().is_none().then_some(bytes)
}

/// `None` for no secret: HMAC takes a key of any length.
fn mac(at: i64, body: &str, secret: &str) -> Option<Hmac<Sha256>> {
    let mac = Hmac::new_from_slice(secret.as_bytes()).ok()?;
    Some(mac.chain_update(format!("{at}.")).chain_update(body))
}

/// An empty secret would accept whatever is signed with nothing, and a space at its end comes from copying it.
fn is_signing_secret(text: &str) -> bool {
    let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
    printable && text.strip_prefix("whsec_").is_some_and(|rest| !rest.is_empty())
}

/// Why the webhook secrets can't be used. Never holds a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretsError {
    /// There is none.
    #[error("there is no webhook secret: copy the endpoint's signing secret from Stripe")]
    None,
    /// One of them is not a signing secret.
    #[error(
        "webhook secret number {position} is not a signing secret: it must be whsec_ with the rest behind it, \
         without spaces"
    )]
    Malformed {
        /// Which one, counted from 1.
        position: usize,
    },
}

/// The signature header that Stripe would send with `body` at that time: for tests and the demo.
#[must_use]
pub fn sign(body: &str, secret: &str, at: DateTime<Utc>) -> String {
    let at = at.timestamp();
    let mut header = format!("t={at},v1=");
    for byte in mac(at, body, secret).into_iter().flat_map(|mac| mac.finalize().into_bytes()) {
        // Writing into a String can't fail.
        let _ = write!(header, "{byte:02x}");
    }
    header
}
