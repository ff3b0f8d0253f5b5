#![doc = include_str!("../README.md")]

pub mod dispute;
mod json;
pub mod kinds;

pub use json::{Fault, Kind, Object};
