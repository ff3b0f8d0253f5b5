//! The process that sends the day's mail is killed at each step, and another goes on, as the table in `docs/operations.md`
//! has it.

use std::path::PathBuf;

use chargebook::clock::SystemClock;
use chargebook_domain::BookRules;
use chargebook_domain::ports::{Clock, Seal, Summaries};
use chargebook_ledger_postgres::PostgresLedger;
use chargebook_port_contracts::fake_graph::{AcceptedMail, FakeGraph, Fault, LookFault, SignInFault};
use chargebook_port_contracts::fake_receiver::{self as receiver, FakeReceiver};
use chargebook_tests::{
    Proxy, Ran, Server, as_admin, as_owner, borrowed, dispute, event, fresh_database, movement, number,
    outlook_settings, run, scratch_folder, text, until,
};
use chrono::NaiveDate;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// What is said of a mail whose process died.
const DIED: &str = "The process that was sending it ended before it knew how that went.";

/// Yesterday, which is to be mailed, and where it goes: through Outlook, unless it is posted.
struct Desk {
    url: String,
    ledger: PostgresLedger,
    graph: FakeGraph,
    receiver: Option<FakeReceiver>,
    folder: PathBuf,
    date: NaiveDate,
}

impl Desk {
    async fn open() -> Self {
        let (url, ledger) = fresh_database().await;
        let date = SystemClock.now().date_naive().pred_opt().unwrap();
        let noon = date.and_hms_opt(12, 0, 0).unwrap().and_utc();
        let server = Server::start(&url, &[]).await;
        let lost = dispute("du_1", "lost", &[movement("txn_1", -10_000, 1_500, noon)]);
        assert_eq!(server.send(&event("evt_1", noon, &lost)).await.word, "recorded");
        assert_eq!(server.stop().await, 0);
        Self { url, ledger, graph: FakeGraph::start().await.unwrap(), receiver: None, folder: scratch_folder(), date }
    }

    /// Where the mail is posted to a program, whose first request meets this fault.
    async fn posting_into(fault: receiver::Fault) -> Self {
        let receiver = FakeReceiver::start().await.unwrap();
        receiver.script([fault]);
        Self { receiver: Some(receiver), ..Self::open().await }
    }

    fn settings(&self, graph: &str) -> Vec<(String, String)> {
        let start = ("CHARGEBOOK_BOOKS__START".to_owned(), self.date.to_string());
        let send_at = ("CHARGEBOOK_SUMMARY__SEND_AT".to_owned(), "00:00".to_owned());
        let mail = match &self.receiver {
            None => outlook_settings(graph),
            Some(receiver) => [("URL", receiver.url()), ("SECRET", "0123456789abcdef".to_owned())]
                .map(|(key, value)| (format!("CHARGEBOOK_WEBHOOK__{key}"), value))
                .into(),
        };
        [vec![start, send_at], mail].concat()
    }

    /// A server, which looks after the day's mail as soon as it has started.
    async fn process(&self) -> Server {
        self.process_to(&self.graph.base()).await
    }

    async fn process_to(&self, graph: &str) -> Server {
        let settings = self.settings(graph);
        Server::start(&self.url, &borrowed(&settings)).await
    }

    async fn summary(&self, arguments: &[&str]) -> Ran {
        let mut settings = self.settings(&self.graph.base());
        settings.push(("CHARGEBOOK_DATABASE__URL".to_owned(), self.url.clone()));
        run(&self.folder, &borrowed(&settings), &[&["summary"], arguments].concat()).await
    }

    /// As a person has it sent who does not know what became of it.
    async fn send(&self) -> Ran {
        self.summary(&["send", "--date", &self.date.to_string()]).await
    }

    /// What `summary_deliveries` says of the day; nothing where it was never claimed.
    async fn state(&self) -> String {
        self.column("summary_deliveries", "state").await
    }

    /// What looking for the day's last mail has shown.
    async fn found(&self) -> String {
        self.column("summary_attempts", "found").await
    }

    async fn column(&self, table: &str, column: &str) -> String {
        let of_day = format!("FROM chargebook.{table} WHERE business_date = '{}'", self.date);
        text(&self.url, &format!("SELECT max({column}) {of_day}")).await
    }

