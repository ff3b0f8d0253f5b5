//! A key that gives way to another.

use chargebook_domain::ports::{Customers, OrderBook};
use chargebook_domain::{CustomerKey, OrderPayment};
use chargebook_ledger_postgres::reading::{CustomerStory, Decision};
use chargebook_ledger_postgres::{AmountUnit, MIGRATOR, OrderSource, PostgresLedger};
use chargebook_port_contracts::samples::day;
use sqlx::{PgPool, query_scalar};
use tokio::task::yield_now;

use crate::books::{Told, customer, key, ledger, order, other_key, rehash, run, story, sweep, tell, two_customers};

/// A story without what another key changes.
fn but_for_the_key(mut story: CustomerStory) -> CustomerStory {
    (story.line.customer, story.former) = (String::new(), Vec::new());
    story.linked.iter_mut().for_each(|other| other.customer = String::new());
    story
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_customer_keeps_the_history_under_another_key(pool: PgPool) {
    let before = story(&two_customers(&pool).await, &customer(key(), "jo")).await;
    let ledger = ledger(&pool, other_key());
    rehash(&ledger, other_key()).await;
    let (old, new) = (customer(key(), "jo"), customer(other_key(), "jo"));
    for hash in [&old, &new] {
        let after = story(&ledger, hash).await;
        assert_eq!(after.line.customer, new.as_str());
        assert_eq!(after.former, [old.to_string()]);
        assert_eq!(but_for_the_key(after), but_for_the_key(before.clone()));
        let decision = ledger.decision(hash).await.unwrap();
        let reason = Some("two lost".to_owned());
        let since = Some("2026-01-11T00:00:00Z".parse().unwrap());
        assert_eq!(decision, Decision { known: true, blocked: true, since, reason, score: Some(12) });
        let blocked: bool =
            query_scalar("SELECT EXISTS (SELECT FROM chargebook.blocked_customers WHERE customer = $1)")
                .bind(hash.as_str())
                .fetch_one(&pool)
                .await
                .unwrap();
        assert!(blocked, "{hash}");
    }
    let cooldown: String = query_scalar("SELECT customer FROM chargebook.rule_log").fetch_one(&pool).await.unwrap();
    assert_eq!(cooldown, new.as_str());
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_decision_under_the_new_key_counts_for_every_former_hash(pool: PgPool) {
    two_customers(&pool).await;
    let keys = [key(), other_key(), chargebook_port_contracts::samples::customer_key("a third key")];
    for present in &keys[1..] {
        rehash(&ledger(&pool, *present), *present).await;
    }
    let ledger = ledger(&pool, keys[2]);
    let hashes = keys.map(|key| customer(key, "jo"));
    assert_eq!(story(&ledger, &hashes[0]).await.former.len(), 2);
    let decide = format!(
        "INSERT INTO chargebook.customer_decisions VALUES ('{}', '2026-02-01Z', 'ana', false, 'an apology')",
        hashes[2]
    );
    run(&pool, &decide).await;
    for hash in &hashes {
        assert!(!ledger.decision(hash).await.unwrap().blocked);
    }
    let blocked: i64 =
        query_scalar("SELECT count(*) FROM chargebook.blocked_customers").fetch_one(&pool).await.unwrap();
    assert_eq!(blocked, 0);
}

/// All customers under a key: how many orders and disputes they have, and under how many hashes they were known.
async fn totals(pool: &PgPool, key: CustomerKey) -> (i64, i64, i64) {
    let customers: Vec<String> = ["jo", "al", "bo"].map(|name| customer(key, name).to_string()).into();
    let sums = "SELECT coalesce(sum(orders), 0)::bigint, coalesce(sum(disputes), 0)::bigint,
                       (SELECT count(*) FROM chargebook.customers WHERE replaced_by = ANY($1))
                FROM chargebook.customer_report WHERE customer = ANY($1)";
    sqlx::query_as(sums).bind(customers).fetch_one(pool).await.unwrap()
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn hashing_that_was_killed_anywhere_goes_on(pool: PgPool) {
    let first = ledger(&pool, key());
    let orders: Vec<OrderPayment> = (0..4_100).map(|n| order(n, ["jo", "al", "bo"][n % 3])).collect();
    first.import(&orders).await.unwrap();
    for n in [6, 2_500, 4_097] {
        tell(&first, key(), Told { n, status: "lost", minor: 1_000, card: None }).await;
    }
    assert_eq!(totals(&pool, key()).await, (4_100, 3, 0));
    let mut steps = 0;
    for doublings in 0..24 {
        // Every server is a new one, and is killed at another moment.
        let server = ledger(&pool, other_key());
        let step = tokio::spawn(async move { server.rehash(other_key(), day(9)).await.unwrap() });
        for _ in 0..1_u32 << doublings {
            yield_now().await;
        }
        step.abort();
        steps += 1;
        if let Ok(step) = step.await
            && step.is_done
        {
            break;
        }
    }
    assert!(steps > 3, "it was killed");
    assert_eq!(totals(&pool, other_key()).await, (4_100, 3, 3));
    assert_eq!(totals(&pool, key()).await, (0, 0, 0));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn with_a_view_the_address_is_read_from_the_order_of_a_dispute(pool: PgPool) {
    run(
        &pool,
        "CREATE TABLE sales (n int, who text);
         INSERT INTO sales VALUES (1, 'jo'), (2, 'jo'), (3, 'al');
         CREATE VIEW shop AS SELECT 'R' || n AS order_ref, 'ch_' || n AS charge_id, NULL AS payment_intent_id,
             10 AS amount, 'usd' AS currency, who || '@example.com' AS customer_email, now() AS placed_at FROM sales",
    )
    .await;
    let source = OrderSource::view("shop", AmountUnit::Major).unwrap();
    let ledger = |key| PostgresLedger::new(pool.clone(), source.clone()).with_customers(key);
    for n in 1..=3 {
        tell(&ledger(key()), key(), Told { n, status: "lost", minor: 1_000, card: None }).await;
    }
    run(&pool, "UPDATE chargebook.disputes SET customer = NULL WHERE dispute_id = 'du_1'").await;
    rehash(&ledger(key()), key()).await;
    assert_eq!(sweep(&ledger(key()), key()).await, 1, "the one whose customer was not known");
    let jo = story(&ledger(key()), &customer(key(), "jo")).await.line;
    assert_eq!((jo.disputes, jo.orders, jo.dispute_rate_bps), (2, 0, None));

    run(&pool, "DELETE FROM sales WHERE who = 'al'").await;
    rehash(&ledger(other_key()), other_key()).await;
    let jo = story(&ledger(other_key()), &customer(key(), "jo")).await;
    assert_eq!((jo.line.customer.as_str(), jo.line.disputes), (customer(other_key(), "jo").as_str(), 2));
    let al = story(&ledger(other_key()), &customer(key(), "al")).await;
    assert_eq!((al.line.customer.as_str(), al.line.disputes), (customer(key(), "al").as_str(), 1));
    assert_eq!(ledger(other_key()).customer(&customer(other_key(), "al")).await.unwrap(), None);
}
