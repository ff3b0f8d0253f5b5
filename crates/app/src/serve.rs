//! The server as a whole: built from ports only, so that it runs the same with every adapter replaced.

use std::net::SocketAddr;
use std::sync::Arc;

use chargebook_domain::ports::{Clock, DisputeSource, Ledger, Notifier, OrderBook, Summaries};
use chargebook_domain::service::{Ask, Daily, Ingest, MatchOrders, Schedule, WriteMail};
use chargebook_domain::{Admission, BookRules};
use tokio::join;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::asking::Asking;
use crate::http::{self, Routes};
use crate::limits::Limits;
use crate::metrics::{CountWaiting, Findings, Metrics};
use crate::workers::Worker;
use crate::writer::Writer;

/// The world as the server sees it.
#[derive(Clone)]
pub struct Ports {
    /// Where webhooks come from.
    pub source: Arc<dyn DisputeSource>,
    /// Where they are booked.
    pub ledger: Arc<dyn Ledger>,
    /// The orders that disputes are matched with.
    pub orders: Arc<dyn OrderBook>,
    /// Where days are sealed.
    pub summaries: Arc<dyn Summaries>,
    /// Who sends the mail.
    pub notifier: Arc<dyn Notifier>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Counts what waits, for the metrics.
    pub count_waiting: Arc<CountWaiting>,
    /// The source once more, where it may be asked as well.
    pub asking: Option<Asking>,
}

/// What the operator has decided, as far as the server asks.
#[derive(Clone)]
pub struct Policy {
    /// How the books are kept.
    pub rules: BookRules,
    /// Which events are expected.
    pub admission: Admission,
    /// When days are summed up.
    pub schedule: Schedule,
    /// Writes the mail of a day.
    pub write_mail: Arc<WriteMail>,
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
        let Policy { rules, admission, schedule, write_mail } = policy;
        let ingest = Ingest::new(Arc::clone(&ports.ledger), rules, admission);
        let matching = MatchOrders::new(Arc::clone(&ports.ledger), Arc::clone(&ports.orders), rules);
        let (summaries, notifier) = (Arc::clone(&ports.summaries), Arc::clone(&ports.notifier));
        let daily = Daily::new(summaries, notifier, write_mail, schedule, Arc::clone(&ports.clock));
        let mut workers = vec![Worker::order_sweep(matching, Arc::clone(&ports.clock)), Worker::daily_summary(daily)];
        let findings = Findings::default();
        if let Some(asking) = &ports.asking {
            let (reader, clock) = (Arc::clone(&asking.reader), Arc::clone(&ports.clock));
            let ask = Ask { reader, ingest: ingest.clone(), clock };
            workers.extend(Worker::all_that_ask(&ask, asking, &findings));
        }
        Self { listen, ports, ingest, workers, findings, limits: Limits::default() }
    }
}

/// Runs a server until `shutdown` ends and what was accepted is finished. `on_listening` is told its address.
///
/// # Errors
/// [`ListenError`] when it could not start.
pub async fn serve(
    app: App,
    shutdown: impl Future<Output = ()>,
    on_listening: impl FnOnce(SocketAddr),
) -> Result<(), ListenError> {
    let App { listen, ports, ingest, workers, findings, limits } = app;
    let listen_error = |source| ListenError { address: listen, source };
    let listener = TcpListener::bind(listen).await.map_err(listen_error)?;
    let address = listener.local_addr().map_err(listen_error)?;

    let metrics = Metrics::new(ports.count_waiting, ports.asking.as_ref(), &findings, limits.probe_within);
    let metrics = Arc::new(metrics);
    let (writer, mut booking) = Writer::start(ingest, Arc::clone(&ports.clock), Arc::clone(&metrics), &limits);
    let Ports { source, ledger, clock, .. } = ports;
    let router = http::router(Routes { source, ledger, clock, writer, metrics, limits: limits.clone() });
    let (stop, stopped) = watch::channel(false);
    let mut working: JoinSet<()> = workers.into_iter().map(|worker| worker.run(stopped.clone())).collect();

    info!(http.address = %address, "listening");
    on_listening(address);
    let connections = http::serve(listener, router, &limits, shutdown).await;
    info!("stopping: what was accepted is finished first");
    stop.send_replace(true);
    let finish = async {
        connections.shutdown().await;
        // The writer ends when no connection is left that could ask it for anything.
        drop((&mut booking).await);
    };
    let work = async { while working.join_next().await.is_some() {} };
    let (finished, worked) = join!(timeout(limits.finish_within, finish), timeout(limits.work_within, work));
    if finished.is_err() {
        warn!("not everything was finished in time; what was not answered will be delivered again");
        booking.abort();
    }
    if worked.is_err() {
        warn!("work was given up; if a mail was being sent, nobody knows whether it was taken (`summary list`)");
    }
    info!("stopped");
    Ok(())
}
