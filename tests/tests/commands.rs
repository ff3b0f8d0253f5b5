//! The commands as people and programs meet them: exit codes, messages, JSON.
#![expect(clippy::unwrap_used, reason = "a test that meets anything unexpected should end")]

use chargebook::clock::SystemClock;
use chargebook_domain::ports::Clock;
use std::fs;
use std::process::Command;

use chargebook_tests::{Ran, Server, binary, dispute, event, fresh_database, movement, number, run, scratch_folder};
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
    assert!(shown.out.contains("Status        lost (confirmed loss)\n"), "{}", shown.out);
    assert_eq!(shown.out.matches("1001").count(), 1, "{}", shown.out);
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
async fn what_retention_removed_is_skipped_and_what_is_too_much_is_said() {
    let shop = Shop::open().await;
    let server = Server::start(&shop.url, &[("CHARGEBOOK_STRIPE__LIVEMODE", "false")]).await;
    let at = SystemClock.now() - TimeDelta::days(1);
    for number in 1..=2 {
        let disputed = dispute(&format!("du_{number}"), "needs_response", &[]);
        assert_eq!(server.send(&event(&format!("evt_{number}"), at, &disputed)).await.word, "quarantined");
    }
    drop(server);
    let removed = "WITH gone AS (DELETE FROM chargebook.source_event_bodies WHERE event_id = 'evt_2' RETURNING 1)
                   SELECT count(*) FROM gone";
    assert_eq!(number(&shop.url, removed).await, 1);
    let replayed = shop.run(&["events", "replay"]).await;
    let told = "1 events were booked, 0 were known before, 0 stay quarantined.\n1 were skipped";
    assert_eq!((replayed.code, replayed.out.starts_with(told)), (3, true), "{replayed:?}");
    let one = shop.run(&["events", "replay", "evt_2"]).await;
    assert_eq!((one.code, one.err.contains("no body of event evt_2 is kept")), (1, true), "{one:?}");

    let many = "WITH more AS (INSERT INTO chargebook.source_events
                    SELECT 'acct_1', 'evt_more_' || n, 'charge.dispute.updated', now(), 'quarantined', 'a test'
                    FROM generate_series(1, 10000) n RETURNING 1) SELECT count(*) FROM more";
    assert_eq!(number(&shop.url, many).await, 10_000);
    let replayed = shop.run(&["events", "replay"]).await;
    assert!(
        replayed.out.contains("10000 were skipped") && replayed.out.contains("more are quarantined"),
        "{replayed:?}"
    );
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
    for (arguments, said) in [
        (["dispute", "list", "--outcome", "foo"], "inquiry_open"),
        (["dispute", "list", "--bucket", "foo"], "recovery_pending"),
        (["dispute", "list", "--limit", "0"], "--limit"),
        (["events", "list", "--limit", "0"], "--limit"),
        (["summary", "list", "--limit", "0"], "--limit"),
    ] {
        let refused = shop.run(&arguments).await;
        assert_eq!((refused.code, refused.err.contains(said)), (2, true), "{refused:?}");
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_named() {
    let shop = Shop::open().await;
    let nowhere = "no/such/folder/file";
    for arguments in [
        ["orders", "import", nowhere].as_slice(),
        &["orders", "import", "."],
        &["export", "journal", "--from", "2025-01-01", "--to", "2025-01-02", "--out", nowhere],
        &["summary", "preview", "--out", nowhere],
    ] {
        let refused = shop.run(arguments).await;
        let file = if arguments.contains(&".") { "." } else { nowhere };
        let named = refused.err.contains(&format!("{file} can't be ")) && refused.err.contains("name a file");
        assert_eq!((refused.code, named), (1, true), "{refused:?}");
    }
}

#[tokio::test]
async fn a_reader_that_leaves_is_no_error() {
    let shop = Shop::open().await;
    for arguments in [
        ["dispute", "list"].as_slice(),
        &["summary", "list", "--json"],
        &["doctor"],
        &["export", "journal", "--from", "2025-01-01", "--to", "2025-01-02"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = Command::new(binary())
            .current_dir(&shop.folder)
            .args(arguments)
            .env("CHARGEBOOK_DATABASE__URL", &shop.url)
            .stdout(writer)
            .output()
            .unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), err.contains("roken pipe")), (Some(0), false), "{arguments:?}: {err}");
    }
}

#[tokio::test]
async fn the_doctor_says_what_is_missing() {
    let shop = Shop::open().await;
    let ill = shop.run(&["doctor"]).await;
    assert_eq!(ill.code, 3, "{ill:?}");
    assert!(ill.out.contains("webhook"), "{}", ill.out);
    let json = shop.run(&["doctor", "--json"]).await;
    let findings: Vec<Value> = serde_json::from_str(&json.out).unwrap();
    let secrets = findings.iter().find(|finding| finding["check"] == "webhook secrets").unwrap();
    assert_eq!((json.code, &secrets["state"], &secrets["detail"]), (3, &"attention".into(), &"there is none".into()));
    assert!(secrets["remedy"].as_str().unwrap().contains("stripe.webhook_secrets"), "{secrets}");
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
