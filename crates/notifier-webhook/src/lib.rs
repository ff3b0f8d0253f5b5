#![doc = include_str!("../README.md")]

mod answer;
mod endpoint;
mod notifier;
mod sender;
mod settings;
mod signature;
mod summary;
mod wait;

pub use endpoint::{EndpointProblem, WebhookEndpoint};
pub use notifier::WebhookNotifier;
pub use sender::WebhookSender;
pub use settings::{SettingProblem, SummaryFormat, WebhookSettings};
