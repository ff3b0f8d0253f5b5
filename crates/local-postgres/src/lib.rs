#![doc = include_str!("../README.md")]

mod account;
mod binaries;
mod cluster;
mod error;
mod place;
mod server;

pub use binaries::Binaries;
pub use cluster::{Cluster, Durability};
pub use error::Error;
