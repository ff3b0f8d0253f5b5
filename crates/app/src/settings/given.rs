//! Finds out which keys were given, where, and with which text; knows nothing of what the texts mean.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Value;

use super::keys::{Key, Kind, find, nearest};
use super::reader::Reader;
use super::{FileText, Origin, Problem, ReadFile};

const PREFIX: &str = "CHARGEBOOK_";

/// Everything that settings are read from.
pub(super) struct Sources<'a> {
    pub(super) file: Option<FileText<'a>>,
    pub(super) environment: &'a BTreeMap<String, String>,
    pub(super) read_file: &'a ReadFile<'a>,
}

/// What a key was given.
pub(super) enum Text {
    One(String),
    Many(Vec<String>),
    Names(BTreeMap<String, String>),
}

pub(super) struct Given {
    pub(super) text: Text,
    pub(super) origin: Origin,
}

type Layer = BTreeMap<String, Given>;

impl Sources<'_> {
    /// The environment over the file, and `DATABASE_URL` below both.
    pub(super) fn merge(&self) -> Reader {
        let mut problems = Vec::new();
        let mut given = self.file_layer(&mut problems);
        given.extend(self.environment_layer(&mut problems));
        let last_resort = "DATABASE_URL";
        if let Some(url) = self.environment.get(last_resort).filter(|url| !url.is_empty()) {
            let origin = Origin::Environment(last_resort.to_owned());
            given.entry("database.url".to_owned()).or_insert(Given { text: Text::One(url.clone()), origin });
        }
        Reader { given, problems }
    }

    fn file_layer(&self, problems: &mut Vec<Problem>) -> Layer {
        let Some(file) = self.file else { return Layer::new() };
        let origin = Origin::File(file.path.to_owned());
        let mut written = Vec::new();
        match file.text.parse::<toml::Table>() {
            Ok(table) => flatten("", table, &mut written),
            Err(error) => problems.push(not_toml("--config", file, &error)),
        }
        let mut layer = Layer::new();
        for (name, value) in written {
            let Some(key) = find(&name) else {
                problems.push(unknown(&name, origin.clone(), nearest(&name)));
                continue;
            };
            match text_of(value) {
                Some(text) => self.put(&mut layer, key, Given { text, origin: origin.clone() }, problems),
                None => problems.push(Problem::new(
                    &name,
                    origin.clone(),
                    "it holds something other than texts",
                    "write one value, or a list of texts in brackets",
                )),
            }
        }
        layer
    }

    fn environment_layer(&self, problems: &mut Vec<Problem>) -> Layer {
        let mut layer = Layer::new();
        for (variable, value) in self.environment {
            let Some(name) = variable.strip_prefix(PREFIX).filter(|name| !is_kubernetes_link(name)) else { continue };
            // A variable that is there and empty is how many tools say that it is not set.
            if value.is_empty() {
                continue;
            }
            let origin = Origin::Environment(variable.clone());
            let name = name.to_lowercase().replace("__", ".");
            match find(&name) {
                Some(key) => self.put(&mut layer, key, Given { text: Text::One(value.clone()), origin }, problems),
                None => problems.push(unknown(&name, origin, nearest(&name).as_deref().map(variable_of))),
            }
        }
        layer
    }

    fn put(&self, layer: &mut Layer, key: Key, given: Given, problems: &mut Vec<Problem>) {
        if let Some(other) = layer.get(&key.name) {
            let what = format!("it is given twice, the other time by {}", other.origin);
            problems.push(Problem::new(
                &key.name,
                given.origin,
                what,
                "keep one: the value, or the file that holds it",
            ));
            return;
        }
        let given = if key.in_file { self.open(&key, given) } else { Ok(given) };
        match given {
            Ok(given) => {
                layer.insert(key.name, given);
            }
            Err(problem) => problems.push(problem),
        }
    }

    fn open(&self, key: &Key, named: Given) -> Result<Given, Problem> {
        let name = format!("{}_file", key.name);
        let Text::One(path) = named.text else {
            return Err(Problem::new(&name, named.origin, "it is not one file name", "write one file name"));
        };
        match (self.read_file)(Path::new(&path)) {
            Ok(text) if key.kind == Kind::SecretList => {
                let text = Text::Many(text.lines().map(str::to_owned).collect());
                Ok(Given { text, origin: named.origin })
            }
            Ok(text) => Ok(Given { text: Text::One(text.trim().to_owned()), origin: named.origin }),
            Err(error) => {
                let what = format!("{path} can't be read: {error}");
                Err(Problem::new(&name, named.origin, what, "name a file that is there and may be read"))
            }
        }
    }
}

/// Tables become names with dots; but for the tables that are a key's value.
fn flatten(prefix: &str, table: toml::Table, written: &mut Vec<(String, Value)>) {
    for (name, value) in table {
        let name = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        match value {
            Value::Table(inner) if find(&name).is_none_or(|key| key.kind != Kind::Names) => {
                flatten(&name, inner, written);
            }
            value => written.push((name, value)),
        }
    }
}

fn text_of(value: Value) -> Option<Text> {
    match value {
        Value::Array(values) => values.into_iter().map(scalar).collect::<Option<_>>().map(Text::Many),
        Value::Table(table) => {
            let pair = |(name, value)| scalar(value).map(|text| (name, text));
            table.into_iter().map(pair).collect::<Option<_>>().map(Text::Names)
        }
        value => scalar(value).map(Text::One),
    }
}

fn scalar(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(truth) => Some(truth.to_string()),
        Value::Datetime(moment) => Some(moment.to_string()),
        Value::Array(_) | Value::Table(_) => None,
    }
}

/// Says where the mistake is, and never quotes the line as the library's text does: it can hold a secret.
pub(crate) fn not_toml(key: &str, file: FileText<'_>, error: &toml::de::Error) -> Problem {
    let before = error.span().and_then(|span| file.text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count().saturating_add(1);
    let what = format!("line {line} is not TOML: {}", error.message().lines().next().unwrap_or_default());
    Problem::new(key, Origin::File(file.path.to_owned()), what, "correct that line")
}

fn unknown(name: &str, origin: Origin, hint: Option<String>) -> Problem {
    let remedy = hint.map_or_else(
        || "remove it, or see docs/operations.md for the settings there are".to_owned(),
        |hint| format!("did you mean {hint}?"),
    );
    Problem::new(name, origin, "there is no such setting", remedy)
}

fn variable_of(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_uppercase())
}

/// Kubernetes gives every container variables about the services beside it, and one may be called chargebook. None of
/// our names looks like them.
fn is_kubernetes_link(name: &str) -> bool {
    let port = name == "PORT" || name.starts_with("PORT_") || name.ends_with("_PORT") || name.contains("_PORT_");
    !name.contains("__") && (port || name.ends_with("SERVICE_HOST") || name.contains("SERVICE_PORT"))
}
