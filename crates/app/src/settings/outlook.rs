//! What mail through Outlook needs.

use std::path::PathBuf;

use chargebook_notifier_outlook::{Credential, DEFAULT_AUTHORITY, DEFAULT_GRAPH_BASE, MailFormat, OutlookSettings};
use url::Url;

use super::channels::Channel;
use super::notifiers::need;
use super::reader::Reader;
use super::sections::address;

const NEEDED: [&str; 4] = ["outlook.tenant_id", "outlook.client_id", "outlook.sender", "outlook.recipients"];

/// By one of these the application signs in.
const CREDENTIALS: [&str; 3] = ["outlook.client_secret", "outlook.certificate_file", "outlook.federated_token_file"];

const WITH_DEFAULTS: [&str; 3] = ["outlook.format", "outlook.authority", "outlook.graph_base"];

pub(super) fn outlook(reader: &mut Reader) -> Option<OutlookSettings> {
    let mut keys = NEEDED.iter().chain(&CREDENTIALS).chain(&WITH_DEFAULTS);
    if !keys.any(|key| reader.is_given(key)) {
        return None;
    }
    let known = reader.problems.len();
    need(reader, &NEEDED, "mail through Outlook");
    // All are read before any is missed, so that every problem is noted.
    let credential = credential(reader);
    let mut text = |key| reader.text(key);
    let (tenant_id, client_id, sender) = (text("outlook.tenant_id"), text("outlook.client_id"), text("outlook.sender"));
    let authority = address(reader, "outlook.authority").or_else(|| Url::parse(DEFAULT_AUTHORITY).ok());
    let graph_base = address(reader, "outlook.graph_base").or_else(|| Url::parse(DEFAULT_GRAPH_BASE).ok());
    let format = reader.parse("outlook.format", "write html or mime", |text| match text {
        "html" => Some(MailFormat::Html),
        "mime" => Some(MailFormat::Mime),
        _ => None,
    });
    let settings = OutlookSettings {
        format: format.unwrap_or_default(),
        recipients: reader.list("outlook.recipients"),
        tenant_id: tenant_id?,
        client_id: client_id?,
        credential: credential?,
        sender: sender?,
        authority: authority?,
        graph_base: graph_base?,
    };
    if reader.problems.len() == known {
        for problem in settings.problems() {
            reader.problem(problem.key, problem.problem, Channel::Outlook.remedy());
        }
    }
    Some(settings)
}

/// The one that is given; that there is none, or more, is noted.
fn credential(reader: &mut Reader) -> Option<Credential> {
    let given: Vec<_> = CREDENTIALS.into_iter().filter(|key| reader.is_given(key)).collect();
    let which = "docs/operations.md says which to prefer";
    match given[..] {
        ["outlook.client_secret"] => reader.secret("outlook.client_secret").map(Credential::ClientSecret),
        ["outlook.certificate_file"] => {
            reader.text("outlook.certificate_file").map(PathBuf::from).map(Credential::CertificateFile)
        }
        ["outlook.federated_token_file"] => {
            reader.text("outlook.federated_token_file").map(PathBuf::from).map(Credential::FederatedTokenFile)
        }
        [] => {
            let [secret, certificate, token] = CREDENTIALS;
            let what = format!("mail through Outlook needs it, or {certificate}, or {token}");
            reader.problem(secret, what, format!("set one of the three: {which}"));
            None
        }
        [first, ..] => {
            let what = format!("the application signs in by one of {}, and all of them are set", given.join(" and "));
            reader.problem(first, what, format!("remove all but one: {which}"));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::tests::{only_problem, problems, read};
    use super::*;

    const REST: &str = "tenant_id = \"contoso.onmicrosoft.com\"\nclient_id = \"6731de76-14a6-49ae-97bc-6eba6914391e\"\n\
                        sender = \"books@contoso.com\"\nrecipients = [\"finance@contoso.com\"]\n";

    fn section(credentials: &str) -> String {
        format!("[outlook]\n{REST}{credentials}")
    }

    #[test]
    fn what_outlook_refuses_is_a_problem_of_its_key() {
        let text = section("client_secret = \"w\"");
        let wrong = text
            .replace("contoso.onmicrosoft.com", "common")
            .replace("books@", "bo/oks@")
            .replace("[\"finance@contoso.com\"]", "[\"nobody\"]");
        let expected =
            ["outlook.tenant_id", "outlook.sender", "outlook.recipients"].map(|key| format!("{key} (test.toml)"));
        assert_eq!(problems(&wrong, &[]), expected);
        let empty = text.replace("[\"finance@contoso.com\"]", "[]");
        let none = only_problem(&empty, &[]);
        assert!(none.starts_with("outlook.recipients (test.toml): must have at least one mail address"), "{none}");
    }

    #[test]
    fn the_application_signs_in_by_one_of_three() {
        let secret = read(&section("client_secret = \"w\""), &[]).unwrap().outlook.unwrap();
        assert!(matches!(secret.credential, Credential::ClientSecret(_)));

        let none = only_problem(&section(""), &[]);
        for part in ["outlook.client_secret (not set)", "outlook.certificate_file", "outlook.federated_token_file"] {
            assert!(none.contains(part), "no {part} in: {none}");
        }
        let secret_and_more = "client_secret = \"w\"\ncertificate_file = \"/run/c\"";
        let two = only_problem(&section(secret_and_more), &[]);
        let said = "outlook.client_secret and outlook.certificate_file, and all of them are set; remove all but one";
        assert!(two.contains(said), "{two}");
        let from_outside = [("CHARGEBOOK_OUTLOOK__FEDERATED_TOKEN_FILE", "/run/t")];
        let three = only_problem(&section(secret_and_more), &from_outside);
        assert!(three.contains("outlook.certificate_file and outlook.federated_token_file"), "{three}");
    }

    #[test]
    fn a_mail_is_html_unless_mime_is_asked_for() {
        for (line, format) in [
            ("", MailFormat::Html),
            ("\nformat = \"html\"", MailFormat::Html),
            ("\nformat = \"mime\"", MailFormat::Mime),
        ] {
            let settings = read(&section(&format!("client_secret = \"w\"{line}")), &[]).unwrap();
            assert_eq!(settings.outlook.unwrap().format, format, "{line}");
        }
        let wrong = only_problem(&section("client_secret = \"w\"\nformat = \"text\""), &[]);
        assert!(wrong.contains("outlook.format") && wrong.contains("write html or mime"), "{wrong}");
        let of_guid = section("client_secret = \"w\"\nformat = \"mime\"")
            .replace("books@contoso.com", "6731de76-14a6-49ae-97bc-6eba6914391e");
        let problem = only_problem(&of_guid, &[]);
        assert!(problem.starts_with("outlook.sender") && problem.contains("not a GUID"), "{problem}");
    }

    #[test]
    fn a_file_to_sign_in_with_is_not_read_for_the_settings() {
        let credential = |text: &str, given: &[_]| read(&section(text), given).unwrap().outlook.unwrap().credential;
        let certificate = credential("certificate_file = \"/nowhere/c.pem\"", &[]);
        assert!(matches!(certificate, Credential::CertificateFile(path) if path == Path::new("/nowhere/c.pem")));
        let token = credential("", &[("CHARGEBOOK_OUTLOOK__FEDERATED_TOKEN_FILE", "/nowhere/token")]);
        assert!(matches!(token, Credential::FederatedTokenFile(path) if path == Path::new("/nowhere/token")));
    }
}
