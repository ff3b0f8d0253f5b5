//! An endpoint as the operator gives it, and what of it cannot be right.

use std::fmt;
use std::time::Duration;

use chargebook_domain::rules::EndpointName;
use chrono::{DateTime, Utc};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use url::{Host, Url};

use crate::signature::Signer;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The shortest secret that is accepted: half the length of a signature.
const SECRET_BYTES_MIN: usize = 16;

/// Where messages go, and what they are signed with.
#[derive(Clone)]
pub struct WebhookEndpoint {
    /// The address, `https:`, or `http:` to loopback. Its path and its query may be secret.
    pub url: Url,
    /// What the receiver checks signatures with: 16 bytes at least.
    pub secret: SecretString,
}

impl fmt::Debug for WebhookEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookEndpoint").field("origin", &origin(&self.url)).finish_non_exhaustive()
    }
}

/// One thing about an endpoint that cannot be right. It never repeats its secret or its address.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("the webhook endpoint {endpoint} {problem}")]
pub struct EndpointProblem {
    /// The endpoint's name.
    pub endpoint: EndpointName,
    /// What is wrong and what to do, in words: the rest of a sentence.
    pub problem: &'static str,
}

/// An endpoint after every check.
pub(crate) struct Checked {
    url: Url,
    signer: Option<Signer>,
    client: Client,
}

/// What of an endpoint cannot be right: the rest of a sentence that begins with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wrong {
    Address(&'static str),
    Secret(&'static str),
    Client(&'static str),
}

impl Wrong {
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::Address(what) | Self::Secret(what) | Self::Client(what) => what,
        }
    }
}

impl fmt::Debug for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checked").field("origin", &origin(&self.url)).finish_non_exhaustive()
    }
}

impl WebhookEndpoint {
    pub(crate) fn check(self) -> Result<Checked, Vec<Wrong>> {
        Checked::new(self.url, Some(&self.secret))
    }
}

impl Checked {
    /// An endpoint whose messages are signed with `secret`, or not at all.
    pub(crate) fn new(url: Url, secret: Option<&SecretString>) -> Result<Self, Vec<Wrong>> {
        let secret = secret.map(ExposeSecret::expose_secret);
        let mut problems: Vec<_> = address_problem(&url).map(Wrong::Address).into_iter().collect();
        problems.extend(secret.and_then(secret_problem).map(Wrong::Secret));
        let signer = secret.map(Signer::new).transpose();
        match (client(&url), signer) {
            (Ok(client), Ok(signer)) if problems.is_empty() => Ok(Self { url, signer, client }),
            (Ok(_), Ok(_)) => Err(problems),
            (Err(_), _) => Err(vec![Wrong::Client("can't be used: TLS cannot be started")]),
            (_, Err(_)) => Err(vec![Wrong::Secret("has a secret that can't sign: make another")]),
        }
    }

    /// What tells it from other endpoints, without its path and its query, which may be secret. `None` where nothing is signed.
    pub(crate) fn name(&self) -> Option<String> {
        let mut mark = self.signer.as_ref()?.mark(self.url.as_str());
        mark.truncate(16);
        Some(format!("{} {mark}", origin(&self.url)))
    }

    /// A request with this message, which its id names for ever.
    pub(crate) fn request(&self, message_id: &str, body: String, sent_at: DateTime<Utc>) -> RequestBuilder {
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("idempotency-key", message_id);
        let request = match &self.signer {
            Some(signer) => request.header("chargebook-signature", signer.sign(&body, sent_at)),
            None => request,
        };
        request.body(body)
    }
}

/// A client that sends each request once: it follows no redirect, repeats nothing, and keeps no connection that could
/// be dead by the next message.
fn client(url: &Url) -> reqwest::Result<Client> {
    let builder = Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .pool_max_idle_per_host(0)
        .referer(false)
        .https_only(url.scheme() == "https")
        .user_agent(concat!("chargebook/", env!("CARGO_PKG_VERSION")));
    if is_loopback(url) { builder.no_proxy().build() } else { builder.build() }
}

fn address_problem(url: &Url) -> Option<&'static str> {
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(url)) {
        return Some("must have a url that begins with https:// (http:// only to loopback)");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some("must not have a user or a password in its url: the receiver knows a message by its signature");
    }
    None
}

fn secret_problem(secret: &str) -> Option<&'static str> {
    if secret.len() < SECRET_BYTES_MIN {
        return Some("must have a secret of 16 bytes at least: make one with `openssl rand -hex 32`");
    }
    if secret.trim() != secret {
        return Some("has a secret with a space at its beginning or its end, which comes from copying it: remove it");
    }
    None
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

pub(crate) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://shop.example/hooks/t0ken?key=k3y";
    const SECRET: &str = "0123456789abcdef";

    fn endpoint(url: &str, secret: &str) -> WebhookEndpoint {
        WebhookEndpoint { url: Url::parse(url).unwrap(), secret: secret.into() }
    }

    fn problems(url: &str, secret: &str) -> Vec<&'static str> {
        let problems = endpoint(url, secret).check().err().unwrap_or_default();
        problems.into_iter().map(Wrong::in_words).collect()
    }

    #[test]
    fn usual_endpoints_are_taken() {
        for url in [URL, "http://127.0.0.1:8080/", "http://[::1]:1/a", "http://localhost:1/a?b"] {
            assert_eq!(problems(url, SECRET), [""; 0], "{url}");
        }
    }

    #[test]
    fn only_https_and_loopback_are_addresses() {
        for url in [
            "http://shop.example/",
            "http://127.0.0.1.example.com/",
            "http://localhost.example.com/",
            "http://10.0.0.1/",
            "ftp://127.0.0.1/",
            "file:///etc/passwd",
        ] {
            let found = problems(url, SECRET);
            assert!(matches!(*found, [problem] if problem.contains("https://")), "{url}: {found:?}");
        }
        let found = problems("https://user:word@shop.example/", SECRET);
        assert!(matches!(*found, [problem] if problem.contains("a user or a password")), "{found:?}");
    }

    #[test]
    fn a_secret_that_could_be_guessed_or_was_copied_badly_is_refused() {
        for secret in ["", "short", "0123456789abcde"] {
            let found = problems(URL, secret);
            assert!(matches!(*found, [problem] if problem.contains("openssl rand")), "{found:?}");
        }
        for secret in ["0123456789abcdef\n", " 0123456789abcdef", "                "] {
            let found = problems(URL, secret);
            assert!(matches!(*found, [problem] if problem.contains("space")), "{found:?}");
        }
    }

    #[test]
    fn an_endpoint_is_named_by_its_origin_and_what_nobody_can_read() {
        let name = |url: &str, secret: &str| endpoint(url, secret).check().unwrap().name().unwrap();
        let of_this = name(URL, SECRET);
        assert!(of_this.starts_with("https://shop.example ") && of_this.len() == "https://shop.example ".len() + 16);
        assert_eq!(of_this, name(URL, SECRET));
        for other in ["https://shop.example/hooks/an0ther?key=k3y", "https://shop.example/hooks/t0ken?key=an0ther"] {
            assert_ne!(of_this, name(other, SECRET));
        }
        assert_ne!(of_this, name(URL, "another secret, as long"));
    }

    #[test]
    fn nothing_secret_of_an_endpoint_is_shown() {
        let endpoint = endpoint(URL, SECRET);
        let shown = format!("{endpoint:?} {:?}", endpoint.clone().check().unwrap());
        for hidden in ["t0ken", "k3y", SECRET] {
            assert!(!shown.contains(hidden), "{shown}");
        }
        assert!(shown.contains("https://shop.example"), "{shown}");
    }
}
