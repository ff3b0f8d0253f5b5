//! What a query asks of a list, or that it can't be asked.

use chrono::{DateTime, TimeDelta, Utc};

use super::request::{Endpoint, Resource};
use super::shelf::Held;
use crate::fake_http::Reply;

const LIMIT_DEFAULT: usize = 10;
const LIMIT_MAX: usize = 100;
const DAYS_OF_EVENTS: i64 = 30;

/// What is asked of a list; of a single object only what to expand.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) limit: usize,
    /// The object that the page starts after.
    pub(super) after: Option<String>,
    /// The first second of `created`.
    pub(super) first: i64,
    /// The last second of `created`.
    pub(super) last: i64,
    /// The fields to expand, by their place among those of the resource.
    pub(super) expand: Vec<usize>,
    /// The places of fields, each with the values of which it has one.
    filters: Vec<(usize, Vec<Pattern>)>,
}

#[derive(Debug)]
enum Pattern {
    Exactly(String),
    Beginning(String),
}

impl Query {
    /// Reads the query of a request.
    pub(super) fn read(endpoint: Endpoint, query: &[(String, String)], now: DateTime<Utc>) -> Result<Self, Reply> {
        let resource = endpoint.resource();
        let oldest = (now - TimeDelta::days(DAYS_OF_EVENTS)).timestamp();
        let mut read = Self {
            limit: LIMIT_DEFAULT,
            after: None,
            first: if resource == Resource::Events { oldest } else { i64::MIN },
            last: i64::MAX,
            expand: Vec::new(),
            filters: Vec::new(),
        };
        for (key, value) in query {
            match endpoint {
                Endpoint::List(_) => read.add(resource, key, value)?,
                Endpoint::Retrieve(_) if is_list_of("expand", key) => read.expand(resource, value)?,
                Endpoint::Retrieve(_) => return Err(unknown()),
            }
        }
        Ok(read)
    }

    fn add(&mut self, resource: Resource, key: &str, value: &str) -> Result<(), Reply> {
        match (resource, key) {
            (_, "limit") => {
                let limit = value.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
                self.limit = limit.ok_or_else(not_a_number)?;
            }
            (_, "starting_after") => self.after = Some(value.to_owned()),
            (_, "created[gt]") => self.first = self.first.max(second(value)?.saturating_add(1)),
            (_, "created[gte]") => self.first = self.first.max(second(value)?),
            (_, "created[lt]") => self.last = self.last.min(second(value)?.saturating_sub(1)),
            (_, "created[lte]") => self.last = self.last.min(second(value)?),
            (_, key) if is_list_of("expand", key) => {
                self.expand(resource, value.strip_prefix("data.").ok_or_else(not_expandable)?)?;
            }
            (Resource::BalanceTransactions, "payout") => self.filters.push((0, Vec::new())),
            (Resource::BalanceTransactions, "source") if is_dispute(value) => self.filters.push((0, Vec::new())),
            (Resource::Events, "type") if value.ends_with('*') => {
                self.filters.push((0, vec![Pattern::Beginning(value.trim_end_matches('*').to_owned())]));
            }
            (Resource::Events, key) if is_list_of("types", key) => self.add_type(value),
            _ => {
                let field = resource.fields().iter().position(|field| *field == key).ok_or_else(unknown)?;
                self.filters.push((field, vec![Pattern::Exactly(value.to_owned())]));
            }
        }
        Ok(())
    }

    /// One more of the types that are asked for together.
    fn add_type(&mut self, value: &str) {
        let pattern = Pattern::Exactly(value.to_owned());
        match self.filters.first_mut() {
            Some((_, types)) => types.push(pattern),
            None => self.filters.push((0, vec![pattern])),
        }
    }

    fn expand(&mut self, resource: Resource, field: &str) -> Result<(), Reply> {
        let fields = if resource == Resource::Disputes { resource.fields() } else { &[] };
        self.expand.push(fields.iter().position(|known| *known == field).ok_or_else(not_expandable)?);
        Ok(())
    }

    pub(super) fn matches(&self, held: &Held) -> bool {
        self.filters.iter().all(|(field, patterns)| {
            let value = held.field(*field).unwrap_or_default();
            patterns.iter().any(|pattern| match pattern {
                Pattern::Exactly(text) => value == text,
                Pattern::Beginning(text) => value.starts_with(text.as_str()),
            })
        })
    }
}

/// Whether a key is `name[]`, or `name[0]` as some clients number them.
fn is_list_of(name: &str, key: &str) -> bool {
    let index = key.strip_prefix(name).and_then(|rest| rest.strip_prefix('[')?.strip_suffix(']'));
    index.is_some_and(|index| index.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_dispute(id: &str) -> bool {
    id.starts_with("du_") || id.starts_with("dp_")
}

fn second(value: &str) -> Result<i64, Reply> {
    value.parse().map_err(|_| not_a_number())
}

fn unknown() -> Reply {
    Reply::error(400, "invalid_request_error", Some("parameter_unknown"))
}

fn not_a_number() -> Reply {
    Reply::error(400, "invalid_request_error", Some("parameter_invalid_integer"))
}

fn not_expandable() -> Reply {
    Reply::error(400, "invalid_request_error", None)
}
