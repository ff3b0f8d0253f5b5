//! Columns of the plain text. Widths count characters.
#![expect(
    unreachable_pub,
    clippy::inline_always,
    clippy::unnecessary_wraps,
    reason = "askama wants a result, and makes a public builder of each filter"
)]

use std::fmt::Display;

use askama::{Result, Values};

#[askama::filter_fn]
pub(super) fn left(value: impl Display, _: &dyn Values, width: usize) -> Result<String> {
    Ok(format!("{:<width$}", value.to_string()))
}

#[askama::filter_fn]
pub(super) fn right(value: impl Display, _: &dyn Values, width: usize) -> Result<String> {
    Ok(format!("{:>width$}", value.to_string()))
}
