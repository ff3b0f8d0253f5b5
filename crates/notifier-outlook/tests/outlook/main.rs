//! The notifier against a fake Graph. One binary, because linking the SDK is slow.

#[cfg(test)]
mod contract;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod look;
#[cfg(test)]
mod message;
#[cfg(test)]
mod sign_in;
#[cfg(test)]
mod support;
