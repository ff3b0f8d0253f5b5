//! The sentences of [`Aliases`](chargebook_domain::ports::Aliases).

use chargebook_domain::ports::{Answer, Joined, LedgerError};
use chargebook_domain::{AccountId, Deltas, DisputeKey, Observation};
use futures_util::future::join_all;

use super::{Books, load, match_again, observe};
use crate::samples::{account, alias, day, dispute_key, observation, payment, withdrawal};

const ALL: u32 = 100;

fn in_book(book: &str, dispute: &str) -> DisputeKey {
    DisputeKey { account: account(book), ..dispute_key(dispute) }
}

/// Makes a dispute known that lost 100.00.
async fn lose(books: &dyn Books, key: &DisputeKey) {
    let name = key.to_string().replace(['/', ':'], "_");
    let seen = Observation {
        key: key.clone(),
        movements: vec![withdrawal(&format!("txn_{name}"), day(1), 10_000, 1_500)],
        ..observation(&format!("evt_{name}"), "lost", day(4))
    };
    assert!(matches!(observe(books, &seen).await, Answer::Recorded { .. }));
}

async fn join(books: &dyn Books, key: &DisputeKey, same_as: &DisputeKey) -> Joined {
    books.join(&alias(key, same_as)).await.unwrap()
}

/// What two disputes are joined as, or why they can't be.
pub async fn no_double_has_doubles_and_nothing_is_a_double_twice(books: &dyn Books) {
    let [a, b, c] = ["a", "b", "c"].map(|dispute| in_book("manual:paypal", dispute));
    for key in [&a, &b, &c] {
        lose(books, key).await;
    }
    let never = dispute_key("du_never");
    assert_eq!(join(books, &a, &never).await, Joined::NoSuchDispute(never.clone()));
    assert_eq!(join(books, &never, &a).await, Joined::NoSuchDispute(never));
    assert!(matches!(books.join(&alias(&a, &a)).await, Err(LedgerError::Refused { .. })));
    assert_eq!(join(books, &a, &b).await, Joined::Kept);
    assert_eq!(join(books, &a, &b).await, Joined::KnownBefore);
    let a_of_b = Joined::IsADouble { key: a.clone(), of: b.clone() };
    assert_eq!(join(books, &a, &c).await, a_of_b);
    assert_eq!(join(books, &c, &a).await, a_of_b);
    assert_eq!(join(books, &b, &a).await, a_of_b);
    assert_eq!(join(books, &b, &c).await, Joined::HasDoubles(b.clone()));
    assert_eq!(join(books, &c, &b).await, Joined::Kept, "one can have several");
}

/// Of two that are joined with each other at once, one becomes the double.
pub async fn of_racing_joins_one_is_kept(books: &dyn Books) {
    let keys = ["a", "b", "c", "d"].map(|dispute| in_book("manual:paypal", dispute));
    for key in &keys {
        lose(books, key).await;
    }
    let next = keys.iter().cycle().skip(1);
    let joined = join_all(keys.iter().zip(next).map(|(key, next)| join(books, key, next))).await;
    let kept = joined.iter().filter(|joined| **joined == Joined::Kept).count();
    assert!((1..=2).contains(&kept), "no chain, and no ring: {joined:?}");
}

/// A double is due, and what is decided before that is stale. Decided again it counts as nothing.
pub async fn a_double_is_decided_again_and_counts_as_nothing(books: &dyn Books) {
    books.import(&[payment("#1")]).await.unwrap();
    let (real, double) = (dispute_key("du_1"), in_book("manual:paypal", "case-7"));
    lose(books, &real).await;
    lose(books, &double).await;
    assert_eq!(books.due(None, ALL).await.unwrap(), []);
    let before = load(books, &double).await;
    assert_eq!(join(books, &double, &real).await, Joined::Kept);
    assert_eq!(books.due(None, ALL).await.unwrap(), std::slice::from_ref(&double));
    let joined = load(books, &double).await;
    assert!(joined.version > before.version);
    assert_eq!((joined.same_as.as_ref(), joined.is_reversed), (Some(&real), false));

    assert!(matches!(match_again(books, &double).await, Answer::Recorded { .. }));
    let after = load(books, &double).await;
    assert_eq!(after.facts, before.facts);
    assert!(after.is_reversed);
    assert!(after.resolutions.values().all(Deltas::is_zero), "{:?}", after.resolutions);
    assert!(after.close_outs.values().all(|sum| (sum.loss, sum.fx) == (0, 0)), "{:?}", after.close_outs);
    assert_eq!(books.due(None, ALL).await.unwrap(), []);
    let counted = load(books, &real).await;
    assert!(counted.resolutions.values().any(|deltas| !deltas.is_zero()));
}

/// What is said of a double with the same id is booked at the one that counts; one with another id is its own.
pub async fn a_double_of_the_same_id_is_at_home_at_the_other(books: &dyn Books) {
    let (real, twin) = (dispute_key("du_1"), in_book("woo:shop", "du_1"));
    let (first, moved) = (in_book("manual:old", "du_2"), in_book("manual:new", "du_2"));
    let other = in_book("manual:paypal", "case-7");
    for key in [&real, &twin, &first, &moved, &other] {
        lose(books, key).await;
    }
    assert_eq!(load(books, &twin).await.home(&twin), Some(&real));
    assert_eq!(load(books, &real).await.home(&real), None);
    assert_eq!(load(books, &first).await.home(&first), None, "neither book is Stripe's");
    join(books, &first, &moved).await;
    assert_eq!(load(books, &first).await.home(&first), Some(&moved));
    join(books, &other, &real).await;
    assert_eq!(load(books, &other).await.home(&other), None);
    let unheard = in_book("woo:other", "du_1");
    assert_eq!(load(books, &unheard).await.home(&unheard), Some(&real), "before it is first told of");
}

/// Twins are disputes of other doors with the id of one of Stripe's, as long as they are not joined; by key.
pub async fn twins_are_found_until_they_are_joined(books: &dyn Books) {
    assert_eq!(books.twins(ALL).await.unwrap(), []);
    let stripes = [dispute_key("du_1"), in_book("acct_2", "du_2"), dispute_key("du_3")];
    let others = [in_book("woo:a", "du_1"), in_book("woo:a", "du_2"), in_book("woo:b", "du_1")];
    let alone = in_book("woo:a", "du_9");
    for key in stripes.iter().chain(&others).chain([&alone]) {
        lose(books, key).await;
    }
    let expected = [(0, 0), (1, 1), (2, 0)].map(|(n, of)| (others[n].clone(), stripes[of].clone()));
    assert_eq!(books.twins(ALL).await.unwrap(), expected);
    assert_eq!(books.twins(2).await.unwrap(), expected[..2]);
    assert_eq!(join(books, &others[0], &stripes[0]).await, Joined::Kept);
    assert_eq!(books.twins(ALL).await.unwrap(), expected[1..]);
    assert!(expected.iter().all(|(_, of)| of.account.is_at_stripe() || of.account == AccountId::own()));
}
