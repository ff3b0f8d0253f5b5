//! What a cluster promises, on a real server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use chargebook_local_postgres::{Binaries, Cluster, Durability, Error};

/// A folder of its own for each test; its cluster ends with the test, passed or failed.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("local-postgres-test-{}-{number}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        folder.remove();
        folder
    }

    fn open(&self) -> Cluster {
        Cluster::open(&self.0, Durability::Fast).unwrap()
    }

    fn remove(&self) {
        if self.0.exists()
            && let Ok(cluster) = Cluster::open(&self.0, Durability::Fast)
        {
            let _ = cluster.remove();
        }
    }

    /// The number of the running server's main process.
    fn pid(&self) -> String {
        let text = fs::read_to_string(self.0.join("postgres/data/postmaster.pid")).unwrap();
        text.lines().next().unwrap().to_owned()
    }
}

impl AsRef<Path> for Folder {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.remove();
    }
}

fn psql(url: &str, sql: &str) -> Output {
    let program = Binaries::find().unwrap().dir().join("psql");
    Command::new(program)
        .args(["-X", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1", "-d", url])
        .args(["-c", sql])
        .output()
        .unwrap()
}

fn ask(cluster: &Cluster, database: &str, sql: &str) -> String {
    let output = psql(&cluster.url(database), sql);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn run(program: impl AsRef<OsStr>, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).output().unwrap()
}

#[test]
fn what_was_written_is_there_after_a_restart() {
    let folder = Folder::new();
    let cluster = folder.open();
    assert!(cluster.is_started_here());
    ask(&cluster, "postgres", "CREATE TABLE kept AS SELECT 42 AS n");
    let url = cluster.url("postgres");
    cluster.stop().unwrap();
    assert!(!psql(&url, "SELECT 1").status.success(), "it stopped");

    let cluster = folder.open();
    assert_eq!(ask(&cluster, "postgres", "SELECT n FROM kept"), "42");
    assert_eq!(cluster.url("postgres"), url, "the free port is kept");
}

#[test]
fn a_running_cluster_is_adopted_and_left_running() {
    let folder = Folder::new();
    let first = folder.open();
    let second = folder.open();
    assert!(!second.is_started_here());
    assert_eq!(second.url("postgres"), first.url("postgres"));
    second.leave().unwrap();
    assert_eq!(ask(&first, "postgres", "SELECT 1"), "1");
}

#[test]
fn a_cluster_that_another_has_open_is_left_running() {
    let folder = Folder::new();
    let first = folder.open();
    let second = folder.open();
    first.leave().unwrap();
    assert_eq!(ask(&second, "postgres", "SELECT 1"), "1");
}

#[test]
fn the_last_who_leaves_stops_it_even_who_only_found_it_running() {
    let folder = Folder::new();
    let starter = folder.open();
    let adopters = [folder.open(), folder.open()];
    let url = starter.url("postgres");
    starter.leave().unwrap();
    for adopter in adopters {
        assert_eq!(ask(&adopter, "postgres", "SELECT 1"), "1");
        adopter.leave().unwrap();
    }
    assert!(!psql(&url, "SELECT 1").status.success());
}

#[test]
fn of_many_who_leave_at_once_one_stops_it() {
    let folder = Folder::new();
    for _ in 0..3 {
        let clusters: Vec<_> = (0..4).map(|_| folder.open()).collect();
        let url = clusters[0].url("postgres");
        thread::scope(|scope| {
            for cluster in clusters {
                scope.spawn(|| cluster.leave().unwrap());
            }
        });
        assert!(!psql(&url, "SELECT 1").status.success());
    }
}

/// Whoever starts it by hand wants it to stay up.
#[test]
fn a_server_that_a_person_started_is_left_running() {
    let folder = Folder::new();
    let cluster = folder.open();
    let url = cluster.url("postgres");
    let home = folder.as_ref().join("postgres");
    let mut restart = Command::new(Binaries::find().unwrap().dir().join("pg_ctl"));
    restart.args(["restart", "-w", "-s", "-D", "data"]).current_dir(&home);
    restart.stdout(Stdio::null()).stderr(Stdio::null());
    if fs::metadata(folder.as_ref()).unwrap().uid() == 0 {
        restart.uid(fs::metadata(&home).unwrap().uid());
    }
    assert!(restart.status().unwrap().success());
    drop(cluster);
    folder.open().leave().unwrap();
    assert!(psql(&url, "SELECT 1").status.success());
}

#[test]
fn a_look_for_a_cluster_makes_nothing() {
    let folder = Folder::new();
    assert!(!Cluster::exists(folder.as_ref()));
    assert!(!folder.as_ref().exists());
    folder.open().leave().unwrap();
    assert!(Cluster::exists(folder.as_ref()));
}

#[test]
fn the_one_who_started_it_stops_it() {
    let folder = Folder::new();
    let cluster = folder.open();
    let url = cluster.url("postgres");
    cluster.leave().unwrap();
    assert!(!psql(&url, "SELECT 1").status.success());
}

#[test]
fn many_who_open_a_new_folder_at_once_get_the_same_cluster() {
    let folder = Folder::new();
    let clusters: Vec<Cluster> = thread::scope(|scope| {
        let openers: Vec<_> = (0..4).map(|_| scope.spawn(|| folder.open())).collect();
        openers.into_iter().map(|o| o.join().unwrap()).collect()
    });
    let starters = clusters.iter().filter(|c| c.is_started_here()).count();
    assert_eq!(starters, 1);
    for cluster in &clusters {
        assert_eq!(cluster.url("postgres"), clusters[0].url("postgres"));
    }
}

#[test]
fn a_port_that_was_taken_meanwhile_is_replaced() {
    let folder = Folder::new();
    let cluster = folder.open();
    let url = cluster.url("postgres");
    cluster.stop().unwrap();
    let port: u16 = fs::read_to_string(folder.as_ref().join("postgres-port")).unwrap().parse().unwrap();
    let _taken = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let cluster = folder.open();
    assert_ne!(cluster.url("postgres"), url);
    assert_eq!(ask(&cluster, "postgres", "SELECT 1"), "1");
}

#[test]
fn nobody_enters_without_the_password() {
    let folder = Folder::new();
    let cluster = folder.open();
    let url = cluster.url("postgres");
    let (_, at) = url.rsplit_once('@').unwrap();
    for role in ["chargebook:wrong", "chargebook", "postgres"] {
        let output = psql(&format!("postgres://{role}@{at}"), "SELECT 1");
        assert!(!output.status.success(), "{role}");
    }
    let password = folder.as_ref().join("postgres-password");
    let mode = fs::metadata(password).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn the_server_listens_on_loopback_only_and_on_no_socket() {
    let folder = Folder::new();
    let cluster = folder.open();
    let show = |name: &str| ask(&cluster, "postgres", &format!("SHOW {name}"));
    assert_eq!(show("listen_addresses"), "127.0.0.1");
    assert_eq!(show("unix_socket_directories"), "");
    assert_eq!(show("server_encoding"), "UTF8");
    assert_eq!(show("timezone"), "UTC");
    let collate = "SELECT datcollate FROM pg_database WHERE datname = current_database()";
    assert_eq!(ask(&cluster, "postgres", collate), "C");
}

#[test]
fn a_durable_cluster_reaches_the_disk_and_a_fast_one_is_not_taken_for_it() {
    let folder = Folder::new();
    folder.open();
    let refused = Cluster::open(folder.as_ref(), Durability::Durable);
    assert!(matches!(refused, Err(Error::NotDurable { .. })));
    folder.open().stop().unwrap();

    let cluster = Cluster::open(folder.as_ref(), Durability::Durable).unwrap();
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        let value = ask(&cluster, "postgres", &format!("SHOW {setting}"));
        assert_eq!(value, "on", "{setting}");
    }
    drop(cluster);
    assert_eq!(ask(&folder.open(), "postgres", "SHOW fsync"), "on");
}

#[test]
fn the_server_never_runs_as_root() {
    let folder = Folder::new();
    let _cluster = folder.open();
    let home = fs::metadata(folder.as_ref().join("postgres")).unwrap();
    assert_ne!(home.uid(), 0);
    assert_eq!(home.permissions().mode() & 0o777, 0o700);
    let process = PathBuf::from("/proc").join(folder.pid());
    if process.exists() {
        assert_eq!(fs::metadata(process).unwrap().uid(), home.uid());
    }
}

#[test]
fn a_killed_server_starts_again_with_what_was_committed() {
    let folder = Folder::new();
    let cluster = Cluster::open(folder.as_ref(), Durability::Durable).unwrap();
    ask(&cluster, "postgres", "CREATE TABLE kept AS SELECT 42 AS n");
    let killed = run("sh", &["-c", &format!("kill -KILL {}", folder.pid())]);
    assert!(killed.status.success());
    drop(cluster);
    let cluster = folder.open();
    assert!(cluster.is_started_here());
    assert_eq!(ask(&cluster, "postgres", "SELECT n FROM kept"), "42");
}

#[test]
fn a_pid_file_that_names_another_program_is_stale() {
    let folder = Folder::new();
    folder.open().stop().unwrap();
    // Our own number: a process that lives, and is not a server.
    let pid_file = folder.as_ref().join("postgres/data/postmaster.pid");
    let text = format!("{}\n/elsewhere\n0\n1\n\n\n\nready\n", std::process::id());
    fs::write(pid_file, text).unwrap();
    assert!(folder.open().is_started_here());
}

#[test]
fn creating_a_database_twice_keeps_what_is_in_it() {
    let folder = Folder::new();
    let cluster = folder.open();
    cluster.create_database("books").unwrap();
    ask(&cluster, "books", "CREATE TABLE kept AS SELECT 42 AS n");
    cluster.create_database("books").unwrap();
    assert_eq!(ask(&cluster, "books", "SELECT n FROM kept"), "42");
    let refused = cluster.create_database("Books; DROP");
    assert!(matches!(refused, Err(Error::InvalidName { .. })));
}

#[test]
fn a_cluster_without_its_password_says_which_file_is_missing() {
    let folder = Folder::new();
    folder.open().stop().unwrap();
    let password = folder.as_ref().join("postgres-password");
    let kept = fs::read(&password).unwrap();
    fs::remove_file(&password).unwrap();
    let error = Cluster::open(folder.as_ref(), Durability::Fast).unwrap_err();
    assert!(error.to_string().contains("postgres-password"), "{error}");
    fs::write(&password, kept).unwrap();
}

#[test]
fn a_folder_with_a_strange_name_is_no_trouble() {
    let parent = Folder::new();
    let folder = Folder(parent.0.join("a b'c\"d$e`f"));
    assert_eq!(ask(&folder.open(), "postgres", "SELECT 1"), "1");
    folder.remove();
    fs::remove_dir(&parent.0).unwrap();
}

#[test]
fn removing_leaves_nothing() {
    let folder = Folder::new();
    let cluster = folder.open();
    let url = cluster.url("postgres");
    cluster.remove().unwrap();
    assert!(!folder.as_ref().exists());
    assert!(!psql(&url, "SELECT 1").status.success());
}

/// `/root` cannot be entered by others; only root can have its data there.
#[test]
fn a_folder_that_the_server_cannot_reach_keeps_its_home_elsewhere() {
    let closed = Folder::new();
    fs::create_dir(&closed.0).unwrap();
    fs::set_permissions(&closed.0, fs::Permissions::from_mode(0o700)).unwrap();
    let folder = Folder(closed.0.join("inner"));
    let cluster = folder.open();
    ask(&cluster, "postgres", "CREATE TABLE kept AS SELECT 42 AS n");
    cluster.stop().unwrap();
    let location = folder.as_ref().join("postgres-location");
    let is_root = fs::metadata(&closed.0).unwrap().uid() == 0;
    assert_eq!(location.exists(), is_root);

    let cluster = folder.open();
    assert_eq!(ask(&cluster, "postgres", "SELECT n FROM kept"), "42");
    let home = location.exists().then(|| fs::read_to_string(&location).unwrap());
    cluster.remove().unwrap();
    assert!(home.is_none_or(|home| !Path::new(&home).exists()));
    fs::remove_dir(&closed.0).unwrap();
}
