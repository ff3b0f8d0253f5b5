//! What PostgreSQL does with the same writes and nothing else: no HTTP, no signature, no JSON, no laws. pgbench runs one
//! statement an event, written by hand.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use chargebook_tests::scratch_folder;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use crate::latencies::{Latencies, millis};
use crate::processes::{Cluster, machine_ms, used_with_children_here};

const TABLES: &str = include_str!("tables.sql");
const STATEMENT: &str = include_str!("statement.sql");

const ONE: &str = "SELECT CAST(:id AS text) AS id";
const SEVERAL: &str =
    "SELECT CAST(hashint8extended(nth, CAST(:id AS bigint)) AS text) AS id FROM generate_series(1, :batch) AS nth";

/// Connections of the statement for one event; the last is what throughput is compared with.
const CONNECTIONS: [usize; 3] = [1, 8, 64];

/// Connections and events a statement.
const BATCHES: [(usize, u64); 4] = [(1, 32), (1, 128), (2, 32), (2, 128)];

/// What pgbench came to with so many connections.
pub(crate) struct Step {
    pub(crate) connections: usize,
    batch: u64,
    pub(crate) events_per_second: u64,
    pub(crate) latencies: Latencies,
    postgres_us: u64,
    pgbench_us: u64,
    others_percent: u64,
}

/// Runs all of it on the database at `url`, whose schema `baseline` it makes anew.
pub(crate) async fn measure(url: &str, seconds: u64, body: &str) -> Vec<Step> {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(TABLES).execute(&mut connection).await.unwrap();
    sqlx::raw_sql("CHECKPOINT").execute(&mut connection).await.unwrap();
    let cluster = Cluster::of(url).await;
    println!(
        "{:>11} {:>5} {:>9} {:>9} {:>9}   {:>9} {:>8} {:>7}",
        "connections", "batch", "events/s", "p50 ms", "p99 ms", "Postgres", "pgbench", "others"
    );
    let alone = CONNECTIONS.map(|connections| (connections, 1));
    let mut steps = Vec::new();
    for (connections, batch) in alone.into_iter().chain(BATCHES) {
        let step = run(url, cluster, &Given { connections, batch, seconds, body });
        println!("{}", step.line());
        steps.push(step);
    }
    steps
}

struct Given<'a> {
    connections: usize,
    batch: u64,
    seconds: u64,
    body: &'a str,
}

fn run(url: &str, cluster: Cluster, given: &Given<'_>) -> Step {
    let folder = scratch_folder();
    let script = folder.join("statement.sql");
    fs::write(&script, STATEMENT.replace("{source}", if given.batch == 1 { ONE } else { SEVERAL })).unwrap();
    // Some of the time goes to connecting, and is not counted by pgbench.
    let seconds = given.seconds + u64::try_from(given.connections).unwrap() / 32;
    let begun = Instant::now();
    let (postgres, here, all) = (cluster.used_ms(), used_with_children_here(), machine_ms());
    let output = Command::new("pgbench")
        .args(["-n", "-M", "prepared", "--log", "--log-prefix=latency"])
        .args(["-c", &given.connections.to_string(), "-j", &given.connections.min(2).to_string()])
        .args(["-T", &seconds.to_string(), "-D", "n=0", "-D", &format!("batch={}", given.batch)])
        .args(["-D", &format!("body={}", given.body), "-f"])
        .arg(&script)
        .arg(url)
        .current_dir(&folder)
        .output()
        .expect("pgbench, which comes with PostgreSQL's server or in its package contrib, is needed for the baseline");
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "pgbench failed: {errors}");
    let postgres = cluster.used_ms() - postgres;
    let pgbench = used_with_children_here() - here;
    let others = (machine_ms() - all).saturating_sub(postgres + pgbench);
    let took = u64::try_from(begun.elapsed().as_millis()).unwrap();
    let latencies = latencies(&folder);
    fs::remove_dir_all(&folder).unwrap();
    let tps = text.lines().find_map(|line| line.strip_prefix("tps = ")).unwrap();
    let tps: u64 = tps.split('.').next().unwrap().parse().unwrap();
    let events = u64::try_from(latencies.count()).unwrap() * given.batch;
    Step {
        connections: given.connections,
        batch: given.batch,
        events_per_second: tps * given.batch,
        latencies,
        postgres_us: postgres * 1_000 / events,
        pgbench_us: pgbench * 1_000 / events,
        others_percent: others * 100 / took,
    }
}

/// Of each transaction, from pgbench's logs.
fn latencies(folder: &Path) -> Latencies {
    let logs = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let logs = logs.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("latency."));
    let lines = logs.map(|path| fs::read_to_string(path).unwrap());
    // Its third column is the time that the transaction took, in microseconds.
    Latencies::of(lines.flat_map(|text| text.lines().map(third).collect::<Vec<u64>>()).collect())
}

fn third(line: &str) -> u64 {
    line.split(' ').nth(2).unwrap().parse().unwrap()
}

impl Step {
    fn line(&self) -> String {
        format!(
            "{:>11} {:>5} {:>9} {:>9} {:>9}   {:>6} µs {:>5} µs {:>5} %",
            self.connections,
            self.batch,
            self.events_per_second,
            millis(self.latencies.percentile(50)),
            millis(self.latencies.percentile(99)),
            self.postgres_us,
            self.pgbench_us,
            self.others_percent
        )
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "connections": self.connections, "batch": self.batch, "events_per_second": self.events_per_second,
            "p50_us": self.latencies.percentile(50), "p99_us": self.latencies.percentile(99),
            "cpu_us": {"postgres": self.postgres_us, "pgbench": self.pgbench_us}, "others_percent": self.others_percent
        })
    }
}

/// The mean of all runs of the statement for one event with so many connections: events a second, p50 and p99 in µs.
pub(crate) struct Baseline {
    pub(crate) events_per_second: u64,
    pub(crate) p50: u64,
    pub(crate) p99: u64,
}

impl Baseline {
    /// With exactly so many connections; `None` where that was not measured.
    pub(crate) fn of(steps: &[Step], connections: usize) -> Option<Self> {
        let same: Vec<_> = steps.iter().filter(|step| step.batch == 1 && step.connections == connections).collect();
        let count = u64::try_from(same.len()).unwrap();
        let mean = |figure: fn(&Step) -> u64| same.iter().map(|step| figure(step)).sum::<u64>().checked_div(count);
        Some(Self {
            events_per_second: mean(|step| step.events_per_second)?,
            p50: mean(|step| step.latencies.percentile(50))?,
            p99: mean(|step| step.latencies.percentile(99))?,
        })
    }
}
