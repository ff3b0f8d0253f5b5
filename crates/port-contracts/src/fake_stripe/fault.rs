//! What can go wrong with one request.

use std::time::Duration;

use serde_json::Value;

use super::ERROR_TEXT;
use crate::fake_http::{Ending, Manner, Reply};

/// What can go wrong with one request.
#[derive(Clone, PartialEq, Debug)]
pub enum Fault {
    /// 429 `rate_limit`.
    TooMany {
        /// The `Retry-After` header.
        retry_after: Option<String>,
    },
    /// 409 `lock_timeout`.
    LockTimeout,
    /// 500 `api_error`.
    ServerError,
    /// 502 with a page.
    BadGatewayHtml,
    /// 200 with a page, as a captive portal answers.
    PageInsteadOfJson,
    /// 307 to this address.
    Redirect {
        /// The `Location` header.
        location: String,
    },
    /// No answer ever.
    Hang,
    /// The connection is reset without an answer.
    Reset,
    /// The right answer, after this long.
    Slow(Duration),
    /// The right answer without the header `Date`.
    NoDate,
    /// Half of the right answer's body, and the connection is reset. The client may have seen nothing of it.
    ResetMidway,
    /// Half of the right answer's body, and the connection is closed: the header `Content-Length` says too much.
    CutOff,
    /// The right answer, of whose body the header `Content-Length` covers half.
    LengthTooShort,
    /// The right answer with another object in the place of one.
    OddObject {
        /// Its place on the page, from 0; the last one if there are fewer. A single object has place 0.
        at: usize,
        /// What stands there.
        object: Value,
    },
}

impl Fault {
    /// How a request ends that gets no right answer.
    pub(super) fn ending(&self) -> Option<Ending> {
        Some(Ending::Reply(match self {
            Self::TooMany { retry_after } => too_many().with_header("retry-after", retry_after.clone()),
            Self::LockTimeout => Reply::error(409, "invalid_request_error", Some("lock_timeout")),
            Self::ServerError => Reply::error(500, "api_error", None),
            Self::BadGatewayHtml => Reply::html(502, ERROR_TEXT),
            Self::PageInsteadOfJson => Reply::html(200, ERROR_TEXT),
            Self::Redirect { location } => Reply::empty(307).with_header("location", Some(location.clone())),
            Self::Hang => return Some(Ending::Hang),
            Self::Reset => return Some(Ending::Reset),
            _ => return None,
        }))
    }

    /// How the right answer is sent.
    pub(super) fn manner(&self) -> Manner {
        match self {
            Self::Slow(after) => Manner::After(*after),
            Self::ResetMidway => Manner::ResetMidway,
            Self::CutOff => Manner::CutOff,
            Self::LengthTooShort => Manner::LengthTooShort,
            _ => Manner::Whole,
        }
    }
}

/// What the limiter answers.
pub(super) fn too_many() -> Reply {
    Reply::error(429, "invalid_request_error", Some("rate_limit"))
        .with_header("stripe-rate-limited-reason", Some("endpoint-rate".to_owned()))
}
