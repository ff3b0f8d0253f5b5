//! The body of sendMail.

use chargebook_domain::ports::Mail;
use serde_json::{Value, json};

/// The name under which a mail keeps its reference. Mails already sent are found by it, so it never changes.
const REFERENCE_PROPERTY: &str = "String {1425c6b5-2d8f-4e74-b9cc-df0fea931d5f} Name ChargebookMail";

/// Graph takes one body, so the plain text is not sent.
pub(crate) fn send_mail_body(mail: &Mail, recipients: &[String]) -> Value {
    let recipients: Vec<Value> =
        recipients.iter().map(|address| json!({"emailAddress": {"address": address}})).collect();
    json!({
        "message": {
            "subject": mail.subject,
            "body": {"contentType": "html", "content": mail.html},
            "toRecipients": recipients,
            "singleValueExtendedProperties": [{"id": REFERENCE_PROPERTY, "value": mail.reference}],
        },
        "saveToSentItems": true,
    })
}
