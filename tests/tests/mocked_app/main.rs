//! The whole application with every adapter replaced: real sockets, real limits, mocked ports.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests, which the allowance in clippy.toml does not see")]

mod answers;
mod api;
mod clock;
mod limits;
mod metrics;
mod outages;
mod stopping;
mod support;
mod turns;
mod workers;
