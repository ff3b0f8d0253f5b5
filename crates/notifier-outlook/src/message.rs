//! The body of sendMail.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chargebook_domain::ports::{Attachment, Mail, RequestId};
use serde_json::{Value, json};

/// The name under which a mail keeps its reference, for people and rules.
const REFERENCE_PROPERTY: &str = "String {1425c6b5-2d8f-4e74-b9cc-df0fea931d5f} Name ChargebookMail";

/// The name under which a mail keeps its [mark]. Mails already sent are found by it, so it never changes.
pub(crate) const MARK_PROPERTY: &str = "String {1425c6b5-2d8f-4e74-b9cc-df0fea931d5f} Name ChargebookAttempt";

/// What no other attempt and no other installation gives a mail, though they share a mailbox.
pub(crate) fn mark(reference: &str, attempt: &RequestId) -> String {
    format!("{attempt} {reference}")
}

/// Graph takes one body, so the plain text is not sent.
pub(crate) fn send_mail_body(mail: &Mail, recipients: &[String], sent_as: &RequestId) -> Value {
    let recipients: Vec<Value> =
        recipients.iter().map(|address| json!({"emailAddress": {"address": address}})).collect();
    let mut body = json!({
        "message": {
            "subject": mail.subject,
            "body": {"contentType": "html", "content": mail.html},
            "toRecipients": recipients,
            "singleValueExtendedProperties": [
                {"id": REFERENCE_PROPERTY, "value": mail.reference},
                {"id": MARK_PROPERTY, "value": mark(&mail.reference, sent_as)},
            ],
        },
        "saveToSentItems": true,
    });
    let files: Vec<_> = mail.attachments.iter().map(file).collect();
    // Graph refuses some lists that are empty.
    if let (false, Some(message)) = (files.is_empty(), body["message"].as_object_mut()) {
        message.insert("attachments".to_owned(), Value::Array(files));
    }
    body
}

/// <https://learn.microsoft.com/en-us/graph/api/resources/fileattachment>
fn file(attachment: &Attachment) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.fileAttachment",
        "name": attachment.name,
        "contentType": attachment.media_type,
        "contentBytes": STANDARD.encode(&attachment.content),
    })
}
