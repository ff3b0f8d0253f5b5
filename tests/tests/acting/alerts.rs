//! What is wrong is told once, on the channel that takes it.

use std::fs;

use chargebook::clock::SystemClock;
use chargebook_domain::ports::Clock;
use chargebook_port_contracts::fake_graph::{FakeGraph, SignInFault};
use chargebook_tests::{Server, borrowed, dispute, event, number, outlook_settings, text, until};
use chrono::TimeDelta;

use crate::Desk;

const DONE: &str = "SELECT count(*) FROM chargebook.outbox WHERE message_id LIKE 'alert/%' AND state = 'done'";

#[tokio::test]
async fn what_is_wrong_is_told_once_where_a_channel_takes_it() {
    let desk = Desk::open(" ").await;
    let now = SystemClock.now();
    let server = Server::start(&desk.url, &[]).await;
    let mut other_mode = event("evt_test", now, &dispute("du_0", "needs_response", &[]));
    other_mode.body = other_mode.body.replace("\"livemode\":true", "\"livemode\":false");
    assert_eq!(server.send(&other_mode).await.word, "quarantined");
    let long_ago = now - TimeDelta::days(5);
    let mut orphan = dispute("du_9", "needs_response", &[]);
    orphan["created"] = long_ago.timestamp().into();
    assert_eq!(server.send(&event("evt_1", long_ago, &orphan)).await.word, "recorded");
    assert_eq!(server.stop().await, 0);

    let graph = FakeGraph::start().await.unwrap();
    graph.script_sign_in((0..50).map(|_| SignInFault::Refused { aadsts: 7_000_222 }));
    let besides = [("CHARGEBOOK_SUMMARY__CHANNELS", "outlook,folder"), ("CHARGEBOOK_ALERTS__SUMMARY_HOURS", "0")];
    let besides = besides.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let settings = [desk.settings(), outlook_settings(&graph.base()), besides.into()].concat();
    for _ in 0..2 {
        // The second start finds nothing that was not told.
        let server = Server::start(&desk.url, &borrowed(&settings)).await;
        until(async || number(&desk.url, DONE).await == 2).await;
        assert_eq!(server.stop().await, 0);
    }
    assert_eq!(number(&desk.url, "SELECT count(*) FROM chargebook.outbox WHERE message_id LIKE 'alert/%'").await, 2);
    let kinds =
        text(&desk.url, "SELECT string_agg(kind || ' ' || subject, ', ' ORDER BY kind) FROM chargebook.alerts").await;
    assert_eq!(kinds, "orphaned default/du_9, quarantined default/evt_test");
    let mut written = String::new();
    for file in fs::read_dir(desk.folder.join("data/mail")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "html") {
            written.push_str(&fs::read_to_string(path).unwrap());
        }
    }
    for said in ["Chargebook: 1 dispute has no order", "du_9 (default)", "Chargebook: 1 event could not be booked"] {
        assert!(written.contains(said), "{said} is not in: {written}");
    }
    assert!(graph.accepted().is_empty());
}
