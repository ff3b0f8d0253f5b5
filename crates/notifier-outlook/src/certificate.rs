//! A certificate with its key, and what the application says and signs with it.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{KeyPair as _, RSA_PSS_SHA256, RsaKeyPair};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use thiserror::Error;
use url::Url;
use uuid::Uuid;
use x509_parser::parse_x509_certificate;
use x509_parser::pem::Pem;

/// Microsoft asks for ten minutes at most.
const LIFE: TimeDelta = TimeDelta::minutes(10);

/// A certificate and its private key.
#[derive(Debug)]
pub(crate) struct Certificate {
    key: RsaKeyPair,
    /// SHA-256 of the certificate, in base64url, as the header `x5t#S256` has it.
    thumbprint: String,
    pub(crate) ends_at: DateTime<Utc>,
}

/// Why a text can't be used as a certificate with its key, in words that follow the name of its file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub(crate) enum NotUsable {
    #[error("is not PEM: it must hold BEGIN CERTIFICATE and BEGIN PRIVATE KEY")]
    NotPem,
    #[error("holds no certificate: add the one that was uploaded to the application, with BEGIN CERTIFICATE")]
    NoCertificate,
    #[error("holds no private key: add the certificate's, in PKCS#8, with BEGIN PRIVATE KEY")]
    NoKey,
    #[error("holds an encrypted private key: write it without a password, as openssl pkcs8 -topk8 -nocrypt does")]
    EncryptedKey,
    #[error("holds a private key that is no RSA key of 2048 to 4096 bits in PKCS#8")]
    OtherKey,
    #[error("holds a private key that belongs to none of its certificates")]
    KeyOfAnother,
}

/// It could not be signed, which a healthy machine never sees.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unsigned;

/// Who says what to whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim<'a> {
    pub(crate) client_id: Uuid,
    pub(crate) token_url: &'a Url,
    pub(crate) now: DateTime<Utc>,
}

impl Certificate {
    /// Of a file that may hold the certificates above it too, in any order.
    pub(crate) fn of_pem(text: &SecretString) -> Result<Self, NotUsable> {
        let blocks: Result<Vec<Pem>, _> = Pem::iter_from_buffer(text.expose_secret().as_bytes()).collect();
        let blocks = blocks.map_err(|_| NotUsable::NotPem)?;
        let labelled = |label: &'static str| blocks.iter().filter(move |block| block.label == label);
        if blocks.is_empty() {
            return Err(NotUsable::NotPem);
        }
        if labelled("CERTIFICATE").next().is_none() {
            return Err(NotUsable::NoCertificate);
        }
        let key = match (labelled("PRIVATE KEY").next(), labelled("ENCRYPTED PRIVATE KEY").next()) {
            (Some(block), _) => RsaKeyPair::from_pkcs8(&block.contents).map_err(|_| NotUsable::OtherKey)?,
            (None, Some(_)) => return Err(NotUsable::EncryptedKey),
            (None, None) if blocks.iter().any(|block| block.label.ends_with("PRIVATE KEY")) => {
                return Err(NotUsable::OtherKey);
            }
            (None, None) => return Err(NotUsable::NoKey),
        };
        let ends_at = |block: &&Pem| Some((block.contents.clone(), end_if_of(&block.contents, &key)?));
        let (certificate, ends_at) =
            labelled("CERTIFICATE").find_map(|block| ends_at(&block)).ok_or(NotUsable::KeyOfAnother)?;
        let thumbprint = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, &certificate));
        Ok(Self { key, thumbprint, ends_at })
    }

    /// <https://learn.microsoft.com/en-us/entra/identity-platform/certificate-credentials>
    pub(crate) fn assertion(&self, claim: &Claim<'_>) -> Result<SecretString, Unsigned> {
        let random = SystemRandom::new();
        let mut id = [0; 16];
        random.fill(&mut id).map_err(|_| Unsigned)?;
        let (client, now) = (claim.client_id.to_string(), claim.now);
        let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint});
        let claims = json!({
            "aud": claim.token_url.as_str(),
            "iss": client,
            "sub": client,
            "jti": uuid::Builder::from_random_bytes(id).into_uuid().to_string(),
            "nbf": now.timestamp(),
            "iat": now.timestamp(),
            "exp": now.checked_add_signed(LIFE).ok_or(Unsigned)?.timestamp(),
        });
        let part = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let said = format!("{}.{}", part(header), part(claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key.sign(&RSA_PSS_SHA256, &random, said.as_bytes(), &mut signature).map_err(|_| Unsigned)?;
        Ok(format!("{said}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)).into())
    }
}

/// When a certificate ends, if it is this key's.
fn end_if_of(certificate: &[u8], key: &RsaKeyPair) -> Option<DateTime<Utc>> {
    let (_, parsed) = parse_x509_certificate(certificate).ok()?;
    let is_its = parsed.public_key().subject_public_key.data.as_ref() == key.public_key().as_ref();
    if is_its { DateTime::from_timestamp(parsed.validity().not_after.timestamp(), 0) } else { None }
}
