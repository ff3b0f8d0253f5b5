//! The load generator: a process of its own, so that what it uses can be told from the rest, and as cheap as can be, since
//! it shares the processors with what it measures. It has all requests as bytes before it begins.
//!
//! It reads from its input a line with the address, the connections and the requests a second (0: each connection sends
//! its next one when the last was answered), then the requests, each after its length. It says `ready` when it is
//! connected, begins with the next line of its input, and ends with a line of JSON.

use std::cell::{Cell, RefCell};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, io, thread};

use chargebook::clock::SystemClock;
use chargebook_domain::ports::Clock as _;
use chargebook_source_stripe::sign;
use chargebook_tests::SECRET;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::LocalSet;

use crate::latencies::Latencies;
use crate::processes::used_here;

/// The word that makes this program the generator.
pub(crate) const COMMAND: &str = "generate";

/// How requests are sent.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) connections: usize,
    /// Requests a second; `None` is a closed loop.
    pub(crate) rate: Option<u64>,
}

/// What a load came to.
pub(crate) struct Measured {
    pub(crate) took: Duration,
    /// From the planned time where there is a rate, else from sending.
    pub(crate) latencies: Latencies,
    /// Requests that were not answered 200.
    pub(crate) refused: usize,
    /// Processor time of the generator.
    pub(crate) cpu_ms: u64,
}

/// A generator that is connected, and has its requests.
pub(crate) struct Generator {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Generator {
    /// Starts one that will post `bodies` to the server at `base`, `http://host:port`, signed now.
    pub(crate) fn start<'a>(base: &str, plan: Plan, bodies: impl Iterator<Item = &'a str>) -> Self {
        let address = base.strip_prefix("http://").unwrap();
        let mut child = Command::new(env::current_exe().unwrap())
            .arg(COMMAND)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut input, mut output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let requests: Vec<_> = bodies.map(|body| request(address, body)).collect();
        writeln!(input, "{address} {} {} {}", plan.connections, plan.rate.unwrap_or(0), requests.len()).unwrap();
        for request in requests {
            input.write_all(&u32::try_from(request.len()).unwrap().to_le_bytes()).unwrap();
            input.write_all(&request).unwrap();
        }
        input.flush().unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n", "the generator can't begin");
        Self { child, input, output }
    }

    /// Sends everything, and waits for the answers.
    pub(crate) fn run(mut self) -> Measured {
        self.input.write_all(b"go\n").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        assert!(self.child.wait().unwrap().success(), "the generator failed");
        let report: Value = serde_json::from_str(&line).unwrap();
        let refused = report["refused"].as_array().unwrap();
        if let Some(first) = refused.first() {
            println!("{} requests were refused, the first with: {first}", refused.len());
        }
        Measured {
            took: Duration::from_micros(report["took_us"].as_u64().unwrap()),
            latencies: Latencies::of(
                report["latencies_us"].as_array().unwrap().iter().map(|one| one.as_u64().unwrap()).collect(),
            ),
            refused: refused.len(),
            cpu_ms: report["cpu_ms"].as_u64().unwrap(),
        }
    }
}

