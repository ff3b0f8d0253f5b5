//! What else writes books: the shops of WooCommerce, each in a section of its own, `woocommerce.<shop>`, and people.

use std::collections::{BTreeMap, BTreeSet};

use chargebook_domain::{AccountId, Admission};
use chargebook_source_woocommerce::{WooApi, WooApiSettingsError, WooSource};
use secrecy::SecretString;

use super::reader::Reader;

const SECTION: &str = "woocommerce.";

/// As long as a name in a path and in a book's id should be.
const NAME_BYTES_MAX: usize = 64;

/// A shop.
#[derive(Clone, Debug)]
pub struct ShopSettings {
    /// The book that it writes into.
    pub book: AccountId,
    /// What signs its webhooks: one at least.
    pub webhook_secrets: Vec<SecretString>,
    /// How it is asked, if it is.
    pub api: Option<ShopApiSettings>,
}

/// How a shop is asked.
#[derive(Clone, Debug)]
pub struct ShopApiSettings {
    /// Where it answers.
    pub url: String,
    /// The consumer key.
    pub key: SecretString,
    /// The consumer secret.
    pub secret: SecretString,
}

/// The shops, by name. Of one with a problem, only the problem is of use.
pub(super) fn shops(reader: &mut Reader, admission: &Admission) -> BTreeMap<String, ShopSettings> {
    let name_of = |key: &String| Some(key.strip_prefix(SECTION)?.split('.').next()?.to_owned());
    let names: BTreeSet<_> = reader.given.keys().filter_map(name_of).collect();
    names.into_iter().filter_map(|name| shop(reader, &name, admission).map(|shop| (name, shop))).collect()
}

fn shop(reader: &mut Reader, name: &str, admission: &Admission) -> Option<ShopSettings> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let own = AccountId::woo(name).ok().filter(|_| name.len() <= NAME_BYTES_MAX && name.bytes().all(is_plain));
    let Some(own) = own else {
        let what = format!("`{name}` can't be the name of a shop: it is in an address");
        let remedy = format!("write up to {NAME_BYTES_MAX} letters, digits, - and _");
        let of_shop = |key: &&String| key.strip_prefix(SECTION).is_some_and(|rest| rest.starts_with(name));
        let key = reader.given.keys().find(of_shop).cloned().unwrap_or_default();
        reader.problem(&key, what, remedy);
        return None;
    };
    let book = book(reader, name, &own, admission);
    let webhook_secrets = webhook_secrets(reader, name, &book);
    let api = api(reader, name, &book);
    Some(ShopSettings { book, webhook_secrets, api })
}

fn key(shop: &str, name: &str) -> String {
    format!("{SECTION}{shop}.{name}")
}

fn book(reader: &mut Reader, shop: &str, own: &AccountId, admission: &Admission) -> AccountId {
    let key = key(shop, "account");
    let remedy = format!("write default or the acct_... of a Stripe account whose webhooks come here too, or {own}");
    let parse = |text: &str| AccountId::parse(text).ok().filter(|book| book == own || book.is_at_stripe());
    let book = reader.parse(&key, &remedy, parse).unwrap_or_else(|| own.clone());
    let is_connected = book.is_at_stripe() && book != AccountId::own();
    if is_connected && !admission.accounts.is_empty() && !admission.accounts.contains(&book) {
        reader.problem(&key, format!("account {book} is not in stripe.accounts"), "add it there, or write another");
    }
    book
}

fn webhook_secrets(reader: &mut Reader, shop: &str, book: &AccountId) -> Vec<SecretString> {
    let key = key(shop, "webhook_secrets");
    let secrets = reader.secrets(&key);
    let remedy = "write the secret of the shop's webhooks in WooCommerce, such as `openssl rand -hex 32` makes";
    if secrets.is_empty() {
        reader.problem(&key, "there is none, and the shop's webhooks need one", remedy);
    }
    for (index, secret) in secrets.iter().enumerate() {
        if WooSource::new(book.clone(), vec![secret.clone()]).is_err() {
            let what = format!("entry {} is no secret: it has characters that can't be typed", index.saturating_add(1));
            reader.problem(&key, what, remedy);
        }
    }
    secrets
}

