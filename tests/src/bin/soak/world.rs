//! What faults happen to: a PostgreSQL, a network before it, two servers, and who sends.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use chargebook_stories::Story;
use chargebook_tests::{
    Event, OwnPostgres, Pace, Proxy, Sending, Server, TEST_MODE, assert_booked_once, assert_same_books, import_orders,
    in_order, send_all, shuffled, told, with_orders,
};

/// Deliveries of a story, at least.
const DELIVERIES_OF_A_STORY: u64 = 4;

pub(crate) struct World {
    pub(crate) started: Instant,
    pub(crate) postgres: OwnPostgres,
    pub(crate) proxy: Proxy,
    /// Lives from the beginning to the end.
    pub(crate) steady: Server,
    /// Is killed now and then.
    pub(crate) victim: Server,
    pub(crate) sending: Sending,
    stories: Vec<Story>,
    deliveries: Vec<Event>,
}

impl World {
    /// Starts everything; so many deliveries are sent at this rate.
    pub(crate) async fn start(deliveries: u64, rate: u32) -> Self {
        let stories = told(usize::try_from(deliveries / DELIVERIES_OF_A_STORY + 1).unwrap());
        let mut sent = shuffled(&stories);
        sent.truncate(usize::try_from(deliveries).unwrap());
        let (postgres, ledger) = OwnPostgres::start().await;
        import_orders(&ledger, &stories).await;
        let proxy = Proxy::before(postgres.url()).await;
        let url = proxy.url(postgres.url());
        let steady = Server::start(&url, &TEST_MODE).await;
        let victim = Server::start(&url, &TEST_MODE).await;
        let bases = [steady.base.clone(), victim.base.clone()];
        let sending = Sending::start(&bases, sent.clone(), Pace::PerSecond(rate));
        let started = Instant::now();
        Self { started, postgres, proxy, steady, victim, sending, stories, deliveries: sent }
    }

    /// Kills a server, and starts one at the same address.
    pub(crate) async fn kill_the_victim(&mut self) {
        self.victim.crash().await;
        let address = self.victim.base.trim_start_matches("http://").to_owned();
        let settings = [TEST_MODE[0], ("CHARGEBOOK_HTTP__LISTEN", address.as_str())];
        self.victim = Server::start(&self.proxy.url(self.postgres.url()), &settings).await;
    }

    /// Waits until all is sent, and asserts what must hold.
    pub(crate) async fn end(self) {
        let seen = self.sending.finish().await;
        println!(
            "\n{} deliveries acknowledged: {} recorded, {} known before; refused {:?}, without an answer {}",
            seen.acknowledged.len(),
            seen.resulted_in("recorded"),
            seen.resulted_in("duplicate"),
            seen.refused,
            seen.unanswered
        );
        assert_eq!(seen.acknowledged.len(), self.deliveries.len());
        let peak = self.steady.memory_kib();
        assert_eq!(self.steady.stop().await, 0, "the server ended as it was told to");
        compare(self.postgres.url(), &self.stories, &self.deliveries, &seen).await;
        println!("booked exactly once; the books are those of a calm run; at most {} MiB", peak >> 10);
    }
}

/// Asserts that what was sent is booked once, as if nothing had happened.
pub(crate) async fn compare(url: &str, stories: &[Story], sent: &[Event], seen: &chargebook_tests::Seen) {
    assert_booked_once(url, sent, seen).await;
    let sent: BTreeSet<_> = sent.iter().map(|event| &event.id).collect();
    let (calm, _) = with_orders(stories).await;
    let server = [Arc::new(Server::start(&calm, &TEST_MODE).await)];
    let events = in_order(stories).into_iter().filter(|event| sent.contains(&event.id)).collect();
    send_all(&server, events, 32).await;
    assert_same_books(url, &calm).await;
}
