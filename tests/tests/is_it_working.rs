//! What a new user asks: do disputes arrive, and if not, why.
#![expect(clippy::unwrap_used, reason = "a test that meets anything unexpected should end")]

use std::fs;
use std::path::PathBuf;

use chargebook::clock::SystemClock;
use chargebook_domain::ports::{Alias, Aliases, Clock, Joined};
use chargebook_domain::{AccountId, DisputeId, DisputeKey};
use chargebook_ledger_postgres::PostgresLedger;
use chargebook_port_contracts::fake_graph::{FakeGraph, SignInFault};
use chargebook_tests::{
    Event, Ran, Reply, Server, as_owner, borrowed, dispute, event, fresh_database, outlook_settings, run,
    scratch_folder, until,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, from_str};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

const TOKEN: &str = "a-planted-token-of-the-tests";

const TOKENS: (&str, &str) = ("CHARGEBOOK_HTTP__API_TOKENS", "another-planted-token,a-planted-token-of-the-tests");

struct Shop {
    url: String,
    ledger: PostgresLedger,
    folder: PathBuf,
    now: DateTime<Utc>,
}

impl Shop {
    async fn open() -> Self {
        let (url, ledger) = fresh_database().await;
        Self { url, ledger, folder: scratch_folder(), now: SystemClock.now() }
    }

    async fn serve(&self) -> Server {
        Server::start(&self.url, &[TOKENS, ("CHARGEBOOK_STRIPE__ACCOUNTS", "acct_1")]).await
    }

    async fn run(&self, arguments: &[&str]) -> Ran {
        let settings = [("CHARGEBOOK_DATABASE__URL", self.url.as_str()), ("CHARGEBOOK_STRIPE__ACCOUNTS", "acct_1")];
        run(&self.folder, &settings, arguments).await
    }

    /// The exit code, and what is found and advised, as one text.
    async fn explain(&self, id: &str) -> (i32, String) {
        let ran = self.run(&["explain", id]).await;
        assert_eq!(ran.complaints(), "", "{id}");
        (ran.code, ran.out)
    }

    async fn sql(&self, sql: &str) {
        let mut connection = PgConnection::connect(&as_owner(&self.url)).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    }

    fn an_event(&self, number: u32, dispute_id: &str) -> Event {
        event(&format!("evt_{number}"), self.now - TimeDelta::days(1), &dispute(dispute_id, "needs_response", &[]))
    }
}

async fn ask(server: &Server, path: &str) -> Reply {
    server.get_as(path, &format!("Bearer {TOKEN}")).await
}

async fn document(server: &Server) -> Value {
    let reply = ask(server, "/api/v1/health/ingestion").await;
    assert_eq!(reply.status, 200, "{reply:?}");
    from_str(&reply.text).unwrap()
}

#[tokio::test]
async fn a_checkout_asks_whether_a_customer_is_blocked() {
    let shop = Shop::open().await;
    let server = shop.serve().await;
    let [known, former, stranger] = ["1", "2", "3"].map(|digit| digit.repeat(64));
    shop.sql(&format!(
        "INSERT INTO chargebook.customers (customer, key_id, known_since, replaced_by)
         VALUES ('{known}', 'new', now(), NULL), ('{former}', 'old', now(), '{known}');
         INSERT INTO chargebook.customer_decisions (customer, decided_at, decided_by, is_blocked, reason)
         VALUES ('{known}', '2026-01-02T03:04:05Z', 'ana', true, 'three lost'),
                ('{known}', '2026-01-01T00:00:00Z', 'ana', false, 'a mistake');
         INSERT INTO chargebook.customer_scores (customer, score, reasons, scored_at) VALUES ('{known}', 7, '{{}}', now())"
    ))
    .await;
    for asked in [&known, &former] {
        let reply = ask(&server, &format!("/api/v1/customers/{asked}/decision")).await;
        let expected = serde_json::json!({
            "customer": asked, "known": true, "blocked": true, "since": "2026-01-02T03:04:05Z", "reason": "three lost",
            "score": 7
        });
        assert_eq!((reply.status, from_str::<Value>(&reply.text).unwrap()), (200, expected));
    }
    let path = format!("/api/v1/customers/{stranger}/decision");
    let reply: Value = from_str(&ask(&server, &path).await.text).unwrap();
    assert_eq!((&reply["known"], &reply["blocked"]), (&false.into(), &false.into()));
    assert_eq!(ask(&server, "/api/v1/customers/jo/decision").await.word, "customer_invalid");
    assert_eq!(server.get(&path).await.word, "api_token_missing");
    assert_eq!(server.get_as(&path, "Bearer a-token-of-the-end-to-end-test").await.word, "api_token_invalid");
    assert!(!server.log().contains("token-of-the"), "{}", server.log());
    let closed = Server::start(&shop.url, &[]).await;
    assert_eq!(ask(&closed, &path).await.word, "api_tokens_not_set");
}

