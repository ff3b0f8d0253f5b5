//! The backup that docs/backup.md describes, and what is made of it.

use std::path::Path;
use std::sync::Arc;

use chargebook_ledger_postgres::{OrderSource, PostgresLedger};
use chargebook_local_postgres::Binaries;
use chargebook_tests::{
    Server, TEST_MODE, address_as, as_admin, assert_lawful, assert_same_books, scratch_folder, send_all, shuffled,
    told, with_orders,
};
use reqwest::Url;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::process::Command;

use crate::steady::{Balancer, Load};

const ROLE_SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/role.sql");

/// The roles of another machine, which the backup knows nothing of.
const ROLES: [&str; 4] = ["restored_owner", "restored_server", "restored_reader", "restored_checkout"];

/// Runs one of Postgres's programs.
async fn postgres(program: &str, arguments: &[&str]) {
    let program = Binaries::find().unwrap().dir().join(program);
    let output = Command::new(&program).args(arguments).output().await.unwrap();
    assert!(output.status.success(), "{}: {}", program.display(), String::from_utf8_lossy(&output.stderr));
}

async fn execute(address: &str, sql: String) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(address).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.map(drop)
}

/// An address with another database, and another user where one is named.
fn elsewhere(address: &str, database: &str, user: Option<&str>) -> String {
    let mut url = Url::parse(address).unwrap();
    url.set_path(database);
    if let Some(user) = user {
        url.set_username(user).unwrap();
        url.set_password(Some("restored")).unwrap();
    }
    url.into()
}

/// Restores a dump into a new database, under other roles; the addresses for an administrator, the owner, the server.
async fn restore(dump: &Path, url: &str) -> (String, String, String) {
    let name = format!("{}_restored", Url::parse(url).unwrap().path().trim_start_matches('/'));
    let administrator = as_admin(url);
    for role in ROLES {
        let create = format!("CREATE ROLE {role} LOGIN PASSWORD ''restored''");
        let sql = format!("DO $$ BEGIN IF to_regrole('{role}') IS NULL THEN EXECUTE '{create}'; END IF; END $$");
        execute(&administrator, sql).await.unwrap();
    }
    execute(&administrator, format!("CREATE DATABASE {name} OWNER {} TEMPLATE template0", ROLES[0])).await.unwrap();
    let [owner, server] = [ROLES[0], ROLES[1]].map(|role| elsewhere(url, &name, Some(role)));
    let dump = dump.to_str().unwrap();
    postgres("pg_restore", &["--no-owner", "--no-privileges", "--single-transaction", "-d", &owner, dump]).await;
    let [server_role, reader, checkout] = [("server", ROLES[1]), ("reader", ROLES[2]), ("checkout", ROLES[3])]
        .map(|(name, role)| format!("{name}={role}"));
    postgres("psql", &["-q", &owner, "-v", &server_role, "-v", &reader, "-v", &checkout, "-f", ROLE_SCRIPT]).await;
    (elsewhere(&administrator, &name, None), owner, server)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dump_made_while_webhooks_are_booked_is_whole_and_what_came_after_it_is_delivered_again() {
    let stories = told(15);
    let events = shuffled(&stories);
    let (url, _) = with_orders(&stories).await;
    let balancer = Arc::new(Balancer::default());
    balancer.add(&Arc::new(Server::start(&url, &TEST_MODE).await));
    let load = Load::start(&balancer, &events);
    load.answered_more(20).await;
    let acknowledged = load.acknowledged();
    let dump = scratch_folder().join("books.dump");
    postgres("pg_dump", &["-Fc", "-f", dump.to_str().unwrap(), &address_as("owner", &url)]).await;
    load.finish().await;

    let (administrator, owner, server) = restore(&dump, &url).await;
    assert_lawful(&administrator).await;
    let mut connection = PgConnection::connect(&administrator).await.unwrap();
    let restored: Vec<String> =
        sqlx::query_scalar("SELECT event_id FROM chargebook.source_events").fetch_all(&mut connection).await.unwrap();
    let lost: Vec<_> = acknowledged.iter().filter(|id| !restored.contains(id)).collect();
    assert_eq!(lost, Vec::<&String>::new(), "what was acknowledged before the dump began is in it");

    for table in ["movements", "journal_entries", "postings", "resolutions", "dispute_history"] {
        let refused = execute(&owner, format!("DELETE FROM chargebook.{table}")).await.unwrap_err();
        assert!(refused.to_string().contains("append-only"), "{table}: {refused}");
        let refused = execute(&server, format!("DELETE FROM chargebook.{table}")).await.unwrap_err();
        assert!(refused.to_string().contains("permission denied"), "{table}: {refused}");
    }
    let ledger = PostgresLedger::connect_lazy(&server, 1, OrderSource::Table).unwrap();
    assert_eq!(ledger.missing_privileges().await.unwrap(), Vec::<String>::new());

    send_all(&[Arc::new(Server::start(&server, &TEST_MODE).await)], events, 4).await;
    assert_lawful(&administrator).await;
    assert_same_books(&administrator, &url).await;
}
