//! The commands as people and programs meet them: exit codes, messages, JSON.
#![expect(clippy::unwrap_used, reason = "a test that meets anything unexpected should end")]

use chargebook::clock::SystemClock;
use chargebook_domain::ports::Clock;
use std::fs;

use chargebook_tests::{Ran, Server, dispute, event, fresh_database, movement, number, run, scratch_folder};
use chrono::TimeDelta;
use serde_json::Value;

const HEADER: &str = "order_ref,charge_id,payment_intent_id,amount,currency,customer_email,placed_at\n";

struct Shop {
    url: String,
    folder: std::path::PathBuf,
}

impl Shop {
    async fn open() -> Self {
        let (url, _) = fresh_database().await;
        Self { url, folder: scratch_folder() }
    }

    async fn run(&self, arguments: &[&str]) -> Ran {
        run(&self.folder, &[("CHARGEBOOK_DATABASE__URL", self.url.as_str())], arguments).await
    }

    async fn import(&self, lines: &str) -> Ran {
        let file = self.folder.join("orders.csv");
        fs::write(&file, format!("{HEADER}{lines}")).unwrap();
        self.run(&["orders", "import", file.to_str().unwrap()]).await
    }

    async fn a_lost_dispute(&self) {
        let server = Server::start(&self.url, &[]).await;
        let at = SystemClock.now() - TimeDelta::days(2);
        let lost = dispute("du_1", "lost", &[movement("txn_1", -10_000, 1500, at)]);
        assert_eq!(server.send(&event("evt_1", at, &lost)).await.word, "recorded");
        assert_eq!(server.stop().await, 0);
    }
}

#[tokio::test]
async fn orders_that_come_later_are_linked_and_get_their_resolution() {
    let shop = Shop::open().await;
    shop.a_lost_dispute().await;
    let orphans = shop.run(&["dispute", "list", "--orphans", "--json"]).await;
    assert_eq!(serde_json::from_str::<Value>(&orphans.out).unwrap()[0]["dispute_id"], "du_1");

    let imported = shop.import("1001,ch_du_1,,100.00,USD,a@example.com,2025-01-01\n").await;
    assert_eq!(imported.code, 0, "{imported:?}");
    assert!(
        imported.out.contains("1 payments are new") && imported.out.contains("1 disputes were matched"),
        "{imported:?}"
    );
    let story = shop.run(&["dispute", "show", "du_1", "--json"]).await;
    let story: Value = serde_json::from_str(&story.out).unwrap();
    assert_eq!(story["orders"][0]["order_ref"], "1001");
    assert_eq!(story["orders"][0]["net_minor"], -11_500);
    assert_eq!(story["facts"][0]["bucket"], "confirmed_loss");
    let shown = shop.run(&["dispute", "show", "du_1"]).await;
    for part in ["confirmed loss", "1001", "expenses:chargeback-losses", "-115.00", "txn_1", "evt_1"] {
        assert!(shown.out.contains(part), "{part} is missing in\n{}", shown.out);
    }
    assert!(!shown.out.contains("a@example.com"));
}

#[tokio::test]
async fn a_bad_line_is_named_and_nothing_of_the_file_is_loaded() {
    let shop = Shop::open().await;
    let refused = shop.import("1001,ch_1,,100.00,USD,,2025-01-01\n1002,ch_2,,1.001,USD,,2025-01-01\n").await;
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.err.contains("line 3: amount: more than 2 decimals"), "{}", refused.err);
    assert_eq!(number(&shop.url, "SELECT count(*) FROM chargebook.orders").await, 0);
}

#[tokio::test]
async fn a_person_chooses_between_orders() {
    let shop = Shop::open().await;
    shop.a_lost_dispute().await;
    shop.import("A,ch_du_1,,60.00,USD,,2025-01-01\nB,ch_du_1,,40.00,USD,,2025-01-01\n").await;
    assert_eq!(number(&shop.url, "SELECT sum(loss_minor)::bigint FROM chargebook.order_resolutions").await, 0);
    let unknown = shop.run(&["dispute", "link", "du_1", "C"]).await;
    assert_eq!((unknown.code, unknown.err.contains("no order C")), (1, true), "{unknown:?}");
    let linked = shop.run(&["dispute", "link", "du_1", "B", "--by", "ada", "--reason", "split shipment"]).await;
    assert_eq!(linked.code, 0, "{linked:?}");
    let loss =
        "SELECT sum(loss_minor)::bigint FROM chargebook.order_resolutions WHERE order_ref = 'B' AND NOT ambiguous";
    assert_eq!(number(&shop.url, loss).await, 10_000);
    let check = shop.run(&["orders", "check"]).await;
    assert_eq!((check.code, check.out.contains("several orders")), (3, true), "{check:?}");
}

