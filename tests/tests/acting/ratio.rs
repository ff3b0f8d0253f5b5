//! A level of a network's programme is told of once, over restarts, and rules hear of it.

use chargebook::clock::SystemClock;
use chargebook_domain::ports::Clock;
use chargebook_tests::{dispute, event, number, until};
use chrono::TimeDelta;
use serde_json::json;

use crate::{Desk, EMAIL, told};

const RULES: &str = r#"
[[rule]]
name = "visa-is-near"
when = ["ratio_level_reached"]
all = [{ fact = "ratio.network", is = "visa" }]
actions = [{ do = "webhook", endpoint = "desk" }, { do = "mail", subject = "Visa is near" }]
"#;

#[tokio::test]
async fn a_level_is_told_of_once_whoever_starts_when() {
    let desk = Desk::open(RULES).await;
    let at = SystemClock.now() - TimeDelta::minutes(1);
    let month = at.format("%Y-%m").to_string();
    let server = desk.serve().await;
    for nth in 0..6 {
        let mut filed = dispute(&format!("du_{nth}"), "needs_response", &[]);
        filed["created"] = json!(at.timestamp());
        assert_eq!(server.send(&event(&format!("evt_{nth}"), at, &filed)).await.word, "recorded");
    }
    assert_eq!(server.stop().await, 0);

    let typed = ["monitor", "payments", "visa", &month, "100", "--by", "ana", "--reason", "Stripe's report"];
    assert_eq!(desk.run(&typed).await.code, 0);
    let shown = desk.run(&["monitor", "--month", &month]).await;
    for part in ["VAMP", "600", "estimate", "typed in"] {
        assert!(shown.out.to_lowercase().contains(&part.to_lowercase()), "{part} is missing in {shown:?}");
    }

    // The first server tells, the second finds it told.
    for _ in 0..2 {
        let server = desk.serve().await;
        let sent = "SELECT count(*) FROM chargebook.outbox WHERE state = 'done'";
        until(async || number(&desk.url, sent).await == 3).await;
        assert_eq!(server.stop().await, 0);
    }
    assert_eq!(number(&desk.url, "SELECT count(*) FROM chargebook.monitor_alerts").await, 1);
    assert_eq!(number(&desk.url, "SELECT count(*) FROM chargebook.outbox").await, 3);
    let received = desk.receiver.received();
    assert_eq!(received.len(), 1);
    let message = told(&received[0]);
    assert_eq!((&message["ratio"]["network"], &message["ratio"]["bps"]), (&json!("visa"), &json!(600)), "{message}");
    assert_eq!(message["triggers"], json!(["ratio_level_reached"]));
    assert!(desk.mails().iter().any(|mail| mail.contains("Visa is near")));
    assert!(!desk.mails().concat().contains(EMAIL));
}
