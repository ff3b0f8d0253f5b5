//! The whole application with every adapter replaced: real sockets, real limits, mocked ports.

mod answers;
mod limits;
mod metrics;
mod outages;
mod stopping;
mod support;
mod workers;
