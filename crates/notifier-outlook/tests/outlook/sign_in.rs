//! Tokens: how they are asked for, how long they are kept, and what can go wrong.

use std::collections::BTreeMap;
use std::time::Duration;

use chargebook_domain::ports::{Notifier, SendOutcome};
use chargebook_port_contracts::fake_graph::{FakeGraph, SignInFault};

use crate::support::{CLIENT, SECRET, assert_readable, attempt, closed_address, mail, notifier, notifier_of, readable};

#[tokio::test]
async fn a_token_is_asked_for_with_the_secret_in_the_form() {
    let fake = FakeGraph::start().await.unwrap();
    notifier_of(&fake).send(&mail(), &attempt()).await;

    let requests = fake.token_requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].tenant, "contoso.onmicrosoft.com");
    assert_eq!(requests[0].authorization, None);
    let form = [
        ("client_id", CLIENT),
        ("client_secret", SECRET),
        ("grant_type", "client_credentials"),
        ("scope", "https://127.0.0.1/.default"),
    ];
    let form = form.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(requests[0].form, BTreeMap::from(form));
}

#[tokio::test]
async fn a_token_is_kept_until_shortly_before_its_end() {
    for (lifetime, requests) in [(3600, 1), (301, 1), (299, 3), (0, 3)] {
        let fake = FakeGraph::start().await.unwrap();
        fake.issue_tokens(lifetime, &[]);
        let notifier = notifier_of(&fake);
        for _ in 0..3 {
            notifier.send(&mail(), &attempt()).await;
        }
        assert_eq!(fake.accepted().len(), 3);
        assert_eq!(fake.token_requests().len(), requests, "{lifetime}");
    }
}

#[tokio::test]
async fn two_at_once_ask_for_one_token() {
    let fake = FakeGraph::start().await.unwrap();
    let notifier = notifier_of(&fake);
    let mail = mail();
    let attempt = attempt();
    tokio::join!(notifier.send(&mail, &attempt), notifier.send(&mail, &attempt));
    assert_eq!(fake.token_requests().len(), 1);
    assert_eq!(fake.accepted().len(), 2);
}

async fn fails(fault: SignInFault, retry_after: Option<Duration>, words: &[&str]) {
    let fake = FakeGraph::start().await.unwrap();
    fake.script_sign_in([fault.clone()]);
    let notifier = notifier_of(&fake).with_timeout(Duration::from_millis(500));
    let outcome = notifier.send(&mail(), &attempt()).await;
    let reason = readable(&outcome, &fake);
    for word in words.iter().chain(&["No mail was sent"]) {
        assert!(reason.contains(word), "no {word} in: {reason}");
    }
    let SendOutcome::Refused { retry_after: found, .. } = outcome else {
        panic!("{fault:?} is {outcome:?}");
    };
    assert_eq!(found, retry_after, "{fault:?}");
    assert_eq!(fake.send_requests(), 0);
    assert_eq!(fake.token_requests().len(), 1);
}

#[tokio::test]
async fn without_a_token_nothing_is_posted() {
    let minute = Some(Duration::from_mins(1));
    let ten_minutes = Some(Duration::from_mins(10));
    let wrong_secret = SignInFault::Refused { aadsts: 7_000_215 };
    fails(wrong_secret, None, &["HTTP 400", "AADSTS7000215", "outlook.client_secret"]).await;
    let expired = SignInFault::Refused { aadsts: 7_000_222 };
    fails(expired, None, &["AADSTS7000222", "expired"]).await;
    let throttled = SignInFault::Throttled { retry_after: Some("9".to_owned()) };
    fails(throttled, Some(Duration::from_secs(9)), &["HTTP 429"]).await;
    fails(SignInFault::BadGatewayHtml, minute, &["HTTP 502"]).await;
    fails(SignInFault::PageInsteadOfToken, ten_minutes, &["HTTP 200", "outlook.authority"]).await;
    fails(SignInFault::Hang, minute, &["did not answer in time"]).await;
    fails(SignInFault::Drop, minute, &["closed the connection"]).await;
}

#[tokio::test]
async fn the_secret_does_not_follow_a_redirect() {
    let elsewhere = FakeGraph::start().await.unwrap();
    let location = format!("{}/tenant/oauth2/v2.0/token", elsewhere.authority());
    let ten_minutes = Some(Duration::from_mins(10));
    fails(SignInFault::Redirect { location }, ten_minutes, &["redirect", "HTTP 307"]).await;
    assert!(elsewhere.token_requests().is_empty());
}

#[tokio::test]
async fn a_sign_in_service_out_of_reach_is_tried_again_soon() {
    let fake = FakeGraph::start().await.unwrap();
    let notifier = notifier(&closed_address(), &fake.base());
    let outcome = notifier.send(&mail(), &attempt()).await;
    let reason = readable(&outcome, &fake);
    assert!(reason.contains("sign-in service cannot be reached"), "{reason}");
    let SendOutcome::Refused { retry_after, .. } = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(retry_after, Some(Duration::from_mins(1)));
    assert_eq!(fake.send_requests(), 0);
}

#[tokio::test]
async fn a_check_reads_the_token_and_sends_nothing() {
    let fake = FakeGraph::start().await.unwrap();
    let notifier = notifier_of(&fake);
    let claims = notifier.check().await.unwrap();
    assert_eq!(claims.roles, ["Mail.Send"]);
    assert_eq!(claims.application.as_deref(), Some(CLIENT));
    assert_eq!(claims.tenant.as_deref(), Some("contoso.onmicrosoft.com"));
    assert!(claims.expires_at.is_some());
    assert!(claims.remark().contains("whole tenant"));

    fake.issue_tokens(3600, &[]);
    let claims = notifier.check().await.unwrap();
    assert!(claims.roles.is_empty());
    assert!(claims.remark().contains("RBAC for Applications"));
    assert_eq!(fake.send_requests(), 0);
}

#[tokio::test]
async fn a_check_says_why_there_is_no_token() {
    let fake = FakeGraph::start().await.unwrap();
    fake.script_sign_in([SignInFault::Refused { aadsts: 90_002 }]);
    let failure = notifier_of(&fake).check().await.unwrap_err();
    assert_readable(&failure.reason, &fake);
    assert!(failure.reason.contains("AADSTS90002"), "{failure}");
}

#[tokio::test]
async fn no_secret_and_no_token_is_in_the_debug_output() {
    let fake = FakeGraph::start().await.unwrap();
    let notifier = notifier_of(&fake);
    notifier.send(&mail(), &attempt()).await;
    let text = format!("{notifier:?}");
    assert!(!text.contains("Zq8"), "{text}");
    assert!(!text.contains(&fake.issued_tokens()[0]), "{text}");
}
