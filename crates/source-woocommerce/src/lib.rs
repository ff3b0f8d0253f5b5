#![doc = include_str!("../README.md")]

mod client;
mod content;
mod delivery;
mod error;
mod order;
mod settings;
mod signature;
mod transport;

use chargebook_domain::AccountId;
use chargebook_domain::ports::{Delivery, DeliveryRefused, DisputeSource, SourceEvent};
use secrecy::SecretString;

pub use client::WooApi;
pub use delivery::{came_through_a_shop, read_kept};
pub use settings::WooApiSettingsError;
pub use signature::{SecretsError, sign};

use signature::Secrets;

/// The webhooks of one shop as a [`DisputeSource`].
#[derive(Debug)]
pub struct WooSource {
    account: AccountId,
    secrets: Secrets,
}

impl WooSource {
    /// Accepts what any of `secrets` has signed, for the book `account`: more than one while a secret is changed, as the
    /// shop's webhooks are changed one by one.
    ///
    /// # Errors
    /// [`SecretsError`] when there is none, or one that can't be right.
    pub fn new(account: AccountId, secrets: Vec<SecretString>) -> Result<Self, SecretsError> {
        Ok(Self { account, secrets: Secrets::new(secrets)? })
    }
}

impl DisputeSource for WooSource {
    /// `delivery.signature` is the header `X-WC-Webhook-Signature`.
    fn receive(&self, delivery: &Delivery<'_>) -> Result<SourceEvent, DeliveryRefused> {
        let Some(header) = delivery.signature else {
            let is_ping = delivery::is_ping(delivery.body);
            return Err(if is_ping { DeliveryRefused::TriedOut } else { DeliveryRefused::SignatureMissing });
        };
        self.secrets.verify(delivery.body, header)?;
        let body = std::str::from_utf8(delivery.body).map_err(|_| DeliveryRefused::BodyNotUtf8)?;
        Ok(read_kept(&self.account, body, delivery.received_at))
    }
}
