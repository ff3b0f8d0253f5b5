//! A server over mocks, and a client for it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chargebook::metrics::{CountWaiting, Waiting};
use chargebook::serve::{App, ListenError, Policy, Ports, serve};
use chargebook_domain::alerts::AlertRules;
use chargebook_domain::ports::{
    Answer as Booked, Delivery, DeliveryRefused, Entry, Ledger, LedgerError, Lookup, Mail, Mails, MockAliases,
    MockCustomers, MockDisputeSource, MockLedger, MockNotifier, MockOrderBook, MockOverview, MockSummaries, Reading,
    SourceEvent,
};
use chargebook_domain::service::{Missed, Schedule};
use chargebook_domain::{AccountId, Admission, BookRules, Stored};
use chargebook_port_contracts::{FixedClock, samples};
use chrono::{DateTime, NaiveTime, Utc};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;

/// What no answer may ever hold.
pub(super) const SECRET: &str = "SELECT secret FROM library_text";

/// When it is, in all of these tests.
pub(super) fn now() -> DateTime<Utc> {
    samples::day(3)
}

/// Reads bodies such as `dispute evt_1`; the signature `good` is right.
pub(super) fn source() -> MockDisputeSource {
    let mut source = MockDisputeSource::new();
    source.expect_receive().returning(receive);
    source
}

pub(super) fn receive(delivery: &Delivery<'_>) -> Result<SourceEvent, DeliveryRefused> {
    let body = std::str::from_utf8(delivery.body).map_err(|_| DeliveryRefused::BodyNotUtf8)?;
    match delivery.signature.ok_or(DeliveryRefused::SignatureMissing)? {
        "good" => {}
        "old" => return Err(DeliveryRefused::TimestampOutOfTolerance),
        _ => return Err(DeliveryRefused::SignatureInvalid),
    }
    let mut words = body.split_whitespace();
    let (kind, id) = (words.next().unwrap_or_default(), words.next().unwrap_or("evt_none"));
    let mut observation = samples::observation(id, "lost", samples::day(2));
    // A dispute of its own, so that deliveries of one batch are booked as entries of their own.
    observation.key = samples::dispute_key(&id.replace("evt", "du"));
    let (event_type, reading) = match kind {
        "dispute" => ("charge.dispute.closed", Reading::Dispute(Box::new(observation))),
        "other" => ("customer.created", Reading::NotADispute),
        _ => ("charge.dispute.created", Reading::NotUnderstood { reason: "no dispute in it".to_owned() }),
    };
    let (account, id) = (AccountId::own(), samples::cause_id(id));
    Ok(SourceEvent { account, id, event_type: event_type.to_owned(), livemode: Some(true), reading })
}

/// Records everything; what has `again` in its id was known before.
pub(super) fn ledger() -> MockLedger {
    let mut ledger = MockLedger::new();
    ledger.expect_load().returning(|lookups| Ok(vec![Stored::default(); lookups.len()]));
    ledger.expect_record().returning(|batch, _| Ok(batch.iter().map(recorded).collect()));
    ledger
}

pub(super) fn recorded(entry: &Entry) -> Booked {
    let known_before = entry.causes.iter().map(|cause| cause.id.as_str().contains("again")).collect();
    Booked::Recorded { known_before }
}

pub(super) fn unavailable() -> LedgerError {
    LedgerError::Unavailable(SECRET.into())
}

/// A ledger that commits when the test lets it.
pub(super) struct HeldLedger {
    inner: Arc<dyn Ledger>,
    /// A permit for each batch that has come.
    pub(super) came: Semaphore,
    /// A permit for each batch that may go.
    pub(super) may_go: Semaphore,
}

impl HeldLedger {
    pub(super) fn before(inner: Arc<dyn Ledger>) -> Arc<Self> {
        Arc::new(Self { inner, came: Semaphore::new(0), may_go: Semaphore::new(0) })
    }

    pub(super) async fn wait_for_batch(&self) {
        self.came.acquire().await.unwrap().forget();
    }
}

#[async_trait]
impl Ledger for HeldLedger {
    async fn load(&self, lookups: &[Lookup]) -> Result<Vec<Stored>, LedgerError> {
        self.inner.load(lookups).await
    }

    async fn record(&self, batch: &[Entry], at: DateTime<Utc>) -> Result<Vec<Booked>, LedgerError> {
        if !batch.is_empty() {
            self.came.add_permits(1);
            self.may_go.acquire().await.unwrap().forget();
        }
        self.inner.record(batch, at).await
    }
}

/// Keeps every count, and may be asked for nothing.
pub(super) fn overview() -> MockOverview {
    let mut overview = MockOverview::new();
    overview.expect_count_deliveries().returning(|_| Ok(()));
    overview
}

/// Nothing is joined.
fn aliases() -> MockAliases {
    let mut aliases = MockAliases::new();
    aliases.expect_twins().returning(|_| Ok(vec![]));
    aliases
}

