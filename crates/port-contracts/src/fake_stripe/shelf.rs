//! The objects of one kind, as text, in the order in which lists show them.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use serde_json::Value;

use super::query::Query;
use super::request::Resource;

/// The most fields that a resource has.
const FIELDS_MAX: usize = 3;

/// An object.
#[derive(Debug)]
pub(super) struct Held {
    text: Box<str>,
    /// Where the text has the values, with their quotes, of the fields of its [`Resource`].
    fields: [Option<Range<usize>>; FIELDS_MAX],
}

impl Held {
    fn new(resource: Resource, object: &Value) -> Self {
        let text = object.to_string();
        let mut fields = [const { None }; FIELDS_MAX];
        for (found, field) in fields.iter_mut().zip(resource.fields()) {
            *found = object[*field].is_string().then(|| value_in(&text, field, &object[*field])).flatten();
        }
        Self { text: text.into(), fields }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The value of a field of its resource, if that is text.
    pub(super) fn field(&self, index: usize) -> Option<&str> {
        let quoted = &self.text[self.fields[index].clone()?];
        Some(&quoted[1..quoted.len() - 1])
    }

    /// Writes the text with other text in the place of the values of some fields.
    pub(super) fn write(&self, out: &mut String, mut expanded: Vec<(usize, &str)>) {
        let start = |index: usize| self.fields[index].as_ref().map_or(0, |value| value.start);
        expanded.sort_unstable_by_key(|(index, _)| start(*index));
        let mut written = 0;
        for (index, object) in expanded {
            let Some(value) = &self.fields[index] else { continue };
            out.push_str(&self.text[written..value.start]);
            out.push_str(object);
            written = value.end;
        }
        out.push_str(&self.text[written..]);
    }
}

fn value_in(text: &str, field: &str, value: &Value) -> Option<Range<usize>> {
    let value = value.to_string();
    let start = text.find(&format!("\"{field}\":{value}"))? + field.len() + 3;
    Some(start..start + value.len())
}

/// The objects of one kind.
#[derive(Debug)]
pub(super) struct Shelf {
    resource: Resource,
    created: HashMap<Box<str>, i64>,
    held: BTreeMap<(i64, Box<str>), Held>,
}

impl Shelf {
    pub(super) fn of(resource: Resource) -> Self {
        Self { resource, created: HashMap::new(), held: BTreeMap::new() }
    }

    pub(super) fn put(&mut self, object: &Value) {
        let (Some(id), Some(created)) = (object["id"].as_str(), object["created"].as_i64()) else {
            panic!("it has no id or no time: {object}");
        };
        self.remove(id);
        self.created.insert(id.into(), created);
        self.held.insert((created, id.into()), Held::new(self.resource, object));
    }

    pub(super) fn remove(&mut self, id: &str) {
        if let Some((id, created)) = self.created.remove_entry(id) {
            self.held.remove(&(created, id));
        }
    }

    pub(super) fn get(&self, id: &str) -> Option<&Held> {
        self.held.get(&self.place(id)?)
    }

    pub(super) fn created(&self, id: &str) -> Option<i64> {
        self.created.get(id).copied()
    }

    /// The page that the query asks for, the latest first, and whether there are more. `None` when there is no such object
    /// as it should start after.
    pub(super) fn page(&self, query: &Query) -> Option<(Vec<&Held>, bool)> {
        let from = (query.first, Box::default());
        let mut until = (query.last.saturating_add(1), Box::default());
        if let Some(after) = &query.after {
            until = until.min(self.place(after)?);
        }
        if from >= until {
            return Some((Vec::new(), false));
        }
        let mut found = self.held.range(from..until).rev().map(|(_, held)| held).filter(|held| query.matches(held));
        let page = found.by_ref().take(query.limit).collect();
        Some((page, found.next().is_some()))
    }

    fn place(&self, id: &str) -> Option<(i64, Box<str>)> {
        Some((self.created(id)?, id.into()))
    }
}
