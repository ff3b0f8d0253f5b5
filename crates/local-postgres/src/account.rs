//! Which user the server runs as.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Error;
use crate::error::io_error;

/// Who may own a new cluster of root's, in order of preference.
const CANDIDATES: [&str; 2] = ["postgres", "nobody"];

/// The user that the server's programs run as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Account {
    /// Ours, whoever we are.
    Own,
    /// Another, since we are root.
    Other { uid: u32, gid: u32 },
}

impl Account {
    /// The account for a new cluster.
    pub(crate) fn for_new() -> Result<Self, Error> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Own);
        }
        CANDIDATES
            .iter()
            .find_map(|name| {
                let (uid, gid) = (id("-u", name)?, id("-g", name)?);
                Some(Self::Other { uid, gid })
            })
            .ok_or(Error::NoAccount)
    }

    /// The account that `home` was made for.
    pub(crate) fn owner_of(home: &Path) -> Result<Self, Error> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Own);
        }
        let owner = fs::metadata(home).map_err(io_error("look at", home))?;
        Ok(Self::Other { uid: owner.uid(), gid: owner.gid() })
    }

    /// Makes `path` this account's.
    pub(crate) fn give(self, path: &Path) -> Result<(), Error> {
        match self {
            Self::Own => Ok(()),
            Self::Other { uid, gid } => {
                chown(path, Some(uid), Some(gid)).map_err(io_error("change the owner of", path))
            }
        }
    }

    /// Makes `command` run as this account, without our supplementary groups.
    pub(crate) fn apply(self, command: &mut Command) -> &mut Command {
        match self {
            Self::Own => command,
            Self::Other { uid, gid } => command.uid(uid).gid(gid),
        }
    }

    /// Whether this account can enter `folder`; asked of the system, which knows of access lists and mounts.
    pub(crate) fn can_enter(self, folder: &Path) -> bool {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", "cd -- \"$1\"", "sh"])
            .arg(folder)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.apply(&mut command).status().is_ok_and(|status| status.success())
    }
}

/// A user's number, through `id`, which also knows the users of a directory service.
fn id(flag: &str, name: &str) -> Option<u32> {
    let output = Command::new("id").args([flag, name]).output().ok()?;
    let number = String::from_utf8(output.stdout).ok()?;
    // `id` prints nothing for an unknown user, which is no number. Zero would be root again.
    number.trim().parse().ok().filter(|&number| number != 0)
}
