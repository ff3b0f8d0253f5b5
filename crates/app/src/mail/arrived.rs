//! What arrived on the day, and how far it was compared with Stripe.

use chargebook_domain::summary::{Received, Summary};

use super::lines::moment;

pub(super) struct Arrived {
    pub(super) received: Received,
    pub(super) last_at: Option<String>,
    pub(super) whole_until: Option<String>,
    pub(super) money_compared_at: Option<String>,
}

impl Arrived {
    pub(super) fn of(summary: &Summary) -> Option<Self> {
        let received = summary.received?;
        let moment = |at| moment(at, summary.zone);
        Some(Self {
            received,
            last_at: received.last_at.map(moment),
            whole_until: received.whole_until.map(moment),
            money_compared_at: received.money_compared_at.map(moment),
        })
    }
}
