//! Whose a dispute is.
#![expect(clippy::unwrap_used, reason = "what is not as expected should panic")]

use chargebook_domain::{BookRules, CustomerKey, Observation, OrderPayment, Stored, decide};
use chargebook_port_contracts::samples::{day, observation, payment, sample_key};

fn key() -> CustomerKey {
    CustomerKey::new(b"a key of customers").unwrap()
}

fn seen() -> Observation {
    observation("evt_1", "needs_response", day(1))
}

#[test]
fn a_dispute_belongs_to_the_customer_of_its_order() {
    let named = OrderPayment { customer_email: Some("Jo@example.com".to_owned()), ..payment("#1") };
    let rules = BookRules { customer_key: Some(key()), ..BookRules::default() };
    let of = |payments: Vec<OrderPayment>| {
        let stored = Stored { payments, ..Stored::default() };
        decide(&sample_key(), &stored, &[seen()], rules).unwrap().dispute.customer
    };
    assert_eq!(of(vec![named.clone()]), key().customer("jo@example.com"));
    assert_eq!(of(vec![payment("#1")]), None);
    assert_eq!(of(vec![named, payment("#2")]), None, "of two orders nobody knows whose it is");
}

#[test]
fn who_runs_without_the_key_takes_no_customer_away() {
    let customer = key().customer("jo@example.com");
    let stored = Stored { version: 1, customer: customer.clone(), was_matched: true, ..Stored::default() };
    let stored = Stored { payments: vec![payment("#1")], ..stored };
    let change = decide(&sample_key(), &stored, &[seen()], BookRules::default()).unwrap();
    assert_eq!(change.dispute.customer, customer);
}
