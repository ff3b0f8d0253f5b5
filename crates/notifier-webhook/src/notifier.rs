//! The day's mail as a message to one endpoint.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chargebook_domain::ports::{Clock, Found, Mail, Notifier, RequestId, SendOutcome};
use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode};
use tracing::{debug, instrument};

use crate::answer::{no_answer, outcome};
use crate::endpoint::Checked;
use crate::settings::{SettingProblem, SummaryFormat, WebhookSettings};
use crate::summary::body;

/// A mail is larger than other messages, and chats are slow.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The shortest wait before a mail is posted again.
const SHORTEST_WAIT: Duration = Duration::from_mins(1);

/// What people call the endpoint.
const ENDPOINT: &str = "webhook.url";

/// Where a person looks for what may have been taken.
const IN_THE_CHAT: &str = "Look in the chat";

/// Posts mails to the endpoint of the settings.
pub struct WebhookNotifier {
    endpoint: Checked,
    format: SummaryFormat,
    clock: Arc<dyn Clock>,
    timeout: Duration,
}

impl WebhookNotifier {
    /// Checks the settings, and signs by the time of `clock`. Nothing is sent yet.
    ///
    /// # Errors
    /// Every setting that cannot be right, all at once.
    pub fn new(settings: &WebhookSettings, clock: Arc<dyn Clock>) -> Result<Self, Vec<SettingProblem>> {
        let endpoint = settings.check()?;
        Ok(Self { endpoint, format: settings.format, clock, timeout: TIMEOUT })
    }

    /// Ends each request after this time instead of 30 seconds.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }
}

impl fmt::Debug for WebhookNotifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, format, .. } = self;
        f.debug_struct("WebhookNotifier").field("endpoint", endpoint).field("format", format).finish_non_exhaustive()
    }
}

#[async_trait]
impl Notifier for WebhookNotifier {
    fn channel(&self) -> &'static str {
        "webhook"
    }

    #[instrument(name = "notifier.send", skip_all, fields(mail.reference = mail.reference))]
    async fn send(&self, mail: &Mail, attempt: &RequestId) -> SendOutcome {
        debug!(mail.client_request_id = %attempt, "posting the mail");
        let key = key(mail, attempt);
        let request = self.endpoint.request(&key, body(mail, self.format), self.clock.now());
        let answer = request.timeout(self.timeout).send().await;
        let outcome = match &answer {
            Ok(response) => outcome(&ENDPOINT, response),
            Err(error) => no_answer(&ENDPOINT, error),
        };
        match (self.format, mail.sent_again_at) {
            (SummaryFormat::Json, None) => known_again(outcome),
            (SummaryFormat::Json, Some(_)) => {
                let look = format!("Look in the receiver for the Idempotency-Key {key}");
                posted_once(outcome, answer.ok().as_ref(), &look)
            }
            (SummaryFormat::Chat, _) => posted_once(outcome, answer.ok().as_ref(), IN_THE_CHAT),
        }
    }

    /// A receiver of ours, which knows a message again. A chat knows none.
    fn place(&self) -> Option<String> {
        match self.format {
            SummaryFormat::Json => self.endpoint.name().map(|name| format!("json {name}")),
            SummaryFormat::Chat => None,
        }
    }

    /// Nothing is asked: a receiver of ours drops what it has when it comes again.
    async fn find(&self, _: &str, _: &RequestId) -> Found {
        match self.format {
            SummaryFormat::Json => Found::NotThere,
            SummaryFormat::Chat => Found::CannotTell {
                reason: format!("What was posted to {ENDPOINT} cannot be looked for. {IN_THE_CHAT}."),
            },
        }
    }
}

/// A receiver of ours drops the second of two messages with one key, so that what may have been taken is sent again too.
fn known_again(outcome: SendOutcome) -> SendOutcome {
    match outcome {
        SendOutcome::Unknown { reason } => SendOutcome::Refused {
            reason: format!("{reason} It is sent again, and the receiver knows it by its Idempotency-Key."),
            retry_after: Some(SHORTEST_WAIT),
        },
        other => not_at_once(other),
    }
}

/// By what the receiver knows the message: what a person has sent again is another, else it would be dropped as one that came
/// twice.
fn key(mail: &Mail, attempt: &RequestId) -> String {
    let reference = &mail.reference;
    if mail.sent_again_at.is_some() { format!("{reference}/again/{attempt}") } else { reference.clone() }
}

/// A chat shows whatever it is sent, and a receiver takes what a person has sent again, so that only what was certainly not
/// taken is sent once more.
fn posted_once(outcome: SendOutcome, answer: Option<&Response>, look: &str) -> SendOutcome {
    let Some(answer) = answer else { return looked_for_before(not_at_once(outcome), look) };
    let (status, says_when) = (answer.status(), answer.headers().contains_key(RETRY_AFTER));
    if is_certain(status, says_when) {
        return not_at_once(outcome);
    }
    let status = status.as_u16();
    let reason = format!("Nobody can know whether the receiver of {ENDPOINT} took the message (HTTP {status}).");
    looked_for_before(SendOutcome::Unknown { reason }, look)
}

/// Whether a status says for certain that the message was taken, or that it was not. A gateway says 408 and 5xx also when
/// what stands behind it stopped in the middle, but not that it is busy and for how long.
fn is_certain(status: StatusCode, says_when: bool) -> bool {
    match status.as_u16() {
        503 => says_when,
        408 | 500.. => false,
        _ => true,
    }
}

fn looked_for_before(outcome: SendOutcome, look: &str) -> SendOutcome {
    match outcome {
        SendOutcome::Unknown { reason } => {
            SendOutcome::Unknown { reason: format!("{reason} {look} before it is sent again.") }
        }
        other => other,
    }
}

fn not_at_once(outcome: SendOutcome) -> SendOutcome {
    match outcome {
        SendOutcome::Refused { reason, retry_after: Some(wait) } => {
            SendOutcome::Refused { reason, retry_after: Some(wait.max(SHORTEST_WAIT)) }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_chat_only_what_is_said_before_any_work_is_certain() {
        for status in (200..600).filter(|status| !matches!(status, 408 | 500..)) {
            assert!(is_certain(StatusCode::from_u16(status).unwrap(), false), "{status}");
        }
        for status in [408, 500, 501, 502, 503, 504, 520, 599] {
            assert!(!is_certain(StatusCode::from_u16(status).unwrap(), false), "{status}");
            assert_eq!(is_certain(StatusCode::from_u16(status).unwrap(), true), status == 503, "{status}");
        }
    }
}
