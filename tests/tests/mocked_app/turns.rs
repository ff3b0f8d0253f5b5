//! Nobody takes more than a turn: neither those who read, nor probes, nor clients that never let go.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chargebook::limits::Limits;
use chargebook::serve::App;
use chargebook_domain::Stored;
use chargebook_domain::ports::{Answer as Booked, Entry, Ledger, LedgerError, Lookup};
use chrono::{DateTime, Utc};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use tokio::task::{JoinSet, yield_now};
use tokio::time::timeout;

use super::support::{Running, app, ledger};

#[tokio::test]
async fn who_reads_waits_for_a_turn_and_no_webhook_waits_for_that() {
    let limits = Limits { readers: 0, probe_within: Duration::from_millis(100), ..Limits::default() };
    let server =
        Running::start(App { limits, api_tokens: vec!["0123456789abcdef".into()], ..app(Arc::new(ledger())) }).await;
    let path = format!("/api/v1/customers/{}/decision", "0a".repeat(32));
    let answer = server.get_as(&path, "Bearer 0123456789abcdef").await;
    assert_eq!(answer.short(), (503, "overloaded".to_owned()));
    assert_eq!(answer.retry_after.as_deref(), Some("1"));
    assert_eq!(server.get_as(&path, "Bearer another-token").await.status, 401, "who may not read takes no turn");
    assert_eq!(server.deliver("other evt_1").await.status, 200);
    assert_eq!(server.get("/health/ready").await.status, 200);
}

/// How many ask at a time, and the most that did.
#[derive(Default)]
struct Asked {
    now: AtomicUsize,
    most: AtomicUsize,
}

#[async_trait]
impl Ledger for Asked {
    async fn load(&self, _lookups: &[Lookup]) -> Result<Vec<Stored>, LedgerError> {
        unreachable!("a probe loads nothing")
    }

    async fn record(&self, _batch: &[Entry], _at: DateTime<Utc>) -> Result<Vec<Booked>, LedgerError> {
        self.most.fetch_max(self.now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        for _ in 0..100 {
            yield_now().await;
        }
        self.now.fetch_sub(1, Ordering::SeqCst);
        Ok(vec![])
    }
}

#[tokio::test]
async fn probes_ask_the_database_one_after_the_other() {
    let asked = Arc::new(Asked::default());
    let server = Arc::new(Running::start(app(asked.clone())).await);
    let probe = |server: Arc<Running>| async move { server.get("/health/ready").await.status };
    let probes: JoinSet<_> = (0..16).map(|_| probe(Arc::clone(&server))).collect();
    assert_eq!(probes.join_all().await, [200; 16]);
    assert_eq!(asked.most.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_answer_after_its_time_is_the_last_of_its_connection() {
    let limits = Limits { connection_for: Duration::ZERO, ..Limits::default() };
    let server = Running::start(App { limits, ..app(Arc::new(ledger())) }).await;
    let answer = server.raw(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answers_is_cut_off() {
    let short = Duration::from_millis(100);
    let connection_for = Duration::from_secs(2);
    let limits = Limits { connection_for, header_within: short, answer_within: short, ..Limits::default() };
    let server = Running::start(App { limits, ..app(Arc::new(ledger())) }).await;
    let socket = TcpSocket::new_v4().unwrap();
    // So that there soon is no more room for answers.
    socket.set_recv_buffer_size(4096).unwrap();
    let mut client = socket.connect(server.address).await.unwrap();
    let requests = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100);
    let writing = async {
        loop {
            if let Err(error) = client.write_all(&requests).await {
                return error.kind();
            }
        }
    };
    let ended = timeout(Duration::from_mins(1), writing).await.unwrap();
    assert!(matches!(ended, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{ended}");
}
