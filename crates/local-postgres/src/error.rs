//! What can go wrong with the cluster, in words for the person who can mend it.

use std::io;
use std::path::{Path, PathBuf};

/// Why the cluster could not be opened, used or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// `initdb`, `pg_ctl`, `postgres` and `psql` were not found together in any known place.
    #[error("PostgreSQL's server programs were not found; run script/bootstrap, or install the postgresql package")]
    BinariesNotFound,

    /// We are root, and there is no other user to run the server as.
    #[error(
        "PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody` to run it as; add the user `postgres`"
    )]
    NoAccount,

    /// There is a data directory, and the password of its role is gone.
    #[error(
        "the password of the cluster is missing at {path}; restore that file, or move the folder away to start afresh"
    )]
    PasswordMissing {
        /// Where the password should be.
        path: PathBuf,
    },

    /// A durable cluster was asked for, and the one that runs there may lose what it acknowledged.
    #[error("the cluster that runs in {home} is not durable; stop it, or use another folder")]
    NotDurable {
        /// The home of the running cluster.
        home: PathBuf,
    },

    /// A database name that would need quoting.
    #[error("`{name}` is not a name for a database; use up to 63 of a-z, 0-9 and _, beginning with a letter")]
    InvalidName {
        /// The name as given.
        name: String,
    },

    /// A setting that would need quoting, or none at all.
    #[error("`{setting}` is not a setting; write name=value, with letters, digits, _ and . only")]
    InvalidSetting {
        /// The setting as given.
        setting: String,
    },

    /// One of Postgres's programs ended badly.
    #[error("{program} failed; it said: {output}")]
    Program {
        /// Which program.
        program: &'static str,
        /// The end of what it printed or logged.
        output: String,
    },

    /// The operating system refused something.
    #[error("could not {action} {path}")]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

/// Adds to an [`io::Error`] what was being done, and to which file.
pub(crate) fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { action, path, source }
}
