//! Which connections wait for a request, and since when.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

/// The connections that are open.
#[derive(Clone, Default)]
pub(super) struct Idle(Arc<Mutex<Connections>>);

#[derive(Default)]
struct Connections {
    open: BTreeMap<u64, Connection>,
    next: u64,
    /// None was idle when one was to make room; the next one that is will.
    is_one_needed: bool,
}

struct Connection {
    /// Since when it has waited for a request and its headers; none while it is at work, or about to end.
    idle_since: Option<Instant>,
    is_needed: Arc<Notify>,
}

/// One connection among the others, until it is dropped.
pub(super) struct Place {
    number: u64,
    idle: Idle,
    is_needed: Arc<Notify>,
}

/// A connection is at work, until this is dropped.
pub(super) struct Busy {
    number: u64,
    idle: Idle,
}

impl Idle {
    pub(super) fn enter(&self) -> Place {
        let is_needed = Arc::new(Notify::new());
        let mut connections = self.lock();
        let number = connections.next;
        connections.next = number.wrapping_add(1);
        let connection = Connection { idle_since: Some(Instant::now()), is_needed: Arc::clone(&is_needed) };
        connections.open.insert(number, connection);
        Place { number, idle: self.clone(), is_needed }
    }

    /// Tells the connection that has been idle for the longest time to end; where none is idle, the next one that will be.
    pub(super) fn end_longest(&self) {
        let mut connections = self.lock();
        let idle = connections.open.values_mut().filter(|connection| connection.idle_since.is_some());
        match idle.min_by_key(|connection| connection.idle_since) {
            Some(longest) => longest.end(),
            None => connections.is_one_needed = true,
        }
    }

    /// There is room, whether or not a connection had to make it.
    pub(super) fn has_room(&self) {
        self.lock().is_one_needed = false;
    }

    fn lock(&self) -> MutexGuard<'_, Connections> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    fn end(&mut self) {
        self.idle_since = None;
        self.is_needed.notify_one();
    }
}

impl Place {
    /// From when a request has come until it is answered.
    pub(super) fn at_work(&self) -> Busy {
        if let Some(connection) = self.idle.lock().open.get_mut(&self.number) {
            connection.idle_since = None;
        }
        Busy { number: self.number, idle: self.idle.clone() }
    }

    /// Ends when the connection is to make room for another.
    pub(super) async fn is_needed(&self) {
        self.is_needed.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.idle.lock().open.remove(&self.number);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut connections = self.idle.lock();
        let is_needed = connections.is_one_needed;
        let Some(connection) = connections.open.get_mut(&self.number) else { return };
        if is_needed {
            connection.end();
            connections.is_one_needed = false;
        } else {
            connection.idle_since = Some(Instant::now());
        }
    }
}
