//! Where the day's mail is posted, as the operator says it, and what of it cannot be right.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use url::Url;

use crate::endpoint::{Checked, Wrong, origin};

/// What the day's mail is written as.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum SummaryFormat {
    /// All of it, signed, for a program that knows one that comes twice.
    #[default]
    Json,
    /// Its subject and its plain text, for a chat.
    Chat,
}

impl SummaryFormat {
    /// By its name in the settings: `json` or `chat`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "json" => Some(Self::Json),
            "chat" => Some(Self::Chat),
            _ => None,
        }
    }
}

/// The section `webhook` of the settings, as it was read.
#[derive(Clone)]
pub struct WebhookSettings {
    /// The address, `https:`, or `http:` to loopback. That of a chat is as good as a password.
    pub url: SecretString,
    /// What the receiver checks signatures with: 16 bytes at least. A chat needs none, because it checks none.
    pub secret: Option<SecretString>,
    /// What the mail is written as.
    pub format: SummaryFormat,
}

/// One setting that cannot be right. It never repeats a secret or an address.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{key}: {problem}")]
pub struct SettingProblem {
    /// The setting, such as `webhook.url`.
    pub key: &'static str,
    /// What is wrong and what to do, in words.
    pub problem: String,
}

impl fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (origin, format) = (self.origin(), self.format);
        f.debug_struct("WebhookSettings").field("origin", &origin).field("format", &format).finish_non_exhaustive()
    }
}

impl WebhookSettings {
    /// Everything that cannot be right.
    #[must_use]
    pub fn problems(&self) -> Vec<SettingProblem> {
        self.check().err().unwrap_or_default()
    }

    /// The scheme, the host and the port of the address: what of it may be shown. `None` where it is no address.
    #[must_use]
    pub fn origin(&self) -> Option<String> {
        Some(origin(&self.parsed_url()?))
    }

    pub(crate) fn check(&self) -> Result<Checked, Vec<SettingProblem>> {
        let problem = |key, problem: &str| SettingProblem { key, problem: problem.to_owned() };
        let mut problems = Vec::new();
        if self.secret.is_none() && self.format == SummaryFormat::Json {
            let what = "must be set, because the receiver knows the mail by its signature: make one with `openssl rand -hex 32`";
            problems.push(problem("webhook.secret", what));
        }
        let checked = match self.parsed_url() {
            Some(url) => Checked::new(url, self.secret.as_ref()),
            None => Err(vec![Wrong::Address("must have a url that begins with https:// (http:// only to loopback)")]),
        };
        match checked {
            Ok(checked) if problems.is_empty() => Ok(checked),
            Ok(_) => Err(problems),
            Err(wrong) => {
                problems.extend(wrong.into_iter().map(|wrong| SettingProblem {
                    key: match wrong {
                        Wrong::Address(_) | Wrong::Client(_) => "webhook.url",
                        Wrong::Secret(_) => "webhook.secret",
                    },
                    problem: format!("the endpoint {}", wrong.in_words()),
                }));
                Err(problems)
            }
        }
    }

    fn parsed_url(&self) -> Option<Url> {
        Url::parse(self.url.expose_secret().trim()).ok().filter(Url::has_host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://hooks.example/services/T0/t0ken";
    const SECRET: &str = "0123456789abcdef";

    fn settings(url: &str, secret: Option<&str>, format: SummaryFormat) -> WebhookSettings {
        WebhookSettings { url: url.into(), secret: secret.map(SecretString::from), format }
    }

    fn keys(url: &str, secret: Option<&str>, format: SummaryFormat) -> Vec<&'static str> {
        settings(url, secret, format).problems().into_iter().map(|problem| problem.key).collect()
    }

    #[test]
    fn a_format_has_its_name() {
        assert_eq!(SummaryFormat::parse("json"), Some(SummaryFormat::Json));
        assert_eq!(SummaryFormat::parse("chat"), Some(SummaryFormat::Chat));
        assert_eq!(SummaryFormat::parse("xml"), None);
        assert_eq!(SummaryFormat::default(), SummaryFormat::Json);
    }

    #[test]
    fn json_is_signed_and_a_chat_need_not_be() {
        use SummaryFormat::{Chat, Json};
        assert_eq!(keys(URL, Some(SECRET), Json), [""; 0]);
        assert_eq!(keys(URL, Some(SECRET), Chat), [""; 0]);
        assert_eq!(keys(URL, None, Chat), [""; 0]);
        assert_eq!(keys(URL, None, Json), ["webhook.secret"]);
        assert_eq!(keys(URL, Some("short"), Chat), ["webhook.secret"]);
        for url in ["", "hooks", "http://hooks.example/", "https://user:word@hooks.example/", "mailto:a@b.c"] {
            assert_eq!(keys(url, Some(SECRET), Json), ["webhook.url"], "{url}");
        }
        assert_eq!(keys("http://hooks.example/", Some("short"), Json), ["webhook.url", "webhook.secret"]);
        assert_eq!(keys("hooks", None, Json), ["webhook.secret", "webhook.url"]);
    }

    #[test]
    fn nothing_secret_is_shown() {
        let good = settings(URL, Some(SECRET), SummaryFormat::Json);
        assert_eq!(good.origin().as_deref(), Some("https://hooks.example"));
        let wrong = settings("http://hooks.example/t0ken", Some("sh0rt"), SummaryFormat::Json);
        let shown = format!("{good:?} {:?} {:?}", good.check().unwrap(), wrong.problems());
        for hidden in ["t0ken", SECRET, "sh0rt"] {
            assert!(!shown.contains(hidden), "{shown}");
        }
        assert_eq!(settings("hooks", None, SummaryFormat::Chat).origin(), None);
    }
}
