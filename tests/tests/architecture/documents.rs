//! What the documents name is there.

use std::path::{Component, Path, PathBuf};

use cargo_metadata::MetadataCommand;

use crate::markdown::{anchors, blocks, code_spans, links};
use crate::tree::{documents, files, has_extension, root, text};

/// A span that begins with one of these is a path.
const FOLDERS: &[&str] = &[".cargo/", ".ci/", ".config/", "crates/", "docs/", "migrations/", "script/", "tests/"];

const ARCHITECTURE: &str = "ARCHITECTURE.md";

#[test]
fn every_path_that_a_document_names_exists() {
    let mut wrong = Vec::new();
    for document in documents() {
        for span in code_spans(&text(&document)) {
            if FOLDERS.iter().any(|folder| span.starts_with(folder)) {
                let beside = beside(&document, &span);
                let what = missing(&span).filter(|_| missing(&beside).is_some());
                wrong.extend(what.map(|what| format!("{document}: `{span}`: {what}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What of a path from the root, such as `crates/domain/src/decide.rs` or `tests/tests/x.rs::a_test` is not there.
fn missing(span: &str) -> Option<&'static str> {
    if span.contains([' ', '*', '<', '{']) {
        return None;
    }
    let (path, item) = span.split_once("::").map_or((span, None), |(path, item)| (path, Some(item)));
    if !root().join(path).exists() {
        return Some("no such path");
    }
    let item = item?;
    let defines = |text: &str| {
        ["fn", "struct", "enum", "trait", "const", "type"].iter().any(|word| {
            text.split(&format!("{word} {item}"))
                .skip(1)
                .any(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        })
    };
    (!defines(&text(path))).then_some("no such item in it")
}

#[test]
fn the_architecture_names_files_by_their_whole_path() {
    let short = |span: &String| {
        let is_file = ["rs", "sql", "toml", "md"].iter().any(|extension| has_extension(span, extension));
        is_file && !span.contains([' ', '*', '<']) && !root().join(span).exists()
    };
    let short: Vec<_> = code_spans(&text(ARCHITECTURE)).into_iter().filter(short).collect();
    assert!(short.is_empty(), "{short:?}");
}

#[test]
fn the_architecture_names_every_crate() {
    let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap();
    let spans = code_spans(&text(ARCHITECTURE));
    for package in metadata.workspace_packages() {
        let folder = package.manifest_path.parent().unwrap();
        let names = [folder.file_name().unwrap().to_owned(), package.name.to_string()];
        let is_named = spans.iter().any(|span| {
            let span = span.trim_end_matches('/');
            names.iter().any(|name| span == name || span == format!("crates/{name}"))
        });
        assert!(is_named, "{ARCHITECTURE} does not name {}", package.name);
    }
}

#[test]
fn every_link_leads_somewhere() {
    let mut wrong = Vec::new();
    for document in documents() {
        for target in links(&text(&document)) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = target.split_once('#').map_or((target.as_str(), None), |(p, a)| (p, Some(a)));
            let path = if path.is_empty() { document.clone() } else { beside(&document, path) };
            if !root().join(&path).exists() {
                wrong.push(format!("{document}: {target}: no such path"));
            } else if let Some(anchor) = anchor
                && has_extension(&path, "md")
                && !anchors(&text(&path)).iter().any(|known| known == anchor)
            {
                wrong.push(format!("{document}: {target}: no such heading"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A path that is relative to a document, from the root.
fn beside(document: &str, target: &str) -> String {
    let mut path = PathBuf::from(document);
    path.pop();
    for part in Path::new(target).components() {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            Component::Normal(name) => path.push(name),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    path.to_str().unwrap().to_owned()
}

#[test]
fn decisions_are_numbered_without_gaps_and_listed() {
    let names: Vec<_> =
        files().into_iter().filter_map(|name| name.strip_prefix("docs/adr/").map(str::to_owned)).collect();
    let list = text("docs/adr/README.md");
    let decisions = names.iter().filter(|name| *name != "README.md");
    for (expected, name) in (1..).zip(decisions) {
        assert!(name.starts_with(&format!("{expected:04}-")), "{name} should have the number {expected}");
        assert!(list.contains(&format!("]({name})")), "docs/adr/README.md does not list {name}");
    }
}

/// So the code in the README compiles, because the example does.
#[test]
fn the_code_in_the_readme_is_an_example() {
    let examples: Vec<_> = files()
        .into_iter()
        .filter(|name| name.starts_with("crates/domain/examples/"))
        .map(|name| text(&name))
        .collect();
    for block in blocks(&text("README.md"), "rust") {
        let block = normal(&block);
        assert!(examples.iter().any(|example| normal(example).contains(&block)), "in no example:\n{block}");
    }
}

/// Lines without their indentation, and without empty ones.
fn normal(code: &str) -> String {
    code.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}
