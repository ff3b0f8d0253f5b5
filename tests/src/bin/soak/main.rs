//! Faults for as long as is asked for, chosen by a seed, with a sender that never gives up. In the end everything that was
//! acknowledged is booked exactly once, the books are those of a calm run, and the server has not grown.
//!
//! `script/soak [minutes] [events a second] [seed]`, `script/soak outage` or `script/soak disk`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "what is run by hand and meets anything unexpected should end"
)]

mod disk;
mod faults;
mod outage;
mod recovery;
mod world;

use std::env;
use std::time::{Duration, Instant};

use tokio::time::{sleep, sleep_until};

use crate::faults::{Chance, Fault};
use crate::world::World;

/// From the end of one fault to the next; so long the memory of the server can be compared.
const CALM: Duration = Duration::from_secs(5);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    match env::args().nth(1).as_deref() {
        Some("outage") => outage::run().await,
        Some("disk") => disk::run().await,
        _ => soak().await,
    }
}

/// The `nth` argument as a number.
fn number(nth: usize, usual: u64) -> u64 {
    env::args().nth(nth).map_or(usual, |text| text.parse().unwrap())
}

async fn soak() {
    let (minutes, rate, seed) = (number(1, 10), number(2, 100), number(3, 1));
    println!("{minutes} minutes at {rate} events a second, seed {seed}\n");
    let mut world = World::start(minutes * 60 * rate, u32::try_from(rate).unwrap()).await;
    let end = Instant::now() + Duration::from_secs(minutes * 60);
    let mut chance = Chance::new(seed);
    let mut memory = Vec::new();
    sleep(CALM).await;
    while Instant::now() + 3 * CALM < end {
        let fault = Fault::any(&mut chance);
        let refused = world.sending.seen().refused_with(503);
        let began = Instant::now();
        let over = fault.happen(&mut world, &mut chance).await;
        let recovered = recovery::after(over, &world).await;
        let resident = world.steady.resident_kib();
        let refused = world.sending.seen().refused_with(503) - refused;
        println!(
            "{:>6} s  {:<16} for {:>6} ms  {recovered}  503: {refused:>6}  {:>3} MiB",
            world.started.elapsed().as_secs(),
            fault.name(),
            (over - began).as_millis(),
            resident >> 10,
        );
        sleep(CALM).await;
        memory.push((world.started.elapsed(), world.steady.resident_kib()));
    }
    sleep_until(end.into()).await;
    world.end().await;
    judge_memory(&memory);
}

/// Prints what the server held over time, and asserts that it does not grow: the last quarter against the second one.
fn judge_memory(memory: &[(Duration, u64)]) {
    println!("\nmemory of the server that was not killed:");
    for (at, kib) in memory.iter().step_by(memory.len().div_ceil(20).max(1)) {
        println!("{:>6} s {:>6} KiB", at.as_secs(), kib);
    }
    let mean = |part: &[(Duration, u64)]| part.iter().map(|(_, kib)| kib).sum::<u64>() / part.len().max(1) as u64;
    let quarter = memory.len() / 4;
    if quarter == 0 {
        println!("too short a time to compare");
        return;
    }
    let (early, late) = (mean(&memory[quarter..2 * quarter]), mean(&memory[memory.len() - quarter..]));
    println!("second quarter {early} KiB, last quarter {late} KiB");
    assert!(late <= early + early / 10, "the server grows");
}
