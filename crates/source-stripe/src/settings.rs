//! The key and the address, and what of them can't be right.

use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

/// Stripe's own address.
const STRIPE: &str = "https://api.stripe.com/";

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
    /// No HTTP client can be made.
    #[error("the HTTP client can't be set up on this machine")]
    Client,
}

pub(crate) fn check_key(key: &SecretString) -> Result<(), ApiSettingsError> {
    let key = key.expose_secret();
    let starts = key.starts_with("sk_") || key.starts_with("rk_");
    let printable = key.bytes().all(|byte| byte.is_ascii_graphic());
    if starts && printable { Ok(()) } else { Err(ApiSettingsError::Key) }
}

/// The address with a slash at its end, so that paths go behind it.
pub(crate) fn checked_base(base: Option<&str>) -> Result<Url, ApiSettingsError> {
    let mut url = Url::parse(base.unwrap_or(STRIPE)).map_err(|_| ApiSettingsError::Base)?;
    if url.host().is_none() {
        return Err(ApiSettingsError::Base);
    }
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => return Err(ApiSettingsError::BaseInsecure),
        _ => return Err(ApiSettingsError::Base),
    }
    let more_than_an_address = url.query().is_some() || url.fragment().is_some() || url.password().is_some();
    if more_than_an_address || !url.username().is_empty() {
        return Err(ApiSettingsError::Base);
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
