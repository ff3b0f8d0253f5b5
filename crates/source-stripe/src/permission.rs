//! What the key may read, found out by asking.

use std::time::Duration;

use chargebook_domain::ports::ReadError;

use crate::client::StripeApi;
use crate::error::ApiError;
use crate::page::List;
use crate::patience::Patience;
use crate::request::{self, Endpoint};

/// A permission of the key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Permission {
    /// As Stripe's dashboard calls it.
    pub name: &'static str,
    /// What does not work without it.
    pub needed_for: &'static str,
    /// Whether the key has it.
    pub state: PermissionState,
}

/// Whether a key has a permission.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PermissionState {
    /// It has.
    Granted,
    /// It has not.
    Missing,
    /// It could not be found out.
    Unknown(ReadError),
}

const NEEDED: [(Endpoint, &str); 5] = [
    (Endpoint::Disputes, "reading disputes: the backfill, and what events leave open"),
    (Endpoint::Events, "finding webhooks that never came"),
    (Endpoint::BalanceTransactions, "money that no event tells of: late wins, fees of the account, the tie-out"),
    (Endpoint::Charges, "finding the order of a dispute by its charge's metadata"),
    (Endpoint::PaymentIntents, "finding the order of a dispute by its payment's metadata"),
];

impl StripeApi {
    /// Asks for one object of each kind, to see whether the key may read it. Somebody waits for it, so that it is not
    /// insisted: what keeps one from being answered is taken to keep the others as well.
    pub async fn permissions(&self) -> Vec<Permission> {
        let patience = Patience { attempts: 2, in_all: Duration::from_secs(15), ..Patience::default() };
        let mut permissions = Vec::new();
        let mut broken: Option<ApiError> = None;
        for (endpoint, needed_for) in NEEDED {
            let outcome = match broken {
                Some(error) => Err(error),
                None => self.ask::<List>(&request::one_of(endpoint), &patience).await,
            };
            let state = match outcome.and_then(|answer| answer.content.check()) {
                Ok(()) => PermissionState::Granted,
                Err(ApiError::NotPermitted { .. }) => PermissionState::Missing,
                Err(error) => {
                    broken = Some(error);
                    PermissionState::Unknown(error.into())
                }
            };
            permissions.push(Permission { name: endpoint.permission(), needed_for, state });
        }
        permissions
    }
}
