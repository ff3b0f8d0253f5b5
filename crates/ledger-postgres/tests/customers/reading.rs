//! What is read of customers.

use chargebook_domain::CustomerId;
use chargebook_domain::ports::{Alias, Aliases, Joined};
use chargebook_ledger_postgres::MIGRATOR;
use chargebook_ledger_postgres::reading::{CustomerLine, CustomerOrder, Decision};
use chargebook_port_contracts::samples::{day, dispute_key};
use sqlx::PgPool;

use crate::books::{customer, key, story, sweep, two_customers};

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_story_has_all_that_is_known_of_a_customer(pool: PgPool) {
    let ledger = two_customers(&pool).await;
    let story = story(&ledger, &customer(key(), "jo")).await;
    let line = &story.line;
    assert_eq!((line.disputes, line.open, line.won, line.lost, line.inquiries), (2, 0, 1, 1, 1));
    assert_eq!((line.orders, line.disputed_orders, line.dispute_rate_bps), (3, 2, Some(6_666)));
    assert_eq!((line.first_at, line.last_at), (Some(day(1)), Some(day(4))));
    assert_eq!((line.score, line.blocked, &line.tags[..]), (Some(12), true, &["friend".to_owned()][..]));
    let [amount] = &line.amounts[..] else { panic!("{line:?}") };
    assert_eq!((amount.disputed_minor, amount.lost_minor, amount.won_minor), (2_000, 1_000, 1_000));
    assert_eq!(story.score_reasons, ["a lost dispute"]);
    let disputes: Vec<_> = story.dispute_list.iter().map(|dispute| dispute.dispute_id.as_str()).collect();
    assert_eq!(disputes, ["du_4", "du_2", "du_1"]);
    assert_eq!(story.dispute_list[2].order_ref.as_deref(), Some("#1"));
    let decisions: Vec<_> = story.decisions.iter().map(|decision| decision.reason.as_str()).collect();
    assert_eq!((decisions, story.former.len()), (vec!["two lost", "a mistake"], 0));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn who_had_no_dispute_is_unknown(pool: PgPool) {
    let ledger = two_customers(&pool).await;
    let nobody = customer(key(), "nobody");
    assert_eq!(ledger.customer(&nobody).await.unwrap(), None);
    assert_eq!(ledger.decision(&nobody).await.unwrap(), Decision::default());
    let al = ledger.decision(&customer(key(), "al")).await.unwrap();
    assert_eq!(al, Decision { known: true, ..Decision::default() });
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn lists_are_in_the_order_that_is_asked_for(pool: PgPool) {
    let ledger = two_customers(&pool).await;
    let (jo, al) = (customer(key(), "jo").to_string(), customer(key(), "al").to_string());
    let list = async |order, limit| -> Vec<String> {
        let lines: Vec<CustomerLine> = ledger.customers(order, limit).await.unwrap();
        lines.into_iter().map(|line| line.customer).collect()
    };
    assert_eq!(list(CustomerOrder::Latest, 9).await, [jo.clone(), al.clone()]);
    assert_eq!(list(CustomerOrder::Latest, 1).await, std::slice::from_ref(&jo));
    for scored in [CustomerOrder::Score, CustomerOrder::Lost, CustomerOrder::Disputes, CustomerOrder::Blocked] {
        assert_eq!(list(scored, 9).await, std::slice::from_ref(&jo), "{scored:?}");
    }
    crate::books::run(
        &pool,
        &format!(
            "INSERT INTO chargebook.customer_scores (customer, score, reasons, scored_at) VALUES ('{al}', 3, '{{}}', now());
             INSERT INTO chargebook.customer_decisions VALUES ('{jo}', '2026-01-12Z', 'ana', false, 'not again')"
        ),
    )
    .await;
    assert_eq!(list(CustomerOrder::Score, 9).await, [al.clone(), jo.clone()]);
    assert_eq!(list(CustomerOrder::Disputes, 9).await, [jo.clone(), al.clone()]);
    assert_eq!(list(CustomerOrder::Blocked, 9).await, [""; 0]);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_customer_is_found_by_the_first_digits(pool: PgPool) {
    let ledger = two_customers(&pool).await;
    let jo = customer(key(), "jo");
    let found = async |digits: &str| -> Vec<CustomerId> { ledger.customers_beginning(digits, 9).await.unwrap() };
    for digits in [8, 16, 64] {
        assert_eq!(found(&jo.as_str()[..digits]).await, std::slice::from_ref(&jo));
    }
    assert_eq!(found("").await.len(), 2);
    assert_eq!(found(customer(key(), "nobody").as_str()).await, []);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_card_in_common_links_strongly_and_one_that_looks_the_same_weakly(pool: PgPool) {
    let ledger = two_customers(&pool).await;
    let al = customer(key(), "al");
    let links = async || {
        let linked = story(&ledger, &customer(key(), "jo")).await.linked;
        let named = linked.into_iter().map(|other| (other.link, other.customer, other.cards, other.disputes));
        named.collect::<Vec<_>>()
    };
    assert_eq!(links().await, [("strong".to_owned(), al.to_string(), 1, 1)]);
    crate::books::run(&pool, "UPDATE chargebook.disputes SET card_hash = NULL WHERE dispute_id = 'du_3'").await;
    assert_eq!(links().await, [("weak".to_owned(), al.to_string(), 1, 1)]);
    crate::books::run(&pool, "UPDATE chargebook.disputes SET card_brand = 'amex' WHERE dispute_id = 'du_3'").await;
    assert_eq!(links().await, []);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_double_is_nobodys_dispute(pool: PgPool) {
    let ledger = two_customers(&pool).await;
    let (double, same_as) = (dispute_key("du_3"), dispute_key("du_1"));
    let (joined_by, reason) = ("ana".to_owned(), "the same".to_owned());
    let alias = Alias { key: double, same_as, joined_by, joined_at: day(5), reason };
    assert_eq!(ledger.join(&alias).await.unwrap(), Joined::Kept);
    assert_eq!(sweep(&ledger, key()).await, 1);
    let al = story(&ledger, &customer(key(), "al")).await;
    assert_eq!((al.line.disputes, al.line.disputed_orders, al.line.orders), (0, 0, 1));
    assert_eq!((al.dispute_list.len(), al.linked.len(), al.line.amounts.len(), al.line.last_at), (0, 0, 0, None));
    assert_eq!(story(&ledger, &customer(key(), "jo")).await.linked, []);
    assert_eq!(ledger.customers(CustomerOrder::Latest, 9).await.unwrap().len(), 1);
}
