//! The body of sendMail as MIME, which has the plain text too.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chargebook_domain::ports::{Mail, RequestId};
use chargebook_mime::{Letterhead, REFERENCE_HEADER};
use chrono::{DateTime, Utc};

/// What the type of the request says.
pub(crate) const CONTENT_TYPE: &str = "text/plain";

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
    let Envelope { sender, recipients, sent_as, sent_at } = *envelope;
    let domain = sender.rsplit('@').next().unwrap_or_default();
    let letterhead = Letterhead {
        from_name: "Chargebook",
        from: sender,
        to: recipients,
        date: sent_at,
        message_id: &format!("{sent_as}@{domain}"),
        // For people and rules: Graph can't look for it.
        headers: &[(REFERENCE_HEADER, &mail.reference)],
    };
    STANDARD.encode(chargebook_mime::message(&letterhead, mail))
}
