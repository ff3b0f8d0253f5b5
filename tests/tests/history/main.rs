//! Stripe's API as the source: a backfill, what sweeps find, and a tie-out to the cent, over real HTTP and PostgreSQL
//! against a fake Stripe that acts out invented disputes.
#![expect(clippy::unwrap_used, reason = "a test that meets anything unexpected should end")]

mod backfill;
mod report;
mod serving;
mod sweeps;
mod world;
