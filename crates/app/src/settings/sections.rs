//! What each setting means, and which can't be right.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use chargebook_domain::monitor::{Region, WARN_EVENTS_MIN, WARN_PERCENT};
use chargebook_domain::ports::Mails;
use chargebook_domain::service::{Missed, Schedule};
use chargebook_domain::{AccountId, Admission, BookRules, Convention, CustomerKey, LedgerAccount, ScoreWeights};
use chargebook_ledger_postgres::{AmountUnit, OrderSource};
use chargebook_source_stripe::{StripeApi, StripeDisputeSource};
use chrono::{NaiveDate, NaiveTime};
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use super::alerts::alerts;
use super::channels::{Channel, channels};
use super::keys::nearest_of;
use super::mails::{attach_journal, csv_separator, numbers};
use super::notifiers::{smtp, webhook};
use super::outlook::outlook;
use super::reader::Reader;
use super::shops::{gateways, shops};
use super::{MonitorSettings, Settings, StripeApiSettings};

/// As `database.url`: the private cluster, whatever `DATABASE_URL` says.
const PRIVATE: &str = "private";

/// What a parameter of `database.url` may be called; sqlx passes over others.
const DATABASE_PARAMETERS: [&str; 18] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "sslcert",
    "sslkey",
    "sslmode",
    "ssl-mode",
    "ssl-root-cert",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

/// The shortest token that opens `/api/v1`.
const API_TOKEN_BYTES_MIN: usize = 16;

/// The settings, where every problem is noted in `reader` and its place taken by a default.
pub(super) fn settings(reader: &mut Reader) -> Settings {
    let customer_key = customer_key(reader);
    let rules = BookRules { customer_key, ..rules(reader) };
    let (stripe_api, admission) = (stripe_api(reader), admission(reader));
    mode_of_key(reader, &stripe_api, &admission);
    let shops = shops(reader, &admission);
    let (outlook, smtp, webhook) = (outlook(reader), smtp(reader), webhook(reader));
    let channels = channels(reader, |channel| match channel {
        Channel::Outlook => outlook.is_some(),
        Channel::Smtp => smtp.is_some(),
        Channel::Webhook => webhook.is_some(),
        Channel::Folder => false,
    });
    Settings {
        database_url: database_url(reader),
        max_connections: reader
            .parse("database.max_connections", "write a whole number from 1 to 1000", |text| {
                text.parse().ok().filter(|number| (1..=1000).contains(number))
            })
            .unwrap_or(10),
        data_dir: reader.text("data_dir").map_or_else(|| PathBuf::from("./chargebook-data"), PathBuf::from),
        listen: reader
            .parse("http.listen", "write an IP address and a port, such as 127.0.0.1:8080", |text| text.parse().ok())
            .unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))),
        drain_for: reader
            .parse("http.drain_seconds", "write a whole number of seconds from 0 to 60", |text| {
                text.parse().ok().filter(|seconds| *seconds <= 60).map(Duration::from_secs)
            })
            .unwrap_or_default(),
        api_tokens: api_tokens(reader),
        webhook_secrets: webhook_secrets(reader),
        stripe_api,
        admission,
        gateways: gateways(reader),
        shops,
        orders: orders(reader),
        schedule: schedule(reader, rules),
        rules,
        customer_key,
        rules_file: reader.text("rules.file").map(PathBuf::from),
        score_weights: score_weights(reader),
        monitor: monitor(reader),
        outlook,
        channels,
        alerts: alerts(reader),
        numbers: numbers(reader),
        csv_separator: csv_separator(reader),
        attach_journal: attach_journal(reader),
        smtp,
        webhook,
        account_names: of_accounts(reader, "journal.accounts", "name"),
        account_codes: of_accounts(reader, "journal.codes", "code"),
        tax_rate: reader.text("journal.tax_rate").unwrap_or_else(|| "Tax Exempt".to_owned()),
    }
}

/// Which parameters of a database's address do nothing, such as a misspelt `sslmode`, counted from 1. Not by name: behind
/// an ampersand in a password, that is a part of it.
pub(super) fn idle_parameters(url: &SecretString) -> Vec<usize> {
    let Ok(url) = Url::parse(url.expose_secret()) else { return Vec::new() };
    let is_known = |name: &str| DATABASE_PARAMETERS.contains(&name) || name.starts_with("options[");
    (1..).zip(url.query_pairs()).filter(|(_, (name, _))| !is_known(name)).map(|(number, _)| number).collect()
}

fn database_url(reader: &mut Reader) -> Option<SecretString> {
    let url = reader.secret("database.url").filter(|url| url.expose_secret() != PRIVATE)?;
    let is_postgres = |url: Url| matches!(url.scheme(), "postgres" | "postgresql");
    if !Url::parse(url.expose_secret()).is_ok_and(is_postgres) {
        let remedy = "write postgres://user:password@host:port/database, with special characters percent-encoded, \
                      or private";
        reader.problem("database.url", "it is not the URL of a Postgres database", remedy);
    }
    Some(url)
}

