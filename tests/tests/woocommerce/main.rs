//! A WooCommerce shop: its webhooks, its API, and the same disputes through it and through Stripe, over real HTTP and
//! PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test that meets anything unexpected should end")]

mod endpoint;
mod pull;
mod support;
mod two_doors;
