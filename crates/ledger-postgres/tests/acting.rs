//! From a change to what rules did, as people see it: the queues, the rules that were looked at, and a double's books.
#![expect(clippy::unwrap_used, reason = "what is not as expected should panic")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chargebook_domain::ports::{Conclusion, FollowUps, OrderBook, Outbox, Sent};
use chargebook_domain::rules::{Action, CooldownPer, EndpointName, OneLine, Rule, RuleName, RuleSet, Tag};
use chargebook_domain::service::{Act, Acted, Join, MatchOrders, Notice};
use chargebook_domain::{
    AccountId, BookRules, CustomerId, CustomerKey, DisputeKey, Observation, OrderPayment, ScoreWeights, Trigger,
};
use chargebook_ledger_postgres::reading::{DisputeFilter, RuleFilter};
use chargebook_ledger_postgres::{AmountUnit, MIGRATOR, OrderSource, PostgresLedger};
use chargebook_port_contracts::booking::book;
use chargebook_port_contracts::samples::{
    account, alias, charge, customer_key, day, dispute_key, intent, observation, payment, withdrawal,
};
use sqlx::{AssertSqlSafe, PgPool};

fn key() -> CustomerKey {
    customer_key("acting")
}

fn jo() -> CustomerId {
    key().customer("jo@example.com").unwrap()
}

fn rules() -> BookRules {
    BookRules { customer_key: Some(key()), ..BookRules::default() }
}

fn ledger(pool: &PgPool) -> PostgresLedger {
    PostgresLedger::new(pool.clone(), OrderSource::Table).following_up().with_customers(key())
}

/// Loses a dispute of 100.00 with its charge, after its order was placed.
async fn lose(ledger: &PostgresLedger, key: &DisputeKey) {
    let name = key.to_string().replace(['/', ':'], "_");
    let mut lost = observation(&format!("evt_{name}"), "lost", day(4));
    lost.claims.charge = Some(charge(&format!("ch_{}", key.dispute)));
    lost.claims.payment_intent = Some(intent(&format!("pi_{}", key.dispute)));
    lost.movements = vec![withdrawal(&format!("txn_{name}"), day(1), 10_000, 1_500)];
    let lost = Observation { key: key.clone(), ..lost };
    book(ledger, key, &[lost], rules(), day(4)).await.unwrap();
}

fn jos(order: &str, dispute: &str) -> OrderPayment {
    OrderPayment {
        charge: Some(charge(&format!("ch_{dispute}"))),
        customer_email: Some("jo@example.com".to_owned()),
        ..payment(order)
    }
}

fn rule(name: &str, when: Trigger, actions: Vec<Action>) -> Rule {
    let (name, when) = (RuleName::parse(name).unwrap(), BTreeSet::from([when]));
    Rule { name, when, all: Vec::new(), actions, cooldown: None, per: CooldownPer::Customer }
}

