//! What is posted.

use chargebook_domain::ports::{Attachment, Mail, Notifier, SendOutcome};
use chargebook_port_contracts::fake_graph::{FakeGraph, Fault};
use serde_json::json;

use crate::support::{RECIPIENTS, SENDER, attempt, mail, notifier_of};

#[tokio::test]
async fn a_mail_is_posted_as_graph_wants_it() {
    let fake = FakeGraph::start().await.unwrap();
    let outcome = notifier_of(&fake).send(&mail(), &attempt()).await;

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
                "singleValueExtendedProperties": [
                    {
                        "id": "String {1425c6b5-2d8f-4e74-b9cc-df0fea931d5f} Name ChargebookMail",
                        "value": "summary/2026-11-21",
                    },
                    {
                        "id": "String {1425c6b5-2d8f-4e74-b9cc-df0fea931d5f} Name ChargebookAttempt",
                        "value": format!("{} summary/2026-11-21", attempt()),
                    },
                ],
            },
            "saveToSentItems": true,
        })
    );
}

#[tokio::test]
async fn graph_is_told_what_the_attempt_is_called_also_where_it_is_asked_twice() {
    let fake = FakeGraph::start().await.unwrap();
    fake.script([Fault::Unauthorized]);
    notifier_of(&fake).send(&mail(), &attempt()).await;
    let named: Vec<_> = fake.accepted().into_iter().filter_map(|mail| mail.client_request_id).collect();
    assert_eq!(named, [attempt().to_string()]);
}

#[tokio::test]
async fn a_file_goes_with_the_mail() {
    let fake = FakeGraph::start().await.unwrap();
    let file = Attachment { name: "day.csv".to_owned(), media_type: "text/csv", content: b"a,\xc3\xbc\n".to_vec() };
    notifier_of(&fake).send(&Mail { attachments: vec![file], ..mail() }, &attempt()).await;
    let expected = json!([{
        "@odata.type": "#microsoft.graph.fileAttachment",
        "name": "day.csv",
        "contentType": "text/csv",
        "contentBytes": "YSzDvAo=",
    }]);
    assert_eq!(fake.accepted()[0].body["message"]["attachments"], expected);
}
