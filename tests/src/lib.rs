//! What the end-to-end tests stand on: the real binary, a database of its own for each test, and signed webhooks.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "it runs in tests only, where what is not as expected should panic"
)]

mod audit;
mod booked;
mod database;
mod events;
mod histories;
mod outlook;
mod own_postgres;
mod program;
mod proxy;
mod sender;
mod server;
mod state;

pub use audit::assert_nothing_planted;
pub use booked::{assert_booked_once, assert_same_books, digests};
pub use database::{address_as, as_admin, as_owner, database_on, fresh_database};
pub use events::{Event, dispute, event, movement};
pub use histories::{TEST_MODE, import_orders, in_order, shuffled, told, with_orders};
pub use outlook::{borrowed, outlook_settings};
pub use own_postgres::{OwnPostgres, Stop};
pub use program::{Ran, binary, run, scratch_folder};
pub use proxy::Proxy;
pub use sender::{Acknowledged, Pace, Seen, Sending};
pub use server::{Reply, SECRET, Server, send_all, status_kib};
pub use state::{assert_lawful, books, number, text, until};