fn request(address: &str, body: &str) -> Vec<u8> {
    let signature = sign(body, SECRET, SystemClock.now());
    format!(
        "POST /webhooks/stripe HTTP/1.1\r\nhost: {address}\r\nuser-agent: Stripe/1.0 (+https://stripe.com/docs/webhooks)\r\n\
         accept: */*; q=0.5, application/xml\r\ncache-control: no-cache\r\ncontent-type: application/json; charset=utf-8\r\n\
         stripe-signature: {signature}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// What is to be done, and what was.
struct Run {
    address: String,
    plan: Plan,
    requests: Vec<Vec<u8>>,
    next: Cell<usize>,
    latencies: RefCell<Vec<u64>>,
    refused: RefCell<Vec<String>>,
    /// One for each request that is due; used where there is a rate.
    due: Arc<Semaphore>,
}

/// The process of the generator.
pub(crate) fn main() {
    let mut input = io::stdin().lock();
    let run = Rc::new(read(&mut input));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let tasks = LocalSet::new();
    let streams: Vec<_> = runtime.block_on(async {
        let mut streams = Vec::new();
        for _ in 0..run.plan.connections {
            let stream = TcpStream::connect(&run.address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            streams.push(stream);
        }
        streams
    });
    let mut stdout = io::stdout().lock();
    stdout.write_all(b"ready\n").unwrap();
    stdout.flush().unwrap();
    input.read_line(&mut String::new()).unwrap();

    let (before, begun) = (used_here(), Instant::now());
    if let Some(rate) = run.plan.rate {
        let (due, count) = (Arc::clone(&run.due), run.requests.len());
        thread::spawn(move || pace(begun, rate, count, &due));
    }
    let sending: Vec<_> =
        streams.into_iter().map(|stream| tasks.spawn_local(send(Rc::clone(&run), stream, begun))).collect();
    runtime.block_on(tasks.run_until(async {
        for one in sending {
            one.await.unwrap();
        }
    }));
    let (took, cpu_ms) = (begun.elapsed(), used_here() - before);
    let report = json!({
        "took_us": micros(took), "cpu_ms": cpu_ms, "refused": run.refused.take(), "latencies_us": run.latencies.take()
    });
    writeln!(stdout, "{report}").unwrap();
}

fn read(input: &mut impl io::BufRead) -> Run {
    let mut line = String::new();
    input.read_line(&mut line).unwrap();
    let mut words = line.split_whitespace();
    let address = words.next().unwrap().to_owned();
    let numbers: Vec<u64> = words.map(|word| word.parse().unwrap()).collect();
    let &[connections, rate, count] = &numbers[..] else { panic!("the first line is not right") };
    let mut requests = Vec::new();
    for _ in 0..count {
        let mut length = [0; 4];
        input.read_exact(&mut length).unwrap();
        let mut request = vec![0; usize::try_from(u32::from_le_bytes(length)).unwrap()];
        input.read_exact(&mut request).unwrap();
        requests.push(request);
    }
    Run {
        address,
        plan: Plan { connections: usize::try_from(connections).unwrap(), rate: Some(rate).filter(|rate| *rate > 0) },
        latencies: RefCell::new(Vec::with_capacity(requests.len())),
        requests,
        next: Cell::new(0),
        refused: RefCell::default(),
        due: Arc::new(Semaphore::new(0)),
    }
}

/// When a request is planned, counted from the beginning.
fn planned(rate: u64, nth: usize) -> Duration {
    Duration::from_nanos(1_000_000_000 / rate * u64::try_from(nth).unwrap())
}

/// A thread, because the runtime's own timer is a millisecond wide.
fn pace(begun: Instant, rate: u64, count: usize, due: &Semaphore) {
    for nth in 0..count {
        thread::sleep(planned(rate, nth).saturating_sub(begun.elapsed()));
        due.add_permits(1);
    }
}

/// A connection: the next request when its last one was answered, and when it is due.
async fn send(run: Rc<Run>, mut stream: TcpStream, begun: Instant) {
    let mut answer = Vec::with_capacity(4_096);
    loop {
        if run.next.get() >= run.requests.len() {
            return;
        }
        if run.plan.rate.is_some() {
            // Whoever waits when nothing more is due is not needed any more.
            match run.due.acquire().await {
                Ok(permit) => permit.forget(),
                Err(_) => return,
            }
        }
        let nth = run.next.replace(run.next.get() + 1);
        if nth + 1 >= run.requests.len() {
            run.due.close();
        }
        let Some(request) = run.requests.get(nth) else { return };
        let from = run.plan.rate.map_or_else(|| begun.elapsed(), |rate| planned(rate, nth));
        stream.write_all(request).await.unwrap();
        answer.clear();
        let is_accepted = read_answer(&mut stream, &mut answer).await;
        run.latencies.borrow_mut().push(micros(begun.elapsed().saturating_sub(from)));
        if !is_accepted {
            run.refused.borrow_mut().push(String::from_utf8_lossy(&answer).into_owned());
        }
    }
}

/// Reads one answer; whether it is a 200.
async fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) -> bool {
    let mut end = None;
    loop {
        let read = stream.read_buf(answer).await.unwrap();
        assert!(read > 0, "the server has closed a connection");
        end = end.or_else(|| end_of(answer));
        if end.is_some_and(|end| answer.len() >= end) {
            return answer.starts_with(b"HTTP/1.1 200 ");
        }
    }
}

/// Where an answer ends, when its headers are there.
fn end_of(answer: &[u8]) -> Option<usize> {
    let headers = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let text = str::from_utf8(&answer[..headers]).unwrap();
    let length = text.split("\r\n").find_map(|line| line.strip_prefix("content-length: "))?;
    Some(headers + 4 + length.parse::<usize>().unwrap())
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap()
}
