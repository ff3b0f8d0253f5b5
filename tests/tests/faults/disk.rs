use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use chargebook_tests::{OwnPostgres, Server, TEST_MODE, import_orders, number};
use sqlx::{Connection, PgConnection};

use super::{Load, stories};

/// As large as a file of PostgreSQL's may grow: its log of changes has files of this size.
const FILE_BYTES_MAX: u32 = 16 << 20;

/// A limit on the size of files ends as a full disk does: a table can't grow.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_without_room_refuses_webhooks_and_loses_none() {
    let stories = stories();
    let (postgres, ledger) = OwnPostgres::start().await;
    import_orders(&ledger, &stories).await;
    let mut connection = PgConnection::connect(postgres.url()).await.unwrap();
    let fill = "INSERT INTO chargebook.source_event_bodies
                SELECT 'ballast', n, decode((SELECT string_agg(md5(n::text || m), '') FROM generate_series(1, 100) m), 'hex')
                FROM generate_series(1, 11000) n";
    sqlx::query(fill).execute(&mut connection).await.unwrap();
    let size = "SELECT pg_relation_size('chargebook.source_event_bodies')";
    assert!(number(postgres.url(), size).await > i64::from(FILE_BYTES_MAX));

    limit_files(&postgres, &FILE_BYTES_MAX.to_string());
    let server = Server::start(postgres.url(), &TEST_MODE).await;
    let load = Load::start(stories, &[&server]);
    load.is_refused().await;
    assert_eq!(server.get("/health/live").await.status, 200);

    limit_files(&postgres, "unlimited");
    // Those who were there before keep their limit.
    sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'chargebook'")
        .execute(&mut connection)
        .await
        .unwrap();
    load.ends_well(postgres.url()).await;
    assert_eq!(server.stop().await, 0);
}

/// Limits the files of every connection that is opened from now on. Run as the user whose process it is: root may lack the
/// right where it is not quite root, as in a container.
fn limit_files(postgres: &OwnPostgres, bytes: &str) {
    let process = postgres.process();
    let owner = fs::metadata(format!("/proc/{process}")).unwrap();
    let mut prlimit = Command::new("prlimit");
    prlimit.args(["--pid", &process.to_string(), &format!("--fsize={bytes}:")]);
    assert!(prlimit.uid(owner.uid()).gid(owner.gid()).status().unwrap().success());
}
