//! Disputes of gateways without webhooks, disputes that are the same, and early fraud warnings, as people meet them.

use std::path::PathBuf;
use std::sync::Arc;

use chargebook::clock::SystemClock;
use chargebook_domain::BookRules;
use chargebook_domain::ports::Clock;
use chargebook_domain::service::{Join, MatchOrders};
use chargebook_tests::{
    Event, Ran, Server, dispute, event, fresh_database, movement, number, run, scratch_folder, text,
};
use chrono::TimeDelta;
use serde_json::{Value, json};

struct Desk {
    url: String,
    folder: PathBuf,
}

impl Desk {
    async fn open() -> Self {
        let (url, _) = fresh_database().await;
        Self { url, folder: scratch_folder() }
    }

    async fn run(&self, arguments: &[&str]) -> Ran {
        run(&self.folder, &[("CHARGEBOOK_DATABASE__URL", self.url.as_str())], arguments).await
    }

    /// Enters a dispute of 100 dollars at a gateway that has no webhooks.
    async fn enter(&self, changes: &[(&str, &str)]) -> Ran {
        let mut given = vec![
            ("--gateway", "paypal"),
            ("--id", "PP-7"),
            ("--amount", "100.00"),
            ("--currency", "usd"),
            ("--filed", "2026-02-02"),
            ("--status", "needs_response"),
            ("--by", "ana"),
            ("--reason", "their letter of 3 February"),
        ];
        for (name, value) in changes {
            given.retain(|(known, _)| known != name);
            given.push((name, value));
        }
        let arguments: Vec<_> =
            ["dispute", "add"].into_iter().chain(given.iter().flat_map(|(n, v)| [*n, *v])).collect();
        self.run(&arguments).await
    }

    /// Says what became of it.
    async fn update(&self, id: &str, changes: &[&str]) -> Ran {
        self.update_at("paypal", id, changes).await
    }

    async fn update_at(&self, gateway: &str, id: &str, changes: &[&str]) -> Ran {
        let given = ["dispute", "update", "--gateway", gateway, "--id", id, "--by", "ana", "--reason", "their letter"];
        self.run(&[&given, changes].concat()).await
    }
}

#[tokio::test]
async fn a_dispute_without_webhooks_is_entered_and_brought_up_to_date() {
    let desk = Desk::open().await;
    let entered = desk.enter(&[]).await;
    assert_eq!((entered.code, entered.out.contains("manual:paypal/PP-7 is needs_response")), (0, true), "{entered:?}");
    let again = desk.enter(&[]).await;
    assert_eq!((again.code, again.out.contains("entered before")), (0, true), "{again:?}");
    let update = ["--status", "lost", "--since", "2026-03-09"];
    assert_eq!(desk.update("PP-7", &update).await.code, 0);
    let again = desk.update("PP-7", &update).await;
    assert_eq!((again.code, again.out.contains("entered before")), (0, true), "{again:?}");
    let shown = desk.run(&["dispute", "list", "--account", "manual:paypal", "--json"]).await;
    let shown: Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!(
        (&shown[0]["outcome"], &shown[0]["closed_at"]),
        (&"lost".into(), &"2026-03-09T12:00:00Z".into()),
        "{shown}"
    );
    assert_eq!(number(&desk.url, "SELECT count(*) FROM chargebook.dispute_history").await, 2);
    let disputed = "SELECT sum(amount_minor)::bigint FROM chargebook.disputes WHERE opened_at = '2026-02-02T00:00Z'";
    assert_eq!(number(&desk.url, disputed).await, 10_000, "what was entered first stays");
    // What a slip said today is corrected today; what is said of before changes no verdict, and the command says so.
    assert_eq!(desk.update("PP-7", &["--status", "under_review"]).await.code, 0);
    let corrected = desk.update("PP-7", &["--status", "lost"]).await;
    assert_eq!((corrected.code, corrected.out.contains("manual:paypal/PP-7 is lost")), (0, true), "{corrected:?}");
    let before = desk.update("PP-7", &["--status", "under_review", "--since", "2026-02-20"]).await;
    assert_eq!((before.code, before.out.contains("manual:paypal/PP-7 stays lost")), (3, true), "{before:?}");
    // With another amount, it is the same dispute all the same.
    assert_eq!(desk.enter(&[("--amount", "60.00"), ("--status", "won"), ("--since", "2026-03-20")]).await.code, 3);
    assert_eq!(number(&desk.url, "SELECT count(*) FROM chargebook.disputes").await, 1);
}

