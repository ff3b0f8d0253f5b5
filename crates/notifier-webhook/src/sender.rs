//! The sender itself: one request a message.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use chargebook_domain::ports::{Outgoing, OutgoingCall, SendOutcome};
use chargebook_domain::rules::EndpointName;
use tracing::{debug, instrument};

use crate::answer::{no_answer, outcome, refused_for_good};
use crate::endpoint::{Checked, EndpointProblem, WebhookEndpoint, Wrong};

const TIMEOUT: Duration = Duration::from_secs(10);

/// Posts messages to the endpoints of the settings, signed.
#[derive(Debug)]
pub struct WebhookSender {
    endpoints: BTreeMap<EndpointName, Checked>,
    timeout: Duration,
}

impl WebhookSender {
    /// Checks the endpoints, by their names. Nothing is sent yet.
    ///
    /// # Errors
    /// All that cannot be right, all at once.
    pub fn new(endpoints: BTreeMap<EndpointName, WebhookEndpoint>) -> Result<Self, Vec<EndpointProblem>> {
        let mut checked = BTreeMap::new();
        let mut problems = Vec::new();
        for (name, endpoint) in endpoints {
            match endpoint.check() {
                Ok(endpoint) => {
                    checked.insert(name, endpoint);
                }
                Err(found) => {
                    let named = |wrong: Wrong| EndpointProblem { endpoint: name.clone(), problem: wrong.in_words() };
                    problems.extend(found.into_iter().map(named));
                }
            }
        }
        if problems.is_empty() { Ok(Self { endpoints: checked, timeout: TIMEOUT }) } else { Err(problems) }
    }

    /// Ends each request after this time instead of 10 seconds.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }
}

#[async_trait]
impl Outgoing for WebhookSender {
    #[instrument(name = "webhook.post", skip_all, fields(webhook.message_id = call.message_id, webhook.endpoint = %call.endpoint))]
    async fn post(&self, call: &OutgoingCall) -> SendOutcome {
        let Some(endpoint) = self.endpoints.get(&call.endpoint) else {
            return refused_for_good(
                &call.endpoint,
                "can't be sent: the settings have no endpoint of that name; add it, then send the message again",
            );
        };
        let request = endpoint.request(&call.message_id, call.body.clone(), call.sent_at).timeout(self.timeout);
        // The answer's body is not read: what a receiver writes there is for nobody here.
        match request.send().await {
            Ok(response) => {
                debug!(http.status = response.status().as_u16(), "the receiver answered");
                outcome(&call.endpoint, &response)
            }
            Err(error) => no_answer(&call.endpoint, &error),
        }
    }
}
