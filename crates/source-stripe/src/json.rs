//! Reading JSON field by field, so that what can't be read is named by its path and never by its value.
//!
//! An absent field and a null one are the same: nothing was said. A field that is there must be what is expected, even
//! if it is optional: guessing at a shape that nobody has seen yet is how books become wrong.

use std::fmt;

use serde_json::{Map, Value};

/// What a field must be.
pub(crate) struct Kind<T> {
    /// In the words of a person, after "expected".
    pub(crate) expected: &'static str,
    /// `None` for a value that is something else.
    pub(crate) read: fn(&Value) -> Option<T>,
}

/// A place in the body that can't be read. It holds no value from the body, so that it can be stored and shown.
#[derive(Debug)]
pub(crate) struct Fault {
    path: String,
    expected: &'static str,
}

impl Fault {
    pub(crate) fn new(path: impl Into<String>, expected: &'static str) -> Self {
        Self { path: path.into(), expected }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}", self.path, self.expected)
    }
}

/// A JSON object and where it stands in the body.
pub(crate) struct Object<'a> {
    fields: &'a Map<String, Value>,
    path: String,
}

impl<'a> Object<'a> {
    /// The body itself, or `None` if it is no object.
    pub(crate) fn body(value: &'a Value) -> Option<Self> {
        value.as_object().map(|fields| Self { fields, path: String::new() })
    }

    /// The value of a field, or `None` if nothing was said.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// A field that may be left out.
    pub(crate) fn optional<T>(&self, name: &str, kind: &Kind<T>) -> Result<Option<T>, Fault> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        (kind.read)(value).map(Some).ok_or_else(|| self.fault(name, kind.expected))
    }

    /// A field that must be there.
    pub(crate) fn required<T>(&self, name: &str, kind: &Kind<T>) -> Result<T, Fault> {
        self.optional(name, kind)?.ok_or_else(|| self.fault(name, kind.expected))
    }

    /// An object that may be left out.
    pub(crate) fn object(&self, name: &str) -> Result<Option<Self>, Fault> {
        self.get(name).map(|value| Self::at(value, self.path_of(name), "an object")).transpose()
    }

    /// An object that must be there.
    pub(crate) fn required_object(&self, name: &str) -> Result<Self, Fault> {
        self.object(name)?.ok_or_else(|| self.fault(name, "an object"))
    }

    /// An object that Stripe puts in the place of its id when asked to, or `None` if there is only the id.
    pub(crate) fn expanded(&self, name: &str) -> Option<Self> {
        let fields = self.get(name)?.as_object()?;
        Some(Self { fields, path: self.path_of(name) })
    }

    /// A list of objects; empty when it is left out. `expected` is what each of them must be.
    pub(crate) fn objects(&self, name: &str, expected: &'static str) -> Result<Vec<Self>, Fault> {
        let Some(value) = self.get(name) else {
            return Ok(Vec::new());
        };
        let path = self.path_of(name);
        let list = value.as_array().ok_or_else(|| Fault::new(path.clone(), "a list"))?;
        list.iter().enumerate().map(|(index, value)| Self::at(value, format!("{path}[{index}]"), expected)).collect()
    }

    /// Says that a field is not what it must be.
    pub(crate) fn fault(&self, name: &str, expected: &'static str) -> Fault {
        Fault::new(self.path_of(name), expected)
    }

    fn at(value: &'a Value, path: String, expected: &'static str) -> Result<Self, Fault> {
        match value.as_object() {
            Some(fields) => Ok(Self { fields, path }),
            None => Err(Fault::new(path, expected)),
        }
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}