#[tokio::test]
async fn the_light_follows_what_deliveries_were_answered() {
    let shop = Shop::open().await;
    let server = shop.serve().await;
    let fresh = document(&server).await;
    assert_eq!((&fresh["light"], &fresh["disputes"]), (&"yellow".into(), &serde_json::json!([])));
    assert_eq!(server.send(&shop.an_event(1, "du_1")).await.word, "recorded");
    assert_eq!(server.send(&shop.an_event(1, "du_1")).await.word, "duplicate");
    let refused = server.post(shop.an_event(2, "du_2").body.into_bytes(), Some("t=1,v1=00")).await.unwrap();
    assert_eq!(refused.status, 400);
    assert_eq!(server.stop().await, 0);

    let server = shop.serve().await;
    let red = document(&server).await;
    let stripe = &red["sources"][0];
    assert_eq!((&red["light"], &stripe["source"], &stripe["light"]), (&"red".into(), &"stripe".into(), &"red".into()));
    assert!(stripe["remedy"].as_str().unwrap().contains("signing secret"), "{stripe}");
    let answers = serde_json::json!({ "recorded": 1, "duplicate": 1, refused.word: 1 });
    assert_eq!(stripe["answers_of_7_days"], answers);
    let listed = &red["disputes"][0];
    assert_eq!(
        (&listed["id"], &listed["brand"], &listed["amount_minor"]),
        (&"du_1".into(), &"visa".into(), &10_000.into())
    );
    assert_eq!((&listed["status"], &listed["order_match"]), (&"needs_response".into(), &"orphan".into()));
    let doctor = shop.run(&["doctor"]).await;
    assert!(doctor.out.contains("!! deliveries: stripe is red"), "{}", doctor.out);
    assert!(doctor.out.contains("default du_1: visa 100.00 USD, needs_response, orphan"), "{}", doctor.out);

    assert_eq!(server.send(&shop.an_event(3, "du_3")).await.word, "recorded");
    assert_eq!(server.stop().await, 0);
    let server = shop.serve().await;
    assert_eq!(document(&server).await["light"], "green");
    shop.sql("UPDATE chargebook.delivery_counts SET last_at = last_at - interval '40 days', day = day - 40").await;
    let silent = document(&server).await;
    assert_eq!(silent["light"], "yellow", "{silent}");
    assert!(silent["sources"][0]["why"].as_str().unwrap().contains("40 days ago; up to"), "{silent}");
    // The counts of the last minute may be on their way; what is older was never delivered.
    shop.sql(
        "ALTER TABLE chargebook.source_events DISABLE TRIGGER USER;
         UPDATE chargebook.source_events SET received_at = received_at - interval '2 minutes'",
    )
    .await;
    let fetched = document(&server).await;
    assert_eq!(fetched["light"], "yellow", "{fetched}");
    assert!(fetched["sources"][0]["why"].as_str().unwrap().contains("2 later ones had to be fetched"), "{fetched}");
}

#[tokio::test]
async fn the_queues_say_what_waits_and_what_was_given_up() {
    let shop = Shop::open().await;
    shop.sql(
        "INSERT INTO chargebook.follow_ups (account, dispute_id, version, triggers, state, attempt, queued_at, due_at,
                                            ended_at, reason)
         VALUES ('default', 'du_1', 1, '{dispute_filed}', 'failed', 5, now(), now(), now(), 'it broke'),
                ('default', 'du_1', 2, '{dispute_changed}', 'queued', 0, now(), '2999-01-01T00:00:00Z', NULL, NULL),
                ('default', 'du_1', 3, '{dispute_changed}', 'done', 1, now(), now(), now(), NULL)",
    )
    .await;
    let document = document(&shop.serve().await).await;
    let queue = &document["queues"][0];
    assert_eq!((&queue["queue"], &queue["queued"], &queue["failed"]), (&"follow_ups".into(), &1.into(), &1.into()));
    assert_eq!(queue["oldest_due"], "2999-01-01T00:00:00Z");
    assert_eq!(
        (&queue["failures"][0]["id"], &queue["failures"][0]["reason"]),
        (&"default/du_1/1".into(), &"it broke".into())
    );
    let doctor = shop.run(&["doctor"]).await;
    assert!(
        doctor.out.contains("!! queue: follow_ups: 1 waiting") && doctor.out.contains("it broke"),
        "{}",
        doctor.out
    );
}

