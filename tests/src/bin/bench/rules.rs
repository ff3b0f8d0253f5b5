//! What customers and rules cost the webhooks: the same deliveries to a server that has neither, and to one that scores
//! every customer and looks at ten rules, in turns, so that whatever else the machine does is with both.

use std::time::Duration;
use std::{fmt::Write as _, fs};

use chargebook_domain::OrderPayment;
use chargebook_domain::ports::OrderBook;
use chargebook_stories::{deliveries, stories};
use chargebook_tests::{Server, assert_lawful, fresh_database, number, scratch_folder, until};
use serde_json::{Value, json};

use crate::SEED;
use crate::generator::{Generator, Measured, Plan};
use crate::latencies::per_second;

const CONNECTIONS: usize = 32;
const ROUNDS: usize = 10;
const EVENTS_A_ROUND: usize = 1_500;

/// Ten rules that a shop could have. Every change is looked at by several; a tenth of the disputes makes one fire.
fn rules() -> String {
    let mut rules = String::new();
    let facts = [
        r#"{ fact = "customer.lost", at_least = 2 }"#,
        r#"{ fact = "customer.disputes", at_least = 3 }"#,
        r#"{ fact = "dispute.amount", at_least = "500.00", currency = "usd" }"#,
        r#"{ fact = "dispute.reason", is = "fraudulent" }, { fact = "dispute.card_brand", is = "amex" }"#,
        r#"{ fact = "customer.score", below = 20 }"#,
    ];
    for (nth, (when, all)) in ["dispute_filed", "dispute_closed"].iter().flat_map(|w| facts.map(|f| (w, f))).enumerate()
    {
        let action = r#"{ do = "tag", tag = "seen" }"#;
        let _ = write!(
            rules,
            "[[rule]]\nname = \"r{nth}\"\nwhen = [\"{when}\", \"dispute_changed\"]\nall = [{all}]\nactions = [{action}]\n"
        );
    }
    rules
}

/// Compares, and says how much slower the webhooks are.
pub(crate) async fn measure() -> Value {
    let (without, with) = (start(&[]).await, start_with_rules().await);
    let stories = stories(SEED, 6_000, "2025-01-06T00:00:00Z".parse().unwrap());
    let bodies: Vec<_> = deliveries(SEED, &stories).into_iter().map(|event| event.body.as_str()).collect();
    println!("{:>6} {:>22} {:>22}", "round", "without, events/s", "with ten rules");
    let (mut plain, mut ruled) = (Vec::new(), Vec::new());
    for (nth, part) in bodies.chunks(EVENTS_A_ROUND).take(ROUNDS).enumerate() {
        let one = load(&without.server, part);
        let other = load(&with.server, part);
        println!("{:>6} {:>22} {:>22}", nth + 1, rate(&one), rate(&other));
        plain.push(one);
        ruled.push(other);
    }
    let open = "SELECT count(*) FROM chargebook.follow_ups WHERE state IN ('queued', 'running')";
    let behind = number(&with.url, open).await;
    until(async || number(&with.url, open).await == 0).await;
    for side in [&without, &with] {
        assert_lawful(&side.url).await;
    }
    let (one, other) = (overall(&plain), overall(&ruled));
    let percent = other * 100 / one.max(1);
    println!(
        "\n{one}/s without and {other}/s with: {percent} %; {behind} follow-ups were open when the last webhook was answered"
    );
    let evaluated = number(&with.url, "SELECT count(*) FROM chargebook.rule_log").await;
    println!("{evaluated} rules were looked at and logged");
    json!({ "without_per_second": one, "with_per_second": other, "percent": percent, "follow_ups_open": behind })
}

fn load(server: &Server, bodies: &[&str]) -> Measured {
    let plan = Plan { connections: CONNECTIONS, rate: None };
    let measured = Generator::start(&server.base, plan, bodies.iter().copied()).run();
    assert_eq!(measured.refused, 0);
    measured
}

fn rate(measured: &Measured) -> u64 {
    per_second(measured.latencies.count(), measured.took)
}

fn overall(measured: &[Measured]) -> u64 {
    let took: Duration = measured.iter().map(|part| part.took).sum();
    per_second(measured.iter().map(|part| part.latencies.count()).sum(), took)
}

struct Side {
    server: Server,
    url: String,
}

async fn start_with_rules() -> Side {
    let file = scratch_folder().join("rules.toml");
    fs::write(&file, rules()).unwrap();
    let file = file.to_str().unwrap().to_owned();
    start(&[("CHARGEBOOK_RULES__FILE", file.as_str()), ("CHARGEBOOK_CUSTOMERS__KEY", "a-key-for-the-benchmark")]).await
}

async fn start(settings: &[(&str, &str)]) -> Side {
    let (url, ledger) = fresh_database().await;
    let stories = stories(SEED, 6_000, "2025-01-06T00:00:00Z".parse().unwrap());
    let orders: Vec<_> =
        stories.iter().flat_map(|story| &story.orders).map(|order| OrderPayment::try_from(order).unwrap()).collect();
    ledger.import(&orders).await.unwrap();
    let settings: Vec<_> = settings.iter().copied().chain([("CHARGEBOOK_STRIPE__LIVEMODE", "false")]).collect();
    let server = Server::start(&url, &settings).await;
    if settings.len() > 1 {
        // The orders were imported without a key, and are hashed by the server.
        let unhashed = "SELECT count(*) FROM chargebook.orders WHERE customer IS NULL AND customer_email IS NOT NULL";
        until(async || number(&url, unhashed).await == 0).await;
    }
    Side { server, url }
}
