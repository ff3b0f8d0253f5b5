#![doc = include_str!("../README.md")]

mod draft;
mod payment;
mod random;
mod script;
mod story;

pub use payment::{InvalidOrder, Order};
pub use story::{DAYS, Ending, Event, Kind, Story, deliveries, stories, tell};
