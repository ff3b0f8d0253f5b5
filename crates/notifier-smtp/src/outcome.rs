//! What a step that failed means for the mail, and what a person can do about it.

use std::time::Duration;

use chargebook_domain::ports::{RequestId, SendOutcome};
use thiserror::Error;

use crate::server::Step;
use crate::trouble::Trouble;

/// How long a server is left in peace that refused for now: greylisting and limits need minutes.
pub(crate) const USUAL_WAIT: Duration = Duration::from_mins(5);

const LATER: Option<Duration> = Some(USUAL_WAIT);
const BY_A_PERSON: Option<Duration> = None;

/// No mail was sent, and the server certainly has none.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{reason}")]
pub struct SmtpFailure {
    /// Sentences for a person: what was wrong and what to do.
    pub reason: String,
    /// When to try again, or `None` where a person must change something first.
    pub retry_after: Option<Duration>,
}

impl SmtpFailure {
    fn new(what: &str, to_do: &str, retry_after: Option<Duration>) -> Self {
        Self { reason: format!("{what}, so no mail was sent. {to_do}"), retry_after }
    }
}

/// The outcome of a mail that met `trouble` at `step`; `attempt` is what the mail is called.
pub(crate) fn outcome(step: Step, trouble: &Trouble, has_token: bool, attempt: &RequestId) -> SendOutcome {
    // Whatever else went wrong after the mail was begun, the server may have it.
    if step != Step::Content || matches!(trouble, Trouble::Refused { .. }) {
        let SmtpFailure { reason, retry_after } = failure(step, trouble, has_token);
        return SendOutcome::Refused { reason, retry_after };
    }
    let unknown = match trouble {
        Trouble::TimedOut => "no answer came in time",
        _ => "the connection was lost before an answer came",
    };
    SendOutcome::Unknown {
        reason: format!(
            "Nobody can know whether the mail server took the mail: {unknown}. Look for the Message-ID that begins with \
             {attempt} in the server's log, or ask a recipient, before it is sent again."
        ),
    }
}

/// Why there is no mail at the server, where that is certain.
pub(crate) fn failure(step: Step, trouble: &Trouble, has_token: bool) -> SmtpFailure {
    match trouble {
        Trouble::Refused { code, enhanced } => refused(step, *code, enhanced.as_deref(), has_token),
        Trouble::Certificate => SmtpFailure::new(
            "The mail server's certificate is not trusted for smtp.host",
            "Set smtp.host to the name that it is for, have a new one made if it has expired, or set smtp.ca_file to \
             the certificates of the private authority that signed it.",
            BY_A_PERSON,
        ),
        Trouble::NotTls => SmtpFailure::new(
            "TLS could not be agreed on with the mail server",
            "Check smtp.port and smtp.security: starttls is usual at port 587, tls at 465.",
            BY_A_PERSON,
        ),
        Trouble::NoStartTls => SmtpFailure::new(
            "The mail server does not offer STARTTLS, and without TLS nothing is sent to it",
            "Check smtp.port and smtp.security: starttls is usual at port 587, tls at 465.",
            BY_A_PERSON,
        ),
        Trouble::NoLogIn if has_token => SmtpFailure::new(
            "The mail server does not offer to log in with a token (XOAUTH2)",
            "Set smtp.password in place of smtp.oauth_token_file, or ask whoever runs the server.",
            BY_A_PERSON,
        ),
        Trouble::NoLogIn => SmtpFailure::new(
            "The mail server does not offer to log in with a password (PLAIN, LOGIN)",
            "Set smtp.oauth_token_file in place of smtp.password, or unset smtp.user for a relay that knows us by our \
             address.",
            BY_A_PERSON,
        ),
        Trouble::NoToken => SmtpFailure::new(
            "There is no access token to log in with",
            "See that smtp.oauth_token_file is there and may be read, and that what renews it runs.",
            LATER,
        ),
        Trouble::Challenge => log_in_refused("The mail server did not take the log-in", has_token),
        Trouble::Lost if step == Step::Connect => SmtpFailure::new(
            "The mail server cannot be reached",
            "Check smtp.host, smtp.port and smtp.security, and the network.",
            LATER,
        ),
        Trouble::Lost => SmtpFailure::new(
            "The connection to the mail server was lost before it had the mail",
            "It is tried again; where this goes on, look into the server's log.",
            LATER,
        ),
        Trouble::TimedOut => SmtpFailure::new(
            "The mail server did not answer in time",
            "Check smtp.host, smtp.port and smtp.security, and the network.",
            LATER,
        ),
    }
}

