//! The sender against a fake receiver, over real HTTP.

#[cfg(test)]
mod faults;
#[cfg(test)]
mod message;
#[cfg(test)]
mod summary;
#[cfg(test)]
mod support;
