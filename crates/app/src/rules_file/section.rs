//! Takes values out of the tables of the file, and notes what can't be right, with its place.

use toml::{Table, Value};

use crate::settings::{Origin, Problem, nearest_of};

/// The problems so far.
pub(super) struct Notes {
    origin: Origin,
    pub(super) problems: Vec<Problem>,
}

impl Notes {
    pub(super) fn of(path: &str) -> Self {
        Self { origin: Origin::File(path.to_owned()), problems: Vec::new() }
    }

    pub(super) fn note(&mut self, place: &str, what: impl Into<String>, remedy: impl Into<String>) {
        self.problems.push(Problem::new(place, self.origin.clone(), what, remedy));
    }
}

/// What to do about a word that is not known.
pub(super) fn one_of(written: &str, known: &[&str]) -> String {
    nearest_of(written, known.iter().copied())
        .map_or_else(|| format!("write one of {}", known.join(", ")), |meant| format!("did you mean {meant}?"))
}

/// A table, whose keys are taken out one by one.
pub(super) struct Section {
    /// What the table is, for problems.
    pub(super) place: String,
    pub(super) table: Table,
}

impl Section {
    /// The elements of a list of tables, counted from 1; what is no table is noted.
    pub(super) fn tables(&mut self, key: &str, each: &str, notes: &mut Notes) -> Vec<Self> {
        let values = self.list(key, notes).unwrap_or_default();
        let mut tables = Vec::new();
        for (value, number) in values.into_iter().zip(1..) {
            let place = format!("{}{each} {number}", self.prefix());
            match value {
                Value::Table(table) => tables.push(Self { place, table }),
                _ => notes.note(&place, "it is not a table", "see docs/rules.md for how it is written"),
            }
        }
        tables
    }

    /// The place as the beginning of a place in it.
    fn prefix(&self) -> String {
        if self.place == super::WHOLE { String::new() } else { format!("{}, ", self.place) }
    }

    /// A list; `None` when it is not there, or is something else, which is noted.
    pub(super) fn list(&mut self, key: &str, notes: &mut Notes) -> Option<Vec<Value>> {
        if let Value::Array(values) = self.table.remove(key)? {
            return Some(values);
        }
        let remedy = format!("write a list in brackets, or [[{key}]] for each table of it");
        notes.note(&self.place, format!("`{key}` is not a list"), remedy);
        None
    }

    /// A text; `None` when it is not there, or is something else, which is noted. The value is never shown.
    pub(super) fn text(&mut self, key: &str, notes: &mut Notes) -> Option<String> {
        if let Value::String(text) = self.table.remove(key)? {
            return Some(text);
        }
        notes.note(&self.place, format!("`{key}` is not a text"), "write one text, in quotes");
        None
    }

    /// A text that must be there, as `parse` reads it; what it doesn't read is noted.
    pub(super) fn need<T, E: ToString>(
        &mut self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
        notes: &mut Notes,
    ) -> Option<T> {
        if !self.table.contains_key(key) {
            notes.note(&self.place, format!("it has no `{key}`"), format!("write {key} = \"...\""));
            return None;
        }
        let text = self.text(key, notes)?;
        let parsed = parse(&text).map_err(|error| error.to_string());
        parsed.map_err(|error| notes.note(&self.place, format!("`{key}` can't be used"), error)).ok()
    }

    /// Notes what was not taken out.
    pub(super) fn finish(self, keys: &[&str], notes: &mut Notes) {
        for key in self.table.keys() {
            notes.note(&self.place, format!("there is no key `{key}` here"), one_of(key, keys));
        }
    }
}
