//! Why there is no token, and what to do about it.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;
use thiserror::Error;

use crate::transport::{NoAnswer, token_like};
use crate::wait::{USUAL_WAIT, asked_wait};

/// How long something that answers in the sign-in service's place may last, such as a captive portal.
const PORTAL_WAIT: Duration = Duration::from_mins(10);

/// There is no token, so Graph was asked nothing.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{reason}")]
pub struct SignInFailure {
    /// Sentences for a person: what was wrong and what to do.
    pub reason: String,
    /// When to try again, or `None` where a person must change something first.
    pub retry_after: Option<Duration>,
}

pub(crate) fn no_answer(why: NoAnswer) -> SignInFailure {
    let (what, retry_after) = match why {
        NoAnswer::NotBuilt => ("could not be asked with these settings", None),
        NoAnswer::NotConnected => ("cannot be reached", Some(USUAL_WAIT)),
        NoAnswer::TimedOut => ("did not answer in time", Some(USUAL_WAIT)),
        NoAnswer::Lost => ("closed the connection without an answer", Some(USUAL_WAIT)),
    };
    failure(&format!("Microsoft's sign-in service {what}."), "Check outlook.authority and the network.", retry_after)
}

/// A success that holds no token.
pub(crate) fn no_token(status: StatusCode) -> SignInFailure {
    failure(
        &format!("The sign-in service answered HTTP {} without a token.", status.as_u16()),
        "Check outlook.authority, and that no proxy answers in its place.",
        Some(PORTAL_WAIT),
    )
}

pub(crate) fn refused(status: StatusCode, headers: &HeaderMap, body: &Value) -> SignInFailure {
    let number = aadsts(body);
    let error = body["error"].as_str().and_then(token_like);
    let details: Vec<String> = [
        Some(format!("HTTP {}", status.as_u16())),
        number.map(|number| format!("AADSTS{number}")),
        error.map(ToOwned::to_owned),
    ]
    .into_iter()
    .flatten()
    .collect();
    let details = details.join(", ");
    if status.is_redirection() {
        return failure(
            &format!("The sign-in service answered with a redirect ({details}), which is not followed."),
            "Check outlook.authority, and that no proxy answers in its place.",
            Some(PORTAL_WAIT),
        );
    }
    let passing = status.is_server_error()
        || [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT].contains(&status)
        || body["error"] == "temporarily_unavailable";
    if passing {
        return failure(
            &format!("The sign-in service has a passing fault ({details})."),
            "Nothing needs to be changed.",
            Some(asked_wait(headers)),
        );
    }
    failure(&format!("The sign-in service refused the application ({details})."), what_to_do(number), None)
}

fn failure(what: &str, to_do: &str, retry_after: Option<Duration>) -> SignInFailure {
    SignInFailure { reason: format!("{what} {to_do}"), retry_after }
}

fn aadsts(body: &Value) -> Option<u64> {
    let listed = body.pointer("/error_codes/0").and_then(Value::as_u64);
    listed.or_else(|| {
        let (_, rest) = body["error_description"].as_str()?.split_once("AADSTS")?;
        let end = rest.find(|c: char| !c.is_ascii_digit());
        rest[..end.unwrap_or(rest.len())].parse().ok()
    })
}

fn what_to_do(aadsts: Option<u64>) -> &'static str {
    match aadsts {
        Some(7_000_215) => "The secret is wrong: set outlook.client_secret to the secret's value, not to its id.",
        Some(7_000_222) => "The secret has expired: make a new one in Entra and set outlook.client_secret.",
        Some(700_016) => "The tenant does not know the application: check outlook.client_id and outlook.tenant_id.",
        Some(90_002 | 900_023) => "There is no such tenant: check outlook.tenant_id and outlook.authority.",
        Some(500_011) => {
            "The tenant does not know this Graph: outlook.graph_base and outlook.authority must be of one cloud."
        }
        Some(7_000_112) => "The application is disabled: enable it in Entra.",
        _ => "Check outlook.tenant_id, outlook.client_id and outlook.client_secret in Entra.",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_number_is_found_in_the_list_or_in_the_text() {
        assert_eq!(aadsts(&json!({"error_codes": [7_000_215]})), Some(7_000_215));
        let text = json!({"error_description": "AADSTS90002: Tenant 'x' not found."});
        assert_eq!(aadsts(&text), Some(90_002));
        assert_eq!(aadsts(&json!({"error_description": "AADSTS"})), None);
        assert_eq!(aadsts(&Value::Null), None);
    }

    #[test]
    fn each_known_number_says_what_to_change() {
        for (number, key) in [
            (7_000_215, "outlook.client_secret"),
            (7_000_222, "expired"),
            (700_016, "outlook.client_id"),
            (90_002, "outlook.tenant_id"),
            (500_011, "outlook.graph_base"),
            (1, "outlook.tenant_id"),
        ] {
            let body = json!({"error": "invalid_client", "error_codes": [number]});
            let failure = refused(StatusCode::BAD_REQUEST, &HeaderMap::new(), &body);
            assert!(failure.reason.contains(key), "{number}: {failure}");
            assert!(failure.reason.contains(&format!("AADSTS{number}")), "{failure}");
            assert_eq!(failure.retry_after, None);
        }
    }
}
