//! The cluster as its users see it.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::error::io_error;
use crate::place::{self, Place};
use crate::server::Server;
use crate::{Binaries, Error};

/// The only role, and the owner of every database.
pub(crate) const ROLE: &str = "chargebook";

/// The mode of a stop that ends all connections, and finishes what was committed.
const FAST: &str = "fast";

/// What a crash of the machine may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Nothing that was committed.
    Durable,
    /// Everything: for tests, which are several times faster so.
    Fast,
}

/// A Postgres server that runs in a folder, on a loopback port, behind a password.
///
/// Dropping it leaves the server running, for whoever opens the folder next.
#[derive(Debug)]
pub struct Cluster {
    place: Place,
    server: Server,
    password: String,
    port: u16,
    started: bool,
    /// Locked, shared, as long as this is open.
    users: File,
}

impl Cluster {
    /// Opens the cluster in the folder `dir`: makes what is not there, starts what is not running, and adopts
    /// a server that is. Waits until it takes connections. Several processes may do so at once.
    ///
    /// The settings of `durability` are those of a start; an adopted [`Durability::Durable`] server stays so.
    ///
    /// # Errors
    ///
    /// [`Error::NotDurable`] when a server runs there as [`Durability::Fast`] and a durable one is asked for;
    /// the others when Postgres is not installed, or does not start.
    pub fn open(dir: &Path, durability: Durability) -> Result<Self, Error> {
        Self::open_with(dir, durability, &[])
    }

    /// As [`Cluster::open`], with more settings for a start, each as `name=value`. They outrank ours.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`], and those of [`Cluster::open`].
    pub fn open_with(dir: &Path, durability: Durability, settings: &[String]) -> Result<Self, Error> {
        if let Some(setting) = settings.iter().find(|setting| !is_plain_setting(setting)) {
            return Err(Error::InvalidSetting { setting: setting.clone() });
        }
        let binaries = Binaries::find()?;
        let place = Place::at(dir)?;
        let _lock = place.lock()?;
        let users = place.join_users()?;
        let server = Server { home: place.home()?, binaries };
        let is_new = !server.home.data().exists();
        let password = if is_new { place.new_password()? } else { place.password()? };
        if is_new {
            server.init(&password, durability)?;
        }
        let running = server.running_port(&password);
        let port = match running {
            Some(port) => {
                if durability == Durability::Durable && !server.runs_durably(port, &password)? {
                    return Err(Error::NotDurable { home: server.home.path });
                }
                port
            }
            None => server.start(&place, durability, settings)?,
        };
        Ok(Self { place, server, password, port, started: running.is_none(), users })
    }

    /// The URL of `database`, with the password of a role that may do anything in this cluster.
    ///
    /// The database `postgres` is there from the beginning.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let Self { password, port, .. } = self;
        format!("postgres://{ROLE}:{password}@127.0.0.1:{port}/{database}")
    }

    /// Whether this process started the server, rather than finding it running.
    #[must_use]
    pub fn is_started_here(&self) -> bool {
        self.started
    }

    /// The id of the server's main process, while it runs.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        self.server.process()
    }

    /// The programs that the cluster was opened with.
    #[must_use]
    pub fn binaries(&self) -> &Binaries {
        &self.server.binaries
    }

    /// Creates the database `name`, empty; one that is there is left as it is.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidName`] unless `name` is lower case and needs no quoting.
    pub fn create_database(&self, name: &str) -> Result<(), Error> {
        if !is_plain(name) {
            return Err(Error::InvalidName { name: name.to_owned() });
        }
        let _lock = self.place.lock()?;
        let ask = |sql: String| self.server.ask(self.port, &self.password, &sql);
        let known = ask(format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'"))?;
        if known == "0" {
            ask(format!("CREATE DATABASE \"{name}\""))?;
        }
        Ok(())
    }

    /// Stops the server, whoever else uses it; it may have stopped already.
    ///
    /// # Errors
    ///
    /// [`Error::Program`] when it does not stop.
    pub fn stop(self) -> Result<(), Error> {
        let _lock = self.place.lock()?;
        self.server.stop(FAST)
    }

    /// Ends the server without letting it finish anything, as a crash would; whoever opens it next lets it recover.
    ///
    /// # Errors
    ///
    /// As [`Cluster::stop`].
    pub fn crash(self) -> Result<(), Error> {
        let _lock = self.place.lock()?;
        self.server.stop("immediate")
    }

    /// Ends the use of the server; the last who does stops it, whoever started it. One that runs because a person
    /// has started it by other means is left running.
    ///
    /// # Errors
    ///
    /// As [`Cluster::stop`].
    pub fn leave(self) -> Result<(), Error> {
        let lock = self.place.lock()?;
        let left = match self.users.try_lock() {
            Ok(()) if self.server.is_started_by_us(&self.place) => self.server.stop(FAST),
            Ok(()) | Err(TryLockError::WouldBlock) => Ok(()),
            Err(TryLockError::Error(error)) => Err(io_error("lock", &self.server.home.path)(error)),
        };
        // Before the next one, who would still count us, may look.
        drop(self);
        drop(lock);
        left
    }

    /// Whether there is a cluster in the folder `dir`, running or not. Makes nothing.
    ///
    /// One that can't be looked at is there: to open it says what is wrong with it.
    #[must_use]
    pub fn exists(dir: &Path) -> bool {
        place::has_data(dir).unwrap_or(true)
    }

    /// Stops the server and removes its folder with everything in it.
    ///
    /// # Errors
    ///
    /// As [`Cluster::stop`], or when something cannot be removed.
    pub fn remove(self) -> Result<(), Error> {
        let lock = self.place.lock()?;
        self.server.stop(FAST)?;
        self.place.remove(&self.server.home)?;
        drop(lock);
        Ok(())
    }
}

/// Whether `name` needs no quoting in SQL or in a URL.
fn is_plain(name: &str) -> bool {
    name.len() <= 63
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

/// Whether `setting` is a name and a value that need no quoting in a shell.
fn is_plain_setting(setting: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    setting.split_once('=').is_some_and(|(name, value)| {
        !name.is_empty() && !value.is_empty() && name.bytes().chain(value.bytes()).all(is_plain)
    })
}

#[cfg(test)]
mod tests {
    use super::{is_plain, is_plain_setting};

    #[test]
    fn only_settings_that_need_no_quoting_are_taken() {
        for setting in ["work_mem=8MB", "pg_stat_statements.max=100", "random_page_cost=1.1"] {
            assert!(is_plain_setting(setting), "{setting}");
        }
        for setting in ["", "work_mem", "=8MB", "work_mem=", "a=b c", "a=$(b)", "a=b=c", "a='b'", "a=b;c"] {
            assert!(!is_plain_setting(setting), "{setting}");
        }
    }

    #[test]
    fn only_names_that_need_no_quoting_are_taken() {
        for name in ["a", "chargebook", "demo_2"] {
            assert!(is_plain(name), "{name}");
        }
        let long = "a".repeat(64);
        for name in ["", "2a", "_a", "A", "a-b", "a\"b", "a'b", "a/b", "é", &long] {
            assert!(!is_plain(name), "{name}");
        }
    }
}
