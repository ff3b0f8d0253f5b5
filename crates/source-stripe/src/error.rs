//! Why Stripe's API did not answer as asked, in our words: its own may hold payment details and the key's last
//! characters.

use chargebook_domain::ports::ReadError;

/// Why there is no answer that can be used. What a person can do about it is in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("Stripe does not accept the API key: it is mistyped, expired or revoked; set one that is valid")]
    KeyRefused,
    #[error("the API key may not read this: give it the permission to read \"{permission}\" in Stripe's dashboard")]
    NotPermitted { permission: &'static str },
    #[error(
        "the API key has no access to this connected account: check stripe.accounts, and that it is still connected"
    )]
    NotConnected,
    #[error("Stripe does not know it")]
    NotFound,
    #[error("Stripe limits how often this account asks, and did so for longer than was waited: try again later")]
    RateLimited,
    #[error("Stripe refused the request with HTTP status {status}: see the request log in Stripe's dashboard")]
    Refused { status: u16 },
    #[error(
        "Stripe failed with HTTP status {status} each time it was asked: try again later, and see status.stripe.com"
    )]
    Failed { status: u16 },
    #[error("Stripe can't be reached: check the network, stripe.api_base, and proxies on the way; then try again")]
    NotReached,
    #[error("Stripe did not answer in time, or the connection broke off: check the network, then try again")]
    NoAnswer,
    #[error("the answer is a redirect, which is not followed as the key would go elsewhere: check stripe.api_base")]
    Redirected,
    #[error("not an answer of Stripe's API: check stripe.api_base, and proxies on the way")]
    NotStripe,
    #[error("an answer of more than {mebibytes} MiB: check stripe.api_base, and proxies on the way")]
    TooLarge { mebibytes: usize },
    #[error(
        "the answer does not say when it was given (the header Date), without which what was read has no place in time: check proxies on the way to Stripe"
    )]
    NoDate,
    #[error("a list that has more, but nothing to go on from: check stripe.api_base, and proxies on the way")]
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
            | ApiError::NotPermitted { .. }
            | ApiError::NotConnected
            | ApiError::Refused { .. }
            | ApiError::Redirected
            | ApiError::NotStripe
            | ApiError::TooLarge { .. }
            | ApiError::NoDate
            | ApiError::Endless => Self::Refused { reason },
        }
    }
}
