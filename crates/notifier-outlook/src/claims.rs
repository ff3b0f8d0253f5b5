//! What an access token says of itself.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde_json::Value;

const SEND: &str = "Mail.Send";

/// What an access token says of itself, unverified: for a person to read, never to decide by.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TokenClaims {
    /// The tenant's GUID.
    pub tenant: Option<String>,
    /// The application's GUID.
    pub application: Option<String>,
    /// The application permissions with admin consent. May be empty although sending works.
    pub roles: Vec<String>,
    /// When the token ends.
    pub expires_at: Option<DateTime<Utc>>,
}

impl TokenClaims {
    /// What a person should know about the roles. It is no fault in either case.
    #[must_use]
    pub fn remark(&self) -> &'static str {
        if self.roles.iter().any(|role| role == SEND) {
            "The token has Mail.Send for the whole tenant: unless a policy limits it, the application can send as \
             every mailbox. RBAC for Applications can limit it to one."
        } else {
            "The token has no Mail.Send. That is right if RBAC for Applications in Exchange Online grants it; \
             otherwise give admin consent to Mail.Send. Only a mail will show."
        }
    }

    /// Of a token that is no readable JWT, nothing is known.
    pub(crate) fn read(token: &str) -> Self {
        let claims = claims(token).unwrap_or_default();
        let text = |name: &str| Some(claims.get(name)?.as_str()?.to_owned());
        Self {
            tenant: text("tid"),
            application: text("appid").or_else(|| text("azp")),
            roles: claims
                .get("roles")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|role| Some(role.as_str()?.to_owned()))
                .collect(),
            expires_at: claims
                .get("exp")
                .and_then(Value::as_i64)
                .and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
        }
    }
}

fn claims(token: &str) -> Option<Value> {
    let payload = token.split('.').nth(1)?;
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_is_no_jwt_says_nothing() {
        for token in ["", "opaque", "a.b.c", "a.e30.c", "..", "a.W10.c"] {
            assert_eq!(TokenClaims::read(token), TokenClaims::default(), "{token}");
        }
    }
}
