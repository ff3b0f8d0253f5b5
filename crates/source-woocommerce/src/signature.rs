//! Signatures: whether a body is the shop's.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chargebook_domain::ports::DeliveryRefused;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// The secrets that signatures are checked with.
#[derive(Debug)]
pub(crate) struct Secrets(Vec<SecretString>);

impl Secrets {
    pub(crate) fn new(secrets: Vec<SecretString>) -> Result<Self, SecretsError> {
        if secrets.is_empty() {
            return Err(SecretsError::None);
        }
        if let Some(index) = secrets.iter().position(|secret| !is_secret(secret.expose_secret())) {
            return Err(SecretsError::Malformed { position: index.saturating_add(1) });
        }
        let decoded: Vec<_> = secrets.iter().filter_map(decoded).collect();
        Ok(Self(secrets.into_iter().chain(decoded).collect()))
    }

    /// Accepts a body which one of the secrets signed: base64 of its HMAC-SHA256, compared in constant time.
    pub(crate) fn verify(&self, body: &[u8], header: &str) -> Result<(), DeliveryRefused> {
        let signature = STANDARD.decode(header.trim()).map_err(|_| DeliveryRefused::SignatureInvalid)?;
        let is_signed = |secret: &SecretString| {
            mac(body, secret.expose_secret()).is_some_and(|mac| mac.verify_slice(&signature).is_ok())
        };
        if self.0.iter().any(is_signed) { Ok(()) } else { Err(DeliveryRefused::SignatureInvalid) }
    }
}

/// `None` for no secret: HMAC takes a key of any length.
fn mac(body: &[u8], secret: &str) -> Option<Hmac<Sha256>> {
    Some(Hmac::new_from_slice(secret.as_bytes()).ok()?.chain_update(body))
}

/// An empty secret would accept whatever is signed with nothing, and a space at its end comes from copying it. Those that
/// WooCommerce makes up have spaces within.
fn is_secret(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && !text.chars().any(char::is_control)
}

/// The secret as WooCommerce signs with it, where that is another: what WordPress stores has `&`, `<`, `>` and quotes
/// written as HTML, and WooCommerce undoes that before it signs. A person may have copied either.
fn decoded(secret: &SecretString) -> Option<SecretString> {
    let written = secret.expose_secret();
    let mut meant = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(at) = rest.find('&') {
        let (before, from) = rest.split_at(at);
        meant.push_str(before);
        let entity = from.find(';').and_then(|end| Some((character(from.get(1..end)?)?, from.get(end + 1..)?)));
        let (character, behind) = entity.unwrap_or_else(|| ('&', from.get(1..).unwrap_or_default()));
        meant.push(character);
        rest = behind;
    }
    meant.push_str(rest);
    (meant != written && !meant.is_empty()).then(|| meant.into())
}

/// The character that WordPress's `wp_specialchars_decode(ENT_QUOTES)` makes of an entity, without `&` and `;`.
fn character(entity: &str) -> Option<char> {
    let number = |digits: &str| digits.trim_start_matches('0').to_owned();
    match entity {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        _ => {}
    }
    let digits = entity.strip_prefix('#')?;
    match digits.strip_prefix(['x', 'X']) {
        Some(hex) => match number(hex).as_str() {
            "22" => Some('"'),
            "26" => Some('&'),
            "27" => Some('\''),
            _ => None,
        },
        None => match number(digits).as_str() {
            "34" => Some('"'),
            "38" => Some('&'),
            "39" => Some('\''),
            "60" => Some('<'),
            "62" => Some('>'),
            _ => None,
        },
    }
}

/// Why a shop's webhook secrets can't be used. Never holds a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretsError {
    /// There is none.
    #[error("there is no webhook secret: copy it from WooCommerce, Settings, Advanced, Webhooks")]
    None,
    /// One of them can't be a secret.
    #[error("webhook secret number {position} is empty, or has spaces at its ends or control characters")]
    Malformed {
        /// Which one, counted from 1.
        position: usize,
    },
}

/// The header `X-WC-Webhook-Signature` that WooCommerce would send with `body`: for tests and the demo.
#[must_use]
pub fn sign(body: &[u8], secret: &str) -> String {
    mac(body, secret).map(|mac| STANDARD.encode(mac.finalize().into_bytes())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_decoded_as_wordpress_does() {
        for (written, meant) in [
            ("plain", None),
            ("a & b", None),
            ("a&b;c", None),
            ("a&amp;b", Some("a&b")),
            ("&lt;&gt;&quot;&#039;&#39;&#x27;&#X0027;&#x22;&#034;", Some("<>\"''''\"\"")),
            ("&#060;&#62;&#38;&#x26;", Some("<>&&")),
            // Decoded once, and what WordPress does not know stays.
            ("&amp;lt;", Some("&lt;")),
            ("&apos;&amp;&eacute;&#x3c;", Some("&apos;&&eacute;&#x3c;")),
            ("&&amp;&", Some("&&&")),
            ("&AMP;", None),
        ] {
            let decoded = decoded(&written.into());
            assert_eq!(decoded.as_ref().map(ExposeSecret::expose_secret), meant, "{written}");
        }
    }
}
