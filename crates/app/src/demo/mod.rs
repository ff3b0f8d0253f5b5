//! The main job on real parts, with invented disputes: a private Postgres, the real server, signed webhooks over HTTP,
//! orders, sealed days and their mails.

mod calendar;
mod command;
mod days;
mod error;
mod orders;
mod place;
mod post;
mod report;
mod show;

pub(crate) use command::{Options, run};
pub(crate) use error::DemoError;
use error::failed;
pub(crate) use place::is_of_a_demo;
