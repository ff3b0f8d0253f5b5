//! The sendMail request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{ERROR_TEXT, State};
use crate::fake_http::{Ending, Reply, Request};

/// What can go wrong with one sendMail request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// 401; the token that came with the request is never accepted again.
    Unauthorized,
    /// 403 `ErrorAccessDenied`.
    Forbidden,
    /// 404 `ErrorInvalidUser`.
    NotFound,
    /// 413 `RequestEntityTooLarge`.
    TooLarge,
    /// 429 `ApplicationThrottled`.
    Throttled {
        /// The `Retry-After` header.
        retry_after: Option<String>,
    },
    /// 503.
    Unavailable {
        /// The error code.
        code: &'static str,
        /// The `Retry-After` header.
        retry_after: Option<String>,
    },
    /// 500 `generalException`.
    ServerError,
    /// 500 without a body.
    EmptyServerError,
    /// 502 with a page.
    BadGatewayHtml,
    /// 500 `generalException`, and the mail lies in Drafts.
    ServerErrorAfterDraft,
    /// 504 `UnknownError`, though the mail was accepted.
    GatewayTimeoutAfterAccept,
    /// No answer ever; the mail was not accepted.
    HangAfterReading,
    /// No answer ever, though the mail was accepted.
    HangAfterAccept,
    /// The connection is closed without an answer; the mail was not accepted.
    DropAfterReading,
    /// The connection is closed without an answer, though the mail was accepted.
    DropAfterAccept,
    /// 307 to this address.
    Redirect {
        /// The `Location` header.
        location: String,
    },
}

/// One accepted mail.
#[derive(Clone, PartialEq, Debug)]
pub struct AcceptedMail {
    /// The mailbox in the path, as it stood there.
    pub sender: String,
    /// The header `client-request-id`.
    pub client_request_id: Option<String>,
    /// The whole body of the request.
    pub body: Value,
}

impl AcceptedMail {
    /// The subject.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.text("/message/subject")
    }

    /// The content of the body.
    #[must_use]
    pub fn html(&self) -> &str {
        self.text("/message/body/content")
    }

    /// The value of the first extended property, where the notifier puts the mail's reference.
    #[must_use]
    pub fn reference(&self) -> &str {
        self.text("/message/singleValueExtendedProperties/0/value")
    }

    /// The addresses it goes to.
    #[must_use]
    pub fn recipients(&self) -> Vec<&str> {
        let recipients = self.body.pointer("/message/toRecipients");
        recipients
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|recipient| recipient.pointer("/emailAddress/address")?.as_str())
            .collect()
    }

    fn text(&self, pointer: &str) -> &str {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }
}

pub(super) fn answer(user: &str, request: &Request, state: &mut State) -> Ending {
    state.send_requests += 1;
    let Some(token) = state.accepted_token(request) else {
        return Ending::Reply(Reply::graph_error(401, "InvalidAuthenticationToken"));
    };
    let Some(body) = readable(request) else {
        return Ending::Reply(Reply::graph_error(400, "RequestBodyRead"));
    };
    let mail = AcceptedMail {
        sender: user.to_owned(),
        client_request_id: request.header("client-request-id").map(ToOwned::to_owned),
        body,
    };
    if let Some(fault) = state.faults.pop_front() {
        return fail(fault, mail, token, state);
    }
    state.accepted.push(mail);
    Ending::Reply(Reply::empty(202).with_request_id())
}

fn fail(fault: Fault, mail: AcceptedMail, token: String, state: &mut State) -> Ending {
    match fault {
        Fault::GatewayTimeoutAfterAccept | Fault::HangAfterAccept | Fault::DropAfterAccept => state.accepted.push(mail),
        Fault::ServerErrorAfterDraft => state.drafts.push(mail),
        _ => {}
    }
    Ending::Reply(match fault {
        Fault::Unauthorized => {
            state.revoked_tokens.insert(token);
            Reply::graph_error(401, "InvalidAuthenticationToken")
        }
        Fault::Forbidden => Reply::graph_error(403, "ErrorAccessDenied"),
        Fault::NotFound => Reply::graph_error(404, "ErrorInvalidUser"),
        Fault::TooLarge => Reply::graph_error(413, "RequestEntityTooLarge"),
        Fault::Throttled { retry_after } => {
            Reply::graph_error(429, "ApplicationThrottled").with_header("retry-after", retry_after)
        }
        Fault::Unavailable { code, retry_after } => {
            Reply::graph_error(503, code).with_header("retry-after", retry_after)
        }
        Fault::ServerError | Fault::ServerErrorAfterDraft => Reply::graph_error(500, "generalException"),
        Fault::EmptyServerError => Reply::empty(500),
        Fault::BadGatewayHtml => Reply::html(502, ERROR_TEXT),
        Fault::GatewayTimeoutAfterAccept => Reply::graph_error(504, "UnknownError"),
        Fault::HangAfterReading | Fault::HangAfterAccept => return Ending::Hang,
        Fault::DropAfterReading | Fault::DropAfterAccept => return Ending::Drop,
        Fault::Redirect { location } => Reply::empty(307).with_header("location", Some(location)),
    })
}

/// The body, if Graph would understand it: like Graph, the fake refuses a member it does not know.
fn readable(request: &Request) -> Option<Value> {
    let is_json = request.header("content-type").is_some_and(|value| value.starts_with("application/json"));
    let body: Value = serde_json::from_slice(&request.body).ok()?;
    let message = &body["message"];
    let understood = is_json
        && has_only(&body, &["message", "saveToSentItems"])
        && body["saveToSentItems"].is_boolean()
        && has_only(message, &["subject", "body", "toRecipients", "singleValueExtendedProperties", "attachments"])
        && message["subject"].is_string()
        && has_only(&message["body"], &["contentType", "content"])
        && [json!("html"), json!("text")].contains(&message["body"]["contentType"])
        && message["body"]["content"].is_string()
        && all_of(&message["toRecipients"], |recipient| {
            let address = &recipient["emailAddress"];
            has_only(recipient, &["emailAddress"])
                && has_only(address, &["address", "name"])
                && address["address"].as_str().is_some_and(|text| text.contains('@'))
        })
        && all_of(&message["singleValueExtendedProperties"], |property| {
            has_only(property, &["id", "value"])
                && property["value"].is_string()
                && property["id"].as_str().is_some_and(|id| id.starts_with("String {") && id.contains("} Name "))
        })
        && (message.get("attachments").is_none() || all_of(&message["attachments"], is_file));
    understood.then_some(body)
}

fn is_file(attachment: &Value) -> bool {
    has_only(attachment, &["@odata.type", "name", "contentType", "contentBytes"])
        && attachment["@odata.type"] == "#microsoft.graph.fileAttachment"
        && ["name", "contentType"].iter().all(|member| attachment[*member].is_string())
        && attachment["contentBytes"].as_str().is_some_and(|content| STANDARD.decode(content).is_ok())
}

fn has_only(value: &Value, names: &[&str]) -> bool {
    value.as_object().is_some_and(|members| members.keys().all(|name| names.contains(&name.as_str())))
}

fn all_of(list: &Value, holds: impl Fn(&Value) -> bool) -> bool {
    list.as_array().is_some_and(|items| !items.is_empty() && items.iter().all(holds))
}
