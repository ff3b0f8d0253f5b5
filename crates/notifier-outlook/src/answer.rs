//! What Graph's answer to sendMail means.

use std::time::Duration;

use chargebook_domain::ports::{RequestId, SendOutcome};
use reqwest::{Response, StatusCode};
use serde_json::Value;

use crate::transport::{NoAnswer, json_body, token_like};
use crate::wait::{USUAL_WAIT, asked_wait};

/// A grant takes up to two hours to reach Exchange, so an hour later a 403 may have healed.
const GRANT_WAIT: Duration = Duration::from_hours(1);

/// With these codes a 503 or 509 is a refusal made before any work. `serviceNotAvailable` is not one of them: a
/// gateway says it also when the service behind it stopped in the middle.
const THROTTLED: [&str; 6] = [
    "ApplicationThrottled",
    "activityLimitReached",
    "TooManyRequests",
    "tooManyRequests",
    "ErrorServerBusy",
    "MailboxInfoStale",
];

const LOOK_FIRST: &str = "Look in Sent Items of the sender's mailbox before it is sent again.";

/// What an answer holds that a person can be told.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    code: Option<String>,
    request_id: Option<String>,
    wait: Duration,
}

/// The outcome of an answer; `sent_as` is what we call the request, for answers that call it nothing.
pub(crate) async fn outcome(response: Response, sent_as: &RequestId) -> SendOutcome {
    if response.status() == StatusCode::ACCEPTED {
        return SendOutcome::Accepted { receipt: request_id(&response) };
    }
    let (answer, _) = Answer::read(response).await;
    answer.outcome(sent_as)
}

/// The outcome where there is no answer.
pub(crate) fn no_answer(why: NoAnswer, sent_as: &RequestId) -> SendOutcome {
    let unknown = |what: &str| SendOutcome::Unknown {
        reason: format!(
            "Nobody can know whether Graph took the mail: {what} (client-request-id {sent_as}). {LOOK_FIRST}"
        ),
    };
    match why {
        NoAnswer::NotBuilt => refused(
            "The request could not be made, so no mail was sent.",
            "Check outlook.graph_base and outlook.sender.",
            None,
        ),
        NoAnswer::NotConnected => refused(
            "Graph cannot be reached, so no mail was sent.",
            "Check outlook.graph_base and the network.",
            Some(USUAL_WAIT),
        ),
        NoAnswer::TimedOut => unknown("no answer came in time"),
        NoAnswer::Lost => unknown("the connection was lost before an answer came"),
    }
}

impl Answer {
    /// An answer and its body; `null` for one that is no JSON, or endless, or broken off.
    pub(crate) async fn read(response: Response) -> (Self, Value) {
        let (status, wait, request_id) = (response.status(), asked_wait(response.headers()), request_id(&response));
        let body = json_body(response).await.unwrap_or_default();
        (Self { status, code: error_code(&body), request_id, wait }, body)
    }

    fn outcome(&self, sent_as: &RequestId) -> SendOutcome {
        match self.status.as_u16() {
            401 => self.refused(
                "Graph does not accept even a fresh token: outlook.authority and outlook.graph_base must be of one cloud.",
                None,
            ),
            403 => self.refused(
                "The application may not send from this mailbox: grant it Mail.Send, or put the mailbox into its scope. \
                 A change takes up to two hours to hold.",
                Some(GRANT_WAIT),
            ),
            404 => self.refused(
                "The sender's mailbox does not exist or has no Exchange Online licence: check outlook.sender.",
                None,
            ),
            413 => self.refused("The mail is larger than Graph takes.", None),
            429 => self.busy(),
            503 | 509 if self.is_throttled() => self.busy(),
            // The only 4xx that a gateway may say after it passed the request on.
            408 => self.unknown(sent_as),
            400..=499 => self.refused("Check outlook.sender and outlook.recipients.", None),
            _ => self.unknown(sent_as),
        }
    }

    fn is_throttled(&self) -> bool {
        let code = self.code.as_deref();
        code.is_some_and(|code| THROTTLED.contains(&code))
    }

