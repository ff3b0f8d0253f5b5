//! What happens to a dispute is acted on: each trigger and each action, over real HTTP and Postgres, with a receiver that
//! fails at first.
#![expect(clippy::unwrap_used, reason = "a test that meets anything unexpected should end")]

mod alerts;
mod outlook;
mod ratio;

use std::fs;
use std::path::PathBuf;

use chargebook::clock::SystemClock;
use chargebook_domain::ports::Clock;
use chargebook_domain::{CustomerId, CustomerKey};
use chargebook_port_contracts::fake_receiver::{FakeReceiver, Fault, Received};
use chargebook_tests::{
    Event, Ran, Server, dispute, event, fresh_database, movement, number, run, scratch_folder, text, until,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

/// What may stand in no log, no message and no table but that of the orders.
const EMAIL: &str = "planted.person@example.com";
const KEY: &str = "a-planted-key-of-customers";
const SECRET: &str = "a-planted-secret-of-the-endpoint";
const TOKEN: &str = "a-planted-token-of-the-api";

const RULES: &str = r#"
[[rule]]
name = "tell-all"
when = ["dispute_filed", "dispute_changed", "dispute_closed", "dispute_reopened"]
actions = [{ do = "webhook", endpoint = "desk" }]

[[rule]]
name = "lost-once"
when = ["dispute_closed"]
all = [{ fact = "customer.lost", at_least = 1 }, { fact = "customer.blocked", is = false }]
actions = [
  { do = "block", reason = "a lost dispute" },
  { do = "tag", tag = "lost" },
  { do = "mail", subject = "A customer was blocked" },
]

[[rule]]
name = "open-again"
when = ["dispute_reopened"]
actions = [{ do = "unblock" }, { do = "tag", tag = "look-again" }]

[[rule]]
name = "score"
when = ["customer_score_changed"]
all = [{ fact = "customer.score_before", at_least = 0 }]
actions = [{ do = "mail", subject = "A score changed" }]
cooldown = "1d"

[[rule]]
name = "only-in-yen"
when = ["dispute_filed"]
all = [{ fact = "dispute.amount", at_least = "1", currency = "jpy" }]
actions = [{ do = "webhook", endpoint = "desk" }]
"#;

struct Desk {
    url: String,
    folder: PathBuf,
    receiver: FakeReceiver,
}

impl Desk {
    async fn open(rules: &str) -> Self {
        let (url, _) = fresh_database().await;
        let (folder, receiver) = (scratch_folder(), FakeReceiver::start().await.unwrap());
        let endpoint = format!("\n[endpoint.desk]\nurl = \"{}\"\nsecret = \"{SECRET}\"\n", receiver.url());
        fs::write(folder.join("rules.toml"), format!("{rules}{endpoint}")).unwrap();
        let desk = Self { url, folder, receiver };
        let orders = format!(
            "order_ref,charge_id,payment_intent_id,amount,currency,customer_email,placed_at\n\
             1001,ch_du_1,,100.00,USD,{EMAIL},2026-01-01\n1002,ch_other,,10.00,USD, {} ,2026-01-02\n",
            EMAIL.to_uppercase()
        );
        fs::write(desk.folder.join("orders.csv"), orders).unwrap();
        let imported = desk.run(&["orders", "import", "orders.csv"]).await;
        assert_eq!(imported.code, 0, "{imported:?}");
        desk
    }

    fn settings(&self) -> Vec<(String, String)> {
        let rules = self.folder.join("rules.toml");
        let mail = self.folder.join("data");
        let given = [
            ("DATABASE__URL", self.url.as_str()),
            ("CUSTOMERS__KEY", KEY),
            ("RULES__FILE", rules.to_str().unwrap()),
            ("HTTP__API_TOKENS", TOKEN),
            ("STRIPE__WEBHOOK_SECRETS", chargebook_tests::SECRET),
            ("DATA_DIR", mail.to_str().unwrap()),
        ];
        given.map(|(key, value)| (format!("CHARGEBOOK_{key}"), value.to_owned())).to_vec()
    }

    async fn run(&self, arguments: &[&str]) -> Ran {
        let settings = self.settings();
        let settings: Vec<_> = settings.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        run(&self.folder, &settings, arguments).await
    }

    async fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.run(arguments).await;
        serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{ran:?}"))
    }

    async fn serve(&self) -> Server {
        let settings = self.settings();
        let settings: Vec<_> = settings.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        Server::start(&self.url, &settings).await
    }

    /// Waits until everything is followed up.
    async fn settled(&self) {
        let open = "SELECT count(*) FROM chargebook.follow_ups WHERE state IN ('queued', 'running')";
        until(async || number(&self.url, open).await == 0).await;
    }

    /// Sends what happens next to the dispute, and waits until it is followed up.
    async fn happens(&self, server: &Server, event: &Event) {
        assert_eq!(server.send(event).await.word, "recorded");
        self.settled().await;
    }

    /// What is kept of acting, as text.
    async fn tables(&self) -> String {
        let mut kept = String::new();
        for table in ["outbox", "rule_log", "customers", "customer_scores", "customer_decisions", "disputes"] {
            let sql = format!("SELECT string_agg(t::text, ' ') FROM chargebook.{table} t");
            kept.push_str(&text(&self.url, &sql).await);
        }
        kept
    }

    fn mails(&self) -> Vec<String> {
        let Ok(files) = fs::read_dir(self.folder.join("data/mail")) else { return Vec::new() };
        let texts = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
        texts.collect()
    }
}

