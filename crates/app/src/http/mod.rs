//! HTTP: the routes, and how each is answered.

mod api;
mod body;
mod health;
mod reply;
mod server;
mod webhook;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Response, StatusCode};
use axum::routing::{get, post};
use chargebook_domain::ports::{Clock, DisputeSource, Ledger, Overview};
use secrecy::SecretString;

use crate::deliveries::Deliveries;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::writer::Writer;

pub(crate) use server::serve;

/// What the routes need.
pub(crate) struct Routes {
    /// Stripe's webhooks, where they are expected.
    pub(crate) source: Option<Arc<dyn DisputeSource>>,
    /// Those of shops, by name.
    pub(crate) shops: BTreeMap<String, Arc<dyn DisputeSource>>,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) overview: Arc<dyn Overview>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) writer: Writer,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) deliveries: Deliveries,
    /// From where deliveries are expected.
    pub(crate) sources: Vec<String>,
    /// What opens `/api/v1`; none opens nothing.
    pub(crate) api_tokens: Vec<SecretString>,
    pub(crate) limits: Limits,
}

/// What every request shares.
struct Shared {
    routes: Routes,
    bodies: body::Budget,
}

pub(crate) fn router(routes: Routes) -> Router {
    let bodies = body::Budget::new(routes.limits.held_bytes);
    let shared = Arc::new(Shared { routes, bodies });
    Router::new()
        .nest("/api/v1", api::router(&shared))
        .route("/webhooks/stripe", post(webhook::stripe))
        .route("/webhooks/woocommerce/{shop}", post(webhook::woocommerce))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/metrics", get(health::metrics))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(shared)
}

async fn not_found() -> Response<Body> {
    reply::error(StatusCode::NOT_FOUND, "not_found", "there is nothing at this path")
}

async fn method_not_allowed() -> Response<Body> {
    reply::error(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path does not take this method")
}