#[tokio::test]
async fn what_was_quarantined_is_booked_when_the_settings_are_corrected() {
    let shop = Shop::open().await;
    let server = Server::start(&shop.url, &[("CHARGEBOOK_STRIPE__LIVEMODE", "false")]).await;
    let at = SystemClock.now() - TimeDelta::days(1);
    let won = dispute("du_1", "needs_response", &[movement("txn_1", -10_000, 1500, at)]);
    assert_eq!(server.send(&event("evt_1", at, &won)).await.word, "quarantined");
    drop(server);
    let listed = shop.run(&["events", "list", "--quarantined"]).await;
    assert!(listed.out.contains("stripe.livemode"), "{}", listed.out);
    let replayed = shop.run(&["events", "replay"]).await;
    assert_eq!((replayed.code, replayed.out.contains("1 events were booked")), (0, true), "{replayed:?}");
    assert_eq!(number(&shop.url, "SELECT count(*) FROM chargebook.movements").await, 1);
    assert!(shop.run(&["events", "replay"]).await.out.contains("0 events were booked"));
}

#[tokio::test]
async fn the_journal_is_exported_exactly() {
    let shop = Shop::open().await;
    shop.a_lost_dispute().await;
    let exported = shop.run(&["export", "journal", "--from", "2020-01-01", "--to", "2999-01-01"]).await;
    assert_eq!(exported.code, 0, "{exported:?}");
    let lines: Vec<_> = exported.out.lines().collect();
    assert_eq!(lines.len(), 6, "a header, three postings of the withdrawal, two of the close-out");
    assert!(
        exported.out.contains("movement:txn_1") && exported.out.contains(",-115.00,usd,-11500"),
        "{}",
        exported.out
    );
    let minor = |line: &&str| line.rsplit(',').next().unwrap().parse::<i64>().unwrap();
    assert_eq!(lines.iter().skip(1).map(minor).sum::<i64>(), 0);
    assert!(exported.err.contains("2 entries with 5 postings"), "{}", exported.err);
    let backwards = shop.run(&["export", "journal", "--from", "2025-02-01", "--to", "2025-01-01"]).await;
    assert_eq!(backwards.code, 2, "{backwards:?}");
}

#[tokio::test]
async fn wrong_usage_and_wrong_settings_say_what_to_do_and_exit_with_2() {
    let shop = Shop::open().await;
    let url = ("CHARGEBOOK_DATABASE__URL", shop.url.as_str());
    let no_secret = run(&shop.folder, &[url], &["serve"]).await;
    assert_eq!((no_secret.code, no_secret.err.contains("stripe.webhook_secrets")), (2, true), "{no_secret:?}");
    let typo = run(&shop.folder, &[url, ("CHARGEBOOK_HTTP__LISTN", "x")], &["dispute", "list"]).await;
    assert_eq!((typo.code, typo.err.contains("did you mean CHARGEBOOK_HTTP__LISTEN?")), (2, true), "{typo:?}");
    let (server, _) = shop.url.rsplit_once('/').unwrap();
    let empty = format!("{server}/template1");
    let secret = ("CHARGEBOOK_STRIPE__WEBHOOK_SECRETS", "whsec_x");
    let unmigrated = run(&shop.folder, &[("DATABASE_URL", empty.as_str()), secret], &["serve"]).await;
    assert_eq!((unmigrated.code, unmigrated.err.contains("chargebook migrate")), (2, true), "{unmigrated:?}");
    let unknown = shop.run(&["dispute", "show", "du_unknown"]).await;
    assert_eq!((unknown.code, unknown.err.contains("no dispute du_unknown")), (1, true), "{unknown:?}");
    assert_eq!(shop.run(&["no-such-command"]).await.code, 2);
}

#[tokio::test]
async fn the_doctor_says_what_is_missing() {
    let shop = Shop::open().await;
    let ill = shop.run(&["doctor"]).await;
    assert_eq!(ill.code, 3, "{ill:?}");
    assert!(ill.out.contains("webhook"), "{}", ill.out);
    let wrong = run(&shop.folder, &[("CHARGEBOOK_SUMMARY__TIME_ZONE", "Mars/Base")], &["doctor"]).await;
    assert_eq!((wrong.code, wrong.out.contains("summary.time_zone")), (2, true), "{wrong:?}");
}

#[tokio::test]
async fn the_private_cluster_is_opened_again_and_again() {
    let folder = scratch_folder();
    for _ in 0..2 {
        let migrated = run(&folder, &[], &["migrate"]).await;
        assert_eq!((migrated.code, migrated.out.contains("up to date")), (0, true), "{migrated:?}");
    }
    let list = run(&folder, &[], &["dispute", "list"]).await;
    assert_eq!((list.code, list.out.as_str()), (0, "No disputes.\n"), "{list:?}");
}
