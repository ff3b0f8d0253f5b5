//! Chooses the adapters that the settings ask for. Nothing else names one.

mod channels;
pub(crate) mod checks;
mod shops;

use std::path::Path;
use std::sync::Arc;

use chargebook_domain::monitor::{MonitorRules, NETWORK_PROGRAMMES, Programmes};
use chargebook_domain::ports::{
    Clock, DayJournals, DisputeReader, DisputeSource, FollowUps, LedgerError, Monitoring, Outbox,
};
use chargebook_domain::service::{Ask, Ingest, Monitor, WriteMail};
use chargebook_ledger_postgres::{Gauges, MigrationState, OrderSource, PostgresLedger};
use chargebook_local_postgres::{Cluster, Durability};
use chargebook_notifier_webhook::WebhookSender;
use chargebook_source_stripe::{StripeApi, StripeDisputeSource};
use secrecy::ExposeSecret;
use tokio::task::spawn_blocking;
use tracing::warn;

use crate::acting::Acting;
use crate::asking::Asking;
use crate::clock::SystemClock;
use crate::demo;
use crate::export::DayFiles;
use crate::gate::{Closed, Gate};
use crate::mail::{self, AccountNames, Dashboard, MailStyle};
use crate::metrics::{CountWaiting, Waiting};
use crate::rules_file::{self, RuleFile};
use crate::serve::{App, Policy, Ports};
use crate::settings::{MonitorSettings, Settings, StripeApiSettings};
use crate::telemetry::chain;

use channels::{Channels, channels};

pub use channels::notifiers;
pub(crate) use shops::needed_reader as needed_shop;

/// The database of the private cluster that holds the books.
const PRIVATE_DATABASE: &str = "chargebook";

/// What a server is for. A demo's figures must never be in the books.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// The user's books.
    Books,
    /// A demo, on a database of its own.
    Demo,
}

/// Something can't be built as the settings are; a person must change something first.
#[derive(Debug, thiserror::Error)]
#[error("{what}; {remedy}")]
pub struct SetUpError {
    what: String,
    remedy: String,
}

impl SetUpError {
    fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: remedy.into() }
    }
}

/// The database that the settings name.
#[derive(Debug)]
pub struct Database {
    /// The ledger in it.
    pub ledger: PostgresLedger,
    cluster: Option<Cluster>,
}

impl Database {
    /// As [`Database::open`], for commands that only look: they make no books where there are none.
    ///
    /// # Errors
    /// [`SetUpError`] also when there is no private cluster yet.
    pub async fn open_existing(settings: &Settings) -> Result<Self, SetUpError> {
        if settings.database_url.is_none() && !Cluster::exists(&settings.data_dir) {
            return Err(SetUpError::new(
                format!("there are no books in {}", settings.data_dir.display()),
                "set data_dir, database.url or --config, or run `chargebook serve`",
            ));
        }
        Self::open(settings).await
    }

    /// Opens the user's own database, which need not be reachable, or starts the private cluster and migrates it.
    ///
    /// # Errors
    /// [`SetUpError`] when there is no such database, and none can be made.
    pub async fn open(settings: &Settings) -> Result<Self, SetUpError> {
        let private = match &settings.database_url {
            Some(_) if demo::is_of_a_demo(&settings.data_dir) => return Err(not_the_demos(settings)),
            Some(_) => None,
            None => Some(start_private(settings).await?),
        };
        let url = match (&private, &settings.database_url) {
            (Some(cluster), _) => cluster.url(PRIVATE_DATABASE),
            (None, url) => url.as_ref().map(|url| url.expose_secret().to_owned()).unwrap_or_default(),
        };
        for number in settings.idle_database_parameters() {
            warn!("parameter {number} of database.url does nothing: see that it is written right");
        }
        let ledger = PostgresLedger::connect_lazy(&url, settings.max_connections, settings.orders.clone())
            .map_err(|error| SetUpError::new(error.to_string(), "correct database.url"))?;
        let ledger = match settings.customer_key {
            Some(key) => ledger.with_customers(key),
            None => ledger,
        };
        let ledger = if acts(settings) { ledger.following_up() } else { ledger };
        let database = Self { ledger, cluster: private };
        if database.cluster.is_some()
            && let Err(error) = migrate(&database.ledger).await
        {
            let what = format!("the private cluster can't be migrated: {}", chain(&error));
            database.close().await;
            return Err(SetUpError::new(what, "see postgres.log in data_dir"));
        }
        Ok(database)
    }

