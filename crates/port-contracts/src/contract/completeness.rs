//! The sentences of [`Completeness`](chargebook_domain::ports::Completeness).

use chargebook_domain::ports::{Cause, Content, Entry, Period};
use chargebook_domain::{AccountId, Category, CauseId, ChargeId, Claims, DisputeId, DisputeKey, Movement, Observation};
use chargebook_domain::{MovementId, Status};
use chrono::{DateTime, Utc};

use super::{Books, observe, record};
use crate::samples::{
    account, account_movement_entry, cause, cause_id, charge, claims, day, dispute_key, movement, observation,
    reinstatement, withdrawal,
};

const OTHER: &str = "acct_2";

fn causes(ids: &[&str]) -> Vec<CauseId> {
    ids.iter().map(|id| cause_id(id)).collect()
}

fn movement_ids(ids: &[&str]) -> Vec<MovementId> {
    ids.iter().map(|id| MovementId::parse(id).unwrap()).collect()
}

fn disputes(ids: &[&str]) -> Vec<DisputeId> {
    ids.iter().map(|id| DisputeId::parse(id).unwrap()).collect()
}

/// A dispute of another account.
fn their_key(dispute: &str) -> DisputeKey {
    DisputeKey { account: account(OTHER), ..dispute_key(dispute) }
}

/// Books a dispute with these movements.
async fn book(books: &dyn Books, key: DisputeKey, movements: Vec<Movement>) {
    let cause = format!("evt_{}", key.dispute);
    observe(books, &Observation { key, movements, ..observation(&cause, "under_review", day(90)) }).await;
}

/// Books a movement that no dispute claims.
async fn book_on_account(books: &dyn Books, of: AccountId, movement: Movement) {
    let cause = Cause { account: of, ..cause(&format!("balance_transaction:{}", movement.id)) };
    record(books, account_movement_entry(movement, cause), day(90)).await;
}

/// Books a dispute by its status and when that was so, and when it was filed.
async fn stands(books: &dyn Books, key: DisputeKey, status: &str, as_of: DateTime<Utc>, opened: Option<DateTime<Utc>>) {
    let cause = format!("evt_{}", key.dispute);
    let claims = Claims { opened_at: opened, ..claims() };
    observe(books, &Observation { key, claims, ..observation(&cause, status, as_of) }).await;
}

async fn oldest_open(books: &dyn Books, unchanged_since: DateTime<Utc>) -> Option<DateTime<Utc>> {
    books.oldest_open(&AccountId::own(), unchanged_since).await.unwrap()
}

async fn principal(books: &dyn Books, from: i64, until: i64) -> Vec<Movement> {
    let period = Period { from: day(from), until: day(until) };
    books.principal(&AccountId::own(), period).await.unwrap()
}

/// Received is what is recorded, and also what is ignored or quarantined; the others are answered in the order asked.
pub async fn events_that_were_never_received_are_answered_in_the_order_asked(books: &dyn Books) {
    let own = AccountId::own();
    observe(books, &observation("evt_recorded", "needs_response", day(0))).await;
    let quarantined = Content::Quarantined { reason: "not understood".to_owned() };
    for (id, content) in [("evt_ignored", Content::Ignored), ("evt_quarantined", quarantined)] {
        record(books, Entry { causes: vec![cause(id)], content }, day(0)).await;
    }
    let asked = causes(&["evt_9", "evt_quarantined", "evt_7", "evt_recorded", "evt_ignored", "evt_8"]);
    assert_eq!(books.unknown_events(&own, &asked).await.unwrap(), causes(&["evt_9", "evt_7", "evt_8"]));
    assert_eq!(books.unknown_events(&own, &[]).await.unwrap(), []);
}

/// An event is received for one account.
pub async fn an_event_of_another_account_is_not_received(books: &dyn Books) {
    observe(books, &observation("evt_1", "needs_response", day(0))).await;
    observe(books, &Observation { key: their_key("du_2"), ..observation("evt_2", "lost", day(0)) }).await;
    let asked = causes(&["evt_1", "evt_2"]);
    assert_eq!(books.unknown_events(&AccountId::own(), &asked).await.unwrap(), causes(&["evt_2"]));
    assert_eq!(books.unknown_events(&account(OTHER), &asked).await.unwrap(), causes(&["evt_1"]));
}

