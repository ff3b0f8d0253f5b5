//! Access tokens: fetched with what the application proves itself by, kept until shortly before they end.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use graph_rs_sdk::GraphClientConfiguration;
use graph_rs_sdk::error::{AuthExecutionError, IdentityResult};
use graph_rs_sdk::identity::{AppConfig, AppConfigBuilder, TokenCredentialExecutor};
use reqwest::{Client, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use url::Url;
use uuid::Uuid;

use crate::certificate::Claim;
use crate::clock::GivenClock;
use crate::credential::{Credential, certificate, token};
use crate::settings::Checked;
use crate::sign_in_failure::{SignInFailure, ended, no_answer, no_token, not_made, refused, unusable};
use crate::transport::{NoAnswer, json_body, send_once};

/// A token is not used in its last minutes, so that it does not end under way.
const MARGIN: Duration = Duration::from_mins(5);
/// No token of Microsoft's lives longer.
const LONGEST_LIFE: Duration = Duration::from_hours(24);
/// Says that what proves the application is a signed token: RFC 7523.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The tokens of one application.
#[derive(Debug)]
pub(crate) struct Tokens {
    url: Url,
    scope: String,
    client_id: Uuid,
    credential: Credential,
    clock: GivenClock,
    /// Locked while a token is fetched: whoever comes meanwhile waits for the same token.
    kept: Mutex<Option<Kept>>,
}

#[derive(Debug)]
struct Kept {
    token: SecretString,
    fresh_until: Instant,
}

impl Tokens {
    pub(crate) fn new(settings: &Checked, clock: GivenClock) -> Self {
        Self {
            url: settings.token_url.clone(),
            scope: settings.scope.clone(),
            client_id: settings.client_id,
            credential: settings.credential.clone(),
            clock,
            kept: Mutex::new(None),
        }
    }

    /// The kept token, or a new one.
    pub(crate) async fn get(&self, client: &Client, timeout: Duration) -> Result<SecretString, SignInFailure> {
        let mut kept = self.kept.lock().await;
        if let Some(kept) = kept.as_ref()
            && Instant::now() < kept.fresh_until
        {
            return Ok(kept.token.clone());
        }
        *kept = None;
        let new = self.fetch(client, timeout).await?;
        let token = new.token.clone();
        *kept = Some(new);
        Ok(token)
    }

    /// The next [`get`](Self::get) fetches a new token.
    pub(crate) async fn forget(&self) {
        *self.kept.lock().await = None;
    }

    async fn fetch(&self, client: &Client, timeout: Duration) -> Result<Kept, SignInFailure> {
        let request = TokenRequest {
            app: AppConfigBuilder::new(self.client_id)
                .graph_client_configuration(GraphClientConfiguration::new())
                .build(),
            url: self.url.clone(),
            scope: self.scope.clone(),
            proof: self.proof().await?,
        };
        let asked_at = Instant::now();
        let response = request.post(client, timeout).await.map_err(no_answer)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = json_body(response).await.unwrap_or_default();
        if !status.is_success() {
            return Err(refused(status, &headers, &body, self.credential.key()));
        }
        let token = body["access_token"].as_str();
        match (token, seconds(&body["expires_in"])) {
            (Some(token), Some(life)) if !token.is_empty() => {
                Ok(Kept { token: token.into(), fresh_until: asked_at + life.min(LONGEST_LIFE).saturating_sub(MARGIN) })
            }
            _ => Err(no_token(status)),
        }
    }

    /// Files are read and signatures made beside the threads that wait for the network.
    async fn proof(&self) -> Result<Proof, SignInFailure> {
        let key = self.credential.key();
        let (token_url, client_id, now) = (self.url.clone(), self.client_id, self.clock.now());
        let prove = match self.credential.clone() {
            Credential::ClientSecret(secret) => return Ok(Proof::Secret(secret)),
            Credential::FederatedTokenFile(path) => {
                spawn_blocking(move || token(&path).map_err(|problem| unusable(key, problem)))
            }
            Credential::CertificateFile(path) => spawn_blocking(move || {
                let certificate = certificate(&path).map_err(|problem| unusable(key, problem))?;
                if certificate.ends_at <= now {
                    return Err(ended(certificate.ends_at));
                }
                certificate.assertion(&Claim { client_id, token_url: &token_url, now }).map_err(|_| not_made())
            }),
        };
        prove.await.unwrap_or_else(|_| Err(not_made())).map(Proof::Assertion)
    }
}

/// What proves the application, as the form has it.
#[derive(Clone, Debug)]
enum Proof {
    Secret(SecretString),
    Assertion(SecretString),
}

/// The SDK's own credentials cannot be used: they know four sign-in services and one scope, keep a token that Graph has
/// refused, and take an assertion once and for all.
#[derive(Clone, Debug)]
struct TokenRequest {
    app: AppConfig,
    url: Url,
    scope: String,
    proof: Proof,
}

impl TokenCredentialExecutor for TokenRequest {
    fn uri(&mut self) -> IdentityResult<Url> {
        Ok(self.url.clone())
    }

    /// The secret is a form field and not in a `Basic` header, where the SDK would not encode it.
    fn form_urlencode(&mut self) -> IdentityResult<HashMap<String, String>> {
        let proof = match &self.proof {
            Proof::Secret(secret) => vec![("client_secret", secret.expose_secret())],
            Proof::Assertion(assertion) => {
                vec![("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion.expose_secret())]
            }
        };
        let client_id = self.client_id().to_string();
        let rest = [("grant_type", "client_credentials"), ("scope", &self.scope), ("client_id", &client_id)];
        Ok(rest.into_iter().chain(proof).map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    fn app_config(&self) -> &AppConfig {
        &self.app
    }
}

impl TokenRequest {
    async fn post(&self, client: &Client, timeout: Duration) -> Result<Response, NoAnswer> {
        let built = self.clone().build_request_async().await;
        let (builder, _) = built.map_err(|_: AuthExecutionError| NoAnswer::NotBuilt)?;
        let (_, request) = builder.build_split();
        send_once(client, request?, timeout).await
    }
}

/// Microsoft's older endpoints write the number as text.
fn seconds(value: &Value) -> Option<Duration> {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    Some(Duration::from_secs(number))
}
