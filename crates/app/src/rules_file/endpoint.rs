//! The endpoints that messages are posted to.

use std::collections::BTreeMap;
use std::path::Path;

use chargebook_domain::rules::EndpointName;
use chargebook_notifier_webhook::WebhookEndpoint;
use secrecy::SecretString;
use toml::Value;
use url::Url;

use super::section::{Notes, Section};
use crate::settings::{ReadFile, is_safe};

/// The shortest secret that is accepted, in bytes: half the length of a signature.
const SECRET_BYTES_MIN: usize = 16;

/// The endpoints by their names. One with a problem is `None`, so that a rule may name it without a second one.
pub(super) fn endpoints(
    top: &mut Section,
    folder: &Path,
    read_file: &ReadFile<'_>,
    notes: &mut Notes,
) -> BTreeMap<EndpointName, Option<WebhookEndpoint>> {
    let mut endpoints = BTreeMap::new();
    let remedy = "write [endpoint.name], and its url and secret below";
    let tables = match top.table.remove("endpoint") {
        Some(Value::Table(tables)) => tables,
        Some(_) => {
            notes.note(&top.place, "`endpoint` is not a table of endpoints", remedy);
            return endpoints;
        }
        None => return endpoints,
    };
    for (name, value) in tables {
        let place = format!("endpoint {name}");
        match (EndpointName::parse(&name), value) {
            (Ok(name), Value::Table(table)) => {
                endpoints.insert(name, endpoint(Section { place, table }, folder, read_file, notes));
            }
            (Ok(name), _) => {
                notes.note(&place, "it is not an endpoint", remedy);
                endpoints.insert(name, None);
            }
            (Err(error), _) => notes.note(&place, "its name can't be used", error.to_string()),
        }
    }
    endpoints
}

fn endpoint(
    mut section: Section,
    folder: &Path,
    read_file: &ReadFile<'_>,
    notes: &mut Notes,
) -> Option<WebhookEndpoint> {
    let remedy = "write https://host/path and no user, query or fragment; http:// is for loopback only";
    let url = section.need("url", |text| Url::parse(text).ok().filter(is_safe).ok_or(remedy), notes);
    let secret = secret(&mut section, folder, read_file, notes);
    section.finish(&["url", "secret", "secret_file"], notes);
    Some(WebhookEndpoint { url: url?, secret: secret? })
}

fn secret(section: &mut Section, folder: &Path, read_file: &ReadFile<'_>, notes: &mut Notes) -> Option<SecretString> {
    let given = ["secret", "secret_file"].map(|key| section.table.contains_key(key));
    let (written, named) = (section.text("secret", notes), section.text("secret_file", notes));
    let place = &section.place;
    let secret = match (given, named) {
        ([true, true], _) => {
            notes.note(place, "its secret is given twice", "keep one: the secret, or the file that holds it");
            return None;
        }
        ([false, false], _) => {
            let remedy =
                "make one with `openssl rand -hex 32`, and write it as secret, or into the file of secret_file";
            notes.note(place, "it has no secret", remedy);
            return None;
        }
        (_, Some(file)) => match read_file(&folder.join(&file)) {
            Ok(text) => text,
            Err(error) => {
                let what = format!("`secret_file` names {file}, which can't be read: {error}");
                notes.note(place, what, "name a file that is there and may be read");
                return None;
            }
        },
        (_, None) => written?,
    };
    let secret = secret.trim();
    if secret.len() < SECRET_BYTES_MIN {
        let what = format!("its secret is shorter than {SECRET_BYTES_MIN} characters");
        notes.note(place, what, "make one with `openssl rand -hex 32`");
        return None;
    }
    Some(SecretString::from(secret))
}
