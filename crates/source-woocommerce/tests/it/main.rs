//! What the crate promises: over fixtures, over a fake of a shop's API, and over what PHP makes of the bridge.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests, which the allowance in clippy.toml does not see")]

mod api;
mod bridge;
mod disputes;
mod logs;
mod orders;
mod properties;
mod server;
mod signatures;
mod support;
