//! Looking for a mail by its reference.

use std::time::Duration;

use chargebook_domain::ports::{Found, Mail, Notifier, RequestId};
use chargebook_port_contracts::fake_graph::{FakeGraph, Fault, LookFault};
use chrono::DateTime;
use serde_json::json;

use crate::support::{assert_readable, attempt, closed_address, mail, notifier, notifier_of};

/// The reason why it can't be told.
#[track_caller]
fn reason(found: Found, fake: &FakeGraph) -> String {
    let Found::CannotTell { reason } = found else { panic!("{found:?}") };
    assert_readable(&reason, fake);
    reason
}

#[tokio::test]
async fn a_mail_is_found_by_its_reference_and_its_attempt() {
    let fake = FakeGraph::start().await.unwrap();
    let notifier = notifier_of(&fake);
    assert_eq!(notifier.find(&mail().reference, &attempt()).await, Found::NotThere);
    notifier.send(&mail(), &attempt()).await;
    assert_eq!(notifier.find(&mail().reference, &attempt()).await, Found::There);
    for other in ["summary/2026-11-2", "summary/2026-11-22", "", "' or ep/value ne '"] {
        assert_eq!(notifier.find(other, &attempt()).await, Found::NotThere, "{other}");
    }
    // Another installation may send the same day's mail from the same mailbox.
    let elsewhere = RequestId::of("outlook", &mail().reference, 1, DateTime::from_timestamp(1, 0).unwrap());
    assert_eq!(notifier.find(&mail().reference, &elsewhere).await, Found::NotThere);
    assert_eq!((fake.look_requests(), fake.token_requests().len(), fake.accepted().len()), (7, 1, 1));
}

#[tokio::test]
async fn a_reference_may_hold_any_character() {
    for reference in ["o'brien/''", "a+b c&d=e#f?g%20h", "summary/2026-11-21/woo:Käse", "\"<>\\[]{}|`^"] {
        let fake = FakeGraph::start().await.unwrap();
        let notifier = notifier_of(&fake);
        assert_eq!(notifier.find(reference, &attempt()).await, Found::NotThere, "{reference}");
        notifier.send(&Mail { reference: reference.to_owned(), ..mail() }, &attempt()).await;
        assert_eq!(notifier.find(reference, &attempt()).await, Found::There, "{reference}");
        assert_eq!(notifier.find(&mail().reference, &attempt()).await, Found::NotThere, "{reference}");
    }
}

#[tokio::test]
async fn a_mail_whose_answer_was_lost_is_found_once_it_is_indexed() {
    for fault in [Fault::GatewayTimeoutAfterAccept, Fault::DropAfterAccept] {
        let fake = FakeGraph::start().await.unwrap();
        fake.script([fault]);
        fake.hide_from_looks(2);
        let notifier = notifier_of(&fake);
        notifier.send(&mail(), &attempt()).await;
        for expected in [Found::NotThere, Found::NotThere, Found::There] {
            assert_eq!(notifier.find(&mail().reference, &attempt()).await, expected);
        }
    }
    for fault in [Fault::ServerError, Fault::DropAfterReading] {
        let fake = FakeGraph::start().await.unwrap();
        fake.script([fault]);
        let notifier = notifier_of(&fake);
        notifier.send(&mail(), &attempt()).await;
        assert_eq!(notifier.find(&mail().reference, &attempt()).await, Found::NotThere);
    }
}

#[tokio::test]
async fn a_draft_shows_neither_and_what_was_sent_beside_it_does() {
    let fake = FakeGraph::start().await.unwrap();
    fake.script([Fault::ServerErrorAfterDraft]);
    let notifier = notifier_of(&fake);
    notifier.send(&mail(), &attempt()).await;
    let told = reason(notifier.find(&mail().reference, &attempt()).await, &fake);
    assert!(told.contains("draft"), "{told}");
    assert!(fake.accepted().is_empty());

    notifier.send(&mail(), &attempt()).await;
    assert_eq!(notifier.find(&mail().reference, &attempt()).await, Found::There);
}

