//! The sentences of [`Customers`](chargebook_domain::ports::Customers).

use chargebook_domain::ports::{Answer, Lookup, Rehashed};
use chargebook_domain::{BookRules, Claims, CustomerId, CustomerKey, DisputeKey, Observation, OrderPayment, decide};
use futures_util::future::{join, join_all};

use super::{Books, load, record, recorded};
use crate::samples::{change_entry, charge, claims, customer_key, day, dispute_key, observation, payment};

const JO: &str = "jo@example.com";

/// More steps than any of these cases needs.
const STEPS_MAX: usize = 100;

const RACERS: usize = 8;

fn key() -> CustomerKey {
    customer_key("the first key")
}

fn other_key() -> CustomerKey {
    customer_key("another key")
}

fn of(key: CustomerKey, email: &str) -> Option<CustomerId> {
    key.customer(email)
}

/// The payment of an order by charge `ch_<name>`.
fn paid(name: &str, email: Option<&str>) -> OrderPayment {
    OrderPayment {
        charge: Some(charge(&format!("ch_{name}"))),
        customer_email: email.map(str::to_owned),
        ..payment(&format!("#{name}"))
    }
}

/// What is told of dispute `du_<name>` of charge `ch_<name>`.
fn seen(name: &str) -> Observation {
    Observation {
        key: dispute_key(&format!("du_{name}")),
        claims: Claims { charge: Some(charge(&format!("ch_{name}"))), payment_intent: None, ..claims() },
        ..observation(&format!("evt_{name}"), "lost", day(1))
    }
}

fn rules(customer_key: Option<CustomerKey>) -> BookRules {
    BookRules { customer_key, ..BookRules::default() }
}

/// Books a dispute as a server with this key does.
async fn book(books: &dyn Books, name: &str, key: Option<CustomerKey>) -> Answer {
    let seen = seen(name);
    let stored = books.load(&[Lookup::of(&seen)]).await.unwrap().pop().unwrap();
    let change = decide(&seen.key, &stored, std::slice::from_ref(&seen), rules(key)).unwrap();
    record(books, change_entry(change, &[seen.cause.as_str()]), day(1)).await
}

/// Decides all that is due again; answers which disputes these were.
async fn sweep(books: &dyn Books, key: CustomerKey) -> Vec<DisputeKey> {
    let due = books.due(None, 100).await.unwrap();
    for dispute in &due {
        let change = decide(dispute, &load(books, dispute).await, &[], rules(Some(key))).unwrap();
        assert_eq!(record(books, change_entry(change, &[]), day(2)).await, recorded(&[]));
    }
    due
}

/// All steps together.
async fn rehash(books: &dyn Books, key: CustomerKey) -> (u64, u64) {
    let (mut orders, mut customers) = (0, 0);
    for _ in 0..STEPS_MAX {
        let step: Rehashed = books.rehash(key, day(3)).await.unwrap();
        orders += step.orders;
        customers += step.customers;
        if step.is_done {
            return (orders, customers);
        }
    }
    panic!("it is not done after {STEPS_MAX} steps");
}

async fn customer(books: &dyn Books, name: &str) -> Option<CustomerId> {
    load(books, &dispute_key(&format!("du_{name}"))).await.customer
}

/// In empty books, and where all is known by the key already.
pub async fn what_is_hashed_already_is_left_as_it_is(books: &dyn Books) {
    assert_eq!(rehash(books, key()).await, (0, 0));
    books.import(&[paid("a", Some(JO)), paid("b", None)]).await.unwrap();
    book(books, "a", Some(key())).await;
    rehash(books, key()).await;
    assert_eq!(rehash(books, key()).await, (0, 0));
    assert_eq!(customer(books, "a").await, of(key(), JO));
    assert_eq!(books.due(None, 100).await.unwrap(), []);
}

