//! The fake Stripe behaves as Stripe does, as far as Chargebook can see it.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests, which the allowance in clippy.toml does not see")]

mod client;
mod faults;
mod lists;
mod refusals;
mod shapes;
mod world;

use chargebook_port_contracts::fake_stripe::FakeStripe;
use chargebook_stories::{Kind, Story, stories};
use chrono::{DateTime, TimeDelta, Utc};
use client::Client;

fn start() -> DateTime<Utc> {
    "2026-05-11T00:00:00Z".parse().unwrap()
}

/// A day of the stories, at midnight.
fn day(number: i64) -> DateTime<Utc> {
    start() + TimeDelta::days(number)
}

fn told() -> Vec<Story> {
    stories(1, Kind::MIX, start())
}

/// A fake whose own account has seen all of `stories`, and a client of it.
async fn at_the_end_of(stories: &[Story]) -> (FakeStripe, Client) {
    let fake = FakeStripe::start(start()).await.unwrap();
    fake.own().act_out(stories, day(182));
    let client = Client::of(&fake).await;
    (fake, client)
}
