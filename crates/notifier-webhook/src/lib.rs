#![doc = include_str!("../README.md")]

mod answer;
mod endpoint;
mod sender;
mod signature;
mod wait;

pub use endpoint::{EndpointProblem, WebhookEndpoint};
pub use sender::WebhookSender;
