//! What reads from outside, as functions of bytes: whatever the bytes are, none may panic or take long. For tests only.
//!
//! Each [`Target`] says what must be true of what was read, and begins from inputs that are made of the repository's own
//! fixtures. [`mutate::Mutator`] changes those; `script/fuzz` runs a target for long, and cargo-fuzz can run the same
//! functions.
#![warn(missing_docs)]
#![expect(clippy::unwrap_used, reason = "it runs in tests only, where what is not as expected should panic")]

mod corpus;
pub mod mutate;
pub mod run;
mod targets;
mod values;

use targets::{
    batches, dispute_json, money, orders_csv, report_csv, rules, settings, shop_body, signatures, stripe_body,
};

/// Something that reads.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// What it is called on the command line.
    pub name: &'static str,
    /// Reads the bytes, and panics where what comes of them can't be right.
    pub run: fn(&[u8]),
    /// What to begin from: all of it can be read.
    pub corpus: fn() -> Vec<Vec<u8>>,
    /// Words that mean something to it.
    pub words: &'static [&'static str],
}

/// Every target.
pub static TARGETS: [Target; 11] = [
    Target {
        name: "stripe-signature",
        run: signatures::stripe,
        corpus: signatures::stripe_corpus,
        words: signatures::WORDS,
    },
    Target { name: "shop-signature", run: signatures::shop, corpus: signatures::shop_corpus, words: signatures::WORDS },
    Target { name: "stripe-body", run: stripe_body::run, corpus: stripe_body::corpus, words: stripe_body::WORDS },
    Target { name: "dispute-json", run: dispute_json::run, corpus: dispute_json::corpus, words: dispute_json::WORDS },
    Target { name: "shop-body", run: shop_body::run, corpus: shop_body::corpus, words: shop_body::WORDS },
    Target { name: "orders-csv", run: orders_csv::run, corpus: orders_csv::corpus, words: orders_csv::WORDS },
    Target { name: "report-csv", run: report_csv::run, corpus: report_csv::corpus, words: report_csv::WORDS },
    Target { name: "settings", run: settings::run, corpus: settings::corpus, words: settings::WORDS },
    Target { name: "rules", run: rules::run, corpus: rules::corpus, words: rules::WORDS },
    Target { name: "money", run: money::run, corpus: money::corpus, words: money::WORDS },
    Target { name: "batches", run: batches::run, corpus: batches::corpus, words: &[] },
];

/// The target of this name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
