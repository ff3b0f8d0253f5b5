//! What Chargebook asks of Stripe's API: nothing but to read.

use chargebook_domain::ports::{Detail, Listing, MovementKind, Period};
use chargebook_domain::{AccountId, DisputeKey};
use chrono::{DateTime, Utc};
use stripe_client_core::{RequestBuilder, StripeMethod};
use url::form_urlencoded;

/// The most that Stripe gives.
pub(crate) const PAGE: usize = 100;

/// What the API has a limit and a permission for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Endpoint {
    Disputes,
    Dispute,
    Events,
    BalanceTransactions,
    Charges,
    PaymentIntents,
}

impl Endpoint {
    fn path(self) -> &'static str {
        match self {
            Self::Disputes | Self::Dispute => "/disputes",
            Self::Events => "/events",
            Self::BalanceTransactions => "/balance_transactions",
            Self::Charges => "/charges",
            Self::PaymentIntents => "/payment_intents",
        }
    }

    /// The permission of a restricted key, as Stripe's dashboard calls it.
    pub(crate) fn permission(self) -> &'static str {
        match self {
            Self::Disputes | Self::Dispute => "Disputes",
            Self::Events => "Events",
            Self::BalanceTransactions => "Balance transactions",
            Self::Charges => "Charges",
            Self::PaymentIntents => "PaymentIntents",
        }
    }
}

/// One thing to ask, and of which account.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) endpoint: Endpoint,
    pub(crate) account: AccountId,
    pub(crate) request: RequestBuilder,
}

/// `GET /v1/disputes/{id}`, or `None` for an id that Stripe can't have given.
pub(crate) fn dispute(key: &DisputeKey, detail: Detail) -> Option<Ask> {
    let id = key.dispute.as_str();
    // It becomes a part of the path, which nothing else may be able to.
    if !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return None;
    }
    let expanded = expanded(detail, ["charge", "payment_intent"]);
    let path = format!("{}/{id}", Endpoint::Dispute.path());
    Some(ask(Endpoint::Dispute, key.account.clone(), path, expanded))
}

/// A page of `GET /v1/disputes`.
pub(crate) fn disputes(listing: &Listing, detail: Detail) -> Ask {
    list(Endpoint::Disputes, listing, expanded(detail, ["data.charge", "data.payment_intent"]))
}

/// A page of `GET /v1/events`, of those about disputes.
pub(crate) fn events(listing: &Listing) -> Ask {
    list(Endpoint::Events, listing, vec![("type", "charge.dispute.*".to_owned())])
}

/// A page of `GET /v1/balance_transactions`.
pub(crate) fn movements(listing: &Listing, kind: MovementKind) -> Ask {
    let stripe_type = match kind {
        MovementKind::Adjustment => "adjustment",
        MovementKind::Fee => "stripe_fee",
    };
    list(Endpoint::BalanceTransactions, listing, vec![("type", stripe_type.to_owned())])
}

/// The shortest list of all, to see whether it may be read.
pub(crate) fn one_of(endpoint: Endpoint) -> Ask {
    ask(endpoint, AccountId::own(), endpoint.path().to_owned(), vec![("limit", "1".to_owned())])
}

type Pairs = Vec<(&'static str, String)>;

fn list(endpoint: Endpoint, listing: &Listing, more: Pairs) -> Ask {
    let Period { from, until } = listing.period;
    let mut pairs = vec![
        ("limit", PAGE.to_string()),
        ("created[gte]", seconds(from).to_string()),
        ("created[lt]", seconds(until).to_string()),
    ];
    pairs.extend(more);
    if let Some(cursor) = &listing.after {
        pairs.push(("starting_after", cursor.as_str().to_owned()));
    }
    ask(endpoint, listing.account.clone(), endpoint.path().to_owned(), pairs)
}

fn expanded(detail: Detail, paths: [&str; 2]) -> Pairs {
    match detail {
        Detail::Dispute => Vec::new(),
        Detail::WithPayment => paths.map(|path| ("expand[]", path.to_owned())).into(),
    }
}

/// Stripe counts in whole seconds, so that a bound within one means the next.
fn seconds(time: DateTime<Utc>) -> i64 {
    time.timestamp().saturating_add(i64::from(time.timestamp_subsec_nanos() > 0))
}

fn ask(endpoint: Endpoint, account: AccountId, path: String, pairs: Pairs) -> Ask {
    let mut request = RequestBuilder::new(StripeMethod::Get, path);
    if !pairs.is_empty() {
        request.query = Some(form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish());
    }
    Ask { endpoint, account, request }
}
