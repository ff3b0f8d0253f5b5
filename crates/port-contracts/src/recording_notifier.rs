use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chargebook_domain::ports::{Found, Mail, Notifier, RequestId, SendOutcome};

/// Remembers the mails it is given, and answers as scripted; once the script has run out it accepts.
///
/// Clones share what they remember.
#[derive(Clone, Debug, Default)]
pub struct RecordingNotifier {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    script: VecDeque<SendOutcome>,
    sent: Vec<Mail>,
}

impl RecordingNotifier {
    /// Its channel.
    pub const CHANNEL: &'static str = "recording";

    /// Answers with `outcomes`, in order.
    #[must_use]
    pub fn scripted(outcomes: impl IntoIterator<Item = SendOutcome>) -> Self {
        let notifier = Self::default();
        notifier.state().script.extend(outcomes);
        notifier
    }

    /// Every mail it was given, in order, whatever it answered.
    #[must_use]
    pub fn sent(&self) -> Vec<Mail> {
        self.state().sent.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Notifier for RecordingNotifier {
    fn channel(&self) -> &'static str {
        Self::CHANNEL
    }

    async fn send(&self, mail: &Mail, _: &RequestId) -> SendOutcome {
        let mut state = self.state();
        state.sent.push(mail.clone());
        state.script.pop_front().unwrap_or(SendOutcome::Accepted { receipt: None })
    }

    fn place(&self) -> Option<String> {
        None
    }

    async fn find(&self, _: &str, _: &RequestId) -> Found {
        Found::CannotTell { reason: "It only remembers what it was given.".to_owned() }
    }
}
