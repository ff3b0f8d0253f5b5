//! A receiver of webhooks on loopback, which can be told to fail.
//!
//! What it reads it remembers, also where the answer is scripted to get lost: so a test can say what a message that came
//! twice was called each time.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::fake_http::{Ending, Manner, Reply, Request, read_request, write_reply};
use crate::fake_server::{self, Listening};

/// The text that stands in each refusal of the fake: it must never reach a person.
pub const ERROR_TEXT: &str = "Text of the receiver, which may change and may name people.";

/// What can go wrong with one request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// An answer with this status and a page.
    Status(u16),
    /// 503 that says when to come again.
    Busy {
        /// The `Retry-After` header.
        retry_after: String,
    },
    /// 307 to this address.
    Redirect {
        /// The `Location` header.
        location: String,
    },
    /// The message is taken, and the connection is closed without an answer.
    Drop,
    /// The message is taken, and the connection stays open and nothing comes.
    Hang,
    /// The message is not taken, and the connection stays open and nothing comes.
    HangUntaken,
    /// The message is taken, and the connection is closed midway in the answer's body.
    CutOff,
}

impl Fault {
    fn is_taken(&self) -> bool {
        matches!(self, Self::Drop | Self::Hang | Self::CutOff)
    }

    fn ending(&self) -> Ending {
        Ending::Reply(match self {
            Self::Status(status) => Reply::html(*status, ERROR_TEXT),
            Self::Busy { retry_after } => {
                Reply::html(503, ERROR_TEXT).with_header("retry-after", Some(retry_after.clone()))
            }
            Self::Redirect { location } => Reply::empty(307).with_header("location", Some(location.clone())),
            Self::Drop => return Ending::Drop,
            Self::Hang | Self::HangUntaken => return Ending::Hang,
            Self::CutOff => {
                let mut reply = Reply::html(200, ERROR_TEXT);
                reply.manner = Manner::CutOff;
                reply
            }
        })
    }
}

/// A request that was read to its end.
#[derive(Clone, Debug)]
pub struct Received {
    request: Arc<Request>,
    /// Whether the receiver took the message, be it that the sender was told so or not.
    pub is_taken: bool,
}

impl Received {
    /// Such as `POST`.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.request.method
    }

    /// The path and the query.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.request.target
    }

    /// The first header of that name, in upper or lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.request.header(name)
    }

    /// The message's id, by which a receiver knows one that comes twice.
    #[must_use]
    pub fn message_id(&self) -> Option<&str> {
        self.header("idempotency-key")
    }

    /// The body, as text.
    #[must_use]
    pub fn body(&self) -> String {
        String::from_utf8_lossy(&self.request.body).into_owned()
    }

    /// When the body was signed, if it was with this secret.
    #[must_use]
    pub fn signed_at(&self, secret: &str) -> Option<DateTime<Utc>> {
        let (at, signature) = self.header("chargebook-signature")?.strip_prefix("t=")?.split_once(",v1=")?;
        let digit = |at: usize| u8::from_str_radix(signature.get(at..at + 2)?, 16).ok();
        let bytes: Vec<u8> = (0..signature.len()).step_by(2).map(digit).collect::<Option<_>>()?;
        let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
        mac.chain_update(format!("{at}.")).chain_update(&self.request.body).verify_slice(&bytes).ok()?;
        DateTime::from_timestamp(at.parse().ok()?, 0)
    }
}

/// A running fake. Dropping it stops it.
#[derive(Debug)]
pub struct FakeReceiver {
    listening: Listening,
    state: Shared,
}

impl FakeReceiver {
    /// Starts a fake on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> io::Result<Self> {
        let state = Shared::default();
        let shared = state.clone();
        let listening = Listening::start(move |stream| serve(stream, shared.clone())).await?;
        Ok(Self { listening, state })
    }

    /// Where messages are taken: any path does.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/hooks", self.listening.address)
    }

    /// Each fault meets one request, in this order and after those scripted before; then messages are taken.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state.lock().faults.extend(faults);
    }

    /// Every request that was read to its end, in the order in which they came.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.state.lock().received.clone()
    }

    /// Waits until so many requests were read since the start.
    pub async fn has_read(&self, requests: usize) {
        let mut read = self.state.lock().read.subscribe();
        // It ends with the fake, which is borrowed.
        let _ = read.wait_for(|read| *read >= requests).await;
    }
}

type Shared = fake_server::Shared<State>;

#[derive(Default, Debug)]
struct State {
    faults: VecDeque<Fault>,
    received: Vec<Received>,
    /// How many requests that are.
    read: watch::Sender<usize>,
}

impl State {
    fn answer(&mut self, request: Request) -> Ending {
        let fault = self.faults.pop_front();
        let is_taken = fault.as_ref().is_none_or(Fault::is_taken);
        self.received.push(Received { request: Arc::new(request), is_taken });
        self.read.send_replace(self.received.len());
        fault.map_or_else(|| Ending::Reply(Reply::empty(200)), |fault| fault.ending())
    }
}

/// One request a connection. Its errors are the client's: a client that goes away is no fault of the fake.
async fn serve(stream: TcpStream, state: Shared) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let Some(request) = read_request(&mut stream).await? else { return Ok(()) };
    let ending = state.lock().answer(request);
    match ending {
        Ending::Reply(reply) => {
            let reply = reply.with_header("connection", Some("close".to_owned()));
            write_reply(&mut stream, reply).await?;
            stream.shutdown().await
        }
        Ending::Hang => std::future::pending().await,
        Ending::Drop => Ok(()),
        Ending::Reset => stream.get_ref().set_zero_linger(),
    }
}
