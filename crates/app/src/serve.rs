//! The server as a whole: built from ports only, so that it runs the same with every adapter replaced.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use chargebook_domain::alerts::AlertRules;
use chargebook_domain::ports::{
    Alerts, Aliases, Clock, Customers, DayJournals, DisputeSource, Ledger, Notifier, OrderBook, Overview, Summaries,
};
use chargebook_domain::service::{Alarm, Ask, Daily, Ingest, Join, MatchOrders, Monitor, Schedule, Watch, WriteMail};
use chargebook_domain::{Admission, BookRules};
use secrecy::SecretString;
use tokio::join;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use crate::acting::Acting;
use crate::asking::Asking;
use crate::deliveries::{Deliveries, STRIPE, of_shop};
use crate::http::{self, Routes};
use crate::limits::Limits;
use crate::mail;
use crate::mail_check::MailCheck;
use crate::metrics::{CountWaiting, Findings, Metrics};
use crate::monitoring;
use crate::shops::Shop;
use crate::workers::Worker;
use crate::writer::Writer;

/// The world as the server sees it.
#[derive(Clone)]
pub struct Ports {
    /// Stripe's webhooks, where they are expected.
    pub source: Option<Arc<dyn DisputeSource>>,
    /// The shops of WooCommerce, by name.
    pub shops: BTreeMap<String, Shop>,
    /// Where they are booked.
    pub ledger: Arc<dyn Ledger>,
    /// The orders that disputes are matched with.
    pub orders: Arc<dyn OrderBook>,
    /// Which disputes are the same.
    pub aliases: Arc<dyn Aliases>,
    /// Where days are sealed.
    pub summaries: Arc<dyn Summaries>,
    /// What is told of the books, and counted for that.
    pub overview: Arc<dyn Overview>,
    /// By which hashes customers are known.
    pub customers: Arc<dyn Customers>,
    /// Who sends the mail.
    pub notifiers: Vec<Arc<dyn Notifier>>,
    /// How it is looked once whether that can be done.
    pub mail_checks: Vec<MailCheck>,
    /// What writes the journal entries that go with it, where they do.
    pub journals: Option<Arc<dyn DayJournals>>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Counts what waits, for the metrics.
    pub count_waiting: Arc<CountWaiting>,
    /// The source once more, where it may be asked as well.
    pub asking: Option<Asking>,
    /// What acts on disputes, and sends what is owed.
    pub acting: Option<Acting>,
    /// What is wrong, where somebody is to be told.
    pub alerts: Option<Arc<dyn Alerts>>,
    /// What is estimated of the networks' programmes.
    pub monitor: Option<Monitor>,
}

/// What the operator has decided, as far as the server asks.
#[derive(Clone)]
pub struct Policy {
    /// How the books are kept.
    pub rules: BookRules,
    /// Which events are expected.
    pub admission: Admission,
    /// Whether the orders of shops are landed: not where the orders are read from a view.
    pub lands_orders: bool,
    /// When days are summed up.
    pub schedule: Schedule,
    /// From when on something is wrong.
    pub alerts: AlertRules,
    /// Writes the mail of a day.
    pub write_mail: Arc<WriteMail>,
    /// What opens `/api/v1`; none opens nothing.
    pub api_tokens: Vec<SecretString>,
}

/// A server that is ready to start.
pub struct App {
    /// Where it listens; port 0 for any that is free.
    pub listen: SocketAddr,
    /// Its world.
    pub ports: Ports,
    /// Books webhooks.
    pub ingest: Ingest,
    /// What it does beside the webhooks.
    pub workers: Vec<Worker>,
    /// What its sweeps find, for the metrics.
    pub findings: Findings,
    /// How deliveries were answered.
    pub deliveries: Deliveries,
    /// From where deliveries are expected: `stripe`, `woocommerce/<shop>`.
    pub sources: Vec<String>,
    /// What opens `/api/v1`.
    pub api_tokens: Vec<SecretString>,
    /// Its bounds.
    pub limits: Limits,
}

/// The server could not start.
#[derive(Debug, thiserror::Error)]
#[error("can't listen on {address}")]
pub struct ListenError {
    address: SocketAddr,
    source: std::io::Error,
}

