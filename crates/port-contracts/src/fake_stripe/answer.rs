//! From a request to its answer.

use std::time::Duration;

use tokio::time::Instant;

use super::account::Account;
use super::fault::{Fault, too_many};
use super::query::Query;
use super::request::{Endpoint, Request, Resource};
use super::shelf::Held;
use super::{ERROR_TEXT, KEY, State};
use crate::fake_http::{self, Ending, Reply};

/// What the fields of [`Resource::Disputes`] expand to.
const EXPANDED: [Resource; 2] = [Resource::Charges, Resource::PaymentIntents];

/// An object in another's place.
type Odd<'a> = Option<(usize, &'a str)>;

impl State {
    /// The answer to a request, which is logged.
    pub(super) fn answer(&mut self, read: &fake_http::Request) -> Ending {
        let (path, query) = read.target.split_once('?').unwrap_or((&read.target, ""));
        let (endpoint, id) = endpoint(&read.method, path).unzip();
        let request = Request {
            path: path.to_owned(),
            endpoint,
            query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            account: read.header("stripe-account").map(ToOwned::to_owned),
            version: read.header("stripe-version").map(ToOwned::to_owned),
            at: Instant::now(),
            status: None,
        };
        let is_key = read.header("authorization").and_then(|value| value.strip_prefix("Bearer ")) == Some(KEY);
        let ending = self.ending(&request, id.flatten(), is_key);
        let status = if let Ending::Reply(reply) = &ending { Some(reply.status) } else { None };
        self.requests.push(Request { status, ..request });
        self.read.send_replace(self.requests.len());
        ending
    }

    fn ending(&mut self, request: &Request, id: Option<&str>, is_key: bool) -> Ending {
        let fault = self.next_fault(request.endpoint);
        let mut reply = match fault.as_ref().and_then(Fault::ending) {
            Some(Ending::Reply(reply)) => reply,
            Some(other) => return other,
            None if self.is_over_limit(request) => too_many(),
            None if !is_key => Reply::error(401, "invalid_request_error", None),
            None => self.right(request, id, fault.as_ref()).unwrap_or_else(|refused| refused),
        };
        if let Some(fault) = &fault {
            reply.manner = fault.manner();
        }
        let date = self.now.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let request_id = format!("req_fake{:08}", self.requests.len());
        let is_dated = fault != Some(Fault::NoDate);
        Ending::Reply(reply.with_header("date", is_dated.then_some(date)).with_header("request-id", Some(request_id)))
    }

    /// The first fault that is for any endpoint or for this.
    fn next_fault(&mut self, endpoint: Option<Endpoint>) -> Option<Fault> {
        let is_next = |(only, _): &(Option<Endpoint>, Fault)| only.is_none() || *only == endpoint;
        let place = self.faults.iter().position(is_next)?;
        self.faults.remove(place).map(|(_, fault)| fault)
    }

    fn is_over_limit(&self, request: &Request) -> bool {
        let counts = |earlier: &&Request| {
            (earlier.endpoint, &earlier.account) == (request.endpoint, &request.account) && earlier.status != Some(429)
        };
        let is_recent = |earlier: &&Request| request.at.duration_since(earlier.at) < Duration::from_secs(1);
        let recent = || self.requests.iter().rev().take_while(is_recent).filter(counts).count();
        self.limit.is_some_and(|limit| recent() >= limit)
    }

    /// What Stripe answers when nothing goes wrong; the other way is what it refuses.
    fn right(&self, request: &Request, id: Option<&str>, fault: Option<&Fault>) -> Result<Reply, Reply> {
        let endpoint = request.endpoint.ok_or_else(|| Reply::error(404, "invalid_request_error", None))?;
        let account = self.accounts.get(&request.account);
        let account = account.ok_or_else(|| Reply::error(403, "invalid_request_error", Some("account_invalid")))?;
        let query = Query::read(endpoint, &request.query, self.now)?;
        let resource = endpoint.resource();
        let read = query.expand.iter().map(|field| EXPANDED[*field]).chain([resource]);
        if let Some(denied) = read.into_iter().find(|resource| self.denied.contains(resource)) {
            return Err(denial(denied));
        }
        let odd = match fault {
            Some(Fault::OddObject { at, object }) => Some((*at, object.to_string())),
            _ => None,
        };
        let odd = odd.as_ref().map(|(at, text)| (*at, text.as_str()));
        let found = match id {
            Some(id) => account.single(resource, id, &query, odd),
            None => account.list(resource, &query, odd),
        };
        let missing = if id.is_some() { 404 } else { 400 };
        let found = found.ok_or_else(|| Reply::error(missing, "invalid_request_error", Some("resource_missing")))?;
        Ok(Reply::json(200, found))
    }
}

impl Account {
    fn single(&self, resource: Resource, id: &str, query: &Query, odd: Odd<'_>) -> Option<String> {
        let objects = self.shelf(resource);
        let held = objects.get(id).filter(|_| objects.created(id) >= Some(query.first))?;
        let mut text = String::new();
        match odd {
            Some((_, other)) => text.push_str(other),
            None => self.write(held, query, &mut text),
        }
        Some(text)
    }

    fn list(&self, resource: Resource, query: &Query, odd: Odd<'_>) -> Option<String> {
        let (page, has_more) = self.shelf(resource).page(query)?;
        let mut text = String::from(r#"{"object":"list","data":["#);
        for (index, held) in page.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            match odd {
                Some((at, other)) if at.min(page.len() - 1) == index => text.push_str(other),
                _ => self.write(held, query, &mut text),
            }
        }
        text.push_str(
            &[r#"],"has_more":"#, &has_more.to_string(), r#","url":"/v1/"#, resource.name(), r#""}"#].concat(),
        );
        Some(text)
    }

    /// Writes an object with what the query expands.
    fn write(&self, held: &Held, query: &Query, text: &mut String) {
        let expanded = query.expand.iter().filter_map(|field| {
            let object = self.shelf(EXPANDED[*field]).get(held.field(*field)?)?;
            Some((*field, object.text()))
        });
        held.write(text, expanded.collect());
    }
}

/// What a path asks for, and the id in it.
fn endpoint<'a>(method: &str, path: &'a str) -> Option<(Endpoint, Option<&'a str>)> {
    let (name, id) = match path.strip_prefix("/v1/")?.split_once('/') {
        Some((name, id)) => (name, Some(id)),
        None => (path.strip_prefix("/v1/")?, None),
    };
    let resource = Resource::ALL.into_iter().find(|resource| resource.name() == name && method == "GET")?;
    Some((id.map_or(Endpoint::List(resource), |_| Endpoint::Retrieve(resource)), id))
}

/// As Stripe names what a restricted key lacks.
fn denial(resource: Resource) -> Reply {
    let message = format!(
        "{ERROR_TEXT} Having the 'rak_{}_read' permission would allow this request to continue.",
        resource.object()
    );
    Reply::error_about(403, "invalid_request_error", None, &message)
}
