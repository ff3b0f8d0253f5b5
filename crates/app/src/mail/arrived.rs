//! What arrived on the day, and how far it was compared with Stripe.

use chargebook_domain::summary::{Received, Summary};

use super::lines::moment;

pub(super) struct Arrived {
    pub(super) received: Received,
    /// From when until when every event is here.
    pub(super) whole: Option<[String; 2]>,
    pub(super) money_compared_at: Option<String>,
}

impl Arrived {
    pub(super) fn of(summary: &Summary) -> Option<Self> {
        let received = summary.received?;
        let moment = |at| moment(at, summary.zone);
        let whole = received.whole.map(|of| [moment(of.from), moment(of.until)]);
        Some(Self { received, whole, money_compared_at: received.money_compared_at.map(moment) })
    }
}
