//! The daily mail: from the books through the program to a Graph that fails in every way.
#![expect(clippy::unwrap_used, reason = "a test that meets anything unexpected should end")]

use chargebook::clock::SystemClock;
use chargebook_domain::ports::Clock;
use chargebook_port_contracts::fake_graph::{FakeGraph, Fault};
use chargebook_tests::{
    Ran, Server, borrowed, dispute, event, fresh_database, movement, outlook_settings, run, scratch_folder,
};
use chrono::{DateTime, Utc};
use serde_json::Value;

/// A won and a lost dispute, decided on 2 June 2025.
async fn two_decided(url: &str) {
    let server = Server::start(url, &[]).await;
    let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    let (opened, decided) = (at("2025-05-01T10:00:00Z"), at("2025-06-02T10:00:00Z"));
    let took = |id: &str| movement(id, -10_000, 1500, opened);
    let won = [took("txn_1"), movement("txn_2", 10_000, 0, decided)];
    for (id, dispute) in [("evt_1", dispute("du_1", "won", &won)), ("evt_2", dispute("du_2", "lost", &[took("txn_3")]))]
    {
        assert_eq!(server.send(&event(id, decided, &dispute)).await.word, "recorded");
    }
    assert_eq!(server.stop().await, 0);
}

struct Desk {
    url: String,
    graph: FakeGraph,
    folder: std::path::PathBuf,
}

impl Desk {
    async fn open() -> Self {
        let (url, _) = fresh_database().await;
        two_decided(&url).await;
        Self { url, graph: FakeGraph::start().await.unwrap(), folder: scratch_folder() }
    }

    async fn summary(&self, arguments: &[&str]) -> Ran {
        self.summary_with(&[], arguments).await
    }

    async fn summary_with(&self, besides: &[(&str, &str)], arguments: &[&str]) -> Ran {
        let outlook = outlook_settings(&self.graph.base());
        let settings = [("CHARGEBOOK_DATABASE__URL", self.url.as_str()), ("CHARGEBOOK_BOOKS__START", "2025-06-01")];
        let two = [("CHARGEBOOK_OUTLOOK__RECIPIENTS", "finance@example.com,cfo@example.com")];
        let settings = [&settings, &borrowed(&outlook)[..], &two, besides].concat();
        let ran = run(&self.folder, &settings, &[&["summary"], arguments].concat()).await;
        assert!(!format!("{}{}", ran.out, ran.err).contains("planted-secret"));
        ran
    }
}

#[tokio::test]
async fn a_day_is_mailed_once() {
    let desk = Desk::open().await;
    let preview = desk.summary(&["preview", "--date", "2025-06-02"]).await;
    assert_eq!(preview.code, 0, "{preview:?}");
    assert!(preview.out.contains("1 won, 1 lost") && preview.out.contains("50.0 % (1 of 2)"), "{}", preview.out);
    assert!(desk.graph.accepted().is_empty());
    let file = desk.folder.join("day.csv");
    let written = desk.summary(&["preview", "--date", "2025-06-02", "--csv", file.to_str().unwrap()]).await;
    assert_eq!((written.code, std::fs::read_to_string(&file).unwrap().lines().count()), (0, 3), "{written:?}");

    let sent = desk.summary(&["send", "--date", "2025-06-02"]).await;
    assert_eq!(sent.code, 0, "{sent:?}");
    let again = desk.summary(&["send", "--date", "2025-06-02"]).await;
    assert_eq!((again.code, again.out.contains("was accepted before")), (0, true), "{again:?}");
    let accepted = desk.graph.accepted();
    let [mail] = accepted.as_slice() else { panic!("{} mails", accepted.len()) };
    assert_eq!(mail.reference(), "summary/2025-06-02");
    assert_eq!(mail.body["message"]["attachments"][0]["name"], "disputes-2025-06-02.csv");
    assert_eq!(mail.subject(), "Disputes 2 Jun: 1 won, 1 lost, 100.00 USD recovered");
    assert_eq!(mail.recipients(), ["finance@example.com", "cfo@example.com"]);
    let list = desk.summary(&["list"]).await;
    assert!(list.out.contains("accepted") && list.out.contains("opening balance"), "{}", list.out);
    assert!(!list.out.contains("Earlier attempts"), "{}", list.out);
}

