//! One request over the network: the answer with its time, or what kind of failure it was.

use std::time::Duration;

use chargebook_domain::AccountId;
use chrono::{DateTime, Utc};
use reqwest::header::{AUTHORIZATION, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use stripe_client_core::VERSION;
use tokio::time::{Instant, timeout};
use tracing::{debug, instrument};
use url::Url;

use crate::error::ApiError;
use crate::patience::Failure;
use crate::request::Ask;
use crate::settings::{ApiSettingsError, is_loopback};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A page of a hundred disputes with their payments is about one.
const BODY_MEBIBYTES_MAX: usize = 32;

/// No answer, whoever it is from, can silence the client for longer.
const RETRY_AFTER_MAX: Duration = Duration::from_hours(1);

const STRIPE_VERSION: HeaderName = HeaderName::from_static("stripe-version");
const STRIPE_ACCOUNT: HeaderName = HeaderName::from_static("stripe-account");
const STRIPE_SHOULD_RETRY: HeaderName = HeaderName::from_static("stripe-should-retry");

/// What Stripe answered.
#[derive(Debug)]
pub(crate) struct Answer<T> {
    pub(crate) content: T,
    /// When, by Stripe's clock.
    pub(crate) given_at: Option<DateTime<Utc>>,
}

/// Sends what async-stripe builds. It keeps connections, follows no redirect and repeats nothing.
#[derive(Debug)]
pub(crate) struct Transport {
    client: Client,
    base: Url,
}

impl Transport {
    /// For a key and an address that were checked.
    pub(crate) fn new(key: &SecretString, base: Url) -> Result<Self, ApiSettingsError> {
        let mut bearer =
            HeaderValue::try_from(format!("Bearer {}", key.expose_secret())).map_err(|_| ApiSettingsError::Key)?;
        bearer.set_sensitive(true);
        let version = HeaderValue::from_str(VERSION.as_str()).map_err(|_| ApiSettingsError::Client)?;
        let mut builder = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .https_only(base.scheme() == "https")
            .default_headers(HeaderMap::from_iter([(AUTHORIZATION, bearer), (STRIPE_VERSION, version)]))
            .user_agent(concat!("chargebook/", env!("CARGO_PKG_VERSION")));
        if is_loopback(&base) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|_| ApiSettingsError::Client)?;
        Ok(Self { client, base })
    }

    /// Asks once, within this time.
    #[instrument(level = "debug", name = "source.fetch", skip_all, fields(source.endpoint = ?ask.endpoint, source.attempt = attempt))]
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        ask: &Ask,
        attempt: u32,
        within: Duration,
    ) -> Result<Answer<T>, Failure> {
        let begun = Instant::now();
        let outcome =
            timeout(within, self.send(ask, begun)).await.unwrap_or_else(|_| Err(Failure::passing(ApiError::NoAnswer)));
        if let Err(Failure { error, again, wait }) = &outcome {
            let (duration_ms, wait_ms) = (begun.elapsed().as_millis(), wait.map(|wait| wait.as_millis()));
            debug!(duration_ms, source.again = again, source.wait_ms = wait_ms, "no answer to use: {error}");
        }
        outcome
    }

    async fn send<T: DeserializeOwned>(&self, ask: &Ask, begun: Instant) -> Result<Answer<T>, Failure> {
        let mut request = self.client.get(self.address(ask)?);
        if ask.account != AccountId::own() {
            let account = HeaderValue::from_str(ask.account.as_str());
            let account = account.map_err(|_| Failure::lasting(ApiError::NotConnected))?;
            request = request.header(STRIPE_ACCOUNT, account);
        }
        let response = request.send().await.map_err(|error| {
            Failure::passing(if error.is_connect() { ApiError::NotReached } else { ApiError::NoAnswer })
        })?;
        let status = response.status();
        let headers = response.headers().clone();
        let body = body(response).await?;
        debug!(http.status = status.as_u16(), duration_ms = begun.elapsed().as_millis(), "Stripe answered");
        let given_at = headers.get(DATE).and_then(http_date);
        if !status.is_success() {
            return Err(refusal(status, &headers, &body, ask));
        }
        match serde_json::from_slice(&body) {
            Ok(content) => Ok(Answer { content, given_at }),
            // JSON of another shape will not change; half of it, or a page of a proxy's in its place, may.
            Err(error) => Err(Failure { again: !error.is_data(), ..Failure::lasting(ApiError::NotStripe) }),
        }
    }

    fn address(&self, ask: &Ask) -> Result<Url, Failure> {
        let mut address =
            self.base.join(&format!("v1{}", ask.request.path)).map_err(|_| Failure::lasting(ApiError::NotStripe))?;
        address.set_query(ask.request.query.as_deref());
        Ok(address)
    }
}

async fn body(mut response: Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Failure::passing(ApiError::NoAnswer))? {
        body.extend_from_slice(&chunk);
        if body.len() > BODY_MEBIBYTES_MAX << 20 {
            return Err(Failure::lasting(ApiError::TooLarge { mebibytes: BODY_MEBIBYTES_MAX }));
        }
    }
    Ok(body)
}

/// An error as Stripe writes it. Of it, only a code is looked at.
#[derive(Deserialize)]
struct Refusal {
    error: Code,
}

#[derive(Deserialize)]
struct Code {
    code: Option<String>,
}

fn refusal(status: StatusCode, headers: &HeaderMap, body: &[u8], ask: &Ask) -> Failure {
    let passing = |error| Failure {
        error,
        again: headers.get(STRIPE_SHOULD_RETRY).is_none_or(|value| value != "false"),
        wait: retry_after(headers),
    };
    let refusal = serde_json::from_slice::<Refusal>(body).ok();
    Failure::lasting(match (status.as_u16(), refusal) {
        (429, _) => return passing(ApiError::RateLimited),
        (status @ (409 | 424 | 500..), _) => return passing(ApiError::Failed { status }),
        (300..=399, _) => ApiError::Redirected,
        // Not in Stripe's words, so not Stripe's: that it does not know a dispute would be believed.
        (_, None) => ApiError::NotStripe,
        (401, _) => ApiError::KeyRefused,
        (403, Some(refusal)) if refusal.error.code.as_deref() == Some("account_invalid") => ApiError::NotConnected,
        (403, _) => ApiError::NotPermitted { permission: ask.endpoint.permission() },
        (404, _) => ApiError::NotFound,
        (status, _) => ApiError::Refused { status },
    })
}

/// Seconds, or a time, which is told from the answer's own time: no other clock is needed.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?;
    let until = || {
        let wait = http_date(value)?.signed_duration_since(http_date(headers.get(DATE)?)?);
        Some(u64::try_from(wait.num_seconds()).unwrap_or(0))
    };
    let seconds = value.to_str().ok()?.parse().ok().or_else(until)?;
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}

/// Times of HTTP are times of mail, in GMT.
fn http_date(value: &HeaderValue) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc2822(value.to_str().ok()?).ok()?;
    (time.timestamp() > 0).then(|| time.to_utc())
}