fn jo() -> CustomerId {
    CustomerKey::new(KEY.as_bytes()).unwrap().customer(EMAIL).unwrap()
}

fn at(day: i64) -> DateTime<Utc> {
    SystemClock.now() - TimeDelta::days(20 - day)
}

fn told(received: &Received) -> Value {
    serde_json::from_str(&received.body()).unwrap()
}

#[tokio::test]
async fn each_trigger_of_a_dispute_fires_its_rules_and_each_action_is_done() {
    let desk = Desk::open(RULES).await;
    desk.receiver.script([Fault::Status(503)]);
    let server = desk.serve().await;
    let taken = movement("txn_1", -10_000, 1_500, at(2));
    let states = [
        ("evt_1", 1, "needs_response"),
        ("evt_2", 2, "under_review"),
        ("evt_3", 3, "lost"),
        ("evt_4", 4, "under_review"),
    ];
    for (id, day, status) in states {
        let movements = if day > 1 { std::slice::from_ref(&taken) } else { &[] };
        desk.happens(&server, &event(id, at(day), &dispute("du_1", status, movements))).await;
        if status == "lost" {
            let decision =
                server.get_as(&format!("/api/v1/customers/{}/decision", jo()), &format!("Bearer {TOKEN}")).await;
            let decision: Value = serde_json::from_str(&decision.text).unwrap();
            assert_eq!(
                (&decision["blocked"], &decision["reason"]),
                (&true.into(), &"a lost dispute".into()),
                "{decision}"
            );
        }
    }

    // Four changes, each told once and one of them twice: the first time the desk was closed.
    until(async || desk.receiver.received().iter().filter(|message| message.is_taken).count() == 4).await;
    let received = desk.receiver.received();
    assert_eq!(received.len(), 5);
    assert!(received.iter().all(|message| message.signed_at(SECRET).is_some()));
    let mut ids: Vec<_> = received.iter().filter_map(Received::message_id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4, "a message that comes twice has one id: {ids:?}");
    let closed = received.iter().map(told).find(|told| told["dispute"]["outcome"] == "lost").unwrap();
    assert_eq!(closed["triggers"], serde_json::json!(["dispute_changed", "dispute_closed", "customer_score_changed"]));
    assert_eq!(closed["customer"]["customer"], jo().as_str());
    assert_eq!((&closed["customer"]["lost"], &closed["customer"]["orders"]), (&1.into(), &2.into()));

    // Blocked when lost, unblocked when reopened; both tags are there, and a mail each.
    let customer = desk.json(&["customer", "show", jo().as_str(), "--json"]).await;
    assert_eq!(customer["tags"], serde_json::json!(["look-again", "lost"]), "{customer}");
    assert_eq!(number(&desk.url, "SELECT count(*) FROM chargebook.blocked_customers").await, 0);
    assert_eq!(number(&desk.url, "SELECT count(*) FROM chargebook.customer_decisions").await, 2);
    let mails = desk.mails();
    assert!(mails.iter().any(|mail| mail.contains("A customer was blocked")), "{mails:?}");
    let scores = "SELECT count(*) FROM chargebook.outbox WHERE subject = 'A score changed'";
    assert_eq!(number(&desk.url, scores).await, 1, "the cooldown holds the later ones back");

    let log = desk.json(&["rules", "log", "--dispute", "du_1", "--json"]).await;
    let why = |rule: &str| {
        let of_rule = log.as_array().unwrap().iter().filter(|line| line["rule"] == rule);
        of_rule.map(|line| format!("{} {}", line["fired"], line["why"])).collect::<Vec<_>>()
    };
    assert!(why("only-in-yen")[0].starts_with("false"), "{log}");
    assert!(why("score").iter().any(|why| why.contains("cooldown")), "{log}");
    let would = desk.json(&["rules", "test", "--dispute", "du_1", "--when", "dispute_filed", "--json"]).await;
    assert_eq!(
        (&would["rules"][0]["rule"], &would["rules"][0]["fires"]),
        (&"tell-all".into(), &true.into()),
        "{would}"
    );

    // Nothing of the person or of the secrets is anywhere it should not be.
    let queue = desk.run(&["queue", "list", "--state", "done"]).await;
    assert_eq!(queue.code, 0, "{queue:?}");
    let tables = desk.tables().await;
    let bodies: String = received.iter().map(Received::body).collect();
    let shown = customer.to_string() + &log.to_string() + &would.to_string() + &queue.out;
    let log_of_server = server.log();
    assert_eq!(server.stop().await, 0);
    for place in [&tables, &bodies, &shown, &log_of_server, &mails.concat()] {
        for marker in [EMAIL, "planted.person", KEY, SECRET, TOKEN] {
            assert!(!place.to_lowercase().contains(marker), "{marker} in {place}");
        }
    }
}

