//! Mails and webhooks that are owed, with receivers that fail at first.
#![expect(clippy::unwrap_used, reason = "what is not as expected should panic")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chargebook_domain::ports::{
    Conclusion, Deed, FollowUps, LedgerError, Mail, MessageClaim, MockOutbox, Notifier, Outbox, OutboxMessage,
    SendOutcome, Sent, Way,
};
use chargebook_domain::service::{Deliver, Delivered};
use chargebook_domain::{BookRules, Observation};
use chargebook_port_contracts::booking::book;
use chargebook_port_contracts::samples::{day, dispute_key, observation};
use chargebook_port_contracts::{FixedClock, InMemoryLedger, RecordingNotifier, RecordingOutgoing};
use chrono::TimeDelta;

fn now<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn message(id: &str, way: Way) -> OutboxMessage {
    OutboxMessage { id: id.to_owned(), way, subject: "A loss".to_owned(), body: r#"{"dispute":"du_1"}"#.to_owned() }
}

fn webhook(id: &str) -> OutboxMessage {
    message(id, Way::Webhook("desk".to_owned()))
}

fn mail(message: &OutboxMessage) -> Mail {
    let OutboxMessage { id, subject, body, .. } = message.clone();
    let html = format!("<p>{body}</p>");
    Mail { reference: id, subject, html, text: body, attachments: Vec::new(), sent_again_at: None }
}

fn refused(retry_after: Option<Duration>) -> SendOutcome {
    SendOutcome::Refused { reason: "it answered 503".to_owned(), retry_after }
}

fn unknown() -> SendOutcome {
    SendOutcome::Unknown { reason: "no answer came".to_owned() }
}

/// Owes messages, and delivers them.
struct Desk {
    ledger: InMemoryLedger,
    clock: Arc<FixedClock>,
    notifier: RecordingNotifier,
    outgoing: RecordingOutgoing,
    delivered: Arc<Mutex<Vec<Delivered>>>,
}

impl Desk {
    async fn owing(messages: &[OutboxMessage], answers: Vec<SendOutcome>) -> Self {
        let desk = Self {
            ledger: InMemoryLedger::default(),
            clock: Arc::new(FixedClock::at(day(0))),
            notifier: RecordingNotifier::scripted(answers.clone()),
            outgoing: RecordingOutgoing::scripted(answers),
            delivered: Arc::default(),
        };
        let seen = Observation { key: dispute_key("du_1"), ..observation("evt_1", "lost", day(0)) };
        book(&desk.ledger, &seen.key.clone(), &[seen], BookRules::default(), day(0)).await.unwrap();
        let follow_up = desk.ledger.claim_follow_ups(day(0), Duration::from_secs(9), 1).await.unwrap().remove(0);
        let deeds = messages.iter().cloned().map(Deed::Send).collect();
        let conclusion = Conclusion { follow_up, customer: None, score: None, rules: Vec::new(), deeds };
        desk.ledger.conclude(&[conclusion], day(0)).await.unwrap();
        desk
    }

    fn deliver(&self) -> Deliver {
        let (outgoing, clock) = (Arc::new(self.outgoing.clone()), self.clock.clone());
        let outbox = Arc::new(self.ledger.clone());
        Deliver::new(outbox, vec![Arc::new(self.notifier.clone())], outgoing, Arc::new(mail), clock)
    }

    /// Runs until nothing is due; answers how each message ended.
    async fn run(&self) -> Vec<Sent> {
        let delivered = Arc::clone(&self.delivered);
        self.deliver().run(|| true, move |one| delivered.lock().unwrap().push(one)).await.unwrap();
        self.delivered.lock().unwrap().drain(..).map(|delivered| delivered.sent).collect()
    }

    fn posted(&self) -> Vec<String> {
        self.outgoing.posted().into_iter().map(|call| call.message_id).collect()
    }
}

#[test]
fn what_is_owed_goes_its_way_once() {
    now(async {
        let desk = Desk::owing(&[message("m1", Way::Mail), webhook("m2")], vec![]).await;
        assert_eq!(desk.run().await, [Sent::Done, Sent::Done]);
        assert_eq!(desk.notifier.sent(), [mail(&message("m1", Way::Mail))]);
        let posted = desk.outgoing.posted();
        assert_eq!((posted[0].message_id.as_str(), posted[0].endpoint.as_str()), ("m2", "desk"));
        assert_eq!((posted[0].body.as_str(), posted[0].sent_at), (r#"{"dispute":"du_1"}"#, day(0)));
        desk.clock.advance(TimeDelta::days(9));
        assert_eq!(desk.run().await, []);
    });
}

#[test]
fn a_receiver_that_fails_at_first_gets_the_same_message_again() {
    now(async {
        let wait = Duration::from_secs(90);
        for (way, failure, seconds) in [
            (webhook("m1"), refused(Some(Duration::ZERO)), 10),
            (webhook("m1"), refused(Some(wait)), 90),
            (webhook("m1"), unknown(), 10),
            (message("m1", Way::Mail), unknown(), 10),
        ] {
            let desk = Desk::owing(std::slice::from_ref(&way), vec![failure.clone()]).await;
            let sent = desk.run().await;
            let [Sent::Again { at, .. }] = sent.as_slice() else { panic!("{sent:?}") };
            assert_eq!(*at, day(0) + TimeDelta::seconds(seconds), "{failure:?}");
            desk.clock.advance(TimeDelta::seconds(seconds));
            assert_eq!(desk.run().await, [Sent::Done]);
            let tries = desk.posted().len() + desk.notifier.sent().len();
            assert_eq!((tries, desk.posted().iter().all(|id| id == "m1")), (2, true));
        }
    });
}

#[test]
fn what_a_person_must_change_is_dead_at_once_and_can_be_sent_again() {
    now(async {
        let desk = Desk::owing(&[webhook("m1")], vec![refused(None)]).await;
        assert_eq!(desk.run().await, [Sent::Dead { reason: "it answered 503".to_owned() }]);
        desk.clock.advance(TimeDelta::days(9));
        assert_eq!(desk.run().await, []);
        assert!(desk.ledger.resend("m1", day(9)).await.unwrap());
        assert_eq!(desk.run().await, [Sent::Done]);
    });
}

#[test]
fn a_receiver_that_never_takes_it_is_not_asked_for_ever() {
    now(async {
        let desk = Desk::owing(&[webhook("m1")], vec![unknown(); 20]).await;
        for attempt in 1..9 {
            let sent = desk.run().await;
            let [Sent::Again { at, .. }] = sent.as_slice() else { panic!("{attempt}: {sent:?}") };
            desk.clock.set(*at);
        }
        assert_eq!(desk.run().await, [Sent::Dead { reason: "no answer came".to_owned() }]);
        assert_eq!(desk.posted().len(), 9);
    });
}

#[test]
fn one_that_fails_keeps_no_other_back() {
    now(async {
        let messages = [webhook("m1"), webhook("m2"), message("m3", Way::Webhook("No Name".to_owned()))];
        let desk = Desk::owing(&messages, vec![unknown()]).await;
        let sent = desk.run().await;
        assert!(matches!(sent.as_slice(), [Sent::Again { .. }, Sent::Done, Sent::Dead { .. }]), "{sent:?}");
        assert_eq!(desk.posted(), ["m1", "m2"]);
    });
}

#[test]
fn it_goes_on_for_as_long_as_it_may() {
    now(async {
        let desk = Desk::owing(&[webhook("m1"), webhook("m2")], vec![]).await;
        let mut rounds = 0;
        let may_go_on = || {
            rounds += 1;
            rounds < 2
        };
        desk.deliver().run(may_go_on, |_| {}).await.unwrap();
        assert_eq!(desk.posted(), ["m1"], "and the other one is not claimed");
        assert_eq!(desk.run().await, [Sent::Done]);
    });
}

#[test]
fn where_the_ledger_cannot_keep_how_it_ended_the_error_is_told() {
    now(async {
        let mut outbox = MockOutbox::new();
        outbox
            .expect_claim_messages()
            .returning(|_, _, _| Ok(vec![MessageClaim { message: webhook("m1"), attempt: 1 }]));
        outbox.expect_settle_message().times(1).returning(|_, _, _| Err(LedgerError::Unavailable("away".into())));
        let desk = Desk::owing(&[], vec![]).await;
        let (notifier, outgoing) = (Arc::new(desk.notifier.clone()), Arc::new(desk.outgoing.clone()));
        let deliver = Deliver::new(Arc::new(outbox), vec![notifier], outgoing, Arc::new(mail), desk.clock.clone());
        assert!(matches!(deliver.run(|| true, |_| {}).await, Err(LedgerError::Unavailable(_))));
        assert_eq!(desk.posted(), ["m1"]);
    });
}

#[test]
fn a_mail_goes_on_the_first_channel_that_takes_it() {
    now(async {
        let message = message("m1", Way::Mail);
        for (answers, sent, ended) in [
            ([refused(None), SendOutcome::Accepted { receipt: None }], [1, 1], Some(Sent::Done)),
            ([SendOutcome::Accepted { receipt: None }, refused(None)], [1, 0], Some(Sent::Done)),
            ([unknown(), SendOutcome::Accepted { receipt: None }], [1, 1], Some(Sent::Done)),
            ([unknown(), refused(None)], [1, 1], None),
            ([refused(None), refused(Some(Duration::ZERO))], [1, 1], None),
            ([refused(None), refused(None)], [1, 1], Some(Sent::Dead { reason: "it answered 503".to_owned() })),
        ] {
            let desk = Desk::owing(std::slice::from_ref(&message), vec![]).await;
            let channels = answers.map(|answer| RecordingNotifier::scripted([answer]));
            let notifiers = channels.iter().map(|channel| Arc::new(channel.clone()) as Arc<dyn Notifier>).collect();
            let (outbox, outgoing) = (Arc::new(desk.ledger.clone()), Arc::new(desk.outgoing.clone()));
            let deliver = Deliver::new(outbox, notifiers, outgoing, Arc::new(mail), desk.clock.clone());
            let mut delivered = Vec::new();
            deliver.run(|| true, |one| delivered.push(one.sent)).await.unwrap();
            assert_eq!(channels.map(|channel| channel.sent().len()), sent);
            match ended {
                Some(ended) => assert_eq!(delivered, [ended]),
                None => assert!(matches!(delivered[..], [Sent::Again { .. }]), "{delivered:?}"),
            }
        }
    });
}
