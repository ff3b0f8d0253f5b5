//! The sentences of [`OrderBook`](chargebook_domain::ports::OrderBook).

use chargebook_domain::ports::{Answer, Imported, LedgerError, Link, Linked, Lookup};
use chargebook_domain::{DisputeKey, Observation, OrderPayment, OrderRef};
use chrono::{DateTime, Utc};

use super::{Books, decided, load, match_again, observe, record, recorded, sealing};
use crate::samples::{change_entry, charge, day, dispute_key, intent, observation, order, payment, sample_key};

fn link(order_ref: &str, linked_at: DateTime<Utc>) -> Link {
    Link {
        key: sample_key(),
        order: order(order_ref),
        linked_by: "ana".to_owned(),
        reason: "the customer said so".to_owned(),
        linked_at,
    }
}

/// A payment that no sample observation names.
fn unrelated(order_ref: &str) -> OrderPayment {
    OrderPayment { charge: Some(charge("ch_unrelated")), ..payment(order_ref) }
}

async fn due(books: &dyn Books) -> Vec<DisputeKey> {
    books.due(None, 100).await.unwrap()
}

async fn candidates(books: &dyn Books, lookup: Lookup) -> Vec<OrderRef> {
    let stored = books.load(&[lookup]).await.unwrap().pop().unwrap();
    let mut orders: Vec<_> = stored.payments.into_iter().map(|payment| payment.order_ref).collect();
    orders.sort();
    orders
}

/// The order that a summary shows for the sample dispute, which must be decided.
async fn matched(books: &dyn Books) -> Option<OrderRef> {
    let day_books = books.books(&sealing::seal_of(90), None).await.unwrap();
    day_books.rows.into_iter().find(|row| row.key == sample_key()).unwrap().order
}

/// Payments that were not known, whose content changed, and that were known as they are.
pub async fn an_import_counts_what_is_new_changed_and_the_same(books: &dyn Books) {
    let whole = OrderPayment {
        payment_intent: Some(intent("pi_9")),
        refunded_minor: Some(5),
        customer_email: Some("a@example.com".to_owned()),
        placed_at: Some(day(-3)),
        ..payment("#1")
    };
    let first = [whole.clone(), payment("#2"), OrderPayment { charge: None, ..payment("#3") }];
    assert_eq!(books.import(&first).await.unwrap(), Imported { new: 3, changed: 0, same: 0 });
    assert_eq!(books.import(&first).await.unwrap(), Imported { new: 0, changed: 0, same: 3 });
    let changed = OrderPayment { refunded_minor: Some(6), ..whole.clone() };
    let second = [changed.clone(), payment("#2"), payment("#3")];
    let expected = Imported { new: 1, changed: 1, same: 1 };
    assert_eq!(books.import(&second).await.unwrap(), expected, "another charge is another payment of the order");
    let asked = Lookup { order: Some(order("#1")), ..Lookup::recorded(sample_key()) };
    let stored = books.load(&[asked]).await.unwrap().pop().unwrap();
    assert_eq!(stored.payments, [changed]);
    assert_eq!(books.import(&[]).await.unwrap(), Imported::default());
}

/// All of them or none.
pub async fn an_import_is_all_or_none(books: &dyn Books) {
    let poison = OrderPayment { customer_email: Some("a\0b".to_owned()), ..unrelated("#2") };
    let refused = books.import(&[payment("#1"), poison]).await;
    assert!(matches!(refused, Err(LedgerError::Refused { .. })), "{refused:?}");
    let asked = Lookup { order: Some(order("#1")), ..Lookup::recorded(sample_key()) };
    assert!(candidates(books, asked).await.is_empty());
}

