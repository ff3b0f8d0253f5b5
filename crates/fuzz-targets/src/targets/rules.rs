//! The file of rules.

use std::io;
use std::path::Path;

use chargebook::rules_file::parse;
use chargebook::settings::{FileText, Problem};
use toml::Table;

use super::settings::plant;
use crate::corpus;

pub(crate) const WORDS: &[&str] = &[
    "[[rule]]\n",
    "name",
    "when",
    "all",
    "actions",
    "cooldown",
    "per",
    "fact",
    "is",
    "is_not",
    "one_of",
    "at_least",
    "below",
    "at_most",
    "above",
    "currency",
    "do",
    "block",
    "unblock",
    "tag",
    "mail",
    "webhook",
    "endpoint",
    "subject",
    "reason",
    "[endpoint.fraud-desk]\n",
    "url",
    "secret",
    "secret_file",
    "there",
    "dispute_filed",
    "dispute_closed",
    "customer_score_changed",
    "customer.lost",
    "dispute.amount",
    "dispute.reason",
    "livemode",
    "customer.tags",
    "\"30m\"",
    "\"366d\"",
    "\"1µ\"",
    "usd",
    "\"50.00\"",
    "true",
    "[",
    "]",
    "{",
    "}",
    "\"",
    ",",
    "\n",
];

/// Good rules, or problems of which none shows a secret or an endpoint's address.
pub(crate) fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    problems(text);
    if let Ok(table) = text.parse::<Table>() {
        let is_endpoints = |name: &str| {
            let mut parts = name.split('.');
            parts.next() == Some("endpoint") && matches!(parts.next_back(), Some("secret" | "url"))
        };
        for problem in problems(&plant("", table, &is_endpoints).to_string()) {
            assert!(!problem.to_string().contains("hunter2"), "{problem}");
        }
    }
}

fn problems(text: &str) -> Vec<Problem> {
    let open = |path: &Path| match path.to_str() {
        Some("etc/there") => Ok("hunter2-hunter2-hunter2\n".to_owned()),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    };
    match parse(FileText { path: "etc/rules.toml", text }, &open) {
        Ok(file) => {
            assert!(!format!("{file:?}").contains("hunter2-hunter2"));
            Vec::new()
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            problems
        }
    }
}

pub(crate) fn corpus() -> Vec<Vec<u8>> {
    let example = corpus::file("docs/rules.example.toml");
    let endpoint = "[endpoint.fraud-desk]\nurl = \"https://desk.example/hook\"\nsecret_file = \"there\"\n";
    let rule = "[[rule]]\nname = \"r\"\nwhen = [\"dispute_filed\"]\nactions = [{ do = \"webhook\", endpoint = \"fraud-desk\" }]\n";
    vec![example.into_bytes(), format!("{rule}{endpoint}").into_bytes()]
}
