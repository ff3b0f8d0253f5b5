//! What to begin from: the fixtures of the repository as they are, so that no copy of them can be out of date.

use std::fs;
use std::path::Path;

use chargebook_stories::{Kind, Story, stories};
use chrono::DateTime;
use serde_json::Value;

/// The files of a folder of the repository, in the order of their names.
pub(crate) fn folder(folder: &str) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(root().join(folder)).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// A file of the repository.
pub(crate) fn file(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The files of a folder that are JSON.
pub(crate) fn values(folder: &str) -> Vec<Value> {
    self::folder(folder).iter().map(|file| serde_json::from_slice(file).unwrap()).collect()
}

/// Invented disputes, of every kind at least one.
pub(crate) fn told() -> Vec<Story> {
    let mut told = stories(1, Kind::MIX, DateTime::from_timestamp(1_770_000_000, 0).unwrap());
    told.sort_by_key(|story| story.kind);
    told.dedup_by_key(|story| story.kind);
    told
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