/// In the books are the movements of disputes and of the account; the others are answered in the order asked.
pub async fn movements_that_are_not_in_the_books_are_answered_in_the_order_asked(books: &dyn Books) {
    let own = AccountId::own();
    book(books, dispute_key("du_1"), vec![withdrawal("txn_2", day(1), 10_000, 1_500)]).await;
    book_on_account(books, own.clone(), movement("txn_4", Category::Fee, day(3), -1_500, 0)).await;
    let asked = movement_ids(&["txn_5", "txn_4", "txn_1", "txn_2", "txn_3"]);
    let unknown = books.unknown_movements(&own, &asked).await.unwrap();
    assert_eq!(unknown, movement_ids(&["txn_5", "txn_1", "txn_3"]));
    assert_eq!(books.unknown_movements(&own, &[]).await.unwrap(), []);
}

/// A movement is in the books of one account.
pub async fn a_movement_of_another_account_is_not_in_the_books(books: &dyn Books) {
    book(books, dispute_key("du_1"), vec![withdrawal("txn_1", day(1), 10_000, 1_500)]).await;
    book(books, their_key("du_2"), vec![withdrawal("txn_2", day(1), 10_000, 1_500)]).await;
    book_on_account(books, account(OTHER), movement("txn_3", Category::Fee, day(3), -1_500, 0)).await;
    let asked = movement_ids(&["txn_1", "txn_2", "txn_3"]);
    let unknown = books.unknown_movements(&AccountId::own(), &asked).await.unwrap();
    assert_eq!(unknown, movement_ids(&["txn_2", "txn_3"]));
    assert_eq!(books.unknown_movements(&account(OTHER), &asked).await.unwrap(), movement_ids(&["txn_1"]));
}

/// A charge can have several disputes, which are answered by id; those of other charges and accounts are not.
pub async fn the_disputes_of_a_charge_are_answered_by_id(books: &dyn Books) {
    let of = |charge: Option<ChargeId>| Claims { charge, ..claims() };
    for (key, claims) in [
        (dispute_key("du_c"), of(Some(charge("ch_1")))),
        (dispute_key("du_a"), of(Some(charge("ch_1")))),
        (dispute_key("du_b"), of(Some(charge("ch_2")))),
        (dispute_key("du_d"), of(None)),
        (their_key("du_e"), of(Some(charge("ch_1")))),
    ] {
        let cause = format!("evt_{}", key.dispute);
        observe(books, &Observation { key, claims, ..observation(&cause, "needs_response", day(0)) }).await;
    }
    for (of, name, expected) in [
        (AccountId::own(), "ch_1", ["du_a", "du_c"].as_slice()),
        (AccountId::own(), "ch_2", &["du_b"]),
        (AccountId::own(), "ch_3", &[]),
        (account(OTHER), "ch_1", &["du_e"]),
    ] {
        let found = books.disputes_of_charge(&of, &charge(name)).await.unwrap();
        assert_eq!(found, disputes(expected), "{name} of {of}");
    }
}

/// The oldest is the one that was filed first, of those that are not decided; inquiries are among them.
pub async fn the_oldest_open_dispute_is_the_one_filed_first(books: &dyn Books) {
    assert_eq!(oldest_open(books, day(100)).await, None);
    for (dispute, status, filed) in [("du_1", "won", 1), ("du_2", "lost", 2), ("du_3", "warning_closed", 3)] {
        stands(books, dispute_key(dispute), status, day(50), Some(day(filed))).await;
    }
    stands(books, their_key("du_4"), "needs_response", day(50), Some(day(4))).await;
    assert_eq!(oldest_open(books, day(100)).await, None);
    for (dispute, status, filed) in
        [("du_9", "under_review", 9), ("du_7", "needs_response", 7), ("du_8", "needs_response", 8)]
    {
        stands(books, dispute_key(dispute), status, day(50), Some(day(filed))).await;
    }
    assert_eq!(oldest_open(books, day(100)).await, Some(day(7)));
    stands(books, dispute_key("du_6"), "warning_under_review", day(50), Some(day(6))).await;
    assert_eq!(oldest_open(books, day(100)).await, Some(day(6)));
    let word = "in_arbitration";
    assert_eq!(Status::parse(word).outcome(), None);
    stands(books, dispute_key("du_5"), word, day(50), Some(day(5))).await;
    assert_eq!(oldest_open(books, day(100)).await, Some(day(5)), "a status that nobody knows decides nothing");
}

