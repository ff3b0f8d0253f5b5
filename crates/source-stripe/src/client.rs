//! Stripe's API, as far as Chargebook asks it.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use stripe::{Client, ClientBuilder, StripeError};
use stripe_client_core::{RequestBuilder, StripeMethod, StripeRequest};
use url::{Host, Url};

/// Stripe answers a list of one within a second; what takes longer is down.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// A client of Stripe's API that asks once and never retries.
#[derive(Clone, Debug)]
pub struct StripeApi {
    client: Client,
}

impl StripeApi {
    /// A client for `key`, a secret or a restricted one. `base` takes the place of Stripe's address, for tests.
    ///
    /// # Errors
    /// [`ApiSettingsError`]; `http:` is accepted for loopback addresses only, as the key is sent along.
    pub fn new(key: &SecretString, base: Option<&str>) -> Result<Self, ApiSettingsError> {
        let key = key.expose_secret();
        let starts = key.starts_with("sk_") || key.starts_with("rk_");
        if !starts || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ApiSettingsError::Key);
        }
        let mut builder = ClientBuilder::new(key).timeout(ANSWER_WITHIN);
        if let Some(base) = base {
            builder = builder.url(checked_base(base)?);
        }
        let client = builder.build().map_err(|_| ApiSettingsError::Base)?;
        Ok(Self { client })
    }

    /// Asks for one dispute, to see that the key works and may read disputes.
    ///
    /// # Errors
    /// [`ApiError`], which says what to do.
    pub async fn check(&self) -> Result<(), ApiError> {
        let answer = OneDispute.customize().send(&self.client).await.map_err(|error| ApiError::of(&error))?;
        if answer.object == "list" { Ok(()) } else { Err(ApiError::UnexpectedAnswer) }
    }
}

fn checked_base(base: &str) -> Result<String, ApiSettingsError> {
    let mut url = Url::parse(base).map_err(|_| ApiSettingsError::Base)?;
    let loopback = match url.host().ok_or(ApiSettingsError::Base)? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        "http" => return Err(ApiSettingsError::BaseInsecure),
        _ => return Err(ApiSettingsError::Base),
    }
    let more_than_an_address = url.query().is_some() || url.fragment().is_some() || url.password().is_some();
    if more_than_an_address || !url.username().is_empty() {
        return Err(ApiSettingsError::Base);
    }
    // The client appends to the address as it is written.
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url.into())
}

/// `GET /v1/disputes?limit=1`.
struct OneDispute;

impl StripeRequest for OneDispute {
    type Output = List;

    fn build(&self) -> RequestBuilder {
        let mut request = RequestBuilder::new(StripeMethod::Get, "/disputes");
        request.query = Some("limit=1".to_owned());
        request
    }
}

/// A list whose items are not looked at: async-stripe refuses disputes of older API versions.
#[derive(miniserde::Deserialize)]
struct List {
    object: String,
}

/// Why the API can't be used as it is set up. Never holds the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApiSettingsError {
    /// Not a secret or restricted key.
    #[error("the API key must start with sk_ or rk_ and have no spaces")]
    Key,
    /// Not an address.
    #[error("the API's address must be like https://host/, without user, query or fragment")]
    Base,
    /// The key would go over the network in clear.
    #[error("the API's address must be https: http is for this machine itself only, as the key is sent along")]
    BaseInsecure,
}

/// Why the API did not answer as asked. Never holds the key, nor anything of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// 401.
    #[error("Stripe does not accept the API key: it is mistyped, expired or revoked; set one that is valid")]
    KeyRefused,
    /// 403.
    #[error("the API key may not read disputes: give it the read permission for disputes in Stripe's dashboard")]
    NotPermitted,
    /// 429.
    #[error("Stripe limits how often this account asks: try again in a minute")]
    RateLimited,
    /// Another refusal of the request.
    #[error("Stripe refused the request with HTTP status {status}: see the request log in Stripe's dashboard")]
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// 5xx, no connection or no answer in time.
    #[error("Stripe can't be reached, or fails: check the network and the API's address, then try again")]
    Unavailable,
    /// Not an answer of Stripe's API.
    #[error("the answer is not one of Stripe's API: check the API's address, and proxies on the way")]
    UnexpectedAnswer,
}

impl ApiError {
    /// The error without its text, which may hold payment details and the key's last characters.
    fn of(error: &StripeError) -> Self {
        match error {
            StripeError::Stripe(_, 401) => Self::KeyRefused,
            StripeError::Stripe(_, 403) => Self::NotPermitted,
            StripeError::Stripe(_, 429) => Self::RateLimited,
            StripeError::Stripe(_, 500..) | StripeError::ClientError(_) | StripeError::Timeout => Self::Unavailable,
            StripeError::Stripe(_, status) => Self::Refused { status: *status },
            StripeError::JSONDeserialize(_) | StripeError::ConfigError(_) => Self::UnexpectedAnswer,
        }
    }
}
