//! `with-postgres COMMAND [ARG...]`: runs a command beside a throw-away Postgres.

use std::env;
use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{self, Child, Command, ExitCode, ExitStatus};

use chargebook_local_postgres::{Cluster, Durability, Error};
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

const USAGE: &str = "\
usage: with-postgres [--durable] [--set NAME=VALUE]... COMMAND [ARG...]

Starts a throw-away PostgreSQL, runs COMMAND with its address in DATABASE_URL and its programs first on
the PATH, then stops and removes it. Ends with COMMAND's exit code, or 128 plus the signal that ended it.

  --durable          commits reach the disk, as in production; for measuring
  --set NAME=VALUE   one of PostgreSQL's settings, instead of ours
";

const EXIT_USAGE: u8 = 2;
/// As the shell answers when a command cannot be run.
const EXIT_NOT_RUN: u8 = 127;

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("could not handle signals")]
    Signals(#[source] io::Error),
    #[error("could not make a temporary folder at {path}")]
    Folder { path: PathBuf, source: io::Error },
    #[error("could not start PostgreSQL")]
    Open(#[source] Error),
    #[error("could not set PATH")]
    Path(#[source] env::JoinPathsError),
    #[error("could not run {program:?}")]
    Run { program: OsString, source: io::Error },
}

impl Failure {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Run { .. } => ExitCode::from(EXIT_NOT_RUN),
            _ => ExitCode::FAILURE,
        }
    }
}

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1).peekable();
    let durable = arguments.next_if(|argument| argument == "--durable");
    let durability = match durable {
        Some(_) => Durability::Durable,
        None => Durability::Fast,
    };
    let mut settings = Vec::new();
    while arguments.next_if(|argument| argument == "--set").is_some() {
        settings.push(arguments.next().unwrap_or_default().to_string_lossy().into_owned());
    }
    match arguments.next() {
        Some(program) if program != "--help" => run(durability, &settings, program, arguments.collect())
            .unwrap_or_else(|failure| {
                report(&failure);
                failure.exit_code()
            }),
        _ => {
            eprint!("{USAGE}");
            ExitCode::from(EXIT_USAGE)
        }
    }
}

fn run(
    durability: Durability,
    settings: &[String],
    program: OsString,
    arguments: Vec<OsString>,
) -> Result<ExitCode, Failure> {
    // From here on these signals wait until we look, so that none of them leaves a server behind.
    let mut signals = Signals::new([SIGCHLD, SIGHUP, SIGINT, SIGTERM]).map_err(Failure::Signals)?;
    let dir = make_folder()?;
    let cluster = Cluster::open_with(&dir, durability, settings).map_err(|error| {
        let _ = fs::remove_dir_all(&dir);
        Failure::Open(error)
    })?;
    let ended = run_beside(&cluster, &mut signals, program, arguments);
    // Its result must not hide the command's.
    if let Err(error) = cluster.remove() {
        report(&error);
    }
    ended.map(exit_code)
}

/// A folder of our own, which the server's account can pass through.
fn make_folder() -> Result<PathBuf, Failure> {
    let mut number = 0_u32;
    loop {
        let name = format!("with-postgres-{}-{number}", process::id());
        let path = env::temp_dir().join(name);
        match DirBuilder::new().mode(0o711).create(&path) {
            Ok(()) => return Ok(path),
            // Left by a process that was killed, and whose number we have now.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(source) => return Err(Failure::Folder { path, source }),
        }
    }
}

fn run_beside(
    cluster: &Cluster,
    signals: &mut Signals,
    program: OsString,
    arguments: Vec<OsString>,
) -> Result<ExitStatus, Failure> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = [cluster.binaries().dir().to_owned()].into_iter().chain(env::split_paths(&path));
    let path = env::join_paths(folders).map_err(Failure::Path)?;
    Command::new(&program)
        .args(arguments)
        .env("DATABASE_URL", cluster.url("postgres"))
        .env("PATH", path)
        .spawn()
        .and_then(|child| wait(child, signals))
        .map_err(|source| Failure::Run { program, source })
}

/// Waits for the command, and passes on what we are told meanwhile.
///
/// An interrupt is not passed on: the terminal sends it to the command as well, and a second one
/// makes many programs give up tidying.
fn wait(mut child: Child, signals: &mut Signals) -> io::Result<ExitStatus> {
    for signal in signals.forever() {
        let passed_on = match signal {
            SIGHUP => Signal::HUP,
            SIGTERM => Signal::TERM,
            SIGCHLD => match child.try_wait()? {
                Some(status) => return Ok(status),
                None => continue,
            },
            _ => continue,
        };
        if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
            // Not yet waited for, so the number is still the command's; it may have ended, though.
            let _ = kill_process(pid, passed_on);
        }
    }
    child.wait()
}

fn exit_code(status: ExitStatus) -> ExitCode {
    let code =
        status.code().or_else(|| status.signal().map(|signal| 128 + signal)).and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}

fn report(error: &dyn std::error::Error) {
    eprint!("with-postgres: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        eprint!(": {cause}");
        source = cause.source();
    }
    eprintln!();
}
