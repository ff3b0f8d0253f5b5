//! The main job on real parts, with invented disputes: a private Postgres, the real server, signed webhooks over HTTP,
//! orders, sealed days and their mails.
//!
//! [`stories`] and [`deliveries`] are for the end-to-end tests and the benchmark as well.

mod calendar;
mod command;
mod days;
mod draft;
mod error;
mod orders;
mod payment;
mod place;
mod post;
mod random;
mod report;
mod script;
mod show;
mod story;

pub use story::{DAYS, Ending, Event, InvalidOrder, Kind, Order, Story, deliveries, stories};

pub(crate) use command::{Options, run};
pub(crate) use error::DemoError;
use error::failed;
pub(crate) use place::is_of_a_demo;