/// Ports of which only the source, the ledger and the clock may be used.
pub(super) fn ports(ledger: Arc<dyn Ledger>) -> Ports {
    let count: Arc<CountWaiting> =
        Arc::new(|| Box::pin(async { Ok(Waiting { orphans: 2, quarantined: 3, unsealed: 5, owed_reads: 7 }) }));
    Ports {
        source: Some(Arc::new(source())),
        shops: BTreeMap::new(),
        ledger,
        orders: Arc::new(MockOrderBook::new()),
        aliases: Arc::new(aliases()),
        summaries: Arc::new(MockSummaries::new()),
        overview: Arc::new(overview()),
        customers: Arc::new(MockCustomers::new()),
        alerts: None,
        notifiers: vec![Arc::new(MockNotifier::new())],
        mail_checks: Vec::new(),
        journals: None,
        clock: Arc::new(FixedClock::at(now())),
        count_waiting: count,
        asking: None,
        acting: None,
        monitor: None,
    }
}

pub(super) fn app_with_workers(ports: Ports) -> App {
    let rules = BookRules::default();
    let schedule = Schedule {
        zone: rules.time_zone,
        send_at: NaiveTime::MIN,
        books_start: None,
        mails: Mails::Together,
        missed: Missed::Each,
    };
    let policy = Policy {
        rules,
        admission: Admission { livemode: true, accounts: [].into() },
        lands_orders: true,
        schedule,
        alerts: AlertRules {
            summary_after: None,
            silence: None,
            quarantined: false,
            reinstated_within: None,
            evidence_within: None,
            order_within: None,
        },
        write_mail: Arc::new(|summary, _| Mail {
            reference: format!("summary/{}", summary.date),
            subject: "the day".to_owned(),
            html: String::new(),
            text: String::new(),
            attachments: Vec::new(),
            sent_again_at: None,
        }),
        api_tokens: Vec::new(),
    };
    App::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), ports, policy)
}

pub(super) fn app(ledger: Arc<dyn Ledger>) -> App {
    App { workers: Vec::new(), ..app_with_workers(ports(ledger)) }
}

/// A server that runs.
pub(super) struct Running {
    pub(super) address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), ListenError>>,
    client: reqwest::Client,
}

/// What it answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) retry_after: Option<String>,
    pub(super) allow: Option<String>,
    pub(super) text: String,
}

impl Answer {
    async fn of(response: reqwest::Response) -> Self {
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (retry_after, allow) = (header("retry-after"), header("allow"));
        let status = response.status().as_u16();
        Self { status, retry_after, allow, text: response.text().await.unwrap() }
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    /// The status, and the result or the error's code.
    pub(super) fn short(&self) -> (u16, String) {
        let json = self.json();
        let word = json["result"].as_str().or(json["error"]["code"].as_str()).or(json["status"].as_str());
        (self.status, word.unwrap_or_default().to_owned())
    }
}

impl Running {
    pub(super) async fn start(app: App) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = oneshot::channel();
        let shutdown = async move { drop(stopped.await) };
        let served = tokio::spawn(serve(app, shutdown, |address| tell.send(address).unwrap()));
        let address = told.await.unwrap();
        let client = reqwest::Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
        Self { address, stop, served, client }
    }

    /// Tells it to stop; ends when it has.
    pub(super) fn stop(self) -> JoinHandle<Result<(), ListenError>> {
        self.stop.send(()).unwrap();
        self.served
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.client.get(self.url(path)).send().await.unwrap()).await
    }

    pub(super) async fn get_as(&self, path: &str, authorization: &str) -> Answer {
        Answer::of(self.client.get(self.url(path)).header("authorization", authorization).send().await.unwrap()).await
    }

    pub(super) async fn deliver(&self, body: impl Into<Vec<u8>>) -> Answer {
        self.deliver_signed(Some("good"), body).await
    }

    pub(super) async fn deliver_signed(&self, signature: Option<&str>, body: impl Into<Vec<u8>>) -> Answer {
        let mut request = self.client.post(self.url("/webhooks/stripe")).body(body.into());
        if let Some(signature) = signature {
            request = request.header("Stripe-Signature", signature);
        }
        Answer::of(request.send().await.unwrap()).await
    }

    /// Delivers beside the test.
    pub(super) fn deliver_later(&self, body: &str) -> JoinHandle<Answer> {
        let request = self.client.post(self.url("/webhooks/stripe")).header("Stripe-Signature", "good");
        let request = request.body(body.to_owned());
        tokio::spawn(async move { Answer::of(request.send().await.unwrap()).await })
    }

    /// Writes bytes on a connection of its own; answers with what came until the server closed it.
    pub(super) async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        // The server may close a connection while bytes are on their way to it.
        drop(stream.read_to_end(&mut answer).await);
        String::from_utf8(answer).unwrap()
    }
}
