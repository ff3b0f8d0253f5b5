//! How long the server takes to be itself again.

use std::fmt;
use std::time::{Duration, Instant};

use chargebook_tests::Server;
use sqlx::{Connection, PgConnection};
use tokio::time::sleep;

use crate::world::World;

const OFTEN: Duration = Duration::from_millis(5);

/// As long as those who probe usually wait.
const PROBE_WITHIN: Duration = Duration::from_secs(3);

/// Both from when the fault was over.
pub(crate) struct Recovered {
    pub(crate) ready: Duration,
    pub(crate) booking: Duration,
}

impl fmt::Display for Recovered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ready after {:>5} ms, booking after {:>5} ms", self.ready.as_millis(), self.booking.as_millis())
    }
}

/// When a PostgreSQL takes connections.
pub(crate) async fn accepting(url: &str) -> Instant {
    while PgConnection::connect(url).await.is_err() {
        sleep(OFTEN).await;
    }
    Instant::now()
}

/// Waits until the server says that it is ready, and until a delivery is acknowledged.
pub(crate) async fn after(over: Instant, world: &World) -> Recovered {
    let booked = async {
        world.sending.until(|seen| seen.acknowledged.last().is_some_and(|last| last.at > over)).await;
        let seen = world.sending.seen();
        let first = seen.acknowledged.iter().rev().take_while(|one| one.at > over).last();
        first.map_or(Duration::ZERO, |first| first.at - over)
    };
    let (ready, booking) = tokio::join!(ready(over, &world.steady), booked);
    Recovered { ready, booking }
}

/// Waits until a server says that it is ready, and answers how long after `over` that was. No answer is not ready.
pub(crate) async fn ready(over: Instant, server: &Server) -> Duration {
    let client = reqwest::Client::builder().no_proxy().timeout(PROBE_WITHIN).build().unwrap();
    let probe = async || client.get(format!("{}/health/ready", server.base)).send().await;
    while !probe().await.is_ok_and(|answer| answer.status().is_success()) {
        sleep(OFTEN).await;
    }
    over.elapsed()
}
