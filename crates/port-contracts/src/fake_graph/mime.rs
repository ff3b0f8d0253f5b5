//! A mail that comes as MIME.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::fake_http::Request;

/// One mail as it came, after its base64.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MimeMail {
    /// Its headers in their order, each in one line, not decoded.
    pub headers: Vec<(String, String)>,
    /// What comes after them.
    pub body: String,
}

/// Why Graph would not take it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Refused {
    NoBase64,
    NoMime,
    FromAnother,
}

impl MimeMail {
    /// The value of the first header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
        Some(self.headers.iter().find(named)?.1.as_str())
    }

    pub(super) fn is_one(request: &Request) -> bool {
        request.header("content-type") == Some("text/plain")
    }

    /// What Graph would take: base64 without a break, and a mail from the mailbox in the path.
    pub(super) fn read(user: &str, request: &Request) -> Result<Self, Refused> {
        let bytes = STANDARD.decode(&request.body).map_err(|_| Refused::NoBase64)?;
        let text = String::from_utf8(bytes).map_err(|_| Refused::NoMime)?;
        let (head, body) = text.split_once("\r\n\r\n").ok_or(Refused::NoMime)?;
        let mail = Self { headers: headers(head).ok_or(Refused::NoMime)?, body: body.to_owned() };
        let has_all =
            ["Subject", "To", "Date", "MIME-Version", "Content-Type"].iter().all(|name| mail.header(name).is_some());
        if !has_all || text.split("\r\n").any(|line| line.len() > 998 || line.contains('\n')) {
            return Err(Refused::NoMime);
        }
        let from = mail.header("From").unwrap_or_default();
        let address = from.rsplit_once('<').map_or(from, |(_, address)| address.trim_end_matches('>'));
        if address.trim() == user { Ok(mail) } else { Err(Refused::FromAnother) }
    }
}

impl Refused {
    /// The status and the code that Graph says.
    pub(super) fn status_and_code(self) -> (u16, &'static str) {
        match self {
            Self::NoBase64 => (400, "ErrorMimeContentInvalidBase64String"),
            Self::NoMime => (400, "ErrorMimeContentInvalid"),
            Self::FromAnother => (403, "ErrorSendAsDenied"),
        }
    }
}

fn headers(head: &str) -> Option<Vec<(String, String)>> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in head.split("\r\n") {
        if line.starts_with([' ', '\t']) {
            headers.last_mut()?.1.push_str(line);
        } else {
            let (name, value) = line.split_once(": ")?;
            headers.push((name.to_owned(), value.to_owned()));
        }
    }
    Some(headers)
}
