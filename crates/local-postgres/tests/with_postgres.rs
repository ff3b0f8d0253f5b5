//! What `with-postgres` promises, by running it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::{env, fs, process};

fn with_postgres(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_with-postgres"));
    command.args(arguments);
    command
}

fn output(arguments: &[&str]) -> Output {
    with_postgres(arguments).output().unwrap()
}

/// Host and port of a URL.
fn address(url: &str) -> &str {
    url.trim().split(['@', '/']).find(|part| part.starts_with("127.0.0.1:")).unwrap()
}

/// A temporary folder of this test's, for what a command leaves in it.
fn temporary(name: &str) -> PathBuf {
    let path = env::temp_dir().join(format!("with-postgres-test-{name}-{}", process::id()));
    fs::create_dir_all(&path).unwrap();
    path
}

fn is_empty(path: &Path) -> bool {
    fs::read_dir(path).unwrap().next().is_none()
}

#[test]
fn the_command_reaches_a_server_as_superuser() {
    let sql = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user";
    let shell = format!("psql -X -A -t -w -d \"$DATABASE_URL\" -c \"{sql}\"");
    let output = output(&["sh", "-c", &shell]);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "t\n");
    assert!(output.status.success());
}

#[test]
fn the_exit_code_is_the_command_s() {
    assert_eq!(output(&["true"]).status.code(), Some(0));
    assert_eq!(output(&["sh", "-c", "exit 7"]).status.code(), Some(7));
    let killed = output(&["sh", "-c", "kill -KILL $$"]);
    assert_eq!(killed.status.code(), Some(128 + 9));
}

#[test]
fn without_a_command_it_says_how_to_call_it() {
    for arguments in [&[][..], &["--durable"], &["--help"]] {
        let output = output(arguments);
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8(output.stderr).unwrap().contains("usage:"));
    }
}

#[test]
fn a_command_that_is_not_there_is_127_and_named() {
    let output = output(&["no-such-command"]);
    assert_eq!(output.status.code(), Some(127));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("no-such-command"), "{errors}");
}

#[test]
fn a_durable_server_is_durable() {
    let shell = "psql -X -A -t -w -d \"$DATABASE_URL\" -c 'SHOW fsync'";
    assert_eq!(output(&["sh", "-c", shell]).stdout, b"off\n");
    assert_eq!(output(&["--durable", "sh", "-c", shell]).stdout, b"on\n");
}

#[test]
fn a_setting_that_is_given_outranks_ours() {
    let shell = r#"psql "$DATABASE_URL" -XAt -c "SHOW shared_buffers""#;
    assert_eq!(output(&["--set", "shared_buffers=16MB", "sh", "-c", shell]).stdout, b"16MB\n");
}

#[test]
fn afterwards_the_server_and_its_files_are_gone() {
    let folder = temporary("ended");
    let output = with_postgres(&["sh", "-c", "echo $DATABASE_URL"]).env("TMPDIR", &folder).output().unwrap();
    let url = String::from_utf8(output.stdout).unwrap();
    assert!(TcpStream::connect(address(&url)).is_err());
    assert!(is_empty(&folder));
    fs::remove_dir(&folder).unwrap();
}

/// The command says where its server is, and then waits for a signal.
const WAITING: &str = "echo $DATABASE_URL; exec sleep 600";

/// Sends a signal once the command runs, to `with-postgres` alone or to its whole process group.
fn ended_by(signal: &str, whole_group: bool) -> i32 {
    use std::os::unix::process::CommandExt;

    let folder = temporary(&format!("{signal}-{whole_group}"));
    let mut running = with_postgres(&["sh", "-c", WAITING])
        .env("TMPDIR", &folder)
        .process_group(0)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    let mut stdout = BufReader::new(running.stdout.take().unwrap());
    stdout.read_line(&mut url).unwrap();
    TcpStream::connect(address(&url)).unwrap();

    let group = if whole_group { "-" } else { "" };
    let kill = format!("kill -s {signal} -- {group}{}", running.id());
    let sent = Command::new("sh").args(["-c", &kill]).status().unwrap();
    assert!(sent.success());
    let code = running.wait().unwrap().code().unwrap();
    assert!(TcpStream::connect(address(&url)).is_err(), "it stopped");
    assert!(is_empty(&folder), "nothing is left");
    fs::remove_dir(&folder).unwrap();
    code
}

#[test]
fn an_interrupt_from_the_terminal_ends_the_command_and_then_the_server() {
    assert_eq!(ended_by("INT", true), 128 + 2);
}

#[test]
fn a_termination_is_passed_on_to_the_command() {
    assert_eq!(ended_by("TERM", false), 128 + 15);
    assert_eq!(ended_by("HUP", false), 128 + 1);
}

#[test]
fn a_termination_of_the_whole_group_tidies_as_well() {
    assert_eq!(ended_by("TERM", true), 128 + 15);
}
