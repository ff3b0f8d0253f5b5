//! Runs targets, and finds the smallest input that they panic at.

use std::any::Any;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::Target;

/// How often an input is tried to be made smaller.
const TRIES_MAX: usize = 20_000;

/// Runs `target` once.
///
/// # Errors
/// What it panicked with.
pub fn execute(target: &Target, input: &[u8]) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(|| (target.run)(input))).map_err(|panic| message(panic.as_ref()))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked without a text").to_owned()
}

/// What is left of an input at which `target` panics when every part is taken away that it panics without.
#[must_use]
pub fn smallest(target: &Target, input: &[u8]) -> Vec<u8> {
    let (mut kept, mut tries) = (input.to_vec(), 0);
    let mut length = kept.len().div_ceil(2);
    while length > 0 && tries < TRIES_MAX {
        let mut start = 0;
        while start < kept.len() && tries < TRIES_MAX {
            let mut less = kept.clone();
            less.drain(start..(start + length).min(kept.len()));
            tries += 1;
            if execute(target, &less).is_err() { kept = less } else { start += length }
        }
        length /= 2;
    }
    kept
}

/// An input as a byte string of Rust's.
#[must_use]
pub fn shown(input: &[u8]) -> String {
    let mut text = String::new();
    for chunk in input.utf8_chunks() {
        text.extend(chunk.valid().escape_default().map(|c| c.to_string()));
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}