#[tokio::test]
async fn a_mail_has_the_numbers_of_its_readers_and_where_nothing_opens_it_its_file_is_named() {
    let desk = Desk::open().await;
    let folder = desk.folder.to_str().unwrap();
    // No program is found there, so that none opens anything.
    let settings = [
        ("CHARGEBOOK_SUMMARY__LOCALE", "de-DE"),
        ("CHARGEBOOK_SUMMARY__CSV_SEPARATOR", "semicolon"),
        ("PATH", folder),
        ("TMPDIR", folder),
    ];
    let csv = desk.folder.join("day.csv");
    let arguments = ["preview", "--date", "2025-06-02", "--open", "--csv", csv.to_str().unwrap()];
    let told = desk.summary_with(&settings, &arguments).await;
    let html = desk.folder.join("chargebook-summary-2025-06-02.html");
    assert_eq!(told.code, 0, "{told:?}");
    assert!(told.out.contains(&format!("The mail is in {}.", html.display())), "{}", told.out);
    assert!(told.out.contains("Open it in a browser: there is neither xdg-open nor open."), "{}", told.out);
    let html = std::fs::read_to_string(&html).unwrap();
    assert!(html.contains("50,0&nbsp;%") && html.contains(">100,00&nbsp;USD</span>"), "{html}");
    assert!(html.contains("1 won and 1 lost; the most on 2 Jun: 2."), "{html}");
    let lines = std::fs::read_to_string(&csv).unwrap();
    assert!(lines.starts_with("business_date;section;") && lines.contains(";100,00;"), "{lines}");

    let out = desk.folder.join("mail.html");
    let arguments = ["preview", "--date", "2025-06-02", "--open", "--out", out.to_str().unwrap()];
    let told = desk.summary_with(&settings, &arguments).await;
    assert!(out.exists() && told.out.contains(&format!("The mail is in {}.", out.display())), "{told:?}");
}

#[tokio::test]
async fn a_day_is_shown_as_of_an_earlier_moment_and_once_it_was_sealed_as_it_was() {
    let desk = Desk::open().await;
    let as_of = async |moment: &str| desk.summary(&["preview", "--date", "2025-06-02", "--as-of", moment]).await;
    let booked = SystemClock.now().to_rfc3339();
    assert_eq!(desk.summary(&["send", "--date", "2025-06-02"]).await.code, 0);
    for (moment, told) in [
        ("2025-06-03 01:00", "Subject: As of 3 Jun 2025 01:00, not sealed - Disputes 2 Jun: none closed\n"),
        (&booked, "not sealed - Disputes 2 Jun: 1 won, 1 lost, 100.00 USD recovered\n"),
        (&SystemClock.now().to_rfc3339(), "Subject: Disputes 2 Jun: 1 won, 1 lost, 100.00 USD recovered\n"),
    ] {
        let shown = as_of(moment).await;
        assert!(shown.code == 0 && shown.out.contains(told), "{moment}: {shown:?}");
    }
    let to_come = as_of("2999-01-01T00:00:00Z").await;
    assert!(to_come.code == 2 && to_come.err.contains("--as-of is still to come"), "{to_come:?}");
}

