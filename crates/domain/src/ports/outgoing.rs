use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::SendOutcome;
use crate::rules::EndpointName;

/// A message to one of the operator's own endpoints, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct OutgoingCall {
    /// Names this message for ever, and is the idempotency key: the same message sent again has the same one. Printable
    /// ASCII.
    pub message_id: String,
    /// The endpoint, by its name in the settings.
    pub endpoint: EndpointName,
    /// The body: JSON, sent to the byte as it is here.
    pub body: String,
    /// When this attempt is made. It is signed with the body.
    pub sent_at: DateTime<Utc>,
}

// A body says what a dispute is about, which is no log's concern.
impl fmt::Debug for OutgoingCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutgoingCall")
            .field("message_id", &self.message_id)
            .field("endpoint", &self.endpoint)
            .field("sent_at", &self.sent_at)
            .finish_non_exhaustive()
    }
}

/// Sends messages to the operator's own endpoints.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Outgoing: Send + Sync {
    /// Posts the message once, and repeats nothing.
    ///
    /// Unlike a mail, a message may come twice: its receiver knows it by its id. So whoever calls tries again after
    /// [`SendOutcome::Unknown`] as well as after a refusal that says when. An error of the receiver's server counts as
    /// such a refusal. `retry_after` is the shortest wait that the receiver asks for, zero where it asks for none.
    async fn post(&self, call: &OutgoingCall) -> SendOutcome;
}
