//! PostgreSQL is away for five seconds while 200 events a second come.

use std::slice::from_ref;
use std::time::{Duration, Instant};

use chargebook_tests::{OwnPostgres, Pace, Sending, Server, Stop, TEST_MODE, import_orders, in_order, told};
use tokio::join;
use tokio::time::sleep;

use crate::{recovery, world};

const EVENTS: usize = 6_000;
const RATE: u32 = 200;
const BEFORE: Duration = Duration::from_secs(10);
const AWAY: Duration = Duration::from_secs(5);
const WITHIN: Duration = Duration::from_secs(1);

pub(crate) async fn run() {
    let stories = told(EVENTS / 3);
    let mut events = in_order(&stories);
    assert!(events.len() >= EVENTS, "{} events", events.len());
    events.truncate(EVENTS);
    for how in [Stop::Fast, Stop::Immediate] {
        let (mut postgres, ledger) = OwnPostgres::start().await;
        import_orders(&ledger, &stories).await;
        let server = Server::start(postgres.url(), &TEST_MODE).await;
        let process = server.process();
        let began = Instant::now();
        let sending = Sending::start(from_ref(&server.base), events.clone(), Pace::PerSecond(RATE));
        sleep(BEFORE).await;

        let stopped = Instant::now();
        postgres.stop(how).await;
        sleep(AWAY.saturating_sub(stopped.elapsed())).await;
        let before = sending.seen();
        assert!(before.refused_with(503) > 0, "503 meanwhile");
        let url = postgres.url().to_owned();
        let (back, started) = join!(recovery::accepting(&url), postgres.start_again());
        started.unwrap();
        let ready = recovery::ready(back, &server).await;
        let seen = sending.finish().await;

        let away = back - stopped;
        let first = seen.acknowledged.iter().map(|one| one.at).find(|at| *at > stopped + away / 2).unwrap();
        let booking = first.saturating_duration_since(back);
        println!(
            "{how:?}: away for {} ms; ready {} ms and booking {} ms after its return; {} events in {} ms, {} times 503, {} \
             times no answer, {} known before; at most {} MiB",
            away.as_millis(),
            ready.as_millis(),
            booking.as_millis(),
            seen.acknowledged.len(),
            began.elapsed().as_millis(),
            seen.refused_with(503),
            seen.unanswered,
            seen.resulted_in("duplicate"),
            server.memory_kib() >> 10,
        );
        assert_eq!(server.process(), process);
        assert_eq!(seen.acknowledged.len(), EVENTS);
        assert!(seen.unanswered == 0, "the server has always answered");
        world::compare(postgres.url(), &stories, &events, &seen).await;
        assert_eq!(server.stop().await, 0, "it ends when it is told to, and not before");
        assert!(ready <= WITHIN && booking <= WITHIN, "within a second");
    }
}
