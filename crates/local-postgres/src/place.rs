//! The files of a cluster in its folder: where they are, how they are made.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::Error;
use crate::account::Account;
use crate::error::io_error;

/// Where a home goes which the server's account could not reach in the folder itself.
const FALLBACK: &str = "/var/lib/chargebook";
/// The data directory in a home.
const DATA: &str = "data";
/// The file that says where.
const LOCATION: &str = "postgres-location";

/// The folder of a cluster.
#[derive(Debug)]
pub(crate) struct Place {
    dir: PathBuf,
}

/// The folder that belongs to the server's account.
#[derive(Debug)]
pub(crate) struct Home {
    pub(crate) path: PathBuf,
    pub(crate) account: Account,
}

impl Home {
    pub(crate) fn data(&self) -> PathBuf {
        self.path.join(DATA)
    }
}

impl Place {
    /// Makes `dir` if it is not there.
    pub(crate) fn at(dir: &Path) -> Result<Self, Error> {
        fs::create_dir_all(dir).map_err(io_error("create the folder", dir))?;
        let dir = dir.canonicalize().map_err(io_error("resolve", dir))?;
        Ok(Self { dir })
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.dir.join("postgres.log")
    }

    pub(crate) fn open_log(&self) -> Result<File, Error> {
        append_private(&self.log())
    }

    /// Waits until no other process opens or stops this cluster; held until dropped.
    pub(crate) fn lock(&self) -> Result<File, Error> {
        let path = self.dir.join("postgres-lock");
        let file = append_private(&path)?;
        file.lock().map_err(io_error("lock", &path))?;
        Ok(file)
    }

    /// Says that this process has the cluster open, until dropped.
    pub(crate) fn join_users(&self) -> Result<File, Error> {
        let path = self.dir.join("postgres-users");
        let file = append_private(&path)?;
        file.lock_shared().map_err(io_error("lock", &path))?;
        Ok(file)
    }

    /// The home of the server, made if there is none.
    pub(crate) fn home(&self) -> Result<Home, Error> {
        let path = home_path(&self.dir)?;
        if path.exists() {
            let account = Account::owner_of(&path)?;
            return Ok(Home { path, account });
        }
        let account = Account::for_new()?;
        make_home(&path, account)?;
        if account.can_enter(&path) {
            return Ok(Home { path, account });
        }
        fs::remove_dir(&path).map_err(io_error("remove", &path))?;
        let path = Path::new(FALLBACK).join(random_hex()?);
        write_private(&self.dir.join(LOCATION), &path.to_string_lossy())?;
        make_home(&path, account)?;
        Ok(Home { path, account })
    }

    /// The password of the cluster's role.
    pub(crate) fn password(&self) -> Result<String, Error> {
        let path = self.dir.join("postgres-password");
        read_if_exists(&path)?.ok_or(Error::PasswordMissing { path })
    }

    /// Makes a password for a cluster that is about to be made.
    pub(crate) fn new_password(&self) -> Result<String, Error> {
        let password = random_hex()?;
        write_private(&self.dir.join("postgres-password"), &password)?;
        Ok(password)
    }

    /// The port of the last start, if there was one.
    pub(crate) fn last_port(&self) -> Option<u16> {
        let text = fs::read_to_string(self.dir.join("postgres-port")).ok()?;
        text.trim().parse().ok()
    }

    pub(crate) fn remember_port(&self, port: u16) -> Result<(), Error> {
        write_private(&self.dir.join("postgres-port"), &port.to_string())
    }

    /// Which server this crate started last, if it did.
    pub(crate) fn last_start(&self) -> Option<String> {
        fs::read_to_string(self.dir.join("postgres-started")).ok()
    }

    pub(crate) fn remember_start(&self, which: &str) -> Result<(), Error> {
        write_private(&self.dir.join("postgres-started"), which)
    }

    /// Removes the whole folder, and the home wherever it is.
    pub(crate) fn remove(self, home: &Home) -> Result<(), Error> {
        for path in [&home.path, &self.dir] {
            match fs::remove_dir_all(path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(io_error("remove", path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Where the home of the cluster in `dir` is, or would be.
fn home_path(dir: &Path) -> Result<PathBuf, Error> {
    let remembered = read_if_exists(&dir.join(LOCATION))?;
    Ok(remembered.map_or_else(|| dir.join("postgres"), PathBuf::from))
}

/// Whether the home of the cluster in `dir` holds data. Makes nothing.
pub(crate) fn has_data(dir: &Path) -> Result<bool, Error> {
    let data = home_path(dir)?.join(DATA);
    data.try_exists().map_err(io_error("look at", &data))
}

fn make_home(path: &Path, account: Account) -> Result<(), Error> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(io_error("create the folder", parent))?;
    }
    DirBuilder::new().mode(0o700).create(path).map_err(io_error("create the folder", path))?;
    account.give(path)
}

/// 32 hexadecimal digits that nobody can guess.
fn random_hex() -> Result<String, Error> {
    let path = Path::new("/dev/urandom");
    let mut bytes = [0_u8; 16];
    File::open(path).and_then(|mut file| file.read_exact(&mut bytes)).map_err(io_error("read", path))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

fn read_if_exists(path: &Path) -> Result<Option<String>, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error("read", path)(error)),
    }
}

/// Writes a file of mode 0600, whole or not at all.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), Error> {
    let new = path.with_added_extension("new");
    // One left by a crash may have another owner or mode.
    let _ = fs::remove_file(&new);
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&new, path))
        .map_err(io_error("write", path))
}

fn append_private(path: &Path) -> Result<File, Error> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path).map_err(io_error("open", path))
}
