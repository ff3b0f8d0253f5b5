use std::fmt;
use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use chargebook_domain::ports::LedgerError;

/// What befalls a process at a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Its call fails: before it was made, or when only its answer was still to come.
    Fails,
    /// It dies on the spot.
    Crashes,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 2] = [Self::Fails, Self::Crashes];
}

/// Where a process stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// This call is not made yet.
    Before(&'static str),
    /// This call did what it does, and is not answered yet.
    After(&'static str),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Before(call) => write!(f, "before {call}"),
            Self::After(call) => write!(f, "after {call}"),
        }
    }
}

/// Where a process stops until it is told how to go on.
#[derive(Default)]
pub(super) struct Gate {
    state: Mutex<State>,
    stale: AtomicUsize,
}

#[derive(Clone, Copy, Default)]
enum State {
    /// Nobody stands there.
    #[default]
    Empty,
    Stands(Step),
    GoesOn,
    Fails,
}

impl Gate {
    /// Stops at a step, for as long as nobody [opens](Gate::open).
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`], where it was so decided.
    pub(super) async fn pass(&self, step: Step) -> Result<(), LedgerError> {
        *self.state() = State::Stands(step);
        // Whoever opens polls again, so that nobody need be woken.
        poll_fn(|_| {
            let mut state = self.state();
            let passed = match *state {
                State::Stands(_) => return Poll::Pending,
                State::Empty | State::GoesOn => Ok(()),
                State::Fails => Err(LedgerError::Unavailable("as the schedule has it".into())),
            };
            *state = State::Empty;
            Poll::Ready(passed)
        })
        .await
    }

    /// Who stands there.
    pub(super) fn standing(&self) -> Option<Step> {
        match *self.state() {
            State::Stands(step) => Some(step),
            State::Empty | State::GoesOn | State::Fails => None,
        }
    }

    /// Lets who stands there go on.
    pub(super) fn open(&self) {
        *self.state() = State::GoesOn;
    }

    /// Lets the call of who stands there fail.
    pub(super) fn fail(&self) {
        *self.state() = State::Fails;
    }

    /// Counts entries that were stale.
    pub(super) fn count_stale(&self, entries: usize) {
        self.stale.fetch_add(entries, Ordering::Relaxed);
    }

    /// How many entries were stale.
    pub(super) fn stale(&self) -> usize {
        self.stale.load(Ordering::Relaxed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
