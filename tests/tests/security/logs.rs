//! Nothing of a secret, a person or a body reaches a log, by whatever way it is refused, and however much is logged.
//! [`Server`] and [`run`] look at every log of every test; here is what no other test drives.

use std::{fs, panic};

use chargebook::clock::SystemClock;
use chargebook_domain::ports::Clock;
use chargebook_port_contracts::fake_graph::{FakeGraph, SignInFault};
use chargebook_port_contracts::fake_receiver::{self, FakeReceiver};
use chargebook_port_contracts::fake_shop::{self, FakeShop};
use chargebook_port_contracts::fake_stripe::{self, FakeStripe, Resource};
use chargebook_source_stripe::sign;
use chargebook_tests::{
    SECRET, Server, as_owner, assert_nothing_planted, dispute, event, fresh_database, number, run, scratch_folder,
    until,
};
use sqlx::{Connection, PgConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const TOKEN: &str = "a-planted-token-of-the-api";

#[test]
fn the_audit_finds_what_is_planted() {
    for log in [
        r#"{"level":"INFO","error":"postgres://x:planted-password@127.0.0.1/x"}"#,
        r#"{"error":"body: {\"id\":\"evt_1\",\"object\":\"event\"}"}"#,
        "fine\nto jo@EXAMPLE.com\nfine",
    ] {
        assert!(panic::catch_unwind(|| assert_nothing_planted(log)).is_err(), "{log}");
    }
    assert_nothing_planted("{\"level\":\"INFO\",\"message\":\"listening\"}");
}

/// Everybody whom the server asks or tells something, all of whom refuse.
struct World {
    stripe: FakeStripe,
    shop: FakeShop,
    graph: FakeGraph,
    receiver: FakeReceiver,
}

impl World {
    async fn start() -> Self {
        let now = SystemClock.now();
        let (stripe, shop) = (FakeStripe::start(now).await.unwrap(), FakeShop::start(now).await.unwrap());
        let (graph, receiver) = (FakeGraph::start().await.unwrap(), FakeReceiver::start().await.unwrap());
        stripe.deny(&[Resource::Disputes, Resource::Events, Resource::BalanceTransactions]);
        shop.revoke();
        graph.script_sign_in((0..99).map(|_| SignInFault::Refused { aadsts: 7_000_215 }));
        receiver.script((0..99).map(|_| fake_receiver::Fault::Status(401)));
        Self { stripe, shop, graph, receiver }
    }

    /// The settings that name them all, with the most that is ever logged.
    fn settings(&self) -> Vec<(&'static str, String)> {
        let rules = scratch_folder().join("rules.toml");
        let (receiver, desk) = (self.receiver.url(), "a-planted-secret-of-the-desk");
        let text = format!(
            "[endpoint.desk]\nurl = \"{receiver}/planted-in-the-address\"\nsecret = \"{desk}\"\n\
             [[rule]]\nname = \"tell\"\nwhen = [\"dispute_filed\"]\n\
             actions = [{{ do = \"webhook\", endpoint = \"desk\" }}, {{ do = \"mail\", subject = \"It was filed\" }}]\n"
        );
        fs::write(&rules, text).unwrap();
        let text = |text: &str| text.to_owned();
        vec![
            ("RUST_LOG", text("trace")),
            ("CHARGEBOOK_HTTP__API_TOKENS", text(TOKEN)),
            ("CHARGEBOOK_CUSTOMERS__KEY", text("a-planted-key-of-customers")),
            ("CHARGEBOOK_RULES__FILE", rules.to_str().unwrap().to_owned()),
            ("CHARGEBOOK_STRIPE__LIVEMODE", text("false")),
            ("CHARGEBOOK_STRIPE__API_KEY", text(fake_stripe::KEY)),
            ("CHARGEBOOK_STRIPE__API_BASE", self.stripe.base()),
            ("CHARGEBOOK_WOOCOMMERCE__SHOP__WEBHOOK_SECRETS", text("a planted secret of the shop")),
            ("CHARGEBOOK_WOOCOMMERCE__SHOP__URL", self.shop.url()),
            ("CHARGEBOOK_WOOCOMMERCE__SHOP__CONSUMER_KEY", text(fake_shop::KEY)),
            ("CHARGEBOOK_WOOCOMMERCE__SHOP__CONSUMER_SECRET", text(fake_shop::SECRET)),
            ("CHARGEBOOK_OUTLOOK__TENANT_ID", text("3f2b1c4d-0000-4000-8000-000000000001")),
            ("CHARGEBOOK_OUTLOOK__CLIENT_ID", text("3f2b1c4d-0000-4000-8000-000000000002")),
            ("CHARGEBOOK_OUTLOOK__CLIENT_SECRET", text("planted-secret-of-outlook")),
            ("CHARGEBOOK_OUTLOOK__SENDER", text("planted.sender@example.com")),
            ("CHARGEBOOK_OUTLOOK__RECIPIENTS", text("planted.finance@example.com")),
            ("CHARGEBOOK_OUTLOOK__AUTHORITY", self.graph.authority()),
            ("CHARGEBOOK_OUTLOOK__GRAPH_BASE", self.graph.base()),
        ]
    }
}

/// Sends bytes as they are, and waits until the server ends the connection.
async fn raw(server: &Server, bytes: &[u8]) {
    let mut stream = TcpStream::connect(server.base.trim_start_matches("http://")).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    // The server may close a connection while bytes are on their way to it.
    drop(stream.read_to_end(&mut Vec::new()).await);
}

/// Sends whatever is refused.
async fn be_refused(server: &Server) {
    let now = SystemClock.now();
    let planted = r#"{"id":"evt_planted","object":"event","type":"charge.dispute.created"}"#;
    for (body, signature) in [
        (planted, "planted-signature".to_owned()),
        (planted, sign(planted, "whsec_planted_another", now)),
        ("planted", sign("planted", SECRET, now)),
        (planted, sign(planted, SECRET, now)),
    ] {
        server.post(body.into(), Some(&signature)).await.unwrap();
    }
    server.post(vec![0xff; 64], Some("planted")).await.unwrap();
    server.post(b"planted".repeat(200_000), Some("planted")).await.unwrap();
    let of_shop = Some(("x-wc-webhook-signature", "planted"));
    for path in ["/webhooks/woocommerce/shop", "/webhooks/woocommerce/planted", "/planted/../..//etc/passwd?planted"] {
        server.post_to(path, b"planted".to_vec(), of_shop).await.unwrap();
    }
    for authorization in ["Bearer planted-token", "Basic planted", &format!("Bearer {TOKEN}")] {
        server.get_as("/api/v1/customers/planted/decision", authorization).await;
    }
    for request in [
        "planted\r\n\r\n",
        "GET /planted HTTP/9.9\r\n\r\n",
        "POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nX-Planted: \x01planted\r\n\r\n",
        "POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\nTransfer-Encoding: planted\r\n\r\nplanted",
        "POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nplanted\r\n",
    ] {
        raw(server, request.as_bytes()).await;
    }
}

#[tokio::test]
async fn nothing_is_told_of_what_is_refused_at_the_most_verbose_level() {
    let world = World::start().await;
    let (url, _) = fresh_database().await;
    let settings = world.settings();
    let settings: Vec<_> = settings.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let server = Server::start(&url, &settings).await;
    be_refused(&server).await;

    let mut filed = dispute("du_1", "needs_response", &[]);
    filed["livemode"] = false.into();
    let mut filed = event("evt_1", SystemClock.now(), &filed);
    filed.body = filed.body.replace("\"livemode\":true", "\"livemode\":false");
    assert_eq!(server.send(&filed).await.word, "recorded");
    // What was quarantined before may be told of meanwhile, by a third message.
    let refused = "SELECT count(*) FROM chargebook.outbox WHERE reason IS NOT NULL AND message_id LIKE 'default/%'";
    until(async || number(&url, refused).await == 2).await;

    // The database refuses content, and then everything.
    let mut owner = PgConnection::connect(&as_owner(&url)).await.unwrap();
    for sql in [
        "ALTER TABLE chargebook.source_events ADD CHECK (event_id <> 'evt_2')",
        "REVOKE ALL ON chargebook.source_events FROM chargebook_tests_server",
    ] {
        sqlx::query(sql).execute(&mut owner).await.unwrap();
        let mut next = filed.clone();
        (next.id, next.body) = ("evt_2".to_owned(), filed.body.replace("evt_1", "evt_2"));
        assert_eq!(server.send(&next).await.status, 503);
    }

    // Workers ask when they are started, and say what failed.
    until(async || ["sweep: ", "shop: "].iter().all(|worker| server.log().contains(worker))).await;
    let log = server.log();
    assert!(log.contains("a connection broke off"), "what is logged at debug is there: {log}");
    for library in ["hyper", "reqwest", "sqlx", "rustls", "graph_rs", "h2", "tower"] {
        let is_below_warn = |line: &&str| ["INFO", "DEBUG", "TRACE"].iter().any(|level| line.contains(level));
        let of_library = |line: &&str| line.contains(&format!("\"target\":\"{library}"));
        assert_eq!(log.lines().filter(of_library).find(is_below_warn), None);
    }
    assert_eq!(server.stop().await, 0);
}

#[tokio::test]
async fn no_wrong_setting_is_repeated_where_it_is_secret() {
    let folder = scratch_folder();
    fs::write(folder.join("planted-in-a-file"), "planted secret\n\nof a file").unwrap();
    for toml in [
        "[stripe]\nwebhook_secrets = [\"planted\", \"whsec_planted \"]\napi_key = \"planted\"",
        "[stripe]\nwebhook_secrets = \"whsec_planted",
        "[stripe\napi_key = \"rk_test_planted\"",
        "[stripe]\napi_key = { what = \"planted\" }",
        "[stripe]\napi_key = \"rk_test_planted\"\napi_key = \"rk_test_planted\"",
        "[customers]\nkey = \"planted\"\n[http]\napi_tokens = [\"planted\"]",
        "[database]\nurl = \"planted://planted:planted@planted\"",
        "[database]\nurl = \"postgres://planted:planted@127.0.0.1:planted/planted\"",
        "[outlook]\nclient_secret = \"planted\"\nsender = \"planted\"",
        "[woocommerce.shop]\nwebhook_secrets = \"\"\nconsumer_key = \"planted\"\nconsumer_secret = \"planted\"",
    ] {
        fs::write(folder.join("chargebook.toml"), toml).unwrap();
        for command in [&["serve"][..], &["doctor"], &["dispute", "list"]] {
            let ran = run(&folder, &[("RUST_LOG", "trace")], command).await;
            assert_ne!(ran.code, 0, "{toml}: {ran:?}");
            assert_nothing_planted(&ran.out);
        }
    }
    fs::remove_file(folder.join("chargebook.toml")).unwrap();
    let secret = ("CHARGEBOOK_STRIPE__WEBHOOK_SECRETS", SECRET);
    for (variable, value) in [
        ("CHARGEBOOK_STRIPE__API_KEY", "planted"),
        ("CHARGEBOOK_CUSTOMERS__KEY", "planted"),
        ("CHARGEBOOK_HTTP__API_TOKENS", "planted"),
        ("DATABASE_URL", "planted"),
        ("DATABASE_URL", "postgres://nobody:planted@127.0.0.1:1/x?sslmod=planted"),
    ] {
        let ran = run(&folder, &[("RUST_LOG", "trace"), secret, (variable, value)], &["dispute", "list"]).await;
        assert_ne!(ran.code, 0, "{variable}: {ran:?}");
        assert_nothing_planted(&ran.out);
    }
}
