//! Signatures, after the scheme of Stripe's webhooks: a receiver can check them with what it checks those with.

use std::fmt;

use chrono::{DateTime, Utc};
use hmac::digest::InvalidLength;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What signs for one endpoint.
#[derive(Clone)]
pub(crate) struct Signer(Hmac<Sha256>);

impl Signer {
    pub(crate) fn new(secret: &str) -> Result<Self, InvalidLength> {
        Hmac::new_from_slice(secret.as_bytes()).map(Self)
    }

    /// What nobody can make or undo who has not the secret: the same for the same text. No message is signed so, because a
    /// message begins with its time.
    pub(crate) fn mark(&self, text: &str) -> String {
        self.digits(&["mark ", text])
    }

    /// The header's value. The time is signed as well, so that nobody can send an old message as a new one.
    pub(crate) fn sign(&self, body: &str, at: DateTime<Utc>) -> String {
        let at = at.timestamp();
        format!("t={at},v1={}", self.digits(&[&format!("{at}."), body]))
    }

    fn digits(&self, parts: &[&str]) -> String {
        let mac = parts.iter().fold(self.0.clone(), Mac::chain_update);
        let nibble = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
        mac.finalize().into_bytes().into_iter().flat_map(|byte| [nibble(byte >> 4), nibble(byte & 15)]).collect()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_tells_texts_and_secrets_apart_and_is_no_signature() {
        let signer = |secret| Signer::new(secret).unwrap();
        let mark = signer("0123456789abcdef").mark("https://a.example/t0ken");
        assert_eq!(mark, signer("0123456789abcdef").mark("https://a.example/t0ken"));
        assert_eq!(mark.len(), 64);
        assert_ne!(mark, signer("0123456789abcdef").mark("https://a.example/another"));
        assert_ne!(mark, signer("another secret, as long").mark("https://a.example/t0ken"));
    }

    #[test]
    fn a_signature_is_the_hmac_of_the_time_and_the_body() {
        // printf %s '1795244400.{"a":1}' | openssl dgst -sha256 -hmac 0123456789abcdef
        let signer = Signer::new("0123456789abcdef").unwrap();
        let at = DateTime::from_timestamp(1_795_244_400, 999_999_999).unwrap();
        let expected = "t=1795244400,v1=df5a00f16a8aaaa2ea4c368f9104880f6c69ddc0808ae2e76ca8bc94ccfddd04";
        assert_eq!(signer.sign(r#"{"a":1}"#, at), expected);
    }
}