    /// What `summary list --json` says of the day.
    async fn listed(&self) -> Value {
        let list = self.summary(&["list", "--json"]).await;
        assert_eq!(list.code, 0, "{list:?}");
        let days: Vec<Value> = serde_json::from_str(&list.out).unwrap();
        let date = self.date.to_string();
        let mut of_day = days.into_iter().filter(|day| day["business_date"] == date.as_str());
        let day = of_day.next().unwrap();
        assert!(of_day.next().is_none(), "there is one channel, and one mail");
        day
    }

    /// How each attempt ended, and what looking for it has shown.
    async fn attempts(&self) -> Vec<(Value, Value)> {
        let listed = self.listed().await;
        let attempts = listed["attempts"].as_array().unwrap().iter();
        attempts.map(|attempt| (attempt["outcome"].clone(), attempt["found"].clone())).collect()
    }

    /// The mails of the day that were accepted.
    fn mails(&self) -> Vec<AcceptedMail> {
        let reference = format!("summary/{}", self.date);
        self.graph.accepted().into_iter().filter(|mail| mail.reference() == reference).collect()
    }

    /// Time goes on for leases and looks, which run by the database's clock.
    async fn let_minutes_pass(&self, minutes: u32) {
        let earlier = |column| format!("{column} = {column} - interval '{minutes} minutes'");
        let (claimed, ended, looked) = (earlier("claimed_until"), earlier("ended_at"), earlier("looked_at"));
        let sql = format!(
            "SET session_replication_role = replica;
             UPDATE chargebook.summary_deliveries SET {claimed};
             UPDATE chargebook.summary_attempts SET {ended}, {looked}"
        );
        let mut admin = PgConnection::connect(&as_admin(&self.url)).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
    }

    /// Waits until a statement of the process's waits for a lock.
    async fn somebody_waits(&self) {
        let sql = "SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%summary_deliveries%'";
        let admin = as_admin(&self.url);
        until(async || number(&admin, sql).await > 0).await;
    }

    /// The process was killed while it had the claim: nobody sends while that lasts, nor after it.
    async fn ends_in_doubt(&self) {
        let mails = self.mails().len();
        assert_eq!(
            (self.state().await, self.listed().await["delivery"].clone()),
            ("sending".to_owned(), "sending".into())
        );
        let meanwhile = self.send().await;
        assert_eq!((meanwhile.code, meanwhile.out.contains("is being sent right now")), (3, true), "{meanwhile:?}");

        self.let_minutes_pass(6).await;
        let later = self.send().await;
        assert_eq!((later.code, later.out.contains("whether it arrived is unknown")), (3, true), "{later:?}");
        let listed = self.listed().await;
        assert_eq!((self.state().await, listed["delivery"].clone()), ("unknown".to_owned(), "unknown".into()));
        assert_eq!(listed["reason"], DIED);
        assert_eq!(self.attempts().await, [("unknown".into(), Value::Null)]);
        assert_eq!((self.mails().len(), self.graph.look_requests()), (mails, 0), "it is not time to look");
    }

    /// It is looked for, is not there, and is sent.
    async fn is_sent_after_all(&self) {
        self.is_to_be_sent_again().await;
        assert!(self.mails().is_empty());
        self.is_sent().await;
        self.is_accepted_once().await;
    }

    async fn is_to_be_sent_again(&self) {
        self.ends_in_doubt().await;
        self.let_minutes_pass(11).await;
        let mut looking = self.process().await;
        until(async || self.found().await == "not_there").await;
        looking.crash().await;
        let listed = self.listed().await;
        assert_eq!((self.state().await, listed["delivery"].clone()), ("pending".to_owned(), "pending".into()));
        assert_eq!(listed["reason"], "It is not where it went, or would be known again there.");
    }

    async fn is_sent(&self) {
        let sending = self.process().await;
        until(async || self.state().await == "accepted").await;
        assert_eq!(sending.stop().await, 0);
        assert_eq!(self.attempts().await, [("unknown".into(), "not_there".into()), ("accepted".into(), Value::Null)]);
    }

