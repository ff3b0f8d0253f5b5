//! How the server is.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use chargebook_domain::ports::Period;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use tokio::join;
use tokio::time::timeout;

use super::{Shared, reply};

/// The process answers.
pub(super) async fn live() -> Response<Body> {
    reply::json(StatusCode::OK, &json!({ "status": "live" }))
}

/// Webhooks can be booked: the ledger commits an empty batch. How far the record is whole is told beside it. A server
/// that was told to stop still books, and says that others should be asked.
pub(super) async fn ready(State(shared): State<Arc<Shared>>) -> Response<Body> {
    let routes = &shared.routes;
    if *routes.stopping.borrow() {
        return reply::error(StatusCode::SERVICE_UNAVAILABLE, "stopping", "the server was told to stop");
    }
    let commit = async {
        let _turn = shared.probing.acquire().await;
        routes.ledger.record(&[], routes.clock.now()).await
    };
    let (committed, whole) = join!(timeout(routes.limits.probe_within, commit), routes.metrics.whole());
    if let Ok(Ok(_)) = committed {
        return reply::json(StatusCode::OK, &json!({ "status": "ready", "whole": stretch(whole) }));
    }
    let message = "the database can't be written to at present; the log says why";
    reply::error(StatusCode::SERVICE_UNAVAILABLE, "not_ready", message)
}

/// A stretch of time, or null where none is known.
fn stretch(period: Option<Period>) -> Value {
    let text = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    period.map_or(Value::Null, |Period { from, until }| json!({ "since": text(from), "until": text(until) }))
}

pub(super) async fn metrics(State(shared): State<Arc<Shared>>) -> Response<Body> {
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match shared.routes.metrics.scrape().await {
        Ok(scraped) => reply::text(StatusCode::OK, content_type, scraped),
        Err(_) => reply::error(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the metrics can't be written"),
    }
}