/// Payments of orders that could be its own: by what is recorded, by what is asked, and by a person's choice.
pub async fn candidates_are_found_by_charge_intent_hint_and_link(books: &dyn Books) {
    let by_intent = OrderPayment { charge: None, payment_intent: Some(intent("pi_1")), ..payment("#intent") };
    let second = OrderPayment { charge: Some(charge("ch_2")), ..payment("#charge2") };
    let imported = [payment("#charge"), second, by_intent, unrelated("#hint"), unrelated("#link"), unrelated("#no")];
    books.import(&imported).await.unwrap();

    let unseen = Lookup::recorded(sample_key());
    assert!(candidates(books, unseen.clone()).await.is_empty());
    let asked = Lookup {
        charge: Some(charge("ch_1")),
        payment_intent: Some(intent("pi_1")),
        order: Some(order("#hint")),
        ..unseen.clone()
    };
    let expected = ["#charge", "#hint", "#intent"].map(order);
    assert_eq!(candidates(books, asked).await, expected, "of a dispute that was never seen");

    let mut seen = observation("evt_1", "lost", day(40));
    seen.claims.order_hint = Some(order("#hint"));
    observe(books, &seen).await;
    assert_eq!(candidates(books, unseen.clone()).await, expected, "as recorded");
    let asked = Lookup { charge: Some(charge("ch_2")), ..unseen.clone() };
    let expected = ["#charge", "#charge2", "#hint", "#intent"].map(order);
    assert_eq!(candidates(books, asked).await, expected, "as recorded and as asked");
    books.link(&link("#link", day(41))).await.unwrap();
    let expected = ["#charge", "#hint", "#intent", "#link"].map(order);
    assert_eq!(candidates(books, unseen).await, expected, "as a person chose");
    assert_eq!(load(books, &sample_key()).await.linked, Some(order("#link")));
}

/// A dispute is due that has no order, and now there is one.
pub async fn a_dispute_without_an_order_is_due_when_its_order_appears(books: &dyn Books) {
    observe(books, &observation("evt_1", "lost", day(40))).await;
    assert!(due(books).await.is_empty());
    books.import(&[payment("#1")]).await.unwrap();
    assert_eq!(due(books).await, [sample_key()]);
    assert_eq!(matched(books).await, None);
    assert_eq!(match_again(books, &sample_key()).await, recorded(&[]));
    assert_eq!(matched(books).await, Some(order("#1")));
    assert!(due(books).await.is_empty());
}

/// A dispute is due whose order was imported since with other content, and no more once it was matched again.
pub async fn a_dispute_is_due_when_its_order_changed(books: &dyn Books) {
    books.import(&[payment("#1")]).await.unwrap();
    observe(books, &observation("evt_1", "lost", day(40))).await;
    assert!(due(books).await.is_empty());
    books.import(&[payment("#1")]).await.unwrap();
    assert!(due(books).await.is_empty(), "the same content again is no change");
    books.import(&[OrderPayment { refunded_minor: Some(1), ..payment("#1") }]).await.unwrap();
    assert_eq!(due(books).await, [sample_key()]);
    match_again(books, &sample_key()).await;
    assert!(due(books).await.is_empty());
    books
        .import(&[OrderPayment { charge: None, payment_intent: Some(intent("pi_1")), ..payment("#2") }])
        .await
        .unwrap();
    assert_eq!(due(books).await, [sample_key()], "another order that it could be of");
}

/// Only the disputes that the payments could concern become due.
pub async fn a_dispute_that_an_import_does_not_concern_is_not_due(books: &dyn Books) {
    let mut unnamed = observation("evt_1", "lost", day(40));
    (unnamed.claims.charge, unnamed.claims.payment_intent) = (None, None);
    observe(books, &unnamed).await;
    let nameless = OrderPayment { charge: None, ..payment("#2") };
    books.import(&[payment("#1"), nameless]).await.unwrap();
    assert!(due(books).await.is_empty(), "that both name nothing is no match");
}

/// A dispute that nobody knew when an import began is matched by what was imported, also where it had another order.
pub async fn an_import_beside_a_new_dispute_is_not_lost(books: &dyn Books) {
    let by_intent = OrderPayment { charge: None, payment_intent: Some(intent("pi_1")), ..payment("#1") };
    books.import(&[by_intent]).await.unwrap();
    let seen = observation("evt_1", "lost", day(40));
    let entry = change_entry(decided(books, &seen).await, &["evt_1"]);
    books.import(&[payment("#2")]).await.unwrap();
    if record(books, entry, day(40)).await == Answer::Stale {
        observe(books, &seen).await;
    }
    for key in due(books).await {
        match_again(books, &key).await;
    }
    assert_eq!(matched(books).await, Some(order("#2")), "the charge tells before the payment intent");
}