#[tokio::test]
async fn without_the_grant_it_says_which() {
    let fake = FakeGraph::start().await.unwrap();
    fake.need_a_role_to_look();
    let notifier = notifier_of(&fake);
    notifier.send(&mail(), &attempt()).await;
    let told = reason(notifier.find(&mail().reference, &attempt()).await, &fake);
    for word in ["HTTP 403", "ErrorAccessDenied", "request-id", "Mail.Read", "RBAC", "docs/operations.md"] {
        assert!(told.contains(word), "no {word} in: {told}");
    }
    fake.issue_tokens(3600, &["Mail.Send", "Mail.Read"]);
    notifier.check().await.unwrap();
    assert_eq!(notifier.find(&mail().reference, &attempt()).await, Found::There);
}

#[tokio::test]
async fn after_a_401_it_looks_with_a_fresh_token_and_then_gives_up() {
    let fake = FakeGraph::start().await.unwrap();
    fake.script_looks([LookFault::Unauthorized]);
    let notifier = notifier_of(&fake);
    assert_eq!(notifier.find(&mail().reference, &attempt()).await, Found::NotThere);
    assert_eq!((fake.look_requests(), fake.token_requests().len()), (2, 2));

    fake.script_looks([LookFault::Unauthorized, LookFault::Unauthorized]);
    let told = reason(notifier.find(&mail().reference, &attempt()).await, &fake);
    assert!(told.contains("HTTP 401") && told.contains("outlook.authority"), "{told}");
    assert_eq!((fake.look_requests(), fake.token_requests().len()), (4, 3));
}

/// Whatever went wrong, a mail that is there is never said to be missing.
async fn cannot_tell(fault: LookFault, words: &[&str]) {
    let fake = FakeGraph::start().await.unwrap();
    let notifier = notifier_of(&fake).with_timeout(Duration::from_millis(500));
    notifier.send(&mail(), &attempt()).await;
    fake.script_looks([fault]);
    let told = reason(notifier.find(&mail().reference, &attempt()).await, &fake);
    for word in words {
        assert!(told.contains(word), "no {word} in: {told}");
    }
    assert_eq!(fake.look_requests(), 1, "it looks once");
}

#[tokio::test]
async fn what_is_no_whole_list_shows_nothing() {
    cannot_tell(LookFault::Forbidden, &["HTTP 403", "Mail.Read"]).await;
    cannot_tell(LookFault::NotFound, &["HTTP 404", "outlook.sender"]).await;
    cannot_tell(LookFault::Throttled, &["HTTP 429", "busy"]).await;
    cannot_tell(LookFault::ServerError, &["HTTP 500", "generalException", "later"]).await;
    cannot_tell(LookFault::BadGatewayHtml, &["HTTP 502"]).await;
    cannot_tell(LookFault::PageInsteadOfList, &["HTTP 200", "outlook.graph_base"]).await;
    cannot_tell(LookFault::Body(json!({})), &["HTTP 200"]).await;
    cannot_tell(LookFault::Body(json!({"value": [], "@odata.nextLink": "x"})), &["HTTP 200"]).await;
    cannot_tell(LookFault::Body(json!({"value": [], "padding": "x".repeat(70_000)})), &["HTTP 200"]).await;
    cannot_tell(LookFault::Hang, &["in time"]).await;
    cannot_tell(LookFault::Drop, &["connection was lost"]).await;
}

#[tokio::test]
async fn the_token_does_not_follow_a_redirect() {
    let elsewhere = FakeGraph::start().await.unwrap();
    let location = format!("{}/users/someone/messages", elsewhere.base());
    cannot_tell(LookFault::Redirect { location }, &["redirect", "outlook.graph_base"]).await;
    assert_eq!(elsewhere.look_requests(), 0);
}

#[tokio::test]
async fn out_of_reach_it_says_what_could_not_be_reached() {
    let fake = FakeGraph::start().await.unwrap();
    let told = reason(notifier(&fake.authority(), &closed_address()).find("a mail", &attempt()).await, &fake);
    assert!(told.contains("Graph cannot be reached"), "{told}");
    let told = reason(notifier(&closed_address(), &fake.base()).find("a mail", &attempt()).await, &fake);
    assert!(told.contains("could not be looked into") && told.contains("sign-in service"), "{told}");
    assert!(!told.contains("sent"), "{told}");
    assert_eq!(fake.look_requests(), 0);
}
