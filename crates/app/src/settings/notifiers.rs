//! The ways that mail can go beside Outlook, each a section of its own.

use std::path::PathBuf;

use chargebook_notifier_smtp::{Security, SmtpSettings};
use chargebook_notifier_webhook::{SummaryFormat, WebhookSettings};

use super::channels::Channel;
use super::reader::Reader;

const SMTP: [&str; 9] = [
    "smtp.ca_file",
    "smtp.from",
    "smtp.host",
    "smtp.oauth_token_file",
    "smtp.password",
    "smtp.port",
    "smtp.recipients",
    "smtp.security",
    "smtp.user",
];

const WEBHOOK: [&str; 3] = ["webhook.format", "webhook.secret", "webhook.url"];

fn is_any_given(reader: &Reader, keys: &[&str]) -> bool {
    keys.iter().any(|key| reader.is_given(key))
}

/// Notes each of these that is not set, though its section is.
pub(super) fn need(reader: &mut Reader, keys: &[&str], what: &str) {
    for key in keys {
        if !reader.is_given(key) {
            let remedy = "set it too, or remove the section: then mail goes to the folder";
            reader.problem(key, format!("{what} needs it"), remedy);
        }
    }
}

pub(super) fn smtp(reader: &mut Reader) -> Option<SmtpSettings> {
    if !is_any_given(reader, &SMTP) {
        return None;
    }
    let known = reader.problems.len();
    need(reader, &["smtp.host", "smtp.from", "smtp.recipients"], "mail by SMTP");
    let security = reader.parse("smtp.security", "write starttls, tls or none", Security::parse);
    let port = reader.parse("smtp.port", "write a whole number from 1 to 65535", |text| {
        text.parse().ok().filter(|port: &u16| *port > 0)
    });
    // All are read before any is missed, so that every problem is noted.
    let mut text = |key| reader.text(key);
    let (host, from, user) = (text("smtp.host"), text("smtp.from"), text("smtp.user"));
    let (oauth_token_file, ca_file) = (text("smtp.oauth_token_file"), text("smtp.ca_file"));
    let password = reader.secret("smtp.password");
    let settings = SmtpSettings {
        recipients: reader.list("smtp.recipients"),
        host: host?,
        port,
        security: security.unwrap_or_default(),
        user,
        password,
        oauth_token_file: oauth_token_file.map(PathBuf::from),
        ca_file: ca_file.map(PathBuf::from),
        from: from?,
    };
    if reader.problems.len() == known {
        for problem in settings.problems() {
            reader.problem(problem.key, problem.problem, Channel::Smtp.remedy());
        }
    }
    Some(settings)
}

pub(super) fn webhook(reader: &mut Reader) -> Option<WebhookSettings> {
    if !is_any_given(reader, &WEBHOOK) {
        return None;
    }
    let known = reader.problems.len();
    need(reader, &["webhook.url"], "to post the day's mail");
    let format = reader.parse("webhook.format", "write json or chat", SummaryFormat::parse).unwrap_or_default();
    let secret = reader.secret("webhook.secret");
    let settings = WebhookSettings { url: reader.secret("webhook.url")?, secret, format };
    if reader.problems.len() == known {
        for problem in settings.problems() {
            reader.problem(problem.key, problem.problem, Channel::Webhook.remedy());
        }
    }
    Some(settings)
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use secrecy::ExposeSecret;

    use super::super::{FileText, Problem, Settings};
    use super::*;

    fn read(text: &str) -> Result<Settings, Vec<Problem>> {
        let read_file = |path: &Path| match path.to_str() {
            Some("/run/url") => Ok("https://hooks.example/services/t0ken\n".to_owned()),
            Some("/run/password") => Ok("from a file\n".to_owned()),
            _ => Err(io::Error::from(io::ErrorKind::NotFound)),
        };
        Settings::read(Some(FileText { path: "test.toml", text }), &[].into(), &read_file)
    }

    fn keys(text: &str) -> Vec<String> {
        let problems = read(text).err().unwrap_or_default();
        assert!(!format!("{problems:?}").contains("hunter2"), "{problems:?}");
        problems.into_iter().map(|problem| problem.key).collect()
    }

    #[test]
    fn mail_by_smtp_is_a_section() {
        let text = r#"
            [smtp]
            host = "smtp.example.com"
            security = "tls"
            user = "books"
            password_file = "/run/password"
            ca_file = "/etc/relay.pem"
            from = "books@example.com"
            recipients = ["finance@example.com", "cfo@example.com"]
        "#;
        let smtp = read(text).unwrap().smtp.unwrap();
        assert_eq!((smtp.security, smtp.port, smtp.recipients.len()), (Security::Tls, None, 2));
        assert_eq!(smtp.password.unwrap().expose_secret(), "from a file");
        assert_eq!(smtp.ca_file.as_deref(), Some(Path::new("/etc/relay.pem")));
        let relay =
            "[smtp]\nhost = \"relay\"\nport = 2525\nsecurity = \"none\"\nfrom = \"a@b.c\"\nrecipients = \"d@e.f\"";
        assert_eq!(read(relay).unwrap().smtp.unwrap().port, Some(2525));
        assert!(read("").unwrap().smtp.is_none());
    }

    #[test]
    fn the_days_mail_can_be_posted() {
        let webhook = read("[webhook]\nurl_file = \"/run/url\"\nformat = \"chat\"").unwrap().webhook.unwrap();
        assert_eq!(webhook.origin().as_deref(), Some("https://hooks.example"));
        assert_eq!((webhook.format, webhook.secret.is_none()), (SummaryFormat::Chat, true));
        let json = "[webhook]\nurl = \"https://a.example/\"\nsecret = \"0123456789abcdef\"";
        assert_eq!(read(json).unwrap().webhook.unwrap().format, SummaryFormat::Json);
        assert!(read("").unwrap().webhook.is_none());
    }

    #[test]
    fn what_a_notifier_refuses_is_a_problem_of_its_key() {
        for (text, expected) in [
            ("[smtp]\nport = 25", vec!["smtp.host", "smtp.from", "smtp.recipients"]),
            (
                "[smtp]\nhost = \"a\"\nfrom = \"b\"\nrecipients = \"c\"\nsecurity = \"ssl\"\nport = 65536",
                vec!["smtp.security", "smtp.port"],
            ),
            (
                "[smtp]\nhost = \"a:b\"\nfrom = \"hunter2\"\nrecipients = \"hunter2\"\npassword = \"hunter2\"",
                vec!["smtp.host", "smtp.user", "smtp.from", "smtp.recipients"],
            ),
            ("[webhook]\nformat = \"xml\"", vec!["webhook.url", "webhook.format"]),
            ("[webhook]\nurl = \"https://hunter2.example\"", vec!["webhook.secret"]),
            ("[webhook]\nurl = \"http://hunter2.example\"\nformat = \"chat\"", vec!["webhook.url"]),
        ] {
            assert_eq!(keys(text), expected, "{text}");
        }
    }
}
