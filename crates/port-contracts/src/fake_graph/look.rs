//! The request that looks for mails: a list of messages under a filter.

use serde_json::{Value, json};

use super::{AcceptedMail, ERROR_TEXT, State, may};
use crate::fake_http::{Ending, Reply, Request};

/// The permission to read a mailbox.
const READ: &str = "Mail.Read";

/// What can go wrong with one look.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LookFault {
    /// 401; the token that came with the request is never accepted again.
    Unauthorized,
    /// 403 `ErrorAccessDenied`.
    Forbidden,
    /// 404 `ErrorInvalidUser`.
    NotFound,
    /// 429 `ApplicationThrottled`.
    Throttled,
    /// 500 `generalException`.
    ServerError,
    /// 502 with a page.
    BadGatewayHtml,
    /// 200 with a page, as a captive portal answers.
    PageInsteadOfList,
    /// 200 with this body.
    Body(Value),
    /// No answer ever.
    Hang,
    /// The connection is closed without an answer.
    Drop,
    /// 307 to this address.
    Redirect {
        /// The `Location` header.
        location: String,
    },
}

/// What is asked for, as far as the fake understands it.
struct Query {
    property: String,
    value: String,
    top: usize,
    members: Vec<String>,
}

pub(super) fn answer(user: &str, query: &str, request: &Request, state: &mut State) -> Ending {
    state.look_requests += 1;
    let Some(token) = state.accepted_token(request) else {
        return Ending::Reply(Reply::graph_error(401, "InvalidAuthenticationToken"));
    };
    if state.looks_need_a_role && !may(&token, READ) {
        return Ending::Reply(Reply::graph_error(403, "ErrorAccessDenied"));
    }
    let Some(query) = Query::read(query) else {
        return Ending::Reply(Reply::graph_error(400, "BadRequest"));
    };
    match state.look_faults.pop_front() {
        Some(fault) => fail(fault, token, state),
        None => Ending::Reply(list(user, &query, state)),
    }
}

/// Mails that were accepted, and drafts, as long as they are to be seen.
fn list(user: &str, query: &Query, state: &mut State) -> Reply {
    let hidden = state.looks_in_vain > 0;
    state.looks_in_vain = state.looks_in_vain.saturating_sub(1);
    let (drafts, sent) =
        (state.drafts.iter().map(|mail| (mail, true)), state.accepted.iter().map(|mail| (mail, false)));
    let found: Vec<Value> = drafts
        .chain(sent)
        .filter(|(mail, _)| !hidden && mail.sender == user && query.is_of(mail))
        .enumerate()
        .map(|(number, (mail, is_draft))| query.shown(number, mail, is_draft))
        .collect();
    let more = found.len() > query.top;
    let page: Vec<Value> = found.into_iter().take(query.top).collect();
    let mut body =
        json!({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users('x')/messages", "value": page});
    if more {
        body["@odata.nextLink"] = json!("https://graph.microsoft.com/v1.0/users/x/messages?$skip=1");
    }
    Reply::json(200, body.to_string()).with_request_id()
}

fn fail(fault: LookFault, token: String, state: &mut State) -> Ending {
    Ending::Reply(match fault {
        LookFault::Unauthorized => {
            state.revoked_tokens.insert(token);
            Reply::graph_error(401, "InvalidAuthenticationToken")
        }
        LookFault::Forbidden => Reply::graph_error(403, "ErrorAccessDenied"),
        LookFault::NotFound => Reply::graph_error(404, "ErrorInvalidUser"),
        LookFault::Throttled => Reply::graph_error(429, "ApplicationThrottled"),
        LookFault::ServerError => Reply::graph_error(500, "generalException"),
        LookFault::BadGatewayHtml => Reply::html(502, ERROR_TEXT),
        LookFault::PageInsteadOfList => Reply::html(200, ERROR_TEXT),
        LookFault::Body(body) => Reply::json(200, body.to_string()),
        LookFault::Hang => return Ending::Hang,
        LookFault::Drop => return Ending::Drop,
        LookFault::Redirect { location } => Reply::empty(307).with_header("location", Some(location)),
    })
}

impl Query {
    /// A plus is no space in `OData`, so a query that has one is not understood.
    fn read(query: &str) -> Option<Self> {
        let (mut filter, mut top, mut select) = (None, None, None);
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=')?;
            let place = match decoded(name)?.as_str() {
                "$filter" => &mut filter,
                "$top" => &mut top,
                "$select" => &mut select,
                _ => return None,
            };
            if place.replace(decoded(value)?).is_some() {
                return None;
            }
        }
        let (property, value) = of_filter(&filter?)?;
        let top = top?.parse().ok().filter(|top| (1..=1000).contains(top))?;
        let members: Vec<String> = select?.split(',').map(ToOwned::to_owned).collect();
        let known = ["id", "isDraft", "sentDateTime", "subject"];
        members.iter().all(|name| known.contains(&name.as_str())).then_some(Self { property, value, top, members })
    }

    /// The property's name is compared exactly, its value without regard to case.
    fn is_of(&self, mail: &AcceptedMail) -> bool {
        let properties = mail.body.pointer("/message/singleValueExtendedProperties").and_then(Value::as_array);
        properties.into_iter().flatten().any(|property| {
            property["id"] == self.property.as_str()
                && property["value"].as_str().is_some_and(|value| value.eq_ignore_ascii_case(&self.value))
        })
    }

    fn shown(&self, number: usize, mail: &AcceptedMail, is_draft: bool) -> Value {
        let all = json!({
            "id": format!("AAMkAGI2-{number}="),
            "isDraft": is_draft,
            "sentDateTime": "2026-11-21T07:00:00Z",
            "subject": mail.subject(),
        });
        let mut shown = json!({"@odata.etag": format!("W/\"CQAAABYAAAB{number}\"")});
        for name in &self.members {
            shown[name] = all[name].clone();
        }
        shown
    }
}

fn decoded(text: &str) -> Option<String> {
    if text.contains('+') || text.contains(' ') {
        return None;
    }
    let pair = format!("x={text}");
    url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, decoded)| decoded.into_owned())
}

/// The property and the value of the one filter that is understood.
fn of_filter(filter: &str) -> Option<(String, String)> {
    let rest = filter.strip_prefix("singleValueExtendedProperties/Any(ep: ep/id eq ")?;
    let (property, rest) = literal(rest)?;
    let (value, rest) = literal(rest.strip_prefix(" and ep/value eq ")?)?;
    (rest == ")").then_some((property, value))
}

/// A text in quotes, in which a quote is written twice, and what comes after it.
fn literal(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('\'')?;
    let mut value = String::new();
    loop {
        let (part, after) = rest.split_once('\'')?;
        value.push_str(part);
        match after.strip_prefix('\'') {
            Some(more) => {
                value.push('\'');
                rest = more;
            }
            None => return Some((value, after)),
        }
    }
}
