//! A shop that answers each request with the next thing it was told, and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chargebook_source_woocommerce::WooApi;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::support::shop;

pub(crate) const KEY: &str = "ck_hidden";
pub(crate) const CONSUMER_SECRET: &str = "cs_hidden";

/// When every answer of these tests is given, unless it says otherwise.
pub(crate) const DATE: &str = "Tue, 01 Sep 2026 09:00:00 GMT";
pub(crate) const DATE_UNIX: i64 = 1_788_253_200;

/// What stands in every error of the shop's: it must never reach a person.
pub(crate) const ERROR: &str = r#"{"code":"some_code","message":"about ck_hidden and pia@example.test","data":{}}"#;

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

pub(crate) struct Server {
    base: String,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Answers so, one after the other; the last answer is given again and again. An empty one closes the connection.
    pub(crate) async fn answering(answers: impl IntoIterator<Item = String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/blog", listener.local_addr().unwrap());
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

    /// A client whose waits no test notices.
    pub(crate) fn api(&self) -> WooApi {
        let api = WooApi::new(shop(), &self.base, &KEY.into(), &CONSUMER_SECRET.into()).unwrap();
        api.with_first_wait(Duration::from_millis(1))
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// The paths that were asked for, with their queries.
    pub(crate) fn targets(&self) -> Vec<String> {
        self.requests().iter().map(|request| request.split(' ').nth(1).unwrap().replace("%3A", ":")).collect()
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
