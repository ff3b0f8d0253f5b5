//! What the server counts, as Prometheus reads it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chargebook_domain::ports::LedgerError;
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tokio::time::{Instant, timeout};

/// How old the counts from the database may be.
const COUNTS_FOR: Duration = Duration::from_secs(5);

/// What waits in the database for somebody.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Waiting {
    /// Disputes without an order.
    pub orphans: i64,
    /// Source events that are in nobody's books.
    pub quarantined: i64,
    /// Resolution rows and journal entries that no summary has sealed.
    pub unsealed: i64,
}

/// Counts what waits.
pub type CountWaiting = dyn Fn() -> BoxFuture<'static, Result<Waiting, LedgerError>> + Send + Sync;

/// The metrics of one server.
pub(crate) struct Metrics {
    registry: Registry,
    webhooks: Family<WebhookLabels, Counter>,
    durations: Histogram,
    batches: Histogram,
    seen: Arc<Seen>,
    count: Arc<CountWaiting>,
    counted_at: tokio::sync::Mutex<Option<Instant>>,
    count_within: Duration,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct WebhookLabels {
    event_type: &'static str,
    result: &'static str,
}

impl Metrics {
    pub(crate) fn new(count: Arc<CountWaiting>, count_within: Duration) -> Self {
        let mut registry = Registry::with_prefix("chargebook");
        let webhooks = Family::default();
        registry.register("webhooks", "Webhooks that were answered", webhooks.clone());
        let durations = Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0]);
        registry.register("webhook_duration_seconds", "From a webhook's headers to its answer", durations.clone());
        let batches = Histogram::new([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0]);
        registry.register("batch_size", "Webhooks that were recorded in one transaction", batches.clone());
        let seen = Arc::new(Seen::default());
        registry.register_collector(Box::new(Arc::clone(&seen)));
        let counted_at = tokio::sync::Mutex::new(None);
        Self { registry, webhooks, durations, batches, seen, count, counted_at, count_within }
    }

    pub(crate) fn answered(&self, event_type: &'static str, result: &'static str, took: Duration) {
        self.webhooks.get_or_create(&WebhookLabels { event_type, result }).inc();
        self.durations.observe(took.as_secs_f64());
    }

    pub(crate) fn booked(&self, at: DateTime<Utc>) {
        self.seen.change(|seen| seen.last_event = Some(at.timestamp()));
    }

    pub(crate) fn batch(&self, size: usize) {
        self.batches.observe(u32::try_from(size).unwrap_or(u32::MAX).into());
    }

    /// The text of a scrape. What can't be counted at present is left out rather than shown as it was.
    pub(crate) async fn scrape(&self) -> Result<String, fmt::Error> {
        self.count_anew().await;
        let mut scraped = String::new();
        text::encode(&mut scraped, &self.registry)?;
        Ok(scraped)
    }

    async fn count_anew(&self) {
        let mut counted_at = self.counted_at.lock().await;
        if counted_at.is_some_and(|at| at.elapsed() < COUNTS_FOR) {
            return;
        }
        let waiting = timeout(self.count_within, (self.count)()).await.ok().and_then(Result::ok);
        self.seen.change(|seen| seen.waiting = waiting);
        *counted_at = Some(Instant::now());
    }
}

/// What is shown only once it is known.
#[derive(Debug, Default)]
struct Seen(Mutex<Known>);

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    last_event: Option<i64>,
    waiting: Option<Waiting>,
}

impl Seen {
    fn change(&self, change: impl FnOnce(&mut Known)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Collector for Seen {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let known = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = |of: fn(Waiting) -> i64| known.waiting.map(of);
        for (name, help, value) in [
            (
                "last_event_timestamp_seconds",
                "When the last batch of webhooks that was committed was begun, repeated and ignored ones included",
                known.last_event,
            ),
            ("orphans", "Disputes without an order", count(|waiting| waiting.orphans)),
            ("quarantined", "Events that are kept and not booked", count(|waiting| waiting.quarantined)),
            ("unsealed", "Rows that no summary has sealed", count(|waiting| waiting.unsealed)),
        ] {
            if let Some(value) = value {
                let gauge = ConstGauge::new(value);
                gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
            }
        }
        Ok(())
    }
}