fn refused(step: Step, code: u16, enhanced: Option<&str>, has_token: bool) -> SmtpFailure {
    let number = enhanced.map_or_else(|| code.to_string(), |enhanced| format!("{code} {enhanced}"));
    let said = |what: &str| format!("The mail server {what} (it said {number})");
    if code < 500 {
        let to_do = "It is tried again; where this goes on, look into the server's log.";
        return SmtpFailure::new(&said(&format!("refused {} for now", subject(step))), to_do, LATER);
    }
    if step == Step::LogIn || matches!(code, 534 | 535 | 538) {
        return log_in_refused(&said("did not take the log-in"), has_token);
    }
    let is_about_size =
        matches!(enhanced, Some("5.3.4" | "5.2.3")) || (code, step) == (552, Step::Content) || code == 523;
    let to_do = match (code, step) {
        _ if is_about_size => "The mail is larger than it takes: let it take a megabyte.",
        (530, _) => "It wants TLS or a log-in first: set smtp.security, and smtp.user with smtp.password.",
        (_, Step::Connect) => "Ask whoever runs it whether mail may come from here, and check smtp.host and smtp.port.",
        (_, Step::Sender) => "Check smtp.from, and that it lets this user, or this machine, send as that address.",
        (_, Step::Recipient(_)) => {
            "Correct that entry, or ask whoever runs the server whether mail may go there from here. Nobody got the mail, \
             as all recipients must be taken."
        }
        (_, Step::LogIn | Step::Data | Step::Content) => "Look into its log for what it does not like about the mail.",
    };
    SmtpFailure::new(&said(&format!("refused {}", subject(step))), to_do, BY_A_PERSON)
}

/// A token is renewed by somebody else, so that it heals by itself; a password is not tried until the user is locked out.
fn log_in_refused(what: &str, has_token: bool) -> SmtpFailure {
    if has_token {
        let to_do = "See that what renews smtp.oauth_token_file runs, that the token is for this user, and that the user \
                     may send by SMTP.";
        return SmtpFailure::new(what, to_do, LATER);
    }
    let to_do = "Check smtp.user and smtp.password, and that the user may send by SMTP. Microsoft 365 and Gmail take no \
                 ordinary password here: use a relay, an app password, or smtp.oauth_token_file.";
    SmtpFailure::new(what, to_do, BY_A_PERSON)
}

