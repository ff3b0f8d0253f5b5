//! The server's clock is wrong; the real adapters of Stripe's webhooks and of PostgreSQL stand behind it.

use std::sync::Arc;

use chargebook::serve::{App, Ports};
use chargebook_domain::service::Ingest;
use chargebook_domain::{Admission, BookRules};
use chargebook_port_contracts::FixedClock;
use chargebook_source_stripe::{StripeDisputeSource, sign};
use chargebook_stories::Story;
use chargebook_tests::{Event, SECRET, assert_same_books, in_order, number, told, with_orders};
use chrono::TimeDelta;

use super::support::{Answer, Running, app_with_workers, now, ports};

struct Wrong {
    url: String,
    clock: Arc<FixedClock>,
    server: Running,
}

impl Wrong {
    async fn start(stories: &[Story]) -> Self {
        let (url, ledger) = with_orders(stories).await;
        let (ledger, clock) = (Arc::new(ledger), Arc::new(FixedClock::at(now())));
        let source = StripeDisputeSource::new(vec![SECRET.into()]).unwrap();
        let admission = Admission { livemode: false, accounts: [].into() };
        let ingest = Ingest::new(ledger.clone(), BookRules::default(), admission);
        let ports = Ports { source: Some(Arc::new(source)), clock: clock.clone(), ..ports(ledger) };
        let app = App { ingest, workers: Vec::new(), ..app_with_workers(ports) };
        Self { url, clock, server: Running::start(app).await }
    }

    /// Delivers an event that is signed now, to a server whose clock is wrong by so many seconds.
    async fn deliver(&self, event: &Event, wrong_by: i64) -> Answer {
        self.clock.set(now() + TimeDelta::seconds(wrong_by));
        let signature = sign(&event.body, SECRET, now());
        self.server.deliver_signed(Some(&signature), event.body.clone()).await
    }
}

#[tokio::test]
async fn a_clock_that_is_wrong_beyond_the_tolerance_refuses_and_loses_nothing() {
    let stories = told(1);
    let wrong = Wrong::start(&stories).await;
    let event = &in_order(&stories)[0];
    for wrong_by in [301, -301, 86_400] {
        let answer = wrong.deliver(event, wrong_by).await;
        assert_eq!(answer.short(), (400, "timestamp_out_of_tolerance".to_owned()), "{wrong_by}");
    }
    assert_eq!(number(&wrong.url, "SELECT count(*) FROM chargebook.source_events").await, 0);
    assert_eq!(wrong.deliver(event, 0).await.short(), (200, "recorded".to_owned()));
}

#[tokio::test]
async fn a_clock_that_jumps_changes_nothing_in_the_books() {
    let stories = told(30);
    let (right, jumping) = (Wrong::start(&stories).await, Wrong::start(&stories).await);
    let jumps = [0, 299, -299, 120, -60, 240, -240];
    for (event, jump) in in_order(&stories).iter().zip(jumps.into_iter().cycle()) {
        assert_eq!(right.deliver(event, 0).await.status, 200);
        assert_eq!(jumping.deliver(event, jump).await.status, 200, "{jump}");
    }
    assert_same_books(&jumping.url, &right.url).await;
}
