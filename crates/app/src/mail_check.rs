//! What every start looks at once beside its work: whether mail can go.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::{error, warn};

/// Longer than any notifier waits for an answer.
const LOOK_WITHIN: Duration = Duration::from_mins(1);

/// Looks whether mail can go, and sends none. It answers what needs a person, in sentences that name the setting and what to
/// do, and nothing where all is well.
pub type LookAtMail = dyn Fn() -> BoxFuture<'static, Vec<String>> + Send + Sync;

/// A look at one channel.
#[derive(Clone)]
pub struct MailCheck {
    /// The channel's name, such as `outlook`.
    pub channel: &'static str,
    /// The look.
    pub look: Arc<LookAtMail>,
}

impl MailCheck {
    /// Looks once, and logs what needs a person. It ends when `stop` says so, whatever was begun.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        let channel = self.channel;
        let looked = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            looked = timeout(LOOK_WITHIN, (self.look)()) => looked,
        };
        let Ok(wrong) = looked else {
            warn!(
                mail.channel = channel,
                "it was not found out in time whether mail can go; `chargebook doctor` looks again"
            );
            return;
        };
        for reason in wrong {
            error!(mail.channel = channel, reason, "mail needs attention; webhooks are booked all the same");
        }
    }
}
