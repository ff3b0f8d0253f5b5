//! How fast the past is read: by the real program, from a fake Stripe on the same machine, whose own ceiling stands beside.

use std::fs;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chargebook_domain::AccountId;
use chargebook_domain::OrderPayment;
use chargebook_domain::ports::{Cursor, Detail, DisputeReader, Listing, OrderBook, Page, Period, Read};
use chargebook_port_contracts::fake_stripe::{FakeStripe, KEY, busiest_second};
use chargebook_source_stripe::StripeApi;
use chargebook_stories::{DAYS, tell};
use chargebook_tests::{assert_lawful, binary, fresh_database, number, scratch_folder};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::task::JoinSet;

use crate::SEED;
use crate::latencies::per_second;
use crate::processes::{Cluster, used, used_here};

/// As many pages as the program has under way.
const AT_A_TIME: usize = 8;

/// Disputes for the measurement with the limiter on: enough for some seconds.
const LIMITED: usize = 6_000;

/// What the program may ask in a second where nothing limits it.
const UNLIMITED: u32 = 1_000;

pub(crate) async fn measure(stories: usize) -> Value {
    let (stripe, disputes, url) = world(stories).await;
    let (ceiling, decoded) = ceilings(&stripe, disputes).await;
    let ran = backfill(&stripe, &url, UNLIMITED).await;
    let booked = number(&url, "SELECT count(*) FROM chargebook.disputes").await;
    assert_eq!(usize::try_from(booked).unwrap(), disputes, "every dispute is booked");
    assert_lawful(&url).await;
    let again = backfill(&stripe, &url, UNLIMITED).await;
    println!(
        "\nbackfill of {disputes} disputes: {} disputes/s, {} MiB at most; again, with nothing new: {} disputes/s",
        per_second(disputes, ran.took),
        ran.peak_kib / 1024,
        per_second(disputes, again.took)
    );
    let Cpu { program, postgres, fake } = ran.cpu;
    let each = |ms: u64| ms * 1_000 / u64::try_from(disputes).unwrap();
    println!(
        "processor time a dispute, in µs: program {}, PostgreSQL {}, fake {}",
        each(program),
        each(postgres),
        each(fake)
    );
    println!(
        "the fake's ceiling, on the same two cores: {} disputes/s listed, {} disputes/s listed and decoded",
        per_second(disputes, ceiling),
        per_second(disputes, decoded)
    );
    let (stripe, disputes_limited, url) = world(LIMITED).await;
    let limited = backfill(&stripe, &url, StripeApi::REQUESTS_PER_SECOND.get()).await;
    let requests = stripe.requests();
    let busiest = busiest_second(&requests);
    println!(
        "with the limiter at {}/s: {} requests in {} s, {busiest} in the busiest second at the fake",
        StripeApi::REQUESTS_PER_SECOND,
        requests.len(),
        limited.took.as_secs()
    );
    json!({
        "disputes": disputes, "per_second": per_second(disputes, ran.took), "peak_kib": ran.peak_kib,
        "cpu_us": {"program": each(program), "postgres": each(postgres), "fake": each(fake)},
        "again_per_second": per_second(disputes, again.took),
        "fake_per_second": per_second(disputes, ceiling), "decoded_per_second": per_second(disputes, decoded),
        "limited": {"disputes": disputes_limited, "requests": requests.len(), "busiest_second": busiest}
    })
}

/// A Stripe after so many stories, how many disputes that are, and a database that knows their orders.
async fn world(stories: usize) -> (FakeStripe, usize, String) {
    let begin: DateTime<Utc> = "2025-01-06T00:00:00Z".parse().unwrap();
    let now = begin + TimeDelta::days(DAYS + 1);
    let stripe = FakeStripe::start(now).await.unwrap();
    let (url, ledger) = fresh_database().await;
    let (mut disputes, mut orders) = (0, Vec::new());
    let told = tell(SEED, stories, begin).inspect(|story| {
        disputes += story.endings.len();
        orders.extend(story.orders.iter().map(|order| OrderPayment::try_from(order).unwrap()));
    });
    stripe.own().act_out_without_events(told, now);
    for part in orders.chunks(5_000) {
        ledger.import(part).await.unwrap();
    }
    (stripe, disputes, url)
}

