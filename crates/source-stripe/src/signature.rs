//! Signatures: whether a body is Stripe's.

use chargebook_domain::ports::DeliveryRefused;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use stripe_webhook::{Webhook, WebhookError};

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

    /// Accepts a body which one of the secrets signed at most 300 seconds from `now`.
    ///
    /// async-stripe checks the signature, then the timestamp, then parses; so an error of its parser means that both
    /// were right. What it parsed is thrown away: it refuses events of older API versions, which `event` reads.
    pub(crate) fn verify(&self, body: &str, header: &str, now: DateTime<Utc>) -> Result<(), DeliveryRefused> {
        if !is_from_a_possible_time(header, now) {
            return Err(DeliveryRefused::SignatureInvalid);
        }
        let mut refused = DeliveryRefused::SignatureInvalid;
        for secret in &self.0 {
            let secret = secret.expose_secret();
            match Webhook::construct_event_with_timestamp(body, header, secret, now.timestamp()) {
                Ok(_) | Err(WebhookError::BadParse(_)) => return Ok(()),
                Err(WebhookError::BadTimestamp(_)) => refused = DeliveryRefused::TimestampOutOfTolerance,
                Err(WebhookError::BadKey | WebhookError::BadHeader(_) | WebhookError::BadSignature) => {}
            }
        }
        Err(refused)
    }
}

/// Whether the times in the header can be compared with `now`: async-stripe takes one from the other unchecked, which
/// overflows for times that nobody writes.
fn is_from_a_possible_time(header: &str, now: DateTime<Utc>) -> bool {
    let times = header.split(',').filter_map(|pair| pair.strip_prefix("t=")?.parse::<i64>().ok());
    let mut ages = times.map(|time| now.timestamp().checked_sub(time).and_then(i64::checked_abs));
    ages.all(|age| age.is_some())
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
    Webhook::generate_test_header(body, secret, Some(at.timestamp()))
}
