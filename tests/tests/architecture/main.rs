//! The shape of the workspace, held by tests: which crate may use which, what the documents say, what the sources may
//! not contain. ARCHITECTURE.md names the rules.
#![expect(clippy::unwrap_used, reason = "these are tests, in which what is not as expected should panic")]

mod dependencies;
mod deployment;
mod documents;
mod markdown;
mod migrations;
mod settings;
mod sources;
mod tree;