fn api(reader: &mut Reader, shop: &str, book: &AccountId) -> Option<ShopApiSettings> {
    let keys = ["url", "consumer_key", "consumer_secret"].map(|name| key(shop, name));
    if !keys.iter().any(|key| reader.is_given(key)) {
        return None;
    }
    for key in &keys {
        if !reader.is_given(key) {
            let remedy = "set it too, or remove the others: then the shop is not asked";
            reader.problem(key, "asking the shop needs it", remedy);
        }
    }
    let [url_key, key_key, secret_key] = &keys;
    let (url, key, secret) = (reader.text(url_key), reader.secret(key_key), reader.secret(secret_key));
    let (url, key, secret) = (url?, key?, secret?);
    if let Err(error) = WooApi::new(book.clone(), &url, &key, &secret) {
        let wrong = match error {
            WooApiSettingsError::Key => key_key,
            WooApiSettingsError::Secret => secret_key,
            WooApiSettingsError::Base | WooApiSettingsError::BaseInsecure | WooApiSettingsError::Client => url_key,
        };
        reader.problem(wrong, error.to_string(), "see docs/woocommerce.md on how to make a key");
    }
    Some(ShopApiSettings { url, key, secret })
}

/// The books of gateways without webhooks, whose disputes people enter.
pub(super) fn gateways(reader: &mut Reader) -> BTreeSet<AccountId> {
    let mut books = BTreeSet::new();
    for gateway in reader.list("manual.gateways") {
        match AccountId::manual(&gateway) {
            Ok(book) => {
                books.insert(book);
            }
            Err(error) => {
                let what = format!("`{gateway}` is not the name of a gateway: {error}");
                reader.problem("manual.gateways", what, "write names such as paypal");
            }
        }
    }
    books
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use secrecy::ExposeSecret;

    use super::super::{FileText, Problem, Settings};
    use super::*;

    fn read(text: &str, environment: &[(&str, &str)]) -> Result<Settings, Vec<Problem>> {
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let read_file = |_: &Path| Ok("one secret, of the shop\nanother\n".to_owned());
        Settings::read(Some(FileText { path: "test.toml", text }), &environment, &read_file)
    }

    fn secrets(shop: &ShopSettings) -> Vec<&str> {
        shop.webhook_secrets.iter().map(ExposeSecret::expose_secret).collect()
    }

    #[test]
    fn a_shop_is_a_section() {
        let text = r#"
            [woocommerce.My-Shop_1]
            account = "default"
            webhook_secrets = ["a secret, with a comma", "b"]
            url = "https://shop.example/blog"
            consumer_key = "ck_1"
            consumer_secret = "cs_1"
            [woocommerce.other]
            webhook_secrets = ["c"]
        "#;
        let environment = [("CHARGEBOOK_WOOCOMMERCE__THIRD__WEBHOOK_SECRETS_FILE", "/run/secrets")];
        let settings = read(text, &environment).unwrap();
        let [first, other, third] = ["My-Shop_1", "other", "third"].map(|name| &settings.shops[name]);
        assert_eq!((&first.book, secrets(first)), (&AccountId::own(), vec!["a secret, with a comma", "b"]));
        assert_eq!(first.api.as_ref().unwrap().url, "https://shop.example/blog");
        assert!(other.book == AccountId::woo("other").unwrap() && other.api.is_none());
        assert_eq!(secrets(third), ["one secret, of the shop", "another"]);
    }

    #[test]
    fn every_problem_of_a_shop_is_told_and_no_secret_shown() {
        let text = r#"
            [stripe]
            accounts = ["acct_1"]
            [woocommerce."a shop"]
            url = "https://shop.example"
            [woocommerce.a]
            account = "woo:b"
            webhook_secrets = ["", "hunter2"]
            url = "http://user:hunter2@shop.example"
            consumer_key = "ck_hunter2"
            consumer_secret = "cs_hunter2"
            [woocommerce.b]
            account = "acct_2"
            url = "https://shop.example"
            consumer_key = "hunter2"
            secret = "hunter2"
        "#;
        let problems = read(text, &[]).unwrap_err();
        let keys: BTreeSet<_> = problems.iter().map(|problem| problem.key.as_str()).collect();
        let expected = [
            "woocommerce.a shop.url",
            "woocommerce.a.account",
            "woocommerce.a.url",
            "woocommerce.b.account",
            "woocommerce.b.consumer_secret",
            "woocommerce.b.secret",
            "woocommerce.b.webhook_secrets",
        ];
        assert_eq!(keys, BTreeSet::from(expected), "{problems:?}");
        assert!(problems.iter().all(|problem| !problem.to_string().contains("hunter2")), "{problems:?}");
    }

    #[test]
    fn a_key_that_was_meant_is_told_with_the_shop_in_it() {
        for (written, meant) in [
            ("[woocommerce.a]\nwebhook_secret = \"x\"", "did you mean woocommerce.a.webhook_secrets?"),
            ("[woocommerce]\nurl = \"x\"", "did you mean woocommerce.<shop>.url?"),
        ] {
            let problems = read(written, &[]).unwrap_err();
            assert!(problems.iter().any(|problem| problem.remedy == meant), "{problems:?}");
        }
    }
}
