//! Reads the file of rules: TOML, good as a whole or not at all. docs/rules.md is its manual.

mod condition;
mod endpoint;
mod rule;
mod section;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use chargebook_domain::rules::{EndpointName, RuleSet};
use chargebook_notifier_webhook::WebhookEndpoint;

use crate::settings::{FileText, Origin, Problem, ReadFile, not_toml};

use section::{Notes, Section};

/// What problems of the file as a whole are of.
const WHOLE: &str = "the file of rules";

/// How many rules a file may have: each is looked at for every change of a dispute.
const RULES_MAX: usize = 100;

/// Every rule, and where its messages go.
#[derive(Clone, Debug, Default)]
pub struct RuleFile {
    /// The rules, in the order of the file.
    pub rules: RuleSet,
    /// Where messages can be posted to.
    pub endpoints: BTreeMap<EndpointName, WebhookEndpoint>,
}

/// The rules of a file, and of the files with secrets that it names.
///
/// # Errors
/// Every problem at once. None holds a secret or an address of an endpoint.
pub fn read(path: &Path) -> Result<RuleFile, Vec<Problem>> {
    let shown = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => parse(FileText { path: &shown, text: &text }, &|path| fs::read_to_string(path)),
        Err(error) => {
            let what = format!("it can't be read: {error}");
            Err(vec![Problem::new(WHOLE, Origin::File(shown), what, "name a file that is there and may be read")])
        }
    }
}

/// The rules in a text. Files with secrets are named from the folder of `file`.
///
/// # Errors
/// The same as of [`read`].
pub fn parse(file: FileText<'_>, read_file: &ReadFile<'_>) -> Result<RuleFile, Vec<Problem>> {
    let table = file.text.parse().map_err(|error| vec![not_toml(WHOLE, file, &error)])?;
    let mut notes = Notes::of(file.path);
    let mut top = Section { place: WHOLE.to_owned(), table };
    let folder = Path::new(file.path).parent().unwrap_or(Path::new(""));
    let endpoints = endpoint::endpoints(&mut top, folder, read_file, &mut notes);
    let rules = rule::rules(&mut top, &endpoints, &mut notes);
    top.finish(&["rule", "endpoint"], &mut notes);
    let rules = RuleSet::new(rules).map_err(|same| {
        let remedy = "give each rule a name of its own: the log and the cooldowns go by it";
        notes.note(WHOLE, same.to_string(), remedy);
    });
    let endpoints = endpoints.into_iter().filter_map(|(name, endpoint)| Some((name, endpoint?))).collect();
    match rules {
        Ok(rules) if notes.problems.is_empty() => Ok(RuleFile { rules, endpoints }),
        Ok(_) | Err(()) => Err(notes.problems),
    }
}

#[cfg(test)]
mod tests;
