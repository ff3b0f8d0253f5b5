use chargebook_domain::ports::Mails;
use chargebook_domain::service::Missed;
use chargebook_domain::{AccountId, Convention};
use chargebook_ledger_postgres::AmountUnit;
use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Tz;
use secrecy::ExposeSecret;

use super::*;

pub(super) fn read(text: &str, environment: &[(&str, &str)]) -> Result<Settings, Vec<Problem>> {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let read_file = |path: &Path| match path.to_str() {
        Some("/run/one") => Ok("whsec_from_file\n".to_owned()),
        Some("/run/tokens") => Ok("a-token-of-the-tests\nanother-of-the-tests\n".to_owned()),
        Some("/run/two") => Ok("whsec_a\n\n  whsec_b \n".to_owned()),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    };
    Settings::read(Some(FileText { path: "test.toml", text }), &environment, &read_file)
}

/// The keys of the problems, with where their values came from.
pub(super) fn problems(text: &str, environment: &[(&str, &str)]) -> Vec<String> {
    let problems = read(text, environment).err().unwrap_or_default();
    problems.iter().map(|problem| format!("{} ({})", problem.key, problem.origin)).collect()
}

pub(super) fn only_problem(text: &str, environment: &[(&str, &str)]) -> String {
    let problems = read(text, environment).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems[0].to_string()
}

fn secrets(settings: &Settings) -> Vec<&str> {
    settings.webhook_secrets.iter().map(ExposeSecret::expose_secret).collect()
}

#[test]
fn without_anything_the_defaults_hold() {
    let settings = read("", &[]).unwrap();
    assert!(settings.database_url.is_none() && settings.outlook.is_none() && settings.webhook_secrets.is_empty());
    assert_eq!(settings.max_connections, 10);
    assert_eq!(settings.data_dir, Path::new("./chargebook-data"));
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
    assert!(settings.admission.livemode && settings.admission.accounts.is_empty());
    assert!(settings.stripe_api.key.is_none() && settings.stripe_api.requests_per_second.get() == 20);
    assert_eq!(settings.orders, OrderSource::Table);
    assert_eq!(settings.rules, BookRules::default());
    let seven = NaiveTime::from_hms_opt(7, 0, 0).unwrap();
    assert_eq!(
        settings.schedule,
        Schedule { zone: Tz::UTC, send_at: seven, books_start: None, mails: Mails::Together, missed: Missed::Each }
    );
    assert!(settings.account_names.is_empty());
    let monitor =
        MonitorSettings { region: Region::UnitedStates, warn_percent: 70, warn_events_min: 5, programmes_file: None };
    assert_eq!(settings.monitor, monitor);
}

#[test]
fn a_file_can_set_everything() {
    let settings = read(
        r#"
        data_dir = "/var/lib/chargebook"
        [database]
        url = "postgres://user:word@db.example/books?sslmode=require"
        max_connections = 20
        [http]
        listen = "[::1]:0"
        drain_seconds = 20
        [stripe]
        webhook_secrets = ["whsec_new", "whsec_old"]
        api_key = "rk_test_abc"
        api_base = "http://127.0.0.1:12111"
        requests_per_second = 80
        livemode = false
        accounts = ["acct_1", "acct_2"]
        [orders]
        mode = "view"
        view = "shop.orders_for_chargebook"
        amount_unit = "x100"
        [summary]
        time_zone = "Europe/Berlin"
        mails = "apart"
        send_at = "06:30"
        [books]
        start = 2026-01-01
        convention = "contra"
        fx_tolerance_percent = 5
        [monitor]
        region = "cemea"
        warn_percent = 50
        warn_events = 20
        programmes_file = "/etc/chargebook/programmes.txt"
        [outlook]
        tenant_id = "contoso.onmicrosoft.com"
        client_id = "6731de76-14a6-49ae-97bc-6eba6914391e"
        client_secret = "word"
        sender = "chargebook@contoso.com"
        recipients = ["finance@contoso.com"]
        [journal]
        accounts = { "assets:stripe-balance" = "1050 Stripe" }
        codes = { "assets:stripe-balance" = "105", "expenses:dispute-fees" = "604" }
        tax_rate = "No VAT"
        "#,
        &[],
    )
    .unwrap();
    assert_eq!(settings.max_connections, 20);
    assert_eq!(settings.drain_for.as_secs(), 20);
    assert_eq!(secrets(&settings), ["whsec_new", "whsec_old"]);
    assert!(!settings.admission.livemode);
    assert_eq!(settings.admission.accounts.len(), 2);
    assert_eq!(settings.books(), ["default", "acct_1", "acct_2"].map(|id| AccountId::parse(id).unwrap()));
    assert_eq!(settings.stripe_api.requests_per_second.get(), 80);
    assert_eq!(settings.orders, OrderSource::view("shop.orders_for_chargebook", AmountUnit::X100).unwrap());
    assert_eq!(settings.schedule.zone, Tz::Europe__Berlin);
    assert_eq!(settings.schedule.mails, Mails::Apart);
    assert_eq!(settings.schedule.books_start, NaiveDate::from_ymd_opt(2026, 1, 1));
    assert_eq!(settings.rules.convention, Convention::Contra);
    assert_eq!(settings.rules.fx_tolerance_percent, 5);
    assert_eq!(settings.rules.time_zone, Tz::Europe__Berlin);
    let monitor = &settings.monitor;
    assert_eq!((monitor.region, monitor.warn_percent, monitor.warn_events_min), (Region::Cemea, 50, 20));
    assert_eq!(monitor.programmes_file.as_deref(), Some(Path::new("/etc/chargebook/programmes.txt")));
    assert_eq!(settings.outlook.unwrap().authority.as_str(), "https://login.microsoftonline.com/");
    assert_eq!(settings.account_names[&LedgerAccount::StripeBalance], "1050 Stripe");
    assert_eq!(
        (settings.account_codes[&LedgerAccount::DisputeFees].as_str(), settings.tax_rate.as_str()),
        ("604", "No VAT")
    );
}

