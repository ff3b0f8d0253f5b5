//! What an operator asks, and the role that the documents make for the server.
#![expect(clippy::unwrap_used, reason = "what is not as expected should panic")]

use std::fs;
use std::time::Duration;

use chargebook_domain::ports::{
    Backfills, ClaimRequest, Conclusion, Customers, DayMail, Deed, FollowUps, Found, LoggedRule, LookTimes, OrderBook,
    Outbox, OutboxMessage, Overview, Period, ReadQueue, Seal, SendOutcome, Sent, Slice, Summaries, SweepKind,
    SweepRequest, Sweeps, Way,
};
use chargebook_domain::rules::{RuleName, Tag};
use chargebook_domain::{
    AccountId, BookRules, Claims, CustomerFigures, DeliveryCount, Observation, OrderPayment, ReadVolume, ScoreWeights,
    score,
};
use chargebook_ledger_postgres::{Gauges, MIGRATOR, OrderSource, PostgresLedger};
use chargebook_port_contracts::booking::book;
use chargebook_port_contracts::samples::{
    claims, customer_key, date, day, dispute_key, observation, payment, reinstatement, withdrawal,
};
use chrono::TimeDelta;
use chrono_tz::Tz;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, PgPool};

const LEASE: Duration = Duration::from_mins(1);

fn ledger(pool: &PgPool) -> PostgresLedger {
    PostgresLedger::new(pool.clone(), OrderSource::Table)
}

