//! By what the application proves to the sign-in service to be itself.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use crate::certificate::{Certificate, NotUsable};

/// No certificate with its chain and key, and no token, is larger.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// By what the application proves to the sign-in service to be itself.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A client secret's value.
    ClientSecret(SecretString),
    /// The file of a certificate and its RSA key in PEM, read at each sign-in, since it is replaced now and then.
    CertificateFile(PathBuf),
    /// The file of a token by which another platform vouches for the application, read at each sign-in, since the
    /// platform replaces it every hour or so.
    FederatedTokenFile(PathBuf),
}

/// What is wrong with a file, in words that follow its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub(crate) enum FileProblem {
    #[error("can't be read ({0}): see that it is there, and that the user of this process may read it")]
    Unreadable(io::ErrorKind),
    #[error("is larger than such a file can be")]
    TooLarge,
    #[error("is empty")]
    Empty,
    #[error("holds more than one word, so it is no token")]
    NoToken,
    #[error("{0}")]
    NoCertificate(#[from] NotUsable),
}

impl Credential {
    /// When the certificate ends; `None` where there is none, or it can't be read.
    #[must_use]
    pub fn certificate_ends_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::CertificateFile(path) => certificate(path).ok().map(|certificate| certificate.ends_at),
            Self::ClientSecret(_) | Self::FederatedTokenFile(_) => None,
        }
    }

    /// The setting that gives it.
    pub(crate) fn key(&self) -> &'static str {
        match self {
            Self::ClientSecret(_) => "outlook.client_secret",
            Self::CertificateFile(_) => "outlook.certificate_file",
            Self::FederatedTokenFile(_) => "outlook.federated_token_file",
        }
    }

    /// What can't be right, as far as the setting itself tells: no file is read.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        match self {
            Self::ClientSecret(secret) if secret.expose_secret().trim().is_empty() => Err("must not be empty"),
            Self::ClientSecret(_) | Self::CertificateFile(_) | Self::FederatedTokenFile(_) => Ok(()),
        }
    }

    /// What can't be right of the file. That a certificate has ended is not among it: the books go on without mail.
    pub(crate) fn check_file(&self) -> Result<(), String> {
        match self {
            Self::ClientSecret(_) => Ok(()),
            Self::CertificateFile(path) => certificate(path).map(|_| ()).map_err(told),
            Self::FederatedTokenFile(path) => token(path).map(|_| ()).map_err(told),
        }
    }
}

pub(crate) fn certificate(path: &Path) -> Result<Certificate, FileProblem> {
    Ok(Certificate::of_pem(&read(path)?)?)
}

pub(crate) fn token(path: &Path) -> Result<SecretString, FileProblem> {
    let text = read(path)?;
    let token = text.expose_secret().trim();
    if token.contains(|c: char| !c.is_ascii_graphic()) { Err(FileProblem::NoToken) } else { Ok(token.into()) }
}

fn told(problem: FileProblem) -> String {
    format!("the file {problem}")
}

fn read(path: &Path) -> Result<SecretString, FileProblem> {
    let unreadable = |error: io::Error| FileProblem::Unreadable(error.kind());
    let mut text = String::new();
    let file = File::open(path).map_err(unreadable)?;
    let bytes = file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(unreadable)?;
    let text = SecretString::from(text);
    match bytes {
        0 => Err(FileProblem::Empty),
        _ if text.expose_secret().trim().is_empty() => Err(FileProblem::Empty),
        bytes if u64::try_from(bytes).is_ok_and(|bytes| bytes <= FILE_BYTES_MAX) => Ok(text),
        _ => Err(FileProblem::TooLarge),
    }
}