/// The same event, with these fields over its own.
fn with(event: Event, fields: &Value) -> Event {
    let mut body: Value = from_str(&event.body).unwrap();
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    Event { body: body.to_string(), ..event }
}

#[tokio::test]
async fn why_a_dispute_does_not_appear_is_found_out() {
    let shop = Shop::open().await;
    let server = shop.serve().await;
    for number in 1..=3 {
        assert_eq!(server.send(&shop.an_event(number, &format!("du_{number}"))).await.word, "recorded");
    }
    let test_mode = with(shop.an_event(4, "du_4"), &serde_json::json!({ "livemode": false }));
    let other = with(shop.an_event(5, "du_5"), &serde_json::json!({ "account": "acct_2" }));
    for event in [&test_mode, &other] {
        assert_eq!(server.send(event).await.word, "quarantined");
    }
    assert_eq!(server.stop().await, 0);
    let file = shop.folder.join("orders.csv");
    let header = "order_ref,charge_id,payment_intent_id,amount,currency,customer_email,placed_at\n";
    // The disputes of these tests were filed on 2026-02-02.
    let lines =
        "1001,ch_du_1,,100.00,USD,jo@example.com,2026-01-30\n2002,ch_9,,100.00,USD,ann@example.com,2026-01-31\n";
    fs::write(&file, format!("{header}{lines}")).unwrap();
    assert_eq!(shop.run(&["orders", "import", file.to_str().unwrap()]).await.code, 0);
    let key = |id| DisputeKey { account: AccountId::own(), dispute: DisputeId::parse(id).unwrap() };
    let (joined_by, reason, joined_at) = ("ana".to_owned(), "entered twice".to_owned(), shop.now);
    let alias = Alias { key: key("du_3"), same_as: key("du_1"), joined_by, reason, joined_at };
    assert_eq!(shop.ledger.join(&alias).await.unwrap(), Joined::Kept);

    for (id, code, parts) in [
        (
            "du_1",
            0,
            &["dispute du_1 in the book default", "order 1001", "default/du_3 is the same dispute", "Nothing to do."][..],
        ),
        ("evt_1", 0, &["event evt_1 (charge.dispute.updated) in the book default: recorded", "dispute du_1"]),
        ("1001", 0, &["dispute du_1", "order 1001"]),
        ("ch_du_1", 0, &["dispute du_1"]),
        ("pi_du_1", 0, &["dispute du_1"]),
        ("du_2", 3, &["no order has its charge ch_du_2", "order 2002, 100.00 USD", "dispute link du_2 ORDER"]),
        ("du_3", 0, &["the same as default/du_1 (says ana: entered twice)"]),
        ("du_4", 3, &["event evt_4", "quarantined", "stripe.livemode", "events replay evt_4"]),
        ("evt_4", 3, &["event evt_4", "live mode books"]),
        ("du_5", 3, &["in the book acct_2: quarantined", "name it in stripe.accounts", "events replay evt_5"]),
        ("2002", 3, &["order 2002", "no dispute of it"]),
        ("du_unknown", 3, &["nothing: no dispute", "live mode", "acct_1", "stripe.api_key"]),
    ] {
        let (exit, out) = shop.explain(id).await;
        assert_eq!(exit, code, "{id}: {out}");
        for part in parts {
            assert!(out.contains(part), "{part} is missing for {id}:\n{out}");
        }
        assert!(!out.contains("example.com"), "{out}");
    }
    let json: Value = from_str(&shop.run(&["explain", "du_2", "--json"]).await.out).unwrap();
    assert_eq!(
        (&json["is_in_order"], &json["clues"]["disputes"][0]["near"][0]["order_ref"]),
        (&false.into(), &"2002".into())
    );
    assert_eq!(shop.run(&["explain", ""]).await.code, 2);
}

