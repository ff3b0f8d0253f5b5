//! The real binary.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

use tokio::process::Command;

use crate::assert_nothing_planted;

static COUNTER: AtomicU32 = AtomicU32::new(0);

pub(crate) fn unique(what: &str) -> String {
    format!("{what}_{}_{}", process::id(), COUNTER.fetch_add(1, Ordering::Relaxed))
}

/// The program that was built beside this test.
#[must_use]
pub fn binary() -> PathBuf {
    let test = env::current_exe().unwrap();
    let folder = test.ancestors().find(|folder| folder.join("chargebook").is_file());
    folder.expect("build the workspace first: cargo build --workspace").join("chargebook")
}

/// A new folder for one test.
#[must_use]
pub fn scratch_folder() -> PathBuf {
    let folder = env::temp_dir().join(unique("chargebook_test"));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code.
    pub code: i32,
    /// What it said.
    pub out: String,
    /// What it complained of.
    pub err: String,
}

impl Ran {
    /// What it complained of, but for statements that took long: that says something of the machine alone.
    #[must_use]
    pub fn complaints(&self) -> String {
        self.err.lines().filter(|line| !line.contains("slow statement")).collect()
    }
}

/// Runs a command of the program in `folder`, with nothing of this process's environment but what is given.
pub async fn run(folder: &Path, settings: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let mut command = Command::new(binary());
    command.current_dir(folder).env_clear().args(arguments);
    if let Some(path) = env::var_os("PATH") {
        command.env("PATH", path);
    }
    let output: Output = command.envs(settings.iter().copied()).output().await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let ran = Ran { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) };
    assert_nothing_planted(&ran.err);
    ran
}
