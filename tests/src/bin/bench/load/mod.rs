//! What the server gets through: webhooks of whole lifecycles, signed, over HTTP, booked with everything that belongs to
//! them, against imported orders. Beside it, in the same run, stands what PostgreSQL does with one statement an event.

mod baseline;
mod statements;

use std::vec;

use chargebook_domain::OrderPayment;
use chargebook_domain::ports::OrderBook as _;
use chargebook_ledger_postgres::PostgresLedger;
use chargebook_stories::{Event, Story, tell};
use chargebook_tests::{Server, assert_lawful, fresh_database, number, text};
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};

use crate::generator::{Generator, Measured, Plan};
use crate::latencies::{millis, per_hundred, per_second, ratio};
use crate::processes::{Cluster, forget_peak, machine_ms, used};
use crate::{SEED, TEST_MODE, as_admin};
use baseline::{Baseline, Step};

/// What throughput is compared at.
const COMPARED: usize = 64;

/// Events before anything is measured: connections are opened, statements prepared, caches filled.
const WARM_UP: usize = 2_000;

/// Connections and events of each closed loop, unless others are given.
const LOOPS: [(usize, usize); 5] = [(1, 4_000), (8, 12_000), (32, 20_000), (64, 24_000), (256, 20_000)];

/// How much of what it got through in a closed loop is sent by the open one, in percent.
const OPEN_PERCENT: u64 = 70;
const OPEN_EVENTS: usize = 20_000;

/// What is asked for.
pub(crate) struct Options {
    /// Only so many, rather than each of [`LOOPS`].
    pub(crate) connections: Option<usize>,
    /// Events of each loop.
    pub(crate) events: Option<usize>,
    /// An open loop at so many a second, and no closed one.
    pub(crate) rate: Option<u64>,
    /// How long each run of pgbench lasts; 0 is none.
    pub(crate) seconds: u64,
    /// Whether time is told by statement.
    pub(crate) statements: bool,
}

/// Measures, and prints.
pub(crate) async fn measure(options: &Options) -> Value {
    let loops = options.loops();
    let mut world = World::prepare(loops.iter().map(|(_, events)| *events).sum::<usize>() + OPEN_EVENTS).await;
    println!(
        "{} stories, {} orders; a body has {} bytes in the middle",
        world.stories,
        world.orders,
        world.middle_body().len()
    );
    let baseline_url = as_admin(&fresh_database().await.0);
    let mut steps = options.baseline(&baseline_url, "before", world.middle_body()).await;
    let server = Server::start(&world.url, &TEST_MODE).await;
    world.warm_up(&server).await;
    if options.statements {
        statements::reset(&as_admin(&world.url)).await;
    }
    let (mut loads, before) = (Vec::new(), world.sent);
    println!("\nthe server, warm:");
    println!("{HEAD}");
    for (connections, events) in loops {
        let plan = Plan { connections, rate: options.rate };
        loads.push(world.load(&server, plan, events).await);
        println!("{}", loads[loads.len() - 1].line());
    }
    let in_closed_loop = loads.iter().find(|load| load.plan.connections == COMPARED && options.connections.is_none());
    if let Some(rate) = in_closed_loop.map(|load| load.per_second() * OPEN_PERCENT / 100) {
        let plan = Plan { connections: 256, rate: Some(rate) };
        loads.push(world.load(&server, plan, OPEN_EVENTS).await);
        println!("{}", loads[loads.len() - 1].line());
    }
    let statements = if options.statements {
        statements::top(&as_admin(&world.url), world.sent - before).await
    } else {
        Value::Null
    };
    world.check().await;
    drop(server);
    steps.extend(options.baseline(&baseline_url, "after", world.middle_body()).await);
    compare(&loads, &steps);
    json!({
        "baseline": steps.iter().map(Step::json).collect::<Vec<_>>(),
        "loads": loads.iter().map(|load| load.json(&steps)).collect::<Vec<_>>(), "statements": statements
    })
}

impl Options {
    fn loops(&self) -> Vec<(usize, usize)> {
        let all = match self.connections {
            None if self.rate.is_some() => vec![(256, 20_000)],
            None => LOOPS.to_vec(),
            Some(connections) => {
                vec![LOOPS.into_iter().find(|(usual, _)| *usual == connections).unwrap_or((connections, 20_000))]
            }
        };
        all.into_iter().map(|(connections, events)| (connections, self.events.unwrap_or(events))).collect()
    }

    async fn baseline(&self, url: &str, when: &str, body: &str) -> Vec<Step> {
        if self.seconds == 0 {
            return Vec::new();
        }
        println!("\npgbench {when}, one statement an event or a batch; processor time is of an event:");
        baseline::measure(url, self.seconds, body).await
    }
}

