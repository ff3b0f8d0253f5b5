//! What is wrong with the settings, in words for whoever wrote them.

use std::{fmt, io};

/// Where a value came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The settings file of this name.
    File(String),
    /// The environment variable of this name.
    Environment(String),
    /// Nowhere.
    NotSet,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.write_str(path),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::NotSet => f.write_str("not set"),
        }
    }
}

/// A setting that can't be used. Never holds the value of a secret.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{key} ({origin}): {what}; {remedy}")]
pub struct Problem {
    /// The setting.
    pub key: String,
    /// Where its value came from.
    pub origin: Origin,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl Problem {
    pub(crate) fn new(key: &str, origin: Origin, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { key: key.to_owned(), origin, what: what.into(), remedy: remedy.into() }
    }

    pub(super) fn of_file(path: &str, error: &io::Error) -> Self {
        let what = format!("it can't be read: {error}");
        Self::new("--config", Origin::File(path.to_owned()), what, "name a file that is there and may be read")
    }
}