    /// It is posted again with the same key, and a receiver that keeps keys has it once.
    async fn is_posted_again(&self) {
        self.is_to_be_sent_again().await;
        self.is_sent().await;
        let key = format!("summary/{}", self.date);
        assert_eq!(self.posted(), [key.as_str(), &key]);
        let again = self.send().await;
        assert_eq!((again.code, again.out.contains("was accepted before")), (0, true), "{again:?}");
        assert_eq!(self.posted().len(), 2);
        let resent = self.summary(&["resend", &self.date.to_string()]).await;
        assert_eq!((resent.code, resent.out.contains("was accepted")), (0, true), "{resent:?}");
        let posted = self.posted();
        assert!(posted.len() == 3 && posted[2].starts_with(&format!("{key}/again/")), "{posted:?}");
    }

    /// The keys of the day's mail, each time that it was posted. A mail that tells that it is late has another.
    fn posted(&self) -> Vec<String> {
        let received = self.receiver.iter().flat_map(FakeReceiver::received);
        let keys = received.filter_map(|received| Some(received.message_id()?.to_owned()));
        keys.filter(|key| key.starts_with("summary/")).collect()
    }

    /// It is looked for, is there, and is not sent.
    async fn is_found(&self) {
        self.is_found_at(&self.graph.base()).await;
    }

    /// The same in the place to which it went.
    async fn is_found_at(&self, graph: &str) {
        self.ends_in_doubt().await;
        self.let_minutes_pass(11).await;
        let looking = self.process_to(graph).await;
        until(async || self.state().await == "accepted").await;
        assert_eq!(looking.stop().await, 0);
        assert_eq!(self.attempts().await, [("unknown".into(), "there".into())]);
        assert_eq!(self.listed().await["receipt"], "found where it went");
        self.is_accepted_once().await;
    }

    async fn is_accepted_once(&self) {
        let again = self.send().await;
        assert_eq!((again.code, again.out.contains("was accepted before")), (0, true), "{again:?}");
        assert_eq!(self.listed().await["delivery"], "accepted");
        let mails = self.mails();
        assert_eq!(mails.len(), 1);
        assert!(!mails[0].subject().contains("sent again"), "{}", mails[0].subject());
    }
}

#[tokio::test]
async fn killed_before_it_claimed_the_mail_it_is_sent() {
    let desk = Desk::open().await;
    let (date, zone, now) = (desk.date, BookRules::default().time_zone, SystemClock.now());
    assert!(desk.ledger.seal(&Seal { date, zone, books_start: Some(date), now }).await.unwrap());
    // Whoever claims the mail waits for what becomes of this row.
    let mut somebody = PgConnection::connect(&as_owner(&desk.url)).await.unwrap();
    let mut transaction = somebody.begin().await.unwrap();
    let insert = "INSERT INTO chargebook.summary_deliveries (business_date, channel, state, attempt, updated_at)
                  VALUES ($1, 'outlook', 'pending', 0, now())";
    sqlx::query(insert).bind(date).execute(&mut *transaction).await.unwrap();
    let mut killed = desk.process().await;
    desk.somebody_waits().await;
    killed.crash().await;
    transaction.rollback().await.unwrap();

    assert_eq!((desk.state().await, desk.listed().await["attempts"].clone()), (String::new(), Value::Array(vec![])));
    let list = desk.summary(&["list"]).await;
    assert!(list.out.contains("pending"), "{}", list.out);
    assert_eq!(desk.graph.send_requests(), 0);
    let sending = desk.process().await;
    until(async || desk.state().await == "accepted").await;
    assert_eq!(sending.stop().await, 0);
    assert_eq!(desk.attempts().await, [("accepted".into(), Value::Null)]);
    desk.is_accepted_once().await;
}

#[tokio::test]
async fn killed_after_it_claimed_and_before_it_posted_it_is_looked_for_and_sent() {
    let desk = Desk::open().await;
    desk.graph.script_sign_in([SignInFault::Hang]);
    let mut killed = desk.process().await;
    // Whoever asks for the token first, the look at the start or the mail, waits for it, and so does the other.
    until(async || desk.state().await == "sending" && !desk.graph.token_requests().is_empty()).await;
    killed.crash().await;
    assert_eq!(desk.graph.send_requests(), 0);
    desk.is_sent_after_all().await;
}

