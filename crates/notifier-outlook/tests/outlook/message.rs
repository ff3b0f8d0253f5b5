//! What is posted.

use std::collections::BTreeSet;

use chargebook_domain::ports::{Notifier, SendOutcome};
use chargebook_port_contracts::fake_graph::FakeGraph;
use serde_json::json;

use crate::support::{RECIPIENTS, SENDER, mail, notifier_of};

#[tokio::test]
async fn a_mail_is_posted_as_graph_wants_it() {
    let fake = FakeGraph::start().await.unwrap();
    let outcome = notifier_of(&fake).send(&mail()).await;

    let SendOutcome::Accepted { receipt } = outcome else {
        panic!("{outcome:?}");
    };
    assert!(receipt.is_some_and(|receipt| receipt.len() == 36));
    let accepted = fake.accepted();
    assert_eq!(accepted.len(), 1);
    assert_eq!(accepted[0].sender, SENDER);
    assert_eq!(
        accepted[0].body,
        json!({
            "message": {
                "subject": mail().subject,
                "body": {"contentType": "html", "content": mail().html},
                "toRecipients": [
                    {"emailAddress": {"address": RECIPIENTS[0]}},
                    {"emailAddress": {"address": RECIPIENTS[1]}},
                ],
                "singleValueExtendedProperties": [{
                    "id": "String {1425c6b5-2d8f-4e74-b9cc-df0fea931d5f} Name ChargebookMail",
                    "value": "summary/2026-11-21",
                }],
            },
            "saveToSentItems": true,
        })
    );
}

#[tokio::test]
async fn each_request_has_a_name_of_its_own() {
    let fake = FakeGraph::start().await.unwrap();
    let notifier = notifier_of(&fake);
    for _ in 0..3 {
        notifier.send(&mail()).await;
    }
    let names: BTreeSet<String> = fake.accepted().into_iter().filter_map(|mail| mail.client_request_id).collect();
    assert_eq!(names.len(), 3);
    assert!(names.iter().all(|name| name.len() == 36));
}
