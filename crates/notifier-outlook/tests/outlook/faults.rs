//! What can go wrong with the post itself. In no case are there two mails.

use std::time::Duration;

use chargebook_domain::ports::{Notifier, SendOutcome};
use chargebook_port_contracts::fake_graph::{FakeGraph, Fault};

use crate::support::{attempt, closed_address, mail, notifier, notifier_of, readable};

struct Tried {
    fake: FakeGraph,
    outcome: SendOutcome,
}

/// Sends one mail that meets these faults; whatever they are, it is posted once, or again after a 401.
async fn send_into(faults: Vec<Fault>) -> Tried {
    let fake = FakeGraph::start().await.unwrap();
    let unauthorized = faults.iter().filter(|fault| **fault == Fault::Unauthorized);
    let most_requests = 1 + unauthorized.count();
    fake.script(faults);
    let notifier = notifier_of(&fake).with_timeout(Duration::from_millis(500));
    let outcome = notifier.send(&mail(), &attempt()).await;
    assert!(fake.accepted().len() <= 1);
    assert!(fake.send_requests() <= most_requests.min(2));
    Tried { fake, outcome }
}

async fn refused(fault: Fault, retry_after: Option<Duration>, words: &[&str]) {
    let tried = send_into(vec![fault.clone()]).await;
    let reason = readable(&tried.outcome, &tried.fake);
    for word in words {
        assert!(reason.contains(word), "no {word} in: {reason}");
    }
    let SendOutcome::Refused { retry_after: found, .. } = tried.outcome else {
        panic!("{fault:?} is {:?}", tried.outcome);
    };
    assert_eq!(found, retry_after, "{fault:?}");
    assert!(tried.fake.accepted().is_empty());
}

async fn unknown(fault: Fault, accepted: usize, words: &[&str]) {
    let tried = send_into(vec![fault.clone()]).await;
    let reason = readable(&tried.outcome, &tried.fake);
    for word in words.iter().chain(&["Nobody can know", "Sent Items"]) {
        assert!(reason.contains(word), "no {word} in: {reason}");
    }
    assert!(matches!(tried.outcome, SendOutcome::Unknown { .. }), "{fault:?}");
    assert_eq!(tried.fake.accepted().len(), accepted, "{fault:?}");
}

#[tokio::test]
async fn after_a_401_the_mail_goes_with_a_fresh_token() {
    let tried = send_into(vec![Fault::Unauthorized]).await;
    assert!(matches!(tried.outcome, SendOutcome::Accepted { .. }), "{:?}", tried.outcome);
    assert_eq!(tried.fake.token_requests().len(), 2);
    assert_eq!(tried.fake.send_requests(), 2);
    assert_eq!(tried.fake.accepted().len(), 1);
}

#[tokio::test]
async fn after_two_401_it_is_given_up() {
    let tried = send_into(vec![Fault::Unauthorized, Fault::Unauthorized]).await;
    let reason = readable(&tried.outcome, &tried.fake);
    assert!(reason.contains("HTTP 401"), "{reason}");
    assert!(reason.contains("outlook.authority"), "{reason}");
    assert!(matches!(tried.outcome, SendOutcome::Refused { retry_after: None, .. }));
    assert_eq!(tried.fake.token_requests().len(), 2);
    assert!(tried.fake.accepted().is_empty());
}

#[tokio::test]
async fn after_a_401_a_lost_answer_is_still_unknown() {
    let tried = send_into(vec![Fault::Unauthorized, Fault::DropAfterAccept]).await;
    assert!(matches!(tried.outcome, SendOutcome::Unknown { .. }));
    assert_eq!(tried.fake.accepted().len(), 1);
}

#[tokio::test]
async fn throttling_is_refused_until_the_time_it_says() {
    for (header, seconds) in [
        (None, 60),
        (Some("7"), 7),
        (Some("3600"), 600),
        (Some("Sat, 21 Nov 2026 07:00:30 GMT"), 30),
        (Some("nonsense"), 60),
    ] {
        let retry_after = header.map(ToOwned::to_owned);
        let fault = Fault::Throttled { retry_after };
        let words = ["HTTP 429", "ApplicationThrottled", "request-id"];
        refused(fault, Some(Duration::from_secs(seconds)), &words).await;
    }
}

