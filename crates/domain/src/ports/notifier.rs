use std::time::Duration;

use async_trait::async_trait;

/// A mail, ready to be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mail {
    /// Names this mail for ever, such as `summary/2026-11-21`: the same mail sent again has the same reference.
    pub reference: String,
    /// The subject.
    pub subject: String,
    /// The body as HTML.
    pub html: String,
    /// The same as plain text.
    pub text: String,
}

/// How a send ended. There is no error beside it: whoever sends must look at each of these.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SendOutcome {
    /// The other side took the mail.
    Accepted {
        /// What the other side calls the request, if it said so.
        receipt: Option<String>,
    },
    /// The other side certainly did not take it.
    Refused {
        /// A sentence for a person: what was wrong and what to do.
        reason: String,
        /// When to try again, or `None` where a person must change something first.
        retry_after: Option<Duration>,
    },
    /// Nobody can know whether it took it: sending again could make two mails.
    Unknown {
        /// A sentence for a person.
        reason: String,
    },
}

/// Sends mail to finance.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Notifier: Send + Sync {
    /// The channel's name in `summary_deliveries`, such as `outlook` or `folder`.
    fn channel(&self) -> &'static str;

    /// Sends one mail, at most once.
    ///
    /// It never tries again where the first attempt may have been accepted.
    async fn send(&self, mail: &Mail) -> SendOutcome;
}
