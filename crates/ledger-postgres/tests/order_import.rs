//! Imports of orders beyond the port's contract: many, repeated, contradictory, and what they do to disputes.
#![expect(clippy::unwrap_used, reason = "what is not as expected should panic")]

use std::sync::Arc;

use chargebook_domain::ports::Ledger;
use chargebook_domain::ports::{Answer, Imported, LedgerError, Lookup, OrderBook};
use chargebook_domain::service::MatchOrders;
use chargebook_domain::{BookRules, Observation, OrderPayment};
use chargebook_ledger_postgres::reading::DisputeFilter;
use chargebook_ledger_postgres::{MIGRATOR, OrderSource, PostgresLedger};
use chargebook_port_contracts::booking::book;
use chargebook_port_contracts::samples::{charge, day, dispute_key, intent, observation, order, payment, sample_key};
use sqlx::PgPool;

fn ledger(pool: &PgPool) -> PostgresLedger {
    PostgresLedger::new(pool.clone(), OrderSource::Table)
}

/// More payments than one statement writes.
fn many() -> Vec<OrderPayment> {
    let numbered = |n: i32| OrderPayment { charge: Some(charge(&format!("ch_many_{n}"))), ..payment(&format!("#{n}")) };
    (0..20_000).map(numbered).collect()
}

async fn stored(pool: &PgPool) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM chargebook.orders").fetch_one(pool).await.unwrap()
}

/// Books `du_1` as lost.
async fn lost(ledger: &PostgresLedger, change: impl FnOnce(&mut Observation)) {
    let mut seen = observation("evt_1", "lost", day(1));
    change(&mut seen);
    book(ledger, &sample_key(), &[seen], BookRules::default(), day(1)).await.unwrap();
}

/// Matches what is due; answers how many.
async fn sweep(ledger: &PostgresLedger) -> u64 {
    let ledger = Arc::new(ledger.clone());
    MatchOrders::new(ledger.clone(), ledger, BookRules::default()).sweep(day(2)).await.unwrap().disputes
}

