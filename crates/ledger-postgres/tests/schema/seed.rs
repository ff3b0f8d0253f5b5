//! Books with a row in every table.

use std::time::Duration;

use chargebook_domain::alerts::AlertKind;
use chargebook_domain::ports::{
    Alerts, Backfills, ClaimRequest, Content, DayMail, Entry, Ledger, Link, OrderBook, OutboxMessage, Overview, Period,
    Seal, Slice, Summaries, SweepKind, SweepRequest, Sweeps, Way,
};
use chargebook_domain::{AccountId, BookRules, DeliveryCount, Observation};
use chargebook_ledger_postgres::{OrderSource, PostgresLedger};
use chargebook_port_contracts::booking::book;
use chargebook_port_contracts::samples::{
    cause, date, day, dispute_key, observation, order, payment, sample_key, withdrawal,
};
use chrono_tz::Tz;
use sqlx::postgres::PgDatabaseError;
use sqlx::{AssertSqlSafe, PgPool};

/// A lost dispute with an order that a person chose, a movement of the account tied to it, an event of each disposition, a
/// sealed day, a second dispute that is sealed by nobody, a third whose money was not seen, a sweep, and a backfill.
pub(crate) async fn books(pool: &PgPool) -> PostgresLedger {
    let ledger = PostgresLedger::new(pool.clone(), OrderSource::Table);
    ledger.import(&[payment("#1"), payment("#2")]).await.unwrap();
    let movements = vec![withdrawal("txn_1", day(1), 10_000, 1_500)];
    let lost = Observation { movements, ..observation("evt_1", "lost", day(1)) };
    book(&ledger, &sample_key(), &[lost], BookRules::default(), day(1)).await.unwrap();
    let link = Link {
        key: sample_key(),
        order: order("#1"),
        linked_by: "ana".to_owned(),
        reason: "the customer said so".to_owned(),
        linked_at: day(1),
    };
    ledger.link(&link).await.unwrap();
    let others = [
        Entry { causes: vec![cause("evt_q")], content: Content::Quarantined { reason: "not understood".to_owned() } },
        Entry { causes: vec![cause("evt_i")], content: Content::Ignored },
        Entry {
            causes: vec![cause("evt_m")],
            content: Content::AccountMovement(Box::new(withdrawal("txn_2", day(1), 0, 500)), None),
        },
    ];
    ledger.record(&others, day(1)).await.unwrap();
    let seal = Seal { date: date(1), zone: Tz::UTC, books_start: None, now: day(2) };
    seal_and_keep(&ledger, &seal).await;
    let request = ClaimRequest {
        mails: vec![DayMail::together(date(1))],
        channel: "folder".to_owned(),
        reference: "summary/2026-01-06".to_owned(),
        place: None,
        now: day(2),
        lease: Duration::from_mins(1),
        by_person: false,
    };
    ledger.claim(&request).await.unwrap().unwrap();
    let (subjects, id) = (["default/du_1".to_owned()], "alert/orphaned/1".to_owned());
    let message = OutboxMessage { id, way: Way::Mail, subject: "wrong".to_owned(), body: "It is.".to_owned() };
    assert!(ledger.tell(AlertKind::Orphaned, &subjects, &message, day(2)).await.unwrap());
    ledger.mark_demo().await.unwrap();
    let key = dispute_key("du_2");
    let movements = vec![withdrawal("txn_3", day(3), 4_000, 0)];
    let open = Observation { key: key.clone(), movements, ..observation("evt_2", "lost", day(3)) };
    book(&ledger, &key, &[open], BookRules::default(), day(3)).await.unwrap();
    let key = dispute_key("du_3");
    let unpaid = Observation { key: key.clone(), ..observation("evt_3", "lost", day(3)) };
    book(&ledger, &key, &[unpaid], BookRules::default(), day(3)).await.unwrap();
    ask(&ledger).await;
    let (source, answer) = ("stripe".to_owned(), "recorded".to_owned());
    let count = DeliveryCount { source, day: date(3), answer, deliveries: 1, last_at: day(3) };
    ledger.count_deliveries(&[count]).await.unwrap();
    run(
        pool,
        "INSERT INTO chargebook.movement_ties (account, movement_id, dispute_id, tied_by, tied_at, reason)
         VALUES ('default', 'txn_2', 'du_1', 'ana', now(), 'it is its fee')",
    )
    .await
    .unwrap();
    run(
        pool,
        "INSERT INTO chargebook.reclassifications (account, movement_id, dispute_id, meaning, amount_minor, currency,
                                                   occurred_at, reclassified_by, reclassified_at, reason)
         VALUES ('default', 'txn_2', 'du_1', 'fee', 500, 'usd', now(), 'ana', now(), 'the invoice says so')",
    )
    .await
    .unwrap();
    act(pool).await;
    know(pool).await;
    counted(pool).await;
    ledger
}