fn subject(step: Step) -> String {
    match step {
        Step::Connect => "the connection".to_owned(),
        Step::LogIn => "the log-in".to_owned(),
        Step::Sender => "the sender".to_owned(),
        Step::Recipient(number) => format!("entry {number} of smtp.recipients"),
        Step::Data | Step::Content => "the mail".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    const STEPS: [Step; 6] = [Step::Connect, Step::LogIn, Step::Sender, Step::Recipient(2), Step::Data, Step::Content];

    fn attempt() -> RequestId {
        RequestId::of("smtp", "a mail", 1, DateTime::UNIX_EPOCH)
    }

    fn reply(code: u16, enhanced: Option<&str>) -> Trouble {
        Trouble::Refused { code, enhanced: enhanced.map(ToOwned::to_owned) }
    }

    fn reason(step: Step, trouble: &Trouble) -> String {
        let SmtpFailure { reason, .. } = failure(step, trouble, false);
        assert!(reason.contains("so no mail was sent.") && reason.ends_with('.'), "{reason}");
        reason
    }

    #[test]
    fn only_what_came_without_an_answer_after_the_mail_was_begun_is_unknown() {
        for step in STEPS {
            for trouble in [Trouble::Lost, Trouble::TimedOut, Trouble::NotTls, Trouble::Certificate, Trouble::Challenge]
            {
                let is_for_now = matches!(trouble, Trouble::Lost | Trouble::TimedOut);
                let outcome = outcome(step, &trouble, false, &attempt());
                match (step, outcome) {
                    (Step::Content, SendOutcome::Unknown { reason }) => {
                        assert!(reason.contains(&attempt().to_string()), "{reason}");
                    }
                    (_, SendOutcome::Refused { retry_after, .. }) if step != Step::Content => {
                        assert_eq!(retry_after.is_some(), is_for_now, "{step:?} {trouble:?}");
                    }
                    (_, other) => panic!("{step:?} {trouble:?} is {other:?}"),
                }
            }
        }
    }

    #[test]
    fn a_reply_is_a_certain_refusal_whose_first_digit_says_for_how_long() {
        for step in STEPS {
            for code in [421, 450, 451, 452, 454] {
                assert_eq!(failure(step, &reply(code, None), false).retry_after, LATER, "{step:?} {code}");
            }
            for code in [500, 501, 503, 521, 523, 530, 535, 550, 551, 552, 553, 554, 555] {
                let failure = failure(step, &reply(code, None), false);
                assert_eq!(failure.retry_after, BY_A_PERSON, "{step:?} {code}");
                assert!(failure.reason.contains(&code.to_string()), "{}", failure.reason);
            }
            assert!(matches!(
                outcome(step, &reply(550, None), false, &attempt()),
                SendOutcome::Refused { retry_after: BY_A_PERSON, .. }
            ));
        }
    }

    #[test]
    fn what_a_person_must_change_is_named() {
        for (step, code, enhanced, word) in [
            (Step::LogIn, 535, Some("5.7.8"), "smtp.password"),
            (Step::Sender, 530, Some("5.7.0"), "smtp.security"),
            (Step::Sender, 550, None, "smtp.from"),
            (Step::Sender, 553, None, "smtp.from"),
            (Step::Recipient(2), 550, Some("5.1.1"), "entry 2 of smtp.recipients"),
            (Step::Recipient(2), 552, Some("5.2.2"), "entry 2 of smtp.recipients"),
            (Step::Content, 552, None, "larger"),
            (Step::Sender, 552, Some("5.3.4"), "larger"),
            (Step::Content, 554, Some("5.7.1"), "log"),
            (Step::Connect, 554, None, "smtp.host"),
        ] {
            let reason = reason(step, &reply(code, enhanced));
            let shown = enhanced.map_or_else(|| code.to_string(), |enhanced| format!("{code} {enhanced}"));
            assert!(reason.contains(word) && reason.contains(&shown), "{step:?} {code}: {reason}");
        }
        for (trouble, word) in [
            (Trouble::Certificate, "smtp.ca_file"),
            (Trouble::NotTls, "smtp.security"),
            (Trouble::NoStartTls, "smtp.security"),
            (Trouble::NoLogIn, "smtp.user"),
            (Trouble::Challenge, "smtp.user"),
        ] {
            assert!(reason(Step::Connect, &trouble).contains(word), "{trouble:?}");
            assert_eq!(failure(Step::Connect, &trouble, false).retry_after, BY_A_PERSON, "{trouble:?}");
        }
    }

    #[test]
    fn a_token_is_tried_again_because_it_is_renewed_by_itself() {
        for trouble in [reply(535, None), Trouble::Challenge, Trouble::NoToken] {
            let failure = failure(Step::LogIn, &trouble, true);
            assert_eq!(failure.retry_after, LATER, "{trouble:?}");
            assert!(failure.reason.contains("smtp.oauth_token_file"), "{}", failure.reason);
        }
        assert!(failure(Step::LogIn, &Trouble::NoLogIn, true).reason.contains("XOAUTH2"));
    }
}
