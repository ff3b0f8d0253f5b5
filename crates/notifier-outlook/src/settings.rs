//! What the notifier must be told, and what of it cannot be right.

use thiserror::Error;
use url::{Host, Url};
use uuid::Uuid;

use crate::credential::Credential;

/// Microsoft's worldwide sign-in service.
pub const DEFAULT_AUTHORITY: &str = "https://login.microsoftonline.com";

/// Microsoft's worldwide Graph.
pub const DEFAULT_GRAPH_BASE: &str = "https://graph.microsoft.com/v1.0";

/// Exchange Online's default.
const MOST_RECIPIENTS: usize = 500;

/// The section `outlook` of the settings, as it was read.
#[derive(Clone, Debug)]
pub struct OutlookSettings {
    /// The tenant: a GUID or a domain name.
    pub tenant_id: String,
    /// The application's id: a GUID.
    pub client_id: String,
    /// By what it proves to be itself.
    pub credential: Credential,
    /// The mailbox that sends: its address or its user's GUID.
    pub sender: String,
    /// Whom the mail goes to.
    pub recipients: Vec<String>,
    /// As what a mail is sent.
    pub format: MailFormat,
    /// The sign-in service, such as [`DEFAULT_AUTHORITY`].
    pub authority: Url,
    /// Graph, with its version or without it (then it is `v1.0`), such as [`DEFAULT_GRAPH_BASE`].
    pub graph_base: Url,
}

/// As what a mail is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MailFormat {
    /// HTML in Graph's own format: without the plain text, and with a reference by which it is found again.
    #[default]
    Html,
    /// MIME, with the plain text: mail programs show it where they show no HTML. It can't be looked for.
    Mime,
}

/// One setting that cannot be right. It never repeats a secret or an address.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{key}: {problem}")]
pub struct SettingProblem {
    /// The setting, such as `outlook.sender`.
    pub key: &'static str,
    /// What is wrong, in words.
    pub problem: String,
}

/// The settings after every check but that of a file.
pub(crate) struct Checked {
    pub(crate) token_url: Url,
    pub(crate) scope: String,
    pub(crate) client_id: Uuid,
    pub(crate) credential: Credential,
    pub(crate) graph_base: Url,
    pub(crate) sender: String,
    pub(crate) recipients: Vec<String>,
    pub(crate) format: MailFormat,
}

impl OutlookSettings {
    /// Everything that cannot be right, as far as the settings themselves tell: no file is read.
    #[must_use]
    pub fn problems(&self) -> Vec<SettingProblem> {
        self.clone().check().err().unwrap_or_default()
    }

    pub(crate) fn check(self) -> Result<Checked, Vec<SettingProblem>> {
        let mut problems = Vec::new();
        let tenant_id = self.tenant_id.trim().to_owned();
        if let Err(problem) = check_tenant(&tenant_id) {
            problems.push(SettingProblem::new("outlook.tenant_id", problem));
        }
        let client_id = Uuid::parse_str(self.client_id.trim()).unwrap_or_default();
        if client_id.is_nil() {
            problems.push(SettingProblem::new("outlook.client_id", "must be the application's id, a GUID"));
        }
        if let Err(problem) = self.credential.check() {
            problems.push(SettingProblem::new(self.credential.key(), problem));
        }
        let sender = self.sender.trim().to_owned();
        if !is_mailbox(&sender) {
            problems.push(SettingProblem::new(
                "outlook.sender",
                "must be one mail address or a user's GUID, and cannot contain any of / ? # % & \" < >",
            ));
        } else if self.format == MailFormat::Mime && !sender.contains('@') {
            let problem = "must be the mailbox's address, not a GUID, where outlook.format is mime";
            problems.push(SettingProblem::new("outlook.sender", problem));
        }
        let recipients: Vec<String> = trimmed(&self.recipients);
        if let Err(problem) = check_recipients(&recipients) {
            problems.push(SettingProblem::new("outlook.recipients", problem));
        }
        for (key, url) in [("outlook.authority", &self.authority), ("outlook.graph_base", &self.graph_base)] {
            if let Err(problem) = check_address(url) {
                problems.push(SettingProblem::new(key, problem));
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Checked {
            token_url: with_path(self.authority, &[&tenant_id, "oauth2", "v2.0", "token"]),
            scope: scope(&self.graph_base),
            client_id,
            credential: self.credential,
            graph_base: versioned(self.graph_base),
            sender,
            recipients,
            format: self.format,
        })
    }
}

impl SettingProblem {
    pub(crate) fn new(key: &'static str, problem: impl Into<String>) -> Self {
        let problem = problem.into();
        Self { key, problem }
    }
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn check_tenant(tenant: &str) -> Result<(), &'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    if ["common", "organizations", "consumers"].contains(&tenant) {
        return Err("must name one tenant: an application cannot sign in to a group of them");
    }
    if Uuid::parse_str(tenant).is_ok() || tenant.chars().all(allowed) && tenant.contains('.') && is_domain(tenant) {
        return Ok(());
    }
    Err("must be the tenant's GUID or one of its domain names")
}

