//! What a longer past costs: webhooks, the seal and the summary of a day, and a month's export, over ever more disputes that
//! were closed before. A day has as many of them at each size, so that only what walks through the past takes longer.

mod chart;

use std::time::{Duration, Instant};

use chargebook::clock::SystemClock;
use chargebook_domain::BookRules;
use chargebook_domain::ports::{Clock as _, Seal, Summaries as _};
use chargebook_domain::summary::compose;
use chargebook_ledger_postgres::{OrderSource, PostgresLedger};
use chargebook_tests::{Server, assert_lawful, run, scratch_folder};
use chrono::{Days, NaiveDate};
use serde_json::{Map, Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::generator::Plan;
use crate::latencies::{millis, ratio};
use crate::load::{Load, World};
use crate::{TEST_MODE, as_admin};

const FILL: &str = include_str!("fill.sql");

/// Disputes that are filled in by one statement.
pub(crate) const STEP: usize = 50_000;

/// Disputes that are closed on a day.
pub(crate) const A_DAY: usize = 100;

/// Events of each load, beside those of the warm-up.
const EVENTS: usize = 8_000;
const CONNECTIONS: usize = 64;

/// How many days are sealed and summed up at each size, and how often a month is exported; the time in the middle counts.
const TIMES: usize = 3;

/// What the loads have left, which the next day's seal must not take in.
const SEAL_THE_REST: &str = "
    UPDATE chargebook.journal_entries SET sealed_in = '{day}' WHERE sealed_in IS NULL;
    UPDATE chargebook.resolutions SET sealed_in = '{day}' WHERE sealed_in IS NULL";

/// What was carried is not true of a past that got longer at its beginning, and of rows that no seal has stamped.
const CARRY_ANEW: &str = "
    SET session_replication_role = replica;
    UPDATE chargebook.summaries SET is_carried = false WHERE is_carried;
    DELETE FROM chargebook.carried_balances;
    DELETE FROM chargebook.carried_figures;
    RESET session_replication_role";

/// Keeps the server from mailing the day.
const AS_MAILED: &str = "
    INSERT INTO chargebook.summary_deliveries (business_date, channel, state, attempt, updated_at)
    VALUES ('{day}', 'file', 'accepted', 1, now())";

/// What was measured over one size of the past.
struct Measured {
    size: usize,
    load: Load,
    seal: Duration,
    summary: Duration,
    export: Duration,
    mib: i64,
}

/// Measures at each size, in ascending order, and returns the figures and a chart of them.
pub(crate) async fn measure(sizes: &[usize]) -> (Value, String) {
    assert!(sizes.is_sorted_by(|one, next| one < next), "sizes must ascend");
    let mut past = Past::prepare(sizes.len()).await;
    println!("{HEAD}");
    let mut measured: Vec<Measured> = Vec::new();
    for size in sizes {
        let one = past.measure(*size).await;
        println!("{}", one.line(measured.first().unwrap_or(&one)));
        measured.push(one);
    }
    assert_lawful(&past.world.url).await;
    let series: Vec<Series> = SERIES
        .iter()
        .map(|(name, figure)| (*name, measured.iter().map(|one| (one.size, figure(one))).collect()))
        .collect();
    println!("\nexponents: time grows as the size to the power of");
    for (name, points) in &series {
        println!("{name:>24} {}", exponent(points).map_or_else(|| "-".to_owned(), |exponent| format!("{exponent:.2}")));
    }
    let exponents: Map<_, _> =
        series.iter().map(|(name, points)| ((*name).to_owned(), json!(exponent(points)))).collect();
    let report = json!({
        "disputes_a_day": A_DAY, "events": EVENTS, "connections": CONNECTIONS,
        "sizes": measured.iter().map(Measured::json).collect::<Vec<_>>(), "exponents": exponents
    });
    (report, chart::draw(&series))
}

/// A name, and sizes with what something took there, in any unit of time.
type Series = (&'static str, Vec<(usize, u64)>);

/// What something took, in any unit of time.
type Taken = fn(&Measured) -> u64;

/// What is drawn, and has an exponent: microseconds, but nanoseconds where an event's share is meant.
const SERIES: [(&str, Taken); 6] = [
    ("time an event", |one| 1_000_000_000 / one.load.per_second().max(1)),
    ("server's CPU an event", |one| one.load.micros_each(one.load.server_ms)),
    ("Postgres's CPU an event", |one| one.load.micros_each(one.load.postgres_ms)),
    ("seal", |one| micros(one.seal)),
    ("summary", |one| micros(one.summary)),
    ("export of a month", |one| micros(one.export)),
];

/// The slope of the logarithm of time over that of size; `None` for less than two sizes.
#[expect(clippy::float_arithmetic, clippy::cast_precision_loss, clippy::as_conversions, reason = "a slope")]
fn exponent(points: &[(usize, u64)]) -> Option<f64> {
    let logs: Vec<_> = points.iter().map(|(size, took)| ((*size as f64).ln(), (*took.max(&1) as f64).ln())).collect();
    let count = logs.len() as f64;
    let (mean_x, mean_y) =
        (logs.iter().map(|(x, _)| x).sum::<f64>() / count, logs.iter().map(|(_, y)| y).sum::<f64>() / count);
    let spread = logs.iter().map(|(x, _)| (x - mean_x).powi(2)).sum::<f64>();
    let together = logs.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum::<f64>();
    (points.len() > 1).then(|| (together / spread * 100.0).round() / 100.0)
}

/// Fills in the disputes `from` to `to` of a past that ended on `last`, and is sealed through `sealed`, so many of each day.
pub(crate) fn filling(from: i64, to: i64, (last, sealed): (NaiveDate, NaiveDate), a_day: usize) -> String {
    let given = [
        ("{from}", from.to_string()),
        ("{to}", to.to_string()),
        ("{a_day}", a_day.to_string()),
        ("{last}", last.to_string()),
        ("{sealed}", sealed.to_string()),
    ];
    given.iter().fold(FILL.to_owned(), |sql, (name, value)| sql.replace(name, value))
}

/// A database that is filled up.
struct Past {
    world: World,
    ledger: PostgresLedger,
    admin: PgConnection,
    /// How many disputes it has.
    filled: usize,
    /// The last day that is sealed, and how many of its kind are behind that on which the past ended.
    sealed: NaiveDate,
    days: usize,
}

impl Past {
    async fn prepare(sizes: usize) -> Self {
        // What is warmed up at each size is taken from the same stories, and whole ones are taken.
        let world = World::prepare(sizes * EVENTS * 3 / 2).await;
        let ledger = PostgresLedger::connect_lazy(&world.url, 2, OrderSource::Table).unwrap();
        let admin = PgConnection::connect(&as_admin(&world.url)).await.unwrap();
        // The server seals no day itself where yesterday is sealed.
        let sealed = SystemClock.now().date_naive() - Days::new(1);
        Self { world, ledger, admin, filled: 0, sealed, days: 0 }
    }

    async fn measure(&mut self, size: usize) -> Measured {
        self.fill_up(size).await;
        // Sums all of the past that was filled in, which in life no seal does but the first after an upgrade.
        self.next_day().await;
        let mib = self.world.size().await / 1_048_576;
        let month = (self.sealed - Days::new(30), self.sealed - Days::new(1));
        let (mut seals, mut summaries) = (Vec::new(), Vec::new());
        for _ in 0..TIMES {
            let (seal, summary) = self.next_day().await;
            seals.push(seal);
            summaries.push(summary);
        }
        let export = self.export(month).await;
        let server = Server::start(&self.world.url, &TEST_MODE).await;
        self.world.warm_up(&server).await;
        let load = self.world.load(&server, Plan { connections: CONNECTIONS, rate: None }, EVENTS).await;
        assert_eq!(server.stop().await, 0, "the server ends well");
        self.execute(SEAL_THE_REST.replace("{day}", &self.sealed.to_string())).await;
        Measured { size, load, seal: middle(seals), summary: middle(summaries), export, mib }
    }

    /// The past gets longer at its beginning, and gets days at its end that are not sealed.
    async fn fill_up(&mut self, size: usize) {
        let number = |count: usize| i64::try_from(count).unwrap();
        for from in (self.filled..size).step_by(STEP) {
            self.fill(number(from), number(size.min(from + STEP)) - 1).await;
        }
        self.filled = size;
        self.fill(-number((self.days + 1 + TIMES) * A_DAY), -number(self.days * A_DAY) - 1).await;
        self.execute(CARRY_ANEW.to_owned()).await;
        self.execute("VACUUM (ANALYZE)".to_owned()).await;
        self.execute("CHECKPOINT".to_owned()).await;
    }

    async fn fill(&mut self, from: i64, to: i64) {
        let last = self.sealed - Days::new(u64::try_from(self.days).unwrap());
        self.execute(filling(from, to, (last, self.sealed), A_DAY)).await;
    }

    async fn execute(&mut self, sql: String) {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.admin).await.unwrap();
    }

    /// Seals the next day, and composes its summary: how long each took.
    async fn next_day(&mut self) -> (Duration, Duration) {
        self.sealed = self.sealed + Days::new(1);
        self.days += 1;
        let zone = BookRules::default().time_zone;
        let seal = Seal { date: self.sealed, zone, books_start: None, now: SystemClock.now() };
        // Connected.
        self.ledger.sealed(zone).await.unwrap();
        let begun = Instant::now();
        assert!(self.ledger.seal(&seal).await.unwrap(), "the day follows the last that is sealed");
        let sealing = begun.elapsed();
        let begun = Instant::now();
        let summary = compose(&self.ledger.books(&seal, None).await.unwrap()).unwrap();
        let composing = begun.elapsed();
        assert!(summary.closed() >= A_DAY && summary.proven(), "the day is whole, and its figures agree");
        self.execute(AS_MAILED.replace("{day}", &self.sealed.to_string())).await;
        (sealing, composing)
    }

    /// By the program, from its start to its end.
    async fn export(&self, (from, to): (NaiveDate, NaiveDate)) -> Duration {
        let folder = scratch_folder();
        let (from, to) = (from.to_string(), to.to_string());
        let mut took = Vec::with_capacity(TIMES);
        for _ in 0..TIMES {
            let asked = ["export", "journal", "--from", &from, "--to", &to, "--out", "journal.csv"];
            let begun = Instant::now();
            let ran = run(&folder, &[("CHARGEBOOK_DATABASE__URL", &self.world.url)], &asked).await;
            took.push(begun.elapsed());
            assert_eq!(ran.code, 0, "{}", ran.err);
        }
        middle(took)
    }
}

fn middle(mut took: Vec<Duration>) -> Duration {
    took.sort_unstable();
    took[took.len() / 2]
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap()
}

const HEAD: &str =
    "  disputes  events/s  of first    server  Postgres  others    seal ms  summary ms  export ms       MiB";

impl Measured {
    fn line(&self, first: &Self) -> String {
        format!(
            "{:>10} {:>9} {:>9} {:>6} µs {:>6} µs {:>5} % {:>10} {:>11} {:>10} {:>9}",
            self.size,
            self.load.per_second(),
            ratio(self.load.per_second(), first.load.per_second()),
            self.load.micros_each(self.load.server_ms),
            self.load.micros_each(self.load.postgres_ms),
            self.load.others_percent(),
            millis(micros(self.seal)),
            millis(micros(self.summary)),
            millis(micros(self.export)),
            self.mib
        )
    }

    fn json(&self) -> Value {
        json!({
            "disputes": self.size, "load": self.load.json(&[]), "seal_us": micros(self.seal),
            "summary_us": micros(self.summary), "export_us": micros(self.export), "database_mib": self.mib
        })
    }
}
