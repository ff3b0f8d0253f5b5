//! How much processor time and memory processes have used, as Linux tells.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use chargebook_tests::{number, status_kib};
use tokio::process::Command;
use tokio::time::interval;

use crate::as_admin;

/// A tick of Linux's clock for processor time.
const TICK_MS: u64 = 10;

/// What one process has used so far: itself, and with the children it has waited for.
pub(crate) struct Used {
    pub(crate) own_ms: u64,
    pub(crate) with_children_ms: u64,
    parent: u32,
}

/// What a process has used; `None` when there is none.
pub(crate) fn used(process: u32) -> Option<Used> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    let field = |nth: usize| fields.split(' ').nth(nth)?.parse::<u64>().ok();
    let own_ms = TICK_MS * (field(11)? + field(12)?);
    let with_children_ms = own_ms + TICK_MS * (field(13)? + field(14)?);
    Some(Used { own_ms, with_children_ms, parent: u32::try_from(field(1)?).ok()? })
}

/// Everything that this process has used so far, in milliseconds.
pub(crate) fn used_here() -> u64 {
    used(std::process::id()).unwrap().own_ms
}

/// The same, with the children that have ended.
pub(crate) fn used_with_children_here() -> u64 {
    used(std::process::id()).unwrap().with_children_ms
}

/// All processes of the PostgreSQL that serves a database.
#[derive(Clone, Copy)]
pub(crate) struct Cluster {
    postmaster: u32,
}

impl Cluster {
    /// Whoever serves the database at `url`.
    pub(crate) async fn of(url: &str) -> Self {
        let sql = "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::bigint";
        Self { postmaster: u32::try_from(number(&as_admin(url), sql).await).unwrap() }
    }

    /// What its processes have used so far, those that have ended included, in milliseconds.
    pub(crate) fn used_ms(self) -> u64 {
        let ended_and_first = || used(self.postmaster).unwrap().with_children_ms;
        loop {
            let first = ended_and_first();
            let processes = fs::read_dir("/proc").unwrap();
            let processes = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
            let children = processes.filter_map(used).filter(|process| process.parent == self.postmaster);
            let running = children.map(|child| child.with_children_ms).sum::<u64>();
            // Whoever ended meanwhile may be among neither.
            if ended_and_first() == first {
                return first + running;
            }
        }
    }
}

/// What all processors have done so far for anybody, in milliseconds; time that the host took away included.
pub(crate) fn machine_ms() -> u64 {
    let stat = fs::read_to_string("/proc/stat").unwrap();
    let fields = stat.lines().next().unwrap().split_whitespace().skip(1);
    // user nice system idle iowait irq softirq steal; guests are in user already.
    let ticks: u64 = fields
        .take(8)
        .enumerate()
        .filter(|(nth, _)| !matches!(nth, 3 | 4))
        .map(|(_, ticks)| ticks.parse::<u64>().unwrap())
        .sum();
    TICK_MS * ticks
}

/// Lets a process's peak of memory begin anew.
pub(crate) fn forget_peak(process: u32) {
    fs::write(format!("/proc/{process}/clear_refs"), "5").unwrap();
}

/// How long a process took, and the most memory that it held, in KiB.
pub(crate) struct Ran {
    pub(crate) took: Duration,
    pub(crate) kib: u64,
}

/// Runs a command in a folder from its start to its end. What it says would stand between the lines of a table.
pub(crate) async fn run_to_end(mut command: Command, folder: &Path) -> Ran {
    let begun = Instant::now();
    command.current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let process = child.id().unwrap();
    let (mut often, mut kib) = (interval(Duration::from_millis(5)), 0);
    loop {
        tokio::select! {
            ended = child.wait() => {
                assert!(ended.unwrap().success(), "{command:?}");
                return Ran { took: begun.elapsed(), kib };
            }
            // It may have ended meanwhile.
            _ = often.tick() => kib = status_kib(process, "VmHWM:").unwrap_or(kib),
        }
    }
}
