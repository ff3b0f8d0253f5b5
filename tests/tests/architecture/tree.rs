//! The files of the repository.

use std::fs;
use std::path::{Path, PathBuf};

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The text of a file, named from the root.
pub(crate) fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file that belongs to the repository, named from the root, sorted.
pub(crate) fn files() -> Vec<String> {
    let ignored: Vec<String> = text(".gitignore").lines().map(str::to_owned).collect();
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).unwrap().map(Result::unwrap) {
            let path = folder.join(entry.file_name());
            let name = path.to_str().unwrap().to_owned();
            let kind = entry.file_type().unwrap();
            if is_ignored(&name, &ignored) {
                continue;
            }
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                found.push(name);
            }
        }
    }
    found.sort();
    found
}

/// Knows the two forms that are used in `.gitignore`: `/name` and `*.ending`.
fn is_ignored(name: &str, patterns: &[String]) -> bool {
    let matches = |pattern: &String| match (pattern.strip_prefix('/'), pattern.strip_prefix('*')) {
        (Some(whole), _) => name == whole,
        (None, Some(ending)) => name.ends_with(ending),
        (None, None) => false,
    };
    name == ".git" || patterns.iter().any(matches)
}

/// The Rust sources of the crates, tests left out.
pub(crate) fn sources() -> impl Iterator<Item = String> {
    let is_source = |name: &String| {
        let mut parts = name.split('/');
        (parts.next(), parts.nth(1)) == (Some("crates"), Some("src")) && has_extension(name, "rs")
    };
    files().into_iter().filter(is_source)
}

/// Every document: Markdown, wherever it is.
pub(crate) fn documents() -> impl Iterator<Item = String> {
    files().into_iter().filter(|name| has_extension(name, "md"))
}

pub(crate) fn has_extension(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == extension)
}