#[tokio::test]
async fn the_entries_that_are_sealed_in_the_day_go_with_its_mail() {
    let (url, _) = fresh_database().await;
    two_decided(&url).await;
    let folder = scratch_folder();
    let settings = [
        ("CHARGEBOOK_DATABASE__URL", url.as_str()),
        ("CHARGEBOOK_BOOKS__START", "2025-06-01"),
        ("CHARGEBOOK_SUMMARY__ATTACH_JOURNAL", "true"),
    ];
    let (before, after, exported) = (folder.join("before"), folder.join("after"), folder.join("exported"));
    let day = ["--date", "2025-06-02"];
    let exporting = ["export", "journal", "--from", "2025-06-02", "--to", "2025-06-02", "--out"];
    for arguments in [
        [&["summary", "preview"], &day[..], &["--journal", before.to_str().unwrap()]].concat(),
        [&["summary", "send"], &day[..]].concat(),
        [&["summary", "preview"], &day[..], &["--journal", after.to_str().unwrap()]].concat(),
        [&exporting[..], &[exported.to_str().unwrap()]].concat(),
    ] {
        let ran = run(&folder, &settings, &arguments).await;
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    let mail = std::fs::read_to_string(folder.join("chargebook-data/mail/summary-2025-06-02.html")).unwrap();
    assert!(mail.contains("journal-2025-06-02.csv, which goes with this mail."), "{mail}");
    let lines = std::fs::read_to_string(&exported).unwrap();
    assert!(lines.starts_with("entry_id,posted_on,") && lines.contains("movement:txn_2"), "{lines}");
    for file in [before, after, folder.join("chargebook-data/mail/journal-2025-06-02.csv")] {
        assert_eq!(std::fs::read_to_string(&file).unwrap(), lines, "{}", file.display());
    }
}

#[tokio::test]
async fn a_person_has_a_mail_sent_once_more_and_every_attempt_is_kept_with_its_name() {
    let desk = Desk::open().await;
    desk.graph.script([Fault::GatewayTimeoutAfterAccept]);
    assert_eq!(desk.summary(&["send", "--date", "2025-06-02"]).await.code, 3);
    for _ in 0..2 {
        let again = desk.summary(&["resend", "2025-06-02"]).await;
        assert_eq!((again.code, again.out.contains("was accepted")), (0, true), "{again:?}");
    }
    let accepted = desk.graph.accepted();
    let said: Vec<_> = accepted.iter().map(|mail| mail.subject().ends_with(" (sent again)")).collect();
    assert_eq!(said, [false, true, true]);
    assert!(accepted.iter().all(|mail| mail.reference() == "summary/2025-06-02"));

    let list = desk.summary(&["list"]).await;
    assert!(list.out.contains("Earlier attempts") && list.out.contains("unknown"), "{}", list.out);
    let listed: Value = serde_json::from_str(&desk.summary(&["list", "--json"]).await.out).unwrap();
    let attempts = listed[0]["attempts"].as_array().unwrap();
    let told = |field: &str| attempts.iter().map(|attempt| attempt[field].clone()).collect::<Vec<_>>();
    assert_eq!(told("outcome"), ["unknown", "accepted", "accepted"]);
    assert_eq!(told("by_person"), [false, true, true]);
    let named: Vec<_> = accepted.iter().map(|mail| mail.client_request_id.clone().unwrap()).collect();
    assert_eq!(told("request_id"), named, "what Graph was told is what is kept");
}

#[tokio::test]
async fn no_fault_makes_two_mails_and_each_ends_in_a_state_that_a_person_can_read() {
    for (fault, state, accepted) in [
        (Fault::ServerError, "unknown", 0),
        (Fault::BadGatewayHtml, "unknown", 0),
        (Fault::GatewayTimeoutAfterAccept, "unknown", 1),
        (Fault::DropAfterReading, "unknown", 0),
        (Fault::Forbidden, "pending", 0),
        (Fault::NotFound, "failed", 0),
        (Fault::Throttled { retry_after: Some("60".to_owned()) }, "pending", 0),
    ] {
        let desk = Desk::open().await;
        desk.graph.script([fault.clone()]);
        let sent = desk.summary(&["send", "--date", "2025-06-02"]).await;
        assert_eq!(sent.code, 3, "{fault:?}: {sent:?}");
        let blind = desk.summary(&["send", "--date", "2025-06-02"]).await;
        assert_eq!((blind.code, desk.graph.accepted().len()), (3, accepted), "{fault:?}: {blind:?}");
        let why = if state == "pending" { "to be sent later" } else { state };
        assert!(
            blind.out.contains(why) && blind.out.contains("chargebook summary resend 2025-06-02"),
            "{fault:?}: {blind:?}"
        );
        let list = desk.summary(&["list"]).await;
        assert!(list.out.contains(state), "{fault:?}: {}", list.out);
        if accepted == 0 {
            assert_eq!(desk.summary(&["resend", "2025-06-02"]).await.code, 0, "{fault:?}");
            assert_eq!(desk.graph.accepted().len(), 1, "{fault:?}");
        }
    }
}

#[tokio::test]
async fn an_expired_token_is_replaced_and_the_mail_goes_once() {
    let desk = Desk::open().await;
    desk.graph.script([Fault::Unauthorized]);
    assert_eq!(desk.summary(&["send", "--date", "2025-06-02"]).await.code, 0);
    assert_eq!((desk.graph.accepted().len(), desk.graph.token_requests().len()), (1, 2));
}

#[tokio::test]
async fn without_outlook_the_mail_is_in_the_folder() {
    let (url, _) = fresh_database().await;
    two_decided(&url).await;
    let folder = scratch_folder();
    let settings = [("CHARGEBOOK_DATABASE__URL", url.as_str()), ("CHARGEBOOK_BOOKS__START", "2025-06-01")];
    let sent = run(&folder, &settings, &["summary", "send", "--date", "2025-06-02"]).await;
    assert_eq!(sent.code, 0, "{sent:?}");
    let mail = folder.join("chargebook-data/mail/summary-2025-06-02");
    assert!(mail.with_extension("eml").is_file() && mail.with_extension("html").is_file(), "{}", mail.display());
    let too_early = run(&folder, &settings, &["summary", "send", "--date", "2999-01-01"]).await;
    assert_eq!(too_early.code, 1, "{too_early:?}");
}
