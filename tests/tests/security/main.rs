//! What the program may do in its database, and what it tells nobody.
#![expect(clippy::unwrap_used, reason = "a test that meets anything unexpected should end")]

mod logs;
mod roles;