#[test]
fn the_environment_goes_before_the_file() {
    let file = "data_dir = \"a\"\n[stripe]\nwebhook_secrets = [\"whsec_file\"]\n[journal.accounts]\n\
                \"expenses:dispute-fees\" = \"6030\"";
    let settings = read(
        file,
        &[
            ("CHARGEBOOK_DATA_DIR", "b"),
            ("CHARGEBOOK_STRIPE__WEBHOOK_SECRETS", "whsec_1, whsec_2"),
            ("CHARGEBOOK_JOURNAL__ACCOUNTS", "expenses:dispute-fees=6040 Fees, assets:stripe-balance=1050"),
            ("CHARGEBOOK_HTTP__LISTEN", ""),
            ("PATH", "/bin"),
        ],
    )
    .unwrap();
    assert_eq!(settings.data_dir, Path::new("b"));
    assert_eq!(secrets(&settings), ["whsec_1", "whsec_2"]);
    assert_eq!(settings.account_names[&LedgerAccount::DisputeFees], "6040 Fees");
    assert_eq!(settings.account_names[&LedgerAccount::StripeBalance], "1050");
    assert_eq!(settings.listen.port(), 8080);
}

#[test]
fn database_url_is_the_last_resort() {
    let last = ("DATABASE_URL", "postgres://last/resort");
    let url = |text, environment: &[_]| read(text, environment).unwrap().database_url.unwrap();
    assert_eq!(url("", &[last]).expose_secret(), "postgres://last/resort");
    let file = "[database]\nurl = \"postgres://the/file\"";
    assert_eq!(url(file, &[last]).expose_secret(), "postgres://the/file");
    let private = "[database]\nurl = \"private\"";
    assert!(read(private, &[last]).unwrap().database_url.is_none(), "whoever writes it wants no other database");
    let own = ("CHARGEBOOK_DATABASE__URL", "postgres://the/environment");
    assert_eq!(url(private, &[last, own]).expose_secret(), "postgres://the/environment");
    assert_eq!(problems("", &[("DATABASE_URL", "mysql://a/b")]), ["database.url (environment variable DATABASE_URL)"]);
}

#[test]
fn a_key_is_of_the_mode_of_the_books() {
    for (key, livemode, is_right) in [
        ("rk_live_1", true, true),
        ("sk_test_1", false, true),
        ("rk_test_1", true, false),
        ("sk_live_1", false, false),
        ("rk_restricted", true, true),
    ] {
        let text = format!("[stripe]\napi_key = \"{key}\"\nlivemode = {livemode}");
        let expected = if is_right { vec![] } else { vec!["stripe.api_key (test.toml)".to_owned()] };
        assert_eq!(problems(&text, &[]), expected, "{key} {livemode}");
    }
}

#[test]
fn a_secret_can_stand_in_a_file() {
    let one = read("[stripe]\nwebhook_secrets_file = \"/run/one\"", &[]).unwrap();
    assert_eq!(secrets(&one), ["whsec_from_file"]);
    let two = [("CHARGEBOOK_STRIPE__WEBHOOK_SECRETS_FILE", "/run/two")];
    let file = "[stripe]\nwebhook_secrets = [\"whsec_x\"]";
    assert_eq!(secrets(&read(file, &two).unwrap()), ["whsec_a", "whsec_b"]);
    let missing = only_problem("[database]\nurl_file = \"/run/none\"", &[]);
    assert!(missing.contains("database.url_file (test.toml): /run/none can't be read"), "{missing}");
    let both = "[stripe]\napi_key = \"sk_live_1\"\napi_key_file = \"/run/one\"";
    assert!(only_problem(both, &[]).contains("given twice"));
    assert!(only_problem("[http]\nlisten_file = \"/run/one\"", &[]).contains("no such setting"));
}

