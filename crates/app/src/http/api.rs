//! What other programs may read: `/api/v1`, for those who have a token.

mod document;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::routing::get;
use chargebook_domain::CustomerId;
use chargebook_domain::ports::{CustomerStanding, LedgerError};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use subtle::{Choice, ConstantTimeEq};
use tokio::time::timeout;

use super::{Shared, reply};
use crate::deliveries::health_of_sources;

/// Why a request may not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Unauthorised {
    NoneIsSet,
    Missing,
    Wrong,
}

impl Unauthorised {
    fn code(self) -> &'static str {
        match self {
            Self::NoneIsSet => "api_tokens_not_set",
            Self::Missing => "api_token_missing",
            Self::Wrong => "api_token_invalid",
        }
    }

    fn message(self) -> &'static str {
        match self {
            Self::NoneIsSet => "this server has no token by which it could be read: set http.api_tokens",
            Self::Missing => "send a token of http.api_tokens as Authorization: Bearer",
            Self::Wrong => "the token is none of http.api_tokens",
        }
    }
}

/// The routes, all of them behind the token, those that do not exist as well.
pub(super) fn router(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    Router::new()
        .route("/customers/{customer}/decision", get(decision))
        .route("/health/ingestion", get(ingestion))
        .fallback(super::not_found)
        .method_not_allowed_fallback(super::method_not_allowed)
        .layer(from_fn_with_state(Arc::clone(shared), authorised))
}

async fn authorised(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response<Body> {
    if let Err(unauthorised) = authorise(request.headers(), &shared.routes.api_tokens) {
        let mut response = reply::error(StatusCode::UNAUTHORIZED, unauthorised.code(), unauthorised.message());
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return response;
    }
    // Whoever reads must leave connections of the database to the webhooks.
    let Ok(_turn) = timeout(shared.routes.limits.probe_within, shared.reading.acquire()).await else {
        let message = "others are being answered; ask again later";
        return reply::error(StatusCode::SERVICE_UNAVAILABLE, "overloaded", message);
    };
    next.run(request).await
}

fn authorise(headers: &HeaderMap, tokens: &[SecretString]) -> Result<(), Unauthorised> {
    if tokens.is_empty() {
        return Err(Unauthorised::NoneIsSet);
    }
    let given = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes).ok_or(Unauthorised::Missing)?;
    let (scheme, token) = given.split_at_checked("Bearer ".len()).ok_or(Unauthorised::Missing)?;
    if !scheme.eq_ignore_ascii_case(b"Bearer ") {
        return Err(Unauthorised::Missing);
    }
    let token = token.trim_ascii();
    // Every one is compared, and each in a time that does not tell how much of it is right.
    let found =
        tokens.iter().fold(Choice::from(0), |found, known| found | known.expose_secret().as_bytes().ct_eq(token));
    if bool::from(found) { Ok(()) } else { Err(Unauthorised::Wrong) }
}

/// What a checkout asks: whether a customer is blocked.
async fn decision(State(shared): State<Arc<Shared>>, customer: Result<Path<String>, PathRejection>) -> Response<Body> {
    let customer = customer.ok().and_then(|Path(customer)| CustomerId::parse(&customer).ok());
    let Some(customer) = customer else {
        let message = "a customer is 64 lower-case hexadecimal digits: the keyed hash of the e-mail";
        return reply::error(StatusCode::BAD_REQUEST, "customer_invalid", message);
    };
    let routes = &shared.routes;
    let standing = timeout(routes.limits.probe_within, routes.overview.standing(&customer)).await;
    match standing.unwrap_or_else(|elapsed| Err(LedgerError::Unavailable(elapsed.into()))) {
        Ok(CustomerStanding { is_known, is_blocked, since, reason, score }) => {
            let document = json!({
                "customer": customer.as_str(), "known": is_known, "blocked": is_blocked,
                "since": document::time(since), "reason": reason, "score": score,
            });
            reply::json(StatusCode::OK, &document)
        }
        Err(error) => unreadable(&error),
    }
}

/// Whether disputes arrive.
async fn ingestion(State(shared): State<Arc<Shared>>) -> Response<Body> {
    let routes = &shared.routes;
    let now = routes.clock.now();
    let ingestion = timeout(routes.limits.answer_within, routes.overview.ingestion(now)).await;
    match ingestion.unwrap_or_else(|elapsed| Err(LedgerError::Unavailable(elapsed.into()))) {
        Ok(ingestion) => {
            let whole = routes.metrics.whole().await;
            let sources = health_of_sources(&routes.sources, &ingestion, whole, now);
            reply::json(StatusCode::OK, &document::ingestion(&ingestion, &sources, now))
        }
        Err(error) => unreadable(&error),
    }
}

fn unreadable(error: &LedgerError) -> Response<Body> {
    if let LedgerError::Unavailable(_) = error {
        let message = "the database can't be asked at present; ask again later";
        return reply::error(StatusCode::SERVICE_UNAVAILABLE, "database_away", message);
    }
    let message = "the database holds what can't be read; `chargebook doctor` looks closer";
    reply::error(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(authorization: Option<&'static str>) -> HeaderMap {
        let value = authorization.map(HeaderValue::from_static);
        value.map(|value| (header::AUTHORIZATION, value)).into_iter().collect()
    }

    #[test]
    fn one_of_the_tokens_opens() {
        let tokens = ["0123456789abcdef", "fedcba9876543210"].map(SecretString::from);
        let missing = Err(Unauthorised::Missing);
        for (given, expected) in [
            (None, missing),
            (Some("Basic 0123456789abcdef"), missing),
            (Some("Bearer"), missing),
            (Some("Bearer "), Err(Unauthorised::Wrong)),
            (Some("Bearer 0123456789abcde"), Err(Unauthorised::Wrong)),
            (Some("Bearer 0123456789abcdef0"), Err(Unauthorised::Wrong)),
            (Some("Bearer 0123456789abcdef"), Ok(())),
            (Some("bearer  fedcba9876543210"), Ok(())),
        ] {
            assert_eq!(authorise(&with(given), &tokens), expected, "{given:?}");
            assert_eq!(authorise(&with(given), &[]), Err(Unauthorised::NoneIsSet), "{given:?}");
        }
    }
}