/// Settings of Outlook that are right, with these over them.
fn outlook(graph: &FakeGraph, changed: &[(&str, &str)]) -> Vec<(String, String)> {
    let changed = changed.iter().map(|(key, value)| (format!("CHARGEBOOK_OUTLOOK__{key}"), (*value).to_owned()));
    outlook_settings(&graph.base()).into_iter().chain(changed).collect()
}

#[tokio::test]
async fn settings_of_outlook_that_cannot_be_right_are_told_before_anything_is_sent() {
    let (folder, graph) = (scratch_folder(), FakeGraph::start().await.unwrap());
    for (changed, words) in [
        (
            &[("RECIPIENTS", "")][..],
            &["outlook.recipients (not set)", "mail through Outlook needs it", "set it too"][..],
        ),
        (&[("RECIPIENTS", "finance@example.com,finance")], &["outlook.recipients", "entry 2 is not a mail address"]),
        (&[("SENDER", "books/../x@example.com")], &["outlook.sender", "cannot contain any of /"]),
        (&[("TENANT_ID", "common")], &["outlook.tenant_id", "must name one tenant"]),
        (&[("CLIENT_SECRET", "")], &["outlook.client_secret (not set)", "or outlook.certificate_file", "set one of"]),
        (
            &[("CERTIFICATE_FILE", "/nowhere/outlook.pem")],
            &["outlook.client_secret and outlook.certificate_file", "all of them are set", "remove all but one"],
        ),
        (
            &[("CLIENT_SECRET", ""), ("CERTIFICATE_FILE", "/nowhere/outlook.pem")],
            &["outlook.certificate_file", "the file can't be read (entity not found)", "docs/operations.md"],
        ),
        (&[("FORMAT", "text")], &["outlook.format", "write html or mime"]),
    ] {
        let settings = outlook(&graph, changed);
        let settings: Vec<_> = settings.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        for command in ["serve", "doctor"] {
            let ran = run(&folder, &settings, &[command]).await;
            assert_eq!(ran.code, 2, "{changed:?}: {ran:?}");
            let said = format!("{}{}", ran.out, ran.err);
            for word in words {
                assert!(said.contains(word), "{command} with {changed:?} does not say {word}: {said}");
            }
            assert!(!said.contains("planted"), "{said}");
        }
    }
    assert!(graph.token_requests().is_empty());
}

#[tokio::test]
async fn a_start_says_what_keeps_mail_from_going_and_serves_on() {
    let (shop, graph) = (Shop::open().await, FakeGraph::start().await.unwrap());
    let well = Server::start(&shop.url, &borrowed(&outlook(&graph, &[]))).await;
    until(async || graph.token_requests().len() == 1).await;
    assert_eq!(well.stop().await, 0);
    for (looks, aadsts, words) in [
        (2, 7_000_222, ["AADSTS7000222", "has expired", "set outlook.client_secret"]),
        (3, 90_002, ["AADSTS90002", "no such tenant", "outlook.tenant_id"]),
    ] {
        graph.script_sign_in([SignInFault::Refused { aadsts }]);
        let server = Server::start(&shop.url, &borrowed(&outlook(&graph, &[]))).await;
        until(async || server.log().contains("mail needs attention")).await;
        assert_eq!(server.send(&shop.an_event(aadsts, "du_1")).await.word, "recorded");
        let log = server.log();
        let said = log.lines().find(|line| line.contains("mail needs attention")).unwrap();
        for word in words.into_iter().chain(["\"ERROR\"", "\"mail.channel\":\"outlook\""]) {
            assert!(said.contains(word), "no {word} in: {said}");
        }
        assert!(!log.contains("planted"), "{log}");
        assert_eq!(server.stop().await, 0);
        assert_eq!(graph.token_requests().len(), looks, "it is looked once");
    }
    let relay =
        [("HOST", "127.0.0.1"), ("PORT", "1"), ("SECURITY", "none"), ("FROM", "a@b.c"), ("RECIPIENTS", "d@e.f")];
    let relay = relay.map(|(key, value)| (format!("CHARGEBOOK_SMTP__{key}"), value.to_owned()));
    let server = Server::start(&shop.url, &borrowed(&relay)).await;
    until(async || server.log().contains("mail needs attention")).await;
    let log = server.log();
    let said = log.lines().find(|line| line.contains("mail needs attention")).unwrap();
    assert!(said.contains("cannot be reached") && said.contains("smtp.host"), "{said}");
    assert_eq!(server.stop().await, 0);
}