fn check_recipients(recipients: &[String]) -> Result<(), String> {
    if recipients.is_empty() {
        return Err("must have at least one mail address".to_owned());
    }
    if recipients.len() > MOST_RECIPIENTS {
        return Err(format!("must not have more than {MOST_RECIPIENTS} mail addresses: use a group"));
    }
    match recipients.iter().position(|address| !is_address(address)) {
        Some(at) => Err(format!("entry {} is not a mail address", at + 1)),
        None => Ok(()),
    }
}

fn check_address(url: &Url) -> Result<(), &'static str> {
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(url)) {
        return Err("must begin with https:// (http:// only to loopback)");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not carry a user or a password");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must not have a query or a fragment");
    }
    Ok(())
}

/// The mailbox becomes a part of a path, which the SDK fills in by a template for HTML.
fn is_mailbox(text: &str) -> bool {
    let unsafe_in_path = |c: char| "/?#%&\"<>\\".contains(c);
    Uuid::parse_str(text).is_ok() || is_address(text) && !text.contains(unsafe_in_path)
}

/// Whether it can be an address; only a mail shows whether it is one.
fn is_address(text: &str) -> bool {
    let unusual = |c: char| c.is_whitespace() || c.is_control() || "<>()[],;:\\\"".contains(c);
    match text.split_once('@') {
        Some((local, domain)) => !local.is_empty() && !text.contains(unusual) && is_domain(domain) && text.len() <= 254,
        None => false,
    }
}

fn is_domain(text: &str) -> bool {
    !text.contains('@')
        && text.split('.').all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'))
}

fn trimmed(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| text.trim().to_owned()).collect()
}

fn scope(graph_base: &Url) -> String {
    format!("https://{}/.default", graph_base.host_str().unwrap_or_default())
}

fn versioned(graph_base: Url) -> Url {
    match graph_base.path() {
        "/" => with_path(graph_base, &["v1.0"]),
        _ => with_path(graph_base, &[]),
    }
}

