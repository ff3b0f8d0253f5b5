//! Where logs go: to standard error; for people on a terminal, as JSON anywhere else.

use std::io::{self, IsTerminal};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{EnvFilter, fmt};

/// What others log although nothing is wrong: async-stripe about events of other API versions than its own, which are
/// read all the same, and Postgres about tables that are there already.
const EXPECTED: [&str; 3] = ["stripe_webhook=off", "stripe_shared=off", "sqlx::postgres::notice=off"];

/// Starts logging, once for the process. `RUST_LOG` sets levels; without it they begin at `default`.
pub fn start(default: LevelFilter) {
    let levels = EnvFilter::builder().with_default_directive(default.into()).from_env_lossy();
    let levels = EXPECTED.iter().filter_map(|quiet| quiet.parse().ok()).fold(levels, EnvFilter::add_directive);
    let is_terminal = io::stderr().is_terminal();
    let logs = fmt().with_env_filter(levels).with_writer(io::stderr).with_ansi(is_terminal);
    let started = if is_terminal { logs.try_init() } else { logs.json().flatten_event(true).try_init() };
    // Whoever embeds this library may have started logging in another way.
    drop(started);
}

/// An error with what caused it, for the one place that logs it.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        // Some libraries repeat the cause in the text of the error.
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    text
}
