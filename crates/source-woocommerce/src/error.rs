//! Why a shop did not answer as asked, in our words: its own may hold whatever its plugins write.

use chargebook_domain::ports::ReadError;

/// Why there is no answer that can be used. What a person can do about it is in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ApiError {
    #[error(
        "the shop does not accept the consumer key: it is mistyped or revoked, or the shop's web server drops the header Authorization"
    )]
    KeyRefused,
    #[error(
        "the consumer key may not read this: its user must be a shop manager, and the key must have the permission to read"
    )]
    NotPermitted,
    #[error(
        "the shop has no such route: check its address, that its permalinks are not \"plain\", and that WooPayments is active"
    )]
    NoRoute,
    #[error("the shop does not know it")]
    NotFound,
    #[error("the shop limits how often it is asked, and did so for longer than was waited: try again later")]
    RateLimited,
    #[error("the shop refused the request with HTTP status {status}")]
    Refused { status: u16 },
    #[error("the shop failed with HTTP status {status} each time it was asked: see its WooCommerce status logs")]
    Failed { status: u16 },
    #[error("the shop can't be reached: check the network, and the shop's address; then try again")]
    NotReached,
    #[error("the shop did not answer in time, or the connection broke off: try again later")]
    NoAnswer,
    #[error(
        "the answer is a redirect, which is not followed as the key would go elsewhere: set the address that the shop answers at"
    )]
    Redirected,
    #[error("not an answer of WooCommerce's REST API: check the shop's address, and what stands before the shop")]
    NotWooCommerce,
    #[error("an answer of more than {mebibytes} MiB: check the shop's address, and what stands before the shop")]
    TooLarge { mebibytes: usize },
    #[error(
        "the answer does not say when it was given (the header Date), without which what was read has no place in time"
    )]
    NoDate,
    #[error("a list that does not end: the shop gives the same page again and again")]
    Endless,
}

impl From<ApiError> for ReadError {
    fn from(error: ApiError) -> Self {
        let reason = error.to_string();
        match error {
            ApiError::NotFound => Self::NotFound,
            ApiError::RateLimited | ApiError::Failed { .. } | ApiError::NotReached | ApiError::NoAnswer => {
                Self::Unavailable { reason }
            }
            ApiError::KeyRefused
            | ApiError::NotPermitted
            | ApiError::NoRoute
            | ApiError::Refused { .. }
            | ApiError::Redirected
            | ApiError::NotWooCommerce
            | ApiError::TooLarge { .. }
            | ApiError::NoDate
            | ApiError::Endless => Self::Refused { reason },
        }
    }
}
