//! The real server, and how webhooks are sent to it.

use std::env;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use chargebook::clock::SystemClock;
use chargebook_domain::ports::Clock;
use chargebook_source_stripe::sign;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::{Event, Pace, Sending, assert_nothing_planted, binary, scratch_folder};

/// The secret that the server of a test accepts.
pub const SECRET: &str = "whsec_planted_by_the_end_to_end_tests";

/// A running server. Dropping it kills it, and asserts that nothing is in its log that may not be.
pub struct Server {
    /// Its address, `http://127.0.0.1:port`.
    pub base: String,
    /// Its folder.
    pub folder: PathBuf,
    child: Child,
    client: reqwest::Client,
    log: Arc<Mutex<String>>,
    logging: JoinHandle<()>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// `result`, or the code of the error.
    pub word: String,
    /// The whole body.
    pub text: String,
    /// The header `retry-after`.
    pub retry_after: Option<String>,
}

impl Server {
    /// Starts the program on a database, and waits until it listens.
    pub async fn start(database_url: &str, settings: &[(&str, &str)]) -> Self {
        let folder = scratch_folder();
        let mut command = Command::new(binary());
        command
            .arg("serve")
            .current_dir(&folder)
            .env_clear()
            // So that all tests can be run with the most that is ever logged: RUST_LOG=trace script/test
            .envs(env::vars_os().filter(|(name, _)| name == "RUST_LOG"))
            .env("CHARGEBOOK_DATABASE__URL", database_url)
            .env("CHARGEBOOK_HTTP__LISTEN", "127.0.0.1:0")
            .env("CHARGEBOOK_STRIPE__WEBHOOK_SECRETS", SECRET)
            .envs(settings.iter().copied())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::new(Mutex::new(String::new()));
        let mut base = None;
        while base.is_none() {
            let line = lines.next_line().await.unwrap();
            let line = line.unwrap_or_else(|| panic!("the server ended: {}", log.lock().unwrap()));
            let parsed: Value = serde_json::from_str(&line).unwrap_or_default();
            base = parsed["http.address"].as_str().map(|address| format!("http://{address}"));
            log.lock().unwrap().push_str(&(line + "\n"));
        }
        let kept = Arc::clone(&log);
        let logging = tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                kept.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { base: base.unwrap(), folder, child, client, log, logging }
    }

    /// Sends an event as Stripe does, signed now.
    pub async fn send(&self, event: &Event) -> Reply {
        self.try_send(event).await.unwrap()
    }

    /// Sends an event to a server that may be gone.
    ///
    /// # Errors
    /// When there was no answer.
    pub async fn try_send(&self, event: &Event) -> Result<Reply, reqwest::Error> {
        let signature = sign(&event.body, SECRET, SystemClock.now());
        self.post(event.body.clone().into_bytes(), Some(&signature)).await
    }

    /// Posts any body with any signature.
    ///
    /// # Errors
    /// When there was no answer.
    pub async fn post(&self, body: Vec<u8>, signature: Option<&str>) -> Result<Reply, reqwest::Error> {
        self.post_to("/webhooks/stripe", body, signature.map(|signature| ("stripe-signature", signature))).await
    }

    /// Posts any body to a path, with a header or without.
    ///
    /// # Errors
    /// When there was no answer.
    pub async fn post_to(
        &self,
        path: &str,
        body: Vec<u8>,
        header: Option<(&str, &str)>,
    ) -> Result<Reply, reqwest::Error> {
        let mut request = self.client.post(format!("{}{path}", self.base)).body(body);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        reply(request.send().await?).await
    }

    /// Asks for a path.
    pub async fn get(&self, path: &str) -> Reply {
        reply(self.client.get(format!("{}{path}", self.base)).send().await.unwrap()).await.unwrap()
    }

    /// Asks for a path with the value of an `Authorization` header.
    pub async fn get_as(&self, path: &str, authorization: &str) -> Reply {
        let request = self.client.get(format!("{}{path}", self.base)).header("authorization", authorization);
        reply(request.send().await.unwrap()).await.unwrap()
    }

    /// What it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The id of its process.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// The most memory that it has held so far, in KiB (Linux only).
    #[must_use]
    pub fn memory_kib(&self) -> u64 {
        status_kib(self.process(), "VmHWM:").unwrap()
    }

    /// The memory that it holds now, in KiB (Linux only).
    #[must_use]
    pub fn resident_kib(&self) -> u64 {
        status_kib(self.process(), "VmRSS:").unwrap()
    }

    /// Ends it at once with `kill -9`, whatever it is doing.
    pub async fn kill(&self) {
        self.signal("-KILL").await;
    }

    /// Ends it with `kill -9`, and waits until it has, so that another may listen where it did.
    pub async fn crash(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks it to stop, and answers its exit code.
    pub async fn stop(mut self) -> i32 {
        self.signal("-TERM").await;
        let ended = self.child.wait().await.unwrap();
        (&mut self.logging).await.unwrap();
        ended.code().unwrap_or(-1)
    }

    async fn signal(&self, signal: &str) {
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().await.unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A test that has failed already should say why, and not this.
        if !std::thread::panicking() {
            assert_nothing_planted(&self.log());
        }
    }
}

/// What Linux says of the memory of a process under this name, in KiB; `None` when the process has ended.
#[must_use]
pub fn status_kib(process: u32, name: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let value = status.lines().find_map(|line| line.strip_prefix(name))?;
    value.trim().trim_end_matches(" kB").parse().ok()
}

/// Sends events from `connections` at once, to the servers in turn, until each is answered 200. None is answered anything
/// else but 503, as where the machine stands still for a while.
pub async fn send_all(servers: &[Arc<Server>], events: Vec<Event>, connections: usize) {
    let bases: Vec<_> = servers.iter().map(|server| server.base.clone()).collect();
    Sending::start(&bases, events, Pace::Connections(connections)).finish().await;
}

pub(crate) async fn reply(response: reqwest::Response) -> Result<Reply, reqwest::Error> {
    let status = response.status().as_u16();
    let retry_after = response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    let text = response.text().await?;
    let json: Value = serde_json::from_str(&text).unwrap_or_default();
    let word = json["result"].as_str().or(json["error"]["code"].as_str()).unwrap_or_default().to_owned();
    Ok(Reply { status, word, text, retry_after })
}
