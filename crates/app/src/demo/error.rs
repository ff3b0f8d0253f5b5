//! How a demo can fail.

use std::error::Error;
use std::path::PathBuf;

use crate::order_file::BadLine;
use crate::settings::Problem;
use crate::wiring::SetUpError;

/// Why a demo did not end well.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    #[error("{} is not empty, and no demo has made it: name another folder with --dir", dir.display())]
    NotADemoFolder { dir: PathBuf },
    #[error("a demo is running in {}: end it, or name another folder with --dir", dir.display())]
    InUse { dir: PathBuf },
    #[error("the demo's own settings can't be used: {}", .0.first().map_or_else(String::new, ToString::to_string))]
    Settings(Vec<Problem>),
    #[error(transparent)]
    SetUp(#[from] SetUpError),
    #[error("{} can't be read: {}", file.display(), bad.first().map_or_else(String::new, ToString::to_string))]
    BadOrders { file: PathBuf, bad: Vec<BadLine> },
    #[error("the demo's server refused a webhook of the demo with HTTP status {status}")]
    WebhookRefused { status: u16 },
    #[error("the demo's mail was not written: {reason}")]
    NoMail { reason: String },
    #[error("the demo's books do not agree: {what}")]
    BooksDisagree { what: String },
    #[error("the demo could not {doing}")]
    Failed { doing: &'static str, source: Box<dyn Error + Send + Sync> },
}

impl DemoError {
    /// Whether the user can do better by other arguments.
    pub(crate) fn is_usage(&self) -> bool {
        matches!(self, Self::NotADemoFolder { .. } | Self::InUse { .. })
    }
}

/// Says what the demo was doing when an error came up.
pub(super) fn failed<E: Error + Send + Sync + 'static>(doing: &'static str) -> impl Fn(E) -> DemoError {
    move |source| DemoError::Failed { doing, source: Box::new(source) }
}
