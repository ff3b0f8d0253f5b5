//! HTTP: the routes, and how each is answered.

mod body;
mod health;
mod reply;
mod server;
mod webhook;

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use chargebook_domain::ports::{Clock, DisputeSource, Ledger};

use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::writer::Writer;

pub(crate) use server::serve;

/// What the routes need.
pub(crate) struct Routes {
    pub(crate) source: Arc<dyn DisputeSource>,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) writer: Writer,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) limits: Limits,
}

/// What every request shares.
struct Shared {
    routes: Routes,
    bodies: body::Budget,
}

pub(crate) fn router(routes: Routes) -> Router {
    let bodies = body::Budget::new(routes.limits.held_bytes);
    Router::new()
        .route("/webhooks/stripe", post(webhook::stripe))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/metrics", get(health::metrics))
        .fallback(async || reply::error(StatusCode::NOT_FOUND, "not_found", "there is nothing at this path"))
        .method_not_allowed_fallback(async || {
            reply::error(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path does not take this method")
        })
        .with_state(Arc::new(Shared { routes, bodies }))
}
