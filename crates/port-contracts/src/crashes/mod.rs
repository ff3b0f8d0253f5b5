//! Processes that crash, calls that fail and answers that are lost, while others go on: all of it by a seed and one step at
//! a time, so that the same seed makes the same happen again.
//!
//! A [`Case`] is what is delivered. [`run`] delivers it to several processes over one set of books, again for as long as it
//! is not acknowledged, and stops each process before every call that it makes and before every answer that it gets. Which
//! process goes on, and what befalls it there, is the [`Schedule`]. A test then compares the books with those of
//! [`Case::book_in_order`].

mod case;
mod faulty;
mod gate;
mod process;
mod ran;
mod world;

pub use case::Case;
pub use gate::Fault;
pub use ran::{Befell, Faults, Ran, Schedule};
pub use world::run;
