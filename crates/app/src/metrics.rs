//! What the server counts, as Prometheus reads it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chargebook_domain::ports::Period;
use chrono::{DateTime, Utc};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tokio::join;

use crate::asking::{self, Asking};
use crate::cached::{AskLedger, Cached};

/// What waits in the database for somebody.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Waiting {
    /// Disputes without an order.
    pub orphans: i64,
    /// Source events that are in nobody's books.
    pub quarantined: i64,
    /// Resolution rows and journal entries that no summary has sealed.
    pub unsealed: i64,
    /// Disputes that must be read again.
    pub owed_reads: i64,
}

/// Counts what waits.
pub type CountWaiting = AskLedger<Waiting>;

/// What sweeps found since the process was started.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Events that had never arrived.
    pub gap_events: Counter,
    /// Movements that no dispute had shown.
    pub swept_movements: Counter,
}

/// The metrics of one server.
pub(crate) struct Metrics {
    registry: Registry,
    webhooks: Family<WebhookLabels, Counter>,
    durations: Histogram,
    batches: Histogram,
    seen: Arc<Seen>,
    waiting: Cached<Waiting>,
    whole: Cached<Option<Period>>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct WebhookLabels {
    event_type: &'static str,
    result: &'static str,
}

impl Metrics {
    /// `asking` tells how far the record is whole. The database is asked within `probe_within`.
    pub(crate) fn new(
        count: Arc<CountWaiting>,
        asking: Option<&Asking>,
        findings: &Findings,
        probe_within: Duration,
    ) -> Self {
        let mut registry = Registry::with_prefix("chargebook");
        let webhooks = Family::default();
        registry.register("webhooks", "Webhooks that were answered", webhooks.clone());
        let durations = Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0]);
        registry.register("webhook_duration_seconds", "From a webhook's headers to its answer", durations.clone());
        let batches = Histogram::new([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0]);
        registry.register("batch_size", "Webhooks that were recorded in one transaction", batches.clone());
        let Findings { gap_events, swept_movements } = findings.clone();
        registry.register("gap_events", "Events that had never arrived and were fetched", gap_events);
        let help = "Movements that no dispute had shown and a sweep found";
        registry.register("swept_movements", help, swept_movements);
        let seen = Arc::new(Seen::default());
        registry.register_collector(Box::new(Arc::clone(&seen)));
        let waiting = Cached::new(count, probe_within);
        let whole = Cached::new(ask_how_whole(asking), probe_within);
        Self { registry, webhooks, durations, batches, seen, waiting, whole }
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

    /// The stretch for which the record is known to be whole.
    pub(crate) async fn whole(&self) -> Option<Period> {
        self.whole.get().await.flatten()
    }

    /// The text of a scrape. What can't be counted at present is left out rather than shown as it was.
    pub(crate) async fn scrape(&self) -> Result<String, fmt::Error> {
        let (waiting, whole) = join!(self.waiting.get(), self.whole());
        self.seen.change(|seen| *seen = Known { waiting, whole, ..*seen });
        let mut scraped = String::new();
        text::encode(&mut scraped, &self.registry)?;
        Ok(scraped)
    }
}

fn ask_how_whole(asking: Option<&Asking>) -> Arc<AskLedger<Option<Period>>> {
    let Some(Asking { sweeps, books, .. }) = asking.cloned() else { return Arc::new(|| Box::pin(async { Ok(None) })) };
    let books: Arc<[_]> = books.into();
    Arc::new(move || {
        let (sweeps, books) = (Arc::clone(&sweeps), Arc::clone(&books));
        Box::pin(async move { asking::whole(sweeps.as_ref(), &books).await })
    })
}

/// What is shown only once it is known.
#[derive(Debug, Default)]
struct Seen(Mutex<Known>);

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    last_event: Option<i64>,
    waiting: Option<Waiting>,
    whole: Option<Period>,
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
        let whole = |of: fn(Period) -> DateTime<Utc>| known.whole.map(|period| of(period).timestamp());
        for (name, help, value) in [
            (
                "last_event_timestamp_seconds",
                "When the last batch of webhooks that was committed was begun, repeated and ignored ones included",
                known.last_event,
            ),
            ("orphans", "Disputes without an order", count(|waiting| waiting.orphans)),
            ("quarantined", "Events that are kept and not booked", count(|waiting| waiting.quarantined)),
            ("unsealed", "Rows that no summary has sealed", count(|waiting| waiting.unsealed)),
            ("owed_reads", "Disputes that must be read again", count(|waiting| waiting.owed_reads)),
            (
                "whole_since_timestamp_seconds",
                "From when on the record of events is known to be whole",
                whole(|period| period.from),
            ),
            (
                "whole_until_timestamp_seconds",
                "Until when the record of events is known to be whole",
                whole(|period| period.until),
            ),
        ] {
            if let Some(value) = value {
                let gauge = ConstGauge::new(value);
                gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
            }
        }
        Ok(())
    }
}
