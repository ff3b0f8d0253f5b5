use std::collections::BTreeSet;
use std::sync::Arc;

use chargebook_domain::ports::SweepKind;
use chargebook_stories::{Event, Kind};
use chargebook_tests::{Server, assert_lawful, number, send_all};
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::world::{World, end};

/// A row of the account's balance: a fee for a dispute that Stripe does not tie to one.
fn fee_row(number: i64) -> Value {
    let created = (end() - TimeDelta::days(3 * number)).timestamp();
    json!({
        "id": format!("txn_fee_{number}"), "object": "balance_transaction", "amount": -1500, "fee": 0, "net": -1500,
        "currency": "usd", "type": "stripe_fee", "reporting_category": "fee", "created": created,
        "available_on": created, "status": "available", "source": null, "exchange_rate": null, "fee_details": [],
        "description": "Card Dispute Countered Fee (2025-06-13)"
    })
}

/// The last 30 days of the stories, as arguments of a tie-out.
fn last_month() -> [String; 5] {
    let from = (end() - TimeDelta::days(30)).date_naive().to_string();
    ["tieout".to_owned(), "--from".to_owned(), from, "--to".to_owned(), end().date_naive().to_string()]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_webhooks_lost_is_found_and_the_books_tie_out_to_the_cent() {
    let world = World::after(400).await;
    let kept = world.books().await;

    // Every fifth webhook is lost, and all that tell of two late wins of the last month.
    let is_late_win = |story: &&chargebook_stories::Story| {
        story.kind == Kind::LateWin
            && story.events.last().is_some_and(|event| event.created > end() - TimeDelta::days(29))
    };
    let late_wins: Vec<_> = world.stories.iter().filter(is_late_win).take(2).collect();
    assert_eq!(late_wins.len(), 2);
    let wins = |event: &Event| event.body.contains(r#""status":"won""#);
    let late: BTreeSet<_> =
        late_wins.iter().flat_map(|story| &story.events).filter(|event| wins(event)).map(|event| &event.id).collect();
    let arrives = |(number, event): &(usize, &Event)| number % 5 != 0 && !late.contains(&event.id);
    let events = world.stories.iter().flat_map(|story| &story.events).enumerate().filter(arrives);
    let events = events.map(|(_, event)| chargebook_tests::Event { id: event.id.clone(), body: event.body.clone() });
    let server = [Arc::new(Server::start(&kept.url, &[("CHARGEBOOK_STRIPE__LIVEMODE", "false")]).await)];
    send_all(&server, events.collect(), 16).await;
    (1..=3).for_each(|number| world.stripe.own().put(&fee_row(number)));

    let arguments = last_month();
    let tie_out: Vec<_> = arguments.iter().map(String::as_str).collect();
    assert_eq!(world.run(&kept, &tie_out).await.code, 3, "something is missing before the sweeps");

    let found = world.sweep(&kept, SweepKind::Gaps).await;
    assert!(found.new > 0, "events are fetched");
    world.sweep(&kept, SweepKind::Money).await;
    world.sweep(&kept, SweepKind::Open).await;
    let tied = world.run(&kept, &tie_out).await;
    assert_eq!(tied.code, 0, "{} {}", tied.out, tied.err);
    assert!(tied.out.contains("everything agrees"), "{}", tied.out);
    assert_lawful(&kept.url).await;
    for story in late_wins {
        let dispute = &story.endings[0].dispute;
        let query =
            format!("SELECT count(*) FROM chargebook.disputes WHERE dispute_id = '{dispute}' AND outcome = 'won'");
        assert_eq!(number(&kept.url, &query).await, 1);
    }
    let fees = "SELECT count(*) FROM chargebook.movements WHERE dispute_id IS NULL AND category = 'fee'";
    assert_eq!(number(&kept.url, fees).await, 3);

    // A movement that is gone at Stripe, and one that the books lack.
    let gone =
        "SELECT right(max(movement_id), 15) FROM chargebook.movements WHERE dispute_id IS NOT NULL AND occurred_at > ";
    let gone = text(&kept.url, &format!("{gone}'{}'", end() - TimeDelta::days(20))).await;
    world.stripe.own().remove_movement(&format!("txn_{gone}"));
    let ending = &world.stories.iter().find(|story| story.kind == Kind::Lost).unwrap().endings[0];
    let created = (end() - TimeDelta::days(2)).timestamp();
    world.stripe.own().put(&json!({
        "id": "txn_unknown", "object": "balance_transaction", "amount": -2500, "fee": 0, "net": -2500, "currency": "usd",
        "type": "adjustment", "reporting_category": "dispute", "created": created, "available_on": created,
        "status": "available", "source": ending.dispute, "exchange_rate": null, "fee_details": [], "description": null
    }));
    let differs = world.run(&kept, &tie_out).await;
    assert_eq!(differs.code, 3, "{}", differs.out);
    assert!(differs.out.contains("2 differences"), "{}", differs.out);
    assert!(differs.out.contains("txn_unknown") && differs.out.contains(&format!("txn_{gone}")), "{}", differs.out);

    let mut repair = tie_out.clone();
    repair.push("--repair");
    let repaired = world.run(&kept, &repair).await;
    assert!(repaired.out.contains("1 difference") && !repaired.out.contains("2 differences after"), "{}", repaired.out);
    assert_eq!(
        number(&kept.url, "SELECT count(*) FROM chargebook.movements WHERE movement_id = 'txn_unknown'").await,
        1
    );
    assert_lawful(&kept.url).await;
}

async fn text(url: &str, query: &str) -> String {
    use sqlx::Connection as _;
    let mut connection = sqlx::PgConnection::connect(&chargebook_tests::as_owner(url)).await.unwrap();
    sqlx::query_scalar(sqlx::AssertSqlSafe(query.to_owned())).fetch_one(&mut connection).await.unwrap()
}
