//! Access tokens: fetched with the client secret, kept until shortly before they end.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use graph_rs_sdk::GraphClientConfiguration;
use graph_rs_sdk::error::{AuthExecutionError, IdentityResult};
use graph_rs_sdk::identity::{AppConfig, AppConfigBuilder, TokenCredentialExecutor};
use reqwest::{Client, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use crate::settings::Checked;
use crate::sign_in_failure::{SignInFailure, no_answer, no_token, refused};
use crate::transport::{NoAnswer, json_body, send_once};

/// A token is not used in its last minutes, so that it does not end under way.
const MARGIN: Duration = Duration::from_mins(5);
/// No token of Microsoft's lives longer.
const LONGEST_LIFE: Duration = Duration::from_hours(24);

/// The tokens of one application.
#[derive(Debug)]
pub(crate) struct Tokens {
    request: TokenRequest,
    /// Locked while a token is fetched: whoever comes meanwhile waits for the same token.
    kept: Mutex<Option<Kept>>,
}

#[derive(Debug)]
struct Kept {
    token: SecretString,
    fresh_until: Instant,
}

impl Tokens {
    pub(crate) fn new(settings: &Checked) -> Self {
        Self { request: TokenRequest::new(settings), kept: Mutex::new(None) }
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
        let new = self.request.fetch(client, timeout).await?;
        let token = new.token.clone();
        *kept = Some(new);
        Ok(token)
    }

    /// The next [`get`](Self::get) fetches a new token.
    pub(crate) async fn forget(&self) {
        *self.kept.lock().await = None;
    }
}

/// The SDK's own credential cannot be used: it knows four sign-in services and one scope, and keeps a token that Graph
/// has refused.
#[derive(Clone, Debug)]
struct TokenRequest {
    app: AppConfig,
    url: Url,
    scope: String,
    client_secret: SecretString,
}

impl TokenCredentialExecutor for TokenRequest {
    fn uri(&mut self) -> IdentityResult<Url> {
        Ok(self.url.clone())
    }

    /// The secret is a form field and not in a `Basic` header, where the SDK would not encode it.
    fn form_urlencode(&mut self) -> IdentityResult<HashMap<String, String>> {
        let secret = self.client_secret.expose_secret();
        Ok(HashMap::from([
            ("grant_type".to_owned(), "client_credentials".to_owned()),
            ("scope".to_owned(), self.scope.clone()),
            ("client_id".to_owned(), self.client_id().to_string()),
            ("client_secret".to_owned(), secret.to_owned()),
        ]))
    }

    fn app_config(&self) -> &AppConfig {
        &self.app
    }
}

impl TokenRequest {
    fn new(settings: &Checked) -> Self {
        Self {
            app: AppConfigBuilder::new(settings.client_id)
                .graph_client_configuration(GraphClientConfiguration::new())
                .build(),
            url: settings.token_url.clone(),
            scope: settings.scope.clone(),
            client_secret: settings.client_secret.clone(),
        }
    }

    async fn fetch(&self, client: &Client, timeout: Duration) -> Result<Kept, SignInFailure> {
        let asked_at = Instant::now();
        let response = self.post(client, timeout).await.map_err(no_answer)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = json_body(response).await.unwrap_or_default();
        if !status.is_success() {
            return Err(refused(status, &headers, &body));
        }
        let token = body["access_token"].as_str();
        match (token, seconds(&body["expires_in"])) {
            (Some(token), Some(life)) if !token.is_empty() => {
                Ok(Kept { token: token.into(), fresh_until: asked_at + life.min(LONGEST_LIFE).saturating_sub(MARGIN) })
            }
            _ => Err(no_token(status)),
        }
    }

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
