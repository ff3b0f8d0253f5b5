//! What the notifier must be told, and what of it cannot be right.

use std::path::PathBuf;

use lettre::Address;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use crate::host::{is_host, is_name, is_near};

/// As many as every server takes (RFC 5321).
const MOST_RECIPIENTS: usize = 100;

/// How the connection is kept from others.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Security {
    /// TLS from the command STARTTLS on; a server that does not offer it gets nothing.
    #[default]
    StartTls,
    /// TLS from the beginning.
    Tls,
    /// None: only for a relay on this machine or in a private network.
    Plain,
}

impl Security {
    /// By its name in the settings: `starttls`, `tls` or `none`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "starttls" => Some(Self::StartTls),
            "tls" => Some(Self::Tls),
            "none" => Some(Self::Plain),
            _ => None,
        }
    }

    /// The port that is usual for it.
    #[must_use]
    pub fn usual_port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Tls => 465,
            Self::Plain => 25,
        }
    }
}

/// The section `smtp` of the settings, as it was read.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// The mail server: its name or its IP address.
    pub host: String,
    /// Its port; `None` for the [usual one](Security::usual_port).
    pub port: Option<u16>,
    /// How the connection is kept from others.
    pub security: Security,
    /// Who logs in; `None` where the server knows us by our address.
    pub user: Option<String>,
    /// The user's password.
    pub password: Option<SecretString>,
    /// The file with an OAuth access token, which is read for each mail. In place of a password.
    pub oauth_token_file: Option<PathBuf>,
    /// The file with the certificates, as PEM, that one of which must have signed the server's: in place of the public ones.
    pub ca_file: Option<PathBuf>,
    /// The address that the mail comes from.
    pub from: String,
    /// The addresses that it goes to.
    pub recipients: Vec<String>,
}

/// One setting that cannot be right. It never repeats a secret or an address.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{key}: {problem}")]
pub struct SettingProblem {
    /// The setting, such as `smtp.from`.
    pub key: &'static str,
    /// What is wrong, in words.
    pub problem: String,
}

/// With what somebody logs in.
#[derive(Clone, Debug)]
pub(crate) enum Proof {
    Password(SecretString),
    TokenFile(PathBuf),
}

/// The settings after every check but that of the file of certificates.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) security: Security,
    pub(crate) log_in: Option<(String, Proof)>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) from: Address,
    pub(crate) recipients: Vec<Address>,
}

impl SettingProblem {
    pub(crate) fn new(key: &'static str, problem: impl Into<String>) -> Self {
        let problem = problem.into();
        Self { key, problem }
    }
}

impl SmtpSettings {
    /// Everything that cannot be right, as far as the settings themselves tell: no file is read.
    #[must_use]
    pub fn problems(&self) -> Vec<SettingProblem> {
        self.check().err().unwrap_or_default()
    }

    pub(crate) fn check(&self) -> Result<Checked, Vec<SettingProblem>> {
        let mut problems = Vec::new();
        let host = self.host.trim();
        if !is_host(host) {
            let problem = "must be the mail server's name or IP address, without a port";
            problems.push(SettingProblem::new("smtp.host", problem));
        }
        if self.port == Some(0) {
            problems.push(SettingProblem::new("smtp.port", "must be from 1 to 65535"));
        }
        let log_in = self.log_in(&mut problems);
        problems.extend(self.plain_problems(host));
        let from = address(&self.from);
        if from.is_none() {
            problems.push(SettingProblem::new("smtp.from", "must be one mail address, of ASCII characters"));
        }
        let recipients: Vec<Option<Address>> = self.recipients.iter().map(|text| address(text)).collect();
        problems.extend(recipients_problem(&recipients));
        match from {
            Some(from) if problems.is_empty() => Ok(Checked {
                host: host.to_owned(),
                port: self.port.unwrap_or(self.security.usual_port()),
                security: self.security,
                log_in,
                ca_file: self.ca_file.clone(),
                from,
                recipients: recipients.into_iter().flatten().collect(),
            }),
            _ => Err(problems),
        }
    }

    fn log_in(&self, problems: &mut Vec<SettingProblem>) -> Option<(String, Proof)> {
        let mut problem = |key, what: &str| problems.push(SettingProblem::new(key, what));
        let is_blank = |text: &String| text.trim().is_empty();
        if self.user.as_ref().is_some_and(is_blank) {
            problem("smtp.user", "must not be empty");
        }
        if self.password.as_ref().is_some_and(|password| password.expose_secret().is_empty()) {
            problem("smtp.password", "must not be empty");
        }
        let proof = match (&self.password, &self.oauth_token_file) {
            (Some(_), Some(_)) => {
                problem("smtp.oauth_token_file", "must not be set beside smtp.password: have one or the other");
                None
            }
            (Some(password), None) => Some(Proof::Password(password.clone())),
            (None, Some(file)) => Some(Proof::TokenFile(file.clone())),
            (None, None) => None,
        };
        match (&self.user, &proof) {
            (None, Some(_)) => problem("smtp.user", "must be set too: who logs in"),
            (Some(_), None) if self.password.is_none() => {
                problem("smtp.password", "must be set too, or smtp.oauth_token_file: nobody logs in without");
            }
            _ => {}
        }
        self.user.as_ref().map(|user| user.trim().to_owned()).zip(proof)
    }

    /// What must not be where there is no TLS.
    fn plain_problems(&self, host: &str) -> Vec<SettingProblem> {
        let mut problems = Vec::new();
        if self.security != Security::Plain {
            return problems;
        }
        if is_host(host) && !is_near(host) {
            problems.push(SettingProblem::new(
                "smtp.security",
                "must not be none for a server in the Internet: only loopback and private addresses, names without a \
                 dot, and names that end in .internal or .local may be spoken to without TLS",
            ));
        }
        if self.user.is_some() || self.password.is_some() || self.oauth_token_file.is_some() {
            let problem = "must not be none where somebody logs in: the log-in could be read on the way";
            problems.push(SettingProblem::new("smtp.security", problem));
        }
        if self.ca_file.is_some() {
            let problem = "has no use with smtp.security none: there is no certificate to check";
            problems.push(SettingProblem::new("smtp.ca_file", problem));
        }
        problems
    }
}

fn recipients_problem(recipients: &[Option<Address>]) -> Option<SettingProblem> {
    let problem = |text: String| Some(SettingProblem::new("smtp.recipients", text));
    if recipients.is_empty() {
        return problem("must have at least one mail address".to_owned());
    }
    if recipients.len() > MOST_RECIPIENTS {
        return problem(format!("must not have more than {MOST_RECIPIENTS} mail addresses: use a group"));
    }
    let at = recipients.iter().position(Option::is_none)?;
    problem(format!("entry {} is not a mail address of ASCII characters", at.saturating_add(1)))
}

/// The address, if it can be one that every server takes; only a mail shows whether it is one.
fn address(text: &str) -> Option<Address> {
    let text = text.trim();
    let is_usual = |c: char| c.is_ascii_graphic() && !"<>()[],;:\\\"".contains(c);
    let (local, domain) = text.split_once('@')?;
    let can_be = !local.is_empty() && text.chars().all(is_usual) && is_name(domain) && text.len() <= 254;
    if can_be { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests;
