//! A database of its own for each test: the owner migrates it, and the program is given the role of docs/role.sql.

use std::env;

use chargebook_ledger_postgres::{OrderSource, PostgresLedger};
use reqwest::Url;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::program::unique;

/// The roles of all test databases, by the names under which docs/role.sql knows them.
const ROLES: [(&str, &str); 4] = [
    ("owner", OWNER),
    ("server", SERVER),
    ("reader", "chargebook_tests_reader"),
    ("checkout", "chargebook_tests_checkout"),
];
const OWNER: &str = "chargebook_tests_owner";
const SERVER: &str = "chargebook_tests_server";

/// The password of them all. No log may hold it.
const PASSWORD: &str = "planted-password";

const ROLE_SCRIPT: &str = include_str!("../../docs/role.sql");

/// A new, migrated database on the cluster that `DATABASE_URL` names; its address and a ledger on it, both with the
/// rights of a server and no more. What a test itself changes or looks at is the owner's: [`as_owner`].
pub async fn fresh_database() -> (String, PostgresLedger) {
    database_on(cluster().as_str(), &unique("e2e")).await
}

fn cluster() -> Url {
    let url = env::var_os("DATABASE_URL").expect("run the tests through script/test").into_string().unwrap();
    Url::parse(&url).unwrap()
}

/// As [`fresh_database`], of this name on the cluster where `admin` may do anything.
pub async fn database_on(admin: &str, name: &str) -> (String, PostgresLedger) {
    let mut database = Url::parse(admin).unwrap();
    database.set_path("postgres");
    make_roles(database.as_str()).await;
    execute(database.as_str(), format!("CREATE DATABASE {name} OWNER {OWNER} TEMPLATE template0")).await;
    database.set_path(name);
    let owner = address_as("owner", database.as_str());
    PostgresLedger::connect_lazy(&owner, 1, OrderSource::Table).unwrap().migrate().await.unwrap();
    execute(&owner, role_script()).await;
    let server = address_as("server", &owner);
    let ledger = PostgresLedger::connect_lazy(&server, 4, OrderSource::Table).unwrap();
    (server, ledger)
}

/// The address of the same database with the rights of its owner, if it is the server's; else the address as it is.
#[must_use]
pub fn as_owner(address: &str) -> String {
    let is_servers = Url::parse(address).unwrap().username() == SERVER;
    if is_servers { address_as("owner", address) } else { address.to_owned() }
}

/// The address of a database on the cluster that `DATABASE_URL` names, with all the rights that this has.
#[must_use]
pub fn as_admin(address: &str) -> String {
    let mut admin = cluster();
    admin.set_path(Url::parse(address).unwrap().path());
    admin.into()
}

/// The address of the same database with the rights of `owner`, `server`, `reader` or `checkout`.
#[must_use]
pub fn address_as(role: &str, address: &str) -> String {
    let (_, name) = ROLES.into_iter().find(|(known, _)| *known == role).unwrap();
    let mut url = Url::parse(address).unwrap();
    url.set_username(name).unwrap();
    url.set_password(Some(PASSWORD)).unwrap();
    url.into()
}

/// docs/role.sql as psql would send it.
fn role_script() -> String {
    let sql = ROLE_SCRIPT.lines().filter(|line| !line.starts_with('\\')).collect::<Vec<_>>().join("\n");
    ROLES.iter().fold(sql, |sql, (variable, role)| sql.replace(&format!(":\"{variable}\""), role))
}

/// Roles are those of the whole cluster, and tests are many processes: one at a time makes them, if they are not there.
async fn make_roles(admin: &str) {
    let created = ROLES.map(|(_, role)| {
        // Tests break connections of the server's.
        let also = if role == OWNER { " IN ROLE pg_signal_backend" } else { "" };
        let create = format!("CREATE ROLE {role} LOGIN PASSWORD ''{PASSWORD}''{also}");
        format!("DO $$ BEGIN IF to_regrole('{role}') IS NULL THEN EXECUTE '{create}'; END IF; END $$;")
    });
    let lock = "BEGIN; SELECT pg_advisory_xact_lock(hashtext('roles of the end-to-end tests'));";
    execute(admin, format!("{lock} {} COMMIT", created.concat())).await;
}

async fn execute(address: &str, sql: String) {
    let mut connection = PgConnection::connect(address).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
}