/// Books a dispute that was filed on a day, with its status and its withdrawal.
async fn tell(ledger: &PostgresLedger, dispute: &str, status: &str, on: i64) {
    let movements = vec![withdrawal(&format!("txn_{dispute}"), day(on), 10_000, 1_500)];
    let seen = Observation {
        key: dispute_key(dispute),
        movements,
        claims: Claims { opened_at: Some(day(on)), ..claims() },
        ..observation(&format!("evt_{dispute}"), status, day(on))
    };
    book(ledger, &seen.key.clone(), &[seen], BookRules::default(), day(on)).await.unwrap();
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_waits_is_counted(pool: PgPool) {
    let ledger = ledger(&pool);
    assert_eq!(ledger.gauges().await.unwrap(), Gauges::default());
    tell(&ledger, "du_1", "needs_response", 1).await;
    tell(&ledger, "du_2", "lost", 1).await;
    let expected = Gauges { orphans: 2, owed_reads: 2, unsealed: 1, quarantined: 0 };
    assert_eq!(ledger.gauges().await.unwrap(), expected, "both are read for their order");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_volume_of_reads_is_that_of_thirty_days(pool: PgPool) {
    let ledger = ledger(&pool);
    let volume = async |now| ledger.read_volume(&AccountId::own(), now).await.unwrap();
    assert_eq!(volume(day(100)).await, ReadVolume::default());
    tell(&ledger, "du_won", "won", 10).await;
    tell(&ledger, "du_open", "needs_response", 20).await;
    tell(&ledger, "du_lost", "lost", 80).await;
    let unpaid = Observation { key: dispute_key("du_unpaid"), ..observation("evt_unpaid", "lost", day(90)) };
    book(&ledger, &unpaid.key.clone(), &[unpaid], BookRules::default(), day(90)).await.unwrap();
    let expected = ReadVolume { events: 0, movements: 1, read_once: 2, since_oldest_open: 2, waiting_for_money: 2 };
    assert_eq!(volume(day(100)).await, expected);
    let settled = Observation {
        key: dispute_key("du_won"),
        movements: vec![reinstatement("txn_back", day(99), 10_000)],
        ..observation("evt_back", "won", day(99))
    };
    book(&ledger, &settled.key.clone(), &[settled], BookRules::default(), day(99)).await.unwrap();
    assert_eq!(volume(day(100)).await, ReadVolume { movements: 2, waiting_for_money: 1, ..expected });
    // The samples are received on day 0.
    assert_eq!(volume(day(29)).await.events, 5);
    let other = AccountId::parse("acct_other").unwrap();
    assert_eq!(ledger.read_volume(&other, day(29)).await.unwrap(), ReadVolume::default());
}

/// Does all that the server does with the tables that are its own.
async fn serve(server: &PostgresLedger) {
    server.import(&[payment("#1")]).await.unwrap();
    server.import(&[OrderPayment { refunded_minor: Some(1), ..payment("#1") }]).await.unwrap();
    tell(server, "du_1", "won", 1).await;
    tell(server, "du_2", "lost", 1).await;
    let key = dispute_key("du_1");
    let back = Observation {
        key: key.clone(),
        movements: vec![reinstatement("txn_back", day(2), 10_000)],
        ..observation("evt_back", "won", day(2))
    };
    book(server, &key, &[back], BookRules::default(), day(2)).await.unwrap();
    let claims = server.claim_reads(day(3), LEASE, 9).await.unwrap();
    assert!(!claims.is_empty());
    for (claim, next) in claims.iter().zip([None, Some(day(9))].into_iter().cycle()) {
        server.settle_read(claim, next).await.unwrap();
    }
    let account = AccountId::own();
    let request =
        SweepRequest { account: account.clone(), kind: SweepKind::Open, now: day(3), every: LEASE, lease: LEASE };
    let sweep = server.begin_sweep(&request).await.unwrap().unwrap();
    server.finish_sweep(&sweep, day(3)).await.unwrap();
    let period = Period { from: day(1), until: day(3) };
    for _ in 0..2 {
        server.note_whole(&account, period).await.unwrap();
        let slice = Slice::of(account.clone(), period, period);
        let opened = server.open_backfill(&account, period.from, None, &[slice]).await.unwrap();
        server.advance(&Slice { is_done: true, ..opened[0].clone() }).await.unwrap();
    }
    let (source, answer) = ("stripe".to_owned(), "recorded".to_owned());
    let count = DeliveryCount { source, day: date(1), answer, deliveries: 1, last_at: day(1) };
    server.count_deliveries(std::slice::from_ref(&count)).await.unwrap();
    server.count_deliveries(&[count]).await.unwrap();
    server.ingestion(day(3)).await.unwrap();
    let seal = Seal { date: date(1), zone: Tz::UTC, books_start: None, now: day(2) };
    assert!(server.seal(&seal).await.unwrap());
    let request = ClaimRequest {
        mails: vec![DayMail::together(date(1))],
        channel: "folder".to_owned(),
        reference: "summary/2026-01-06".to_owned(),
        place: None,
        now: day(2),
        lease: LEASE,
        by_person: false,
    };
    let claim = server.claim(&request).await.unwrap().unwrap();
    server
        .settle(&claim, &SendOutcome::Unknown { reason: String::new() }, day(2) + TimeDelta::seconds(1))
        .await
        .unwrap();
    server.in_doubt("folder", "mail", &LookTimes { after: LEASE, again_after: LEASE, until: LEASE }).await.unwrap();
    server.looked(&claim, &Found::There).await.unwrap();
}

/// Acts on a dispute as rules do, again when nothing of it is kept any more, and sends what that owes.
async fn act(server: &PostgresLedger) {
    let key = customer_key("a key");
    let rules = BookRules { customer_key: Some(key), ..BookRules::default() };
    let customer = key.customer("jo@example.com").unwrap();
    server
        .import(&[OrderPayment { customer_email: Some("jo@example.com".to_owned()), ..payment("#1") }])
        .await
        .unwrap();
    for (nth, status) in ["lost", "won", "lost"].into_iter().enumerate() {
        let at = day(10 + 40 * i64::try_from(nth).unwrap());
        let seen = Observation { key: dispute_key("du_9"), ..observation(&format!("evt_9_{nth}"), status, at) };
        book(server, &seen.key.clone(), &[seen], rules, at).await.unwrap();
        let claimed = server.claim_follow_ups(at, LEASE, 9).await.unwrap().remove(0);
        server.put_off(&claimed, "a try", Some(at), at).await.unwrap();
        let follow_up = server.claim_follow_ups(at, LEASE, 9).await.unwrap().remove(0);
        let rule = RuleName::parse("a").unwrap();
        let message = OutboxMessage {
            id: follow_up.id(),
            way: Way::Mail,
            subject: "A loss".to_owned(),
            body: "It is lost.".to_owned(),
        };
        let deeds = vec![
            Deed::Decide {
                customer: customer.clone(),
                is_blocked: true,
                rule: rule.clone(),
                reason: "lost".to_owned(),
            },
            Deed::Tag { customer: customer.clone(), tag: Tag::parse("risk").unwrap(), rule: rule.clone() },
            Deed::Send(message),
        ];
        let rules = vec![LoggedRule { rule, fired: true, why: "it is lost".to_owned() }];
        let score = Some(score(&CustomerFigures::default(), &ScoreWeights::default()));
        let conclusion = Conclusion { follow_up, customer: Some(customer.clone()), score, rules, deeds };
        server.conclude(&[conclusion], at).await.unwrap();
        let claimed = server.claim_messages(at, LEASE, 9).await.unwrap().remove(0);
        server.settle_message(&claimed, &Sent::Done, at).await.unwrap();
    }
    assert_eq!(server.follow_ups(None, 9).await.unwrap().len(), 1, "those before it are forgotten");
    while !server.rehash(customer_key("another key"), day(200)).await.unwrap().is_done {}
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_role_of_the_script_may_do_what_the_server_does(pool: PgPool) {
    let script = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/role.sql")).unwrap();
    let script = script.lines().filter(|line| !line.starts_with('\\')).collect::<Vec<_>>().join("\n");
    // Roles are those of all databases: each test database makes its own.
    let role: String = sqlx::query_scalar("SELECT 'r' || md5(current_database())").fetch_one(&pool).await.unwrap();
    let roles = ["server", "reader", "checkout"].map(|name| (name, format!("{role}_{name}")));
    let run = async |sql: String| {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&pool).await.unwrap();
    };
    for (_, role) in &roles {
        run(format!("DROP ROLE IF EXISTS {role}; CREATE ROLE {role}")).await;
    }
    let role = &roles[0].1;

    let options = (*pool.connect_options()).clone().options([("role", role.as_str())]);
    let server_pool = PgPoolOptions::new().max_connections(2).connect_with(options).await.unwrap();
    let server = ledger(&server_pool);
    run(format!("GRANT USAGE ON SCHEMA chargebook TO {role}")).await;
    assert!(!server.missing_privileges().await.unwrap().is_empty());
    run(roles.iter().fold(script, |script, (name, role)| script.replace(&format!(":\"{name}\""), role))).await;
    assert_eq!(server.missing_privileges().await.unwrap(), Vec::<String>::new());
    serve(&server).await;
    act(&server.following_up().with_customers(customer_key("a key"))).await;

    server_pool.close().await;
    for (_, role) in &roles {
        run(format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
    }
}
