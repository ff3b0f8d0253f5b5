//! What the end-to-end tests stand on: the real binary, a database of its own for each test, and signed webhooks.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "it runs in tests only, where what is not as expected should panic"
)]

mod events;
mod program;
mod server;
mod state;

pub use events::{Event, dispute, event, movement};
pub use program::{Ran, binary, fresh_database, run, scratch_folder};
pub use server::{Reply, SECRET, Server, send_all};
pub use state::{assert_lawful, books, number, text, until};