fn act(ledger: &PostgresLedger, rules: Vec<Rule>) -> Act {
    let rules = Arc::new(RuleSet::new(rules).unwrap());
    let write = |notice: &Notice<'_>| format!("{} says {}", notice.rule, notice.why);
    Act::new(Arc::new(ledger.clone()), rules, ScoreWeights::default(), true, Arc::new(write))
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_queues_and_the_rules_can_be_looked_at(pool: PgPool) {
    let ledger = ledger(&pool);
    ledger.import(&[jos("#1", "du_1")]).await.unwrap();
    lose(&ledger, &dispute_key("du_1")).await;
    lose(&ledger, &dispute_key("du_2")).await;
    let queued = ledger.follow_ups(Some("queued"), 9).await.unwrap();
    assert_eq!(queued.iter().map(|line| line.dispute_id.as_str()).collect::<Vec<_>>(), ["du_1", "du_2"]);
    assert_eq!((queued[0].version, queued[0].triggers.join(" ")), (1, "dispute_filed dispute_closed".to_owned()));

    let endpoint = EndpointName::parse("desk").unwrap();
    let tag = Tag::parse("risk").unwrap();
    let actions = vec![Action::Block { reason: OneLine::parse("it is lost").unwrap() }, Action::Tag { tag }];
    let act = act(
        &ledger,
        vec![
            rule("block", Trigger::CustomerScoreChanged, actions),
            rule("tell", Trigger::DisputeClosed, vec![Action::Webhook { endpoint }]),
        ],
    );
    assert_eq!(act.run(day(5)).await.unwrap(), Acted { done: 2, ..Acted::default() });
    assert_eq!(ledger.follow_ups(Some("done"), 9).await.unwrap().len(), 2);
    let log = ledger.rule_log(&RuleFilter::default(), 9).await.unwrap();
    let seen: Vec<_> = log.iter().map(|line| (line.follow_up.as_str(), line.rule.as_str(), line.fired)).collect();
    let expected =
        [("default/du_1/1", "block", true), ("default/du_1/1", "tell", true), ("default/du_2/1", "tell", true)];
    assert_eq!(seen, expected);
    assert_eq!(log[0].customer.as_deref(), Some(jo().as_str()));
    for (filter, expected) in [
        (RuleFilter { rule: Some("tell".to_owned()), ..RuleFilter::default() }, 2),
        (RuleFilter { dispute: Some(dispute_key("du_1")), ..RuleFilter::default() }, 2),
        (RuleFilter { customer: Some(jo().to_string()), ..RuleFilter::default() }, 2),
        (RuleFilter { fired: Some(false), ..RuleFilter::default() }, 0),
    ] {
        assert_eq!(ledger.rule_log(&filter, 9).await.unwrap().len(), expected, "{filter:?}");
    }

    let messages = ledger.messages(None, 9).await.unwrap();
    assert_eq!(
        messages.iter().map(|line| line.message_id.as_str()).collect::<Vec<_>>(),
        ["default/du_1/1:tell:0", "default/du_2/1:tell:0"]
    );
    let claims = ledger.claim_messages(day(5), Duration::from_secs(9), 1).await.unwrap();
    let dead = Sent::Dead { reason: "there is no endpoint desk".to_owned() };
    ledger.settle_message(&claims[0], &dead, day(5)).await.unwrap();
    let line = ledger.messages(Some("dead"), 9).await.unwrap().remove(0);
    assert_eq!((line.endpoint.as_deref(), line.attempt, line.ended_at), (Some("desk"), 1, Some(day(5))));
    assert_eq!(line.reason.as_deref(), Some("there is no endpoint desk"));
    let queues = ledger.queues().await.unwrap();
    let counted: Vec<_> = queues.iter().map(|line| (line.queue.as_str(), line.state.as_str(), line.rows)).collect();
    assert_eq!(counted, [("follow_ups", "done", 2), ("outbox", "dead", 1), ("outbox", "queued", 1)]);
    let (score, reasons): (i16, Vec<String>) =
        sqlx::query_as("SELECT score, reasons FROM chargebook.customer_scores").fetch_one(&pool).await.unwrap();
    assert_eq!((score, reasons[0].as_str(), reasons.len()), (26, "1 lost dispute: -20", 2));
    let by: Vec<String> = sqlx::query_scalar(
        "SELECT decided_by || ': ' || reason FROM chargebook.customer_decisions
         UNION ALL SELECT tagged_by || ': ' || tag FROM chargebook.customer_tags",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(by, ["rule block: it is lost", "rule block: risk"]);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_was_given_up_says_why(pool: PgPool) {
    let ledger = ledger(&pool);
    lose(&ledger, &dispute_key("du_1")).await;
    let claimed = ledger.claim_follow_ups(day(5), Duration::from_secs(9), 1).await.unwrap().remove(0);
    ledger.put_off(&claimed, "a text contains NUL", None, day(5)).await.unwrap();
    let line = ledger.follow_ups(Some("failed"), 9).await.unwrap().remove(0);
    assert_eq!((line.reason.as_deref(), line.ended_at), (Some("a text contains NUL"), Some(day(5))));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn nothing_is_queued_where_nobody_would_work_it(pool: PgPool) {
    let ledger = PostgresLedger::new(pool, OrderSource::Table);
    lose(&ledger, &dispute_key("du_1")).await;
    assert_eq!(ledger.follow_ups(None, 9).await.unwrap(), []);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_is_concluded_of_a_customer_goes_to_the_hash_that_is_theirs_by_then(pool: PgPool) {
    let ledger = ledger(&pool);
    ledger.import(&[jos("#1", "du_1")]).await.unwrap();
    lose(&ledger, &dispute_key("du_1")).await;
    let new = "f".repeat(64);
    let sql = format!(
        "INSERT INTO chargebook.customers VALUES ('{new}', 'another key', now());
         UPDATE chargebook.customers SET replaced_by = '{new}' WHERE customer = '{}'",
        jo()
    );
    let follow_up = ledger.claim_follow_ups(day(5), Duration::from_secs(9), 1).await.unwrap().remove(0);
    let looked =
        act(&ledger, vec![rule("a", Trigger::DisputeFiled, vec![Action::Tag { tag: Tag::parse("x").unwrap() }])]);
    let would = looked.would(&follow_up.key, &follow_up.triggers, day(5)).await.unwrap().unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&pool).await.unwrap();
    let conclusion =
        Conclusion { follow_up, customer: Some(jo()), score: would.score, rules: would.rules, deeds: would.deeds };
    ledger.conclude(&[conclusion], day(5)).await.unwrap();
    let known_as: Vec<String> = sqlx::query_scalar(
        "SELECT customer FROM chargebook.customer_scores UNION ALL SELECT customer FROM chargebook.customer_tags
         UNION ALL SELECT customer FROM chargebook.rule_log",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(known_as, vec![new; 3]);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_orders_of_a_customer_are_counted_in_a_view_as_well(pool: PgPool) {
    let view = "CREATE TABLE public.sales AS
            SELECT 'R' || n AS ref, CASE n WHEN 1 THEN 'du_1' ELSE 'x' || n END AS of, ' Jo@Example.com' AS mail
            FROM generate_series(1, 5) n UNION ALL SELECT 'R5', 'y5', 'JO@example.com' UNION ALL SELECT 'R9', 'y9', 'al@example.com';
         CREATE VIEW public.shop AS SELECT ref AS order_ref, NULL::text AS payment_intent_id, 'ch_' || of AS charge_id,
            100.00 AS amount, 'usd' AS currency, mail AS customer_email, timestamptz '2026-01-01Z' AS placed_at
            FROM public.sales";
    sqlx::raw_sql(view).execute(&pool).await.unwrap();
    let source = OrderSource::view("public.shop", AmountUnit::Major).unwrap();
    let ledger = PostgresLedger::new(pool, source).following_up().with_customers(key());
    lose(&ledger, &dispute_key("du_1")).await;
    let found = ledger.subject_of(&dispute_key("du_1"), &BTreeSet::new()).await.unwrap().unwrap().subject;
    let customer = found.customer.unwrap();
    assert_eq!((customer.id, customer.figures.orders, customer.figures.disputed_orders), (jo(), 5, 1));
    assert_eq!(found.order.unwrap().placed_at, Some("2026-01-01T00:00:00Z".parse().unwrap()));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_entries_of_a_double_cancel_out_day_by_day_and_no_report_has_it(pool: PgPool) {
    let ledger = ledger(&pool);
    ledger.import(&[jos("#1", "du_1"), jos("#2", "case-7")]).await.unwrap();
    let manual = DisputeKey { account: account("manual:paypal"), ..dispute_key("case-7") };
    let real = dispute_key("du_1");
    lose(&ledger, &real).await;
    lose(&ledger, &manual).await;
    let shared = Arc::new(ledger.clone());
    let matching = MatchOrders::new(shared.clone(), shared.clone(), rules());
    Join::new(shared.clone(), shared, matching, rules()).join(&alias(&manual, &real)).await.unwrap();
    let sums: Vec<(String, i64)> = sqlx::query_as(
        "SELECT e.account, count(*) FROM (
             SELECT e.account, e.posted_on, p.ledger_account, p.currency, sum(p.amount_minor) AS left_over
             FROM chargebook.journal_entries e JOIN chargebook.postings p USING (account, entry_id)
             GROUP BY 1, 2, 3, 4 HAVING sum(p.amount_minor) <> 0) e GROUP BY 1",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(sums.iter().map(|(account, _)| account.as_str()).collect::<Vec<_>>(), [AccountId::own().as_str()]);
    let lines = ledger.disputes(&DisputeFilter::default()).await.unwrap();
    assert_eq!(lines.iter().map(|line| line.dispute_id.as_str()).collect::<Vec<_>>(), ["du_1"]);
    let orders: Vec<String> =
        sqlx::query_scalar("SELECT order_ref FROM chargebook.order_resolutions").fetch_all(&pool).await.unwrap();
    assert_eq!(orders, ["#1"]);
}
