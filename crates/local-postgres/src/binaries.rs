//! Where Postgres's programs are.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Error;

/// What must be there, all in one folder.
const PROGRAMS: [&str; 4] = ["initdb", "pg_ctl", "postgres", "psql"];

/// Folders which hold one folder a version, as (parent, what the version's folder is called before and after the number).
const VERSIONED: [(&str, &str, &str); 6] = [
    ("/usr/lib/postgresql", "", "bin"),          // Debian, Ubuntu
    ("/usr/lib", "postgresql", "bin"),           // openSUSE
    ("/usr/libexec", "postgresql", ""),          // Alpine
    ("/usr", "pgsql-", "bin"),                   // Red Hat, from postgresql.org
    ("/opt/homebrew/opt", "postgresql@", "bin"), // macOS on ARM
    ("/usr/local/opt", "postgresql@", "bin"),    // macOS on Intel
];

/// Postgres's server programs, and `psql`, of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    dir: PathBuf,
}

impl Binaries {
    /// Finds the programs: on the `PATH` first, then the newest version in the usual places.
    ///
    /// # Errors
    ///
    /// [`Error::BinariesNotFound`] when no folder has all of them.
    pub fn find() -> Result<Self, Error> {
        let path = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&path)
            .chain(installed())
            .find(|dir| is_complete(dir))
            .map(|dir| Self { dir })
            .ok_or(Error::BinariesNotFound)
    }

    /// The folder they are in.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The path of one of them.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

/// The folders of all installed versions, newest first.
fn installed() -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> =
        VERSIONED.iter().flat_map(|&(parent, prefix, bin)| versions_in(Path::new(parent), prefix, bin)).collect();
    found.sort_by_key(|&(version, _)| std::cmp::Reverse(version));
    found.into_iter().map(|(_, dir)| dir).collect()
}

fn versions_in(parent: &Path, prefix: &str, bin: &str) -> Vec<(u32, PathBuf)> {
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let version = name.to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((version, entry.path().join(bin)))
        })
        .collect()
}

/// Absolute, because the programs are run from another folder.
fn is_complete(dir: &Path) -> bool {
    dir.is_absolute() && PROGRAMS.iter().all(|name| dir.join(name).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_the_programs_is_not_taken() {
        assert!(!is_complete(Path::new("/")));
        assert!(!is_complete(Path::new("relative")));
    }

    #[test]
    fn only_folders_named_by_a_number_are_versions() {
        assert_eq!(versions_in(Path::new("/"), "", "bin"), []);
        assert_eq!(versions_in(Path::new("/no/such/folder"), "", "bin"), []);
    }
}
