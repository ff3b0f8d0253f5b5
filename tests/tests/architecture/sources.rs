//! What the sources may not contain.

use std::fs;
use std::path::Path;

use crate::tree::{files, root, sources, text};

const LINES_MAX: usize = 400;

/// Names that say nothing of what is inside.
const EMPTY_NAMES: &[&str] =
    &["common", "helper", "helpers", "manager", "managers", "misc", "util", "utils", "utilities"];

/// Crates that money passes through in minor units.
const EXACT: &[&str] = &["crates/domain/", "crates/ledger-postgres/"];

#[test]
fn no_source_file_is_too_long() {
    let long: Vec<_> =
        sources().map(|name| (text(&name).lines().count(), name)).filter(|(lines, _)| *lines > LINES_MAX).collect();
    assert!(long.is_empty(), "more than {LINES_MAX} lines: {long:?}");
}

#[test]
fn there_are_no_floats_where_money_is() {
    let is_float = |line: &str| {
        let mut words = line.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        words.any(|word| matches!(word, "f32" | "f64" | "FLOAT4" | "FLOAT8" | "float4" | "float8"))
    };
    for name in sources().filter(|name| EXACT.iter().any(|folder| name.starts_with(folder))) {
        for (index, line) in text(&name).lines().enumerate() {
            assert!(!is_float(line), "{name}:{}: {line}", index + 1);
        }
    }
    for name in files().iter().filter(|name| name.starts_with("migrations/")) {
        let sql = text(name).to_lowercase();
        for kind in ["float", "real", "double precision", "numeric", "money "] {
            let is_type = sql.lines().any(|line| line.split_whitespace().nth(1).is_some_and(|word| word == kind));
            assert!(!is_type, "{name} has a column of type {kind}: amounts are bigint minor units");
        }
    }
}

#[test]
fn no_file_has_a_name_that_says_nothing() {
    for name in files() {
        for part in name.split('/') {
            let stem = Path::new(part).file_stem().and_then(|stem| stem.to_str()).unwrap_or(part);
            let says_nothing = stem.split(['-', '_']).any(|word| EMPTY_NAMES.contains(&word));
            assert!(!says_nothing, "{name}: `{part}` says nothing of what is inside");
        }
    }
}

/// What is outside of the repository is not there for whoever clones it. The needle is put together here, so that this
/// file is not found.
#[test]
fn nothing_refers_to_what_is_outside_of_the_repository() {
    let needle = ["..", "shared"].join("/");
    for name in files() {
        let Ok(text) = fs::read_to_string(root().join(&name)) else { continue };
        assert!(!text.contains(&needle), "{name} names {needle}");
    }
}

#[test]
fn migrations_are_named_by_their_time_and_say_why() {
    for name in files().iter().filter_map(|name| name.strip_prefix("migrations/")) {
        let (stem, extension) = name.split_once('.').unwrap();
        assert_eq!(extension, "sql", "{name}");
        let (time, what) = stem.split_once('_').unwrap();
        let is_time = time.len() == 14 && time.bytes().all(|byte| byte.is_ascii_digit());
        assert!(is_time && !what.is_empty(), "{name} is not called YYYYMMDDHHMMSS_what");
        assert!(text(&format!("migrations/{name}")).starts_with("-- "), "{name} does not begin with why");
    }
}
