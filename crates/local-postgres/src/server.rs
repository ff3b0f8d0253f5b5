//! The server's programs: making, starting, asking and stopping it.

use std::env;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use crate::cluster::{Durability, ROLE};
use crate::error::io_error;
use crate::place::{Home, Place, write_private};
use crate::{Binaries, Error};

/// How long recovery after a crash, or the last checkpoint of a stop, may take.
const WAIT_SECONDS: &str = "300";
/// How often a start is tried when the port is snatched away, or a dead server's processes are still ending.
const ATTEMPTS_MAX: u32 = 5;
const PAUSE: Duration = Duration::from_millis(200);
/// As much of a program's output as helps a person.
const OUTPUT_BYTES_MAX: u64 = 4096;

/// The server of one home.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) binaries: Binaries,
    pub(crate) home: Home,
}

impl Server {
    /// Makes the data directory, whole or not at all.
    pub(crate) fn init(&self, password: &str, durability: Durability) -> Result<(), Error> {
        let home = &self.home.path;
        let unfinished = home.join("data.new");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(io_error("remove", &unfinished))?;
        }
        let password_file = home.join("password");
        write_private(&password_file, password)?;
        self.home.account.give(&password_file)?;

        let mut command = self.as_account("initdb");
        command
            .args(["-D", "data.new", "-U", ROLE, "--pwfile=password"])
            .args(["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"])
            .arg("--data-checksums");
        if durability == Durability::Fast {
            command.arg("--no-sync");
        }
        let made = run("initdb", &mut command);
        fs::remove_file(&password_file).map_err(io_error("remove", &password_file))?;
        made?;
        let data = self.home.data();
        fs::rename(&unfinished, &data).map_err(io_error("create", &data))
    }

    /// Starts the server and waits until it takes connections; gives the port.
    pub(crate) fn start(&self, place: &Place, durability: Durability, settings: &[String]) -> Result<u16, Error> {
        let wanted = place.last_port();
        let mut attempt = 1;
        loop {
            self.discard_stale_pid_file()?;
            let port = free_port(wanted)?;
            match self.try_start(place, &options(port, durability, settings)) {
                Ok(()) => {
                    place.remember_port(port)?;
                    place.remember_start(&self.identity().unwrap_or_default())?;
                    return Ok(port);
                }
                Err(error) if attempt == ATTEMPTS_MAX || !passes(&error) => return Err(error),
                Err(_) => {
                    attempt += 1;
                    thread::sleep(PAUSE);
                }
            }
        }
    }

    fn try_start(&self, place: &Place, options: &str) -> Result<(), Error> {
        let log = place.open_log()?;
        let begin = log.metadata().map_err(io_error("look at", &place.log()))?.len();
        let errors = log.try_clone().map_err(io_error("open", &place.log()))?;
        // The server keeps the log open as its output: a pipe to us would never end.
        let status = self
            .as_account("pg_ctl")
            .args(["start", "-D", "data", "-w", "-s", "-t", WAIT_SECONDS, "-o"])
            .arg(options)
            .stdout(log)
            .stderr(errors)
            .status()
            .map_err(io_error("run", &self.binaries.program("pg_ctl")))?;
        if status.success() {
            return Ok(());
        }
        let output = tail(&place.log(), begin).map_err(io_error("read", &place.log()))?;
        Err(Error::Program { program: "pg_ctl start", output })
    }

    /// Ends all connections and stops the server, in this mode of `pg_ctl`; nothing to do is success.
    pub(crate) fn stop(&self, mode: &str) -> Result<(), Error> {
        if !self.pid_file().exists() {
            return Ok(());
        }
        let mut command = self.as_account("pg_ctl");
        command.args(["stop", "-D", "data", "-m", mode, "-w", "-s"]);
        command.args(["-t", WAIT_SECONDS]);
        match run("pg_ctl stop", &mut command) {
            // It ended by itself meanwhile.
            Err(_) if !self.pid_file().exists() => Ok(()),
            result => result.map(drop),
        }
    }

    /// The port of the server that runs in this home now, if one does and lets us in.
    pub(crate) fn running_port(&self, password: &str) -> Option<u16> {
        let port = self.pid_file_line(3)?.parse().ok()?;
        let sql = "SELECT current_setting('data_directory')";
        let answer = self.ask(port, password, sql).ok()?;
        let data = self.home.data().canonicalize().ok()?;
        (Path::new(&answer) == data).then_some(port)
    }

    /// Whether the server that runs is the one that was started here last, and not a person's.
    pub(crate) fn is_started_by_us(&self, place: &Place) -> bool {
        self.identity().is_some_and(|running| place.last_start() == Some(running))
    }

    /// What no two starts have in common: the number of the process, and the second it began in.
    fn identity(&self) -> Option<String> {
        Some(format!("{} {}", self.pid_file_line(0)?, self.pid_file_line(2)?))
    }

    /// The id of the server's main process, while it runs.
    pub(crate) fn process(&self) -> Option<u32> {
        self.pid_file_line(0)?.parse().ok()
    }

    /// Whether the server that runs was started as [`Durability::Durable`].
    pub(crate) fn runs_durably(&self, port: u16, password: &str) -> Result<bool, Error> {
        let answer = self.ask(port, password, "SELECT current_setting('fsync')")?;
        Ok(answer == "on")
    }

    /// Runs `sql` in the database `postgres`, and gives what it answers.
    pub(crate) fn ask(&self, port: u16, password: &str, sql: &str) -> Result<String, Error> {
        let mut command = self.command("psql");
        // The password goes by the environment, which other users cannot read; arguments they can.
        command
            .args(["-X", "-A", "-t", "-q", "-w", "-v", "ON_ERROR_STOP=1"])
            .args(["-h", "127.0.0.1", "-p", &port.to_string()])
            .args(["-U", ROLE, "-d", "postgres", "-c", sql])
            .env("PGPASSWORD", password)
            .env("PGCONNECT_TIMEOUT", "10");
        let output = run("psql", &mut command)?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Removes a pid file whose process has ended, or is something else by now.
    ///
    /// Postgres itself does so unless the number is in use by the same user. In a container it often is: few
    /// numbers are in use and they begin anew, and ended processes stay when the first one collects none.
    /// Without the file it still finds the shared memory of a server that lives.
    fn discard_stale_pid_file(&self) -> Result<(), Error> {
        let Some(pid) = self.pid_file_line(0) else {
            return Ok(());
        };
        match fs::read_to_string(format!("/proc/{pid}/stat")) {
            Ok(stat) if !is_live_server(&stat) => {
                let path = self.pid_file();
                fs::remove_file(&path).map_err(io_error("remove", &path))
            }
            _ => Ok(()),
        }
    }

    fn pid_file(&self) -> PathBuf {
        self.home.data().join("postmaster.pid")
    }

    fn pid_file_line(&self, number: usize) -> Option<String> {
        let text = fs::read_to_string(self.pid_file()).ok()?;
        text.lines().nth(number).map(|line| line.trim().to_owned())
    }

    /// A program run as the server's account, in its home: a relative `-D` needs no quoting by `pg_ctl`.
    fn as_account(&self, program: &str) -> Command {
        let mut command = self.command(program);
        self.home.account.apply(&mut command);
        command.current_dir(&self.home.path);
        command
    }

    /// A program without our environment, which may hold secrets, or settings for another server.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.binaries.program(program));
        command.env_clear().env("LC_ALL", "C").stdin(Stdio::null()).current_dir("/");
        for name in ["PATH", "LD_LIBRARY_PATH"] {
            if let Some(value) = env::var_os(name) {
                command.env(name, value);
            }
        }
        command
    }
}

