//! What went wrong with a connection, in terms of what the caller can do. Of the server's text, nothing but a code is kept.

use std::error::Error as _;
use std::io;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::response::{Response, Severity};

/// Why a step did not come to its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Trouble {
    /// The server said no.
    Refused { code: u16, enhanced: Option<String> },
    /// Its certificate is not one that is trusted for this host.
    Certificate,
    /// TLS could not be agreed on.
    NotTls,
    /// It does not offer STARTTLS.
    NoStartTls,
    /// It does not offer the way in which we could log in.
    NoLogIn,
    /// The file with the access token can't be read, or is empty.
    NoToken,
    /// It asks for more than we know when we log in: that is how it refuses a token.
    Challenge,
    /// There was no connection, or it was lost, or something came that is no answer.
    Lost,
    /// The time was over.
    TimedOut,
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        if let Some(code) = error.status() {
            let text = error.source().map(ToString::to_string).unwrap_or_default();
            let code = u16::from(code);
            return Self::Refused { code, enhanced: enhanced(code, &text) };
        }
        if error.is_client() {
            return Self::Challenge;
        }
        match tls_error(&error) {
            Some(rustls::Error::InvalidCertificate(_)) => Self::Certificate,
            Some(_) => Self::NotTls,
            None => Self::Lost,
        }
    }
}

/// That a command was carried out. A reply that asks for more is to another command than the one that was sent.
pub(crate) fn done(reply: &Response) -> Result<(), Trouble> {
    match reply.code().severity {
        Severity::PositiveCompletion => Ok(()),
        _ => Err(Trouble::Lost),
    }
}

/// The enhanced status code (RFC 3463) that a reply begins with, where it is of the reply's own class.
fn enhanced(code: u16, text: &str) -> Option<String> {
    let word = text.split_ascii_whitespace().next()?;
    let mut parts = word.split('.');
    let is_class = parts.next()? == (code / 100).to_string();
    let is_number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_code = is_class && is_number(parts.next()?) && is_number(parts.next()?) && parts.next().is_none();
    is_code.then(|| word.to_owned())
}

/// What TLS itself objected to, if that is at the bottom of it.
fn tls_error(error: &Error) -> Option<&rustls::Error> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<io::Error>().and_then(|error| error.get_ref()?.downcast_ref()) {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_looks_like_a_code_of_the_replys_class_is_one() {
        assert_eq!(enhanced(550, "5.1.1 no such user").as_deref(), Some("5.1.1"));
        assert_eq!(enhanced(451, "4.7.500 busy").as_deref(), Some("4.7.500"));
        for text in
            ["", "no 5.1.1", "4.1.1 x", "5.1 x", "5.1.1.1 x", "5.1.1234 x", "5.a.1 x", "5..1 x", "books@example.com"]
        {
            assert_eq!(enhanced(550, text), None, "{text}");
        }
    }
}
