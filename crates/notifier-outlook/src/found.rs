//! What Graph's answer to a look for a mail means.

use chargebook_domain::ports::Found;
use reqwest::{Response, StatusCode};
use serde_json::Value;

use crate::answer::Answer;
use crate::sign_in_failure::SignInFailure;
use crate::transport::NoAnswer;

/// Graph says so where there are more pages, and a page may be empty before them.
const NEXT_PAGE: &str = "@odata.nextLink";

/// What a page of mails shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Page {
    Sent,
    OnlyDrafts,
    Nothing,
    Unreadable,
}

/// What an answer has shown.
pub(crate) async fn found(response: Response) -> Found {
    let (answer, body) = Answer::read(response).await;
    if answer.status != StatusCode::OK {
        return refused(&answer);
    }
    match page(&body) {
        Page::Sent => Found::There,
        Page::Nothing => Found::NotThere,
        Page::OnlyDrafts => cannot_tell(
            "The mail lies in the sender's mailbox as a draft, so it may be on its way or never go.",
            "Look there: send the draft, or delete it and send the mail again.",
        ),
        Page::Unreadable => cannot_tell(
            &format!("Graph's list of mails could not be read ({}).", answer.details(None)),
            "Check outlook.graph_base, and that no proxy answers in its place.",
        ),
    }
}

/// There is no answer.
pub(crate) fn not_found_out(why: NoAnswer) -> Found {
    match why {
        NoAnswer::NotBuilt => cannot_tell(
            "The request that looks for the mail could not be made.",
            "Check outlook.graph_base and outlook.sender.",
        ),
        NoAnswer::NotConnected => cannot_tell("Graph cannot be reached.", "Check outlook.graph_base and the network."),
        NoAnswer::TimedOut => cannot_tell("Graph did not say in time whether it has the mail.", "Ask again later."),
        NoAnswer::Lost => {
            cannot_tell("The connection was lost before Graph said whether it has the mail.", "Ask again later.")
        }
    }
}

/// There is no token.
pub(crate) fn not_asked(failure: &SignInFailure) -> Found {
    cannot_tell("The mailbox could not be looked into.", &failure.reason)
}

fn refused(answer: &Answer) -> Found {
    let to_do = match answer.status.as_u16() {
        300..=399 => "It was a redirect, which is not followed: check outlook.graph_base.",
        401 => {
            "Graph does not accept even a fresh token: outlook.authority and outlook.graph_base must be of one cloud."
        }
        403 => {
            "Grant the application Mail.Read on this mailbox, by RBAC for Applications with this mailbox as its scope \
             (docs/operations.md). A change takes up to two hours to hold."
        }
        404 => "The sender's mailbox does not exist or has no Exchange Online licence: check outlook.sender.",
        429 | 503 | 509 => "It is too busy at the moment; ask again later.",
        500..=599 => "It has a fault of its own; ask again later.",
        _ => "Look in Sent Items of the sender's mailbox.",
    };
    cannot_tell(&format!("Graph did not look for the mail ({}).", answer.details(None)), to_do)
}

fn cannot_tell(what: &str, to_do: &str) -> Found {
    Found::CannotTell { reason: format!("{what} {to_do}") }
}

/// Only a list that says all of itself shows that a mail is there or is not.
fn page(body: &Value) -> Page {
    let Some(mails) = body["value"].as_array() else { return Page::Unreadable };
    let drafts: Option<Vec<bool>> = mails.iter().map(|mail| mail["isDraft"].as_bool()).collect();
    match drafts {
        None => Page::Unreadable,
        Some(drafts) if drafts.contains(&false) => Page::Sent,
        Some(_) if body.get(NEXT_PAGE).is_some() => Page::Unreadable,
        Some(drafts) if drafts.is_empty() => Page::Nothing,
        Some(_) => Page::OnlyDrafts,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_whole_list_shows_anything() {
        let next = "https://graph.microsoft.com/v1.0/users/x/messages?$skip=10";
        for (body, expected) in [
            (json!({"value": [{"id": "a", "isDraft": false}]}), Page::Sent),
            (json!({"value": [{"isDraft": true}, {"isDraft": false}]}), Page::Sent),
            (json!({"value": [{"isDraft": false}], "@odata.nextLink": next}), Page::Sent),
            (json!({"value": []}), Page::Nothing),
            (json!({"value": [{"isDraft": true}]}), Page::OnlyDrafts),
            (json!({"value": [{"isDraft": true}], "@odata.nextLink": next}), Page::Unreadable),
            (json!({"value": [], "@odata.nextLink": next}), Page::Unreadable),
            (json!({"value": [], "@odata.nextLink": null}), Page::Unreadable),
            (json!({"value": [{"id": "a"}]}), Page::Unreadable),
            (json!({"value": [{"isDraft": "false"}]}), Page::Unreadable),
            (json!({"value": [1]}), Page::Unreadable),
            (json!({"value": {}}), Page::Unreadable),
            (json!({"error": {"code": "x"}}), Page::Unreadable),
            (json!([]), Page::Unreadable),
            (json!({}), Page::Unreadable),
            (Value::Null, Page::Unreadable),
        ] {
            assert_eq!(page(&body), expected, "{body}");
        }
    }
}