fn api_tokens(reader: &mut Reader) -> Vec<SecretString> {
    let key = "http.api_tokens";
    let tokens = reader.secrets(key);
    for (index, token) in tokens.iter().enumerate() {
        if token.expose_secret().len() < API_TOKEN_BYTES_MIN {
            let number = index.saturating_add(1);
            let what = format!("entry {number} has fewer than {API_TOKEN_BYTES_MIN} bytes: it could be guessed");
            reader.problem(key, what, "write a random one, as `openssl rand -hex 32` makes");
        }
    }
    tokens
}

fn webhook_secrets(reader: &mut Reader) -> Vec<SecretString> {
    let key = "stripe.webhook_secrets";
    let secrets = reader.secrets(key);
    for (index, secret) in secrets.iter().enumerate() {
        if StripeDisputeSource::new(vec![secret.clone()]).is_err() {
            let what = format!("entry {} is not a signing secret: it must start with whsec_", index.saturating_add(1));
            reader.problem(key, what, "copy the signing secret of the endpoint from Stripe's dashboard");
        }
    }
    secrets
}

fn stripe_api(reader: &mut Reader) -> StripeApiSettings {
    let key = reader.secret("stripe.api_key");
    let base = address(reader, "stripe.api_base");
    let remedy = "write a whole number from 1 to 1000; Stripe allows 25, and more only where it has granted that";
    let requests_per_second = reader
        .parse("stripe.requests_per_second", remedy, |text| {
            text.parse().ok().filter(|number: &NonZeroU32| number.get() <= 1000)
        })
        .unwrap_or(StripeApi::REQUESTS_PER_SECOND);
    if let Some(Err(error)) = key.as_ref().map(|key| StripeApi::check_settings(key, None)) {
        reader.problem("stripe.api_key", error.to_string(), "copy it from Stripe's dashboard");
    }
    StripeApiSettings { key, base, requests_per_second }
}

/// A key of the other mode would bring the other mode's money into these books, where nothing is ever taken out again.
fn mode_of_key(reader: &mut Reader, api: &StripeApiSettings, admission: &Admission) {
    let Some(key) = &api.key else { return };
    let is_of = |mode: &str| key.expose_secret().split('_').nth(1) == Some(mode);
    let (theirs, ours) = if admission.livemode { ("test", "live") } else { ("live", "test") };
    if is_of(theirs) {
        let what = format!("it is a key of {theirs} mode, and these books are of {ours} mode (stripe.livemode)");
        reader.problem("stripe.api_key", what, format!("set a key of {ours} mode, or set stripe.livemode"));
    }
}

fn admission(reader: &mut Reader) -> Admission {
    let livemode = reader.parse("stripe.livemode", "write true or false", |text| text.parse().ok()).unwrap_or(true);
    let mut accounts = BTreeSet::new();
    for account in reader.list("stripe.accounts") {
        match AccountId::parse(&account) {
            Ok(account) if account.as_str().starts_with("acct_") => {
                accounts.insert(account);
            }
            Ok(_) | Err(_) => {
                let what = format!("`{account}` is not the id of an account");
                reader.problem("stripe.accounts", what, "write ids that start with acct_");
            }
        }
    }
    Admission { livemode, accounts }
}

fn orders(reader: &mut Reader) -> OrderSource {
    let is_view = reader
        .parse("orders.mode", "write table or view", |text| match text {
            "table" => Some(false),
            "view" => Some(true),
            _ => None,
        })
        .unwrap_or(false);
    let unit = reader
        .parse("orders.amount_unit", "write major, minor or x100", |text| match text {
            "major" => Some(AmountUnit::Major),
            "minor" => Some(AmountUnit::Minor),
            "x100" => Some(AmountUnit::X100),
            _ => None,
        })
        .unwrap_or(AmountUnit::Major);
    let remedy = "write the name of a view, with its schema or without, such as shop.chargebook_orders";
    let view = reader.parse("orders.view", remedy, |name| OrderSource::view(name, unit).ok());
    if is_view && !reader.is_given("orders.view") {
        reader.problem("orders.view", "orders.mode is view, and no view is named", remedy);
    }
    for key in ["orders.view", "orders.amount_unit"] {
        if !is_view && reader.is_given(key) {
            reader.problem(key, "it is for orders.mode view only", "set orders.mode to view, or remove it");
        }
    }
    view.unwrap_or(OrderSource::Table)
}

