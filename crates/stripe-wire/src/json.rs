//! Reading JSON field by field, so that what can't be read is named by its path and never by its value.
//!
//! An absent field and a null one are the same: nothing was said. A field that is there must be what is expected, even
//! if it is optional: guessing at a shape that nobody has seen yet is how books become wrong.

use std::fmt;

use chargebook_domain::ports::Reading;
use serde_json::{Map, Value};

/// What a field must be.
pub struct Kind<T> {
    /// In the words of a person, after "expected".
    pub expected: &'static str,
    /// `None` for a value that is something else.
    pub read: fn(&Value) -> Option<T>,
}

/// A place in the body that can't be read. It holds no value from the body, so that it can be stored and shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    path: String,
    expected: &'static str,
}

impl Fault {
    /// Says of the place `path` that it should be `expected`.
    pub fn new(path: impl Into<String>, expected: &'static str) -> Self {
        Self { path: path.into(), expected }
    }

    /// What a delivery says in which this was found.
    #[must_use]
    pub fn not_understood(&self) -> Reading {
        Reading::NotUnderstood { reason: self.to_string() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}", self.path, self.expected)
    }
}

/// A JSON object and where it stands in the body. Has no `Debug`, which would show the body.
pub struct Object<'a> {
    fields: &'a Map<String, Value>,
    path: String,
}

impl<'a> Object<'a> {
    /// The body itself.
    ///
    /// # Errors
    /// [`Fault`] if it is no object.
    pub fn body(value: &'a Value) -> Result<Self, Fault> {
        let fields = value.as_object();
        let fields = fields.ok_or_else(|| Fault::new("the body", "one JSON object, nested at most 127 deep"))?;
        Ok(Self { fields, path: String::new() })
    }

    /// The value of a field, or `None` if nothing was said.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// A field that may be left out.
    ///
    /// # Errors
    /// [`Fault`] if it is there, and something else.
    pub fn optional<T>(&self, name: &str, kind: &Kind<T>) -> Result<Option<T>, Fault> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        (kind.read)(value).map(Some).ok_or_else(|| self.fault(name, kind.expected))
    }

    /// A field that must be there.
    ///
    /// # Errors
    /// [`Fault`] if it is absent or something else.
    pub fn required<T>(&self, name: &str, kind: &Kind<T>) -> Result<T, Fault> {
        self.optional(name, kind)?.ok_or_else(|| self.fault(name, kind.expected))
    }

    /// An object that may be left out.
    ///
    /// # Errors
    /// [`Fault`] if it is there, and something else.
    pub fn object(&self, name: &str) -> Result<Option<Self>, Fault> {
        self.get(name).map(|value| Self::at(value, self.path_of(name), "an object")).transpose()
    }

    /// An object that must be there.
    ///
    /// # Errors
    /// [`Fault`] if it is absent or something else.
    pub fn required_object(&self, name: &str) -> Result<Self, Fault> {
        self.object(name)?.ok_or_else(|| self.fault(name, "an object"))
    }

    /// An object that Stripe puts in the place of its id when asked to, or `None` if there is only the id.
    #[must_use]
    pub fn expanded(&self, name: &str) -> Option<Self> {
        let fields = self.get(name)?.as_object()?;
        Some(Self { fields, path: self.path_of(name) })
    }

    /// A list of objects; empty when it is left out. `expected` is what each of them must be.
    ///
    /// # Errors
    /// [`Fault`] if it is there, and something else.
    pub fn objects(&self, name: &str, expected: &'static str) -> Result<Vec<Self>, Fault> {
        let Some(value) = self.get(name) else {
            return Ok(Vec::new());
        };
        let path = self.path_of(name);
        let list = value.as_array().ok_or_else(|| Fault::new(path.clone(), "a list"))?;
        list.iter().enumerate().map(|(index, value)| Self::at(value, format!("{path}[{index}]"), expected)).collect()
    }

    /// Says that a field is not what it must be.
    #[must_use]
    pub fn fault(&self, name: &str, expected: &'static str) -> Fault {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TEXT: Kind<String> = Kind { expected: "text", read: |value| value.as_str().map(str::to_owned) };

    #[test]
    fn what_cannot_be_read_is_named_by_its_path_and_never_by_its_value() {
        let value = json!({"a": {"rows": [{"b": "x"}, {"b": "secret", "c": 5}, "secret"]}, "n": null});
        let body = Object::body(&value).unwrap();
        let a = body.required_object("a").unwrap();
        let told = |fault: Fault| fault.to_string();
        assert_eq!(a.objects("rows", "a row").err().map(told).unwrap(), "a.rows[2]: expected a row");
        assert_eq!(body.required("n", &TEXT).err().map(told).unwrap(), "n: expected text");
        assert_eq!(a.object("rows").err().map(told).unwrap(), "a.rows: expected an object");
        let value = json!({"rows": [{"c": {"d": ["secret"]}}]});
        let body = Object::body(&value).unwrap();
        let c = body.objects("rows", "a row").unwrap()[0].required_object("c").unwrap();
        assert_eq!(c.required("d", &TEXT).err().map(told).unwrap(), "rows[0].c.d: expected text");
        assert_eq!(Object::body(&json!([])).err().map(told).unwrap().split(':').next(), Some("the body"));
    }

    #[test]
    fn null_says_as_little_as_absence() {
        let value = json!({"null": null, "text": "x"});
        let body = Object::body(&value).unwrap();
        for name in ["null", "absent"] {
            assert_eq!(body.optional(name, &TEXT), Ok(None));
            assert!(body.object(name).unwrap().is_none() && body.objects(name, "a row").unwrap().is_empty());
        }
        assert_eq!(body.optional("text", &TEXT), Ok(Some("x".to_owned())));
    }
}
