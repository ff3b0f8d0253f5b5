//! What the crate promises, over the fixtures and over a fake of Stripe's API.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests, which the allowance in clippy.toml does not see")]

mod bad_inputs;
mod client;
mod fake;
mod faults;
mod mapping;
mod mapping_cases;
mod people;
mod properties;
mod reading;
mod report;
mod server;
mod signatures;
mod support;
mod warnings_and_cards;
