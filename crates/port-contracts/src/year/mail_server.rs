use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chargebook_domain::ports::{Found, Mail, Notifier, RequestId, SendOutcome};
use futures_util::future::pending;
use tokio::sync::oneshot;
use tokio::task::yield_now;

use crate::chance::Chance;

/// How many looks one after the other can't tell at most.
const BLIND_LOOKS_MAX: usize = 2;

/// How an attempt to send ended, as only the mail server knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    Refused,
    Accepted,
    /// The answer says nothing.
    Unknown {
        taken: bool,
    },
    /// Whoever sent it died before the answer.
    Died {
        taken: bool,
    },
}

impl End {
    /// Whether the mail server has the mail.
    pub(super) fn is_taken(self) -> bool {
        match self {
            Self::Accepted => true,
            Self::Refused => false,
            Self::Unknown { taken } | Self::Died { taken } => taken,
        }
    }

    /// Whether nobody else can know that.
    pub(super) fn is_in_doubt(self) -> bool {
        matches!(self, Self::Unknown { .. } | Self::Died { .. })
    }

    fn of_chance(chance: &mut Chance) -> Self {
        match chance.below(24) {
            0 | 1 => Self::Refused,
            2 => Self::Unknown { taken: true },
            3 => Self::Unknown { taken: false },
            4 => Self::Died { taken: true },
            5 => Self::Died { taken: false },
            _ => Self::Accepted,
        }
    }
}

/// An attempt to send a mail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Attempt {
    pub(super) by_person: bool,
    pub(super) end: End,
}

/// A mail server that remembers every attempt, by the mail's reference.
pub(super) struct MailServer {
    pub(super) channel: &'static str,
    /// Whether it can be asked what it has.
    pub(super) can_look: bool,
    state: Mutex<State>,
}

struct State {
    chance: Chance,
    is_calm: bool,
    blind_looks: usize,
    attempts: BTreeMap<String, Vec<Attempt>>,
}

impl MailServer {
    pub(super) fn new(channel: &'static str, can_look: bool, chance: Chance) -> Arc<Self> {
        let state = State { chance, is_calm: false, blind_looks: 0, attempts: BTreeMap::new() };
        Arc::new(Self { channel, can_look, state: Mutex::new(state) })
    }

    /// From now on it accepts every mail and answers every look.
    pub(super) fn calm_down(&self) {
        self.state().is_calm = true;
    }

    /// What was tried, by reference.
    pub(super) fn attempts(&self) -> BTreeMap<String, Vec<Attempt>> {
        self.state().attempts.clone()
    }

    fn take(&self, reference: &str, by_person: bool) -> End {
        let mut state = self.state();
        let end = if state.is_calm { End::Accepted } else { End::of_chance(&mut state.chance) };
        state.attempts.entry(reference.to_owned()).or_default().push(Attempt { by_person, end });
        end
    }

    fn look(&self, reference: &str) -> Found {
        let mut state = self.state();
        let is_blind = !state.is_calm && state.blind_looks < BLIND_LOOKS_MAX && state.chance.one_in(4);
        if !self.can_look || is_blind {
            state.blind_looks += 1;
            return Found::CannotTell { reason: "It does not say.".to_owned() };
        }
        state.blind_looks = 0;
        let is_there = state.attempts.get(reference).is_some_and(|all| all.iter().any(|one| one.end.is_taken()));
        if is_there { Found::There } else { Found::NotThere }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the process that holds it.
pub(super) type Death = Arc<Mutex<Option<oneshot::Sender<()>>>>;

/// The way of one process to a mail server. Others go on while it is on its way.
pub(super) struct Connection {
    pub(super) server: Arc<MailServer>,
    pub(super) death: Death,
}

#[async_trait]
impl Notifier for Connection {
    fn channel(&self) -> &'static str {
        self.server.channel
    }

    async fn send(&self, mail: &Mail, _: &RequestId) -> SendOutcome {
        yield_now().await;
        let end = self.server.take(&mail.reference, !mail.subject.is_empty());
        yield_now().await;
        let reason = || "as chance has it".to_owned();
        match end {
            End::Refused => SendOutcome::Refused { reason: reason(), retry_after: Some(Duration::from_mins(30)) },
            End::Accepted => SendOutcome::Accepted { receipt: None },
            End::Unknown { .. } => SendOutcome::Unknown { reason: reason() },
            End::Died { .. } => {
                let death = self.death.lock().unwrap_or_else(PoisonError::into_inner).take();
                death.unwrap().send(()).unwrap();
                pending().await
            }
        }
    }

    fn place(&self) -> Option<String> {
        Some(self.server.channel.to_owned())
    }

    async fn find(&self, reference: &str, _: &RequestId) -> Found {
        yield_now().await;
        let found = self.server.look(reference);
        yield_now().await;
        found
    }
}