/// A database that knows the orders, and what has not been sent yet.
pub(crate) struct World {
    pub(crate) url: String,
    cluster: Cluster,
    /// How many stories are told, and orders imported.
    stories: usize,
    orders: usize,
    /// Still to come.
    left: vec::IntoIter<Story>,
    middle_body: String,
    sent: usize,
}

impl World {
    /// With stories of at least so many events.
    pub(crate) async fn prepare(events: usize) -> Self {
        let (url, ledger) = fresh_database().await;
        let (mut told, mut count) = (Vec::new(), 0);
        for mut story in tell(SEED, events, "2025-01-06T00:00:00Z".parse().unwrap()) {
            story.events.iter_mut().for_each(indent);
            count += story.events.len();
            told.push(story);
            if count > events + 2 * WARM_UP {
                break;
            }
        }
        let orders = import(&ledger, &told).await;
        let mut bodies: Vec<_> =
            told.iter().flat_map(|story| &story.events).map(|event| &event.body).take(1_001).collect();
        bodies.sort_by_key(|body| body.len());
        let middle_body = bodies[bodies.len() / 2].clone();
        let cluster = Cluster::of(&url).await;
        Self { url, cluster, stories: told.len(), orders, left: told.into_iter(), middle_body, sent: 0 }
    }

    fn middle_body(&self) -> &str {
        &self.middle_body
    }

    /// Whole stories of about so many events, in the order in which those happen.
    fn next(&mut self, count: usize) -> Vec<Event> {
        let mut events = Vec::with_capacity(count);
        while events.len() < count {
            events.extend(self.left.next().expect("there are stories enough").events);
        }
        events.sort_by_key(|event: &Event| event.created);
        events
    }

    pub(crate) async fn warm_up(&mut self, server: &Server) {
        let events = self.next(WARM_UP);
        let plan = Plan { connections: 32, rate: None };
        let measured = Generator::start(&server.base, plan, events.iter().map(|event| event.body.as_str())).run();
        self.sent += events.len() - measured.refused;
        let mut connection = PgConnection::connect(&as_admin(&self.url)).await.unwrap();
        sqlx::raw_sql("CHECKPOINT").execute(&mut connection).await.unwrap();
    }

    pub(crate) async fn load(&mut self, server: &Server, plan: Plan, count: usize) -> Load {
        let events = self.next(count);
        let generator = Generator::start(&server.base, plan, events.iter().map(|event| event.body.as_str()));
        let (wal, size, batches) = (self.wal().await, self.size().await, batches(server).await);
        forget_peak(server.process());
        let (own, postgres, all) = (used(server.process()).unwrap().own_ms, self.cluster.used_ms(), machine_ms());
        let measured = generator.run();
        let (server_ms, postgres_ms) =
            (used(server.process()).unwrap().own_ms - own, self.cluster.used_ms() - postgres);
        let others_ms = (machine_ms() - all).saturating_sub(server_ms + postgres_ms + measured.cpu_ms);
        self.sent += events.len() - measured.refused;
        let each = |total: i64| u64::try_from(total).unwrap() / u64::try_from(events.len()).unwrap();
        let batches = events.len() / usize::try_from(batches_since(server, batches).await).unwrap().max(1);
        Load {
            plan,
            events: events.len(),
            measured,
            server_ms,
            postgres_ms,
            others_ms,
            batch: batches,
            peak_kib: server.memory_kib(),
            wal_bytes: each(self.wal().await - wal),
            disk_bytes: each((self.size().await - size).max(0)),
        }
    }

    async fn wal(&self) -> i64 {
        number(&self.url, "SELECT (pg_current_wal_lsn() - '0/0')::bigint").await
    }

    pub(crate) async fn size(&self) -> i64 {
        number(&self.url, "SELECT pg_database_size(current_database())").await
    }

    /// Everything that was answered 200 is booked once, and the books are lawful.
    async fn check(&self) {
        let booked = number(&self.url, "SELECT count(*) FROM chargebook.source_events").await;
        assert_eq!(usize::try_from(booked).unwrap(), self.sent, "every event is booked");
        let kept = text(
            &self.url,
            "SELECT string_agg(disposition || ' ' || n, ', ' ORDER BY n DESC)
             FROM (SELECT disposition, count(*) AS n FROM chargebook.source_events GROUP BY 1) d",
        );
        println!("\nbooked: {}", kept.await);
        assert_lawful(&self.url).await;
    }
}

/// Stripe's bodies are indented, which makes them half as large again.
pub(crate) fn indent(event: &mut Event) {
    let body: Value = serde_json::from_str(&event.body).unwrap();
    event.body = serde_json::to_string_pretty(&body).unwrap();
}

async fn import(ledger: &PostgresLedger, stories: &[Story]) -> usize {
    let orders: Vec<_> =
        stories.iter().flat_map(|story| &story.orders).map(|order| OrderPayment::try_from(order).unwrap()).collect();
    for part in orders.chunks(5_000) {
        ledger.import(part).await.unwrap();
    }
    orders.len()
}