/// What is kept of a customer.
async fn know(pool: &PgPool) {
    let customer = "0a".repeat(32);
    for columns in [
        "customers (customer, key_id, known_since) VALUES ('{}', 'a key', now())",
        "customer_keys (key_id, done_first, done_then, is_done) VALUES ('a key', '', '', true)",
        "customer_scores (customer, score, reasons, scored_at) VALUES ('{}', 50, '{}', now())",
        "customer_decisions (customer, decided_at, decided_by, is_blocked, reason) VALUES ('{}', now(), 'a', true, 'b')",
        "customer_tags (customer, tag, tagged_at, tagged_by) VALUES ('{}', 'a', now(), 'b')",
    ] {
        run(pool, &format!("INSERT INTO chargebook.{}", columns.replacen("{}", &customer, 1))).await.unwrap();
    }
}

/// What is kept of doubles, and of what networks count.
async fn counted(pool: &PgPool) {
    for columns in [
        "dispute_aliases (account, dispute_id, same_as_account, same_as_dispute_id, joined_by, joined_at, reason)
         VALUES ('default', 'du_1', 'default', 'du_2', 'ana', now(), 'entered twice')",
        "fraud_warnings (account, warning_id, occurred_at, recorded_at) VALUES ('default', 'issfr_1', now(), now())",
        "payment_counts (network, month, counted_at, payments, counted_by, reason)
         VALUES ('visa', '2026-11-01', now(), 5, 'ana', 'by hand')",
        "monitor_alerts (network, programme, month, level, alerted_at) VALUES ('visa', 'VAMP', '2026-11-01', 'reached', now())",
    ] {
        run(pool, &format!("INSERT INTO chargebook.{columns}")).await.unwrap();
    }
}

/// What is kept of acting on a change, and what that owes.
async fn act(pool: &PgPool) {
    for sql in [
        "INSERT INTO chargebook.follow_ups
             (account, dispute_id, version, triggers, state, attempt, queued_at, due_at)
         VALUES ('default', 'du_1', 1, '{dispute_filed}', 'queued', 0, now(), now())",
        "INSERT INTO chargebook.rule_log (follow_up, rule, evaluated_at, fired, why)
         VALUES ('default/du_1/1', 'a', now(), false, 'it waits')",
        "INSERT INTO chargebook.outbox (message_id, kind, subject, body, state, attempt, queued_at, due_at)
         VALUES ('default/du_1/1:a:0', 'mail', 'A loss', 'It is lost.', 'queued', 0, now(), now())",
    ] {
        run(pool, sql).await.unwrap();
    }
}

/// What is kept of asking the source.
async fn ask(ledger: &PostgresLedger) {
    let (account, lease) = (AccountId::own(), Duration::from_mins(1));
    let request = SweepRequest { account: account.clone(), kind: SweepKind::Gaps, now: day(3), every: lease, lease };
    ledger.begin_sweep(&request).await.unwrap().unwrap();
    let period = Period { from: day(1), until: day(3) };
    ledger.note_whole(&account, period).await.unwrap();
    let slice = Slice::of(account.clone(), period, period);
    ledger.open_backfill(&account, period.from, None, &[slice]).await.unwrap();
}

async fn seal_and_keep(ledger: &PostgresLedger, seal: &Seal) {
    assert!(ledger.seal(seal).await.unwrap());
    ledger.keep(seal, ledger.books(seal, None).await.unwrap()).await.unwrap();
}

/// Runs a statement; answers how many rows it wrote.
pub(crate) async fn run(pool: &PgPool, sql: &str) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(AssertSqlSafe(sql.to_owned())).execute(pool).await?;
    Ok(done.rows_affected())
}

/// The SQLSTATE and the constraint by which a statement is refused.
///
/// The tests write as the owner of the tables, who is a superuser as well.
pub(crate) async fn refusal(pool: &PgPool, sql: &str) -> (String, String) {
    let error = match run(pool, sql).await {
        Ok(rows) => panic!("{sql} is not refused: {rows} rows"),
        Err(error) => error,
    };
    let error = error.as_database_error().unwrap().downcast_ref::<PgDatabaseError>();
    (error.code().to_owned(), error.constraint().unwrap_or_default().to_owned())
}
