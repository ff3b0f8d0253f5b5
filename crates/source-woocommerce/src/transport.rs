//! Requests over the network: an answer with its time, asked for again while that can help.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::{sleep, timeout};
use tracing::{debug, instrument};
use url::Url;

use crate::error::ApiError;
use crate::settings::{WooApiSettingsError, is_loopback};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A page of a hundred orders takes an ordinary shop some seconds.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(1);

/// A page of a hundred orders is about one.
const BODY_MEBIBYTES_MAX: usize = 32;

const ATTEMPTS: u32 = 4;

/// A shop that asks for more is left alone until the next time that something is wanted of it.
const WAIT_MAX: Duration = Duration::from_mins(1);

const TOTAL_PAGES: HeaderName = HeaderName::from_static("x-wp-totalpages");

/// What the shop answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) content: Box<RawValue>,
    /// What it shows is from before this time, by the shop's clock.
    pub(crate) as_of: DateTime<Utc>,
    /// How many pages the list has, where the shop says.
    pub(crate) pages: Option<u32>,
}

/// Sends what is asked to one shop. It follows no redirect, as the key would go along.
pub(crate) struct Transport {
    client: Client,
    base: Url,
    key: SecretString,
    secret: SecretString,
    /// The longest wait before the second attempt.
    pub(crate) first_wait: Duration,
}

/// Why an attempt failed.
struct Failure {
    error: ApiError,
    /// Whether asking again can help.
    again: bool,
    /// How long the shop asks to be left alone.
    wait: Option<Duration>,
}

impl Failure {
    fn lasting(error: ApiError) -> Self {
        Self { error, again: false, wait: None }
    }

    fn passing(error: ApiError) -> Self {
        Self { error, again: true, wait: None }
    }
}

impl Transport {
    /// For a key and an address that were checked.
    pub(crate) fn new(base: Url, key: &SecretString, secret: &SecretString) -> Result<Self, WooApiSettingsError> {
        let mut builder = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .https_only(base.scheme() == "https")
            .user_agent(concat!("chargebook/", env!("CARGO_PKG_VERSION")));
        if is_loopback(&base) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|_| WooApiSettingsError::Client)?;
        Ok(Self { client, base, key: key.clone(), secret: secret.clone(), first_wait: Duration::from_secs(1) })
    }

    /// Asks until there is an answer or none is to be had. `path` is behind `wp-json/wc/v3/`.
    #[instrument(level = "debug", name = "source.fetch", skip_all, fields(source.endpoint = endpoint))]
    pub(crate) async fn ask(
        &self,
        endpoint: &'static str,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Answer, ApiError> {
        let address = self.base.join(&format!("wp-json/wc/v3/{path}"));
        let mut address = address.map_err(|_| ApiError::NotFound)?;
        if !query.is_empty() {
            address.query_pairs_mut().extend_pairs(query);
        }
        let mut attempt: u32 = 1;
        loop {
            let outcome = timeout(ANSWER_TIMEOUT, self.send(address.clone())).await;
            let failure = match outcome.unwrap_or_else(|_| Err(Failure::passing(ApiError::NoAnswer))) {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let wait = self.wait_after(attempt).max(failure.wait.unwrap_or_default());
            debug!(source.attempt = attempt, source.again = failure.again, "no answer to use: {}", failure.error);
            if !failure.again || attempt == ATTEMPTS || wait > WAIT_MAX {
                return Err(failure.error);
            }
            sleep(wait).await;
            attempt = attempt.saturating_add(1);
        }
    }

    /// Anything up to a bound that doubles: those who failed together do not ask together again.
    fn wait_after(&self, attempt: u32) -> Duration {
        let bound = self.first_wait.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
        Duration::from_millis(fastrand::u64(0..=u64::try_from(bound.as_millis()).unwrap_or(u64::MAX)))
    }

    async fn send(&self, address: Url) -> Result<Answer, Failure> {
        let request = self.client.get(address).basic_auth(self.key.expose_secret(), Some(self.secret.expose_secret()));
        let response = request.send().await.map_err(|error| {
            Failure::passing(if error.is_connect() { ApiError::NotReached } else { ApiError::NoAnswer })
        })?;
        let status = response.status();
        let headers = response.headers().clone();
        let body = body(response).await?;
        if !status.is_success() {
            return Err(refusal(status, &headers, &body));
        }
        // A page of HTML in the place of JSON, as plugins and maintenance make it, may be gone the next time.
        let content = serde_json::from_slice(&body).map_err(|_| Failure::passing(ApiError::NotWooCommerce))?;
        let given_at = headers.get(DATE).and_then(http_date).ok_or(Failure::lasting(ApiError::NoDate))?;
        // The answer's time leaves a second open.
        let as_of = given_at.checked_sub_signed(TimeDelta::seconds(1)).ok_or(Failure::lasting(ApiError::NoDate))?;
        let pages = headers.get(TOTAL_PAGES).and_then(|pages| pages.to_str().ok()?.parse().ok());
        Ok(Answer { content, as_of, pages })
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

/// An error as WordPress writes it. Of it, only the code is looked at.
#[derive(Deserialize)]
struct Refusal {
    code: String,
}

fn refusal(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Failure {
    let code = serde_json::from_slice::<Refusal>(body).ok().map(|refusal| refusal.code);
    Failure::lasting(match (status.as_u16(), code.as_deref()) {
        (429, _) => {
            return Failure { wait: retry_after(headers), ..Failure::passing(ApiError::RateLimited) };
        }
        (status @ (408 | 500..), _) => {
            return Failure { wait: retry_after(headers), ..Failure::passing(ApiError::Failed { status }) };
        }
        (300..=399, _) => ApiError::Redirected,
        (404, Some("rest_no_route")) => ApiError::NoRoute,
        // Not in WordPress's words, so not the shop's: that it does not know a dispute would be believed.
        (_, None) => ApiError::NotWooCommerce,
        (401, _) => ApiError::KeyRefused,
        (403, _) => ApiError::NotPermitted,
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
    Some(Duration::from_secs(seconds))
}

/// Times of HTTP are times of mail, in GMT.
fn http_date(value: &HeaderValue) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc2822(value.to_str().ok()?).ok()?;
    (time.timestamp() > 0).then(|| time.to_utc())
}
