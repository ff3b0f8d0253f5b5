//! Webhooks that do not stop, through a load balancer in miniature.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chargebook_tests::{Event, Server};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};

/// How often the balancer asks each server whether it is ready.
const CHECK_EVERY: Duration = Duration::from_millis(20);

const CONNECTIONS: usize = 4;

/// How long is waited for what must come.
const PATIENCE: Duration = Duration::from_mins(1);

/// Passes each webhook to a server that was ready when it was last asked, and only once.
#[derive(Default)]
pub(super) struct Balancer {
    servers: watch::Sender<Vec<(Arc<Server>, bool)>>,
}

impl Balancer {
    pub(super) fn add(&self, server: &Arc<Server>) {
        self.servers.send_modify(|servers| servers.push((Arc::clone(server), false)));
    }

    /// Forgets a server that is gone.
    pub(super) fn remove(&self, server: &Arc<Server>) {
        self.servers.send_modify(|servers| servers.retain(|(known, _)| !Arc::ptr_eq(known, server)));
    }

    /// Waits until it takes a server for ready, or for not ready.
    pub(super) async fn notices(&self, server: &Arc<Server>, is_ready: bool) {
        let is_noticed = |servers: &Vec<(Arc<Server>, bool)>| {
            servers.iter().any(|(known, ready)| Arc::ptr_eq(known, server) && *ready == is_ready)
        };
        let mut servers = self.servers.subscribe();
        timeout(PATIENCE, servers.wait_for(is_noticed)).await.expect("it is not noticed").unwrap();
    }

    async fn check(&self, client: &reqwest::Client) {
        let known: Vec<_> = self.servers.borrow().iter().map(|(server, _)| Arc::clone(server)).collect();
        for server in known {
            let answer = client.get(format!("{}/health/ready", server.base)).send().await;
            let is_ready = answer.is_ok_and(|answer| answer.status() == 200);
            self.servers.send_modify(|servers| {
                servers
                    .iter_mut()
                    .filter(|(known, _)| Arc::ptr_eq(known, &server))
                    .for_each(|known| known.1 = is_ready);
            });
        }
    }

    /// One of the servers that are ready, in turn.
    async fn pick(&self, nth: usize) -> Arc<Server> {
        let mut servers = self.servers.subscribe();
        let servers = timeout(PATIENCE, servers.wait_for(|servers| servers.iter().any(|(_, is_ready)| *is_ready)));
        let servers = servers.await.expect("no server gets ready").unwrap();
        let ready: Vec<_> = servers.iter().filter(|(_, is_ready)| *is_ready).collect();
        Arc::clone(&ready[nth % ready.len()].0)
    }
}

/// Webhooks under way. Every one must be answered 200 at the first try.
pub(super) struct Load {
    seen: watch::Sender<Seen>,
    end: watch::Sender<bool>,
    sending: JoinSet<()>,
}

#[derive(Default)]
struct Seen {
    answered: usize,
    acknowledged: BTreeSet<String>,
}

impl Load {
    /// Begins to send the events through the balancer, each again and again.
    pub(super) fn start(balancer: &Arc<Balancer>, events: &[Event]) -> Self {
        let (seen, end) = (watch::Sender::default(), watch::Sender::new(false));
        let mut sending = JoinSet::new();
        for part in events.chunks(events.len().div_ceil(CONNECTIONS)) {
            sending.spawn(send(Arc::clone(balancer), part.to_vec(), seen.clone(), end.subscribe()));
        }
        let (balancer, ended) = (Arc::clone(balancer), end.subscribe());
        sending.spawn(async move {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let mut ticks = interval(CHECK_EVERY);
            while !*ended.borrow() {
                ticks.tick().await;
                balancer.check(&client).await;
            }
        });
        Self { seen, end, sending }
    }

    /// Waits until so many more were answered 200.
    pub(super) async fn answered_more(&self, more: usize) {
        let mut seen = self.seen.subscribe();
        let before = seen.borrow().answered;
        let answered = seen.wait_for(|seen| seen.answered >= before + more);
        timeout(PATIENCE, answered).await.expect("webhooks are not answered").unwrap();
    }

    /// The events that were answered 200 so far.
    pub(super) fn acknowledged(&self) -> BTreeSet<String> {
        self.seen.borrow().acknowledged.clone()
    }

    /// Ends when every event was answered once at least.
    pub(super) async fn finish(self) {
        self.end.send_replace(true);
        self.sending.join_all().await;
    }
}

async fn send(balancer: Arc<Balancer>, events: Vec<Event>, seen: watch::Sender<Seen>, ended: watch::Receiver<bool>) {
    for (nth, event) in events.iter().cycle().enumerate() {
        if nth >= events.len() && *ended.borrow() {
            return;
        }
        let server = balancer.pick(nth).await;
        let reply = server.try_send(event).await.unwrap_or_else(|error| panic!("{} was cut off: {error:?}", event.id));
        assert_eq!(reply.status, 200, "{}: {}", event.id, reply.text);
        seen.send_modify(|seen| {
            seen.answered += 1;
            seen.acknowledged.insert(event.id.clone());
        });
    }
}