/// What was decided before an import, and recorded after it, does not hide the import.
pub async fn an_import_meanwhile_is_not_lost(books: &dyn Books) {
    let first = change_entry(decided(books, &observation("evt_1", "lost", day(40))).await, &["evt_1"]);
    books.import(&[payment("#1")]).await.unwrap();
    if record(books, first, day(40)).await == Answer::Stale {
        observe(books, &observation("evt_1", "lost", day(40))).await;
    }
    for key in due(books).await {
        match_again(books, &key).await;
    }
    assert_eq!(matched(books).await, Some(order("#1")), "on the first sight of the dispute");

    let second = change_entry(decided(books, &observation("evt_2", "won", day(41))).await, &["evt_2"]);
    let by_intent = OrderPayment { charge: None, payment_intent: Some(intent("pi_1")), ..payment("#1") };
    books.import(&[OrderPayment { refunded_minor: Some(1), ..payment("#1") }, by_intent]).await.unwrap();
    books.link(&link("#1", day(42))).await.unwrap();
    let answer = record(books, second, day(43)).await;
    assert!(answer == Answer::Stale || due(books).await == [sample_key()], "on a later one");
}

/// Up to `limit` of them, by key after `after`.
pub async fn disputes_are_due_by_key_in_pages(books: &dyn Books) {
    for n in [3, 1, 5, 2, 4] {
        let cause = format!("evt_{n}");
        let seen = Observation { key: dispute_key(&format!("du_{n}")), ..observation(&cause, "lost", day(40)) };
        observe(books, &seen).await;
    }
    books.import(&[payment("#1")]).await.unwrap();
    let (mut after, mut pages) = (None, Vec::new());
    loop {
        let page = books.due(after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.clone());
        pages.push(page.iter().map(|key| key.dispute.to_string()).collect::<Vec<_>>());
    }
    assert_eq!(pages, [vec!["du_1", "du_2"], vec!["du_3", "du_4"], vec!["du_5"]]);
}

/// The link is kept, and the dispute is due to be matched.
pub async fn a_link_is_kept_and_makes_the_dispute_due(books: &dyn Books) {
    books.import(&[payment("#1"), payment("#2")]).await.unwrap();
    observe(books, &observation("evt_1", "lost", day(40))).await;
    assert_eq!(matched(books).await, None, "it is ambiguous");
    assert_eq!(books.link(&link("#2", day(41))).await.unwrap(), Linked::Kept);
    assert_eq!(due(books).await, [sample_key()]);
    assert_eq!(match_again(books, &sample_key()).await, recorded(&[]));
    assert_eq!(matched(books).await, Some(order("#2")));
    assert!(due(books).await.is_empty());
}

/// Every choice is kept beside all earlier ones, and the latest counts.
pub async fn the_latest_link_counts(books: &dyn Books) {
    books.import(&[payment("#1"), payment("#2")]).await.unwrap();
    observe(books, &observation("evt_1", "lost", day(40))).await;
    for (order_ref, linked_at) in [("#2", day(41)), ("#1", day(42))] {
        assert_eq!(books.link(&link(order_ref, linked_at)).await.unwrap(), Linked::Kept);
        match_again(books, &sample_key()).await;
        assert_eq!(matched(books).await, Some(order(order_ref)));
    }
    assert_eq!(load(books, &sample_key()).await.linked, Some(order("#1")));
}

/// There is no such dispute, or no such order: then nothing is kept.
pub async fn a_link_needs_a_dispute_and_an_order(books: &dyn Books) {
    books.import(&[unrelated("#1")]).await.unwrap();
    assert_eq!(books.link(&link("#1", day(41))).await.unwrap(), Linked::NoSuchDispute);
    observe(books, &observation("evt_1", "lost", day(40))).await;
    assert_eq!(books.link(&link("#2", day(42))).await.unwrap(), Linked::NoSuchOrder);
    assert_eq!(load(books, &sample_key()).await.linked, None);
    assert!(due(books).await.is_empty());
}
