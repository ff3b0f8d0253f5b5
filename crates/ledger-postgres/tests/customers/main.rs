//! Customers: what is read of them, how a key gives way to another, and that nothing else tells who they are.
#![expect(clippy::unwrap_used, reason = "what is not as expected should panic")]

mod books;
mod key;
mod reading;
mod traces;
