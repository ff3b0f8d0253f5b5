//! Takes a webhook: reads it within bounds, has its signature checked, and answers once it is durable.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{Response, StatusCode};
use chargebook_domain::ports::{Delivery, DeliveryRefused, DisputeSource};
use chargebook_domain::service::{Receipt, Received};
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use super::body::{self, BodyRefused, Held};
use super::{Shared, reply};
use crate::deliveries::{STRIPE, of_shop};
use crate::writer::NotBooked;

/// One of the ways in.
struct Door<'a> {
    source: &'a dyn DisputeSource,
    /// The header that has the signature.
    signature: &'static str,
    /// The name under which its answers are counted.
    name: String,
}

/// Why a webhook was not answered with a receipt.
enum Refused {
    NotAuthentic(DeliveryRefused),
    Body(BodyRefused),
    NotBooked(NotBooked),
    TooSlow,
}

impl Refused {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotAuthentic(_) | Self::Body(BodyRefused::Incomplete) => StatusCode::BAD_REQUEST,
            Self::Body(BodyRefused::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Body(BodyRefused::Overloaded) | Self::NotBooked(_) | Self::TooSlow => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotAuthentic(refused) => refused.code(),
            Self::Body(BodyRefused::TooLarge) => "body_too_large",
            Self::Body(BodyRefused::Incomplete) => "body_incomplete",
            Self::Body(BodyRefused::Overloaded) | Self::NotBooked(NotBooked::QueueFull) => "overloaded",
            Self::NotBooked(NotBooked::NotCommitted) => "not_committed",
            Self::TooSlow => "timed_out",
        }
    }

    fn message(&self) -> String {
        match self {
            Self::NotAuthentic(refused) => refused.to_string(),
            Self::Body(BodyRefused::TooLarge) => "the body is too large".to_owned(),
            Self::Body(BodyRefused::Incomplete) => "the body did not arrive whole".to_owned(),
            Self::Body(BodyRefused::Overloaded) | Self::NotBooked(_) | Self::TooSlow => {
                "it can't be booked at present; deliver it again later".to_owned()
            }
        }
    }
}

pub(super) async fn stripe(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let Some(source) = &shared.routes.source else { return no_such_source() };
    let door = Door { source: source.as_ref(), signature: "stripe-signature", name: STRIPE.to_owned() };
    answer(&shared, &door, request).await
}

pub(super) async fn woocommerce(
    State(shared): State<Arc<Shared>>,
    Path(shop): Path<String>,
    request: Request,
) -> Response<Body> {
    let Some(source) = shared.routes.shops.get(&shop) else { return no_such_source() };
    let door = Door { source: source.as_ref(), signature: "x-wc-webhook-signature", name: of_shop(&shop) };
    answer(&shared, &door, request).await
}

/// A name that is not in the settings is counted nowhere: anybody may make one up.
fn no_such_source() -> Response<Body> {
    reply::error(StatusCode::NOT_FOUND, "unknown_source", "the settings have no such source of webhooks")
}

async fn answer(shared: &Shared, door: &Door<'_>, request: Request) -> Response<Body> {
    let started = Instant::now();
    let deadline = started.checked_add(shared.routes.limits.answer_within).unwrap_or(started);
    let taken = take(shared, door, request, deadline).await;
    let event_type = taken.as_ref().map_or("unknown", |(received, _)| counted_type(&received.event.event_type));
    let booked = match taken {
        Ok((received, held)) => book(shared, received, held, deadline).await,
        Err(refused) => Err(refused),
    };
    let result = booked.as_ref().map_or_else(Refused::code, |receipt| receipt.as_str());
    shared.routes.metrics.answered(event_type, result, started.elapsed());
    shared.routes.deliveries.answered(&door.name, result, shared.routes.clock.now());
    match booked {
        Ok(receipt) => told(receipt),
        // Whoever tries a webhook out takes it into use only after a good answer.
        Err(Refused::NotAuthentic(DeliveryRefused::TriedOut)) => told(Receipt::Ignored),
        Err(refused) => reply::error(refused.status(), refused.code(), &refused.message()),
    }
}

fn told(receipt: Receipt) -> Response<Body> {
    reply::json(StatusCode::OK, &json!({ "result": receipt.as_str() }))
}

/// Reads a delivery, and checks that it is authentic.
async fn take(
    shared: &Shared,
    door: &Door<'_>,
    request: Request,
    deadline: Instant,
) -> Result<(Received, Held), Refused> {
    let routes = &shared.routes;
    let (parts, body) = request.into_parts();
    let reading = body::read(body, &shared.bodies, &routes.limits);
    let whole = timeout_at(deadline, reading).await.map_err(|_| Refused::TooSlow)?;
    let (body, held) = whole.map_err(Refused::Body)?;
    let received_at = routes.clock.now();
    // A header that is not text is no signature, and still there.
    let signature = parts.headers.get(door.signature).map(|value| value.to_str().unwrap_or_default());
    let delivery = Delivery { signature, body: &body, received_at };
    let event = door.source.receive(&delivery).map_err(Refused::NotAuthentic)?;
    Ok((Received { event, body, received_at }, held))
}

async fn book(shared: &Shared, received: Received, held: Held, deadline: Instant) -> Result<Receipt, Refused> {
    let booking = shared.routes.writer.book(received, held);
    timeout_at(deadline, booking).await.map_err(|_| Refused::TooSlow)?.map_err(Refused::NotBooked)
}

/// The types that are counted by name; there must be few of them, as each is a time series.
fn counted_type(event_type: &str) -> &'static str {
    let counted = [
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
    ];
    counted.into_iter().find(|counted| *counted == event_type).unwrap_or("other")
}
