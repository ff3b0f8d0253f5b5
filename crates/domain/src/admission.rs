//! Which observations are expected here. What is not expected is kept whole, and booked by nobody.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::ports::{Reading, SourceEvent};
use crate::{AccountId, Movement};

/// How far ahead of our clock a source may be.
pub const AHEAD_MAX: TimeDelta = TimeDelta::hours(24);

/// The largest amount that is booked, in minor units: ten trillion dollars. So no sum over the books can exceed 64 bits.
pub const AMOUNT_MAX: u64 = 1_000_000_000_000_000;

/// What this deployment expects.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Admission {
    /// Whether it keeps the books of live payments, or of test ones.
    pub livemode: bool,
    /// The connected accounts whose books it keeps; empty for any.
    pub accounts: BTreeSet<AccountId>,
}

impl Admission {
    /// Why an event must be quarantined, or `None` when it is expected.
    #[must_use]
    pub fn objection(&self, event: &SourceEvent, now: DateTime<Utc>) -> Option<String> {
        let as_of = match &event.reading {
            Reading::Dispute(observation) => observation.as_of,
            Reading::FraudWarning(warning) => warning.occurred_at,
            Reading::NotADispute | Reading::Order(_) => return None,
            Reading::NotUnderstood { reason } | Reading::OrderNotUnderstood { reason } => return Some(reason.clone()),
        };
        let mode = |live| if live { "live" } else { "test" };
        if event.livemode.is_some_and(|livemode| livemode != self.livemode) {
            let (theirs, ours) = (mode(!self.livemode), mode(self.livemode));
            return Some(format!(
                "a {theirs} mode event, and this deployment keeps {ours} mode books (stripe.livemode)"
            ));
        }
        let is_connected = event.account.is_at_stripe() && event.account != AccountId::own();
        if is_connected && !self.accounts.is_empty() && !self.accounts.contains(&event.account) {
            return Some(format!("account {} is not in stripe.accounts", event.account));
        }
        if let Reading::Dispute(observation) = &event.reading {
            if is_vast(observation.claims.disputed.minor()) {
                return Some(too_vast());
            }
            if let Some(reason) = Self::objection_to_amounts(&observation.movements) {
                return Some(reason);
            }
        }
        let ahead = as_of.signed_duration_since(now) > AHEAD_MAX;
        ahead.then(|| "it is dated more than 24 hours ahead of this machine's clock".to_owned())
    }

    /// Whether an order belongs to these books. One of the other mode is none of theirs: a shop that is tried out sends
    /// such orders, and nobody need look at them.
    #[must_use]
    pub fn takes_order(&self, event: &SourceEvent) -> bool {
        event.livemode.is_none_or(|livemode| livemode == self.livemode)
    }

    /// Why movements must be quarantined for their amounts, or `None` when they can be booked.
    pub(crate) fn objection_to_amounts<'a>(movements: impl IntoIterator<Item = &'a Movement>) -> Option<String> {
        let mut amounts = movements.into_iter().flat_map(|m| [m.amount_minor, m.fee_minor, m.net_minor]);
        amounts.any(is_vast).then(too_vast)
    }
}

fn is_vast(minor: i64) -> bool {
    minor.unsigned_abs() > AMOUNT_MAX
}

fn too_vast() -> String {
    format!("an amount of more than {AMOUNT_MAX} minor units")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Basis, CauseId, Claims, Currency, DisputeId, DisputeKey, Money, Observation, Status};

    fn event(account: &str, livemode: Option<bool>, as_of: DateTime<Utc>) -> SourceEvent {
        let account = AccountId::parse(account).unwrap();
        let id = CauseId::parse("evt_1").unwrap();
        let key = DisputeKey { account: account.clone(), dispute: DisputeId::parse("du_1").unwrap() };
        let claims = Claims::of(Money::new(1, Currency::parse("usd").unwrap()));
        let observation = Observation {
            key,
            cause: id.clone(),
            basis: Basis::Event,
            as_of,
            status: Status::Won,
            claims,
            movements: vec![],
        };
        let reading = Reading::Dispute(Box::new(observation));
        SourceEvent { account, id, event_type: String::new(), livemode, reading }
    }

    #[test]
    fn what_is_of_another_mode_account_or_time_is_not_expected() {
        let now = DateTime::from_timestamp(1_000_000, 0).unwrap();
        let mine = AccountId::parse("acct_1").unwrap();
        let admission = Admission { livemode: true, accounts: BTreeSet::from([mine]) };
        let objection = |account, livemode, as_of| admission.objection(&event(account, livemode, as_of), now);
        assert_eq!(objection("acct_1", Some(true), now), None);
        assert_eq!(objection("default", None, now + AHEAD_MAX), None);
        assert!(objection("acct_1", Some(false), now).unwrap().contains("test mode"));
        assert!(objection("acct_2", Some(true), now).unwrap().contains("acct_2"));
        assert!(objection("acct_1", Some(true), now + AHEAD_MAX + TimeDelta::seconds(1)).unwrap().contains("24 hours"));
        let mut vast = event("acct_1", Some(true), now);
        let Reading::Dispute(observation) = &mut vast.reading else { panic!("a dispute") };
        observation.claims.disputed = Money::new(i64::MIN, Currency::parse("usd").unwrap());
        assert!(admission.objection(&vast, now).unwrap().contains("minor units"));
        for (livemode, is_taken) in [(Some(true), true), (Some(false), false), (None, true)] {
            let order = SourceEvent { reading: Reading::Order(vec![]), ..event("default", livemode, now) };
            assert_eq!((admission.takes_order(&order), admission.objection(&order, now)), (is_taken, None));
        }
        let any = Admission { livemode: true, accounts: BTreeSet::new() };
        assert_eq!(any.objection(&event("acct_2", Some(true), now), now), None);
    }
}
