//! Runs targets for long, by hand.
//!
//! - `chargebook-fuzz <target>|all [<executions>|<seconds>s] [<seed>]`
//! - `chargebook-fuzz repeat <target> <file>`: runs one input again
//! - `chargebook-fuzz corpus <target> <folder>`: writes what a target begins from, for other fuzzers
#![expect(clippy::unwrap_used, reason = "a tool for developers may end by a panic")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{env, fs, panic, process, thread};

use chargebook_fuzz_targets::mutate::Mutator;
use chargebook_fuzz_targets::run::{execute, shown, smallest};
use chargebook_fuzz_targets::{TARGETS, Target, target};

/// An input that takes longer is reported as one that hangs.
const HANGS_AFTER: Duration = Duration::from_secs(1);

/// A run that is still at the same input then is ended.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(10);

const PROGRESS_EVERY: Duration = Duration::from_secs(10);

/// Where inputs are kept that a target panics or hangs at.
const FOUND: &str = "fuzz/artifacts";

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let is_done = match arguments[..] {
        ["repeat", name, file] => target(name).map(|target| {
            (target.run)(&fs::read(file).unwrap());
            true
        }),
        ["corpus", name, folder] => target(name).map(|target| write_corpus(target, Path::new(folder))),
        [name] => run_named(name, "10000", "1"),
        [name, bound] => run_named(name, bound, "1"),
        [name, bound, seed] => run_named(name, bound, seed),
        _ => None,
    };
    match is_done {
        Some(true) => ExitCode::SUCCESS,
        Some(false) => ExitCode::FAILURE,
        None => {
            let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
            eprintln!("usage: chargebook-fuzz <target>|all [<executions>|<seconds>s] [<seed>]");
            eprintln!("targets: {}", names.join(", "));
            ExitCode::FAILURE
        }
    }
}

fn write_corpus(target: &Target, folder: &Path) -> bool {
    fs::create_dir_all(folder).unwrap();
    for (number, input) in (target.corpus)().iter().enumerate() {
        fs::write(folder.join(format!("fixture-{number:04}")), input).unwrap();
    }
    true
}

/// When a run ends.
#[derive(Clone, Copy)]
enum Bound {
    Executions(u64),
    Time(Duration),
}

/// Runs one target or all; `None` for words that mean nothing, else whether nothing was found.
fn run_named(name: &str, bound: &str, seed: &str) -> Option<bool> {
    let bound = match bound.strip_suffix('s') {
        Some(seconds) => Bound::Time(Duration::from_secs(seconds.parse().ok()?)),
        None => Bound::Executions(bound.parse().ok()?),
    };
    let seed = seed.parse().ok()?;
    let targets: Vec<_> = if name == "all" { TARGETS.iter().collect() } else { vec![target(name)?] };
    // What a target panics with is told when it is known to be the smallest.
    panic::set_hook(Box::new(|_| {}));
    let runs: Vec<_> = targets.into_iter().map(|target| run(target, bound, seed)).collect();
    eprintln!("{} executions in all", runs.iter().map(|run| run.executions.load(Ordering::Relaxed)).sum::<u64>());
    Some(runs.iter().all(|run| !run.has_found.load(Ordering::Relaxed)))
}

/// How far a run is.
#[derive(Default)]
struct Run {
    executions: AtomicU64,
    has_found: AtomicBool,
    is_over: AtomicBool,
    slowest_micros: AtomicU64,
    /// The input that is being read, and since when.
    current: Mutex<Option<(Instant, Vec<u8>)>>,
}

fn run(target: &'static Target, bound: Bound, seed: u64) -> Arc<Run> {
    let run = Arc::new(Run::default());
    let worker = thread::spawn({
        let run = Arc::clone(&run);
        move || {
            work(target, bound, seed, &run);
            run.is_over.store(true, Ordering::Relaxed);
        }
    });
    let started = Instant::now();
    let mut told = started;
    while !run.is_over.load(Ordering::Relaxed) {
        thread::park_timeout(Duration::from_millis(100));
        let current = run.current.lock().unwrap();
        if let Some((since, input)) = current.as_ref().filter(|(since, _)| since.elapsed() > GIVEN_UP_AFTER) {
            let path = keep(target, seed, &run, input);
            eprintln!("{}: given up after {} s at {}", target.name, since.elapsed().as_secs(), path.display());
            process::exit(1);
        }
        drop(current);
        if told.elapsed() > PROGRESS_EVERY {
            told = Instant::now();
            tell(target, &run, started);
        }
    }
    worker.join().unwrap();
    tell(target, &run, started);
    run
}

fn work(target: &Target, bound: Bound, seed: u64, run: &Run) {
    let started = Instant::now();
    let mut mutator = Mutator::new(target, seed);
    let corpus = (target.corpus)();
    let mut begun = corpus.into_iter();
    loop {
        let done = run.executions.load(Ordering::Relaxed);
        let is_over = match bound {
            Bound::Executions(most) => done >= most,
            Bound::Time(most) => started.elapsed() >= most,
        };
        if is_over {
            return;
        }
        let input = begun.next().unwrap_or_else(|| mutator.next_input());
        let since = Instant::now();
        *run.current.lock().unwrap() = Some((since, input.clone()));
        let outcome = execute(target, &input);
        *run.current.lock().unwrap() = None;
        run.executions.fetch_add(1, Ordering::Relaxed);
        let elapsed = since.elapsed();
        run.slowest_micros.fetch_max(u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        if elapsed > HANGS_AFTER {
            let path = keep(target, seed, run, &input);
            eprintln!("{}: {} ms for {}", target.name, elapsed.as_millis(), path.display());
        }
        if outcome.is_err() {
            let input = smallest(target, &input);
            let path = keep(target, seed, run, &input);
            let message = execute(target, &input).err().unwrap_or_default();
            eprintln!("{}: {message}\n{} bytes in {}:\n{}", target.name, input.len(), path.display(), shown(&input));
            return;
        }
    }
}

/// Keeps an input that something is wrong with.
fn keep(target: &Target, seed: u64, run: &Run, input: &[u8]) -> PathBuf {
    run.has_found.store(true, Ordering::Relaxed);
    let folder = Path::new(FOUND).join(target.name);
    let path = folder.join(format!("{seed}-{}", run.executions.load(Ordering::Relaxed)));
    fs::create_dir_all(&folder).unwrap();
    fs::write(&path, input).unwrap();
    path
}

fn tell(target: &Target, run: &Run, started: Instant) {
    let executions = run.executions.load(Ordering::Relaxed);
    let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
    let slowest = run.slowest_micros.load(Ordering::Relaxed);
    let rate = executions.saturating_mul(1_000) / millis;
    eprintln!("{:<17}{executions:>11} executions  {rate:>8} a second  slowest {slowest} µs", target.name);
}