/// How `du_1` is matched, its order, and what is odd about that.
async fn matched(ledger: &PostgresLedger) -> (String, Option<String>, Vec<String>) {
    let key = sample_key();
    let story = ledger.story(&key.account, &key.dispute).await.unwrap();
    let line = story.facts.into_iter().next().unwrap();
    let odd = story.discrepancies.into_iter().map(|odd| odd.kind).filter(|kind| kind.contains("order"));
    (line.order_match, line.order_ref, odd.collect())
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn twenty_thousand_payments_are_imported_in_one_go(pool: PgPool) {
    let ledger = ledger(&pool);
    let payments = many();
    assert_eq!(ledger.import(&payments).await.unwrap(), Imported { new: 20_000, changed: 0, same: 0 });
    assert_eq!(stored(&pool).await, 20_000);
    let refunded = |payment: &OrderPayment| OrderPayment { refunded_minor: Some(1), ..payment.clone() };
    let again: Vec<_> = payments[..1_000].iter().map(refunded).chain(payments[1_000..].iter().cloned()).collect();
    assert_eq!(ledger.import(&again).await.unwrap(), Imported { new: 0, changed: 1_000, same: 19_000 });
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn of_many_disputes_those_that_a_large_import_concerns_are_due(pool: PgPool) {
    let ledger = ledger(&pool);
    sqlx::query(
        "INSERT INTO chargebook.disputes (account, dispute_id, charge_id, payment_intent_id, amount_minor, currency,
             status, status_as_of, outcome, bucket, order_match, version)
         SELECT 'default', 'du_' || n, 'ch_many_' || n * 2, 'pi_' || n, 100, 'usd', 'needs_response', now(), 'open',
             'undecided', 'orphan', 1
         FROM generate_series(0, 19999) AS n",
    )
    .execute(&pool)
    .await
    .unwrap();
    ledger.import(&many()).await.unwrap();
    let due: Vec<i64> =
        sqlx::query_scalar("SELECT count(*) FROM chargebook.disputes GROUP BY match_due, version ORDER BY match_due")
            .fetch_all(&pool)
            .await
            .unwrap();
    assert_eq!(due, [10_000, 10_000]);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_poison_row_at_the_end_of_a_large_import_leaves_nothing(pool: PgPool) {
    let ledger = ledger(&pool);
    let mut payments = many();
    // The last by key, so that it is written after all others.
    payments.push(OrderPayment { customer_email: Some("ana@example.com\0".to_owned()), ..payment("#zzz") });
    let Err(LedgerError::Refused { reason }) = ledger.import(&payments).await else { panic!("it is not refused") };
    assert_eq!(reason, "a value does not fit (SQLSTATE 22021)");
    assert_eq!(stored(&pool).await, 0);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_same_row_twice_is_one_payment(pool: PgPool) {
    let ledger = ledger(&pool);
    let rows = [payment("#1"), payment("#2"), payment("#1"), payment("#1")];
    assert_eq!(ledger.import(&rows).await.unwrap(), Imported { new: 2, changed: 0, same: 2 });
    assert_eq!(stored(&pool).await, 2);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn two_rows_of_one_payment_that_differ_are_refused_with_their_order(pool: PgPool) {
    let ledger = ledger(&pool);
    let other = OrderPayment { customer_email: Some("ana@example.com".to_owned()), ..payment("#2") };
    let refused = ledger.import(&[payment("#1"), payment("#2"), payment("#3"), other]).await;
    let Err(LedgerError::Refused { reason }) = refused else { panic!("it is not refused: {refused:?}") };
    assert_eq!(reason, "order #2 has the same payment twice, and they differ");
    assert_eq!(stored(&pool).await, 0);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn payments_of_one_order_by_several_charges_are_kept_apart(pool: PgPool) {
    let ledger = ledger(&pool);
    let by_intent = OrderPayment { charge: None, payment_intent: Some(intent("pi_2")), ..payment("#1") };
    let by_none = OrderPayment { charge: None, ..payment("#1") };
    let rows = [payment("#1"), OrderPayment { charge: Some(charge("ch_2")), ..payment("#1") }, by_intent, by_none];
    assert_eq!(ledger.import(&rows).await.unwrap(), Imported { new: 4, changed: 0, same: 0 });
    let asked = Lookup { order: Some(order("#1")), ..Lookup::recorded(sample_key()) };
    let mut payments = ledger.load(&[asked]).await.unwrap().remove(0).payments;
    payments.sort_by_key(|payment| payment.payment_key().to_owned());
    assert_eq!(payments.len(), 4);
    assert_eq!(payments.iter().map(OrderPayment::payment_key).collect::<Vec<_>>(), ["", "ch_1", "ch_2", "pi_2"]);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_changed_order_is_matched_again(pool: PgPool) {
    let ledger = ledger(&pool);
    ledger.import(&[payment("#1")]).await.unwrap();
    lost(&ledger, |_| {}).await;
    assert_eq!(matched(&ledger).await, ("matched".to_owned(), Some("#1".to_owned()), vec![]));
    ledger.import(&[OrderPayment { refunded_minor: Some(10_000), ..payment("#1") }]).await.unwrap();
    assert_eq!(sweep(&ledger).await, 1);
    let odd = vec!["order_refunded_as_well".to_owned()];
    assert_eq!(matched(&ledger).await, ("matched".to_owned(), Some("#1".to_owned()), odd));
    assert_eq!(sweep(&ledger).await, 0, "it is matched once");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn an_order_that_no_longer_names_the_payment_is_matched_again(pool: PgPool) {
    let ledger = ledger(&pool);
    let paid =
        |by: &str| OrderPayment { charge: Some(charge("ch_9")), payment_intent: Some(intent(by)), ..payment("#1") };
    ledger.import(&[paid("pi_1")]).await.unwrap();
    lost(&ledger, |_| {}).await;
    assert_eq!(matched(&ledger).await.1, Some("#1".to_owned()), "by payment intent");
    ledger.import(&[paid("pi_2")]).await.unwrap();
    assert_eq!(sweep(&ledger).await, 1);
    assert_eq!(matched(&ledger).await, ("orphan".to_owned(), None, vec!["order_unknown".to_owned()]));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_second_order_with_the_same_charge_makes_the_match_ambiguous(pool: PgPool) {
    let ledger = ledger(&pool);
    ledger.import(&[payment("#1")]).await.unwrap();
    lost(&ledger, |_| {}).await;
    ledger.import(&[payment("#2")]).await.unwrap();
    assert_eq!(sweep(&ledger).await, 1);
    assert_eq!(matched(&ledger).await, ("ambiguous".to_owned(), None, vec!["order_ambiguous".to_owned()]));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn racing_imports_and_deliveries_all_end(pool: PgPool) {
    let ledger = ledger(&pool);
    let imports = (0..8_i64).map(|n| {
        let ledger = ledger.clone();
        let amount = chargebook_domain::Money::new(n + 1, chargebook_port_contracts::samples::usd());
        let rows: Vec<_> = (0..50)
            .map(|of| OrderPayment { charge: Some(charge(&format!("ch_{of}"))), amount, ..payment(&format!("#{of}")) })
            .collect();
        async move { ledger.import(&rows).await.unwrap() }
    });
    let deliveries = (0..50).rev().map(|n| {
        let ledger = ledger.clone();
        async move {
            let key = dispute_key(&format!("du_{n}"));
            let mut seen = Observation { key: key.clone(), ..observation(&format!("evt_{n}"), "lost", day(1)) };
            seen.claims.charge = Some(charge(&format!("ch_{n}")));
            // Whoever decided from the orders before an import is told so.
            let book = async || book(&ledger, &key, std::slice::from_ref(&seen), BookRules::default(), day(1)).await;
            while book().await.unwrap() == Answer::Stale {}
        }
    });
    futures_util::future::join(futures_util::future::join_all(imports), futures_util::future::join_all(deliveries))
        .await;
    sweep(&ledger).await;
    let all = DisputeFilter { order_match: Some("matched".to_owned()), ..DisputeFilter::default() };
    assert_eq!(ledger.disputes(&all).await.unwrap().len(), 50);
}
