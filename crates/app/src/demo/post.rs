//! Sends webhooks as Stripe does: signed, over HTTP, on many connections, and again when they were not taken.

use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::ops::AddAssign;
use std::sync::Arc;
use std::time::Duration;

use chargebook_domain::ports::Clock;
use chargebook_source_stripe::sign;
use chargebook_stories::Event;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reqwest::StatusCode;
use serde::Deserialize;

use super::place::SECRET;
use super::{DemoError, failed};

/// How many webhooks are on their way at a time, each on its own connection.
pub(super) const CONNECTIONS: usize = 16;

/// How often a webhook is sent until it is taken.
const ATTEMPTS_MAX: u32 = 5;

/// The server answers within 8 seconds, or is not there.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// How webhooks were answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Answers {
    pub(super) recorded: u64,
    pub(super) duplicate: u64,
    pub(super) ignored: u64,
    pub(super) quarantined: u64,
}

impl Answers {
    pub(super) fn all(self) -> u64 {
        self.recorded + self.duplicate + self.ignored + self.quarantined
    }
}

impl AddAssign for Answers {
    fn add_assign(&mut self, other: Self) {
        self.recorded += other.recorded;
        self.duplicate += other.duplicate;
        self.ignored += other.ignored;
        self.quarantined += other.quarantined;
    }
}

/// The body of an answer.
#[derive(Deserialize)]
struct Answer {
    result: Receipt,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Receipt {
    Recorded,
    Duplicate,
    Ignored,
    Quarantined,
}

/// Posts webhooks to a server.
pub(super) struct Stripe {
    client: reqwest::Client,
    url: String,
    clock: Arc<dyn Clock>,
}

impl Stripe {
    /// Posts to the server at `address`, whose clock is `clock`.
    pub(super) fn new(address: SocketAddr, clock: Arc<dyn Clock>) -> Result<Self, DemoError> {
        // No proxy: whatever is set for the outside world, this server is on this machine.
        let client = reqwest::Client::builder()
            .timeout(ANSWER_WITHIN)
            .no_proxy()
            .pool_max_idle_per_host(CONNECTIONS)
            .build()
            .map_err(failed("make an HTTP client"))?;
        Ok(Self { client, url: format!("http://{address}/webhooks/stripe"), clock })
    }

    /// Posts all of them, with a bar on a terminal.
    pub(super) async fn post_all(&self, deliveries: &[&Event]) -> Result<Answers, DemoError> {
        let bar = bar(deliveries.len());
        let answers = stream::iter(deliveries)
            .map(|event| self.post(event))
            .buffer_unordered(CONNECTIONS)
            .inspect_ok(|_| bar.inc(1))
            .try_fold(Answers::default(), async |mut answers, receipt| {
                match receipt {
                    Receipt::Recorded => answers.recorded += 1,
                    Receipt::Duplicate => answers.duplicate += 1,
                    Receipt::Ignored => answers.ignored += 1,
                    Receipt::Quarantined => answers.quarantined += 1,
                }
                Ok(answers)
            })
            .await;
        bar.finish_and_clear();
        answers
    }

    async fn post(&self, event: &Event) -> Result<Receipt, DemoError> {
        let mut attempt = 1;
        loop {
            let signature = sign(&event.body, SECRET, self.clock.now());
            let request = self.client.post(&self.url).header("stripe-signature", signature).body(event.body.clone());
            match request.send().await.map_err(failed("reach its server"))? {
                taken if taken.status() == StatusCode::OK => {
                    let answer = taken.bytes().await.map_err(failed("read an answer of its server"))?;
                    let answer: Answer = serde_json::from_slice(&answer).map_err(failed("read an answer"))?;
                    return Ok(answer.result);
                }
                busy if busy.status() == StatusCode::SERVICE_UNAVAILABLE && attempt < ATTEMPTS_MAX => {
                    attempt += 1;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                refused => return Err(DemoError::WebhookRefused { status: refused.status().as_u16() }),
            }
        }
    }
}

fn bar(len: usize) -> ProgressBar {
    let is_terminal = io::stderr().is_terminal();
    let target = if is_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template("  {bar:40} {pos}/{len} webhooks, {per_sec}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(u64::try_from(len).ok(), target).with_style(style)
}
