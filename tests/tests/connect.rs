//! Several accounts at Stripe in one set of books: from the two endpoints of a platform to the mails and the balances.
#![expect(clippy::unwrap_used, reason = "a test that meets anything unexpected should end")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use chargebook::clock::SystemClock;
use chargebook_domain::ports::Clock;
use chargebook_ledger_postgres::PostgresLedger;
use chargebook_port_contracts::fake_graph::{AcceptedMail, FakeGraph};
use chargebook_source_stripe::sign;
use chargebook_tests::{
    Event, Ran, Reply, SECRET, Server, assert_lawful, borrowed, dispute, event, fresh_database, movement,
    outlook_settings, run, scratch_folder,
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// What the endpoint for connected accounts signs with; it is not that of the own account's endpoint.
const CONNECT_SECRET: &str = "whsec_planted_for_connect";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The event as Stripe sends it to the endpoint for connected accounts.
fn of_account(account: &str, event: &Event) -> Event {
    let mut body: Value = serde_json::from_str(&event.body).unwrap();
    body["account"] = json!(account);
    Event { id: event.id.clone(), body: body.to_string() }
}

async fn send_connected(server: &Server, account: &str, event: &Event) -> Reply {
    let event = of_account(account, event);
    let signature = sign(&event.body, CONNECT_SECRET, SystemClock.now());
    server.post(event.body.into_bytes(), Some(&signature)).await.unwrap()
}

/// A dispute that was lost, or won back, in the evening of a day.
fn decided(id: &str, status: &str, date: &str) -> Event {
    let (opened, closed) = (at("2025-06-01T10:00:00Z"), at(&format!("{date}T20:00:00Z")));
    let mut movements = vec![movement("txn_1", -10_000, 1_500, opened)];
    if status == "won" {
        movements.push(movement("txn_2", 10_000, 0, closed));
    }
    event(id, closed, &dispute("du_1", status, &movements))
}

/// A platform and its desk, where commands are run.
struct Platform {
    url: String,
    ledger: PostgresLedger,
    graph: FakeGraph,
    folder: PathBuf,
}

impl Platform {
    /// The same ids in every account: Stripe makes them unique, and nothing here may rely on that. On 2 June the own
    /// account lost and `acct_1` won; on 3 June `acct_2` lost; `acct_9` is not of the platform.
    async fn open() -> Self {
        let (url, ledger) = fresh_database().await;
        let secrets = format!("{SECRET},{CONNECT_SECRET}");
        let settings = [
            ("CHARGEBOOK_STRIPE__WEBHOOK_SECRETS", secrets.as_str()),
            ("CHARGEBOOK_STRIPE__ACCOUNTS", "acct_1,acct_2"),
        ];
        let server = Server::start(&url, &settings).await;
        assert_eq!(server.send(&decided("evt_1", "lost", "2025-06-02")).await.word, "recorded");
        for (account, status, date, word) in [
            ("acct_1", "won", "2025-06-02", "recorded"),
            ("acct_2", "lost", "2025-06-03", "recorded"),
            ("acct_9", "lost", "2025-06-02", "quarantined"),
        ] {
            let reply = send_connected(&server, account, &decided("evt_1", status, date)).await;
            assert_eq!((reply.status, reply.word.as_str()), (200, word), "{account}: {}", reply.text);
        }
        let strange = of_account("acct_1", &decided("evt_2", "lost", "2025-06-02"));
        let signature = sign(&strange.body, "whsec_of_somebody_else", SystemClock.now());
        assert_eq!(server.post(strange.body.into_bytes(), Some(&signature)).await.unwrap().status, 400);
        assert_eq!(server.stop().await, 0);
        Self { url, ledger, graph: FakeGraph::start().await.unwrap(), folder: scratch_folder() }
    }

    async fn run(&self, mails: &str, arguments: &[&str]) -> Ran {
        let outlook = outlook_settings(&self.graph.base());
        let settings = [
            ("CHARGEBOOK_DATABASE__URL", self.url.as_str()),
            ("CHARGEBOOK_BOOKS__START", "2025-06-01"),
            ("CHARGEBOOK_STRIPE__ACCOUNTS", "acct_1,acct_2"),
            ("CHARGEBOOK_SUMMARY__MAILS", mails),
        ];
        run(&self.folder, &[&settings, &borrowed(&outlook)[..]].concat(), arguments).await
    }

    fn mails(&self) -> BTreeMap<String, AcceptedMail> {
        self.graph.accepted().into_iter().map(|mail| (mail.reference().to_owned(), mail)).collect()
    }
}

#[tokio::test]
async fn apart_each_book_has_a_mail_with_its_figures_only() {
    let platform = Platform::open().await;
    let sent = platform.run("apart", &["summary", "send", "--date", "2025-06-02"]).await;
    assert_eq!(sent.code, 0, "{sent:?}");
    let mails = platform.mails();
    for (book, subject) in [
        ("acct_1", "Disputes 2 Jun, acct_1: 1 won, 0 lost, 100.00 USD recovered"),
        ("acct_2", "Disputes 2 Jun, acct_2: none closed"),
        ("default", "Disputes 2 Jun, default: 0 won, 1 lost, nothing recovered"),
    ] {
        assert_eq!(mails[&format!("summary/2025-06-02/{book}")].subject(), subject);
        let preview = platform.run("apart", &["summary", "preview", "--date", "2025-06-02", "--account", book]).await;
        assert!(
            preview.out.contains(subject) && preview.out.contains(&format!("Only account {book}\n")),
            "{preview:?}"
        );
        assert!(!preview.out.contains("BY ACCOUNT"), "{preview:?}");
        // What is quarantined of an account without a book is told in the own one's mail.
        assert_eq!(preview.out.contains("1 event that could not be understood"), book == "default", "{preview:?}");
    }
    assert_eq!(mails.len(), 3);

    let again = platform.run("apart", &["summary", "send", "--date", "2025-06-02", "--account", "acct_1"]).await;
    assert!(again.out.contains("of acct_1 was accepted before"), "{again:?}");
    let resent = platform.run("apart", &["summary", "resend", "2025-06-02"]).await;
    assert_eq!((resent.code, platform.graph.accepted().len()), (2, 3), "whose is not said: {resent:?}");
    assert!(resent.err.contains("--account") && resent.err.contains("acct_1, acct_2, default"), "{resent:?}");
    let together = platform.run("together", &["summary", "send", "--date", "2025-06-02"]).await;
    assert!(together.out.contains("was accepted before"), "{together:?}");
    assert_eq!(platform.mails().len(), 3, "what went apart does not go together");
    let list = platform.run("apart", &["--json", "summary", "list", "--account", "acct_2"]).await;
    let list: Value = serde_json::from_str(&list.out).unwrap();
    let known = list.as_array().unwrap().iter().map(|day| (&day["business_date"], &day["account"], &day["delivery"]));
    // The first day of the books was due too, and is the server's to send.
    let expected = [(json!("2025-06-02"), json!("accepted")), (json!("2025-06-01"), json!("pending"))];
    let expected = expected.map(|(date, delivery)| (date, json!("acct_2"), delivery));
    assert!(known.eq(expected.iter().map(|(date, account, delivery)| (date, account, delivery))), "{list}");
    for wrong in [["apart", "acct_9"], ["together", "acct_1"]] {
        let action = if wrong[0] == "apart" { "preview" } else { "send" };
        let refused = platform.run(wrong[0], &["summary", action, "--date", "2025-06-02", "--account", wrong[1]]).await;
        assert_eq!(refused.code, 1, "{refused:?}");
    }
}

#[tokio::test]
async fn together_one_mail_says_which_account_did_what() {
    let platform = Platform::open().await;
    for date in ["2025-06-02", "2025-06-03"] {
        let sent = platform.run("together", &["summary", "send", "--date", date]).await;
        assert_eq!(sent.code, 0, "{sent:?}");
    }
    let mails = platform.mails();
    assert_eq!(mails.keys().collect::<Vec<_>>(), ["summary/2025-06-02", "summary/2025-06-03"]);
    let preview = platform.run("together", &["summary", "preview", "--date", "2025-06-02"]).await.out;
    let (_, by_account) = preview.split_once("BY ACCOUNT, DECISIONS AND CHANGES TOGETHER\n").unwrap();
    let words: Vec<_> = by_account.split("CLOSED DISPUTES").next().unwrap().split_whitespace().collect();
    let expected = "acct_1 USD: 1 closed, 1 won, 0 lost recovered 100.00 lost 0.00 fees 15.00 net -15.00 \
                    default USD: 1 closed, 0 won, 1 lost recovered 0.00 lost 100.00 fees 15.00 net -115.00 \
                    1 account with nothing on this day.";
    assert_eq!(words.join(" "), expected);
    let apart = platform.run("apart", &["summary", "send", "--date", "2025-06-02"]).await;
    assert!(apart.out.contains("was accepted before") && platform.mails().len() == 2, "{apart:?}");
}

#[tokio::test]
async fn each_account_has_its_own_balances_journal_and_events() {
    let platform = Platform::open().await;
    assert_lawful(&platform.url).await;
    let mut balances: BTreeMap<(String, String), i64> = BTreeMap::new();
    for line in platform.ledger.trial_balance().await.unwrap() {
        assert_eq!(balances.insert((line.account, line.ledger_account), line.balance_minor), None);
    }
    for (book, lost) in [("acct_1", 0), ("acct_2", 10_000), ("default", 10_000)] {
        let of = |account: &str| balances.get(&(book.to_owned(), account.to_owned())).copied().unwrap_or_default();
        assert_eq!(of("expenses:chargeback-losses"), lost, "{book}");
        assert_eq!(of("expenses:dispute-fees"), 1_500, "{book}");
        assert_eq!(of("assets:stripe-balance"), -lost - 1_500, "{book}");
    }
    assert!(!balances.keys().any(|(book, _)| book == "acct_9"));

    let days = ["--from", "2025-06-01", "--to", "2025-06-30"];
    let export = |book: Option<&'static str>| {
        let account = book.map_or_else(Vec::new, |book| vec!["--account", book]);
        [&["export", "journal"], &days[..], &account].concat()
    };
    let lines = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    let whole = lines(&platform.run("apart", &export(None)).await.out);
    let mut parts = Vec::new();
    for book in ["acct_1", "acct_2", "default"] {
        let part = lines(&platform.run("apart", &export(Some(book))).await.out);
        assert!(!part.is_empty() && part.iter().all(|line| line.contains(&format!(",{book},"))), "{book}: {part:?}");
        parts.extend(part);
    }
    let sorted = |mut lines: Vec<String>| {
        lines.sort();
        lines
    };
    assert_eq!(sorted(parts), sorted(whole));

    for (book, disputes, events) in [("acct_1", 1, 1), ("acct_9", 0, 1)] {
        for (what, expected) in [("dispute", disputes), ("events", events)] {
            let list = platform.run("apart", &["--json", what, "list", "--account", book]).await;
            let list: Value = serde_json::from_str(&list.out).unwrap();
            assert_eq!(list.as_array().unwrap().len(), expected, "{what} {book}: {list}");
        }
    }
    let kept = platform.run("apart", &["events", "list", "--quarantined", "--account", "acct_9"]).await;
    assert!(kept.out.contains("acct_9") && kept.out.contains("stripe.accounts"), "{kept:?}");
}