#[tokio::test]
async fn killed_after_it_posted_and_before_the_other_side_took_it_it_is_looked_for_and_sent() {
    let desk = Desk::open().await;
    desk.graph.script([Fault::HangAfterReading]);
    let mut killed = desk.process().await;
    until(async || desk.graph.send_requests() == 1).await;
    killed.crash().await;
    desk.is_sent_after_all().await;
}

#[tokio::test]
async fn killed_after_the_other_side_took_it_and_before_the_answer_it_is_found_and_not_sent() {
    let desk = Desk::open().await;
    desk.graph.script([Fault::HangAfterAccept]);
    let mut killed = desk.process().await;
    until(async || desk.mails().len() == 1).await;
    killed.crash().await;
    desk.is_found().await;
}

#[tokio::test]
async fn killed_after_the_answer_and_before_it_kept_that_it_is_found_and_not_sent() {
    let desk = Desk::open().await;
    let proxy = Proxy::before(&desk.graph.base()).await;
    proxy.freeze();
    let mut killed = desk.process_to(&proxy.url(&desk.graph.base())).await;
    until(async || desk.state().await == "sending").await;
    // Whoever keeps how it went waits for this row.
    let mut somebody = PgConnection::connect(&as_owner(&desk.url)).await.unwrap();
    let mut transaction = somebody.begin().await.unwrap();
    let lock = "SELECT state FROM chargebook.summary_deliveries WHERE business_date = $1 FOR UPDATE";
    sqlx::query(lock).bind(desk.date).execute(&mut *transaction).await.unwrap();
    proxy.thaw();
    desk.somebody_waits().await;
    assert_eq!(desk.mails().len(), 1);
    killed.crash().await;
    transaction.rollback().await.unwrap();
    desk.is_found_at(&proxy.url(&desk.graph.base())).await;
}

#[tokio::test]
async fn killed_while_it_is_posted_to_a_program_it_is_posted_again_and_known_by_its_key() {
    for fault in [receiver::Fault::HangUntaken, receiver::Fault::Hang] {
        let desk = Desk::posting_into(fault).await;
        let mut killed = desk.process().await;
        desk.receiver.as_ref().unwrap().has_read(1).await;
        killed.crash().await;
        desk.is_posted_again().await;
    }
}

#[tokio::test]
async fn where_it_may_not_be_looked_for_it_stays_unknown_and_a_person_has_it_sent_again() {
    let desk = Desk::open().await;
    desk.graph.script([Fault::HangAfterAccept]);
    desk.graph.script_looks([LookFault::Forbidden, LookFault::Forbidden]);
    let mut killed = desk.process().await;
    until(async || desk.mails().len() == 1).await;
    killed.crash().await;
    desk.ends_in_doubt().await;
    for (looks, minutes) in [(1, 11), (2, 61)] {
        desk.let_minutes_pass(minutes).await;
        let looked_at = desk.column("summary_attempts", "looked_at::text").await;
        let looking = desk.process().await;
        until(async || desk.column("summary_attempts", "looked_at::text").await != looked_at).await;
        assert_eq!(looking.stop().await, 0);
        assert_eq!((desk.graph.look_requests(), desk.found().await.as_str()), (looks, "cannot_tell"));
        assert_eq!(desk.state().await, "unknown");
    }
    let listed = desk.listed().await;
    let reason = listed["reason"].as_str().unwrap();
    assert_eq!(listed["delivery"], "unknown");
    assert!(reason.starts_with(DIED) && reason.contains("Grant the application Mail.Read"), "{reason}");
    let list = desk.summary(&["list"]).await;
    assert!(list.out.contains("unknown") && list.out.contains("Mail.Read"), "{}", list.out);
    let blind = desk.send().await;
    assert_eq!((blind.code, desk.mails().len()), (3, 1), "{blind:?}");

    let resent = desk.summary(&["resend", &desk.date.to_string()]).await;
    assert_eq!((resent.code, resent.out.contains("was accepted")), (0, true), "{resent:?}");
    let said: Vec<_> = desk.mails().iter().map(|mail| mail.subject().ends_with(" (sent again)")).collect();
    assert_eq!(said, [false, true]);
    assert_eq!(
        (desk.state().await, desk.listed().await["delivery"].clone()),
        ("accepted".to_owned(), "accepted".into())
    );
    assert_eq!(desk.attempts().await, [("unknown".into(), "cannot_tell".into()), ("accepted".into(), Value::Null)]);
}
