//! What a receiver's answer means, or that there is none. Of an answer, its status and when to come again are looked at.

use std::fmt::Display;
use std::time::Duration;

use chargebook_domain::ports::SendOutcome;
use reqwest::{Response, StatusCode};

use crate::wait::asked_wait;

/// The outcome of an answer; `endpoint` is what people call the one that was asked.
pub(crate) fn outcome(endpoint: &dyn Display, response: &Response) -> SendOutcome {
    judged(endpoint, response.status(), asked_wait(response.headers()))
}

fn judged(endpoint: &dyn Display, status: StatusCode, wait: Duration) -> SendOutcome {
    if status.is_success() {
        return SendOutcome::Accepted { receipt: None };
    }
    let (to_do, retry_after) = match status.as_u16() {
        408 | 425 | 429 | 500.. => ("It is sent again; where this goes on, look into the receiver's log.", Some(wait)),
        300..=399 => {
            ("It was a redirect, which is not followed: make the endpoint's url the one that it leads to.", None)
        }
        401 | 403 => (
            "Give the receiver this endpoint's secret and the right time, and see that nothing before it asks for a \
             log-in; then send it again.",
            None,
        ),
        404 | 405 | 410 => ("Correct the endpoint's url, or the receiver's route for POST; then send it again.", None),
        _ => ("Its log should say what it does not like about the message; correct that, then send it again.", None),
    };
    let status = status.as_u16();
    let reason = format!("The receiver of {endpoint} did not take the message (HTTP {status}). {to_do}");
    SendOutcome::Refused { reason, retry_after }
}

/// The outcome where there is no answer. The library's own text is not repeated: it holds the address.
pub(crate) fn no_answer(endpoint: &dyn Display, error: &reqwest::Error) -> SendOutcome {
    let unknown = |what| SendOutcome::Unknown {
        reason: format!("Nobody can know whether the receiver of {endpoint} took the message: {what}."),
    };
    if error.is_builder() {
        refused_for_good(endpoint, "can't be sent: the endpoint's url or the message's id can't be in a request")
    } else if error.is_connect() {
        SendOutcome::Refused {
            reason: format!(
                "The receiver of {endpoint} cannot be reached. Check that it runs, that its certificate is right, and \
                 the endpoint's url."
            ),
            retry_after: Some(Duration::ZERO),
        }
    } else if error.is_timeout() {
        unknown("no answer came in time")
    } else {
        unknown("the connection was lost before an answer came")
    }
}

/// A message that a person must see to.
pub(crate) fn refused_for_good(endpoint: &dyn Display, what: &str) -> SendOutcome {
    SendOutcome::Refused { reason: format!("The message to {endpoint} {what}."), retry_after: None }
}

#[cfg(test)]
mod tests {
    use chargebook_domain::rules::EndpointName;

    use super::*;

    fn shop() -> EndpointName {
        EndpointName::parse("shop").unwrap()
    }

    fn refusal(status: u16) -> (String, Option<Duration>) {
        let wait = Duration::from_secs(7);
        match judged(&shop(), StatusCode::from_u16(status).unwrap(), wait) {
            SendOutcome::Refused { reason, retry_after } => (reason, retry_after),
            other => panic!("{status} is {other:?}"),
        }
    }

    #[test]
    fn every_success_is_one() {
        for status in 200..300 {
            let outcome = judged(&shop(), StatusCode::from_u16(status).unwrap(), Duration::ZERO);
            assert_eq!(outcome, SendOutcome::Accepted { receipt: None }, "{status}");
        }
    }

    #[test]
    fn what_may_pass_is_tried_again_and_all_else_is_for_a_person() {
        for status in (100..200).chain(300..600) {
            let (reason, retry_after) = refusal(status);
            let passes = matches!(status, 408 | 425 | 429 | 500..);
            assert_eq!(retry_after, passes.then_some(Duration::from_secs(7)), "{status}");
            assert!(reason.contains(&format!("HTTP {status}")) && reason.contains("shop"), "{reason}");
            assert!(reason.ends_with('.'), "{reason}");
        }
        assert!(refusal(302).0.contains("redirect"));
        assert!(refusal(401).0.contains("secret"));
        assert!(refusal(404).0.contains("url"));
    }
}
