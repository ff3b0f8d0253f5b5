//! What an application proves itself by, where that is no secret: a signed token.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::DateTime;
use ring::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, from_slice};
use sha2::{Digest as _, Sha256};

use super::{DATE, State};
use crate::fake_http::Request;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The longest that an assertion may live.
const LIFE_SECONDS_MAX: i64 = 600;

/// Whom the service believes, and what it has been told before.
#[derive(Debug, Default)]
pub(super) struct Trusted {
    /// The `RSAPublicKey` of each certificate, by the certificate's SHA-256 in base64url.
    certificates: BTreeMap<String, Vec<u8>>,
    tokens: BTreeSet<String>,
    ids: BTreeSet<String>,
}

impl Trusted {
    pub(super) fn add_certificate(&mut self, certificate: &[u8], public_key: Vec<u8>) {
        let thumbprint = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(certificate));
        self.certificates.insert(thumbprint, public_key);
    }

    pub(super) fn add_token(&mut self, token: &str) {
        self.tokens.insert(token.to_owned());
    }
}

/// Whether the form proves the application, or the AADSTS number of the refusal.
pub(super) fn proof(
    tenant: &str,
    form: &BTreeMap<String, String>,
    request: &Request,
    state: &mut State,
) -> Result<(), u32> {
    let field = |name: &str| form.get(name).map(String::as_str);
    let assertion = match (field("client_secret"), field("client_assertion")) {
        (Some(secret), None) if !secret.is_empty() => return Ok(()),
        (None, Some(assertion)) if field("client_assertion_type") == Some(ASSERTION_TYPE) => assertion,
        _ => return Err(7_000_218),
    };
    if state.trusted.tokens.contains(assertion) {
        return Ok(());
    }
    // What no certificate's key says to have signed is taken for a token of another platform.
    let (claims, is_signed) = read(assertion, &state.trusted).ok_or(700_213_u32)?;
    if !is_signed {
        return Err(700_027);
    }
    let token_url = format!("http://{}/{tenant}/oauth2/v2.0/token", request.header("host").unwrap_or_default());
    let client = field("client_id").unwrap_or_default();
    if claims["aud"] != token_url {
        return Err(700_023);
    }
    if claims["iss"] != client || claims["sub"] != client {
        return Err(700_021);
    }
    let now = DateTime::parse_from_rfc2822(DATE).unwrap_or_default().timestamp();
    let time = |name: &str| claims[name].as_i64().ok_or(700_024_u32);
    let (begins, ends) = (time("nbf")?, time("exp")?);
    if begins > now || ends <= now || ends - begins > LIFE_SECONDS_MAX {
        return Err(700_024);
    }
    let id = claims["jti"].as_str().filter(|id| !id.is_empty()).ok_or(50_027_u32)?;
    if state.trusted.ids.insert(id.to_owned()) { Ok(()) } else { Err(50_027) }
}

/// The claims, and whether a trusted certificate's key has signed them; `None` where the header names no certificate.
fn read(assertion: &str, trusted: &Trusted) -> Option<(Value, bool)> {
    let (said, signature) = assertion.rsplit_once('.')?;
    let (header, claims) = said.split_once('.')?;
    let decoded = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).ok();
    let json = |part: &str| from_slice::<Value>(&decoded(part)?).ok();
    let (header, claims) = (json(header)?, json(claims)?);
    let thumbprint = header["x5t#S256"].as_str()?;
    let is_signed = header["alg"] == "PS256"
        && header["typ"] == "JWT"
        && trusted.certificates.get(thumbprint).is_some_and(|key| {
            let key = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, key);
            key.verify(said.as_bytes(), &decoded(signature).unwrap_or_default()).is_ok()
        });
    Some((claims, is_signed))
}
