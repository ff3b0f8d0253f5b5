use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::Arc;

use chargebook_port_contracts::fake_stripe::{Fault, KEY};
use chargebook_tests::{Event, Server, as_owner, assert_lawful, binary, books, number, send_all};
use serde_json::json;
use sqlx::{Connection, PgConnection};
use tokio::process::Command;

use crate::world::{Books, World};

const BACKFILL: [&str; 5] = ["backfill", "--since", "2024-06-01", "--until", "2025-12-31"];

/// The books, by the name of their part.
async fn state(books_of: &Books) -> BTreeMap<&'static str, Vec<String>> {
    books(&books_of.url).await.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backfill_books_every_dispute_as_it_ended_and_a_second_one_changes_nothing() {
    let world = World::after(300).await;
    let filled = world.books().await;
    let ran = world.run(&filled, &BACKFILL).await;
    assert_eq!(ran.code, 0, "{} {}", ran.out, ran.err);
    let disputes: usize = world.stories.iter().map(|story| story.endings.len()).sum();
    assert!(ran.out.contains(&format!("backfill: {disputes} disputes: {disputes} new, 0 known")), "{}", ran.out);
    assert_lawful(&filled.url).await;

    let mut connection = PgConnection::connect(&as_owner(&filled.url)).await.unwrap();
    let stands: BTreeMap<String, (String, String)> =
        sqlx::query_as::<_, (String, String, String)>("SELECT dispute_id, outcome, bucket FROM chargebook.disputes")
            .fetch_all(&mut connection)
            .await
            .unwrap()
            .into_iter()
            .map(|(dispute, outcome, bucket)| (dispute, (outcome, bucket)))
            .collect();
    for ending in world.stories.iter().flat_map(|story| &story.endings) {
        let expected = (ending.outcome.as_str().to_owned(), ending.bucket.as_str().to_owned());
        assert_eq!(stands[&ending.dispute], expected, "{}", ending.dispute);
    }

    let before = state(&filled).await;
    let again = world.run(&filled, &BACKFILL).await;
    assert!(again.out.contains(&format!("0 new, {disputes} known, 0 changed")), "{}", again.out);
    assert_eq!(before, state(&filled).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_ten_times_it_ends_as_if_nothing_had_happened() {
    let world = World::after(400).await;
    let calm = world.books().await;
    assert_eq!(world.run(&calm, &BACKFILL).await.code, 0);

    let killed = world.books().await;
    for more_requests in [1, 5, 2, 9, 3, 12, 4, 7, 15, 6] {
        let mut child = Command::new(binary())
            .args(BACKFILL)
            .env_clear()
            .envs(world.settings(&killed))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let so_far = world.stripe.requests().len();
        tokio::select! {
            () = world.stripe.has_read(so_far + more_requests) => child.kill().await.unwrap(),
            ended = child.wait() => assert!(ended.unwrap().success()),
        }
    }
    let last = world.run(&killed, &BACKFILL).await;
    assert_eq!(last.code, 0, "{}", last.err);
    assert_lawful(&killed.url).await;
    assert_eq!(state(&calm).await, state(&killed).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_for_the_same_disputes_meanwhile_end_in_the_same_books() {
    let world = World::after(200).await;
    let events: Vec<_> = chargebook_stories::deliveries(7, &world.stories)
        .into_iter()
        .map(|event| Event { id: event.id.clone(), body: event.body.clone() })
        .collect();
    let test_mode = [("CHARGEBOOK_STRIPE__LIVEMODE", "false")];

    let told = world.books().await;
    send_all(&[Arc::new(Server::start(&told.url, &test_mode).await)], events.clone(), 16).await;
    let both = world.books().await;
    let server = [Arc::new(Server::start(&both.url, &test_mode).await)];
    let (ran, ()) = tokio::join!(world.run(&both, &BACKFILL), send_all(&server, events, 16));
    assert_eq!(ran.code, 0, "{}", ran.err);
    let read = world.books().await;
    assert_eq!(world.run(&read, &BACKFILL).await.code, 0);

    assert_lawful(&both.url).await;
    let (told_state, both_state) = (state(&told).await, state(&both).await);
    for part in ["movements", "balances of each day", "figures of each day", "orders"] {
        assert_eq!(told_state[part], both_state[part], "{part}, as by webhooks alone");
    }
    for query in [
        "SELECT dispute_id, status, outcome, bucket, closed_at::text, order_match FROM chargebook.disputes",
        "SELECT ledger_account, currency, balance_minor::text, '', '', '' FROM chargebook.trial_balance",
    ] {
        let (told, both) = (rows(&told.url, query).await, rows(&both.url, query).await);
        assert_eq!(told, both, "as by webhooks alone");
    }
    // Reads alone know no dates of verdicts, and no status from before one that nobody knows.
    for query in [
        "SELECT dispute_id, '', outcome, bucket, order_match, '' FROM chargebook.disputes",
        "SELECT ledger_account, currency, balance_minor::text, '', '', '' FROM chargebook.trial_balance",
        "SELECT movement_id, dispute_id, net_minor::text, currency, '', '' FROM chargebook.movements",
    ] {
        let (read, both) = (rows(&read.url, query).await, rows(&both.url, query).await);
        assert_eq!(read, both, "as by reads alone");
    }
}

type Row = (String, String, String, String, Option<String>, String);

async fn rows(url: &str, query: &'static str) -> Vec<Row> {
    let mut connection = PgConnection::connect(&as_owner(url)).await.unwrap();
    let mut rows: Vec<Row> = sqlx::query_as(query).fetch_all(&mut connection).await.unwrap();
    rows.sort();
    rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_of_the_source_lose_no_dispute_and_show_no_key() {
    let world = World::after(150).await;
    let filled = world.books().await;
    world.stripe.script([
        Fault::TooMany { retry_after: Some("1".to_owned()) },
        Fault::ServerError,
        Fault::BadGatewayHtml,
        Fault::Reset,
        Fault::ResetMidway,
        Fault::CutOff,
        Fault::LockTimeout,
        Fault::TooMany { retry_after: None },
    ]);
    let ran = world.run(&filled, &BACKFILL).await;
    assert_eq!(ran.code, 0, "{}", ran.err);
    let disputes: usize = world.stories.iter().map(|story| story.endings.len()).sum();
    let booked = number(&filled.url, "SELECT count(*) FROM chargebook.disputes").await;
    assert_eq!(usize::try_from(booked).unwrap(), disputes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_odd_object_is_kept_and_hides_no_other_of_its_page() {
    let world = World::after(100).await;
    let filled = world.books().await;
    let odd = json!({"id": "du_odd", "object": "dispute", "amount": "12.50", "currency": "usd", "created": 1_740_000_000,
                     "status": "lost", "livemode": false});
    world.stripe.own().put(&odd);
    let ran = world.run(&filled, &BACKFILL).await;
    assert_eq!(ran.code, 3, "{} {}", ran.out, ran.err);
    assert!(ran.out.contains("1 quarantined"), "{}", ran.out);
    let disputes: usize = world.stories.iter().map(|story| story.endings.len()).sum();
    let booked = number(&filled.url, "SELECT count(*) FROM chargebook.disputes").await;
    assert_eq!(usize::try_from(booked).unwrap(), disputes);
    let events = world.run(&filled, &["events", "list", "--quarantined"]).await;
    assert!(events.out.contains("amount: expected an integer number of minor units"), "{}", events.out);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_refused_ends_with_what_to_do() {
    let world = World::after(100).await;
    let filled = world.books().await;
    let mut settings = world.settings(&filled);
    settings.retain(|(name, _)| *name != "CHARGEBOOK_STRIPE__API_KEY");
    let ask = async |key: Option<&str>| {
        let mut settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        settings.extend(key.map(|key| ("CHARGEBOOK_STRIPE__API_KEY", key)));
        chargebook_tests::run(&chargebook_tests::scratch_folder(), &settings, &BACKFILL).await
    };
    let without = ask(None).await;
    assert_eq!((without.code, without.err.contains("stripe.api_key")), (2, true), "{}", without.err);
    let wrong = ask(Some("rk_test_plantedAnother")).await;
    assert_eq!((wrong.code, wrong.err.contains("API key")), (1, true), "{}", wrong.err);
    assert!(!wrong.err.contains("rk_test_plantedAnother") && !wrong.err.contains(KEY));
}
