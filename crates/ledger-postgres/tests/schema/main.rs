//! What the database itself holds to, whoever writes to it.
#![expect(clippy::unwrap_used, reason = "what is not as expected should panic")]

mod append_only;
mod catalogue;
mod checks;
mod citus;
mod seed;
