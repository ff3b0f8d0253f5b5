//! The notifier against a fake mail server, and against a real one.

#[cfg(test)]
mod contract;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod log_in;
#[cfg(test)]
mod message;
#[cfg(test)]
mod real_server;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tls;
