//! Stripe's API as a [`DisputeReader`].

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use chargebook_domain::ports::{
    Detail, DisputeReader, Listing, MovementKind, Page, Read, ReadError, ReadMovement, Reading,
};
use chargebook_domain::{CustomerKey, DisputeKey};
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tracing::warn;

use crate::error::ApiError;
use crate::limiter::Limiter;
use crate::object;
use crate::page::List;
use crate::patience::Patience;
use crate::request::{self, Ask, Endpoint};
use crate::settings::{ApiSettingsError, check_key, checked_base};
use crate::transport::{Answer, Transport};

/// A client of Stripe's API. All requests of all its users share one rate.
#[derive(Debug)]
pub struct StripeApi {
    transport: Transport,
    limiter: Limiter,
    patience: Patience,
    /// Whether the key turned out not to read payments.
    without_payments: AtomicBool,
    customer_key: Option<CustomerKey>,
}

impl StripeApi {
    /// Requests a second that no limit of Stripe's is below: it has 25 for an endpoint, and as many for a whole sandbox.
    pub const REQUESTS_PER_SECOND: NonZeroU32 = NonZeroU32::new(20).unwrap();

    /// A client for `key`, a secret or a restricted one, that asks at most so often. `base` takes the place of Stripe's
    /// address, for tests.
    ///
    /// # Errors
    /// [`ApiSettingsError`]; `http:` is accepted for loopback addresses only, as the key is sent along.
    pub fn new(
        key: &SecretString,
        base: Option<&str>,
        requests_per_second: NonZeroU32,
    ) -> Result<Self, ApiSettingsError> {
        check_key(key)?;
        Ok(Self {
            transport: Transport::new(key, checked_base(base)?)?,
            limiter: Limiter::new(requests_per_second),
            patience: Patience::default(),
            without_payments: AtomicBool::new(false),
            customer_key: None,
        })
    }

    /// The client that knows cards by this key.
    #[must_use]
    pub fn with_customers(self, key: CustomerKey) -> Self {
        Self { customer_key: Some(key), ..self }
    }

    /// The client with another patience.
    #[must_use]
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// Whether [`StripeApi::new`] would take the key and the address.
    ///
    /// # Errors
    /// [`ApiSettingsError`].
    pub fn check_settings(key: &SecretString, base: Option<&str>) -> Result<(), ApiSettingsError> {
        check_key(key)?;
        checked_base(base).map(|_| ())
    }

    /// Asks with `patience` until there is an answer or none is to be had.
    pub(crate) async fn ask<T>(&self, ask: &Ask, patience: &Patience) -> Result<Answer<T>, ApiError>
    where
        T: DeserializeOwned,
    {
        let within = match ask.endpoint {
            Endpoint::Dispute => patience.object_within,
            _ => patience.page_within,
        };
        patience.insist(&self.limiter, |attempt| self.transport.ask(ask, attempt, within)).await
    }

    /// Asks for a page. Only a single dispute can be said not to be there.
    async fn list(&self, ask: &Ask) -> Result<Answer<List>, ApiError> {
        self.ask(ask, &self.patience).await.map_err(|error| match error {
            ApiError::NotFound => ApiError::Refused { status: 404 },
            other => other,
        })
    }

    /// Asks for as much as is wanted, or as much as the key may read.
    async fn in_detail<T, F>(&self, detail: Detail, ask: impl Fn(Detail) -> F) -> Result<T, ApiError>
    where
        F: Future<Output = Result<T, ApiError>>,
    {
        if detail == Detail::Dispute || self.without_payments.load(Ordering::Relaxed) {
            return ask(Detail::Dispute).await;
        }
        let outcome = ask(Detail::WithPayment).await;
        if !matches!(outcome, Err(ApiError::NotPermitted { .. })) {
            return outcome;
        }
        // Stripe does not say in its code what is not permitted: the dispute itself, or its payment.
        let answer = ask(Detail::Dispute).await?;
        if !self.without_payments.swap(true, Ordering::Relaxed) {
            warn!("the API key may not read payments, so that no order is found by what Stripe knows of its payment");
        }
        Ok(answer)
    }
}

#[async_trait]
impl DisputeReader for StripeApi {
    async fn dispute(&self, key: &DisputeKey) -> Result<Read, ReadError> {
        let ask = async |detail| {
            let ask = request::dispute(key, detail).ok_or(ApiError::NotFound)?;
            self.ask::<Box<RawValue>>(&ask, &self.patience).await
        };
        let answer = self.in_detail(Detail::WithPayment, ask).await?;
        if !object::is_dispute(answer.content.get()) {
            return Err(ApiError::NotStripe.into());
        }
        let read = object::dispute(&key.account, answer.content.get(), as_of(&answer)?, self.customer_key.as_ref());
        match &read.event.reading {
            Reading::Dispute(observation) if observation.key != *key => Err(ApiError::NotStripe.into()),
            _ => Ok(read),
        }
    }

    async fn disputes(&self, listing: &Listing, detail: Detail) -> Result<Page<Read>, ReadError> {
        let ask = async |detail| self.list(&request::disputes(listing, detail)).await;
        let answer = self.in_detail(detail, ask).await?;
        let as_of = as_of(&answer)?;
        Ok(answer
            .content
            .page(listing, |body| object::dispute(&listing.account, body, as_of, self.customer_key.as_ref()))?)
    }

    async fn events(&self, listing: &Listing) -> Result<Page<Read>, ReadError> {
        let answer = self.list(&request::events(listing)).await?;
        Ok(answer.content.page(listing, |body| object::event(&listing.account, body))?)
    }

    async fn movements(&self, listing: &Listing, kind: MovementKind) -> Result<Page<ReadMovement>, ReadError> {
        let answer = self.list(&request::movements(listing, kind)).await?;
        Ok(answer.content.page(listing, |body| object::movement(&listing.account, body))?)
    }
}

/// What an answer shows is from before the answer, within the second that its time leaves open.
fn as_of<T>(answer: &Answer<T>) -> Result<DateTime<Utc>, ApiError> {
    let given_at = answer.given_at.ok_or(ApiError::NoDate)?;
    given_at.checked_sub_signed(TimeDelta::seconds(1)).ok_or(ApiError::NoDate)
}
