//! What is asked for, and the log of it.

use std::time::Duration;

use tokio::time::Instant;

/// A kind of objects.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Resource {
    /// `/v1/disputes`, by `created`, `charge` and `payment_intent`; the last two can be expanded.
    Disputes,
    /// `/v1/charges`, by `created` and `payment_intent`.
    Charges,
    /// `/v1/payment_intents`, by `created`.
    PaymentIntents,
    /// `/v1/balance_transactions`, by `created`, `type`, `currency`, `source` and `payout`. As at Stripe, no row is found
    /// by the dispute that it came from. No row is of any payout.
    BalanceTransactions,
    /// `/v1/events`, by `created`, `type` (which may end in `*`) and `types[]`. Those of the last 30 days only.
    Events,
}

impl Resource {
    pub(super) const ALL: [Self; 5] =
        [Self::Disputes, Self::Charges, Self::PaymentIntents, Self::BalanceTransactions, Self::Events];

    /// Its name in paths.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Disputes => "disputes",
            Self::Charges => "charges",
            Self::PaymentIntents => "payment_intents",
            Self::BalanceTransactions => "balance_transactions",
            Self::Events => "events",
        }
    }

    /// The field `object` of its objects.
    pub(super) fn object(self) -> &'static str {
        self.name().trim_end_matches('s')
    }

    /// The fields that lists are filtered by, or that can be expanded.
    pub(super) fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Disputes => &["charge", "payment_intent"],
            Self::Charges => &["payment_intent"],
            Self::PaymentIntents => &[],
            Self::BalanceTransactions => &["type", "currency", "source"],
            Self::Events => &["type"],
        }
    }
}

/// An operation, which Stripe limits by itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Endpoint {
    /// A page of a list.
    List(Resource),
    /// One object.
    Retrieve(Resource),
}

impl Endpoint {
    /// What objects it gives.
    #[must_use]
    pub fn resource(self) -> Resource {
        match self {
            Self::List(resource) | Self::Retrieve(resource) => resource,
        }
    }
}

/// A request as it came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// The path, such as `/v1/disputes`.
    pub path: String,
    /// What it asked for; `None` when the fake knows no such path.
    pub endpoint: Option<Endpoint>,
    /// The query, decoded, in its order.
    pub query: Vec<(String, String)>,
    /// The header `Stripe-Account`.
    pub account: Option<String>,
    /// The header `Stripe-Version`.
    pub version: Option<String>,
    /// When it had been read.
    pub at: Instant,
    /// How it was answered; `None` when it was not.
    pub status: Option<u16>,
}

/// The most requests that came within any one second.
#[must_use]
pub fn busiest_second(requests: &[Request]) -> usize {
    let within = |first: usize| {
        let end = requests[first].at + Duration::from_secs(1);
        requests[first..].iter().take_while(|request| request.at < end).count()
    };
    (0..requests.len()).map(within).max().unwrap_or(0)
}
