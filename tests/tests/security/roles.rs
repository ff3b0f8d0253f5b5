//! The roles of docs/role.sql may do what they need, and nothing else.

use std::path::Path;

use chargebook::clock::SystemClock;
use chargebook_domain::ports::Clock;
use chargebook_local_postgres::Binaries;
use chargebook_tests::{
    Server, address_as, as_owner, dispute, event, fresh_database, number, run, scratch_folder, until,
};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::process::Command;

/// What PostgreSQL calls it when a role may not do something.
const INSUFFICIENT_PRIVILEGE: &str = "42501";

/// The code of the error that a statement ends with; none where it does not.
async fn refusal(address: &str, sql: &str) -> Option<String> {
    let mut connection = PgConnection::connect(address).await.unwrap();
    let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await;
    done.err().map(|error| error.as_database_error().unwrap().code().unwrap().into_owned())
}

async fn execute(address: &str, sql: &str) {
    assert_eq!(refusal(address, sql).await, None, "{sql}");
}

#[tokio::test]
async fn a_server_may_change_neither_the_schema_nor_what_is_booked() {
    let (server, _) = fresh_database().await;
    for sql in [
        "CREATE TABLE chargebook.another (a int)",
        "CREATE SCHEMA another",
        "CREATE EXTENSION hstore",
        "CREATE ROLE another",
        "CREATE FUNCTION chargebook.another() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ALTER TABLE chargebook.postings ADD COLUMN another int",
        "ALTER TABLE chargebook.movements DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
        "DROP VIEW chargebook.trial_balance",
        "TRUNCATE chargebook.postings",
        "DELETE FROM chargebook.postings",
        "DELETE FROM chargebook.source_events",
        "DELETE FROM chargebook.source_event_bodies",
        "UPDATE chargebook.movements SET amount_minor = 1",
        "UPDATE chargebook.postings SET amount_minor = 1",
        "UPDATE chargebook.journal_entries SET posted_on = '2020-01-01'",
        "UPDATE chargebook.resolutions SET net_delta_minor = 1",
        "UPDATE chargebook.source_events SET event_id = 'another'",
        "UPDATE chargebook.dispute_history SET status = 'won'",
        "UPDATE chargebook.customer_decisions SET is_blocked = false",
        "INSERT INTO chargebook.deployment DEFAULT VALUES",
        "DELETE FROM _sqlx_migrations",
        "SET ROLE chargebook_tests_owner",
        "COPY chargebook.disputes TO PROGRAM 'true'",
        "SELECT pg_read_file('/etc/passwd')",
    ] {
        assert_eq!(refusal(&server, sql).await.as_deref(), Some(INSUFFICIENT_PRIVILEGE), "{sql}");
    }
    let rights = "SELECT count(*) FROM pg_class c, unnest(ARRAY['TRUNCATE', 'REFERENCES', 'TRIGGER']) AS r(privilege)
                  WHERE c.relnamespace = 'chargebook'::regnamespace AND c.relkind IN ('r', 'v')
                  AND has_table_privilege('chargebook_tests_server', c.oid, r.privilege)";
    assert_eq!(number(&server, rights).await, 0, "on no table may it do what no statement of it does");
}

#[tokio::test]
async fn those_who_read_see_their_views_and_nothing_else() {
    let (server, _) = fresh_database().await;
    let all = "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class
               WHERE relnamespace = 'chargebook'::regnamespace AND relkind IN ('r', 'v')";
    let all = chargebook_tests::text(&server, all).await;
    let views: [(&str, &[&str]); 2] = [
        ("reader", &["closed_disputes", "dispute_report", "order_totals", "trial_balance"]),
        ("checkout", &["blocked_customers"]),
    ];
    for (role, expected) in views {
        let address = address_as(role, &server);
        let mut readable = Vec::new();
        for relation in all.split(' ') {
            match refusal(&address, &format!("SELECT FROM chargebook.{relation}")).await.as_deref() {
                None => readable.push(relation),
                Some(code) => assert_eq!(code, INSUFFICIENT_PRIVILEGE, "{relation}"),
            }
            let write = format!("DELETE FROM chargebook.{relation}");
            assert!(refusal(&address, &write).await.is_some(), "{relation}");
        }
        assert_eq!(readable, expected, "{role}");
    }
}

