//! The sign-in service's token endpoint.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{ERROR_TEXT, State};
use crate::fake_http::{Ending, Reply, Request};

/// The `exp` of every token: the last second of 2099.
const EXPIRES_AT: u64 = 4_102_444_799;

/// One request for a token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenRequest {
    /// The tenant in the path.
    pub tenant: String,
    /// The `Authorization` header as it came.
    pub authorization: Option<String>,
    /// The form, decoded.
    pub form: BTreeMap<String, String>,
}

/// What can go wrong with one token request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SignInFault {
    /// 400 `invalid_client` with this AADSTS number, such as 7000215.
    Refused {
        /// The number.
        aadsts: u32,
    },
    /// 429.
    Throttled {
        /// The `Retry-After` header.
        retry_after: Option<String>,
    },
    /// 502 with a page.
    BadGatewayHtml,
    /// 200 with a page, as a captive portal answers.
    PageInsteadOfToken,
    /// No answer ever.
    Hang,
    /// The connection is closed without an answer.
    Drop,
    /// 307 to this address.
    Redirect {
        /// The `Location` header.
        location: String,
    },
}

pub(super) fn answer(tenant: &str, request: &Request, state: &mut State) -> Ending {
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(&request.body).into_owned().collect();
    let complete = ["client_id", "client_secret"].iter().all(|key| form.contains_key(*key))
        && form.get("grant_type").map(String::as_str) == Some("client_credentials")
        && form.get("scope").is_some_and(|scope| scope.ends_with("/.default"));
    state.token_requests.push(TokenRequest {
        tenant: tenant.to_owned(),
        authorization: request.header("authorization").map(ToOwned::to_owned),
        form,
    });
    match state.sign_in_faults.pop_front() {
        Some(fault) => fail(fault),
        None if !complete => Ending::Reply(refusal("invalid_request", 900_144)),
        None => Ending::Reply(issue(tenant, state)),
    }
}

fn fail(fault: SignInFault) -> Ending {
    Ending::Reply(match fault {
        SignInFault::Refused { aadsts } => refusal("invalid_client", aadsts),
        SignInFault::Throttled { retry_after } => {
            Reply::json(429, json!({"error": "temporarily_unavailable"}).to_string())
                .with_header("retry-after", retry_after)
        }
        SignInFault::BadGatewayHtml => Reply::html(502, ERROR_TEXT),
        SignInFault::PageInsteadOfToken => Reply::html(200, ERROR_TEXT),
        SignInFault::Hang => return Ending::Hang,
        SignInFault::Drop => return Ending::Drop,
        SignInFault::Redirect { location } => Reply::empty(307).with_header("location", Some(location)),
    })
}

fn refusal(error: &str, aadsts: u32) -> Reply {
    Reply::json(
        400,
        json!({
            "error": error,
            "error_description": format!("AADSTS{aadsts}: {ERROR_TEXT} Trace ID: 00000000-0000-0000-0000-000000000000"),
            "error_codes": [aadsts],
        })
        .to_string(),
    )
}

/// Whether a token that was issued here says this role.
pub(super) fn may(token: &str, role: &str) -> bool {
    let payload = token.split('.').nth(1).and_then(|payload| BASE64_URL_SAFE_NO_PAD.decode(payload).ok());
    let claims: Value = payload.and_then(|payload| serde_json::from_slice(&payload).ok()).unwrap_or_default();
    claims["roles"].as_array().is_some_and(|roles| roles.iter().any(|said| said == role))
}

/// A token looks like Microsoft's but is not signed.
fn issue(tenant: &str, state: &mut State) -> Reply {
    let number = state.issued_tokens.len() + 1;
    let mut claims = json!({
        "appid": state.token_requests.last().and_then(|request| request.form.get("client_id")),
        "exp": EXPIRES_AT,
        "jti": number.to_string(),
        "tid": tenant,
    });
    if !state.token_roles.is_empty() {
        claims["roles"] = json!(state.token_roles);
    }
    let part = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let token = format!("{}.{}.fake-signature-{number}", part(json!({"typ": "JWT"})), part(claims));
    state.issued_tokens.push(token.clone());
    Reply::json(
        200,
        json!({
            "token_type": "Bearer",
            "expires_in": state.token_lifetime_seconds,
            "ext_expires_in": state.token_lifetime_seconds,
            "access_token": token,
        })
        .to_string(),
    )
}
