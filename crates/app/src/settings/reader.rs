//! Takes typed values out of what was given, and notes what can't be right.

use std::collections::BTreeMap;

use secrecy::SecretString;

use super::given::{Given, Text};
use super::{Origin, Problem};

pub(super) struct Reader {
    pub(super) given: BTreeMap<String, Given>,
    pub(super) problems: Vec<Problem>,
}

impl Reader {
    pub(super) fn is_given(&self, key: &str) -> bool {
        self.given.contains_key(key)
    }

    pub(super) fn problem(&mut self, key: &str, what: impl Into<String>, remedy: impl Into<String>) {
        let origin = self.given.get(key).map_or(Origin::NotSet, |given| given.origin.clone());
        self.problems.push(Problem::new(key, origin, what, remedy));
    }

    /// One value; `None` when it is not set, or when it is a list, which is noted.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        match &self.given.get(key)?.text {
            Text::One(text) => Some(text.trim().to_owned()),
            Text::Many(_) | Text::Names(_) => {
                self.problem(key, "it holds several values", "write one value");
                None
            }
        }
    }

    /// One value, as `parse` reads it; what it doesn't read is noted with `remedy`.
    pub(super) fn parse<T>(&mut self, key: &str, remedy: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = self.text(key)?;
        let parsed = parse(&text);
        if parsed.is_none() {
            self.problem(key, format!("`{text}` can't be used"), remedy);
        }
        parsed
    }

    pub(super) fn secret(&mut self, key: &str) -> Option<SecretString> {
        self.text(key).map(SecretString::from)
    }

    pub(super) fn secrets(&mut self, key: &str) -> Vec<SecretString> {
        self.list(key).into_iter().map(SecretString::from).collect()
    }

    /// The values of a list, in either spelling; an empty one when it is not set.
    pub(super) fn list(&mut self, key: &str) -> Vec<String> {
        let values: Vec<&str> = match self.given.get(key).map(|given| &given.text) {
            None => Vec::new(),
            Some(Text::One(text)) => text.split(',').collect(),
            Some(Text::Many(texts)) => texts.iter().map(String::as_str).collect(),
            Some(Text::Names(_)) => {
                self.problem(key, "it holds names with values", "write a list of texts in brackets");
                Vec::new()
            }
        };
        values.into_iter().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect()
    }

    /// Names with their values; as text, `name=value` with commas between.
    pub(super) fn names(&mut self, key: &str) -> BTreeMap<String, String> {
        if let Some(Given { text: Text::Names(names), .. }) = self.given.get(key) {
            return names.clone();
        }
        let mut names = BTreeMap::new();
        for pair in self.list(key) {
            match pair.split_once('=') {
                Some((name, value)) => {
                    names.insert(name.trim().to_owned(), value.trim().to_owned());
                }
                None => self.problem(key, format!("`{pair}` has no ="), "write name=value, with commas between"),
            }
        }
        names
    }
}
