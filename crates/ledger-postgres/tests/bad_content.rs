//! What the database refuses, what it can't be asked, and what it should not hold.
#![expect(clippy::unwrap_used, reason = "what is not as expected should panic")]

use std::sync::Arc;
use std::time::Duration;

use chargebook_domain::ports::{
    Content, Entry, Ledger, LedgerError, Link, Lookup, OrderBook, Reading, Seal, SourceEvent, Summaries,
};
use chargebook_domain::service::{Ingest, Receipt, Received};
use chargebook_domain::{Admission, BookRules, DisputeKey, Observation};
use chargebook_ledger_postgres::{InvalidUrl, MIGRATOR, OrderSource, PostgresLedger};
use chargebook_port_contracts::booking::book;
use chargebook_port_contracts::samples::{
    cause, date, day, dispute_key, observation, order, payment, sample_key, withdrawal,
};
use chrono_tz::Tz;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, PgPool};

fn ledger(pool: &PgPool) -> PostgresLedger {
    PostgresLedger::new(pool.clone(), OrderSource::Table)
}

fn ingest(ledger: &PostgresLedger) -> Ingest {
    let admission = Admission { livemode: true, accounts: [].into() };
    Ingest::new(Arc::new(ledger.clone()), BookRules::default(), admission)
}

fn received(seen: &Observation) -> Received {
    let event = SourceEvent {
        account: seen.key.account.clone(),
        id: seen.cause.clone(),
        event_type: "charge.dispute.closed".to_owned(),
        livemode: Some(true),
        reading: Reading::Dispute(Box::new(seen.clone())),
    };
    Received { event, body: seen.cause.as_str().as_bytes().to_vec(), received_at: day(1) }
}

/// A lost dispute of its own, whose money moved.
fn lost(n: u32) -> Observation {
    let movements = vec![withdrawal(&format!("txn_{n}"), day(1), 10_000, 1_500)];
    let key = dispute_key(&format!("du_{n}"));
    Observation { key, movements, ..observation(&format!("evt_{n}"), "lost", day(1)) }
}

