//! The real server through faults: what was acknowledged is booked exactly once, and the books end as if nothing had
//! happened; a mail goes once. `script/soak` does the same for longer.
#![expect(clippy::unwrap_used, reason = "a test that meets anything unexpected should end")]

mod away;
mod disk;
mod killed;
mod lost_answers;
mod mail_killed;
mod overload;
mod replay;
mod stuck;

use std::sync::Arc;

use chargebook_stories::Story;
use chargebook_tests::{
    Pace, Sending, Server, TEST_MODE, assert_booked_once, assert_same_books, in_order, send_all, shuffled, told,
    with_orders,
};

/// Enough that events are under way when something fails.
const STORIES: usize = 60;

const CONNECTIONS: usize = 16;

/// Books the stories with nothing in the way, and answers where.
async fn calm(stories: &[Story]) -> String {
    let (url, _) = with_orders(stories).await;
    let server = [Arc::new(Server::start(&url, &TEST_MODE).await)];
    send_all(&server, in_order(stories), 8).await;
    url
}

/// Deliveries of the stories, that are under way.
struct Load {
    stories: Vec<Story>,
    sending: Sending,
}

impl Load {
    /// Begins to send all deliveries to these servers.
    fn start(stories: Vec<Story>, servers: &[&Server]) -> Self {
        let bases: Vec<_> = servers.iter().map(|server| server.base.clone()).collect();
        let sending = Sending::start(&bases, shuffled(&stories), Pace::Connections(CONNECTIONS));
        Self { stories, sending }
    }

    /// Waits until this part of the deliveries is acknowledged, in percent.
    async fn is_at(&self, percent: usize) {
        let wanted = shuffled(&self.stories).len() * percent / 100;
        self.sending.until(|seen| seen.acknowledged.len() >= wanted).await;
    }

    /// Waits until a delivery is refused, and answers how many are acknowledged by then.
    async fn is_refused(&self) -> usize {
        let before = self.sending.seen().refused_with(503);
        self.sending.until(|seen| seen.refused_with(503) > before).await;
        self.sending.seen().acknowledged.len()
    }

    /// Waits until all is acknowledged, and compares the books with those of a calm run.
    async fn ends_well(self, url: &str) {
        let events = in_order(&self.stories);
        let seen = self.sending.finish().await;
        assert_eq!(seen.acknowledged.len(), shuffled(&self.stories).len());
        assert_booked_once(url, &events, &seen).await;
        assert_same_books(url, &calm(&self.stories).await).await;
    }
}

fn stories() -> Vec<Story> {
    told(STORIES)
}
