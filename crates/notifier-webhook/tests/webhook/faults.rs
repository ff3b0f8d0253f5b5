//! What can go wrong with a post. In no case is a message posted twice by itself.

use std::time::Duration;

use chargebook_domain::ports::{Outgoing, SendOutcome};
use chargebook_port_contracts::fake_receiver::{FakeReceiver, Fault};

use crate::support::{call, closed_address, readable, sender, sender_to};

const AT_ONCE: Option<Duration> = Some(Duration::ZERO);

/// Posts one message that meets this fault.
async fn post_into(fault: Fault) -> (FakeReceiver, SendOutcome) {
    let fake = FakeReceiver::start().await.unwrap();
    fake.script([fault]);
    let sender = sender_to(&fake).with_timeout(Duration::from_millis(500));
    let outcome = sender.post(&call()).await;
    assert_eq!(fake.received().len(), 1);
    (fake, outcome)
}

async fn refused(fault: Fault, retry_after: Option<Duration>, words: &[&str]) {
    let (_, outcome) = post_into(fault.clone()).await;
    let reason = readable(&outcome);
    for word in words {
        assert!(reason.contains(word), "no {word} in: {reason}");
    }
    let SendOutcome::Refused { retry_after: found, .. } = outcome else { panic!("{fault:?} is {outcome:?}") };
    assert_eq!(found, retry_after, "{fault:?}");
}

async fn unknown(fault: Fault, word: &str) {
    let (fake, outcome) = post_into(fault.clone()).await;
    let reason = readable(&outcome);
    assert!(reason.contains("Nobody can know") && reason.contains(word), "{reason}");
    assert!(matches!(outcome, SendOutcome::Unknown { .. }), "{fault:?}");
    assert!(fake.received()[0].is_taken);
}

#[tokio::test]
async fn what_may_pass_is_refused_for_now() {
    for status in [408, 425, 429, 500, 502, 503, 504] {
        refused(Fault::Status(status), AT_ONCE, &[&format!("HTTP {status}"), "sent again"]).await;
    }
}

#[tokio::test]
async fn a_receiver_says_when_to_come_again_and_is_not_waited_for_for_ever() {
    for (retry_after, seconds) in [("7", 7), ("86400", 3600), ("nonsense", 0)] {
        let fault = Fault::Busy { retry_after: retry_after.to_owned() };
        refused(fault, Some(Duration::from_secs(seconds)), &["HTTP 503"]).await;
    }
}

#[tokio::test]
async fn what_a_person_must_change_is_said() {
    refused(Fault::Status(400), None, &["HTTP 400", "log"]).await;
    refused(Fault::Status(401), None, &["HTTP 401", "secret"]).await;
    refused(Fault::Status(404), None, &["HTTP 404", "url"]).await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = FakeReceiver::start().await.unwrap();
    refused(Fault::Redirect { location: elsewhere.url() }, None, &["HTTP 307", "redirect", "url"]).await;
    assert!(elsewhere.received().is_empty());
}

#[tokio::test]
async fn a_lost_answer_leaves_it_unknown() {
    unknown(Fault::Drop, "connection was lost").await;
    unknown(Fault::Hang, "no answer came in time").await;
}

#[tokio::test]
async fn of_an_answer_the_body_does_not_matter() {
    let (fake, outcome) = post_into(Fault::CutOff).await;
    assert_eq!(outcome, SendOutcome::Accepted { receipt: None });
    assert!(fake.received()[0].is_taken);
}

#[tokio::test]
async fn without_a_connection_it_is_refused_for_now() {
    let outcome = sender(&closed_address()).post(&call()).await;
    assert!(readable(&outcome).contains("cannot be reached"), "{outcome:?}");
    assert!(matches!(outcome, SendOutcome::Refused { retry_after: AT_ONCE, .. }), "{outcome:?}");
}

#[tokio::test]
async fn without_tls_it_is_refused_for_now() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sender = sender(&format!("https://{}/hooks", listener.local_addr().unwrap()));
    let closing = async { while listener.accept().await.is_ok() {} };
    let call = call();
    let outcome = tokio::select! {
        outcome = sender.post(&call) => outcome,
        () = closing => panic!("the listener ended"),
    };
    assert!(readable(&outcome).contains("certificate"), "{outcome:?}");
    assert!(matches!(outcome, SendOutcome::Refused { retry_after: AT_ONCE, .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_receiver_that_fails_at_first_gets_the_message_in_the_end() {
    let fake = FakeReceiver::start().await.unwrap();
    fake.script([Fault::Status(500), Fault::Drop, Fault::Status(429)]);
    let sender = sender_to(&fake);
    let mut outcomes = Vec::new();
    for _ in 0..4 {
        outcomes.push(sender.post(&call()).await);
    }
    assert!(
        matches!(
            *outcomes,
            [
                SendOutcome::Refused { .. },
                SendOutcome::Unknown { .. },
                SendOutcome::Refused { .. },
                SendOutcome::Accepted { .. }
            ]
        ),
        "{outcomes:?}"
    );
    assert_eq!(fake.received().iter().filter(|received| received.is_taken).count(), 2);
}
