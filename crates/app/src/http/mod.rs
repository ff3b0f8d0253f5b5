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
use axum::extract::State;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::middleware::map_response_with_state;
use axum::routing::{get, post};
use chargebook_domain::ports::{Clock, DisputeSource, Ledger, Overview};
use secrecy::SecretString;
use tokio::sync::{Semaphore, watch};

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
    /// Whether the server was told to stop.
    pub(crate) stopping: watch::Receiver<bool>,
}

/// What every request shares.
struct Shared {
    routes: Routes,
    bodies: body::Budget,
    /// Probes ask the database one after the other, so that they take no more than one of its connections.
    probing: Semaphore,
    /// How many of those who read through `/api/v1` ask at a time.
    reading: Semaphore,
}

pub(crate) fn router(routes: Routes) -> Router {
    let bodies = body::Budget::new(routes.limits.held_bytes);
    let reading = Semaphore::new(routes.limits.readers);
    let shared = Arc::new(Shared { routes, bodies, probing: Semaphore::new(1), reading });
    Router::new()
        .nest("/api/v1", api::router(&shared))
        .route("/webhooks/stripe", post(webhook::stripe))
        .route("/webhooks/woocommerce/{shop}", post(webhook::woocommerce))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/metrics", get(health::metrics))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(map_response_with_state(Arc::clone(&shared), last_of_its_connection))
        .with_state(shared)
}

/// While a server drains, each connection ends with an answer, so that none is left to be cut off in the end.
async fn last_of_its_connection(State(shared): State<Arc<Shared>>, mut response: Response<Body>) -> Response<Body> {
    if *shared.routes.stopping.borrow() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn not_found() -> Response<Body> {
    reply::error(StatusCode::NOT_FOUND, "not_found", "there is nothing at this path")
}

async fn method_not_allowed() -> Response<Body> {
    reply::error(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path does not take this method")
}