fn schedule(reader: &mut Reader, rules: BookRules) -> Schedule {
    let send_at = reader
        .parse("summary.send_at", "write a local time in quotes, such as \"07:00\"", |text| {
            NaiveTime::parse_from_str(text, "%H:%M").ok()
        })
        .or_else(|| NaiveTime::from_hms_opt(7, 0, 0))
        .unwrap_or_default();
    let books_start = reader.parse("books.start", "write a date, such as 2026-01-01", |text| {
        NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
    });
    let mails = reader.parse("summary.mails", "write together or apart", |text| match text {
        "together" => Some(Mails::Together),
        "apart" => Some(Mails::Apart),
        _ => None,
    });
    let missed = reader.parse("summary.missed", "write each or combined", |text| match text {
        "each" => Some(Missed::Each),
        "combined" => Some(Missed::Combined),
        _ => None,
    });
    let (mails, missed) = (mails.unwrap_or_default(), missed.unwrap_or_default());
    Schedule { zone: rules.time_zone, send_at, books_start, mails, missed }
}

fn rules(reader: &mut Reader) -> BookRules {
    let default = BookRules::default();
    BookRules {
        time_zone: reader
            .parse("summary.time_zone", "write an IANA name, such as Europe/Berlin", |text| text.parse().ok())
            .unwrap_or(default.time_zone),
        convention: reader
            .parse("books.convention", "write holding or contra", Convention::parse)
            .unwrap_or(default.convention),
        fx_tolerance_percent: reader
            .parse("books.fx_tolerance_percent", "write a whole number from 0 to 100", |text| {
                text.parse().ok().filter(|percent| *percent <= 100)
            })
            .unwrap_or(default.fx_tolerance_percent),
        customer_key: default.customer_key,
    }
}

/// The bytes of the text are the key, so that any HMAC-SHA-256 computes the same hashes.
fn customer_key(reader: &mut Reader) -> Option<CustomerKey> {
    let key = reader.secret("customers.key")?;
    let parsed = CustomerKey::new(key.expose_secret().as_bytes());
    if let Err(error) = parsed {
        let remedy = "write a random text of that length, such as `openssl rand -hex 32` prints, and keep it";
        reader.problem("customers.key", format!("it can't be used: {error}"), remedy);
    }
    parsed.ok()
}

fn score_weights(reader: &mut Reader) -> ScoreWeights {
    let mut weights = ScoreWeights::default();
    for (name, weight) in weights.by_name() {
        let remedy = "write a whole number from 0 to 1000; docs/scoring.md says what each weight does";
        let given = reader.parse(&format!("score.{name}"), remedy, |text| {
            text.parse().ok().filter(|weight| *weight <= ScoreWeights::MAX)
        });
        *weight = given.unwrap_or(*weight);
    }
    weights
}

fn monitor(reader: &mut Reader) -> MonitorSettings {
    let whole = |text: &str, from: u64, to: u64| text.parse().ok().filter(|number| (from..=to).contains(number));
    MonitorSettings {
        region: reader
            .parse("monitor.region", "write us, ca, eu, ap, lac or cemea: where your acquirer is", Region::parse)
            .unwrap_or(Region::UnitedStates),
        warn_percent: reader
            .parse("monitor.warn_percent", "write a whole number from 1 to 100", |text| whole(text, 1, 100))
            .unwrap_or(WARN_PERCENT),
        warn_events_min: reader
            .parse("monitor.warn_events", "write a whole number from 1 to 1000000", |text| whole(text, 1, 1_000_000))
            .unwrap_or(WARN_EVENTS_MIN),
        programmes_file: reader.text("monitor.programmes_file").map(PathBuf::from),
    }
}

/// An address that secrets are sent to. It may hold a password by mistake, so it is not shown.
pub(super) fn address(reader: &mut Reader, key: &str) -> Option<Url> {
    let text = reader.text(key)?;
    let url = Url::parse(&text).ok().filter(is_safe);
    if url.is_none() {
        let what = "it is not an address that secrets may be sent to";
        reader.problem(key, what, "write https://host/ and no user, query or fragment; http:// is for loopback only");
    }
    url
}

/// Whether secrets, and what is signed with them, may be sent to an address.
pub(crate) fn is_safe(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let secure = url.scheme() == "https" || (url.scheme() == "http" && loopback);
    let plain = url.username().is_empty() && url.password().is_none();
    secure && plain && url.query().is_none() && url.fragment().is_none()
}

/// What is set for accounts of the journal, each a `what`.
fn of_accounts(reader: &mut Reader, key: &str, what: &str) -> BTreeMap<LedgerAccount, String> {
    let mut names = BTreeMap::new();
    for (account, name) in reader.names(key) {
        match LedgerAccount::parse(&account) {
            Some(_) if name.trim().is_empty() => {
                let remedy = format!("write a {what}, or remove the account");
                reader.problem(key, format!("the {what} of {account} is empty"), remedy);
            }
            Some(account) => {
                names.insert(account, name);
            }
            None => {
                let meant = nearest_of(&account, LedgerAccount::ALL.into_iter().map(LedgerAccount::as_str));
                let accounts = LedgerAccount::ALL.map(LedgerAccount::as_str).join(", ");
                let one_of = format!("write one of {accounts}");
                let remedy = meant.map_or(one_of, |meant| format!("did you mean {meant}?"));
                reader.problem(key, format!("there is no account `{account}`"), remedy);
            }
        }
    }
    names
}