impl App {
    /// A server with the usual workers and limits.
    #[must_use]
    pub fn new(listen: SocketAddr, ports: Ports, policy: Policy) -> Self {
        let Policy { rules, admission, lands_orders, schedule, alerts, write_mail, api_tokens } = policy;
        let ingest = Ingest::new(Arc::clone(&ports.ledger), rules, admission);
        let ingest = if lands_orders { ingest.landing_orders(Arc::clone(&ports.orders)) } else { ingest };
        let matching = MatchOrders::new(Arc::clone(&ports.ledger), Arc::clone(&ports.orders), rules);
        let join = Join::new(Arc::clone(&ports.ledger), Arc::clone(&ports.aliases), matching.clone(), rules);
        let (summaries, notifiers) = (Arc::clone(&ports.summaries), ports.notifiers.clone());
        let daily = Daily::new(summaries, notifiers, write_mail, schedule, Arc::clone(&ports.clock));
        let daily = match &ports.monitor {
            Some(monitor) => daily.with_monitor(monitor.clone()),
            None => daily,
        };
        let daily = match &ports.journals {
            Some(journals) => daily.with_journals(Arc::clone(journals)),
            None => daily,
        };
        let deliveries = Deliveries::default();
        let mut workers = vec![
            Worker::order_sweep(matching, Arc::clone(&ports.clock)),
            Worker::daily_summary(daily),
            Worker::joining(join, Arc::clone(&ports.clock)),
            Worker::delivery_counts(deliveries.clone(), Arc::clone(&ports.overview)),
        ];
        if let Some(key) = rules.customer_key {
            workers.push(Worker::customers(Arc::clone(&ports.customers), key, Arc::clone(&ports.clock)));
        }
        if let Some(acting) = &ports.acting {
            let clock = Arc::clone(&ports.clock);
            workers.push(Worker::acting(acting.act(), Arc::clone(&clock)));
            if let Some(monitor) = &ports.monitor {
                let watch = Watch::new(monitor.clone(), acting.act(), Arc::new(monitoring::alert));
                workers.push(Worker::watching(watch, Arc::clone(&clock)));
            }
            workers.push(Worker::delivering(acting.deliver(ports.notifiers.clone(), clock)));
        }
        if let Some(known) = &ports.alerts {
            let channels = ports.notifiers.iter().map(|notifier| notifier.channel().to_owned()).collect();
            let write = move |kind, wrong: &[_]| mail::alarm(kind, wrong, schedule.zone);
            let alarm = Alarm::new(Arc::clone(known), alerts, schedule, channels, Arc::new(write));
            workers.push(Worker::alarm(alarm, Arc::clone(&ports.clock)));
        }
        let findings = Findings::default();
        if let Some(asking) = &ports.asking {
            let (reader, clock) = (Arc::clone(&asking.reader), Arc::clone(&ports.clock));
            let ask = Ask { reader, ingest: ingest.clone(), clock };
            workers.extend(Worker::all_that_ask(&ask, asking, &findings));
        }
        let asked = ports.shops.iter().filter_map(|(name, shop)| Some((name, shop.asking.as_ref()?)));
        workers.extend(asked.map(|(name, asking)| Worker::shop(name, asking, &ingest, Arc::clone(&ports.clock))));
        let stripe = ports.source.iter().map(|_| STRIPE.to_owned());
        let sources = stripe.chain(ports.shops.keys().map(|shop| of_shop(shop))).collect();
        let limits = Limits::default();
        Self { listen, ports, ingest, workers, findings, deliveries, sources, api_tokens, limits }
    }
}

/// Runs a server until `shutdown` ends, it has drained, and what was accepted is finished. `on_listening` is told its
/// address.
///
/// # Errors
/// [`ListenError`] when it could not start.
pub async fn serve(
    app: App,
    shutdown: impl Future<Output = ()>,
    on_listening: impl FnOnce(SocketAddr),
) -> Result<(), ListenError> {
    let App { listen, ports, ingest, workers, findings, deliveries, sources, api_tokens, limits } = app;
    let listen_error = |source| ListenError { address: listen, source };
    let listener = TcpListener::bind(listen).await.map_err(listen_error)?;
    let address = listener.local_addr().map_err(listen_error)?;

    let metrics = Metrics::new(ports.count_waiting, ports.asking.as_ref(), &findings, limits.probe_within);
    let metrics = Arc::new(metrics);
    let (writer, mut booking) = Writer::start(&ingest, &ports.clock, &metrics, &limits);
    let Ports { source, shops, ledger, overview, clock, mail_checks, .. } = ports;
    let shops = shops.into_iter().map(|(name, shop)| (name, shop.source)).collect();
    let last_counts = (deliveries.clone(), Arc::clone(&overview));
    let bounds = limits.clone();
    let (stop, stopped) = watch::channel(false);
    let router = http::router(Routes {
        source,
        shops,
        ledger,
        overview,
        clock,
        writer,
        metrics,
        deliveries,
        sources,
        api_tokens,
        limits: bounds,
        stopping: stopped.clone(),
    });
    let mut working: JoinSet<()> = workers.into_iter().map(|worker| worker.run(stopped.clone())).collect();

    info!(http.address = %address, "listening");
    on_listening(address);
    for check in mail_checks {
        working.spawn(check.run(stopped.clone()));
    }
    let drained = async {
        shutdown.await;
        info!("stopping: what was accepted is finished first");
        stop.send_replace(true);
        sleep(limits.drain_for).await;
    };
    let connections = http::serve(listener, router, &limits, drained).await;
    let finish = async {
        connections.shutdown().await;
        // The writers end when no connection is left that could ask them for anything.
        while booking.join_next().await.is_some() {}
    };
    let work = async { while working.join_next().await.is_some() {} };
    let (finished, worked) = join!(timeout(limits.finish_within, finish), timeout(limits.work_within, work));
    if finished.is_err() {
        warn!("not everything was finished in time; what was not answered will be delivered again");
        booking.abort_all();
    }
    if worked.is_err() {
        warn!("work was given up; if a mail was being sent, nobody knows whether it was taken (`summary list`)");
    }
    let (deliveries, overview) = last_counts;
    if !matches!(timeout(limits.probe_within, deliveries.keep(overview.as_ref())).await, Ok(Ok(()))) {
        warn!("how the last deliveries were answered could not be counted");
    }
    info!("stopped");
    Ok(())
}