#[tokio::test]
async fn a_dispute_at_stripe_that_was_entered_before_its_webhook_came_is_one() {
    let (url, ledger) = fresh_database().await;
    let desk = Desk { url, folder: scratch_folder() };
    assert_eq!(desk.enter(&[("--gateway", "stripe"), ("--id", "du_1"), ("--status", "lost")]).await.code, 0);
    let server = Server::start(&desk.url, &[]).await;
    let at = SystemClock.now() - TimeDelta::days(9);
    let lost = dispute("du_1", "lost", &[movement("txn_1", -10_000, 1_500, at)]);
    assert_eq!(server.send(&event("evt_1", at, &lost)).await.word, "recorded");
    assert_eq!(server.stop().await, 0);
    let ledger = Arc::new(ledger);
    let matching = MatchOrders::new(ledger.clone(), ledger.clone(), BookRules::default());
    let join = Join::new(ledger.clone(), ledger, matching, BookRules::default());
    while join.sweep(SystemClock.now()).await.unwrap() > 0 {}
    // What is entered from now on is told of Stripe's.
    let won = desk.update_at("stripe", "du_1", &["--status", "won"]).await;
    assert_eq!((won.code, won.out.contains("Dispute default/du_1 is won")), (0, true), "{won:?}");
    let counted = "SELECT count(*) FROM chargebook.dispute_report WHERE account = 'default' AND outcome = 'won'";
    assert_eq!(number(&desk.url, counted).await, 1);
    assert_eq!(number(&desk.url, "SELECT count(*) FROM chargebook.dispute_report").await, 1);
    assert_eq!(number(&desk.url, "SELECT sum(won_delta)::bigint FROM chargebook.resolutions").await, 1);
}

#[tokio::test]
async fn a_dispute_at_stripe_that_is_entered_after_its_webhook_came_is_one_as_well() {
    let desk = Desk::open().await;
    let server = Server::start(&desk.url, &[]).await;
    let at = SystemClock.now() - TimeDelta::days(9);
    let open = dispute("du_1", "needs_response", &[movement("txn_1", -10_000, 1_500, at)]);
    assert_eq!(server.send(&event("evt_1", at, &open)).await.word, "recorded");
    let entered = desk.enter(&[("--gateway", "stripe"), ("--id", "du_1")]).await;
    assert_eq!((entered.code, entered.out.contains("default/du_1")), (0, true), "{entered:?}");
    let lost = desk.update_at("stripe", "du_1", &["--status", "lost"]).await;
    assert_eq!((lost.code, lost.out.contains("Dispute default/du_1 is lost")), (0, true), "{lost:?}");
    let counted = "SELECT count(*) FROM chargebook.dispute_report WHERE account = 'default' AND outcome = 'lost'";
    assert_eq!(number(&desk.url, counted).await, 1);
    assert_eq!(number(&desk.url, "SELECT count(*) FROM chargebook.disputes").await, 1);
}

#[tokio::test]
async fn what_cannot_be_entered_is_refused_by_its_argument_and_nothing_is_written() {
    let desk = Desk::open().await;
    for (changes, argument) in [
        (vec![("--amount", "1.005")], "--amount"),
        (vec![("--amount", "-1")], "--amount"),
        (vec![("--currency", "dollars")], "--currency"),
        (vec![("--status", "disputed")], "--status"),
        (vec![("--gateway", "pay\npal")], "--gateway"),
        (vec![("--since", "2026-01-01")], "--since"),
        (vec![("--since", "2099-01-01")], "--since: it can't be in the future"),
        (vec![("--filed", "2099-01-01")], "--filed: it can't be in the future"),
        (vec![("--by", " ")], "--by"),
    ] {
        let refused = desk.enter(&changes).await;
        assert_eq!((refused.code, refused.err.contains(argument)), (2, true), "{refused:?}");
    }
    let unknown = desk.update("PP-8", &["--status", "lost"]).await;
    assert_eq!((unknown.code, unknown.err.contains("--id: no dispute manual:paypal/PP-8 is in the books")), (2, true));
    let gateways = [("CHARGEBOOK_DATABASE__URL", desk.url.as_str()), ("CHARGEBOOK_MANUAL__GATEWAYS", "paypal,klarna")];
    let given = ["--gateway", "paypl", "--id", "PP-8", "--status", "lost", "--by", "ana", "--reason", "their letter"];
    let unknown = run(&desk.folder, &gateways, &[&["dispute", "update"], given.as_slice()].concat()).await;
    let says = "--gateway: paypl is not among manual.gateways, which are klarna, paypal; did you mean paypal?";
    assert_eq!((unknown.code, unknown.err.contains(says)), (2, true), "{unknown:?}");
    assert_eq!(number(&desk.url, "SELECT count(*) FROM chargebook.source_events").await, 0);
}

