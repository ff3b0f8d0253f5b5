//! Measures Chargebook in a release build on durable settings of PostgreSQL; `script/bench` runs it, and
//! docs/benchmarks.md says what its figures mean.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark that meets anything unexpected should end"
)]

mod backfill;
mod day;
mod export;
mod generator;
mod growth;
mod latencies;
mod load;
mod micro;
mod processes;
mod rules;
mod views;

use std::fs;
use std::path::Path;

use serde_json::Value;

const SEED: u64 = 7;

/// Stories of the past to be read, unless another number is given.
const PAST: usize = 20_000;

/// How many past disputes there are one after the other, unless other numbers are given.
const PASTS: [usize; 3] = [10_000, 100_000, 1_000_000];
const TEST_MODE: [(&str, &str); 1] = [("CHARGEBOOK_STRIPE__LIVEMODE", "false")];

const USAGE: &str = "\
usage: script/bench                      load and backfill, one after the other
       script/bench load [--connections N] [--events N] [--rate N] [--seconds N] [--no-baseline] [--statements]
       script/bench backfill [stories]
       script/bench rules
       script/bench export [postings]
       script/bench growth [disputes]...
       script/bench day [disputes] [closed]
       script/bench micro
       script/bench views [disputes] [orders]";

fn main() {
    // The folder for the figures, then what is asked for.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if arguments == [generator::COMMAND] {
        return generator::main();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (folder, asked) = arguments.split_first().expect(USAGE);
    runtime.block_on(run(Path::new(folder), asked));
}

async fn run(folder: &Path, asked: &[&str]) {
    match asked {
        [] => {
            keep(folder, "load", &load::measure(&load_options(&[])).await);
            keep(folder, "backfill", &backfill::measure(PAST).await);
        }
        ["load", options @ ..] => keep(folder, "load", &load::measure(&load_options(options)).await),
        ["backfill", rest @ ..] => keep(folder, "backfill", &backfill::measure(count(rest, 0, PAST)).await),
        ["rules"] => keep(folder, "rules", &rules::measure().await),
        ["growth", sizes @ ..] => {
            let sizes: Vec<usize> = sizes.iter().map(|size| size.parse().expect(USAGE)).collect();
            let (report, chart) = growth::measure(if sizes.is_empty() { &PASTS } else { &sizes }).await;
            keep(folder, "growth", &report);
            fs::write(folder.join("growth.svg"), chart).unwrap();
        }
        ["export", rest @ ..] => keep(folder, "export", &export::measure(count(rest, 0, 1_000_000)).await),
        ["day", rest @ ..] => {
            keep(folder, "day", &day::measure(count(rest, 0, 1_000_000), count(rest, 1, 5_000)).await);
        }
        ["micro"] => keep(folder, "micro", &micro::measure().await),
        ["views", rest @ ..] => {
            keep(folder, "views", &views::measure(count(rest, 0, 1_000_000), count(rest, 1, 5_000_000)).await);
        }
        _ => panic!("{USAGE}"),
    }
}

fn count(arguments: &[&str], nth: usize, usual: usize) -> usize {
    arguments.get(nth).map_or(usual, |text| text.parse().expect(USAGE))
}

fn load_options(arguments: &[&str]) -> load::Options {
    let mut options = load::Options { connections: None, events: None, rate: None, seconds: 5, statements: false };
    let mut arguments = arguments.iter();
    while let Some(name) = arguments.next() {
        let mut number = || arguments.next().and_then(|text| text.parse::<u64>().ok()).expect(USAGE);
        match *name {
            "--connections" => options.connections = usize::try_from(number()).ok(),
            "--events" => options.events = usize::try_from(number()).ok(),
            "--rate" => options.rate = Some(number()),
            "--seconds" => options.seconds = number(),
            "--no-baseline" => options.seconds = 0,
            "--statements" => options.statements = true,
            _ => panic!("{USAGE}"),
        }
    }
    options
}

/// The database at `url` by whoever may do anything on its cluster.
fn as_admin(url: &str) -> String {
    let admin = std::env::var_os("DATABASE_URL").expect("run it through script/bench").into_string().unwrap();
    let ((server, _), (_, name)) = (admin.rsplit_once('/').unwrap(), url.rsplit_once('/').unwrap());
    format!("{server}/{name}")
}

fn keep(folder: &Path, name: &str, report: &Value) {
    fs::create_dir_all(folder).unwrap();
    let path = folder.join(format!("{name}.json"));
    fs::write(&path, serde_json::to_string_pretty(report).unwrap()).unwrap();
    println!("\nthe figures are in {}", path.display());
}
