//! Where logs go: to standard error; for people on a terminal, as JSON anywhere else.

use std::io::{self, IsTerminal};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt, registry};

/// Starts logging, once for the process. `RUST_LOG` sets levels; without it they begin at `default`.
pub fn start(default: LevelFilter) {
    let levels = EnvFilter::builder().with_default_directive(default.into()).from_env_lossy();
    let is_terminal = io::stderr().is_terminal();
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(is_terminal);
    let lines = if is_terminal { lines.boxed() } else { lines.json().flatten_event(true).boxed() };
    let started = registry().with(levels).with(not_of_libraries()).with(lines).try_init();
    // Whoever embeds this library may have started logging in another way.
    drop(started);
}

/// What libraries say below `warn` is never logged, whatever `RUST_LOG` says: it can hold headers, bodies and secrets, and
/// nobody can know which the next version adds. Of parameters in the database's address that sqlx passes over it would
/// log the values; [`crate::wiring`] says as much without them. That tables are there already is no news.
fn not_of_libraries() -> Targets {
    Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("chargebook", LevelFilter::TRACE)
        .with_target("sqlx_postgres::options::parse", LevelFilter::OFF)
        .with_target("sqlx::postgres::notice", LevelFilter::OFF)
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
