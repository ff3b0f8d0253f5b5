//! The address of a shop and the key to its REST API, and what of them can't be right.

use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

/// Why a shop's API can't be used as it is set up. Never holds the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WooApiSettingsError {
    /// Not a consumer key.
    #[error(
        "the consumer key must start with ck_ and have no spaces: make one in WooCommerce, Settings, Advanced, REST API"
    )]
    Key,
    /// Not a consumer secret.
    #[error(
        "the consumer secret must start with cs_ and have no spaces: WooCommerce shows it once, when the key is made"
    )]
    Secret,
    /// Not an address.
    #[error("the shop's address must be like https://shop.example/, without user, query or fragment")]
    Base,
    /// The key would go over the network in clear.
    #[error("the shop's address must be https: http is for this machine itself only, as the key is sent along")]
    BaseInsecure,
    /// No HTTP client can be made.
    #[error("the HTTP client can't be set up on this machine")]
    Client,
}

pub(crate) fn check_key(key: &SecretString, secret: &SecretString) -> Result<(), WooApiSettingsError> {
    let is_key = |text: &str, prefix| text.starts_with(prefix) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_key(key.expose_secret(), "ck_") {
        return Err(WooApiSettingsError::Key);
    }
    if is_key(secret.expose_secret(), "cs_") { Ok(()) } else { Err(WooApiSettingsError::Secret) }
}

/// The address with a slash at its end, so that paths go behind it.
pub(crate) fn checked_base(base: &str) -> Result<Url, WooApiSettingsError> {
    let mut url = Url::parse(base).map_err(|_| WooApiSettingsError::Base)?;
    if url.host().is_none() {
        return Err(WooApiSettingsError::Base);
    }
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => return Err(WooApiSettingsError::BaseInsecure),
        _ => return Err(WooApiSettingsError::Base),
    }
    let more_than_an_address = url.query().is_some() || url.fragment().is_some() || url.password().is_some();
    if more_than_an_address || !url.username().is_empty() {
        return Err(WooApiSettingsError::Base);
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
