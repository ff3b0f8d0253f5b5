//! The mail of a rule goes through Outlook, and is sent again when that failed.

use chargebook::clock::SystemClock;
use chargebook_domain::ports::Clock;
use chargebook_port_contracts::fake_graph::{FakeGraph, Fault};
use chargebook_tests::{Server, borrowed, dispute, event, outlook_settings, until};

use crate::Desk;

const RULES: &str = r#"
[[rule]]
name = "tell"
when = ["dispute_filed"]
actions = [{ do = "mail", subject = "A dispute was filed" }]
"#;

#[tokio::test]
async fn a_mail_that_outlook_did_not_take_comes_later_and_once() {
    let desk = Desk::open(RULES).await;
    let graph = FakeGraph::start().await.unwrap();
    graph.script([Fault::Throttled { retry_after: Some("1".to_owned()) }]);
    let settings = [desk.settings(), outlook_settings(&graph.base())].concat();
    let server = Server::start(&desk.url, &borrowed(&settings)).await;
    let filed = event("evt_1", SystemClock.now(), &dispute("du_1", "needs_response", &[]));
    assert_eq!(server.send(&filed).await.word, "recorded");
    until(async || graph.accepted().iter().any(|mail| mail.subject() == "A dispute was filed")).await;
    assert_eq!(graph.accepted().iter().filter(|mail| mail.subject() == "A dispute was filed").count(), 1);
    assert!(graph.send_requests() >= 2);
    assert!(!server.log().contains("planted-secret"));
    assert_eq!(server.stop().await, 0);
}
