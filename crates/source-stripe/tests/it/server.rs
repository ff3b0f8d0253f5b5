//! A server that answers each request with the next thing it was told, and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chargebook_source_stripe::{Patience, StripeApi};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub(crate) const KEY: &str = "rk_test_hidden";

/// When every answer of these tests is given, unless it says otherwise.
pub(crate) const DATE: &str = "Tue, 01 Sep 2026 09:00:00 GMT";
pub(crate) const DATE_UNIX: i64 = 1_788_253_200;

/// What stands in every error of Stripe's: it must never reach a person.
pub(crate) const ERROR: &str =
    r#"{"error":{"type":"invalid_request_error","message":"about rk_test_hidden and pia@example.test"}}"#;

/// The bytes of an answer, which the connection does not outlive.
pub(crate) fn answer(status: &str, headers: &[&str], body: &str) -> String {
    let headers: String = headers.iter().map(|header| [header, "\r\n"].concat()).collect();
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}")
}

/// A good answer.
pub(crate) fn ok(body: &str) -> String {
    answer("200 OK", &[&format!("date: {DATE}")], body)
}

/// A list of these objects, and whether there are more.
pub(crate) fn list(objects: &[&str], has_more: bool) -> String {
    ok(&format!(r#"{{"object":"list","data":[{}],"has_more":{has_more},"url":"/v1"}}"#, objects.join(",")))
}

pub(crate) struct Server {
    base: String,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Answers so, one after the other; the last answer is given again and again. An empty one closes the connection.
    pub(crate) async fn answering(answers: impl IntoIterator<Item = String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let mut answers: VecDeque<_> = answers.into_iter().collect();
        let log = requests.clone();
        let task = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let request = head(&mut stream).await;
                log.lock().unwrap().push(request);
                let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
                stream.write_all(answer.unwrap().as_bytes()).await.unwrap();
            }
        });
        Self { base, requests, task }
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn api(&self) -> StripeApi {
        api(&self.base)
    }

    /// The requests so far, in lower case.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().iter().map(|request| request.to_lowercase()).collect()
    }

    /// The paths that were asked for, with their queries decoded.
    pub(crate) fn targets(&self) -> Vec<String> {
        let requests = self.requests();
        let targets = requests.iter().map(|request| request.split(' ').nth(1).unwrap());
        targets.map(|target| target.replace("%5b", "[").replace("%5d", "]")).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn head(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0, "the request ended early");
    }
    String::from_utf8(request).unwrap()
}

/// Waits that no test notices.
pub(crate) fn hasty() -> Patience {
    Patience { first_wait: Duration::from_millis(1), longest_wait: Duration::from_millis(4), ..Patience::default() }
}

/// A client that asks as often as it likes.
pub(crate) fn api(base: &str) -> StripeApi {
    api_with_key(KEY, base)
}

pub(crate) fn api_with_key(key: &str, base: &str) -> StripeApi {
    let unlimited = 100_000.try_into().unwrap();
    StripeApi::new(&key.into(), Some(base), unlimited).unwrap().with_patience(hasty())
}
