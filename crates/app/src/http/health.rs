//! How the server is.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use serde_json::json;
use tokio::time::timeout;

use super::{Shared, reply};

/// The process answers.
pub(super) async fn live() -> Response<Body> {
    reply::json(StatusCode::OK, &json!({ "status": "live" }))
}

/// Webhooks can be booked: the ledger commits an empty batch.
pub(super) async fn ready(State(shared): State<Arc<Shared>>) -> Response<Body> {
    let routes = &shared.routes;
    let commit = routes.ledger.record(&[], routes.clock.now());
    if let Ok(Ok(_)) = timeout(routes.limits.probe_within, commit).await {
        return reply::json(StatusCode::OK, &json!({ "status": "ready" }));
    }
    let message = "the database can't be written to at present; the log says why";
    reply::error(StatusCode::SERVICE_UNAVAILABLE, "not_ready", message)
}

pub(super) async fn metrics(State(shared): State<Arc<Shared>>) -> Response<Body> {
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match shared.routes.metrics.scrape().await {
        Ok(scraped) => reply::text(StatusCode::OK, content_type, scraped),
        Err(_) => reply::error(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the metrics can't be written"),
    }
}