/// Books it; answers the sentence with which it is refused.
async fn refusal(ledger: &PostgresLedger, seen: &Observation) -> String {
    let stored = ledger.load(&[Lookup::of(seen)]).await.unwrap().remove(0);
    let change = chargebook_domain::decide(&seen.key, &stored, std::slice::from_ref(seen), BookRules::default());
    let content = Content::Change(Box::new(change.unwrap()));
    let entry = Entry { causes: vec![cause(seen.cause.as_str())], content };
    match ledger.record(&[entry], day(1)).await {
        Err(LedgerError::Refused { reason }) => reason,
        other => panic!("it is not refused: {other:?}"),
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn refused_content_is_told_in_a_sentence_without_the_content(pool: PgPool) {
    let ledger = ledger(&pool);
    ingest(&ledger).ingest(&[received(&lost(1))], day(1)).await.unwrap();

    let mut nul = lost(2);
    nul.claims.reason = Some("fraud\0ulent".to_owned());
    assert_eq!(refusal(&ledger, &nul).await, "a value does not fit (SQLSTATE 22021)");

    let mut too_early = lost(3);
    too_early.claims.opened_at = Some("-5000-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(refusal(&ledger, &too_early).await, "a value does not fit (SQLSTATE 22008)");

    let mut taken = lost(4);
    taken.movements = lost(1).movements;
    let known = "a movement of this dispute is known already under another dispute or the account";
    assert_eq!(refusal(&ledger, &taken).await, known);

    sqlx::query("ALTER TABLE chargebook.disputes ADD CONSTRAINT of_a_later_version CHECK (reason <> 'general')")
        .execute(&pool)
        .await
        .unwrap();
    let mut unforeseen = lost(5);
    unforeseen.claims.reason = Some("general".to_owned());
    assert_eq!(refusal(&ledger, &unforeseen).await, "it breaks the rule of_a_later_version");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn one_bad_delivery_of_a_batch_is_quarantined_and_the_others_are_booked(pool: PgPool) {
    let ledger = ledger(&pool);
    let mut bad = lost(3);
    bad.claims.reason = Some("\0".to_owned());
    let mut batch: Vec<_> = (1..=6).map(|n| received(&lost(n))).collect();
    batch[2] = received(&bad);
    let receipts = ingest(&ledger).ingest(&batch, day(1)).await.unwrap();
    let mut expected = [Receipt::Recorded; 6];
    expected[2] = Receipt::Quarantined;
    assert_eq!(receipts, expected);
    let events = ledger.events(Some("quarantined"), None, 10).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].event_id, "evt_3");
    assert_eq!(events[0].reason.as_deref(), Some("a value does not fit (SQLSTATE 22021)"));
    let kept = ledger.bodies(&bad.cause).await.unwrap();
    assert_eq!((kept.len(), kept[0].body.as_slice(), kept[0].received_at), (1, b"evt_3".as_slice(), day(1)));

    let healed = ingest(&ledger).ingest(&[received(&lost(3))], day(1)).await.unwrap();
    assert_eq!(healed, [Receipt::Recorded], "once it can be booked");
    assert_eq!(ledger.events(Some("quarantined"), None, 10).await.unwrap(), []);
}

/// Asks everything that the ports can be asked, and hands each error to `check`.
async fn ask_all(ledger: &PostgresLedger, check: impl Fn(&str, &LedgerError)) {
    let seal = Seal { date: date(1), zone: Tz::UTC, books_start: None, now: day(2) };
    let entry = Entry { causes: vec![cause("evt_1")], content: Content::Ignored };
    check("load", &ledger.load(&[Lookup::recorded(sample_key())]).await.unwrap_err());
    check("record", &ledger.record(&[entry], day(1)).await.unwrap_err());
    check("import", &ledger.import(&[payment("#1")]).await.unwrap_err());
    check("due", &ledger.due(None, 10).await.unwrap_err());
    check("seal", &ledger.seal(&seal).await.unwrap_err());
    check("books", &ledger.books(&seal, None).await.unwrap_err());
    check("sealed", &ledger.sealed(Tz::UTC).await.unwrap_err());
    check("trial balance", &ledger.trial_balance().await.unwrap_err());
    check("check orders", &ledger.check_orders().await.unwrap_err());
}

fn unavailable(what: &str, error: &LedgerError) {
    assert!(matches!(error, LedgerError::Unavailable(_)), "{what}: {error:?}");
    assert_eq!(error.to_string(), "the ledger is not available", "{what}");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_unavailable() {
    // A port that was free a moment ago, and that nobody listens on.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let pool = PgPoolOptions::new()
        .acquire_timeout(Duration::from_millis(20))
        .connect_lazy(&format!("postgres://nobody@127.0.0.1:{port}/none"))
        .unwrap();
    ask_all(&ledger(&pool), unavailable).await;
}

#[sqlx::test]
async fn a_database_that_is_not_migrated_is_unavailable(pool: PgPool) {
    ask_all(&ledger(&pool), unavailable).await;
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_connection_that_the_server_ended_is_replaced(pool: PgPool) {
    let ledger = ledger(&pool);
    ingest(&ledger).ingest(&[received(&lost(1))], day(1)).await.unwrap();
    // Each by its own connection, the killing one last.
    let ended: i64 = sqlx::query_scalar(
        "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .fetch_one(&mut *other_connection(&pool).await)
    .await
    .unwrap();
    assert!(ended > 0);
    assert_eq!(ingest(&ledger).ingest(&[received(&lost(2))], day(1)).await.unwrap(), [Receipt::Recorded]);
}

async fn other_connection(pool: &PgPool) -> Box<sqlx::PgConnection> {
    use sqlx::ConnectOptions;
    Box::new(pool.connect_options().connect().await.unwrap())
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_without_repeating_it() {
    for address in ["mysql://me:secret@there/shop", "me:secret@there", "postgres://me:secret@there:port/shop", ""] {
        let refused = PostgresLedger::connect_lazy(address, 1, OrderSource::Table);
        let InvalidUrl = refused.expect_err(address);
        assert!(!InvalidUrl.to_string().contains("secret"));
    }
    for address in ["postgres://me:secret@there/shop", "postgresql:///shop?host=/run/postgresql"] {
        PostgresLedger::connect_lazy(address, 1, OrderSource::Table).expect(address);
    }
}

/// A table, a column, and a stored value that can't be one.
const READ_TO_DECIDE: &[(&str, &str, &str)] = &[
    ("disputes", "convention", "'cash'"),
    ("dispute_history", "basis", "'rumour'"),
    ("dispute_history", "currency", "'U$'"),
    ("dispute_history", "charge_id", "''"),
    ("dispute_history", "payment_intent_id", "' '"),
    ("dispute_history", "order_hint", "''"),
    ("dispute_history", "cause", "''"),
    ("movements", "category", "'refund'"),
    ("movements", "currency", "'dollar'"),
    ("movements", "movement_id", "''"),
    ("postings", "ledger_account", "'assets:cash'"),
    ("postings", "currency", "'1'"),
    ("resolutions", "currency", "''"),
    ("resolutions", "revision", "-1"),
    ("order_links", "order_ref", "''"),
];

const READ_FOR_A_DAY: &[(&str, &str, &str)] = &[
    ("resolutions", "kind", "'changed'"),
    ("resolutions", "dispute_id", "''"),
    ("disputes", "currency", "'1'"),
    ("resolutions", "outcome", "'pending'"),
    ("disputes", "outcome", "'pending'"),
    ("journal_entries", "kind", "'opening'"),
    ("postings", "ledger_account", "'assets:cash'"),
    ("postings", "currency", "'1'"),
];

/// Puts a value into a column of every row, past all guards and checks.
async fn put(pool: &PgPool, table: &str, column: &str, value: &str) {
    let sql = format!(
        "BEGIN; SET LOCAL session_replication_role = replica;
         UPDATE chargebook.{table} SET {column} = {value}; COMMIT;"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await.unwrap();
}

/// A lost dispute that a person linked to an order, without any check in the database.
async fn unchecked(pool: &PgPool) -> (PostgresLedger, DisputeKey) {
    let ledger = ledger(pool);
    let seen = lost(1);
    ledger.import(&[payment("#1")]).await.unwrap();
    book(&ledger, &seen.key, std::slice::from_ref(&seen), BookRules::default(), day(1)).await.unwrap();
    let (linked_by, reason) = ("ana".to_owned(), "she knows".to_owned());
    let link = Link { key: seen.key.clone(), order: order("#1"), linked_by, reason, linked_at: day(1) };
    ledger.link(&link).await.unwrap();
    let drops: Vec<String> = sqlx::query_scalar(
        "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) FROM pg_constraint
         WHERE contype = 'c' AND connamespace = 'chargebook'::regnamespace",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    sqlx::raw_sql(AssertSqlSafe(drops.join(";"))).execute(pool).await.unwrap();
    (ledger, seen.key)
}

/// That the error names the table and the column, and not the value.
fn corrupt(error: LedgerError, (table, column, value): (&str, &str, &str)) {
    let LedgerError::Corrupt { what } = error else { panic!("{table}.{column} {value}: {error:?}") };
    assert!(what.starts_with(&format!("chargebook.{table}.{column} of ")), "{what} for {table}.{column}");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_stored_value_that_cannot_be_decided_from_is_corrupt_and_named(pool: PgPool) {
    for case @ (table, column, value) in READ_TO_DECIDE.iter().copied() {
        sqlx::raw_sql("DROP SCHEMA chargebook CASCADE; DROP TABLE _sqlx_migrations").execute(&pool).await.unwrap();
        MIGRATOR.run(&pool).await.unwrap();
        let (ledger, key) = unchecked(&pool).await;
        put(&pool, table, column, value).await;
        corrupt(ledger.load(&[Lookup::recorded(key)]).await.unwrap_err(), case);
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_stored_value_that_no_summary_can_show_is_corrupt_and_named(pool: PgPool) {
    for case @ (table, column, value) in READ_FOR_A_DAY.iter().copied() {
        sqlx::raw_sql("DROP SCHEMA chargebook CASCADE; DROP TABLE _sqlx_migrations").execute(&pool).await.unwrap();
        MIGRATOR.run(&pool).await.unwrap();
        let (ledger, _) = unchecked(&pool).await;
        match column {
            // What refers to the row goes along with it.
            "dispute_id" => put(&pool, "disputes", column, value).await,
            // The row of another point than the close: it shows its own outcome, and not the dispute's.
            "outcome" => put(&pool, "disputes", "closed_at", "closed_at + interval '1 hour'").await,
            _ => {}
        }
        put(&pool, table, column, value).await;
        let seal = Seal { date: date(1), zone: Tz::UTC, books_start: None, now: day(2) };
        corrupt(ledger.books(&seal, None).await.unwrap_err(), case);
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn sums_beyond_64_bits_are_told_and_do_not_stop_the_books(pool: PgPool) {
    let ledger = ledger(&pool);
    for n in 1..=2 {
        let mut huge = lost(n);
        huge.movements = vec![withdrawal(&format!("txn_{n}"), day(1), i64::MAX - 1_000, 0)];
        // No source gets so far: amounts like these are not admitted.
        assert_eq!(ingest(&ledger).ingest(&[received(&huge)], day(1)).await.unwrap(), [Receipt::Quarantined]);
        book(&ledger, &huge.key, std::slice::from_ref(&huge), BookRules::default(), day(1)).await.unwrap();
    }
    let seal = Seal { date: date(1), zone: Tz::UTC, books_start: None, now: day(2) };
    for error in [ledger.trial_balance().await.unwrap_err(), ledger.books(&seal, None).await.unwrap_err()] {
        let LedgerError::Corrupt { what } = error else { panic!("{error:?}") };
        assert_eq!(what, "a value or a sum that does not fit (SQLSTATE 22003)");
    }
    assert_eq!(ingest(&ledger).ingest(&[received(&lost(3))], day(1)).await.unwrap(), [Receipt::Recorded]);
    assert!(ledger.seal(&seal).await.unwrap(), "sealing does not sum");
}