/// A file in which nothing can be right.
const ALL_WRONG: &str = include_str!("all_wrong.toml");

#[test]
fn every_problem_is_told_at_once() {
    let mut found = problems(ALL_WRONG, &[("CHARGEBOOK_HTTP__PORT", "80")]);
    found.sort_unstable();
    let mut expected = vec![
        "http.port (environment variable CHARGEBOOK_HTTP__PORT)",
        "orders.view (not set)",
        "outlook.client_id (not set)",
        "outlook.client_secret (not set)",
        "outlook.recipients (not set)",
        "outlook.tenant_id (not set)",
        "smtp.from (not set)",
        "smtp.host (not set)",
        "smtp.recipients (not set)",
        "webhook.url (not set)",
    ];
    let in_file = [
        "books.convention",
        "books.fx_tolerance_percent",
        "alerts.orphan_days",
        "alerts.quarantined",
        "books.start",
        "data_dir",
        "database.max_connections",
        "database.url",
        "http.drain_seconds",
        "http.listen",
        "journal.accounts",
        "monitor.region",
        "monitor.warn_events",
        "monitor.warn_percent",
        "orders.amount_unit",
        "outlook.format",
        "outlook.graph_base",
        "smtp.port",
        "smtp.security",
        "stripe.accounts",
        "stripe.api_base",
        "stripe.api_key",
        "stripe.colour",
        "stripe.livemode",
        "stripe.requests_per_second",
        "stripe.webhook_secrets",
        "summary.attach_journal",
        "summary.channels",
        "summary.channels",
        "summary.csv_separator",
        "summary.locale",
        "summary.mails",
        "summary.missed",
        "summary.send_at",
        "summary.time_zone",
        "webhook.format",
    ]
    .map(|key| format!("{key} (test.toml)"));
    expected.extend(in_file.iter().map(String::as_str));
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn an_unknown_key_comes_with_the_one_that_was_meant() {
    for (text, environment, hint) in [
        ("[stripe]\nwebhook_secret = \"x\"", None, "did you mean stripe.webhook_secrets?"),
        ("livemode = true", None, "did you mean stripe.livemode?"),
        ("[datbase]\nurl = \"x\"", None, "did you mean database.url?"),
        ("[sripe.deep]\nanything = 1", None, "docs/operations.md"),
        ("", Some("CHARGEBOOK_STRIPE_API_KEY"), "did you mean CHARGEBOOK_STRIPE__API_KEY?"),
        ("", Some("CHARGEBOOK_SOMETHING_ELSE"), "docs/operations.md"),
    ] {
        let environment: Vec<_> = environment.map(|name| (name, "x")).into_iter().collect();
        let problem = only_problem(text, &environment);
        assert!(problem.contains("no such setting") && problem.contains(hint), "{problem}");
    }
    let account = only_problem("[journal.accounts]\n\"assets:stripe-balanse\" = \"x\"", &[]);
    assert!(account.contains("did you mean assets:stripe-balance?"), "{account}");
    let code = only_problem("[journal.codes]\n\"expenses:dispute-fee\" = \"604\"", &[]);
    assert!(code.contains("journal.codes") && code.contains("did you mean expenses:dispute-fees?"), "{code}");
}

#[test]
fn variables_of_kubernetes_about_a_service_called_chargebook_are_not_settings() {
    let names = [
        "SERVICE_HOST",
        "SERVICE_PORT",
        "SERVICE_PORT_HTTP",
        "PORT",
        "PORT_8080_TCP",
        "PORT_8080_TCP_ADDR",
        "DB_SERVICE_HOST",
        "DB_PORT",
        "DB_PORT_5432_TCP_PROTO",
    ]
    .map(|name| format!("CHARGEBOOK_{name}"));
    let environment: Vec<_> = names.iter().map(|name| (name.as_str(), "tcp://10.0.0.1:8080")).collect();
    assert_eq!(problems("", &environment), [""; 0]);
}

#[test]
fn a_token_that_could_be_guessed_is_refused_and_not_shown() {
    let problem = only_problem("[http]\napi_tokens = [\"0123456789abcdef\", \"hunter2\"]", &[]);
    assert!(problem.starts_with("http.api_tokens (test.toml): entry 2 has fewer than 16 bytes"), "{problem}");
    assert!(!problem.contains("hunter2"), "{problem}");
    let settings = read("[http]\napi_tokens_file = \"/run/tokens\"", &[]).unwrap();
    let tokens: Vec<_> = settings.api_tokens.iter().map(ExposeSecret::expose_secret).collect();
    assert_eq!(tokens, ["a-token-of-the-tests", "another-of-the-tests"]);
    assert!(!format!("{settings:?}").contains("of-the-tests"));
    assert!(read("", &[]).unwrap().api_tokens.is_empty());
}

#[test]
fn a_view_must_be_asked_for_and_named() {
    assert!(only_problem("[orders]\nmode = \"view\"", &[]).contains("no view is named"));
    assert!(only_problem("[orders]\nview = \"shop.orders\"", &[]).contains("for orders.mode view only"));
    let injected = "[orders]\nmode = \"view\"\nview = \"orders; DROP TABLE x\"";
    assert!(only_problem(injected, &[]).starts_with("orders.view"));
}

#[test]
fn secrets_go_to_safe_addresses_only() {
    for (base, good) in [
        ("https://api.stripe.com", true),
        ("http://localhost:1", true),
        ("http://[::1]:1", true),
        ("http://127.0.0.1", true),
        ("http://localhost.example.com", false),
        ("http://10.0.0.1", false),
        ("https://user:word@api.stripe.com", false),
        ("https://api.stripe.com/?x", false),
        ("ftp://localhost", false),
        ("api.stripe.com", false),
    ] {
        for key in ["stripe.api_base", "outlook.authority", "outlook.graph_base"] {
            let name = format!("CHARGEBOOK_{}", key.replace('.', "__").to_uppercase());
            let is_refused = problems("", &[(&name, base)]).iter().any(|problem| problem.starts_with(key));
            assert_eq!(is_refused, !good, "{key} {base}");
        }
    }
}

#[test]
fn no_secret_is_ever_shown() {
    let text = r#"
        [database]
        url = "hunter2-database"
        [stripe]
        webhook_secrets = ["hunter2-hook"]
        api_key = "hunter2-key"
        api_base = "https://user:hunter2-base@example.com"
    "#;
    for problem in read(text, &[]).unwrap_err() {
        assert!(!problem.to_string().contains("hunter2"), "{problem}");
    }
    for broken in ["[stripe]\napi_key = \"hunter2", "[stripe]\napi_key = hunter2", "[stripe]\napi_key \"hunter2\""] {
        let problem = only_problem(broken, &[]);
        assert!(problem.contains("line 2 is not TOML") && !problem.contains("hunter2"), "{problem}");
    }
    let settings = read(
        "[database]\nurl = \"postgres://u:hunter2@h/d\"\n[stripe]\nwebhook_secrets = [\"whsec_hunter2\"]",
        &[("CHARGEBOOK_STRIPE__API_KEY", "sk_live_hunter2")],
    );
    assert!(!format!("{:?}", settings.unwrap()).contains("hunter2"));
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let problems = Settings::load(Some(Path::new("/nowhere/chargebook.toml"))).unwrap_err();
    assert!(problems[0].to_string().starts_with("--config (/nowhere/chargebook.toml): it can't be read"));
}

#[test]
fn parameters_of_the_database_that_do_nothing_are_counted_and_not_named() {
    for (parameters, idle) in [
        ("", vec![]),
        ("?sslmode=verify-full&options[search_path]=x", vec![]),
        ("?sslmod=verify-full", vec![1]),
        ("?sslmode=require&channel_binding=require&password=a&b", vec![2, 4]),
    ] {
        let url = format!("postgres://chargebook@db.example/books{parameters}");
        let settings = Settings { database_url: Some(url.into()), ..read("", &[]).unwrap() };
        assert_eq!(settings.idle_database_parameters(), idle, "{parameters}");
    }
}

#[test]
fn a_key_of_customers_is_the_bytes_of_its_text_and_is_not_shown() {
    let settings = read("[customers]\nkey = \" 0123456789abcdef\"", &[]).unwrap();
    assert_eq!(settings.customer_key, CustomerKey::new(b"0123456789abcdef").ok());
    assert_eq!(settings.rules.customer_key, settings.customer_key);
    assert!(!format!("{settings:?}").contains("89abcdef"));
    assert!(only_problem("[customers]\nkey_file = \"/run/one\"", &[]).contains("16 to 64 bytes"));
    for guessable in ["hunter2", &"x".repeat(65)] {
        let problem = only_problem("", &[("CHARGEBOOK_CUSTOMERS__KEY", guessable)]);
        assert!(problem.starts_with("customers.key (environment variable CHARGEBOOK_CUSTOMERS__KEY)"), "{problem}");
        assert!(problem.contains("openssl rand") && !problem.contains(guessable), "{problem}");
    }
}