/// How long listing everything takes, by who looks at nothing and by who decodes it.
async fn ceilings(stripe: &FakeStripe, disputes: usize) -> (Duration, Duration) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let api = StripeApi::new(&KEY.into(), Some(&stripe.base()), NonZeroU32::new(UNLIMITED).unwrap()).unwrap();
    let api = Arc::new(api);
    let begun = Instant::now();
    let mut listing = JoinSet::new();
    for part in parts() {
        let (client, base) = (client.clone(), stripe.base());
        listing.spawn(async move { list(&client, &base, part).await });
    }
    let listed: usize = listing.join_all().await.into_iter().sum();
    let ceiling = begun.elapsed();
    let begun = Instant::now();
    let mut decoding = JoinSet::new();
    for part in parts() {
        let api = Arc::clone(&api);
        decoding.spawn(async move { decode(&api, part).await });
    }
    let decoded: usize = decoding.join_all().await.into_iter().sum();
    assert_eq!((listed, decoded), (disputes, disputes));
    (ceiling, begun.elapsed())
}

fn parts() -> Vec<Period> {
    let begin: DateTime<Utc> = "2024-09-01T00:00:00Z".parse().unwrap();
    let days = |days| begin + TimeDelta::days(days);
    let share = i64::try_from(320 / AT_A_TIME).unwrap();
    let parts = (0..i64::try_from(AT_A_TIME).unwrap()).map(|part| (part * share, (part + 1) * share));
    parts.map(|(from, until)| Period { from: days(from), until: days(until) }).collect()
}

async fn list(client: &reqwest::Client, base: &str, part: Period) -> usize {
    let (mut listed, mut after) = (0, String::new());
    loop {
        let (from, until) = (part.from.timestamp(), part.until.timestamp());
        let query = format!(
            "limit=100&created[gte]={from}&created[lt]={until}&expand[]=data.charge&expand[]=data.payment_intent{after}"
        );
        let request = client.get(format!("{base}/v1/disputes?{query}")).bearer_auth(KEY);
        let page = request.send().await.unwrap().text().await.unwrap();
        let ids = page.matches(r#""object":"dispute""#).count();
        listed += ids;
        let last = page.rfind(r#""id":"du_"#).map(|at| page[at + 6..].split('"').next().unwrap().to_owned());
        match last.filter(|_| page.contains(r#""has_more":true"#)) {
            Some(last) => after = format!("&starting_after={last}"),
            None => return listed,
        }
    }
}

async fn decode(api: &StripeApi, part: Period) -> usize {
    let (mut decoded, mut after): (usize, Option<Cursor>) = (0, None);
    loop {
        let listing = Listing { account: AccountId::own(), period: part, after };
        let Page { items, next }: Page<Read> = api.disputes(&listing, Detail::WithPayment).await.unwrap();
        decoded += items.len();
        match next {
            Some(next) => after = Some(next),
            None => return decoded,
        }
    }
}

struct Ran {
    took: Duration,
    peak_kib: u64,
    cpu: Cpu,
}

/// Processor time in milliseconds, by who used it.
struct Cpu {
    program: u64,
    postgres: u64,
    fake: u64,
}

async fn backfill(stripe: &FakeStripe, url: &str, per_second: u32) -> Ran {
    let begun = Instant::now();
    let mut child = Command::new(binary())
        .args(["backfill", "--since", "2024-06-01", "--until", "2025-12-31"])
        .current_dir(scratch_folder())
        .env_clear()
        .env("CHARGEBOOK_DATABASE__URL", url)
        .env("CHARGEBOOK_STRIPE__API_KEY", KEY)
        .env("CHARGEBOOK_STRIPE__API_BASE", stripe.base())
        .env("CHARGEBOOK_STRIPE__LIVEMODE", "false")
        .env("CHARGEBOOK_STRIPE__REQUESTS_PER_SECOND", per_second.to_string())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let id = child.id().unwrap();
    let cluster = Cluster::of(url).await;
    let (postgres, fake) = (cluster.used_ms(), used_here());
    let (mut peak_kib, mut program) = (0, 0);
    loop {
        tokio::select! {
            ended = child.wait() => {
                assert!(ended.unwrap().success());
                let cpu = Cpu { program, postgres: cluster.used_ms() - postgres, fake: used_here() - fake };
                return Ran { took: begun.elapsed(), peak_kib, cpu };
            }
            () = tokio::time::sleep(Duration::from_millis(50)) => {
                program = used(id).map_or(program, |used| used.own_ms);
                let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
                let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
                peak_kib = peak.map_or(peak_kib, |peak| peak.trim().trim_end_matches(" kB").parse().unwrap());
            }
        }
    }
}