/// Transactions that have booked webhooks so far, as the server's own metrics tell.
async fn batches(server: &Server) -> u64 {
    let metrics = server.get("/metrics").await.text;
    let line = metrics.lines().find(|line| line.starts_with("chargebook_batch_size_count"));
    line.map_or(0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
}

async fn batches_since(server: &Server, before: u64) -> u64 {
    batches(server).await - before
}

/// What a load came to.
pub(crate) struct Load {
    plan: Plan,
    events: usize,
    measured: Measured,
    pub(crate) server_ms: u64,
    pub(crate) postgres_ms: u64,
    others_ms: u64,
    /// Events a transaction.
    batch: usize,
    peak_kib: u64,
    wal_bytes: u64,
    disk_bytes: u64,
}

const HEAD: &str = "connections       rate   events  events/s    p50 ms    p90 ms    p99 ms batch    server  Postgres generator  others  \
                    peak MiB   WAL B  disk B";

impl Load {
    pub(crate) fn per_second(&self) -> u64 {
        per_second(self.events - self.measured.refused, self.measured.took)
    }

    pub(crate) fn micros_each(&self, millis: u64) -> u64 {
        millis * 1_000 / u64::try_from(self.events).unwrap()
    }

    pub(crate) fn others_percent(&self) -> u64 {
        self.others_ms * 100 / u64::try_from(self.measured.took.as_millis()).unwrap().max(1)
    }

    fn line(&self) -> String {
        let latency = |percent| millis(self.measured.latencies.percentile(percent));
        format!(
            "{:>11} {:>10} {:>8} {:>9} {:>9} {:>9} {:>9} {:>5} {:>6} µs {:>6} µs {:>6} µs {:>5} % {:>9} {:>7} {:>7}",
            self.plan.connections,
            self.plan.rate.map_or_else(|| "closed".to_owned(), |rate| format!("{rate}/s")),
            self.events,
            self.per_second(),
            latency(50),
            latency(90),
            latency(99),
            self.batch,
            self.micros_each(self.server_ms),
            self.micros_each(self.postgres_ms),
            self.micros_each(self.measured.cpu_ms),
            self.others_percent(),
            self.peak_kib / 1_024,
            self.wal_bytes,
            self.disk_bytes
        )
    }

    pub(crate) fn json(&self, steps: &[Step]) -> Value {
        let latency = |percent| self.measured.latencies.percentile(percent);
        let at_64 = Baseline::of(steps, COMPARED);
        let same = Baseline::of(steps, self.plan.connections);
        json!({
            "connections": self.plan.connections, "rate": self.plan.rate, "events": self.events,
            "events_per_second": self.per_second(), "refused": self.measured.refused,
            "p50_us": latency(50), "p90_us": latency(90), "p99_us": latency(99), "batch": self.batch,
            "cpu_us": {
                "server": self.micros_each(self.server_ms), "postgres": self.micros_each(self.postgres_ms),
                "generator": self.micros_each(self.measured.cpu_ms)
            },
            "others_percent": self.others_percent(), "peak_kib": self.peak_kib,
            "wal_bytes": self.wal_bytes, "disk_bytes": self.disk_bytes,
            "throughput_percent_of_baseline_at_64":
                at_64.map(|baseline| per_hundred(self.per_second(), baseline.events_per_second)),
            "p50_percent_of_baseline": same.as_ref().map(|baseline| per_hundred(latency(50), baseline.p50)),
            "p99_percent_of_baseline": same.as_ref().map(|baseline| per_hundred(latency(99), baseline.p99))
        })
    }
}

/// Prints the loads as multiples of the baseline.
fn compare(loads: &[Load], steps: &[Step]) {
    let Some(at_64) = Baseline::of(steps, COMPARED) else { return };
    println!("\nas multiples of pgbench's one statement an event, before and after taken together:");
    println!(
        "{:>11} {:>10} {:>23} {:>22} {:>22}",
        "connections", "events/s", "of pgbench's at 64", "p50 of pgbench's", "p99 of pgbench's"
    );
    for load in loads {
        let latency = |percent| load.measured.latencies.percentile(percent);
        let same = Baseline::of(steps, load.plan.connections).filter(|_| load.plan.rate.is_none());
        let of =
            |figures: Option<(u64, u64)>| figures.map_or_else(|| "-".to_owned(), |(part, whole)| ratio(part, whole));
        println!(
            "{:>11} {:>10} {:>23} {:>22} {:>22}",
            load.plan.connections,
            load.per_second(),
            ratio(load.per_second(), at_64.events_per_second),
            of(same.as_ref().map(|baseline| (latency(50), baseline.p50))),
            of(same.as_ref().map(|baseline| (latency(99), baseline.p99)))
        );
    }
}
