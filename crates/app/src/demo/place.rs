//! The demo's own folder: its cluster, its settings, its orders, its mail. Each run begins with an empty one.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use chargebook_local_postgres::{Cluster, Durability};

use super::calendar::{Calendar, ZONE};
use super::{DemoError, failed};
use crate::settings::{FileText, Settings};

/// Says that a folder is a demo's, and is locked as long as the demo runs.
const MARKER: &str = "demo-folder";
const MARKER_TEXT: &str = "`chargebook demo` made this folder, and empties it whenever it runs. Delete it at will.\n";

/// What signs the demo's webhooks. It protects nothing.
pub(super) const SECRET: &str = "whsec_demo_0000000000000000";

/// The folder, kept from other demos.
pub(super) struct Place {
    /// As the user wrote it.
    pub(super) dir: PathBuf,
    _lock: File,
}

impl Place {
    /// Makes the folder, or empties the one of an earlier demo. A folder that is not a demo's is left alone.
    pub(super) fn prepare(dir: &Path) -> Result<Self, DemoError> {
        if is_an_earlier_demo(dir)? {
            drop(lock(dir)?);
            // Only the cluster knows where all of its files are.
            let cluster =
                Cluster::open(dir, Durability::Durable).map_err(failed("open the earlier demo's Postgres"))?;
            cluster.remove().map_err(failed("remove the earlier demo's Postgres"))?;
        }
        fs::create_dir_all(dir).map_err(failed("make its folder"))?;
        fs::write(dir.join(MARKER), MARKER_TEXT).map_err(failed("write to its folder"))?;
        Ok(Self { dir: dir.to_owned(), _lock: lock(dir)? })
    }

    /// A file in the folder.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Where the settings are.
    pub(super) fn config(&self) -> PathBuf {
        self.file("chargebook.toml")
    }

    /// Writes the settings file with which all other commands work on the demo, and reads it: nothing that is set
    /// elsewhere has any part in a demo.
    pub(super) fn settings(&self, calendar: &Calendar) -> Result<Settings, DemoError> {
        let absolute = self.dir.canonicalize().map_err(failed("resolve its folder"))?;
        let data_dir = toml::Value::from(absolute.display().to_string());
        let text = format!(
            "# The demo's settings: with `--config` and this file, every command works on the demo's books.\n\
             # Its Postgres is private to this folder, and is started when a command needs it.\n\
             data_dir = {data_dir}\n\n\
             # Not the one that DATABASE_URL names.\n\
             [database]\nurl = \"private\"\n\n\
             [stripe]\nlivemode = false\nwebhook_secrets = [\"{SECRET}\"]\n\n\
             [summary]\ntime_zone = \"{}\"\n\n\
             # What came before is the opening balance.\n\
             [books]\nstart = \"{}\"\n",
            ZONE.name(),
            calendar.days[0],
        );
        let path = self.config();
        fs::write(&path, &text).map_err(failed("write its settings"))?;
        let shown = path.display().to_string();
        let file = FileText { path: &shown, text: &text };
        Settings::read(Some(file), &BTreeMap::new(), &|path| fs::read_to_string(path)).map_err(DemoError::Settings)
    }
}

/// Whether a demo made the folder.
pub(crate) fn is_of_a_demo(dir: &Path) -> bool {
    dir.join(MARKER).exists()
}

/// Whether the folder was made by a demo; one that is empty or not there was not.
fn is_an_earlier_demo(dir: &Path) -> Result<bool, DemoError> {
    if is_of_a_demo(dir) {
        return Ok(true);
    }
    let is_empty = !dir.exists() || fs::read_dir(dir).map_err(failed("look into its folder"))?.next().is_none();
    if is_empty { Ok(false) } else { Err(DemoError::NotADemoFolder { dir: dir.to_owned() }) }
}

fn lock(dir: &Path) -> Result<File, DemoError> {
    let marker = File::open(dir.join(MARKER)).map_err(failed("open its folder"))?;
    match marker.try_lock() {
        Ok(()) => Ok(marker),
        Err(TryLockError::WouldBlock) => Err(DemoError::InUse { dir: dir.to_owned() }),
        Err(TryLockError::Error(error)) => Err(failed("lock its folder")(error)),
    }
}