    /// Ends the connections, and the private cluster if nobody else uses it.
    pub async fn close(self) {
        self.ledger.close().await;
        let Some(cluster) = self.cluster else { return };
        match spawn_blocking(|| cluster.leave()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(error = chain(&error), "the private cluster can't be stopped"),
            Err(error) => warn!(error = chain(&error), "the private cluster may still be running"),
        }
    }
}

/// Whoever names a demo's folder means its books, and would change others.
fn not_the_demos(settings: &Settings) -> SetUpError {
    SetUpError::new(
        format!("{} is a demo's folder, and database.url names another database", settings.data_dir.display()),
        "for the demo's books, unset CHARGEBOOK_DATABASE__URL and keep the demo's chargebook.toml as it was; \
         for yours, set data_dir to another folder",
    )
}

/// A newer program may have been here before: then there is nothing to do.
async fn migrate(ledger: &PostgresLedger) -> Result<(), LedgerError> {
    match ledger.migration_state().await? {
        MigrationState::Behind { .. } => ledger.migrate().await,
        MigrationState::UpToDate | MigrationState::Ahead => Ok(()),
    }
}

async fn start_private(settings: &Settings) -> Result<Cluster, SetUpError> {
    let dir = settings.data_dir.clone();
    let start = move || {
        let cluster = Cluster::open(&dir, Durability::Durable)?;
        cluster.create_database(PRIVATE_DATABASE)?;
        Ok::<_, chargebook_local_postgres::Error>(cluster)
    };
    let failed = |why: &dyn std::error::Error| {
        let what = format!("the private Postgres in {} can't be used: {}", settings.data_dir.display(), chain(why));
        SetUpError::new(what, "or set database.url to a Postgres of your own")
    };
    spawn_blocking(start).await.map_err(|error| failed(&error))?.map_err(|error| failed(&error))
}

/// Stripe's webhooks; `None` where only those of shops are expected.
///
/// # Errors
/// [`SetUpError`] when no webhooks are expected at all: nothing is set that could tell them from others.
pub fn source(settings: &Settings) -> Result<Option<Arc<dyn DisputeSource>>, SetUpError> {
    if settings.webhook_secrets.is_empty() && !settings.shops.is_empty() {
        return Ok(None);
    }
    match StripeDisputeSource::new(settings.webhook_secrets.clone()) {
        Ok(source) => Ok(Some(Arc::new(source))),
        Err(error) => {
            let remedy = "set stripe.webhook_secrets, or CHARGEBOOK_STRIPE__WEBHOOK_SECRETS, to whsec_...";
            Err(SetUpError::new(error.to_string(), remedy))
        }
    }
}

/// Stripe's API; `None` without a key.
///
/// # Errors
/// [`SetUpError`] when no client can be made for it.
pub fn stripe_api(settings: &Settings) -> Result<Option<StripeApi>, SetUpError> {
    let StripeApiSettings { key, base, requests_per_second } = &settings.stripe_api;
    let Some(key) = key else { return Ok(None) };
    let api = StripeApi::new(key, base.as_ref().map(url::Url::as_str), *requests_per_second);
    let api = api.map_err(|error| SetUpError::new(error.to_string(), "check stripe.api_key and stripe.api_base"))?;
    Ok(Some(match settings.customer_key {
        Some(key) => api.with_customers(key),
        None => api,
    }))
}

