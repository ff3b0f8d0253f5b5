//! The body of sendMail as MIME, which has the plain text too.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chargebook_domain::ports::{Mail, RequestId};
use chrono::{DateTime, Utc};
use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::date::Date;
use mail_builder::headers::text::Text;

/// What the type of the request says.
pub(crate) const CONTENT_TYPE: &str = "text/plain";

/// Under this a mail keeps its reference, for people and rules: Graph can't look for it.
const REFERENCE_HEADER: &str = "X-Chargebook-Reference";

/// What stands on a mail beside what is in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Envelope<'a> {
    /// The mailbox's address: Graph refuses another.
    pub(crate) sender: &'a str,
    pub(crate) recipients: &'a [String],
    pub(crate) sent_as: &'a RequestId,
    pub(crate) sent_at: DateTime<Utc>,
}

/// <https://learn.microsoft.com/en-us/graph/outlook-send-mime-message>
pub(crate) fn send_mail_body(mail: &Mail, envelope: &Envelope<'_>) -> String {
    STANDARD.encode(message(mail, envelope))
}

fn message(mail: &Mail, envelope: &Envelope<'_>) -> Vec<u8> {
    let Envelope { sender, recipients, sent_as, sent_at } = *envelope;
    let domain = sender.rsplit('@').next().unwrap_or_default();
    let mut message = MessageBuilder::new()
        .from(sender)
        .to(Address::new_list(recipients.iter().map(|address| address.as_str().into()).collect()))
        .subject(mail.subject.as_str())
        .date(Date::new(sent_at.timestamp()))
        .message_id(format!("{sent_as}@{domain}"))
        .header(REFERENCE_HEADER, Text::new(mail.reference.as_str()))
        .text_body(mail.text.as_str())
        .html_body(mail.html.as_str());
    for file in &mail.attachments {
        message = message.attachment(file.media_type, file.name.as_str(), file.content.as_slice());
    }
    let mut bytes = Vec::new();
    message.serialize(&mut bytes);
    bytes
}
