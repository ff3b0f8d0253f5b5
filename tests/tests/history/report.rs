use std::collections::BTreeMap;
use std::fs;

use chargebook_domain::{Currency, Money};
use chargebook_tests::scratch_folder;
use chrono::DateTime;
use serde_json::Value;

use crate::world::World;

/// The rows of the report that Stripe makes of the same movements, by id.
fn report(world: &World) -> BTreeMap<String, String> {
    let mut rows = BTreeMap::new();
    for event in world.stories.iter().flat_map(|story| &story.events).filter(|event| event.dispute.is_some()) {
        let event: Value = serde_json::from_str(&event.body).unwrap();
        for row in event["data"]["object"]["balance_transactions"].as_array().unwrap() {
            let currency = Currency::parse(row["currency"].as_str().unwrap()).unwrap();
            let major = |name: &str| Money::new(row[name].as_i64().unwrap(), currency).to_major().unwrap();
            let at = DateTime::from_timestamp(row["created"].as_i64().unwrap(), 0).unwrap();
            let id = row["id"].as_str().unwrap();
            let (gross, fee, net) = (major("amount"), major("fee"), major("net"));
            let category = row["reporting_category"].as_str().unwrap();
            let line = format!("{id},{},{currency},{gross},{fee},{net},{category}", at.format("%Y-%m-%d %H:%M:%S"));
            rows.insert(id.to_owned(), line);
        }
    }
    rows
}

fn csv<'a>(rows: impl IntoIterator<Item = &'a String>) -> String {
    let head = "balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category";
    rows.into_iter().fold(head.to_owned(), |csv, row| csv + "\n" + row) + "\n"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_books_tie_out_against_the_report_that_stripe_makes() {
    let world = World::after(150).await;
    let filled = world.books().await;
    let backfill = ["backfill", "--since", "2024-06-01", "--until", "2025-12-31"];
    assert_eq!(world.run(&filled, &backfill).await.code, 0);
    let mut rows = report(&world);
    let file = scratch_folder().join("balance_change_from_activity.csv");
    let path = file.to_str().unwrap().to_owned();
    let tie_out = ["tieout", "--from", "2024-06-01", "--to", "2025-12-31", "--report", &path];

    fs::write(&file, csv(rows.values())).unwrap();
    let asked = world.stripe.requests().len();
    let agrees = world.run(&filled, &tie_out).await;
    assert_eq!(agrees.code, 0, "{} {}", agrees.out, agrees.err);
    assert!(agrees.out.contains(&format!("{} movements, everything agrees", rows.len())), "{}", agrees.out);
    assert_eq!(world.stripe.requests().len(), asked, "the report is a source of its own");

    let (missing, _) = rows.pop_first().unwrap();
    let (changed, row) = rows.pop_last().unwrap();
    rows.insert(changed.clone(), row.replacen("2025-", "2024-", 1));
    fs::write(&file, csv(rows.values())).unwrap();
    let differs = world.run(&filled, &tie_out).await;
    assert_eq!(differs.code, 3, "{}", differs.out);
    assert!(differs.out.contains(&missing) && differs.out.contains(&changed), "{}", differs.out);
}
