#![doc = include_str!("../README.md")]

mod client;
mod error;
mod event;
mod limiter;
mod object;
mod page;
mod patience;
mod permission;
mod report;
mod request;
mod settings;
mod signature;
mod transport;

use chargebook_domain::ports::{Delivery, DeliveryRefused, DisputeSource, SourceEvent};
use secrecy::SecretString;

pub use client::StripeApi;
pub use object::read_kept;
pub use patience::Patience;
pub use permission::{Permission, PermissionState};
pub use report::{ReportError, read_report};
pub use settings::ApiSettingsError;
pub use signature::{SecretsError, sign};

use signature::Secrets;

/// Stripe's webhooks as a [`DisputeSource`].
#[derive(Debug)]
pub struct StripeDisputeSource {
    secrets: Secrets,
}

impl StripeDisputeSource {
    /// Accepts what any of `secrets` has signed: more than one while an endpoint's secret is rolled, or when several
    /// endpoints send here.
    ///
    /// # Errors
    /// [`SecretsError`] when there is none, or one that is not `whsec_` with something behind it.
    pub fn new(secrets: Vec<SecretString>) -> Result<Self, SecretsError> {
        Ok(Self { secrets: Secrets::new(secrets)? })
    }
}

impl DisputeSource for StripeDisputeSource {
    fn receive(&self, delivery: &Delivery<'_>) -> Result<SourceEvent, DeliveryRefused> {
        let header = delivery.signature.ok_or(DeliveryRefused::SignatureMissing)?;
        let body = std::str::from_utf8(delivery.body).map_err(|_| DeliveryRefused::BodyNotUtf8)?;
        self.secrets.verify(body, header, delivery.received_at)?;
        Ok(event::read(body))
    }
}