/// Of those whose status is from before `unchanged_since`.
pub async fn an_open_dispute_that_changed_lately_is_left_out(books: &dyn Books) {
    stands(books, dispute_key("du_1"), "needs_response", day(20), Some(day(1))).await;
    stands(books, dispute_key("du_2"), "needs_response", day(19), Some(day(2))).await;
    let a_second = chrono::TimeDelta::seconds(1);
    assert_eq!(oldest_open(books, day(20) + a_second).await, Some(day(1)));
    assert_eq!(oldest_open(books, day(20)).await, Some(day(2)));
    assert_eq!(oldest_open(books, day(19)).await, None);
    observe(books, &observation("evt_3", "under_review", day(30))).await;
    assert_eq!(oldest_open(books, day(30)).await, Some(day(2)));
}

/// A dispute of which nobody knows when it was filed is not the oldest.
pub async fn an_open_dispute_without_a_filing_is_left_out(books: &dyn Books) {
    stands(books, dispute_key("du_1"), "needs_response", day(20), None).await;
    assert_eq!(oldest_open(books, day(100)).await, None);
    stands(books, dispute_key("du_2"), "needs_response", day(20), Some(day(2))).await;
    assert_eq!(oldest_open(books, day(100)).await, Some(day(2)));
}

/// By time and id, as they were booked, whether a dispute claims them or none.
pub async fn the_principal_of_a_period_is_by_time_and_id(books: &dyn Books) {
    let taken = Movement { source: Some("du_1".to_owned()), ..withdrawal("txn_b", day(1), 10_000, 1_500) };
    let returned = reinstatement("txn_a", day(5), 10_000);
    let other = withdrawal("txn_c", day(1), 70, 0);
    let unclaimed = Movement { description: Some("Chargeback".to_owned()), ..withdrawal("txn_a2", day(1), 300, 0) };
    book(books, dispute_key("du_1"), vec![returned.clone(), taken.clone()]).await;
    book(books, dispute_key("du_2"), vec![other.clone()]).await;
    book_on_account(books, AccountId::own(), unclaimed.clone()).await;
    assert_eq!(principal(books, 0, 10).await, [unclaimed, taken, other, returned]);
}

/// Fees are not principal, nor is what nobody can explain.
pub async fn fees_and_others_are_not_principal(books: &dyn Books) {
    let mixed = vec![
        movement("txn_1", Category::Fee, day(1), -1_500, 0),
        movement("txn_2", Category::Other, day(2), -250, 0),
        withdrawal("txn_3", day(3), 10_000, 0),
    ];
    book(books, dispute_key("du_1"), mixed).await;
    book_on_account(books, AccountId::own(), movement("txn_4", Category::Fee, day(4), -1_500, 0)).await;
    assert_eq!(principal(books, 0, 10).await, [withdrawal("txn_3", day(3), 10_000, 0)]);
}

/// A period is from its first moment on, and before its end.
pub async fn principal_of_other_times_and_accounts_is_left_out(books: &dyn Books) {
    let each = |prefix: &str| (1..5).map(|n| withdrawal(&format!("{prefix}_{n}"), day(n), 100, 0)).collect();
    book(books, dispute_key("du_1"), each("txn")).await;
    book(books, their_key("du_2"), each("theirs")).await;
    let expected = [withdrawal("txn_2", day(2), 100, 0), withdrawal("txn_3", day(3), 100, 0)];
    assert_eq!(principal(books, 2, 4).await, expected);
    assert_eq!(principal(books, 2, 2).await, []);
    assert_eq!(principal(books, 5, 90).await, []);
}
