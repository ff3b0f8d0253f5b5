//! A mail as the bytes that mail programs open and mail servers carry (RFC 5322, MIME): the plain text and the HTML as
//! alternatives, and the files. For every adapter that needs them, so that a mail is the same whichever way it goes.
//!
//! All of it is ASCII, in lines that end in CR LF and that no server need break, so that it goes through a server without
//! any extension. The files are base64 whatever they are, so that none of their bytes is taken for an end of a line.
#![warn(missing_docs)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chargebook_domain::ports::{Attachment, Mail};
use chrono::{DateTime, Utc};
use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::date::Date;
use mail_builder::headers::text::Text;
use mail_builder::mime::MimePart;

/// The header in which a mail bears its [reference](Mail::reference), so that people and rules can find it.
pub const REFERENCE_HEADER: &str = "X-Chargebook-Reference";

/// How many characters of base64 a line has, as RFC 2045 has it.
const BASE64_LINE: usize = 76;

/// What stands around a mail: who sends it, to whom, and what it is called.
#[derive(Clone, Copy, Debug)]
pub struct Letterhead<'a> {
    /// What people see as the sender.
    pub from_name: &'a str,
    /// The sender's address.
    pub from: &'a str,
    /// Whom it goes to: addresses, without names. There is no such header where there is none.
    pub to: &'a [String],
    /// When it was written.
    pub date: DateTime<Utc>,
    /// Its `Message-ID`, without angle brackets, such as `f874b86a@example.com`.
    pub message_id: &'a str,
    /// Other headers, each a name and a text.
    pub headers: &'a [(&'static str, &'a str)],
}

/// The bytes of a mail. Control characters in a text of a header don't end that header.
#[must_use]
pub fn message(letterhead: &Letterhead<'_>, mail: &Mail) -> Vec<u8> {
    let Letterhead { from_name, from, to, date, message_id, headers } = letterhead;
    let mut message = MessageBuilder::new().from((*from_name, *from));
    if !to.is_empty() {
        let addresses = to.iter().map(|address| Address::new_address(None::<&str>, address.as_str()));
        message = message.to(Address::new_list(addresses.collect()));
    }
    message = message.subject(one_line(&mail.subject)).date(Date::new(date.timestamp())).message_id(*message_id);
    for (name, text) in *headers {
        message = message.header(*name, Text::new(one_line(text)));
    }
    message = message.text_body(mail.text.as_str()).html_body(mail.html.as_str());
    let mut files = mail.attachments.iter().map(file).peekable();
    if files.peek().is_some() {
        message.attachments = Some(files.collect());
    }
    let mut bytes = Vec::new();
    message.serialize(&mut bytes);
    bytes
}

/// A text without what would end a header's line.
fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}

fn file(file: &Attachment) -> MimePart<'_> {
    let encoded = STANDARD.encode(&file.content).into_bytes();
    let lines: Vec<&[u8]> = encoded.chunks(BASE64_LINE).collect();
    MimePart::new(file.media_type, lines.join(b"\r\n".as_slice()))
        .attachment(file.name.as_str())
        .transfer_encoding("base64")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail() -> Mail {
        Mail {
            reference: "summary/2026-11-21".to_owned(),
            subject: "Disputes on 21 November 2026: 3 won — €1,204.00".to_owned(),
            html: format!("<p>Recovered €1,204.00</p>\n.\n<p>{}</p>", "long ".repeat(400)),
            text: ".\n..\nRecovered €1,204.00\n".to_owned(),
            attachments: Vec::new(),
            sent_again_at: None,
        }
    }

    fn letterhead(to: &[String]) -> Letterhead<'_> {
        Letterhead {
            from_name: "Chargebook",
            from: "books@example.com",
            to,
            date: "2026-11-22T06:00:00Z".parse().unwrap(),
            message_id: "id-1@example.com",
            headers: &[(REFERENCE_HEADER, "summary/2026-11-21")],
        }
    }

    fn text(mail: &Mail) -> String {
        let to = ["a@example.com".to_owned(), "b@example.com".to_owned()];
        String::from_utf8(message(&letterhead(&to), mail)).unwrap()
    }

    fn has_line(text: &str, line: &str) -> bool {
        text.split("\r\n").any(|found| found == line)
    }

    #[test]
    fn its_headers_say_who_and_when_and_what() {
        let text = text(&mail());
        for line in [
            "From: \"Chargebook\" <books@example.com>",
            "To: <a@example.com>, <b@example.com>",
            "Date: Sun, 22 Nov 2026 06:00:00 +0000",
            "Message-ID: <id-1@example.com>",
            "X-Chargebook-Reference: summary/2026-11-21",
            "MIME-Version: 1.0",
        ] {
            assert!(has_line(&text, line), "{line} is not in: {text}");
        }
        let nobody = String::from_utf8(message(&letterhead(&[]), &mail())).unwrap();
        assert!(!nobody.contains("\r\nTo:"), "{nobody}");
    }

    #[test]
    fn any_server_can_carry_it() {
        let file = |name: &str, media_type, content: &[u8]| Attachment {
            name: name.to_owned(),
            media_type,
            content: content.to_vec(),
        };
        let files = vec![file("day.csv", "text/csv", b"a,\xc3\xbc\r.\rb\n"), file("x", "image/png", &[0; 500])];
        let text = text(&Mail { attachments: files, ..mail() });
        assert!(text.is_ascii());
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "{text:?}");
        assert!(text.split("\r\n").all(|line| line.len() <= 78), "{text}");
        for part in ["multipart/mixed", "multipart/alternative", "text/plain; charset", "text/html; charset"] {
            assert!(text.contains(part), "{part} is not in: {text}");
        }
        assert!(text.contains("filename=\"day.csv\"") && has_line(&text, "YSzDvA0uDWIK"), "{text}");
    }

    #[test]
    fn no_text_makes_a_header_of_its_own() {
        let subject = "Disputes\r\nBcc: somebody@example.net\r\n\r\nand a body".to_owned();
        let head = Letterhead { headers: &[(REFERENCE_HEADER, "a\nBcc: other@example.net")], ..letterhead(&[]) };
        let text = String::from_utf8(message(&head, &Mail { subject, ..mail() })).unwrap();
        let (headers, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(!headers.contains("\nBcc:") && !headers.contains("\rBcc:"), "{headers}");
        assert!(headers.contains("Content-Type: multipart/alternative"), "{headers}");
    }
}