/// With the key that is set first, the orders that are there get their hashes, and their disputes are decided again.
pub async fn the_disputes_of_known_orders_get_their_customers_when_a_key_is_set(books: &dyn Books) {
    books.import(&[paid("a", Some(" Jo@Example.com")), paid("b", None), paid("c", Some(" "))]).await.unwrap();
    for name in ["a", "b", "c", "orphan"] {
        book(books, name, None).await;
        assert_eq!(customer(books, name).await, None);
    }
    rehash(books, other_key()).await;
    assert_eq!(sweep(books, other_key()).await, [dispute_key("du_a")]);
    assert_eq!(customer(books, "a").await, of(other_key(), JO));
    for name in ["b", "c", "orphan"] {
        assert_eq!(customer(books, name).await, None);
    }
}

/// With another key, disputes have the new hash at once. Nothing happened to them: none is decided again.
pub async fn under_another_key_customers_are_known_by_their_new_hash(books: &dyn Books) {
    books.import(&[paid("a", Some(JO)), paid("b", Some(JO)), paid("c", Some("al@example.com"))]).await.unwrap();
    rehash(books, key()).await;
    for name in ["a", "b", "c"] {
        book(books, name, Some(key())).await;
    }
    assert_eq!(rehash(books, other_key()).await, (3, 2));
    for (name, email) in [("a", JO), ("b", JO), ("c", "al@example.com")] {
        assert_eq!(customer(books, name).await, of(other_key(), email));
    }
    assert_eq!(books.due(None, 100).await.unwrap(), []);
    assert_eq!(rehash(books, other_key()).await, (0, 0));
}

/// A key that was given up can come back.
pub async fn a_former_key_can_come_back(books: &dyn Books) {
    books.import(&[paid("a", Some(JO))]).await.unwrap();
    rehash(books, key()).await;
    book(books, "a", Some(key())).await;
    for now in [other_key(), key(), other_key()] {
        assert_eq!(rehash(books, now).await, (1, 1));
        assert_eq!(customer(books, "a").await, of(now, JO));
    }
}

/// An order that is imported again between the change of the key and the hashing has not lost its customer.
pub async fn an_import_before_the_hashing_does_not_cut_a_customer_off(books: &dyn Books) {
    books.import(&[paid("a", Some(JO))]).await.unwrap();
    rehash(books, key()).await;
    book(books, "a", Some(key())).await;
    let again = OrderPayment { refunded_minor: Some(1), ..paid("a", Some("JO@example.com ")) };
    assert_eq!(books.import(&[again]).await.unwrap().changed, 1);
    assert_eq!(rehash(books, other_key()).await.1, 1);
    assert_eq!(customer(books, "a").await, of(other_key(), JO));
}

/// The address of an order can change: then it is another customer's. It can go: then it is nobody's.
pub async fn an_order_with_another_address_is_another_customers(books: &dyn Books) {
    books.import(&[paid("a", Some(JO)), paid("b", Some(JO))]).await.unwrap();
    rehash(books, key()).await;
    for name in ["a", "b"] {
        book(books, name, Some(key())).await;
    }
    books.import(&[paid("a", Some("al@example.com")), paid("b", None)]).await.unwrap();
    rehash(books, other_key()).await;
    sweep(books, other_key()).await;
    assert_eq!(customer(books, "a").await, of(other_key(), "al@example.com"));
    assert_eq!(customer(books, "b").await, None);
}

/// Whatever a server with a former key, or with none, still writes: in the end every dispute has its customer.
pub async fn what_is_written_meanwhile_under_another_key_is_found(books: &dyn Books) {
    let names: Vec<_> = (0..RACERS).map(|n| format!("{n}")).collect();
    let payments: Vec<_> = names.iter().map(|name| paid(name, Some(&format!("{name}@example.com")))).collect();
    let writing = names.iter().zip(&payments).map(async |(name, payment)| {
        books.import(std::slice::from_ref(payment)).await.unwrap();
        let their_key = name.parse::<usize>().unwrap().is_multiple_of(2).then(key);
        // It is stale whenever orders are imported between.
        while book(books, name, their_key).await == Answer::Stale {}
    });
    join(join_all(writing), rehash(books, other_key())).await;
    rehash(books, other_key()).await;
    sweep(books, other_key()).await;
    for name in &names {
        assert_eq!(customer(books, name).await, of(other_key(), &format!("{name}@example.com")), "{name}");
    }
}
