use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chargebook::limits::Limits;
use chargebook::serve::Ports;
use chargebook::workers::Worker;
use chargebook_domain::BookRules;
use chargebook_domain::ports::Sealed;
use chargebook_domain::ports::{
    Claim, ClaimRequest, DayMail, Due, MockNotifier, MockOrderBook, MockSummaries, Notifier, OrderBook, SendOutcome,
    Summaries,
};
use chargebook_domain::summary::DayBooks;
use chargebook_port_contracts::samples;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::support::{Running, app, app_with_workers, ledger, ports, unavailable};

fn quiet_day() -> DayBooks {
    DayBooks { sealed: true, ..DayBooks::empty(samples::date(2), BookRules::default().time_zone) }
}

/// Yesterday is sealed and not mailed yet.
fn summaries(done: mpsc::UnboundedSender<&'static str>) -> MockSummaries {
    let mut summaries = MockSummaries::new();
    let yesterday = samples::date(2);
    let sealed = Sealed { last: Some(yesterday), first_recorded: Some(yesterday) };
    summaries.expect_sealed().returning(move |_| Ok(sealed));
    summaries.expect_undelivered().returning(move |channels, _, _| {
        Ok(vec![Due { mail: DayMail::together(yesterday), channel: channels[0].clone(), sent_as: None }])
    });
    summaries.expect_in_doubt().returning(|_, _, _| Ok(Vec::new()));
    summaries.expect_books().returning(|_, _| Ok(quiet_day()));
    summaries.expect_keep().returning(|_, books| Ok(books));
    summaries.expect_claim().times(1).returning(|request| {
        let ClaimRequest { mails, channel, reference, now, .. } = request.clone();
        let attempts = mails.into_iter().map(|mail| (mail, 1)).collect();
        Ok(Some(Claim { attempts, channel, reference, begun_at: now }))
    });
    summaries.expect_settle().times(1).returning(move |_, _, _| {
        done.send("settled").unwrap();
        Ok(())
    });
    summaries
}

#[tokio::test]
async fn a_server_matches_orders_and_mails_the_day_as_soon_as_it_starts() {
    let (done, mut seen) = mpsc::unbounded_channel();
    let mut orders = MockOrderBook::new();
    let swept = done.clone();
    orders.expect_due().returning(move |_, _| {
        swept.send("swept").unwrap();
        Ok(vec![])
    });
    let mut notifier = MockNotifier::new();
    notifier.expect_channel().return_const("mock");
    notifier.expect_place().returning(|| None);
    notifier
        .expect_send()
        .withf(|mail, _| mail.reference == "summary/2026-01-07")
        .times(1)
        .returning(|_, _| SendOutcome::Accepted { receipt: None });
    let (orders, summaries): (Arc<dyn OrderBook>, Arc<dyn Summaries>) = (Arc::new(orders), Arc::new(summaries(done)));
    let notifiers: Vec<Arc<dyn Notifier>> = vec![Arc::new(notifier)];
    let world = Ports { orders, summaries, notifiers, ..ports(Arc::new(ledger())) };
    let server = Running::start(app_with_workers(world)).await;
    let mut both = [seen.recv().await.unwrap(), seen.recv().await.unwrap()];
    both.sort_unstable();
    assert_eq!(both, ["settled", "swept"]);
    timeout(Limits::default().finish_within, server.stop()).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn a_worker_goes_on_after_errors_and_panics() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let turns = Arc::new(AtomicUsize::new(0));
    let worker = Worker::new("tested", Duration::from_millis(1), move || {
        let (turn, tell) = (turns.fetch_add(1, Ordering::Relaxed), tell.clone());
        async move {
            let _ = tell.send(turn);
            match turn {
                0 => Err(unavailable()),
                1 => panic!("this panic is part of the test"),
                _ => Ok(()),
            }
        }
    });
    let mut app = app(Arc::new(ledger()));
    app.workers.push(worker);
    let server = Running::start(app).await;
    for turn in 0..4 {
        assert_eq!(told.recv().await, Some(turn));
    }
    timeout(Limits::default().finish_within, server.stop()).await.unwrap().unwrap().unwrap();
}
