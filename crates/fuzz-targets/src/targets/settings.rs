//! The settings: a TOML file and, below the line `# environment`, variables, a line each.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use chargebook::settings::{FileText, Problem, Settings};
use toml::{Table, Value};

use crate::corpus;

pub(crate) const WORDS: &[&str] = &[
    "# environment\n",
    "CHARGEBOOK_",
    "__",
    "_FILE",
    "=",
    "[",
    "]",
    "\"",
    "'''",
    "\n",
    ".",
    "stripe",
    "webhook_secrets",
    "api_key",
    "api_base",
    "livemode",
    "accounts",
    "woocommerce",
    "consumer_key",
    "consumer_secret",
    "account",
    "url",
    "database",
    "max_connections",
    "http",
    "api_tokens",
    "listen",
    "orders",
    "view",
    "amount_unit",
    "x100",
    "summary",
    "time_zone",
    "Europe/Berlin",
    "send_at",
    "07:00",
    "books",
    "start",
    "2026-01-01",
    "fx_tolerance_percent",
    "customers",
    "key",
    "monitor",
    "warn_percent",
    "outlook",
    "client_secret",
    "recipients",
    "journal",
    "accounts",
    "whsec_",
    "sk_live_",
    "rk_test_",
    "true",
    "1e400",
    "nan",
    "0x7fffffffffffffff",
    "there",
    "missing",
    "acct_1",
    "woo:shop",
    "http://[::1]:1",
    "https://user:password@host/",
];

const ENVIRONMENT: &str = "# environment\n";

/// Stands in every secret, and must be in no problem.
const PLANTED: &str = "hunter2";

/// The last parts of the names of secrets. `url` is one in `database` only.
const SECRETS: [&str; 8] = [
    "api_key",
    "api_tokens",
    "client_secret",
    "consumer_key",
    "consumer_secret",
    "customers.key",
    "database.url",
    "webhook_secrets",
];

/// Good settings, or problems of which none shows a secret.
pub(crate) fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (file, environment) = text.split_once(ENVIRONMENT).unwrap_or((text, ""));
    let pairs = environment.lines().filter_map(|line| line.split_once('='));
    let environment: BTreeMap<_, _> = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let problems = read(file, &environment);
    let Ok(table) = file.parse::<Table>() else {
        let of_file = problems.iter().filter(|problem| problem.key == "--config");
        of_file.for_each(check_no_secret);
        return;
    };
    let planted = plant("", table, &|name| is_secret(name)).to_string();
    let environment = environment.into_iter().map(|(name, value)| {
        let key = name.strip_prefix("CHARGEBOOK_").unwrap_or_default().to_lowercase().replace("__", ".");
        let holds = is_secret(&key) || name == "DATABASE_URL";
        (name.replace(PLANTED, ""), if holds { value + PLANTED } else { value.replace(PLANTED, "") })
    });
    read(&planted, &environment.collect()).iter().for_each(check_no_secret);
}

fn read(file: &str, environment: &BTreeMap<String, String>) -> Vec<Problem> {
    let open = |path: &Path| match path.to_str() {
        Some("there") => Ok("whsec_hunter2\nsk_live_hunter2, hunter2\n".to_owned()),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    };
    match Settings::read(Some(FileText { path: "settings.toml", text: file }), environment, &open) {
        Ok(settings) => {
            assert!((1..=1000).contains(&settings.max_connections) && settings.rules.fx_tolerance_percent <= 100);
            assert!(!format!("{settings:?}").contains(PLANTED) || !file.is_empty() || !environment.is_empty());
            Vec::new()
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            problems
        }
    }
}

fn check_no_secret(problem: &Problem) {
    assert!(!problem.to_string().contains(PLANTED), "{problem}");
}

fn is_secret(name: &str) -> bool {
    SECRETS.iter().any(|secret| name == *secret || name.ends_with(&format!(".{secret}")))
}

/// The table with [`PLANTED`] in every text that is a secret, and nowhere else.
pub(super) fn plant(prefix: &str, table: Table, is_secret: &impl Fn(&str) -> bool) -> Table {
    let planted = table.into_iter().map(|(name, value)| {
        let name = name.replace(PLANTED, "");
        let whole = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        let value = plant_value(&whole, value, is_secret);
        (name, value)
    });
    planted.collect()
}

fn plant_value(name: &str, value: Value, is_secret: &impl Fn(&str) -> bool) -> Value {
    match value {
        Value::String(text) if is_secret(name) => Value::String(text + PLANTED),
        Value::String(text) => Value::String(text.replace(PLANTED, "")),
        Value::Array(values) => {
            Value::Array(values.into_iter().map(|value| plant_value(name, value, is_secret)).collect())
        }
        Value::Table(table) => Value::Table(plant(name, table, is_secret)),
        other => other,
    }
}

pub(crate) fn corpus() -> Vec<Vec<u8>> {
    let manual = corpus::file("README.md");
    let complete = manual.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let in_place = r#"
[stripe]
webhook_secrets = ["whsec_hunter2", "whsec_hunter2b"]
api_key = "rk_live_hunter2"
[customers]
key = "hunter2-hunter2-hunter2"
[http]
api_tokens = ["hunter2-hunter2-hunter2"]
[woocommerce.shop]
account = "default"
webhook_secrets = ["a hunter2, of the shop"]
url = "https://shop.example/blog"
consumer_key = "ck_hunter2"
consumer_secret = "cs_hunter2"
[monitor]
region = "eu"
warn_percent = 50
"#;
    let database = "[database]\nurl = \"postgres://user:hunter2@db.example/books\"\n";
    let environment = "CHARGEBOOK_STRIPE__WEBHOOK_SECRETS=whsec_hunter2,whsec_b\nCHARGEBOOK_STRIPE__API_KEY_FILE=there\n\
        DATABASE_URL=postgres://user:hunter2@db.example/books\nCHARGEBOOK_SUMMARY__TIME_ZONE=Europe/Berlin\n\
        CHARGEBOOK_WOOCOMMERCE__SHOP__WEBHOOK_SECRETS=hunter2\n";
    let complete_with_variables = format!("{complete}{ENVIRONMENT}{environment}");
    let texts = [
        complete.replace("/run/secrets/", "there"),
        in_place.to_owned(),
        format!("{database}{in_place}"),
        complete_with_variables,
    ];
    texts.map(String::into_bytes).to_vec()
}
