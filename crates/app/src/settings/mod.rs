//! What the operator decides: a TOML file, overridden by the environment.
//!
//! No layering library is used: figment, the usual one, has had no release since 2024, and stops at the first problem.

mod alerts;
mod channels;
mod given;
mod keys;
mod mails;
mod notifiers;
mod outlook;
mod problem;
mod reader;
mod sections;
mod shops;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs, io};

use chargebook_domain::alerts::AlertRules;
use chargebook_domain::monitor::Region;
use chargebook_domain::service::Schedule;
use chargebook_domain::{AccountId, Admission, BookRules, CustomerKey, LedgerAccount, ScoreWeights};
use chargebook_ledger_postgres::OrderSource;
use chargebook_notifier_outlook::OutlookSettings;
use chargebook_notifier_smtp::SmtpSettings;
use chargebook_notifier_webhook::WebhookSettings;
use secrecy::SecretString;
use url::Url;

pub use channels::Channel;
pub(crate) use given::not_toml;
pub(crate) use keys::nearest_of;
pub use problem::{Origin, Problem};
pub(crate) use sections::is_safe;
pub use shops::{ShopApiSettings, ShopSettings};

use given::Sources;

use crate::deliveries::{STRIPE, of_shop};
use crate::mail::{CsvSeparator, NumberFormat};

/// The file that is read when none is named.
const DEFAULT_FILE: &str = "chargebook.toml";

/// Every setting, checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The user's own database; `None` for the private cluster in `data_dir`.
    pub database_url: Option<SecretString>,
    /// How many connections to it one process opens.
    pub max_connections: u32,
    /// The private cluster and the mail folder.
    pub data_dir: PathBuf,
    /// Where the server listens.
    pub listen: SocketAddr,
    /// How long it goes on serving after it was told to stop, saying that it is not ready.
    pub drain_for: Duration,
    /// What opens `/api/v1`; empty when not set.
    pub api_tokens: Vec<SecretString>,
    /// What signs webhooks; empty when not set.
    pub webhook_secrets: Vec<SecretString>,
    /// How Stripe's API is asked, if it is.
    pub stripe_api: StripeApiSettings,
    /// Which events are expected.
    pub admission: Admission,
    /// The books of the gateways whose disputes people enter; empty for any.
    pub gateways: BTreeSet<AccountId>,
    /// The shops of WooCommerce, by name.
    pub shops: BTreeMap<String, ShopSettings>,
    /// Where orders are looked for.
    pub orders: OrderSource,
    /// When days are summed up.
    pub schedule: Schedule,
    /// How the books are kept.
    pub rules: BookRules,
    /// By what customers are known; `None`: none is.
    pub customer_key: Option<CustomerKey>,
    /// The file of rules, if there is one.
    pub rules_file: Option<PathBuf>,
    /// What the score of a customer is made of.
    pub score_weights: ScoreWeights,
    /// How near the networks' thresholds somebody is told.
    pub monitor: MonitorSettings,
    /// Where the mail goes.
    pub channels: Vec<Channel>,
    /// What somebody is told of before anybody asks.
    pub alerts: AlertRules,
    /// How mail is sent through Outlook.
    pub outlook: Option<OutlookSettings>,
    /// How numbers are written in mails.
    pub numbers: NumberFormat,
    /// How the file of a day's disputes is written.
    pub csv_separator: CsvSeparator,
    /// Whether a day's journal entries go with its mail.
    pub attach_journal: bool,
    /// How mail is handed to a mail server, if it is.
    pub smtp: Option<SmtpSettings>,
    /// Where the day's mail is posted, if it is.
    pub webhook: Option<WebhookSettings>,
    /// How accounts are called where people read them.
    pub account_names: BTreeMap<LedgerAccount, String>,
    /// The codes of accounts in systems that know them by code.
    pub account_codes: BTreeMap<LedgerAccount, String>,
    /// The name of the tax rate that exports to Xero carry.
    pub tax_rate: String,
}

/// How Stripe's API is asked.
#[derive(Clone, Debug)]
pub struct StripeApiSettings {
    /// A secret or a restricted key.
    pub key: Option<SecretString>,
    /// Takes the place of Stripe's address.
    pub base: Option<Url>,
    /// At most so many requests a second, of one process.
    pub requests_per_second: NonZeroU32,
}

/// How near the networks' thresholds somebody is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MonitorSettings {
    /// Where the acquirer is.
    pub region: Region,
    /// From which share of a threshold on, in percent.
    pub warn_percent: u64,
    /// From how many events in a month on.
    pub warn_events_min: u64,
    /// The file that takes the place of the programmes that are built in.
    pub programmes_file: Option<PathBuf>,
}

/// The text of a settings file.
#[derive(Clone, Copy, Debug)]
pub struct FileText<'a> {
    /// What the file is called in problems.
    pub path: &'a str,
    /// What is in it.
    pub text: &'a str,
}

/// Reads the file that holds a secret.
pub type ReadFile<'a> = dyn Fn(&Path) -> io::Result<String> + 'a;

impl Settings {
    /// The books whose account Stripe is asked for: the key's own, and each that is named.
    #[must_use]
    pub fn books(&self) -> Vec<AccountId> {
        std::iter::once(AccountId::own()).chain(self.admission.accounts.iter().cloned()).collect()
    }

    /// Which parameters of `database.url` do nothing, counted from 1.
    #[must_use]
    pub fn idle_database_parameters(&self) -> Vec<usize> {
        self.database_url.as_ref().map(sections::idle_parameters).unwrap_or_default()
    }

    /// The sources of webhooks that are expected: `stripe`, `woocommerce/<shop>`.
    #[must_use]
    pub fn sources(&self) -> Vec<String> {
        let is_stripe = !self.webhook_secrets.is_empty() || self.shops.is_empty();
        let stripe = is_stripe.then(|| STRIPE.to_owned());
        stripe.into_iter().chain(self.shops.keys().map(|shop| of_shop(shop))).collect()
    }

    /// Reads the settings of this process: `config` or the default file, the environment, and files with secrets.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn load(config: Option<&Path>) -> Result<Self, Vec<Problem>> {
        let path = config.unwrap_or(Path::new(DEFAULT_FILE));
        let shown = path.display().to_string();
        let text = match fs::read_to_string(path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound && config.is_none() => None,
            Err(error) => return Err(vec![Problem::of_file(&shown, &error)]),
        };
        let file = text.as_deref().map(|text| FileText { path: &shown, text });
        let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        let environment = env::vars_os().map(|(name, value)| (lossy(name), lossy(value))).collect();
        Self::read(file, &environment, &|path| fs::read_to_string(path))
    }

    /// Reads settings from what is given, and from nothing else.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn read(
        file: Option<FileText<'_>>,
        environment: &BTreeMap<String, String>,
        read_file: &ReadFile<'_>,
    ) -> Result<Self, Vec<Problem>> {
        let sources = Sources { file, environment, read_file };
        let mut reader = sources.merge();
        let settings = sections::settings(&mut reader);
        if reader.problems.is_empty() { Ok(settings) } else { Err(reader.problems) }
    }
}

#[cfg(test)]
mod tests;