fn with_path(mut url: Url, more: &[&str]) -> Url {
    // Fails only for addresses without a host, which the checks have refused.
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(more);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn good() -> OutlookSettings {
        OutlookSettings {
            tenant_id: "contoso.onmicrosoft.com".to_owned(),
            client_id: "6731de76-14a6-49ae-97bc-6eba6914391e".to_owned(),
            credential: Credential::ClientSecret("s3cret".into()),
            sender: "chargebook@contoso.com".to_owned(),
            recipients: vec![" finance@contoso.com ".to_owned()],
            format: MailFormat::Html,
            authority: url(DEFAULT_AUTHORITY),
            graph_base: url(DEFAULT_GRAPH_BASE),
        }
    }

    fn problems(change: impl FnOnce(&mut OutlookSettings)) -> Vec<&'static str> {
        let mut settings = good();
        change(&mut settings);
        let found = settings.check().err().unwrap_or_default();
        found.into_iter().map(|problem| problem.key).collect()
    }

    #[test]
    fn good_settings_become_addresses_and_a_scope() {
        let checked = good().check().ok().unwrap();
        assert_eq!(
            checked.token_url.as_str(),
            "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token"
        );
        assert_eq!(checked.scope, "https://graph.microsoft.com/.default");
        assert_eq!(checked.recipients, ["finance@contoso.com"]);
    }

    #[test]
    fn a_national_cloud_has_its_own_scope() {
        for (base, scope) in [
            ("https://graph.microsoft.us", "https://graph.microsoft.us/.default"),
            ("https://dod-graph.microsoft.us/", "https://dod-graph.microsoft.us/.default"),
            ("https://microsoftgraph.chinacloudapi.cn/v1.0/", "https://microsoftgraph.chinacloudapi.cn/.default"),
        ] {
            let mut settings = good();
            settings.graph_base = url(base);
            let checked = settings.check().ok().unwrap();
            assert_eq!(checked.scope, scope);
            assert_eq!(checked.graph_base.path(), "/v1.0", "{base}");
        }
    }

    #[test]
    fn each_wrong_setting_is_named() {
        for tenant in ["", "common", "a b", "..", "x/y", "no-dot", "a..b", "tenant.com?x"] {
            let found = problems(|s| s.tenant_id = tenant.to_owned());
            assert_eq!(found, ["outlook.tenant_id"], "{tenant}");
        }
        for client in ["", "my-app", "00000000-0000-0000-0000-000000000000"] {
            let found = problems(|s| s.client_id = client.to_owned());
            assert_eq!(found, ["outlook.client_id"], "{client}");
        }
        let found = problems(|s| s.credential = Credential::ClientSecret(" ".into()));
        assert_eq!(found, ["outlook.client_secret"]);
        for sender in [
            "",
            ".",
            "..",
            "../me",
            "me",
            "a/b@c.d",
            "a?b@c.d",
            "a#b@c.d",
            "a%2fb@c.d",
            "a&b@c.d",
            "a@b@c.d",
            "@c.d",
            "a@",
            "a@c..d",
            "A <a@c.d>",
        ] {
            let found = problems(|s| s.sender = sender.to_owned());
            assert_eq!(found, ["outlook.sender"], "{sender}");
        }
        for recipients in [vec![], vec![""], vec!["a@b.c", "finance"], vec!["a@b.c;d@e.f"]] {
            let list: Vec<String> = recipients.iter().map(ToString::to_string).collect();
            assert_eq!(problems(|s| s.recipients = list), ["outlook.recipients"], "{recipients:?}");
        }
        for address in [
            "http://graph.microsoft.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "ftp://127.0.0.1",
            "https://user:word@graph.microsoft.com",
            "https://graph.microsoft.com/?x=y",
            "https://graph.microsoft.com/#x",
        ] {
            assert_eq!(problems(|s| s.graph_base = url(address)), ["outlook.graph_base"], "{address}");
            assert_eq!(problems(|s| s.authority = url(address)), ["outlook.authority"], "{address}");
        }
    }

    #[test]
    fn usual_values_are_taken() {
        let guid = "6731de76-14a6-49ae-97bc-6eba6914391e";
        assert!(problems(|s| s.tenant_id = guid.to_owned()).is_empty());
        for sender in [guid, "o'brien@contoso.com", "a.b+c_d@sub.contoso.co.uk"] {
            assert!(problems(|s| s.sender = sender.to_owned()).is_empty(), "{sender}");
        }
        let of_guid = |format: MailFormat| {
            problems(|s| {
                guid.clone_into(&mut s.sender);
                s.format = format;
            })
        };
        assert_eq!(of_guid(MailFormat::Mime), ["outlook.sender"], "MIME names its sender");
        assert!(of_guid(MailFormat::Html).is_empty());
        for address in ["http://127.0.0.1:8080", "http://[::1]:1/v1.0", "http://localhost:1"] {
            assert!(problems(|s| s.graph_base = url(address)).is_empty(), "{address}");
        }
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let found = problems(|s| {
            s.tenant_id.clear();
            s.client_id.clear();
            s.credential = Credential::ClientSecret("".into());
            s.sender.clear();
            s.recipients.clear();
            s.authority = url("http://example.com");
            s.graph_base = url("http://example.com");
        });
        assert_eq!(found.len(), 7);
    }
}
