//! What can go wrong with a mail at each step. In no case are there two.

use std::time::Duration;

use chargebook_domain::ports::{Notifier, SendOutcome};
use chargebook_port_contracts::fake_smtp::{FakeSmtp, Step, Trouble};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::support::{attempt, mail, notifier, notifier_of, readable, settings};

const LATER: Option<Duration> = Some(Duration::from_mins(5));

/// Every step of a conversation before the mail itself.
const BEFORE: [Step; 6] =
    [Step::Greeting, Step::Hello, Step::Sender, Step::Recipient(1), Step::Recipient(2), Step::Data];

/// Sends one mail that meets this fault. Whatever it is, one connection is made.
async fn send_into(step: Step, trouble: Trouble) -> (FakeSmtp, SendOutcome) {
    let fake = FakeSmtp::start().await.unwrap();
    fake.script([(step, trouble)]);
    // Only where nothing comes is the time run out.
    let is_silent = matches!(trouble, Trouble::Hang | Trouble::TakeAndHang);
    let timeout = if is_silent { Duration::from_secs(1) } else { Duration::from_secs(20) };
    let outcome = notifier(&fake).with_timeout(timeout).send(&mail(), &attempt()).await;
    assert_eq!(fake.connections(), 1);
    (fake, outcome)
}

async fn refused(step: Step, trouble: Trouble, retry_after: Option<Duration>, words: &[&str]) {
    let (fake, outcome) = send_into(step, trouble).await;
    let reason = readable(&outcome);
    for word in words.iter().chain(&["no mail was sent"]) {
        assert!(reason.contains(word), "no {word} in: {reason}");
    }
    let SendOutcome::Refused { retry_after: found, .. } = outcome else {
        panic!("{step:?} {trouble:?} is {outcome:?}");
    };
    assert_eq!(found, retry_after, "{step:?} {trouble:?}");
    assert!(fake.taken().is_empty());
}

async fn unknown(trouble: Trouble, taken: usize, word: &str) {
    let (fake, outcome) = send_into(Step::Content, trouble).await;
    let reason = readable(&outcome);
    for word in [word, "Nobody can know", &attempt().to_string()] {
        assert!(reason.contains(word), "no {word} in: {reason}");
    }
    assert!(matches!(outcome, SendOutcome::Unknown { .. }), "{trouble:?} is {outcome:?}");
    assert_eq!(fake.taken().len(), taken, "{trouble:?}");
}

#[tokio::test]
async fn what_is_refused_for_now_is_tried_again() {
    for step in BEFORE.into_iter().chain([Step::Content]) {
        refused(step, Trouble::Says(451, "4.7.1"), LATER, &["451 4.7.1", "for now"]).await;
    }
    refused(Step::Greeting, Trouble::Says(421, ""), LATER, &["421"]).await;
    refused(Step::Content, Trouble::Says(421, ""), LATER, &["421"]).await;
}

#[tokio::test]
async fn what_a_person_must_change_is_said() {
    for step in BEFORE.into_iter().chain([Step::Content]) {
        refused(step, Trouble::Says(554, "5.7.1"), None, &["554 5.7.1"]).await;
    }
    refused(Step::Sender, Trouble::Says(530, "5.7.0"), None, &["530", "smtp.security", "smtp.user"]).await;
    refused(Step::Sender, Trouble::Says(553, "5.7.1"), None, &["553", "smtp.from"]).await;
    refused(Step::Content, Trouble::Says(552, "5.3.4"), None, &["552", "larger"]).await;
}

#[tokio::test]
async fn where_one_recipient_is_refused_nobody_gets_the_mail() {
    for (number, step) in [(1, Step::Recipient(1)), (2, Step::Recipient(2))] {
        let entry = format!("entry {number} of smtp.recipients");
        refused(step, Trouble::Says(550, "5.1.1"), None, &["550 5.1.1", &entry, "Nobody got the mail"]).await;
        let (fake, _) = send_into(step, Trouble::Says(550, "5.1.1")).await;
        assert!(!fake.commands().contains(&"DATA".to_owned()), "{:?}", fake.commands());
        assert_eq!(fake.commands().last().map(String::as_str), Some("QUIT"));
    }
}

#[tokio::test]
async fn a_connection_lost_before_the_mail_leaves_nothing() {
    let mut cases = JoinSet::new();
    for step in BEFORE {
        for trouble in [Trouble::Drop, Trouble::Hang, Trouble::Nonsense] {
            cases.spawn(refused(step, trouble, LATER, &[]));
        }
    }
    cases.join_all().await;
}

#[tokio::test]
async fn an_answer_lost_after_the_mail_leaves_it_unknown() {
    unknown(Trouble::TakeAndDrop, 1, "connection was lost").await;
    unknown(Trouble::TakeAndHang, 1, "no answer came in time").await;
    unknown(Trouble::Drop, 0, "connection was lost").await;
    unknown(Trouble::Hang, 0, "no answer came in time").await;
    unknown(Trouble::CutOff, 0, "connection was lost").await;
    unknown(Trouble::Nonsense, 0, "connection was lost").await;
}

#[tokio::test]
async fn only_a_success_after_the_mail_is_one() {
    unknown(Trouble::Says(354, ""), 0, "connection was lost").await;
    for code in [250, 252] {
        refused(Step::Data, Trouble::Says(code, ""), LATER, &["lost before it had the mail"]).await;
    }
}

#[tokio::test]
async fn what_was_taken_stays_so_however_the_conversation_ends() {
    for trouble in [Trouble::Says(421, ""), Trouble::Drop, Trouble::Hang, Trouble::Nonsense] {
        let (fake, outcome) = send_into(Step::Goodbye, trouble).await;
        assert_eq!(outcome, SendOutcome::Accepted { receipt: None }, "{trouble:?}");
        assert_eq!(fake.taken().len(), 1);
    }
}

#[tokio::test]
async fn without_a_connection_it_is_refused_and_tried_soon() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let outcome = notifier_of(&settings(port)).send(&mail(), &attempt()).await;
    assert!(readable(&outcome).contains("cannot be reached"), "{outcome:?}");
    assert!(matches!(outcome, SendOutcome::Refused { retry_after: LATER, .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_check_goes_as_far_as_a_mail_would_and_sends_none() {
    let fake = FakeSmtp::start().await.unwrap();
    let checked = notifier(&fake).check().await.unwrap();
    assert!(!checked.is_encrypted && !checked.is_logged_in);
    assert_eq!(fake.commands(), ["EHLO", "NOOP", "QUIT"]);
    for trouble in [Trouble::Says(554, ""), Trouble::Drop] {
        fake.script([(Step::Nothing, trouble)]);
        let failure = notifier(&fake).check().await.unwrap_err();
        assert!(failure.reason.contains("no mail was sent"), "{failure}");
    }
}
