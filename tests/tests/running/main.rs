//! How the server is run: restarted without an interruption, upgraded while it books, backed up and restored.
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test that meets anything unexpected should end")]

mod backup;
mod restart;
mod steady;
mod upgrade;
