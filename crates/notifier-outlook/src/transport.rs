//! The one HTTP client, and what its errors say about whether the other side can have got the request.

use std::time::Duration;

use graph_rs_sdk::GraphFailure;
use reqwest::{Client, Request, Response};

use crate::settings::{Checked, is_loopback};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const LONGEST_ERROR_BODY: usize = 64 * 1024;

/// Why there is no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NoAnswer {
    /// The request could not even be made.
    NotBuilt,
    /// There was no connection, so nothing was written.
    NotConnected,
    /// The time was over. The request may have been written.
    TimedOut,
    /// The connection was lost. The request may have been written.
    Lost,
}

impl From<reqwest::Error> for NoAnswer {
    fn from(error: reqwest::Error) -> Self {
        if error.is_builder() {
            Self::NotBuilt
        } else if error.is_connect() {
            Self::NotConnected
        } else if error.is_timeout() {
            Self::TimedOut
        } else {
            Self::Lost
        }
    }
}

impl From<GraphFailure> for NoAnswer {
    fn from(_: GraphFailure) -> Self {
        Self::NotBuilt
    }
}

/// A client that sends each request once: it follows no redirect, repeats nothing, and keeps no connection that could
/// be dead by tomorrow.
pub(crate) fn client(settings: &Checked) -> reqwest::Result<Client> {
    let addresses = [&settings.token_url, &settings.graph_base];
    let mut builder = Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .pool_max_idle_per_host(0)
        .referer(false)
        .https_only(addresses.iter().all(|address| address.scheme() == "https"))
        .user_agent(concat!("chargebook/", env!("CARGO_PKG_VERSION")));
    if addresses.iter().all(|address| is_loopback(address)) {
        builder = builder.no_proxy();
    }
    builder.build()
}

/// Sends a request that the SDK has built, within this time.
pub(crate) async fn send_once(client: &Client, mut request: Request, timeout: Duration) -> Result<Response, NoAnswer> {
    *request.timeout_mut() = Some(timeout);
    Ok(client.execute(request).await?)
}

/// The body as JSON, if it is that and not endless. An error's body only adds words, so nothing is lost without it.
pub(crate) async fn json_body(mut response: Response) -> Option<serde_json::Value> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST_ERROR_BODY {
            return None;
        }
    }
    serde_json::from_slice(&body).ok()
}

/// A code or an id from the other side, if it looks like one: so that no free text gets into a reason.
pub(crate) fn token_like(text: &str) -> Option<&str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (!text.is_empty() && text.len() <= 64 && text.chars().all(allowed)).then_some(text)
}