/// Stripe's API, for those who can't do without.
///
/// # Errors
/// [`SetUpError`] also when there is no key.
pub fn needed_reader(settings: &Settings) -> Result<Arc<dyn DisputeReader>, SetUpError> {
    match stripe_api(settings)? {
        Some(api) => Ok(Arc::new(api)),
        None => Err(SetUpError::new(
            "there is no key with which Stripe's API could be asked",
            "set stripe.api_key, or CHARGEBOOK_STRIPE__API_KEY, to a restricted key (rk_...) as the README says",
        )),
    }
}

/// Books into `ledger`, and lands orders there where they are looked for there.
#[must_use]
pub fn ingest(settings: &Settings, ledger: &PostgresLedger) -> Ingest {
    let ledger = Arc::new(ledger.clone());
    let ingest = Ingest::new(Arc::clone(&ledger) as _, settings.rules, settings.admission.clone());
    if lands_orders(settings) { ingest.landing_orders(ledger) } else { ingest }
}

/// Where the orders are read from a view, what is landed would be of no use.
fn lands_orders(settings: &Settings) -> bool {
    settings.orders == OrderSource::Table
}

/// Asks `reader`, and books into `ledger`.
#[must_use]
pub fn ask(settings: &Settings, ledger: &PostgresLedger, reader: Arc<dyn DisputeReader>) -> Ask {
    let ingest = ingest(settings, ledger);
    Ask { reader, ingest, clock: Arc::new(SystemClock) }
}

/// Writes mails with the names that the settings give to accounts, and numbers as they say.
#[must_use]
pub fn write_mail(settings: &Settings) -> Arc<WriteMail> {
    let accounts = AccountNames::new(settings.account_names.clone());
    let dashboard = if settings.admission.livemode { Dashboard::Live } else { Dashboard::Test };
    let style = MailStyle { accounts, numbers: settings.numbers, csv: settings.csv_separator, dashboard };
    Arc::new(move |summary, sent_again| mail::write(summary, &style, sent_again))
}

/// Writes the day's journal entries that go with its mail, where the settings ask for them.
#[must_use]
pub fn day_journals(settings: &Settings, ledger: &PostgresLedger) -> Option<Arc<dyn DayJournals>> {
    let files = DayFiles::new(ledger.clone(), AccountNames::new(settings.account_names.clone()));
    settings.attach_journal.then(|| Arc::new(files) as _)
}

/// The server over real adapters.
///
/// # Errors
/// [`SetUpError`]: no webhook secret, or a database that was reached and can't be used. One that is away is no error.
pub async fn app(
    settings: &Settings,
    database: &Database,
    clock: Arc<dyn Clock>,
    purpose: Purpose,
) -> Result<App, SetUpError> {
    let source = source(settings)?;
    let api = stripe_api(settings)?;
    let gate = Arc::new(Gate::new(database.ledger.clone(), purpose));
    match gate.check().await {
        Ok(()) => {}
        Err(Closed::Away(error)) => warn!(error = chain(&error), "the database is away: not ready until it is back"),
        Err(closed @ (Closed::NotMigrated { .. } | Closed::OfADemo)) => {
            return Err(SetUpError::new("the server can't start", closed.to_string()));
        }
    }
    let acting = Some(acting(settings, Arc::clone(&gate))?);
    let monitor = Some(monitor(settings, Arc::clone(&gate) as _)?);
    let asking = api.map(|api| Asking {
        reader: Arc::new(api),
        reads: Arc::clone(&gate) as _,
        sweeps: Arc::clone(&gate) as _,
        completeness: Arc::clone(&gate) as _,
        books: settings.books(),
    });
    let Channels { notifiers, mail_checks } = channels(settings)?;
    let shops = shops::all(settings, &(Arc::clone(&gate) as _))?;
    let ports = Ports {
        source,
        shops,
        ledger: Arc::clone(&gate) as _,
        orders: Arc::clone(&gate) as _,
        aliases: Arc::clone(&gate) as _,
        summaries: Arc::clone(&gate) as _,
        overview: Arc::clone(&gate) as _,
        customers: Arc::clone(&gate) as _,
        alerts: Some(gate),
        notifiers,
        mail_checks,
        journals: day_journals(settings, &database.ledger),
        clock,
        count_waiting: count_waiting(&database.ledger),
        asking,
        acting,
        monitor,
    };
    let policy = Policy {
        rules: settings.rules,
        admission: settings.admission.clone(),
        lands_orders: lands_orders(settings),
        schedule: settings.schedule,
        alerts: settings.alerts,
        write_mail: write_mail(settings),
        api_tokens: settings.api_tokens.clone(),
    };
    let mut app = App::new(settings.listen, ports, policy);
    app.limits.drain_for = settings.drain_for;
    Ok(app)
}

