use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chargebook_domain::ports::{Outgoing, OutgoingCall, SendOutcome};

/// Remembers the messages it is given, and answers as scripted; once the script has run out it accepts.
///
/// Clones share what they remember.
#[derive(Clone, Debug, Default)]
pub struct RecordingOutgoing {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    script: VecDeque<SendOutcome>,
    posted: Vec<OutgoingCall>,
}

impl RecordingOutgoing {
    /// Answers with `outcomes`, in order.
    #[must_use]
    pub fn scripted(outcomes: impl IntoIterator<Item = SendOutcome>) -> Self {
        let outgoing = Self::default();
        outgoing.state().script.extend(outcomes);
        outgoing
    }

    /// Every message it was given, in order, whatever it answered.
    #[must_use]
    pub fn posted(&self) -> Vec<OutgoingCall> {
        self.state().posted.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Outgoing for RecordingOutgoing {
    async fn post(&self, call: &OutgoingCall) -> SendOutcome {
        let mut state = self.state();
        state.posted.push(call.clone());
        state.script.pop_front().unwrap_or(SendOutcome::Accepted { receipt: None })
    }
}