#[tokio::test]
async fn the_script_runs_under_psql_again_and_again_and_takes_back_what_is_too_much() {
    let (server, ledger) = fresh_database().await;
    let owner = as_owner(&server);
    execute(&owner, "GRANT TRUNCATE, UPDATE ON chargebook.postings TO chargebook_tests_server").await;
    execute(&owner, "GRANT UPDATE (amount_minor) ON chargebook.movements TO chargebook_tests_server").await;
    execute(&owner, "GRANT SELECT ON chargebook.orders TO chargebook_tests_reader, PUBLIC").await;
    let psql = Binaries::find().unwrap().dir().join("psql");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/role.sql");
    for _ in 0..2 {
        let mut command = Command::new(&psql);
        command.args(["-X", "-q", "-d", &owner, "-f", script.to_str().unwrap()]);
        for role in ["server", "reader", "checkout"] {
            command.args(["-v", &format!("{role}=chargebook_tests_{role}")]);
        }
        let output = command.output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    for (address, sql) in [
        (&server, "TRUNCATE chargebook.postings"),
        (&server, "UPDATE chargebook.postings SET amount_minor = 1"),
        (&server, "UPDATE chargebook.movements SET amount_minor = 1"),
        (&address_as("reader", &server), "SELECT FROM chargebook.orders"),
    ] {
        assert_eq!(refusal(address, sql).await.as_deref(), Some(INSUFFICIENT_PRIVILEGE), "{sql}");
    }
    assert_eq!(ledger.missing_privileges().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn rights_that_an_upgrade_left_out_are_named_by_the_server_too() {
    let (url, _) = fresh_database().await;
    execute(&as_owner(&url), "REVOKE INSERT ON chargebook.convention_changes FROM chargebook_tests_server").await;
    let server = Server::start(&url, &[]).await;
    until(async || server.log().contains("INSERT on chargebook.convention_changes")).await;
    assert!(server.log().contains("run docs/role.sql again"), "{}", server.log());
    assert_eq!(server.stop().await, 0);
}

#[tokio::test]
async fn a_view_of_the_shop_needs_no_right_on_its_tables() {
    let (server, _) = fresh_database().await;
    execute(
        &as_owner(&server),
        "CREATE SCHEMA shop;
         CREATE TABLE shop.payments (number text, charge text, email text);
         INSERT INTO shop.payments VALUES ('1001', 'ch_du_1', 'planted.person@example.com');
         CREATE VIEW shop.chargebook_orders AS
             SELECT number AS order_ref, NULL::text AS payment_intent_id, charge AS charge_id, 100.00 AS amount,
                    'USD' AS currency, email AS customer_email, now() AS placed_at FROM shop.payments;
         GRANT USAGE ON SCHEMA shop TO chargebook_tests_server;
         GRANT SELECT ON shop.chargebook_orders TO chargebook_tests_server",
    )
    .await;
    let view = [("CHARGEBOOK_ORDERS__MODE", "view"), ("CHARGEBOOK_ORDERS__VIEW", "shop.chargebook_orders")];
    let running = Server::start(&server, &view).await;
    let filed = event("evt_1", SystemClock.now(), &dispute("du_1", "lost", &[]));
    assert_eq!(running.send(&filed).await.word, "recorded");
    let matched = "SELECT count(*) FROM chargebook.order_resolutions WHERE order_ref = '1001'";
    until(async || number(&server, matched).await == 1).await;
    let url = ("CHARGEBOOK_DATABASE__URL", server.as_str());
    let checked = run(&scratch_folder(), &[url, view[0], view[1]], &["orders", "check"]).await;
    assert_eq!(checked.code, 0, "{checked:?}");
    assert_eq!(refusal(&server, "SELECT FROM shop.payments").await.as_deref(), Some(INSUFFICIENT_PRIVILEGE));
    assert_eq!(running.stop().await, 0);
}

#[tokio::test]
async fn only_the_owner_migrates() {
    let (server, _) = fresh_database().await;
    let folder = scratch_folder();
    let migrate = async |address: &str| run(&folder, &[("CHARGEBOOK_DATABASE__URL", address)], &["migrate"]).await;
    let known = migrate(&server).await;
    assert_eq!((known.code, known.out.contains("up to date")), (0, true), "{known:?}");
    let known_before = number(&server, "SELECT count(*) FROM _sqlx_migrations").await;
    // As if the program were newer than its database.
    execute(
        &as_owner(&server),
        "DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)",
    )
    .await;
    let refused = migrate(&server).await;
    assert_eq!(
        (refused.code, number(&server, "SELECT count(*) FROM _sqlx_migrations").await),
        (1, known_before - 1),
        "{refused:?}"
    );
}