#[tokio::test]
async fn of_two_that_a_person_joins_one_counts() {
    let desk = Desk::open().await;
    let server = Server::start(&desk.url, &[]).await;
    let at = SystemClock.now() - TimeDelta::days(9);
    let lost = |id: &str, txn: &str| dispute(id, "lost", &[movement(txn, -10_000, 1_500, at)]);
    assert_eq!(server.send(&event("evt_1", at, &lost("du_old", "txn_1"))).await.word, "recorded");
    assert_eq!(server.send(&event("evt_2", at, &lost("du_new", "txn_2"))).await.word, "recorded");
    let who = ["--by", "ana", "--reason", "the gateway moved"];
    let join = async |double: &str, same: &str| {
        let arguments = [["dispute", "alias", double, same].as_slice(), &who].concat();
        desk.run(&arguments).await
    };
    assert_eq!(join("du_old", "du_old").await.code, 2);
    assert_eq!(join("du_old", "du_none").await.code, 1);
    let joined = join("du_old", "du_new").await;
    assert_eq!((joined.code, joined.out.contains("counts as nothing")), (0, true), "{joined:?}");
    assert_eq!(join("du_old", "du_new").await.code, 0);
    let refused = join("du_new", "du_old").await;
    assert_eq!((refused.code, refused.err.contains("double")), (1, true), "{refused:?}");

    let cash =
        "SELECT sum(amount_minor)::bigint FROM chargebook.postings WHERE ledger_account = 'assets:stripe-balance'";
    assert_eq!(number(&desk.url, cash).await, -11_500);
    assert_eq!(number(&desk.url, "SELECT sum(lost_delta)::bigint FROM chargebook.resolutions").await, 1);
    assert_eq!(number(&desk.url, "SELECT count(*) FROM chargebook.dispute_report").await, 1);
    let told = desk.run(&["explain", "du_old"]).await;
    assert!(told.out.contains("du_new"), "{told:?}");
    // What comes later under the old name is kept, and counts as nothing.
    assert_eq!(server.send(&event("evt_3", at + TimeDelta::days(1), &lost("du_old", "txn_3"))).await.word, "recorded");
    assert_eq!(number(&desk.url, cash).await, -11_500);
    assert_eq!(server.stop().await, 0);
}

#[tokio::test]
async fn an_early_fraud_warning_is_kept_once() {
    let desk = Desk::open().await;
    let server = Server::start(&desk.url, &[]).await;
    let at = SystemClock.now() - TimeDelta::days(1);
    let body = json!({
        "id": "evt_w", "object": "event", "type": "radar.early_fraud_warning.created", "created": at.timestamp(),
        "livemode": true, "data": {"object": {
            "id": "issfr_1", "object": "radar.early_fraud_warning", "actionable": true, "charge": "ch_1",
            "created": at.timestamp(), "fraud_type": "misc", "livemode": true
        }}
    });
    let warning = Event { id: "evt_w".to_owned(), body: body.to_string() };
    assert_eq!(server.send(&warning).await.word, "recorded");
    assert_eq!(server.send(&warning).await.word, "duplicate");
    let kept = "SELECT string_agg(concat_ws(' ', account, warning_id, charge_id, fraud_type), ',') FROM chargebook.fraud_warnings";
    assert_eq!(text(&desk.url, kept).await, "default issfr_1 ch_1 misc");
    assert_eq!(server.stop().await, 0);
}
