//! The notifier itself: a token, one post, and after a 401, which Graph says before any work, once more.

use std::time::Duration;

use async_trait::async_trait;
use chargebook_domain::ports::{Found, Mail, Notifier, RequestId, SendOutcome};
use graph_rs_sdk::{GraphClient, GraphClientConfiguration};
use reqwest::{Client, Request, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use tracing::{debug, instrument};
use url::Url;

use crate::answer::{no_answer, outcome};
use crate::claims::TokenClaims;
use crate::message::send_mail_body;
use crate::settings::{OutlookSettings, SettingProblem};
use crate::sign_in::Tokens;
use crate::sign_in_failure::SignInFailure;
use crate::transport::{NoAnswer, client, send_once};

const TIMEOUT: Duration = Duration::from_secs(30);

/// Sends mail from one mailbox to the recipients of the settings.
#[derive(Debug)]
pub struct OutlookNotifier {
    client: Client,
    tokens: Tokens,
    graph_base: Url,
    sender: String,
    recipients: Vec<String>,
    timeout: Duration,
}

impl OutlookNotifier {
    /// Checks the settings. Nothing is sent yet.
    ///
    /// # Errors
    /// Every setting that cannot be right, all at once.
    pub fn new(settings: OutlookSettings) -> Result<Self, Vec<SettingProblem>> {
        let settings = settings.check()?;
        let no_client = |_| vec![SettingProblem::new("outlook", "TLS cannot be started")];
        Ok(Self {
            client: client(&settings).map_err(no_client)?,
            tokens: Tokens::new(&settings),
            graph_base: settings.graph_base,
            sender: settings.sender,
            recipients: settings.recipients,
            timeout: TIMEOUT,
        })
    }

    /// Ends each request after this time instead of 30 seconds.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Signs in anew and sends nothing: says whether tenant, application and secret are right, not whether the
    /// application may send.
    ///
    /// # Errors
    /// When there is no token.
    pub async fn check(&self) -> Result<TokenClaims, SignInFailure> {
        self.tokens.forget().await;
        let token = self.tokens.get(&self.client, self.timeout).await?;
        Ok(TokenClaims::read(token.expose_secret()))
    }

    async fn send_or_fail(&self, mail: &Mail, sent_as: &RequestId) -> Result<SendOutcome, SignInFailure> {
        let mut answer = self.post(mail, sent_as).await?;
        if is_unauthorized(&answer) {
            answer = self.post(mail, sent_as).await?;
        }
        Ok(match answer {
            Ok(response) => outcome(response, sent_as).await,
            Err(why) => no_answer(why, sent_as),
        })
    }

    /// Posts the mail once. A token that Graph does not accept is not used again.
    async fn post(&self, mail: &Mail, sent_as: &RequestId) -> Result<Result<Response, NoAnswer>, SignInFailure> {
        let token = self.tokens.get(&self.client, self.timeout).await?;
        debug!(mail.client_request_id = %sent_as, "posting the mail");
        let answer = match self.request(mail, &token, sent_as).await {
            Ok(request) => send_once(&self.client, request, self.timeout).await,
            Err(why) => Err(why),
        };
        if is_unauthorized(&answer) {
            self.tokens.forget().await;
        }
        Ok(answer)
    }

    async fn request(&self, mail: &Mail, token: &SecretString, sent_as: &RequestId) -> Result<Request, NoAnswer> {
        let configuration = GraphClientConfiguration::new().access_token(token.expose_secret());
        let mut graph = GraphClient::from(configuration);
        // Unlike `use_endpoint` it does not panic; the settings were checked.
        graph.use_test_endpoint(&self.graph_base);
        let body = send_mail_body(mail, &self.recipients);
        let builder = graph.user(&self.sender).send_mail(&body).build().await?;
        let (_, request) = builder.header("client-request-id", sent_as.to_string()).build_split();
        Ok(request?)
    }
}

#[async_trait]
impl Notifier for OutlookNotifier {
    fn channel(&self) -> &'static str {
        "outlook"
    }

    #[instrument(name = "notifier.send", skip_all, fields(mail.reference = mail.reference))]
    async fn send(&self, mail: &Mail, attempt: &RequestId) -> SendOutcome {
        let sent = self.send_or_fail(mail, attempt).await;
        sent.unwrap_or_else(|SignInFailure { reason, retry_after }| SendOutcome::Refused { reason, retry_after })
    }

    async fn find(&self, _: &str) -> Found {
        Found::CannotTell { reason: "The mailbox is not looked into.".to_owned() }
    }
}

fn is_unauthorized(answer: &Result<Response, NoAnswer>) -> bool {
    answer.as_ref().is_ok_and(|response| response.status() == StatusCode::UNAUTHORIZED)
}
