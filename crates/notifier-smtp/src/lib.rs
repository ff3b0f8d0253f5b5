#![doc = include_str!("../README.md")]

mod host;
mod notifier;
mod outcome;
mod server;
mod settings;
mod trouble;

pub use notifier::{SmtpChecked, SmtpNotifier};
pub use outcome::SmtpFailure;
pub use settings::{Security, SettingProblem, SmtpSettings};
