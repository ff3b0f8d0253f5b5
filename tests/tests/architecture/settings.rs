//! The documents know the settings that the code knows.

use std::collections::BTreeSet;

use crate::markdown::{blocks, code_spans, rows};
use crate::tree::{documents, text};

/// Where the code has its keys, one a line: `("database.url", Kind::Secret),`.
const KEYS: &str = "crates/app/src/settings/keys.rs";

pub(crate) fn known() -> BTreeSet<String> {
    let code = text(KEYS);
    let lines = code.lines().skip_while(|line| !line.starts_with("const KEYS")).skip(1);
    let entries = lines.take_while(|line| !line.starts_with(']'));
    let keys: BTreeSet<_> = entries.filter_map(|line| line.split('"').nth(1)).map(str::to_owned).collect();
    assert!(keys.contains("database.url"), "{KEYS} is not written as this test reads it");
    keys
}

/// A key, or that of a file which holds a secret; with a name of the user's where one is chosen.
pub(crate) fn is_known(key: &str, known: &BTreeSet<String>) -> bool {
    let is_known = |key: &str| {
        let of_chosen = |known: &String| {
            let Some((before, after)) = known.split_once("<shop>") else { return false };
            let chosen = key.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
            chosen.is_some_and(|chosen| !chosen.is_empty() && !chosen.contains('.'))
        };
        known.contains(key) || known.iter().any(of_chosen)
    };
    is_known(key) || key.strip_suffix("_file").is_some_and(is_known)
}

#[test]
fn the_table_of_settings_is_complete() {
    let table: BTreeSet<_> = rows(&text("docs/operations.md"), "## Settings")
        .iter()
        .filter_map(|row| code_spans(row.first()?).into_iter().next())
        .collect();
    assert_eq!(table, known());
}

#[test]
fn the_settings_in_examples_are_known() {
    let known = known();
    for document in documents() {
        for block in blocks(&text(&document), "toml") {
            for key in keys_of(&block, &known) {
                assert!(is_known(&key, &known), "{document}: there is no setting {key}");
            }
        }
    }
}

/// The keys in a file; of a section that is itself a setting, only its own name.
fn keys_of(toml: &str, known: &BTreeSet<String>) -> Vec<String> {
    let mut section = String::new();
    let mut keys = Vec::new();
    for line in toml.lines().map(|line| line.trim_start_matches(['#', ' '])) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            name.clone_into(&mut section);
        } else if let Some((key, _)) = line.split_once(" = ").filter(|(key, _)| !key.contains(' ')) {
            let key = key.trim_matches('"');
            keys.push(match section.as_str() {
                "" => key.to_owned(),
                names if known.contains(names) => names.to_owned(),
                section => format!("{section}.{key}"),
            });
        }
    }
    keys
}

#[test]
fn variables_in_documents_are_settings() {
    let known = known();
    for document in documents() {
        for span in code_spans(&text(&document)) {
            let Some(name) = span.strip_prefix("CHARGEBOOK_").filter(|name| !name.contains('<')) else { continue };
            let name = name.split(['=', ' ']).next().unwrap_or_default();
            let key = name.to_lowercase().replace("__", ".");
            assert!(is_known(&key, &known), "{document}: `{span}` is no setting");
        }
    }
}