/// The server's settings, for the shell that `pg_ctl` starts it with. Given here, they outrank every file.
fn options(port: u16, durability: Durability, settings: &[String]) -> String {
    let safety = match durability {
        Durability::Durable => "on",
        Durability::Fast => "off",
    };
    let ours = format!(
        "-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories= \
         -c max_connections=200 -c shared_buffers=64MB -c timezone=UTC -c log_timezone=UTC \
         -c logging_collector=off -c log_destination=stderr \
         -c fsync={safety} -c synchronous_commit={safety} -c full_page_writes={safety}"
    );
    settings.iter().fold(ours, |all, setting| all + " -c " + setting)
}

/// `wanted` if nobody listens there, else any free port.
fn free_port(wanted: Option<u16>) -> Result<u16, Error> {
    let listen = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    wanted
        .map_or_else(|| listen(0), |port| listen(port).or_else(|_| listen(0)))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(io_error("find a free port on", Path::new("127.0.0.1")))
}

/// Whether a line of `/proc/PID/stat` (number, name in parentheses, state) is that of a running server.
fn is_live_server(stat: &str) -> bool {
    let Some((number_and_name, rest)) = stat.rsplit_once(") ") else {
        return true;
    };
    let is_server = number_and_name.ends_with("(postgres") || number_and_name.ends_with("(postmaster");
    is_server && !rest.starts_with(['Z', 'X'])
}

/// Whether another try may go better: the port was taken since we looked, or a killed server is still ending.
fn passes(error: &Error) -> bool {
    let Error::Program { output, .. } = error else {
        return false;
    };
    ["TCP/IP sockets", "Is another postmaster", "is still in use"].iter().any(|sign| output.contains(sign))
}

/// Runs to the end; anything but success is an error with what the program said.
fn run(program: &'static str, command: &mut Command) -> Result<Output, Error> {
    let path = command.get_program().to_owned();
    let output = command.output().map_err(io_error("run", Path::new(&path)))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::Program { program, output: said })
}

/// What was written to `path` after its first `begin` bytes; the end of it, if that is long.
fn tail(path: &Path, begin: u64) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let end = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(begin.max(end.saturating_sub(OUTPUT_BYTES_MAX))))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::is_live_server;

    #[test]
    fn only_a_process_that_runs_the_server_is_one() {
        for stat in ["27 (postgres) S 1 27", "27 (postmaster) R 1 27", "unheard of"] {
            assert!(is_live_server(stat), "{stat}");
        }
        for stat in ["27 (postgres) Z 1 27", "27 (chargebook) S 1 27", "27 (a) (b) S 1 27"] {
            assert!(!is_live_server(stat), "{stat}");
        }
    }
}
