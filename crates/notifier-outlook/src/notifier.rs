//! The notifier itself: a token, one request, and after a 401, which Graph says before any work, once more.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chargebook_domain::ports::{Clock, Found, Mail, Notifier, RequestId, SendOutcome};
use graph_rs_sdk::{GraphClient, GraphClientConfiguration, ODataQuery};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Body, Client, Request, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use tracing::{debug, instrument};
use url::Url;

use crate::answer::{no_answer, outcome};
use crate::claims::TokenClaims;
use crate::clock::GivenClock;
use crate::found::{found, not_asked, not_found_out, without_marker};
use crate::mime::Envelope;
use crate::settings::{MailFormat, OutlookSettings, SettingProblem};
use crate::sign_in::Tokens;
use crate::sign_in_failure::SignInFailure;
use crate::transport::{NoAnswer, client, send_once};
use crate::{look, message, mime};

const TIMEOUT: Duration = Duration::from_secs(30);

/// Sends mail from one mailbox to the recipients of the settings.
#[derive(Debug)]
pub struct OutlookNotifier {
    client: Client,
    tokens: Tokens,
    graph_base: Url,
    sender: String,
    recipients: Vec<String>,
    format: MailFormat,
    clock: GivenClock,
    timeout: Duration,
}

impl OutlookNotifier {
    /// Checks the settings, and looks at the file of a certificate or token. Nothing is sent yet. What is dated has its date
    /// from `clock`.
    ///
    /// # Errors
    /// Every setting that cannot be right, all at once.
    pub fn new(settings: OutlookSettings, clock: Arc<dyn Clock>) -> Result<Self, Vec<SettingProblem>> {
        let (settings, clock) = (settings.check()?, GivenClock(clock));
        let key = settings.credential.key();
        settings.credential.check_file().map_err(|problem| vec![SettingProblem::new(key, problem)])?;
        let no_client = |_| vec![SettingProblem::new("outlook", "TLS cannot be started")];
        Ok(Self {
            client: client(&settings).map_err(no_client)?,
            tokens: Tokens::new(&settings, clock.clone()),
            graph_base: settings.graph_base,
            sender: settings.sender,
            recipients: settings.recipients,
            format: settings.format,
            clock,
            timeout: TIMEOUT,
        })
    }

    /// Ends each request after this time instead of 30 seconds.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Signs in anew and sends nothing: says whether tenant, application and credential are right, not whether the
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
        debug!(mail.client_request_id = %sent_as, "posting the mail");
        Ok(match self.ask(Ask::Send { mail, sent_as }).await? {
            Ok(response) => outcome(response, sent_as).await,
            Err(why) => no_answer(why, sent_as),
        })
    }

    async fn find_or_fail(&self, mark: &str) -> Result<Found, SignInFailure> {
        if self.format == MailFormat::Mime {
            return Ok(without_marker());
        }
        Ok(match self.ask(Ask::Look { mark }).await? {
            Ok(response) => found(response).await,
            Err(why) => not_found_out(why),
        })
    }

    async fn ask(&self, ask: Ask<'_>) -> Result<Result<Response, NoAnswer>, SignInFailure> {
        let answer = self.ask_once(ask).await?;
        if is_unauthorized(&answer) { self.ask_once(ask).await } else { Ok(answer) }
    }

    /// A token that Graph does not accept is not used again.
    async fn ask_once(&self, ask: Ask<'_>) -> Result<Result<Response, NoAnswer>, SignInFailure> {
        let token = self.tokens.get(&self.client, self.timeout).await?;
        let answer = match self.request(ask, &token).await {
            Ok(request) => send_once(&self.client, request, self.timeout).await,
            Err(why) => Err(why),
        };
        if is_unauthorized(&answer) {
            self.tokens.forget().await;
        }
        Ok(answer)
    }

    async fn request(&self, ask: Ask<'_>, token: &SecretString) -> Result<Request, NoAnswer> {
        let configuration = GraphClientConfiguration::new().access_token(token.expose_secret());
        let mut graph = GraphClient::from(configuration);
        // Unlike `use_endpoint` it does not panic; the settings were checked.
        graph.use_test_endpoint(&self.graph_base);
        let mailbox = graph.user(&self.sender);
        match ask {
            Ask::Send { mail, sent_as } => {
                let handler = match self.format {
                    MailFormat::Html => mailbox.send_mail(&message::send_mail_body(mail, &self.recipients, sent_as)),
                    MailFormat::Mime => {
                        let body = mime::send_mail_body(mail, &self.envelope(sent_as));
                        let plain = HeaderValue::from_static(mime::CONTENT_TYPE);
                        mailbox.send_mail(Body::from(body)).header(CONTENT_TYPE, plain)
                    }
                };
                let builder = handler.build().await?;
                let (_, request) = builder.header("client-request-id", sent_as.to_string()).build_split();
                Ok(request?)
            }
            Ask::Look { mark } => {
                let messages = mailbox.messages().list_messages().filter(&[&look::filter(mark)]);
                let builder = messages.top(look::COPIES_MAX).select(&look::MEMBERS).build().await?;
                let (_, request) = builder.build_split();
                Ok(look::with_spaces(request?))
            }
        }
    }

    fn envelope<'a>(&'a self, sent_as: &'a RequestId) -> Envelope<'a> {
        Envelope { sender: &self.sender, recipients: &self.recipients, sent_as, sent_at: self.clock.now() }
    }
}

/// What is asked of Graph.
#[derive(Clone, Copy)]
enum Ask<'a> {
    Send { mail: &'a Mail, sent_as: &'a RequestId },
    Look { mark: &'a str },
}

#[async_trait]
impl Notifier for OutlookNotifier {
    fn channel(&self) -> &'static str {
        "outlook"
    }

    #[instrument(name = "notifier.send", skip_all, fields(mail.reference = mail.reference))]
    async fn send(&self, mail: &Mail, attempt: &RequestId) -> SendOutcome {
        let sent = self.send_or_fail(mail, attempt).await;
        sent.unwrap_or_else(|SignInFailure { reason, retry_after }| SendOutcome::Refused {
            reason: format!("No mail was sent. {reason}"),
            retry_after,
        })
    }

    /// The mailbox; what went as MIME carries no mark.
    fn place(&self) -> Option<String> {
        (self.format == MailFormat::Html).then(|| format!("{} {}", self.graph_base, self.sender))
    }

    #[instrument(name = "notifier.find", skip_all, fields(mail.reference = reference))]
    async fn find(&self, reference: &str, attempt: &RequestId) -> Found {
        self.find_or_fail(&message::mark(reference, attempt)).await.unwrap_or_else(|failure| not_asked(&failure))
    }
}

fn is_unauthorized(answer: &Result<Response, NoAnswer>) -> bool {
    answer.as_ref().is_ok_and(|response| response.status() == StatusCode::UNAUTHORIZED)
}
