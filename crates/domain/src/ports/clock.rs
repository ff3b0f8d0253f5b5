use chrono::{DateTime, Utc};

/// Tells the time. Pure functions are given the time; only use cases hold a clock.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> DateTime<Utc>;
}
