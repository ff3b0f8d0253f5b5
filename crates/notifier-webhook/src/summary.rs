//! The day's mail as the body of a request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chargebook_domain::ports::{Attachment, Mail};
use chrono::SecondsFormat;
use serde_json::{Value, json};

use crate::settings::SummaryFormat;

/// How many characters a chat is sent. Slack cuts at 40,000.
const CHAT_CHARACTERS_MAX: usize = 30_000;

const CUT: &str = "\n… The rest is left out here: it is too long for a chat.";

/// The body in this format.
pub(crate) fn body(mail: &Mail, format: SummaryFormat) -> String {
    match format {
        SummaryFormat::Json => whole(mail),
        SummaryFormat::Chat => json!({ "text": chat(mail) }),
    }
    .to_string()
}

fn whole(mail: &Mail) -> Value {
    let file = |file: &Attachment| {
        json!({
            "name": file.name,
            "media_type": file.media_type,
            "content_base64": STANDARD.encode(&file.content),
        })
    };
    json!({
        "type": "summary",
        "reference": mail.reference,
        "subject": mail.subject,
        "text": mail.text,
        "html": mail.html,
        "attachments": mail.attachments.iter().map(file).collect::<Vec<_>>(),
        "sent_again_at": mail.sent_again_at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)),
    })
}

/// As chats want it: what could be one of their commands, such as `<!channel>`, is written so that it is none.
fn chat(mail: &Mail) -> String {
    let shown = |c: char| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        other => other.to_string(),
    };
    let length = |text: &str| text.chars().count();
    let text = format!("{}\n{}", mail.subject, mail.text);
    let whole: String = text.chars().map(shown).collect();
    if length(&whole) <= CHAT_CHARACTERS_MAX {
        return whole;
    }
    let mut left = CHAT_CHARACTERS_MAX.saturating_sub(length(CUT));
    let mut kept = String::new();
    for piece in text.chars().map(shown) {
        let Some(rest) = left.checked_sub(length(&piece)) else { break };
        left = rest;
        kept.push_str(&piece);
    }
    kept + CUT
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn mail(text: &str) -> Mail {
        Mail {
            reference: "summary/2026-11-21".to_owned(),
            subject: "3 won — 1 lost".to_owned(),
            html: "<p>3 won</p>".to_owned(),
            text: text.to_owned(),
            attachments: vec![Attachment {
                name: "day.csv".to_owned(),
                media_type: "text/csv",
                content: b"a,\xc3\xbc\n".to_vec(),
            }],
            sent_again_at: None,
        }
    }

    fn said(text: &str) -> String {
        let body: Value = serde_json::from_str(&body(&mail(text), SummaryFormat::Chat)).unwrap();
        assert_eq!(body.as_object().unwrap().len(), 1);
        body["text"].as_str().unwrap().to_owned()
    }

    #[test]
    fn json_has_all_of_it() {
        let of = |mail: &Mail| serde_json::from_str::<Value>(&body(mail, SummaryFormat::Json)).unwrap();
        let expected = json!({
            "type": "summary",
            "reference": "summary/2026-11-21",
            "subject": "3 won — 1 lost",
            "text": "3 won\n",
            "html": "<p>3 won</p>",
            "attachments": [{"name": "day.csv", "media_type": "text/csv", "content_base64": "YSzDvAo="}],
            "sent_again_at": null,
        });
        assert_eq!(of(&mail("3 won\n")), expected);
        let again = Mail { sent_again_at: DateTime::from_timestamp(1_795_244_400, 5), ..mail("3 won\n") };
        assert_eq!(of(&again)["sent_again_at"], "2026-11-21T07:00:00Z");
    }

    #[test]
    fn a_chat_gets_subject_and_text_and_no_command() {
        assert_eq!(said("Net: 5 & <!channel>"), "3 won — 1 lost\nNet: 5 &amp; &lt;!channel&gt;");
    }

    #[test]
    fn a_chat_gets_no_more_than_it_takes_and_is_told_so() {
        let head = "3 won — 1 lost\n".chars().count();
        let fits = "ü".repeat(CHAT_CHARACTERS_MAX - head);
        assert!(said(&fits).ends_with('ü'));
        for text in [format!("{fits}x"), "&".repeat(CHAT_CHARACTERS_MAX), "line\n".repeat(100_000)] {
            let said = said(&text);
            let length = said.chars().count();
            assert!(length <= CHAT_CHARACTERS_MAX && length > CHAT_CHARACTERS_MAX - 5, "{length}");
            assert!(said.ends_with(CUT) && !said.contains("&am\n"), "{length}");
        }
    }
}
