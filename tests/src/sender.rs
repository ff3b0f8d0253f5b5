//! Sends webhooks as Stripe does, only faster: each again and again until it is answered 200.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chargebook::clock::SystemClock;
use chargebook_domain::ports::Clock;
use chargebook_source_stripe::sign;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{interval, sleep, timeout};

use crate::server::reply;
use crate::{Event, Reply, SECRET};

/// How long a sender waits before it sends the same event again.
const PAUSE: Duration = Duration::from_millis(50);

/// As long as Stripe waits for an answer, roughly.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// How long is waited for what must come.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long is waited until all is acknowledged.
const PATIENCE_FOR_ALL: Duration = Duration::from_mins(8);

/// How events are sent.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// From so many connections, each with its next event when the last one was acknowledged.
    Connections(usize),
    /// So many a second, whatever became of those before.
    PerSecond(u32),
}

/// An event that was answered 200.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    /// The event.
    pub id: String,
    /// When it was.
    pub at: Instant,
    /// What became of it: `recorded`, `duplicate` and so on.
    pub result: String,
}

/// What the sender has seen so far.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// What was answered 200, in this order.
    pub acknowledged: Vec<Acknowledged>,
    /// How often each other answer came: its status, and the code of the error.
    pub refused: BTreeMap<(u16, String), usize>,
    /// How often there was no answer.
    pub unanswered: usize,
}

impl Seen {
    /// How often it was answered with this status.
    #[must_use]
    pub fn refused_with(&self, status: u16) -> usize {
        self.refused.iter().filter(|((refused, _), _)| *refused == status).map(|(_, times)| times).sum()
    }

    fn note(&mut self, event: &Event, reply: Result<Reply, reqwest::Error>) {
        match reply {
            Ok(Reply { status: 200, word: result, .. }) => {
                self.acknowledged.push(Acknowledged { id: event.id.clone(), at: Instant::now(), result });
            }
            Ok(reply) => {
                assert_eq!(reply.retry_after.is_some(), reply.status == 503, "{}", reply.text);
                *self.refused.entry((reply.status, reply.word)).or_default() += 1;
            }
            Err(_) => self.unanswered += 1,
        }
    }

    /// How many were acknowledged with this result.
    #[must_use]
    pub fn resulted_in(&self, result: &str) -> usize {
        self.acknowledged.iter().filter(|acknowledged| acknowledged.result == result).count()
    }
}

/// A sender at work. Dropping it ends it.
#[derive(Debug)]
pub struct Sending {
    seen: watch::Sender<Seen>,
    task: JoinHandle<()>,
}

/// To whom, and what came of it.
#[derive(Clone)]
struct Sender {
    client: reqwest::Client,
    bases: Arc<Vec<String>>,
    seen: watch::Sender<Seen>,
}

impl Sending {
    /// Begins to send events to the servers at `bases`; an event that one refuses is sent to the next.
    #[must_use]
    pub fn start(bases: &[String], events: Vec<Event>, pace: Pace) -> Self {
        let client = reqwest::Client::builder().no_proxy().timeout(ANSWER_WITHIN).build().unwrap();
        let seen = watch::Sender::new(Seen::default());
        let sender = Sender { client, bases: Arc::new(bases.to_vec()), seen: seen.clone() };
        let task = tokio::spawn(async move {
            match pace {
                Pace::Connections(connections) => sender.send_in_turn(events, connections).await,
                Pace::PerSecond(rate) => sender.send_at_a_rate(events, rate).await,
            }
        });
        Self { seen, task }
    }

    /// What it has seen so far.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    /// Waits until something was seen.
    pub async fn until(&self, is_seen: impl Fn(&Seen) -> bool) {
        let mut seen = self.seen.subscribe();
        let waited = timeout(PATIENCE, seen.wait_for(is_seen)).await;
        assert!(waited.is_ok(), "what is waited for does not come: {:?}", self.seen().refused);
    }

    /// Waits until all are acknowledged. No answer was anything but 200 or 503.
    pub async fn finish(mut self) -> Seen {
        let all = timeout(PATIENCE_FOR_ALL, &mut self.task).await;
        all.unwrap_or_else(|_| panic!("not all is acknowledged: {:?}", self.seen().refused)).unwrap();
        let seen = self.seen();
        assert!(seen.refused.keys().all(|(status, _)| *status == 503), "{:?}", seen.refused);
        seen
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Sender {
    async fn send_in_turn(self, events: Vec<Event>, connections: usize) {
        let events = Arc::new(Mutex::new(events.into_iter().enumerate().collect::<VecDeque<_>>()));
        let mut sending = JoinSet::new();
        for _ in 0..connections {
            let (sender, events) = (self.clone(), Arc::clone(&events));
            sending.spawn(async move {
                loop {
                    let next = events.lock().unwrap().pop_front();
                    let Some((number, event)) = next else { return };
                    sender.deliver(number, &event).await;
                }
            });
        }
        sending.join_all().await;
    }

    async fn send_at_a_rate(self, events: Vec<Event>, rate: u32) {
        let mut planned = interval(Duration::from_secs(1) / rate);
        let mut sending = JoinSet::new();
        for (number, event) in events.into_iter().enumerate() {
            planned.tick().await;
            let sender = self.clone();
            sending.spawn(async move { sender.deliver(number, &event).await });
        }
        sending.join_all().await;
    }

    /// Sends one event until it is acknowledged, beginning with another server each time.
    async fn deliver(&self, number: usize, event: &Event) {
        for base in self.bases.iter().cycle().skip(number % self.bases.len()) {
            let reply = self.post(base, event).await;
            let is_done = reply.as_ref().is_ok_and(|reply| reply.status == 200);
            self.seen.send_modify(|seen| seen.note(event, reply));
            if is_done {
                return;
            }
            sleep(PAUSE).await;
        }
    }

    async fn post(&self, base: &str, event: &Event) -> Result<Reply, reqwest::Error> {
        let signature = sign(&event.body, SECRET, SystemClock.now());
        let request = self.client.post(format!("{base}/webhooks/stripe")).header("stripe-signature", signature);
        reply(request.body(event.body.clone()).send().await?).await
    }
}
