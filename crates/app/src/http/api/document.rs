//! Whether disputes arrive, as a document.

use chargebook_domain::ports::{Ingestion, QueueState, RecentDispute};
use chargebook_domain::{Light, SourceHealth};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

/// A moment, or null where none is known.
pub(super) fn time(at: Option<DateTime<Utc>>) -> Value {
    at.map_or(Value::Null, |at| Value::String(at.to_rfc3339_opts(SecondsFormat::Secs, true)))
}

/// The whole document. Its light is the worst of its sources'.
pub(super) fn ingestion(ingestion: &Ingestion, sources: &[SourceHealth], now: DateTime<Utc>) -> Value {
    let light = sources.iter().map(|source| source.light).max().unwrap_or(Light::Green);
    json!({
        "as_of": time(Some(now)),
        "light": light.as_str(),
        "disputes": ingestion.recent.iter().map(dispute).collect::<Vec<_>>(),
        "sources": sources.iter().map(source).collect::<Vec<_>>(),
        "queues": ingestion.queues.iter().map(queue).collect::<Vec<_>>(),
    })
}

fn dispute(dispute: &RecentDispute) -> Value {
    json!({
        "account": dispute.account.as_str(), "id": dispute.dispute.as_str(), "brand": dispute.card_brand,
        "amount_minor": dispute.disputed.minor(), "currency": dispute.disputed.currency().code(),
        "status": dispute.status, "opened_at": time(dispute.opened_at), "order_match": dispute.order_match,
    })
}

fn source(health: &SourceHealth) -> Value {
    json!({
        "source": health.source, "light": health.light.as_str(), "why": health.why, "remedy": health.remedy,
        "last_event": time(health.last_event), "answers_of_7_days": health.answers,
    })
}

fn queue(queue: &QueueState) -> Value {
    let failures = queue
        .failures
        .iter()
        .map(|failure| json!({ "id": failure.id, "ended_at": time(Some(failure.ended_at)), "reason": failure.reason }));
    json!({
        "queue": queue.name, "queued": queue.queued, "running": queue.running, "failed": queue.failed,
        "oldest_due": time(queue.oldest_due), "failures": failures.collect::<Vec<_>>(),
    })
}