#[tokio::test]
async fn a_file_that_mail_needs_stops_what_sends_mail_and_nothing_else() {
    let (shop, graph) = (Shop::open().await, FakeGraph::start().await.unwrap());
    let by_file = |key| outlook(&graph, &[("CLIENT_SECRET", ""), (key, "/nowhere/file")]);
    let relay = [("HOST", "127.0.0.1"), ("FROM", "a@b.c"), ("RECIPIENTS", "d@e.f"), ("CA_FILE", "/nowhere/file")];
    let relay = relay.map(|(key, value)| (format!("CHARGEBOOK_SMTP__{key}"), value.to_owned()));
    for (key, settings) in [
        ("outlook.certificate_file", by_file("CERTIFICATE_FILE")),
        ("outlook.federated_token_file", by_file("FEDERATED_TOKEN_FILE")),
        ("smtp.ca_file", relay.into()),
    ] {
        let mut settings = borrowed(&settings);
        settings.push(("CHARGEBOOK_DATABASE__URL", &shop.url));
        let export = ["export", "journal", "--from", "2026-03-01", "--to", "2026-03-01"];
        for command in [&["migrate"][..], &export, &["summary", "list"], &["summary", "preview"]] {
            let ran = run(&shop.folder, &settings, command).await;
            assert_eq!(ran.code, 0, "{command:?} without {key}: {ran:?}");
        }
        for command in [&["serve"][..], &["summary", "send"], &["summary", "resend", "2026-03-01"], &["doctor"]] {
            let ran = run(&shop.folder, &settings, command).await;
            assert_eq!(ran.code, 2, "{command:?} without {key}: {ran:?}");
            let said = format!("{}{}", ran.out, ran.err);
            for word in [key, "the file can't be read (entity not found)", "may read it", "docs/operations.md"] {
                assert!(said.contains(word), "{command:?} does not say {word}: {said}");
            }
            assert!(!said.contains("os error"), "{said}");
        }
        let doctor = run(&shop.folder, &settings, &["doctor"]).await;
        assert!(doctor.out.contains("ok database: it can be reached"), "the rest is looked at: {}", doctor.out);
    }
    assert!(graph.token_requests().is_empty());
}

#[tokio::test]
async fn the_doctor_asks_microsoft_whether_mail_can_go() {
    let (shop, graph) = (Shop::open().await, FakeGraph::start().await.unwrap());
    let settings = outlook(&graph, &[("CLIENT_SECRET", "planted-secret")]);
    let mut settings: Vec<_> = settings.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    settings.push(("CHARGEBOOK_DATABASE__URL", &shop.url));
    let doctor = async || {
        let ran = run(&shop.folder, &settings, &["doctor"]).await;
        assert!(!ran.out.contains("planted"), "{}", ran.out);
        ran.out
    };
    for (aadsts, words) in [
        (7_000_222, &["!! Outlook: ", "AADSTS7000222", "has expired", "set outlook.client_secret"][..]),
        (90_002, &["!! Outlook: ", "AADSTS90002", "no such tenant", "outlook.tenant_id"]),
    ] {
        graph.script_sign_in([SignInFault::Refused { aadsts }]);
        let said = doctor().await;
        for word in words {
            assert!(said.contains(word), "no {word} in: {said}");
        }
        assert!(!said.contains("Outlook look-ups"), "{said}");
    }
    let said = doctor().await;
    assert!(said.contains("ok Outlook: the application can sign in."), "{said}");
    assert!(said.contains("ok Outlook look-ups: a mail in doubt can be looked for"), "{said}");
    graph.need_a_role_to_look();
    let said = doctor().await;
    assert!(said.contains("-- Outlook look-ups: a mail in doubt waits for a person"), "{said}");
    assert!(said.contains("Mail.Read") && said.contains("ok Outlook: "), "{said}");
    assert!(graph.accepted().is_empty() && graph.send_requests() == 0);
}
