#![doc = include_str!("../README.md")]

mod answer;
mod claims;
mod found;
mod look;
mod message;
mod notifier;
mod settings;
mod sign_in;
mod sign_in_failure;
mod transport;
mod wait;

pub use claims::TokenClaims;
pub use notifier::OutlookNotifier;
pub use settings::{DEFAULT_AUTHORITY, DEFAULT_GRAPH_BASE, OutlookSettings, SettingProblem};
pub use sign_in_failure::SignInFailure;
