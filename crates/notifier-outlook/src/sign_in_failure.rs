//! Why there is no token, and what to do about it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;
use thiserror::Error;

use crate::credential::FileProblem;
use crate::transport::{NoAnswer, token_like};
use crate::wait::{USUAL_WAIT, asked_wait};

/// How long something that answers in the sign-in service's place may last, such as a captive portal.
const PORTAL_WAIT: Duration = Duration::from_mins(10);

/// How soon a file is read again that can't be used: whoever replaces it may not be done yet.
const FILE_WAIT: Duration = Duration::from_mins(10);

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

/// The file of this setting can't be used.
pub(crate) fn unusable(key: &str, problem: FileProblem) -> SignInFailure {
    failure(
        &format!("The application can't sign in: the file of {key} {problem}."),
        "Correct the file.",
        Some(FILE_WAIT),
    )
}

/// The certificate ended at this time.
pub(crate) fn ended(at: DateTime<Utc>) -> SignInFailure {
    failure(
        &format!("The application can't sign in: its certificate ended at {}.", at.format("%Y-%m-%d %H:%M UTC")),
        "Upload a new one to the application in Entra, and put it into the file of outlook.certificate_file.",
        None,
    )
}

/// Nothing could be signed.
pub(crate) fn not_made() -> SignInFailure {
    failure("What proves the application to the sign-in service could not be made.", "Try again.", Some(USUAL_WAIT))
}

/// A success that holds no token.
pub(crate) fn no_token(status: StatusCode) -> SignInFailure {
    failure(
        &format!("The sign-in service answered HTTP {} without a token.", status.as_u16()),
        "Check outlook.authority, and that no proxy answers in its place.",
        Some(PORTAL_WAIT),
    )
}

/// A refusal, where the application proves itself by what `key` gives.
pub(crate) fn refused(status: StatusCode, headers: &HeaderMap, body: &Value, key: &str) -> SignInFailure {
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
    failure(&format!("The sign-in service refused the application ({details})."), &what_to_do(number, key), None)
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

fn what_to_do(aadsts: Option<u64>, key: &str) -> String {
    let to_do = match aadsts {
        Some(7_000_215) => "The secret is wrong: set outlook.client_secret to the secret's value, not to its id.",
        Some(7_000_222) => "The secret has expired: make a new one in Entra and set outlook.client_secret.",
        Some(700_016) => "The tenant does not know the application: check outlook.client_id and outlook.tenant_id.",
        Some(90_002 | 900_023) => "There is no such tenant: check outlook.tenant_id and outlook.authority.",
        Some(500_011) => {
            "The tenant does not know this Graph: outlook.graph_base and outlook.authority must be of one cloud."
        }
        Some(7_000_112) => "The application is disabled: enable it in Entra.",
        Some(700_027) => {
            "The application has no such certificate, or it has ended: upload the one in the file of \
             outlook.certificate_file to the application in Entra."
        }
        Some(700_023) => "The assertion was made for another address: check outlook.authority.",
        Some(700_024) if key == "outlook.federated_token_file" => {
            "The token in the file of outlook.federated_token_file has ended: see that the platform replaces it."
        }
        Some(700_024) => "The assertion's time is not now: set this machine's clock, by NTP.",
        Some(70_021 | 700_211 | 700_212 | 700_213) => {
            "No federated credential of the application is for this token: in Entra, compare issuer, subject and \
             audience with those of the token in the file of outlook.federated_token_file."
        }
        _ => return format!("Check outlook.tenant_id, outlook.client_id and {key} in Entra."),
    };
    to_do.to_owned()
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
            (700_027, "upload the one in the file of outlook.certificate_file"),
            (700_023, "outlook.authority"),
            (700_024, "clock"),
            (70_021, "outlook.federated_token_file"),
            (700_213, "outlook.federated_token_file"),
            (1, "outlook.certificate_file in Entra"),
            (1, "outlook.tenant_id"),
        ] {
            let body = json!({"error": "invalid_client", "error_codes": [number]});
            let failure = refused(StatusCode::BAD_REQUEST, &HeaderMap::new(), &body, "outlook.certificate_file");
            assert!(failure.reason.contains(key), "{number}: {failure}");
            assert!(failure.reason.contains(&format!("AADSTS{number}")), "{failure}");
            assert_eq!(failure.retry_after, None);
        }
        let federated = what_to_do(Some(700_024), "outlook.federated_token_file");
        assert!(federated.contains("the platform replaces it"), "{federated}");
    }
}
