//! The body of Stripe's webhook, behind a right signature.

use std::sync::LazyLock;

use chargebook_domain::ports::{Delivery, DeliveryRefused, DisputeSource};
use chargebook_source_stripe::{StripeDisputeSource, read_kept, sign};

use super::{check_event, now, own};
use crate::corpus;

const SECRET: &str = "whsec_one";

pub(crate) const WORDS: &[&str] = &[
    "id",
    "object",
    "type",
    "account",
    "livemode",
    "created",
    "data",
    "event",
    "dispute",
    "v2.core.event",
    "charge.dispute.closed",
    "charge.dispute.created",
    "radar.early_fraud_warning.created",
    "acct_1",
    "status",
    "amount",
    "currency",
    "charge",
    "payment_intent",
    "reason",
    "metadata",
    "order_ref",
    "order_id",
    "evidence_details",
    "due_by",
    "submission_count",
    "payment_method_details",
    "card",
    "brand",
    "last4",
    "case_type",
    "fingerprint",
    "fraud_type",
    "actionable",
    "balance_transactions",
    "fee",
    "net",
    "reporting_category",
    "dispute_reversal",
    "description",
    "source",
    "available_on",
    "adjustment",
    "won",
    "lost",
    "needs_response",
    "warning_closed",
    "prevented",
    "jpy",
    "kwd",
    "zzz",
];

static SOURCE: LazyLock<StripeDisputeSource> = LazyLock::new(|| StripeDisputeSource::new(vec![SECRET.into()]).unwrap());

/// What is signed is never refused, reads the same when it is read again later, and can be booked or is told why not.
pub(crate) fn run(body: &[u8]) {
    let Ok(text) = std::str::from_utf8(body) else {
        let delivery = Delivery { signature: Some(""), body, received_at: now() };
        assert_eq!(SOURCE.receive(&delivery), Err(DeliveryRefused::BodyNotUtf8));
        return;
    };
    let header = sign(text, SECRET, now());
    let event = SOURCE.receive(&Delivery { signature: Some(&header), body, received_at: now() }).unwrap();
    check_event(&event);
    assert_eq!(read_kept(&own(), text), event, "read again it is another");
}

pub(crate) fn corpus() -> Vec<Vec<u8>> {
    let events = corpus::told().into_iter().flat_map(|story| story.events);
    corpus::folder("crates/source-stripe/fixtures").into_iter().chain(events.map(|event| event.body.into())).collect()
}