#[tokio::test]
async fn a_503_is_refused_only_with_a_throttling_code() {
    let unavailable = |code| Fault::Unavailable { code, retry_after: Some("5".to_owned()) };
    let wait = Some(Duration::from_secs(5));
    refused(unavailable("ErrorServerBusy"), wait, &["HTTP 503"]).await;
    unknown(unavailable("serviceNotAvailable"), 0, &["HTTP 503"]).await;
}

#[tokio::test]
async fn what_a_person_must_change_is_said() {
    let hour = Some(Duration::from_hours(1));
    refused(Fault::Forbidden, hour, &["HTTP 403", "ErrorAccessDenied", "Mail.Send"]).await;
    refused(Fault::NotFound, None, &["HTTP 404", "ErrorInvalidUser", "outlook.sender"]).await;
    refused(Fault::TooLarge, None, &["HTTP 413", "larger"]).await;
}

#[tokio::test]
async fn a_fault_of_the_server_leaves_it_unknown() {
    unknown(Fault::ServerError, 0, &["HTTP 500", "generalException", "request-id"]).await;
    unknown(Fault::EmptyServerError, 0, &["HTTP 500", "client-request-id"]).await;
    unknown(Fault::BadGatewayHtml, 0, &["HTTP 502", "client-request-id"]).await;
    unknown(Fault::GatewayTimeoutAfterAccept, 1, &["HTTP 504", "UnknownError"]).await;
}

#[tokio::test]
async fn a_lost_answer_leaves_it_unknown() {
    unknown(Fault::DropAfterReading, 0, &["connection was lost", "client-request-id"]).await;
    unknown(Fault::DropAfterAccept, 1, &["connection was lost"]).await;
    unknown(Fault::HangAfterReading, 0, &["no answer", "client-request-id"]).await;
    unknown(Fault::HangAfterAccept, 1, &["no answer"]).await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = FakeGraph::start().await.unwrap();
    let location = format!("{}/users/someone/sendMail", elsewhere.base());
    unknown(Fault::Redirect { location }, 0, &["redirect", "outlook.graph_base"]).await;
    assert_eq!(elsewhere.send_requests(), 0);
}

#[tokio::test]
async fn without_a_connection_it_is_refused_and_tried_soon() {
    let fake = FakeGraph::start().await.unwrap();
    let notifier = notifier(&fake.authority(), &closed_address());
    let outcome = notifier.send(&mail(), &attempt()).await;
    let reason = readable(&outcome, &fake);
    assert!(reason.contains("cannot be reached"), "{reason}");
    let SendOutcome::Refused { retry_after, .. } = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(retry_after, Some(Duration::from_mins(1)));
}

#[tokio::test]
async fn without_tls_it_is_refused_and_tried_soon() {
    let fake = FakeGraph::start().await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    let closing = async { while listener.accept().await.is_ok() {} };
    let notifier = notifier(&fake.authority(), &address);
    let mail = mail();
    let attempt = attempt();
    let outcome = tokio::select! {
        outcome = notifier.send(&mail, &attempt) => outcome,
        () = closing => panic!("the listener ended"),
    };
    let reason = readable(&outcome, &fake);
    assert!(reason.contains("cannot be reached"), "{reason}");
}

#[tokio::test]
async fn after_a_refusal_the_next_send_goes_through() {
    let fake = FakeGraph::start().await.unwrap();
    fake.script([Fault::Throttled { retry_after: None }]);
    let notifier = notifier_of(&fake);
    assert!(matches!(notifier.send(&mail(), &attempt()).await, SendOutcome::Refused { .. }));
    assert!(matches!(notifier.send(&mail(), &attempt()).await, SendOutcome::Accepted { .. }));
    assert_eq!(fake.accepted().len(), 1);
}
