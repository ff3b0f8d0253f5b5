//! Takes a webhook: reads it within bounds, has its signature checked, and answers once it is durable.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use chargebook_domain::ports::{Delivery, DeliveryRefused};
use chargebook_domain::service::{Receipt, Received};
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use super::body::{self, BodyRefused, Held};
use super::{Shared, reply};
use crate::writer::NotBooked;

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
    let started = Instant::now();
    let deadline = started.checked_add(shared.routes.limits.answer_within).unwrap_or(started);
    let taken = take(&shared, request, deadline).await;
    let event_type = taken.as_ref().map_or("unknown", |(received, _)| counted_type(&received.event.event_type));
    let booked = match taken {
        Ok((received, held)) => book(&shared, received, held, deadline).await,
        Err(refused) => Err(refused),
    };
    let result = booked.as_ref().map_or_else(Refused::code, |receipt| receipt.as_str());
    shared.routes.metrics.answered(event_type, result, started.elapsed());
    match booked {
        Ok(receipt) => reply::json(StatusCode::OK, &json!({ "result": receipt.as_str() })),
        Err(refused) => reply::error(refused.status(), refused.code(), &refused.message()),
    }
}

/// Reads a delivery, and checks that it is authentic.
async fn take(shared: &Shared, request: Request, deadline: Instant) -> Result<(Received, Held), Refused> {
    let routes = &shared.routes;
    let (parts, body) = request.into_parts();
    let reading = body::read(body, &shared.bodies, &routes.limits);
    let whole = timeout_at(deadline, reading).await.map_err(|_| Refused::TooSlow)?;
    let (body, held) = whole.map_err(Refused::Body)?;
    let received_at = routes.clock.now();
    // A header that is not text is no signature, and still there.
    let signature = parts.headers.get("stripe-signature").map(|value| value.to_str().unwrap_or_default());
    let delivery = Delivery { signature, body: &body, received_at };
    let event = routes.source.receive(&delivery).map_err(Refused::NotAuthentic)?;
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
