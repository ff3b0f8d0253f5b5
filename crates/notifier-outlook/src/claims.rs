//! What an access token says of itself.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde_json::Value;

/// With consent in Entra, each of these is for every mailbox of the tenant.
const OF_MAIL: [&str; 4] = ["Mail.Send", "Mail.Read", "Mail.ReadBasic.All", "Mail.ReadWrite"];

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
    pub fn remark(&self) -> String {
        let wide: Vec<_> = OF_MAIL.into_iter().filter(|name| self.roles.iter().any(|role| role == name)).collect();
        if wide.is_empty() {
            "The token has no permission for mail. That is right if RBAC for Applications in Exchange Online grants it; \
             otherwise give admin consent to Mail.Send. Only a mail will show."
                .to_owned()
        } else {
            let wide = wide.join(" and ");
            format!(
                "The token has {wide} for the whole tenant: unless a policy limits it, the application has that of every \
                 mailbox. RBAC for Applications can limit it to one, once the consent in Entra is removed."
            )
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
    fn what_is_granted_for_every_mailbox_is_named() {
        let remark = |roles: &[&str]| {
            let roles = roles.iter().map(ToString::to_string).collect();
            TokenClaims { roles, ..TokenClaims::default() }.remark()
        };
        for (roles, named) in [
            (&["Mail.Send"][..], "has Mail.Send for the whole tenant"),
            (&["Mail.Read", "User.Read.All", "Mail.Send"], "has Mail.Send and Mail.Read for the whole tenant"),
            (&["Mail.ReadWrite"], "has Mail.ReadWrite for the whole tenant"),
            (&["User.Read.All"], "no permission for mail"),
            (&[], "no permission for mail"),
        ] {
            assert!(remark(roles).contains(named), "{roles:?}: {}", remark(roles));
        }
    }

    #[test]
    fn a_token_that_is_no_jwt_says_nothing() {
        for token in ["", "opaque", "a.b.c", "a.e30.c", "..", "a.W10.c"] {
            assert_eq!(TokenClaims::read(token), TokenClaims::default(), "{token}");
        }
    }
}
