//! The server `chargebook` and its commands: settings, wiring, HTTP, workers.
//!
//! [`serve::serve`] runs a server over any implementation of the ports; [`run`] is the whole program.

pub mod acting;
pub mod asking;
pub mod clock;
pub mod deliveries;
pub mod folder;
pub mod limits;
pub mod mail;
pub mod mail_check;
pub mod metrics;
mod monitoring;
pub mod order_file;
pub mod rules_file;
pub mod serve;
pub mod settings;
pub mod shops;
pub mod telemetry;
pub mod wiring;
pub mod workers;

mod cached;
mod commands;
mod demo;
mod export;
mod finding;
mod gate;
mod http;
mod tables;
mod writer;

pub use commands::run;
