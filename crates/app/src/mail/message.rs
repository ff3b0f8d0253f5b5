//! The mail of a message that a rule or an alert owes.

use askama::Template;
use chargebook_domain::ports::{Mail, OutboxMessage};

use super::written;

#[derive(Template)]
#[template(path = "mail/message.html")]
struct Html<'a> {
    subject: &'a str,
    paragraphs: Vec<&'a str>,
}

/// Writes the mail of a message: its text, and the same as HTML.
#[must_use]
pub fn of_message(message: &OutboxMessage) -> Mail {
    let paragraphs = message.body.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()).collect();
    Mail {
        reference: message.id.clone(),
        subject: message.subject.clone(),
        html: written(&Html { subject: &message.subject, paragraphs }),
        text: message.body.clone(),
        attachments: Vec::new(),
        sent_again_at: None,
    }
}

#[cfg(test)]
mod tests {
    use chargebook_domain::ports::Way;

    use super::*;

    #[test]
    fn what_a_shop_or_a_bank_wrote_is_text_in_the_mail() {
        let message = OutboxMessage {
            id: "default/du_1/2:tell:0".to_owned(),
            way: Way::Mail,
            subject: "Lost <again>".to_owned(),
            body: "The order #1 <script>.\n\nA second paragraph.".to_owned(),
        };
        let mail = of_message(&message);
        assert_eq!((mail.reference.as_str(), mail.text.as_str()), ("default/du_1/2:tell:0", message.body.as_str()));
        assert!(mail.html.contains("#1 &#60;script&#62;."), "{}", mail.html);
        assert!(mail.html.contains("<title>Lost &#60;again&#62;</title>"), "{}", mail.html);
        assert_eq!(mail.html.matches("<p ").count(), 2, "{}", mail.html);
    }
}