/// Whether changes owe anything: customers are scored, or there are rules.
fn acts(settings: &Settings) -> bool {
    settings.customer_key.is_some() || settings.rules_file.is_some()
}

/// The rules of the settings, none where no file is named.
///
/// # Errors
/// [`SetUpError`] with all that is wrong with the file.
pub fn rule_file(settings: &Settings) -> Result<RuleFile, SetUpError> {
    let Some(path) = &settings.rules_file else { return Ok(RuleFile::default()) };
    rules_file::read(path).map_err(|problems| {
        let problems: Vec<_> = problems.iter().map(|problem| format!("\n  {problem}")).collect();
        let what = format!("the rules of {} can't be used:{}", path.display(), problems.concat());
        SetUpError::new(what, "correct them, and look with `chargebook rules check`")
    })
}

/// What acts by the rules of the settings on what `ledger` keeps.
///
/// # Errors
/// [`SetUpError`] where the rules or their endpoints can't be used.
pub fn acting(settings: &Settings, ledger: Arc<impl FollowUps + Outbox + 'static>) -> Result<Acting, SetUpError> {
    let RuleFile { rules, endpoints } = rule_file(settings)?;
    let outgoing = WebhookSender::new(endpoints).map_err(|problems| {
        let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
        SetUpError::new(problems.join("; "), "correct the endpoints in the file of rules")
    })?;
    Ok(Acting {
        follow_ups: Arc::clone(&ledger) as _,
        outbox: ledger,
        outgoing: Arc::new(outgoing),
        rules: Arc::new(rules),
        weights: settings.score_weights,
        livemode: settings.admission.livemode,
    })
}

/// Estimates by the settings what `monitoring` counts.
///
/// # Errors
/// [`SetUpError`] where the file of programmes can't be used.
pub fn monitor(settings: &Settings, monitoring: Arc<dyn Monitoring>) -> Result<Monitor, SetUpError> {
    let MonitorSettings { region, warn_percent, warn_events_min, programmes_file } = &settings.monitor;
    let remedy = "write it as docs/monitoring.md says, or unset monitor.programmes_file";
    let text = match programmes_file {
        None => NETWORK_PROGRAMMES.to_owned(),
        Some(file) => std::fs::read_to_string(file)
            .map_err(|error| SetUpError::new(format!("{} can't be read: {error}", file.display()), remedy))?,
    };
    let programmes = Programmes::parse(&text).map_err(|error| {
        let file = programmes_file.as_deref().unwrap_or(Path::new("the built-in programmes"));
        SetUpError::new(format!("{} can't be used: {error}", file.display()), remedy)
    })?;
    let rules =
        MonitorRules { programmes, region: *region, warn_percent: *warn_percent, warn_events_min: *warn_events_min };
    Ok(Monitor::new(monitoring, rules, settings.schedule.zone))
}

fn count_waiting(ledger: &PostgresLedger) -> Arc<CountWaiting> {
    let ledger = ledger.clone();
    Arc::new(move || {
        let ledger = ledger.clone();
        Box::pin(async move {
            let Gauges { orphans, quarantined, unsealed, owed_reads } = ledger.gauges().await?;
            Ok(Waiting { orphans, quarantined, unsealed, owed_reads })
        })
    })
}