#[tokio::test]
async fn a_message_that_nobody_takes_is_dead_and_can_be_sent_again() {
    let desk = Desk::open(RULES).await;
    desk.receiver.script([Fault::Status(410)]);
    let server = desk.serve().await;
    desk.happens(&server, &event("evt_1", at(1), &dispute("du_1", "needs_response", &[]))).await;
    until(async || number(&desk.url, "SELECT count(*) FROM chargebook.outbox WHERE state = 'dead'").await == 1).await;

    let list = desk.run(&["queue", "list", "--json"]).await;
    assert_eq!(list.code, 3, "{list:?}");
    let list: Value = serde_json::from_str(&list.out).unwrap();
    assert!(list["messages"][0]["reason"].as_str().unwrap().contains("410"), "{list}");
    let id = list["messages"][0]["message_id"].as_str().unwrap();
    assert_eq!(desk.run(&["queue", "resend", "no-such-message"]).await.code, 1);
    assert_eq!(desk.run(&["queue", "resend", id]).await.code, 0);
    until(async || desk.receiver.received().len() == 2).await;
    assert!(desk.receiver.received().iter().all(|message| message.message_id() == Some(id)));
    assert_eq!(server.stop().await, 0);
}

#[tokio::test]
async fn rules_that_cannot_be_right_are_told_all_at_once_and_keep_the_server_from_starting() {
    let desk = Desk::open("[[rule]]\nname = \"a\"\nwhen = [\"dispute_fled\"]\nactions = [{ do = \"shout\" }]\n").await;
    let checked = desk.run(&["rules", "check"]).await;
    assert_eq!(checked.code, 2, "{checked:?}");
    for part in ["dispute_filed", "shout", "rules.toml"] {
        assert!(checked.err.contains(part), "{part} is missing in {}", checked.err);
    }
    let served = desk.run(&["serve"]).await;
    assert_eq!(served.code, 2, "{served:?}");
    assert!(served.err.contains("dispute_filed") && !served.err.contains(SECRET), "{}", served.err);
}