    fn busy(&self) -> SendOutcome {
        self.refused("It is too busy at the moment; nothing needs to be changed.", Some(self.wait))
    }

    fn refused(&self, to_do: &str, retry_after: Option<Duration>) -> SendOutcome {
        let what = format!("Graph refused the mail ({}).", self.details(None));
        refused(&what, to_do, retry_after)
    }

    fn unknown(&self, sent_as: &RequestId) -> SendOutcome {
        let note = if self.status.is_redirection() {
            " It was a redirect, which is not followed: check outlook.graph_base."
        } else {
            ""
        };
        let details = self.details(Some(sent_as));
        SendOutcome::Unknown {
            reason: format!(
                "Nobody can know whether Graph took the mail: its answer was {details}.{note} {LOOK_FIRST}"
            ),
        }
    }

    pub(crate) fn details(&self, sent_as: Option<&RequestId>) -> String {
        let theirs = self.request_id.as_ref().map(|id| format!("request-id {id}"));
        let ours = sent_as.map(|id| format!("client-request-id {id}"));
        let details: Vec<String> = [Some(format!("HTTP {}", self.status.as_u16())), self.code.clone(), theirs.or(ours)]
            .into_iter()
            .flatten()
            .collect();
        details.join(", ")
    }
}

fn refused(what: &str, to_do: &str, retry_after: Option<Duration>) -> SendOutcome {
    SendOutcome::Refused { reason: format!("{what} {to_do}"), retry_after }
}

fn request_id(response: &Response) -> Option<String> {
    let value = response.headers().get("request-id")?.to_str().ok()?;
    token_like(value).map(ToOwned::to_owned)
}

fn error_code(body: &Value) -> Option<String> {
    let code = body.pointer("/error/code")?.as_str()?;
    token_like(code).map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[derive(PartialEq, Eq, Debug)]
    enum Kind {
        RefusedForGood,
        RefusedForNow,
        Unknown,
    }

    fn kind(status: u16, code: Option<&str>) -> Kind {
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap(),
            code: code.map(ToOwned::to_owned),
            request_id: None,
            wait: USUAL_WAIT,
        };
        match answer.outcome(&RequestId::of("outlook", "a mail", 1, DateTime::UNIX_EPOCH)) {
            SendOutcome::Accepted { .. } => panic!("{status} is not accepted"),
            SendOutcome::Refused { retry_after, .. } => match retry_after {
                None => Kind::RefusedForGood,
                Some(_) => Kind::RefusedForNow,
            },
            SendOutcome::Unknown { .. } => Kind::Unknown,
        }
    }

    #[test]
    fn only_a_certain_refusal_is_called_one() {
        for status in [400, 401, 404, 405, 409, 413, 415, 451] {
            assert_eq!(kind(status, None), Kind::RefusedForGood, "{status}");
        }
        for status in [403, 429] {
            assert_eq!(kind(status, None), Kind::RefusedForNow, "{status}");
        }
        for status in [200, 201, 204, 301, 302, 303, 307, 308, 408, 500, 502, 503, 504, 509] {
            assert_eq!(kind(status, None), Kind::Unknown, "{status}");
        }
        for code in THROTTLED {
            assert_eq!(kind(503, Some(code)), Kind::RefusedForNow, "{code}");
            assert_eq!(kind(509, Some(code)), Kind::RefusedForNow, "{code}");
            assert_eq!(kind(504, Some(code)), Kind::Unknown, "{code}");
        }
        assert_eq!(kind(503, Some("serviceNotAvailable")), Kind::Unknown);
    }

    #[test]
    fn free_text_is_not_taken_for_a_code() {
        let code = |text: &str| error_code(&serde_json::json!({"error": {"code": text}}));
        assert_eq!(code("ErrorAccessDenied").as_deref(), Some("ErrorAccessDenied"));
        for text in ["", "not a code", "a@b.c", &"x".repeat(65)] {
            assert_eq!(code(text), None, "{text}");
        }
    }
}
