use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::hex::hex;

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
    /// The files that go with it.
    pub attachments: Vec<Attachment>,
    /// When a person had it sent although it may be the second, so that whoever knows it by its reference takes it once more;
    /// `None` where it goes by itself.
    pub sent_again_at: Option<DateTime<Utc>>,
}

/// A file that goes with a mail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attachment {
    /// Its name: ASCII letters, digits, dots, hyphens, underscores and tildes.
    pub name: String,
    /// What it is, such as `text/csv`.
    pub media_type: &'static str,
    /// What is in it.
    pub content: Vec<u8>,
}

/// What one attempt to send a mail is called, as the text of a UUID, so that the people of the other side can find it.
///
/// It is made of what names the attempt and of when it was begun, so that it is known before anything is sent, and no other
/// installation has it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct RequestId(String);

impl RequestId {
    /// Of an attempt, counted from 1, to send the mail `reference` on `channel`.
    #[must_use]
    pub fn of(channel: &str, reference: &str, attempt: i32, begun_at: DateTime<Utc>) -> Self {
        let begun_at = begun_at.timestamp_micros();
        let named = Sha256::digest(format!("{channel}\n{reference}\n{attempt}\n{begun_at}"));
        let mut digits = hex(&named);
        digits.truncate(32);
        // What RFC 9562 calls version 8: made of something, not of chance.
        digits.replace_range(12..13, "8");
        digits.replace_range(16..17, "8");
        for place in [20, 16, 12, 8] {
            digits.insert(place, '-');
        }
        Self(digits)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a send ended. There is no error beside it: whoever sends must look at each of these.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SendOutcome {
    /// The other side took the mail.
    Accepted {
        /// What the other side calls the request, if it said so.
        receipt: Option<String>,
    },
    /// The other side certainly did not take it, or would know it again by its reference and take it once.
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

/// What a look for a mail has shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// The other side has it.
    There,
    /// The other side does not have it, or would know it again by its reference and take it once.
    NotThere,
    /// This can't be told, or not now.
    CannotTell {
        /// A sentence for a person: why, and what to do.
        reason: String,
    },
}

/// Sends mail to finance.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Notifier: Send + Sync {
    /// The channel's name in `summary_deliveries`, such as `outlook` or `folder`.
    fn channel(&self) -> &'static str;

    /// Sends one mail, at most once, and tells the other side what the attempt is called.
    ///
    /// It never tries again where the first attempt may have been accepted.
    async fn send(&self, mail: &Mail, attempt: &RequestId) -> SendOutcome;

    /// Where a mail that is sent now could be looked for, or would be known again, later, such as the address of a mailbox;
    /// `None` where neither. It is kept, so that nothing secret is in it. Whoever has another place can't tell what became of
    /// the mail.
    fn place(&self) -> Option<String>;

    /// Looks for the mail of one attempt, which may have been taken, by its [reference](Mail::reference) and what the attempt
    /// is called. It sends nothing, and is asked only in the [place](Self::place) to which the mail went.
    ///
    /// It says [`Found::There`] or [`Found::NotThere`] only where that is certain: after the one nothing is sent, and after the
    /// other the mail is sent again under the same reference.
    async fn find(&self, reference: &str, attempt: &RequestId) -> Found;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_is_called_by_a_uuid_of_its_own() {
        let at = |second| DateTime::from_timestamp(second, 0).unwrap();
        let (day, begun) = ("summary/2026-11-21", at(1_780_000_000));
        let first = RequestId::of("outlook", day, 1, begun);
        assert_eq!(first.to_string(), "f874b86a-61dc-8a75-87fe-2e41ed3fe33a");
        let others =
            [("folder", day, 1, begun), ("outlook", "summary/2026-11-22", 1, begun), ("outlook", day, 2, begun)];
        for (channel, reference, attempt, begun) in others.into_iter().chain([("outlook", day, 1, at(1_780_000_001))]) {
            assert_ne!(RequestId::of(channel, reference, attempt, begun), first);
        }
    }
}
